//! False statements about AIRs whose periodic columns are not what their values say in a trace of this length:
//! a verifier that takes the values as they come sees a column of zeros, and a constraint that is multiplied by
//! it says nothing.

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, BatchingMethod, EvaluationFrame, FieldExtension, ProofOptions,
    TraceInfo, TraceTable, TransitionConstraintDegree,
};
use winterlane_prover::PlainProver;
use winterlane_tests::erased;
use winterlane_verifier::{AirPolicy, Mismatch, TraceShape, VerifyError, verify};

type Hash = Blake3_256<BaseElement>;
type Coin = DefaultRandomCoin<Hash>;
type Tree = MerkleTree<Hash>;

/// The mask of the false prover: nothing is asked of any row.
const NOTHING: u8 = 0;
/// A period of two, from values: what an ordinary AIR has.
const ORDINARY: u8 = 1;
/// A period of 16 in a trace of 8 rows.
const TOO_LONG: u8 = 2;
/// A period of three.
const THREE: u8 = 3;
/// A period of one.
const ONE: u8 = 4;
/// No values at all.
const EMPTY: u8 = 5;
/// The polynomial of the mask and no values: a provided method of the trait is replaced.
const POLYNOMIAL: u8 = 6;

/// The first and the last value of the column.
#[derive(Clone)]
struct Ends(BaseElement, BaseElement);

impl ToElements<BaseElement> for Ends {
    fn to_elements(&self) -> Vec<BaseElement> {
        vec![self.0, self.1]
    }
}

/// One column that never changes, wherever a mask is not zero, which is everywhere but in [`NOTHING`].
struct Gated<const MASK: u8> {
    context: AirContext<BaseElement>,
    ends: Ends,
}

impl<const MASK: u8> Air for Gated<MASK> {
    type BaseField = BaseElement;
    type PublicInputs = Ends;

    fn new(info: TraceInfo, ends: Ends, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::with_cycles(1, vec![2])];
        let context = AirContext::new(info, degrees, 2, options);
        Self { context, ends }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic_values: &[E],
        result: &mut [E],
    ) {
        for (result, mask) in result.iter_mut().zip(periodic_values) {
            *result = *mask * (frame.next()[0] - frame.current()[0]);
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.trace_length() - 1;
        vec![
            Assertion::single(0, 0, self.ends.0),
            Assertion::single(0, last, self.ends.1),
        ]
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        let counted = |period: u32| vec![(1..=period).map(BaseElement::from).collect()];
        match MASK {
            NOTHING => vec![vec![BaseElement::ZERO; 2]],
            TOO_LONG => counted(16),
            THREE => counted(3),
            ONE => counted(1),
            EMPTY => counted(0),
            POLYNOMIAL => vec![],
            _ => counted(2),
        }
    }

    fn get_periodic_column_polys(&self) -> Vec<Vec<BaseElement>> {
        match MASK {
            NOTHING => vec![vec![BaseElement::ZERO; 2]],
            // 3/2 - 1/2 x^(n/2): 1 and 2 by turns, as the values of `ORDINARY`.
            _ => {
                let half = BaseElement::from(2_u32).inv();
                vec![vec![half * BaseElement::from(3_u32), -half]]
            }
        }
    }
}

fn options() -> ProofOptions {
    let linear = BatchingMethod::Linear;
    ProofOptions::new(40, 8, 8, FieldExtension::Cubic, 2, 1, linear, linear)
}

/// What the door says of 1, 9, .., 9, 5 as a column that never changes, by the AIR with this mask.
fn verdict<const MASK: u8>() -> Result<(), VerifyError> {
    let column = [1_u32, 9, 9, 9, 9, 9, 9, 5].map(BaseElement::from).to_vec();
    let ends = Ends(column[0], column[7]);
    let prover = PlainProver::<Gated<NOTHING>>::new(options(), ends.clone());
    let proof = erased::prove(&prover, TraceTable::init(vec![column]))
        .unwrap()
        .to_bytes();
    let shape = TraceShape::new(1, 3, 3..=12).unwrap();
    let policy = AirPolicy::<Hash>::new(shape, 0).accept(options()).unwrap();
    verify::<Gated<MASK>, Hash, Coin, Tree>(&proof, ends, &policy).map(|_| ())
}

#[test]
fn periods_that_do_not_fit_are_refused() {
    assert_eq!(
        verdict::<NOTHING>(),
        Ok(()),
        "nothing is asked, nothing refused"
    );
    for (found, period) in [
        (verdict::<TOO_LONG>(), 16),
        (verdict::<THREE>(), 3),
        (verdict::<ONE>(), 1),
        (verdict::<EMPTY>(), 0),
    ] {
        assert_eq!(found, Err(VerifyError::AirPeriod { period, rows: 8 }));
    }
}

#[test]
fn the_polynomials_of_the_air_are_what_counts() {
    let refused = Err(Mismatch::OutOfDomain.into());
    assert_eq!(verdict::<ORDINARY>(), refused);
    assert_eq!(verdict::<POLYNOMIAL>(), refused);
}
