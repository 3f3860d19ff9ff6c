//! The engine, its phases timed by its observer.

use core::ops::ControlFlow;
use std::{sync::Mutex, time::Instant};

use winterfell::{Air, Proof, Prover, math::fields::f64::BaseElement};
use winterlane_air::BatchAir;
use winterlane_ledger::SealedBatch;
use winterlane_prover::{
    BatchProver, EngineOptions, ProverError,
    engine::{Observer, Phase, prove_columns, prove_inlined, prove_with},
    trace::fill_columns,
};

use crate::proving::{Engine, Phases};

/// The engine as AIRs call it that inline, as all here do.
pub(super) struct Inlined;

/// The engine as any AIR calls it.
pub(super) struct AnyAir;

/// When each phase began.
struct Clock(Mutex<Vec<(Phase, Instant)>>);

impl Observer for Clock {
    fn enter(&self, phase: Phase, _fraction: f64) -> ControlFlow<()> {
        if let Ok(mut starts) = self.0.lock() {
            starts.push((phase, Instant::now()));
        }
        ControlFlow::Continue(())
    }
}

/// Calls the engine with a clock and reads that.
fn timed(
    prove: impl FnOnce(&EngineOptions<'_>) -> Result<Proof, ProverError>,
) -> Result<(Proof, Phases), String> {
    let clock = Clock(Mutex::default());
    let proof = prove(&EngineOptions::default().with_observer(&clock));
    let proof = proof.map_err(|error| error.to_string())?;
    let end = Instant::now();
    let starts = clock.0.into_inner().map_err(|error| error.to_string())?;
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([end]);
    let phases = starts
        .iter()
        .zip(ends)
        .map(|((phase, start), end)| (phase.name().to_owned(), (end - *start).as_secs_f64()));
    Ok((proof, phases.collect()))
}

impl Engine for Inlined {
    fn prove<P>(prover: &P, trace: P::Trace) -> Result<(Proof, Phases), String>
    where
        P: Prover<BaseField = BaseElement>,
        <P::Air as Air>::PublicInputs: Send,
    {
        timed(|options| prove_inlined(prover, trace, options))
    }

    /// As `prove_batch` of the prover's crate does it.
    fn prove_batch(
        prover: &BatchProver,
        batch: &SealedBatch,
    ) -> Result<(Instant, Proof, Phases), String> {
        let trace = fill_columns(batch).map_err(|error| error.to_string())?;
        let filled = Instant::now();
        let info = BatchAir::trace_info(&batch.public_inputs);
        let (proof, phases) =
            timed(|options| prove_columns(prover, info, batch.public_inputs, trace, options))?;
        Ok((filled, proof, phases))
    }
}

impl Engine for AnyAir {
    fn prove<P>(prover: &P, trace: P::Trace) -> Result<(Proof, Phases), String>
    where
        P: Prover<BaseField = BaseElement>,
        <P::Air as Air>::PublicInputs: Send,
    {
        timed(|options| prove_with(prover, trace, options))
    }
}
