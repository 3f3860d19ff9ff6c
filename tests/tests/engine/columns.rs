//! Traces in the engine's own memory: the same proofs as of winterfell's tables, and the same refusals.

use winterfell::crypto::hashers::Blake3_256;
use winterfell::math::fields::f64::BaseElement;
use winterfell::{
    Air, BatchingMethod::Linear, FieldExtension, ProofOptions, Prover, Trace, TraceInfo,
};
use winterlane_prover::engine::{
    EngineOptions, MemoryEstimate, ProverError, Segment, TraceColumns, prove_columns,
};
use winterlane_prover::prove;
use winterlane_prover::trace::{fill_columns, fill_trace};
use winterlane_tests::airs::{AnyAir, AnyProver, Small, TestTrace};
use winterlane_tests::scenario::{Opening, World, by_first, transfer};

type Plain = AnyProver<Blake3_256<BaseElement>>;

fn options(extension: FieldExtension) -> ProofOptions {
    ProofOptions::new(8, 8, 4, extension, 4, 7, Linear, Linear)
}

/// The main segment of a trace, its memory full of something else before.
fn columns(trace: &TestTrace) -> TraceColumns {
    let main = trace.main_segment();
    let mut columns = TraceColumns::unspecified(main.num_cols(), main.num_rows());
    for (column, from) in columns.columns_mut().into_iter().zip(main.columns()) {
        column.fill(BaseElement::from_mont(u64::MAX));
        column.copy_from_slice(from);
    }
    columns
}

fn proven(
    prover: &Plain,
    trace: &TestTrace,
    columns: TraceColumns,
    options: &EngineOptions<'_>,
) -> Result<Vec<u8>, ProverError> {
    let (info, inputs) = (trace.info().clone(), AnyAir::public_inputs(trace));
    prove_columns(prover, info, inputs, columns, options).map(|proof| proof.to_bytes())
}

/// One column, one group of columns, and as many rows as make several groups.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn bytes_are_the_same() {
    use FieldExtension::{Cubic, None, Quadratic};
    for (width, rows, extension) in [
        (1, 8, None),
        (7, 64, Quadratic),
        (100, 256, Cubic),
        (19, 1 << 18, Quadratic),
    ] {
        let prover = Plain::new(options(extension));
        let trace = Small::Wide.trace(width, rows, 3);
        let ours = proven(&prover, &trace, columns(&trace), &EngineOptions::default());
        let theirs = prove(&prover, trace).map(|proof| proof.to_bytes());
        assert!(theirs.is_ok());
        assert_eq!(ours, theirs, "{width} columns of {rows} rows");
    }
}

#[test]
fn a_wrong_shape_is_refused() {
    let refused = |columns, rows, info: TraceInfo| {
        let prover = Plain::new(options(FieldExtension::None));
        let trace = Small::Wide.trace(info.width(), info.length(), 3);
        let columns = TraceColumns::unspecified(columns, rows);
        proven(&prover, &trace, columns, &EngineOptions::default())
    };
    for (columns, rows) in [(6, 64), (8, 64), (7, 32), (7, 128), (7, 63)] {
        let error = ProverError::TraceShape {
            segment: Segment::Main,
            expected_columns: 7,
            expected_rows: 64,
            columns,
            rows,
        };
        let result = refused(columns, rows, TraceInfo::new(7, 64));
        assert_eq!(result, Err(error));
    }
}

#[test]
fn nobody_would_build_an_auxiliary_segment() {
    let prover = Plain::new(options(FieldExtension::None));
    let trace = Small::Rap.trace(3, 32, 5);
    let result = proven(&prover, &trace, columns(&trace), &EngineOptions::default());
    assert!(
        matches!(
            result,
            Err(ProverError::TraceShape {
                segment: Segment::Auxiliary,
                columns: 0,
                ..
            })
        ),
        "{result:?}"
    );
}

#[test]
fn a_memory_limit_counts_what_stays() {
    let prover = Plain::new(options(FieldExtension::Cubic));
    let trace = Small::Wide.trace(60, 1 << 10, 1);
    let air = AnyAir::new(
        trace.info().clone(),
        AnyAir::public_inputs(&trace),
        prover.options().clone(),
    );
    let estimate = MemoryEstimate::of_columns(&air);
    assert!(estimate.peak >= estimate.trace + estimate.extended_trace);
    let limited = EngineOptions::default().with_memory_limit(estimate.peak - 1);
    let error = proven(&prover, &trace, columns(&trace), &limited);
    let (needed, available) = (estimate.peak, estimate.peak - 1);
    assert_eq!(error, Err(ProverError::Memory { needed, available }));
    let enough = EngineOptions::default().with_memory_limit(estimate.peak);
    assert!(proven(&prover, &trace, columns(&trace), &enough).is_ok());
}

/// What an earlier trace left in the memory shows in no cell: a batch's filling writes them all.
#[test]
fn a_batch_fills_every_cell() {
    let accounts: Vec<_> = (1..=4).map(|id| Opening::new(id, 7, 1000)).collect();
    let mut world = World::new(5, &accounts);
    let pay = by_first(transfer(1, 2, 5, 0));
    let batch = world.seal(&[pay], Some(4)).expect("a valid operation");
    let expected = fill_trace(&batch).expect("a sealed batch fills");
    let expected = expected.main_segment();

    // Several, should another test take one of them.
    let dirty: Vec<_> = (0..8)
        .map(|_| {
            let mut trace = TraceColumns::unspecified(expected.num_cols(), expected.num_rows());
            for column in trace.columns_mut() {
                column.fill(BaseElement::from_mont(u64::MAX));
            }
            trace
        })
        .collect();
    drop(dirty);
    let trace = fill_columns(&batch).expect("a sealed batch fills");
    assert!(trace.columns().eq(expected.columns()));
}
