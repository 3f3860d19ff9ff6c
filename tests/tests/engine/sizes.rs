//! Traces of every length: the constants that the engine is tuned by are far below the longest trace,
//! and are divided by its length.

use std::time::Instant;

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::fields::f64::BaseElement;
use winterfell::{
    AcceptableOptions, BatchingMethod, FieldExtension, Proof, ProofOptions, Prover, Trace,
};
use winterlane_prover::engine::{
    EngineOptions, MemoryEstimate, ProverError, TraceColumns, prove, prove_columns,
};
use winterlane_prover::plain::single_threaded;
use winterlane_tests::airs::{AnyAir, AnyProver, Small, TestTrace};
use winterlane_tests::{erased, report};

type Blake = Blake3_256<BaseElement>;
type Plain = AnyProver<Blake>;

/// The longest traces that a test of every run proves with winterfell too.
const COMPARED: u32 = 14;

/// The longest that the engine takes.
const LONGEST: u32 = 24;

fn prover(extension: FieldExtension) -> Plain {
    let linear = BatchingMethod::Linear;
    Plain::new(ProofOptions::new(
        8, 2, 0, extension, 16, 255, linear, linear,
    ))
}

/// A trace with an auxiliary segment.
fn with_aux(rows: usize, seed: u64) -> TestTrace {
    Small::Chain { aux: true }.trace(1, rows, seed)
}

/// A trace without one.
fn without_aux(rows: usize, seed: u64) -> TestTrace {
    Small::Chain { aux: false }.trace(1, rows, seed)
}

fn verify(prover: &Plain, trace: &TestTrace, proof: Proof) {
    let acceptable = AcceptableOptions::OptionSet(vec![prover.options().clone()]);
    let inputs = AnyAir::public_inputs(trace);
    erased::verify::<AnyAir, Blake, DefaultRandomCoin<Blake>, MerkleTree<Blake>>(
        proof,
        inputs,
        &acceptable,
    )
    .expect("a valid proof");
}

/// Proves a trace, and compares the bytes with winterfell's if `compare`; verifies them otherwise.
fn check(extension: FieldExtension, trace: TestTrace, compare: bool) -> Proof {
    let (rows, aux) = (trace.length(), trace.info().aux_segment_width());
    let what = format!("{rows} rows, {aux} auxiliary columns, {extension:?}");
    let prover = prover(extension);
    let start = Instant::now();
    let proof = prove(&prover, trace.clone()).expect(&what);
    let ours = start.elapsed();
    if compare {
        let stock = single_threaded(|| erased::prove(&prover, trace))
            .expect("a thread")
            .expect("winterfell proves it");
        assert_eq!(proof.to_bytes(), stock.to_bytes(), "{what}");
    } else {
        verify(&prover, &trace, proof.clone());
    }
    report!("{what}: {ours:.1?}, and {:.1?}", start.elapsed() - ours);
    proof
}

/// As [`check`], of a trace in the engine's own memory, against the proof of the other.
fn check_columns(extension: FieldExtension, trace: &TestTrace, expected: &Proof) {
    let rows = trace.length();
    let mut columns = TraceColumns::unspecified(1, rows);
    columns.columns_mut()[0].copy_from_slice(trace.main_segment().get_column(0));
    let proof = prove_columns(
        &prover(extension),
        trace.info().clone(),
        AnyAir::public_inputs(trace),
        columns,
        &EngineOptions::default(),
    )
    .expect("a valid trace");
    assert_eq!(proof.to_bytes(), expected.to_bytes(), "{rows} rows");
}

/// Every kind of segment at one length, with winterfell's bytes.
fn check_length(log_rows: u32) {
    let rows = 1 << log_rows;
    for extension in [FieldExtension::Quadratic, FieldExtension::Cubic] {
        check(extension, with_aux(rows, 3), true);
    }
    let trace = without_aux(rows, 5);
    let proof = check(FieldExtension::None, trace.clone(), true);
    check_columns(FieldExtension::None, &trace, &proof);
}

#[test]
fn short_traces() {
    for log_rows in 3..=COMPARED {
        check_length(log_rows);
        check(FieldExtension::None, with_aux(1 << log_rows, 3), true);
    }
}

/// Each kind at the length where a group of columns first has none by the constant, and beyond.
#[test]
fn long_traces() {
    check(FieldExtension::Cubic, with_aux(1 << 20, 3), false);
    check(FieldExtension::Quadratic, with_aux(1 << 21, 3), false);
    let trace = without_aux(1 << 22, 5);
    let proof = check(FieldExtension::None, trace.clone(), false);
    check_columns(FieldExtension::None, &trace, &proof);
}

/// All the others up to 2^22 rows against winterfell, which proves on one thread: minutes, and GiB.
/// `cargo test --release -p winterlane-tests --test engine sizes -- --ignored --nocapture --test-threads 1`
#[test]
#[ignore = "takes minutes"]
fn long_traces_against_winterfell() {
    for log_rows in COMPARED + 1..=22 {
        check_length(log_rows);
    }
}

/// The longest that are taken, and what each costs.
#[test]
#[ignore = "takes minutes"]
fn the_longest_traces() {
    for log_rows in 23..=LONGEST {
        check(FieldExtension::None, without_aux(1 << log_rows, 5), false);
    }
    check(FieldExtension::Cubic, with_aux(1 << 23, 5), false);
}

#[test]
fn one_beyond_the_longest() {
    for trace in [
        without_aux(1 << (LONGEST + 1), 5),
        with_aux(1 << (LONGEST + 1), 5),
    ] {
        let error = prove(&prover(FieldExtension::Cubic), trace);
        assert_eq!(
            error.err(),
            Some(ProverError::TraceTooLong {
                rows: 1 << (LONGEST + 1),
                max: 1 << LONGEST,
            })
        );
    }
}

/// What a proof is said to need grows with the trace, without a jump where the constants end.
#[test]
fn estimates_of_all_lengths() {
    use winterfell::{Air, TraceInfo};

    for extension in [FieldExtension::Quadratic, FieldExtension::Cubic] {
        let estimate = |log_rows: u32| {
            // Only the shape counts: the columns are more than the AIR has.
            let meta = with_aux(8, 3).info().meta().to_vec();
            let info = TraceInfo::new_multi_segment(40, 40, 1, 1 << log_rows, meta);
            let inputs = winterlane_tests::airs::Inputs(vec![BaseElement::new(1); 2]);
            let options = prover(extension).options().clone();
            let air = AnyAir::new(info, inputs, options);
            MemoryEstimate::new(&air).peak - MemoryEstimate::of_columns(&air).trace
        };
        for log_rows in 12..LONGEST {
            let (shorter, longer) = (estimate(log_rows), estimate(log_rows + 1));
            assert!(longer > shorter && longer < 3 * shorter, "2^{log_rows}");
        }
    }
}
