//! Hiding proofs: both verifiers accept them, stock winterfell makes the same bytes, no two are alike, and
//! the wrapper proves nothing false that the AIR inside does not.

use std::sync::Arc;

use winter_air::BatchingMethod::Linear;
use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{AcceptableOptions, Air, FieldExtension, ProofOptions, Prover, Trace, TraceInfo};
use winterlane_air::hiding::{Doubling, Hiding, HidingError, InPlace, Mode};
use winterlane_field_simd::Backend;
use winterlane_prover::engine::{self, EngineOptions, ProverError};
use winterlane_prover::hiding::{HidingRng, hide, prove_hiding, prove_hiding_with};
use winterlane_prover::plain::single_threaded;
use winterlane_tests::airs::{
    AnyAir, AnyProver, Fibonacci, Inputs, Small, TestAir as _, TestTrace,
};
use winterlane_tests::erased;
use winterlane_verifier::{AirPolicy, PolicyError, VerifyError, verify};

type Hash = Blake3_256<BaseElement>;
type Coin = DefaultRandomCoin<Hash>;
type Tree = MerkleTree<Hash>;

fn options(queries: usize, blowup: usize, extension: FieldExtension) -> ProofOptions {
    ProofOptions::new(queries, blowup, 0, extension, 4, 7, Linear, Linear)
}

const fn secret(degree: u8) -> Small {
    Small::Secret { degree }
}

fn cubic(queries: usize, blowup: usize) -> ProofOptions {
    options(queries, blowup, FieldExtension::Cubic)
}

/// Proves in one mode, and gives what both verifiers say.
fn prove_and_verify<M: Mode<AnyAir>>(trace: &TestTrace, options: &ProofOptions) -> Vec<u8> {
    let prover = AnyProver::<Hash>::new(options.clone());
    let mut rng = HidingRng::from_system().unwrap();
    let inputs = AnyAir::public_inputs(trace);
    let run = EngineOptions::default();
    let proof = prove_hiding_with::<_, M>(&prover, trace.clone(), &mut rng, &run).unwrap();
    let bytes = proof.to_bytes();
    let policy =
        AirPolicy::hiding::<AnyAir, M>(trace.info(), inputs.clone(), options.clone(), 0).unwrap();
    verify::<Hiding<AnyAir, M>, Hash, Coin, Tree>(&bytes, inputs.clone(), &policy).unwrap();
    accepted_by_stock::<M>(proof, inputs).unwrap();
    bytes
}

fn accepted_by_stock<M: Mode<AnyAir>>(
    proof: winterfell::Proof,
    inputs: Inputs,
) -> Result<(), winterfell::VerifierError> {
    let acceptable = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    erased::verify::<Hiding<AnyAir, M>, Hash, Coin, Tree>(proof, inputs, &acceptable)
}

/// Two proofs of one statement verify and have no opened row in common: of the bytes after the header,
/// hardly more are equal than of any two proofs.
fn twice<M: Mode<AnyAir>>(air: Small, rows: usize, width: usize, options: &ProofOptions) {
    let trace = air.trace(width, rows, 11);
    let [one, two] = [(); 2].map(|()| prove_and_verify::<M>(&trace, options));
    let equal = one
        .iter()
        .zip(&two)
        .skip(64)
        .filter(|(a, b)| a == b)
        .count();
    assert!(
        equal * 20 < one.len(),
        "{equal} of {} bytes are equal",
        one.len()
    );
}

#[test]
fn any_air_by_doubling() {
    for extension in [FieldExtension::Quadratic, FieldExtension::Cubic] {
        twice::<Doubling>(Small::Fibonacci, 64, 2, &options(8, 2, extension));
        twice::<Doubling>(Small::Wide, 64, 9, &options(12, 4, extension));
        twice::<Doubling>(Small::Periodic, 128, 3, &options(20, 8, extension));
        twice::<Doubling>(Small::Rap, 128, 4, &options(10, 8, extension));
        twice::<Doubling>(secret(2), 128, 6, &options(10, 2, extension));
        twice::<Doubling>(secret(3), 128, 6, &options(20, 4, extension));
        twice::<Doubling>(secret(4), 128, 6, &options(20, 4, extension));
        twice::<Doubling>(secret(7), 128, 6, &options(20, 8, extension));
    }
}

#[test]
fn in_place_where_the_tail_is_free() {
    for extension in [FieldExtension::Quadratic, FieldExtension::Cubic] {
        twice::<InPlace>(secret(2), 128, 6, &options(20, 2, extension));
        twice::<InPlace>(secret(3), 256, 6, &options(50, 4, extension));
        twice::<InPlace>(secret(4), 128, 6, &options(20, 4, extension));
        twice::<InPlace>(secret(7), 128, 6, &options(20, 16, extension));
    }
}

/// A trace with one false cell, of which no proof is made: it would not verify, and would show what is false.
fn unproven<M: Mode<AnyAir>>(
    air: Small,
    rows: usize,
    width: usize,
    options: &ProofOptions,
    cells: &[(usize, usize)],
) {
    let prover = AnyProver::<Hash>::new(options.clone());
    let mut rng = HidingRng::from_system().unwrap();
    for &(column, row) in cells {
        let mut trace = air.trace(width, rows, 7);
        let cell = trace.get(column, row) + BaseElement::ONE;
        trace.set(column, row, cell);
        let run = EngineOptions::default();
        let result = prove_hiding_with::<_, M>(&prover, trace, &mut rng, &run);
        assert!(
            matches!(result, Err(ProverError::UnsatisfiedConstraints { .. })),
            "column {column}, row {row}, {options:?}"
        );
    }
}

/// In a quotient that is evaluated on as many cosets as it has columns, too: of degrees 2 and 4.
#[test]
fn no_hiding_proof_is_made_of_a_false_trace() {
    // In no assertion: the first rows, the last that constraints speak of, one in the middle.
    let doubled = [(1, 1), (2, 63), (0, 65), (3, 127)];
    let in_place = [(1, 1), (2, 40), (3, 79)];
    for extension in [FieldExtension::Quadratic, FieldExtension::Cubic] {
        for blowup in [2, 8] {
            let options = options(10, blowup, extension);
            unproven::<Doubling>(secret(2), 128, 6, &options, &doubled);
            unproven::<InPlace>(secret(2), 128, 6, &options, &in_place);
            unproven::<Doubling>(Small::Fibonacci, 64, 2, &options, &[(0, 5), (1, 63)]);
        }
        for blowup in [4, 8] {
            let options = options(10, blowup, extension);
            unproven::<Doubling>(secret(3), 128, 6, &options, &doubled);
            unproven::<Doubling>(secret(4), 128, 6, &options, &doubled);
            unproven::<InPlace>(secret(4), 128, 6, &options, &in_place);
            unproven::<Doubling>(Small::Periodic, 128, 3, &options, &[(0, 9), (2, 127)]);
        }
        let options = options(10, 8, extension);
        unproven::<Doubling>(secret(7), 128, 6, &options, &doubled);
        unproven::<Doubling>(Small::Rap, 128, 4, &options, &[(0, 9), (0, 127)]);
    }
}

/// With the same randomness stock winterfell makes the bytes of every backend.
fn as_stock<M: Mode<AnyAir>>(trace: TestTrace, options: &ProofOptions) {
    let prover = AnyProver::<Hash>::new(options.clone());
    let trace = Arc::new(trace);
    let parts = || {
        let mut rng = HidingRng::from_seed([5; 32]);
        hide::<_, M>(&prover, Arc::clone(&trace), &mut rng).unwrap()
    };
    let stock = single_threaded(|| {
        let (prover, trace) = parts();
        erased::prove(&prover, trace).unwrap().to_bytes()
    })
    .unwrap();
    for backend in Backend::available() {
        backend
            .with(|| {
                let (prover, trace) = parts();
                let ours = engine::prove(&prover, trace).unwrap().to_bytes();
                assert!(ours == stock, "{backend:?}");
            })
            .unwrap();
    }
}

#[test]
fn stock_winterfell_makes_the_same_bytes() {
    let trace = |air: Small, rows, width| air.trace(width, rows, 5);
    as_stock::<Doubling>(trace(Small::Fibonacci, 64, 2), &cubic(8, 4));
    // without metadata
    as_stock::<Doubling>(Fibonacci::trace(2, 64, 5), &cubic(8, 4));
    let quadratic = options(10, 8, FieldExtension::Quadratic);
    as_stock::<Doubling>(trace(Small::Rap, 128, 4), &quadratic);
    as_stock::<Doubling>(trace(secret(3), 128, 6), &cubic(20, 4));
    as_stock::<InPlace>(trace(secret(3), 128, 6), &cubic(20, 8));
    as_stock::<InPlace>(trace(secret(7), 128, 6), &cubic(20, 8));
}

/// The refusal of parameters, by prover and policy alike.
fn refused<M: Mode<AnyAir>>(
    air: Small,
    rows: usize,
    width: usize,
    options: &ProofOptions,
) -> HidingError {
    let prover = AnyProver::<Hash>::new(options.clone());
    let trace = air.trace(width, rows, 3);
    let (info, inputs) = (trace.info().clone(), AnyAir::public_inputs(&trace));
    let mut rng = HidingRng::from_system().unwrap();
    let run = EngineOptions::default();
    let of_prover = prove_hiding_with::<_, M>(&prover, trace, &mut rng, &run).unwrap_err();
    let of_policy = AirPolicy::<Hash>::hiding::<AnyAir, M>(&info, inputs, options.clone(), 0)
        .err()
        .unwrap();
    let PolicyError::Hiding(error) = of_policy else {
        panic!("{of_policy}");
    };
    assert_eq!(of_prover, ProverError::Hiding(error.clone()));
    error
}

#[test]
fn parameters_that_do_not_hide_are_refused() {
    use HidingError as E;
    let none = options(8, 4, FieldExtension::None);
    assert_eq!(
        refused::<Doubling>(Small::Fibonacci, 64, 2, &none),
        E::NoExtension
    );
    // n >= 2 (s + 2) + n/2 + 2 in doubling mode: s = 29 is the most for 128 rows.
    twice::<Doubling>(Small::Fibonacci, 64, 2, &cubic(29, 4));
    let error = refused::<Doubling>(Small::Fibonacci, 64, 2, &cubic(30, 4));
    let (rows, queries, needed) = (128, 30, 130);
    assert_eq!(
        error,
        E::TooShort {
            rows,
            needed,
            queries
        }
    );
    // The last running row and the tail: R >= s + 7.
    let error = refused::<InPlace>(secret(2), 128, 6, &cubic(42, 2));
    assert!(
        matches!(
            error,
            E::TailTooShort {
                tail: 48,
                needed: 49
            }
        ),
        "{error}"
    );
    // A quarter of 48 rows is asserted: 36 cells are free, for 29 queries.
    let error = refused::<InPlace>(secret(2), 128, 6, &cubic(30, 2));
    assert!(
        matches!(
            error,
            E::FreeCells {
                column: 4,
                free: 36,
                needed: 37,
                ..
            }
        ),
        "{error}"
    );
    let error = refused::<Doubling>(secret(3), 128, 6, &cubic(8, 2));
    assert!(
        matches!(
            error,
            E::Blowup {
                quotients: 3,
                needed: 4,
                blowup: 2
            }
        ),
        "{error}"
    );
    let error = refused::<Doubling>(Small::DegreeNine, 128, 2, &cubic(8, 16));
    assert_eq!(error, E::Exemptions(3));
    let error = refused::<Doubling>(Small::Wide, 64, 251, &cubic(8, 4));
    assert!(
        matches!(
            error,
            E::TooWide {
                width: 255,
                max: 254
            }
        ),
        "{error}"
    );
}

/// A shape that another AIR, another mode or no hiding at all would have gives an AIR that nothing
/// satisfies.
#[test]
fn an_air_of_another_shape_refuses_every_proof() {
    type Wrapped = Hiding<AnyAir, Doubling>;
    let options = cubic(20, 4);
    let trace = secret(3).trace(6, 128, 1);
    let inputs = AnyAir::public_inputs(&trace);
    let info = Wrapped::trace_info(trace.info(), inputs.clone(), &options).unwrap();
    assert!(
        Wrapped::new(info.clone(), inputs.clone(), options.clone())
            .parameters()
            .is_ok()
    );
    // Behind the bytes that name the AIR: fewer would take these for the veil's.
    let named = |veil: [u8; 3]| [trace.info().meta(), &veil].concat();
    for meta in [
        vec![],
        vec![0, 4],
        named([0, 4, 2]),
        named([0, 5, 1]),
        named([1, 4, 1]),
        named([255, 255, 255]),
    ] {
        let hostile = TraceInfo::new_multi_segment(
            info.main_trace_width(),
            info.aux_segment_width(),
            info.get_num_aux_segment_rand_elements(),
            info.length(),
            meta,
        );
        let air = Wrapped::new(hostile, inputs.clone(), options.clone());
        assert!(air.parameters().is_err());
        assert_eq!(air.context().num_transition_constraints(), 2);
        let frame = winterfell::EvaluationFrame::<BaseElement>::new(6);
        let mut result = [BaseElement::ZERO];
        air.evaluate_transition(&frame, &[], &mut result);
        assert_eq!(result, [BaseElement::ONE]);
    }
    // A proof of one mode is none of the other, for either verifier.
    let prover = AnyProver::<Hash>::new(cubic(20, 4));
    let mut rng = HidingRng::from_system().unwrap();
    let proof = prove_hiding(&prover, trace.clone(), &mut rng).unwrap();
    let policy =
        AirPolicy::hiding::<AnyAir, InPlace>(trace.info(), inputs.clone(), options, 0).unwrap();
    let bytes = proof.to_bytes();
    let refused = verify::<Hiding<AnyAir, InPlace>, Hash, Coin, Tree>(&bytes, inputs, &policy);
    assert!(matches!(refused, Err(VerifyError::Refused { .. })));
}

/// A false trace: proven with the wrapper, by a prover who does not look, it never verifies.
fn forged<M: Mode<AnyAir>>(
    air: Small,
    rows: usize,
    options: &ProofOptions,
    (column, row): (usize, usize),
) {
    let honest = air.trace(6, rows, 2);
    let inputs = AnyAir::public_inputs(&honest);
    let mut trace = honest;
    let cell = trace.get(column, row) + BaseElement::ONE;
    trace.set(column, row, cell);
    let prover = Claims(AnyProver::new(options.clone()), inputs.clone());
    let mut rng = HidingRng::from_system().unwrap();
    let (hiding, table) = hide::<_, M>(&prover, Arc::new(trace), &mut rng).unwrap();
    // Stock winterfell's prover does not look whether a trace is valid, in release.
    let Ok(proof) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        erased::prove(&hiding, table)
    })) else {
        return;
    };
    accepted_by_stock::<M>(proof.unwrap(), inputs).unwrap_err();
}

/// A prover that claims public inputs whatever its trace says.
struct Claims(AnyProver<Hash>, Inputs);

impl Prover for Claims {
    type BaseField = BaseElement;
    type Air = AnyAir;
    type Trace = TestTrace;
    type HashFn = Hash;
    type VC = Tree;
    type RandomCoin = Coin;
    winterlane_prover::default_parts!();
    fn get_pub_inputs(&self, _: &Self::Trace) -> Inputs {
        self.1.clone()
    }
    fn options(&self) -> &ProofOptions {
        self.0.options()
    }
}

#[test]
fn false_rows_before_the_tail_are_refused() {
    let options = cubic(20, 8);
    // First and last row of the statement, the rows around an assertion, the asserted columns.
    for cell in [
        (0, 0),
        (1, 1),
        (2, 63),
        (0, 64),
        (3, 126),
        (3, 127),
        (4, 5),
        (4, 125),
        (5, 3),
    ] {
        forged::<Doubling>(secret(3), 128, &options, cell);
    }
    for cell in [(0, 0), (2, 63), (0, 64), (3, 78), (3, 79), (4, 77), (5, 75)] {
        forged::<InPlace>(secret(3), 128, &options, cell);
    }
}
