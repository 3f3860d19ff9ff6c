//! The engine, its phases timed by its observer.

use core::ops::ControlFlow;
use std::{sync::Mutex, time::Instant};

use winterfell::{Air, Proof, Prover, math::fields::f64::BaseElement};
use winterlane_prover::{
    EngineOptions,
    engine::{Observer, Phase, prove_inlined},
};

use crate::proving::{Engine, Phases};

/// Winterlane's engine. All AIRs here inline, and say so.
pub(super) struct Winterlane;

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

impl Engine for Winterlane {
    fn prove<P>(prover: &P, trace: P::Trace) -> Result<(Proof, Phases), String>
    where
        P: Prover<BaseField = BaseElement>,
        <P::Air as Air>::PublicInputs: Send,
    {
        let clock = Clock(Mutex::default());
        let options = EngineOptions::default().with_observer(&clock);
        let proof = prove_inlined(prover, trace, &options).map_err(|error| error.to_string())?;
        let end = Instant::now();
        let starts = clock.0.into_inner().map_err(|error| error.to_string())?;
        let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([end]);
        let phases = starts
            .iter()
            .zip(ends)
            .map(|((phase, start), end)| (phase.name().to_owned(), (end - *start).as_secs_f64()));
        Ok((proof, phases.collect()))
    }
}
