//! A second statement, small, by the same functions as the batch: proven, verified, chained, estimated and hidden.

use std::{cell::Cell, fmt};

use winter_air::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};
use winter_crypto::{DefaultRandomCoin, MerkleTree, hashers::Sha3_256};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterlane_air::{
    hiding::Doubling,
    presets::{HidingPreset, HidingPresetName, Preset, PresetName, SecurityLevel},
    statement::{Hides, Open, PresetOptions, Secrecy, Statement},
};
use winterlane_prover::{
    EngineOptions, HidingRng, Provable, ProverError,
    plain::single_threaded,
    prove_statement,
    statement::{
        ProveAs, ProveError, prove_statement_stock, prove_statement_with, statement_memory,
    },
};
use winterlane_verifier::{
    Accepted, Chained, Refusal, VerifyError, verify_links_of, verify_statement, verify_statements,
};

/// `end` is what becomes of `start` when it is replaced by its cube and one more, `rows - 1` times.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Claim {
    start: BaseElement,
    end: BaseElement,
    rows: usize,
}

impl ToElements<BaseElement> for Claim {
    fn to_elements(&self) -> Vec<BaseElement> {
        vec![self.start, self.end, BaseElement::new(self.rows as u64)]
    }
}

struct CubesAir(AirContext<BaseElement>, Claim);

thread_local! {
    /// How many of these AIRs this thread has built.
    static BUILT: Cell<usize> = const { Cell::new(0) };
}

impl Air for CubesAir {
    type BaseField = BaseElement;
    type PublicInputs = Claim;

    fn new(info: TraceInfo, claim: Claim, options: ProofOptions) -> Self {
        BUILT.set(BUILT.get() + 1);
        let degrees = vec![TransitionConstraintDegree::new(3)];
        Self(AirContext::new(info, degrees, 2, options), claim)
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.0
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _periodic: &[E],
        result: &mut [E],
    ) {
        let x = frame.current()[0];
        result[0] = frame.next()[0] - (x * x * x + E::ONE);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let Self(context, claim) = self;
        let last = context.trace_len() - 1;
        vec![
            Assertion::single(0, 0, claim.start),
            Assertion::single(0, last, claim.end),
        ]
    }
}

/// A number of rows that there are no options for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct WrongLength(usize);

impl fmt::Display for WrongLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.0)
    }
}

impl std::error::Error for WrongLength {}

/// The witness: where the walk starts, and how long it is.
#[derive(Clone, Copy)]
struct Walk(u64, usize);

impl Walk {
    fn cells(self) -> impl Iterator<Item = BaseElement> {
        let step = |x: &BaseElement| Some(x.exp(3) + BaseElement::ONE);
        std::iter::successors(Some(BaseElement::new(self.0)), step).take(self.1)
    }

    fn claim(self) -> Claim {
        Claim {
            start: BaseElement::new(self.0),
            end: self.cells().last().unwrap(),
            rows: self.1,
        }
    }
}

/// What is different in the two statements.
trait Kind: Sized + 'static {
    type Secrecy: Secrecy<CubesAir> + ProveAs<Cubes<Self>>;
    type Preset: Copy + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static;
    fn options(rows: usize, preset: Self::Preset) -> Option<PresetOptions>;
    fn batch_preset(preset: Self::Preset) -> Option<Preset>;
}

/// The walk, in proofs that hide nothing.
enum Plain {}

impl Kind for Plain {
    type Secrecy = Open;
    type Preset = Preset;

    fn options(rows: usize, preset: Preset) -> Option<PresetOptions> {
        let options = preset.options(rows)?;
        let bits = preset.parameters(rows)?.bits;
        Some(PresetOptions { options, bits })
    }

    fn batch_preset(preset: Preset) -> Option<Preset> {
        Some(preset)
    }
}

/// The walk, in proofs that hide all of it but the ends.
enum Hidden {}

impl Kind for Hidden {
    type Secrecy = Hides<Doubling>;
    type Preset = HidingPreset;

    fn options(rows: usize, preset: HidingPreset) -> Option<PresetOptions> {
        let options = preset.options_of::<CubesAir, Doubling>(rows).ok()?;
        let bits = preset.level.bits();
        Some(PresetOptions { options, bits })
    }

    fn batch_preset(_: HidingPreset) -> Option<Preset> {
        None
    }
}

struct Cubes<K>(std::marker::PhantomData<fn() -> K>);

impl<K: Kind> Statement for Cubes<K> {
    const NAME: &'static str = "cubes";
    type Inputs = Claim;
    type Air = CubesAir;
    type Secrecy = K::Secrecy;
    type Hash = Sha3_256<BaseElement>;
    type Coin = DefaultRandomCoin<Self::Hash>;
    type Tree = MerkleTree<Self::Hash>;
    type Preset = K::Preset;
    type InputsError = WrongLength;

    fn check_inputs(claim: &Claim) -> Result<(), WrongLength> {
        let right = claim.rows.is_power_of_two() && claim.rows >= 256;
        right.then_some(()).ok_or(WrongLength(claim.rows))
    }

    fn rows(claim: &Claim) -> usize {
        claim.rows
    }

    fn options(claim: &Claim, preset: K::Preset) -> Option<PresetOptions> {
        K::options(claim.rows, preset)
    }

    fn trace_info(claim: &Claim, _: &ProofOptions) -> TraceInfo {
        TraceInfo::new(1, claim.rows)
    }

    fn batch_preset(preset: K::Preset) -> Option<Preset> {
        K::batch_preset(preset)
    }
}

impl<K: Kind> Provable for Cubes<K> {
    type Witness<'w> = Walk;
    type TraceError = WrongLength;

    fn inputs(walk: Walk) -> Claim {
        walk.claim()
    }

    /// The walk that starts at 13 has no trace.
    fn fill(
        walk: Walk,
        air: &CubesAir,
        mut columns: Vec<&mut [BaseElement]>,
    ) -> Result<(), WrongLength> {
        assert_eq!((columns.len(), columns[0].len()), (1, air.trace_length()));
        for (cell, value) in columns[0].iter_mut().zip(walk.cells()) {
            *cell = value;
        }
        (walk.0 != 13).then_some(()).ok_or(WrongLength(13))
    }
}

#[derive(Debug, PartialEq)]
enum Broken {
    Empty,
    Gap,
    Refused(Refusal<WrongLength>),
}

impl From<Refusal<WrongLength>> for Broken {
    fn from(refusal: Refusal<WrongLength>) -> Self {
        Self::Refused(refusal)
    }
}

impl<K: Kind> Chained for Cubes<K> {
    type Fault = Broken;
    const EMPTY: Broken = Broken::Empty;

    fn check_link(_: &Claim, before: &Claim, next: &Claim) -> Result<(), Broken> {
        (before.end == next.start).then_some(()).ok_or(Broken::Gap)
    }
}

const BALANCED: Preset = Preset::new(PresetName::Balanced, SecurityLevel::Bits128);
const OTHER: Preset = Preset::new(PresetName::Fast, SecurityLevel::Bits100);

fn run() -> EngineOptions<'static> {
    EngineOptions::default()
}

#[test]
fn a_statement_is_proven_and_verified() {
    let walk = Walk(3, 256);
    let proven = prove_statement::<Cubes<Plain>>(walk, BALANCED, &run()).unwrap();
    assert_eq!((proven.rows, proven.columns), (256, 1));
    assert_eq!(proven.public_inputs, walk.claim());
    let stock = || prove_statement_stock::<Cubes<Plain>>(walk, BALANCED, &run()).unwrap();
    assert_eq!(single_threaded(stock).unwrap().proof, proven.proof);

    let accepted = Accepted::<Cubes<Plain>>::presets(Preset::ALL);
    let verify = |claim: &Claim, accepted: &Accepted<Cubes<Plain>>| {
        verify_statement(&proven.proof, claim, accepted)
    };
    let verified = verify(&walk.claim(), &accepted).unwrap();
    assert_eq!(
        (verified.preset, verified.bits),
        (Some(BALANCED), proven.bits)
    );
    assert!(verified.bits >= 128);

    let mut other = walk.claim();
    other.end += BaseElement::ONE;
    let refused = verify(&other, &accepted).unwrap_err();
    let mismatch = matches!(refused, Refusal::Proof(VerifyError::Mismatch(_)));
    assert!(mismatch, "{refused:?}");
    let refused = verify(&walk.claim(), &Accepted::presets([OTHER])).unwrap_err();
    let preset = matches!(
        refused,
        Refusal::Proof(VerifyError::PresetNotAccepted { .. })
    );
    assert!(preset, "{refused:?}");
    let refused = verify(&Claim { rows: 255, ..other }, &accepted);
    assert_eq!(refused, Err(Refusal::Inputs(WrongLength(255))));
    // there is no such preset at this length
    let smallest = Preset::new(PresetName::Smallest, SecurityLevel::Bits128);
    let long = Claim {
        rows: 1 << 20,
        ..other
    };
    let refused = verify(&long, &Accepted::presets([smallest]));
    assert_eq!(refused, Err(Refusal::NoPreset));
    let small = accepted.with_max_proof_bytes(1000);
    let refused = verify(&walk.claim(), &small).unwrap_err();
    assert!(matches!(
        refused,
        Refusal::Proof(VerifyError::TooLarge { .. })
    ));
}

#[test]
fn what_cannot_be_proven_is_said() {
    let prove = |walk: Walk, options| {
        let proven = prove_statement::<Cubes<Plain>>(walk, BALANCED, &options);
        proven.map(drop).unwrap_err()
    };
    let none = prove(Walk(3, 300), run());
    assert!(matches!(none, ProveError::Inputs(WrongLength(300))));
    let long = Claim {
        rows: 1 << 20,
        ..Walk(3, 256).claim()
    };
    let smallest = Preset::new(PresetName::Smallest, SecurityLevel::Bits128);
    let unsupported = statement_memory::<Cubes<Plain>>(&long, smallest, None);
    assert!(matches!(
        unsupported,
        Err(ProveError::Unsupported { rows, .. }) if rows == 1 << 20
    ));
    let unfilled = prove(Walk(13, 256), run());
    assert!(matches!(unfilled, ProveError::Trace(WrongLength(13))));

    let claim = Walk(3, 256).claim();
    let memory = |limit| statement_memory::<Cubes<Plain>>(&claim, BALANCED, limit);
    let estimate = memory(None).unwrap();
    assert_eq!(estimate.extended_trace, 256 * 4 * 8);
    assert!(memory(Some(estimate.peak)).is_ok());
    for error in [
        memory(Some(estimate.peak - 1)).map(drop).unwrap_err(),
        // asked before the trace is filled
        prove(Walk(13, 256), run().with_memory_limit(1)),
    ] {
        let memory = matches!(error, ProveError::Engine(ProverError::Memory { .. }));
        assert!(memory, "{error}");
    }
}

#[test]
fn statements_follow_one_another() {
    let mut walks = vec![Walk(3, 256)];
    for rows in [512, 256] {
        let end = walks.last().unwrap().claim().end;
        walks.push(Walk(end.as_int(), rows));
    }
    let prove = |walk: &Walk| {
        let proven = prove_statement::<Cubes<Plain>>(*walk, BALANCED, &run());
        proven.unwrap().proof
    };
    let proofs: Vec<Vec<u8>> = walks.iter().map(prove).collect();
    let proofs: Vec<&[u8]> = proofs.iter().map(Vec::as_slice).collect();
    let claims: Vec<Claim> = walks.iter().map(|walk| walk.claim()).collect();
    let accepted = Accepted::<Cubes<Plain>>::presets([BALANCED]);
    let verify = |claims: &[Claim], proofs: &[&[u8]]| verify_statements(claims, proofs, &accepted);

    let verified = verify(&claims, &proofs).unwrap();
    let lengths: Vec<usize> = verified.iter().map(|one| one.trace_length).collect();
    assert_eq!(lengths, [256, 512, 256]);
    assert_eq!(verify_links_of::<Cubes<Plain>>(&claims), Ok(()));

    assert_eq!(verify(&[], &[]), Err((0, Broken::Empty)));
    let gap = verify(&[claims[0], claims[2]], &proofs);
    assert_eq!(gap, Err((1, Broken::Gap)));
    // swapped, and missing
    for proofs in [&[proofs[0], proofs[2], proofs[1]][..], &proofs[..1]] {
        let (index, fault) = verify(&claims, proofs).unwrap_err();
        assert_eq!(index, 1);
        let refused = matches!(fault, Broken::Refused(Refusal::Proof(_)));
        assert!(refused, "{fault:?}");
    }
}

#[test]
fn a_statement_is_hidden() {
    let preset = |name| HidingPreset::new(name, SecurityLevel::Bits100);
    let compact = preset(HidingPresetName::Compact);
    let smallest = preset(HidingPresetName::Smallest);
    let walk = Walk(5, 256);
    let mut kept = HidingRng::from_system().unwrap();
    let [first, second] = [
        prove_statement::<Cubes<Hidden>>(walk, compact, &run()).unwrap(),
        prove_statement_with::<Cubes<Hidden>>(walk, compact, &mut kept, &run()).unwrap(),
    ];
    assert_ne!(first.proof, second.proof, "the same randomness twice");
    assert_eq!((first.rows, first.columns), (256, 1), "before it is hidden");
    // what an AIR is built of can be as much work as the proof of a short trace
    let built = BUILT.get();
    prove_statement::<Cubes<Hidden>>(walk, compact, &run()).unwrap();
    assert_eq!(BUILT.get() - built, 1, "one AIR for one proof");
    let verify = |proof: &[u8], claim: &Claim, presets: &[HidingPreset]| {
        let accepted = Accepted::<Cubes<Hidden>>::presets(presets.iter().copied());
        verify_statement(proof, claim, &accepted)
    };
    // the proofs of two presets have two shapes, and each passes the door of its own
    let all = &HidingPreset::ALL[..];
    for presets in [
        &[compact][..],
        &[smallest, compact],
        &[compact, smallest],
        all,
    ] {
        let verified = verify(&first.proof, &walk.claim(), presets).unwrap();
        assert_eq!((verified.bits, verified.trace_length), (100, 512));
    }
    assert!(verify(&first.proof, &walk.claim(), &[smallest]).is_err());
    let mut other = walk.claim();
    other.end += BaseElement::ONE;
    let refused = verify(&second.proof, &other, &[compact]).unwrap_err();
    let mismatch = matches!(refused, Refusal::Proof(VerifyError::Mismatch(_)));
    assert!(mismatch, "{refused:?}");
    // a proof that hides nothing is none of this statement
    let open = prove_statement::<Cubes<Plain>>(walk, BALANCED, &run()).unwrap();
    assert!(verify(&open.proof, &walk.claim(), &[compact]).is_err());
    let memory = statement_memory::<Cubes<Hidden>>(&walk.claim(), compact, Some(1));
    assert!(matches!(
        memory,
        Err(ProveError::Engine(ProverError::Memory { .. }))
    ));
}
