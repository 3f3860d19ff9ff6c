//! Hiding proofs by the calls that users make: stock's bytes, another attempt, refusals.

use std::sync::Arc;

use winterfell::crypto::{DefaultRandomCoin, MerkleTree};
use winterfell::{
    AcceptableOptions, Air, BatchingMethod::Linear, FieldExtension, Proof, ProofOptions, Prover,
    Trace,
};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, Mode};
use winterlane_prover::engine::{self, EngineOptions, MemoryEstimate, ProverError};
use winterlane_prover::hiding::{
    HidingRng, hide, prove_hiding_in_place, prove_hiding_inlined, prove_hiding_with,
};
use winterlane_prover::plain::single_threaded;
use winterlane_tests::airs::{AnyAir, AnyProver, Small, TestTrace};
use winterlane_tests::erased;
use winterlane_tests::scripted::Blake;

use super::misfits::{Careless, UnluckyProver, coins, count_coins};

type Tree = MerkleTree<Blake>;

/// Rows of the statement's own trace.
const ROWS: usize = 64;

fn table(aux: bool, rows: usize) -> TestTrace {
    Small::Cubes { aux }.trace(2, rows, 3)
}

fn options(extension: FieldExtension, queries: usize) -> ProofOptions {
    ProofOptions::new(queries, 4, 4, extension, 4, 7, Linear, Linear)
}

fn verdict<M: Mode<AnyAir>>(
    trace: &TestTrace,
    proof: &Proof,
) -> Result<(), winterfell::VerifierError> {
    let acceptable = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    let inputs = AnyAir::public_inputs(trace);
    let proof = Proof::from_bytes(&proof.to_bytes()).expect("a proof");
    erased::verify::<Hiding<AnyAir, M>, Blake, DefaultRandomCoin<Blake>, Tree>(
        proof,
        inputs,
        &acceptable,
    )
}

/// Stock winterfell's proof of the same randomness has the same bytes, and its verifier takes them.
fn same<M: Mode<AnyAir>>(aux: bool, options: ProofOptions) {
    let prover = AnyProver::<Blake>::new(options);
    let trace = table(aux, ROWS);
    let rng = || HidingRng::from_seed([9; 32]);
    let stock = single_threaded(|| {
        let (hiding, table) = hide::<_, M>(&prover, Arc::new(trace.clone()), &mut rng()).unwrap();
        erased::prove(&hiding, table).unwrap().to_bytes()
    })
    .unwrap();
    let run = EngineOptions::default();
    let ours = prove_hiding_with::<_, M>(&prover, trace.clone(), &mut rng(), &run).unwrap();
    assert!(ours.to_bytes() == stock);
    verdict::<M>(&trace, &ours).unwrap();
    let inlined = prove_hiding_inlined::<_, M>(&prover, trace.clone(), &mut rng(), &run).unwrap();
    assert!(inlined.to_bytes() == stock);
    // Other randomness, other bytes.
    let mut rng = HidingRng::from_system().unwrap();
    let other = prove_hiding_with::<_, M>(&prover, trace.clone(), &mut rng, &run).unwrap();
    assert!(other.to_bytes() != stock);
    verdict::<M>(&trace, &other).unwrap();
}

#[test]
fn stock_gives_the_same_bytes() {
    for extension in [FieldExtension::Quadratic, FieldExtension::Cubic] {
        same::<Doubling>(false, options(extension, 20));
        same::<InPlace>(false, options(extension, 12));
        same::<Doubling>(true, options(extension, 20));
    }
}

/// At a point that our verifier refuses, the proof is made again, with other randomness.
#[test]
fn a_refused_point_costs_another_attempt() {
    let trace = table(false, ROWS);
    let options = options(FieldExtension::Cubic, 12);
    let mut rng = HidingRng::from_system().unwrap();
    let prover = UnluckyProver::new(options);
    count_coins(1);
    let proof = prove_hiding_in_place(&prover, trace.clone(), &mut rng).unwrap();
    assert_eq!(coins(), 2, "two attempts");
    // The second was made with a coin like any other.
    verdict::<InPlace>(&trace, &proof).unwrap();

    // A coin that has nothing else to give: the attempts have an end.
    count_coins(usize::MAX);
    let refused = prove_hiding_in_place(&prover, trace.clone(), &mut rng);
    assert_eq!(refused.err(), Some(ProverError::OutOfDomainPoint));
    assert_eq!(coins(), 8);
    // A plain proof has no other challenges: it is stock's, whatever its point is.
    let (hiding, table) = hide::<_, InPlace>(&prover, Arc::new(trace), &mut rng).unwrap();
    assert!(engine::prove(&hiding, table).is_ok());
}

/// What is not there is not made up, and least of all from memory that was something else.
#[test]
fn traces_of_another_shape_are_refused() {
    let options = options(FieldExtension::Cubic, 20);
    let mut rng = HidingRng::from_system().unwrap();
    let careless = Careless(AnyProver::new(options.clone()));
    let run = EngineOptions::default();
    let refused =
        prove_hiding_with::<_, Doubling>(&careless, table(true, ROWS), &mut rng, &run).err();
    let expected = ProverError::TraceShape {
        segment: engine::Segment::Auxiliary,
        expected_columns: 1,
        expected_rows: ROWS,
        columns: 1,
        rows: ROWS / 2,
    };
    assert_eq!(refused, Some(expected));

    let prover = AnyProver::<Blake>::new(options);
    let half = table(false, ROWS / 2).with_info(table(false, ROWS).info().clone());
    let refused = prove_hiding_with::<_, Doubling>(&prover, half, &mut rng, &run).err();
    let expected = ProverError::TraceShape {
        segment: engine::Segment::Main,
        expected_columns: 2,
        expected_rows: ROWS,
        columns: 2,
        rows: ROWS / 2,
    };
    assert_eq!(refused, Some(expected));
}

/// A limit is held to what `of_hiding` says, which does not count a copy of the trace.
#[test]
fn memory_is_estimated_before_anything_is_computed() {
    let prover = AnyProver::<Blake>::new(options(FieldExtension::Cubic, 20));
    let trace = table(false, ROWS);
    let inputs = prover.get_pub_inputs(&trace);
    let options = prover.options().clone();
    let info = Hiding::<AnyAir>::trace_info(trace.info(), inputs.clone(), &options);
    let air = Hiding::<AnyAir>::new(info.expect("it hides"), inputs, options);
    let estimate = MemoryEstimate::of_hiding(&air);
    assert_eq!(estimate.trace, 8 * 2 * ROWS as u64);
    let mut rng = HidingRng::from_system().unwrap();
    let limit = EngineOptions::default().with_memory_limit(estimate.peak - 1);
    let refused = prove_hiding_with::<_, Doubling>(&prover, trace.clone(), &mut rng, &limit).err();
    let (needed, available) = (estimate.peak, estimate.peak - 1);
    assert_eq!(refused, Some(ProverError::Memory { needed, available }));
    let limit = EngineOptions::default().with_memory_limit(estimate.peak);
    assert!(prove_hiding_with::<_, Doubling>(&prover, trace, &mut rng, &limit).is_ok());
}
