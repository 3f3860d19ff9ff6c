//! Knowledge of a preimage, proven without telling it.
//!
//! The statement: "I know a secret from which 63 rounds of `x -> x^3 + y, y -> x` lead to this public value."
//! The AIR and its prover have never heard of hiding. One call makes the proof zero-knowledge; whoever
//! verifies it names [`Hiding`] around the AIR. Two proofs of the same secret have nothing in common. The
//! rounds are a toy: take a real hash function for a real secret.
//!
//! ```console
//! cargo run --release -p winterlane-prover --example keep_a_secret
//! ```

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterfell::{
    AcceptableOptions, Air, AirContext, Assertion, EvaluationFrame, Proof, ProofOptions, TraceInfo,
    TraceTable, TransitionConstraintDegree,
};
use winterlane_air::Hiding;
use winterlane_air::hiding::Doubling;
use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_prover::{HidingRng, PlainProver, prove_hiding};

/// Rows of the statement's own trace; the hiding trace has twice as many.
const ROWS: usize = 64;

/// What is public: the last row.
#[derive(Clone, Copy)]
struct Image([BaseElement; 2]);

impl ToElements<BaseElement> for Image {
    fn to_elements(&self) -> Vec<BaseElement> {
        self.0.to_vec()
    }
}

/// Two columns: `x' = x^3 + y` and `y' = x`.
struct Rounds {
    context: AirContext<BaseElement>,
    image: Image,
}

impl Air for Rounds {
    type BaseField = BaseElement;
    type PublicInputs = Image;

    fn new(info: TraceInfo, image: Image, options: ProofOptions) -> Self {
        let degrees = [3, 1].map(TransitionConstraintDegree::new).to_vec();
        Self {
            context: AirContext::new(info, degrees, 2, options),
            image,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        let (current, next) = (frame.current(), frame.next());
        result[0] = next[0] - current[0] * current[0] * current[0] - current[1];
        result[1] = next[1] - current[0];
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = ROWS - 1;
        vec![
            Assertion::single(0, last, self.image.0[0]),
            Assertion::single(1, last, self.image.0[1]),
        ]
    }
}

/// What anyone does with a proof.
fn verify(proof: Proof, image: Image) -> Result<(), winterfell::VerifierError> {
    type Hash = Blake3_256<BaseElement>;
    // `winterlane_verifier::verify` with `AirPolicy::hiding_preset` does the same behind a door that no bytes crash.
    let acceptable = AcceptableOptions::OptionSet(vec![options()]);
    winterfell::verify::<Hiding<Rounds>, Hash, DefaultRandomCoin<Hash>, MerkleTree<Hash>>(
        proof,
        image,
        &acceptable,
    )
}

/// 100 provable bits in the 128 rows of the hiding trace: with 27 queries, of the 29 that it can have.
fn options() -> ProofOptions {
    HidingPreset::new(HidingPresetName::Tiny, SecurityLevel::Bits100)
        .options_of::<Rounds, Doubling>(ROWS)
        .expect("the preset begins at 128 rows")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = HidingRng::from_system()?;
    let secret = [2_026, 11].map(BaseElement::new);

    let (mut x, mut y) = (secret[0], secret[1]);
    let mut columns = Vec::from([(); 2].map(|()| Vec::with_capacity(ROWS)));
    for _ in 0..ROWS {
        columns[0].push(x);
        columns[1].push(y);
        (x, y) = (x * x * x + y, x);
    }
    let image = Image([columns[0][ROWS - 1], columns[1][ROWS - 1]]);
    let trace = TraceTable::init(columns);
    let prover = PlainProver::<Rounds>::new(options(), image);

    let one = prove_hiding(&prover, trace.clone(), &mut rng)?;
    let two = prove_hiding(&prover, trace, &mut rng)?;
    let (a, b) = (one.to_bytes(), two.to_bytes());
    let (header, shorter) = (40, a.len().min(b.len()));
    let equal = (header..shorter).filter(|&i| a[i] == b[i]).count();
    verify(one, image)?;
    verify(two, image)?;

    println!(
        "two proofs of one secret, {} and {} bytes: both accepted",
        a.len(),
        b.len()
    );
    println!(
        "equal bytes after the header: {equal} of {}, where chance gives {} and lengths some more",
        shorter - header,
        (shorter - header) / 256
    );
    Ok(())
}
