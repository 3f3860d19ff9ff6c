//! What the engine refuses, and how: values in errors, nothing computed, no panic. Progress and
//! cancellation. The same bytes on any number of threads and any backend.

use core::ops::ControlFlow;
use std::sync::Mutex;

use winterfell::crypto::hashers::Blake3_256;
use winterfell::math::fields::f64::BaseElement;
use winterfell::{
    Air, BatchingMethod, FieldExtension, Proof, ProofOptions, Prover, Trace, TraceInfo,
};
use winterlane_prover::engine::{
    EngineOptions, MemoryEstimate, Phase, ProverError, Segment, prove, prove_inlined, prove_with,
};
use winterlane_prover::plain::single_threaded;
use winterlane_tests::airs::{AnyAir, AnyProver, Small, element};
use winterlane_tests::erased;

type Plain = AnyProver<Blake3_256<BaseElement>>;

fn options(queries: usize, blowup: usize, folding: usize, remainder: usize) -> ProofOptions {
    let linear = BatchingMethod::Linear;
    let extension = FieldExtension::Quadratic;
    ProofOptions::new(
        queries, blowup, 4, extension, folding, remainder, linear, linear,
    )
}

/// The bounds of `prove` are those of `Prover::prove`: if this compiles, any prover will do.
fn prove_any<P>(prover: &P, trace: P::Trace) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    <P::Air as Air>::PublicInputs: Send,
{
    prove(prover, trace)
}

#[test]
fn a_trace_of_the_wrong_shape_is_refused() {
    let trace = Small::Fibonacci.trace(2, 16, 1);
    let info = TraceInfo::with_meta(3, 16, trace.info().meta().to_vec());
    let trace = trace.with_info(info);
    let error = prove_any(&Plain::new(options(8, 4, 4, 3)), trace);
    assert_eq!(
        error,
        Err(ProverError::TraceShape {
            segment: Segment::Main,
            expected_columns: 3,
            expected_rows: 16,
            columns: 2,
            rows: 16,
        })
    );
    let trace = Small::Fibonacci.trace(2, 16, 1);
    let info = TraceInfo::with_meta(2, 32, trace.info().meta().to_vec());
    let trace = trace.with_info(info);
    let error = prove_any(&Plain::new(options(8, 4, 4, 3)), trace);
    assert!(matches!(
        error,
        Err(ProverError::TraceShape {
            expected_rows: 32,
            rows: 16,
            ..
        })
    ));
}

#[test]
fn an_unverifiable_width_is_refused() {
    let trace = Small::Wide.trace(255, 8, 1);
    let error = prove(&Plain::new(options(8, 2, 2, 0)), trace);
    assert_eq!(
        error,
        Err(ProverError::TraceTooWide {
            width: 255,
            max: 254
        })
    );
}

#[test]
fn too_many_queries_are_refused() {
    let trace = Small::Fibonacci.trace(2, 8, 1);
    let error = prove(&Plain::new(options(16, 2, 2, 0)), trace);
    assert_eq!(
        error,
        Err(ProverError::TooManyQueries {
            queries: 16,
            domain_size: 16
        })
    );
}

#[test]
fn folding_beyond_the_remainder_is_refused() {
    let trace = Small::Fibonacci.trace(2, 8, 1);
    let error = prove(&Plain::new(options(8, 2, 16, 0)), trace);
    assert_eq!(
        error,
        Err(ProverError::FriFolding {
            domain_size: 16,
            folding_factor: 16,
            remainder_max_degree: 0,
            blowup: 2,
        })
    );
}

#[test]
fn an_invalid_trace_is_noticed_where_the_degree_shows_it() {
    // The composition of this AIR fills one of the two columns that its evaluations could: what an
    // invalid trace leaves over shows in the other.
    let mut trace = Small::Rap.trace(3, 32, 5);
    trace.set(0, 7, element(99));
    let error = prove(&Plain::new(options(8, 4, 2, 0)), trace);
    assert!(
        matches!(
            error,
            Err(ProverError::UnsatisfiedConstraints { bound: 32, .. })
        ),
        "{error:?}"
    );
}

#[test]
fn a_memory_limit_is_checked_before_the_work() {
    let prover = Plain::new(options(20, 8, 4, 7));
    let trace = Small::Wide.trace(60, 1 << 10, 1);
    let air = AnyAir::new(
        trace.info().clone(),
        AnyAir::public_inputs(&trace),
        prover.options().clone(),
    );
    let estimate = MemoryEstimate::new(&air);
    assert_eq!(estimate.coefficients, (60 * 8) << 10);
    assert_eq!(estimate.extended_trace, (8 * 60 * 8) << 10);
    assert!(estimate.peak > estimate.coefficients + estimate.extended_trace);

    let seen = Mutex::new(Vec::new());
    let observer = |phase: Phase, _: f64| {
        seen.lock().expect("no panic").push(phase);
        ControlFlow::Continue(())
    };
    let limited = EngineOptions::default().with_observer(&observer);
    let limited = limited.with_memory_limit(estimate.peak - 1);
    let error = prove_with(&prover, trace.clone(), &limited);
    let (needed, available) = (estimate.peak, estimate.peak - 1);
    assert_eq!(error, Err(ProverError::Memory { needed, available }));
    assert_eq!(core::mem::take(&mut *seen.lock().expect("no panic")), []);

    let enough = EngineOptions::default().with_memory_limit(estimate.peak);
    assert!(prove_with(&prover, trace, &enough).is_ok());
}

#[test]
fn phases_are_reported_in_order_and_any_can_be_cancelled() {
    let prover = Plain::new(options(8, 4, 2, 0));
    let trace = Small::Rap.trace(3, 32, 5);
    let seen = Mutex::new(Vec::new());
    let watch = |phase: Phase, fraction: f64| {
        assert!((0.0..1.0).contains(&fraction));
        seen.lock().expect("no panic").push(phase);
        ControlFlow::Continue(())
    };
    let options = EngineOptions::default().with_observer(&watch);
    let watched = prove_with(&prover, trace.clone(), &options).expect("a proof");
    assert_eq!(
        core::mem::take(&mut *seen.lock().expect("no panic")),
        Phase::ALL
    );
    assert_eq!(
        watched.to_bytes(),
        prove(&prover, trace.clone()).expect("a proof").to_bytes()
    );

    for last in Phase::ALL {
        let stop = |phase: Phase, _: f64| {
            if phase == last {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let options = EngineOptions::default().with_observer(&stop);
        let result = prove_with(&prover, trace.clone(), &options);
        assert_eq!(result, Err(ProverError::Cancelled { before: last }));
    }
}

#[test]
fn without_an_auxiliary_segment_its_phase_is_skipped() {
    let seen = Mutex::new(Vec::new());
    let watch = |phase: Phase, _: f64| {
        seen.lock().expect("no panic").push(phase);
        ControlFlow::Continue(())
    };
    let watched = EngineOptions::default().with_observer(&watch);
    let prover = Plain::new(options(8, 4, 2, 0));
    prove_with(&prover, Small::Fibonacci.trace(2, 16, 3), &watched).expect("a proof");
    assert!(!seen.lock().expect("no panic").contains(&Phase::Auxiliary));
    assert_eq!(seen.lock().expect("no panic").len(), Phase::ALL.len() - 1);
}

/// Sizes at which every kernel leaves its small cases, on 1, 2 and 3 threads, inlined or not.
#[test]
fn threads_and_inlining_do_not_change_a_byte() {
    fn check(air: Small, width: usize, rows: usize, options: ProofOptions) {
        let prover = Plain::new(options);
        let trace = air.trace(width, rows, 11);
        let stock = single_threaded(|| erased::prove(&prover, trace.clone()))
            .expect("a thread")
            .expect("winterfell proves it")
            .to_bytes();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let (plain, inlined) = pool.expect("a pool").install(|| {
                let plain = prove(&prover, trace.clone()).expect("a proof");
                let inlined = prove_inlined(&prover, trace.clone(), &EngineOptions::default());
                (plain, inlined.expect("a proof"))
            });
            assert!(plain.to_bytes() == stock, "{threads} threads");
            assert!(inlined.to_bytes() == stock, "{threads} threads, inlined");
        }
    }
    check(Small::Wide, 33, 1 << 13, options(30, 4, 8, 31));
    check(Small::Rap, 3, 1 << 14, options(30, 4, 4, 15));
    check(Small::DegreeNine, 2, 1 << 12, options(30, 8, 16, 7));
}
