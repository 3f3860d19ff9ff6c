//! Proofs of any [`Statement`]: from witness to trace to proof, written once.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use thiserror::Error as ThisError;
use winter_air::Air;
use winter_math::fields::f64::BaseElement;
use winter_maybe_async::maybe_await;
use winter_prover::{Proof, Prover};
use winterfell::TraceTable;
use winterlane_air::{
    hiding::{Hiding, Mode},
    statement::{Hides, Open, ProvenAir, Secrecy, Statement, proven_air},
};
use winterlane_field_simd::zero_column;

use crate::{
    PlainProver, ProverError,
    engine::{EngineOptions, MemoryEstimate, TraceColumns, prove_columns, wait},
    hiding::{HidingRng, hide_with, prove_hiding_air},
};

/// A statement whose trace can be filled from a witness.
pub trait Provable: Statement<Secrecy: ProveAs<Self>> {
    /// What only the prover needs to know: a reference, or some of them.
    type Witness<'w>: Copy;

    /// Why a trace cannot be filled.
    type TraceError: Error + Send + Sync + 'static;

    /// The public inputs that the witness is of.
    fn inputs(witness: Self::Witness<'_>) -> Self::Inputs;

    /// Writes *every* cell of the trace: what is not written holds anything. `air` is the statement's own, with these
    /// public inputs, of the shape [`Statement::trace_info`]; `columns` has its columns, of its rows.
    ///
    /// A witness that breaks a rule may give a trace that breaks a constraint.
    ///
    /// # Errors
    /// When there is no trace of this witness.
    fn fill(
        witness: Self::Witness<'_>,
        air: &Self::Air,
        columns: Vec<&mut [BaseElement]>,
    ) -> Result<(), Self::TraceError>;
}

/// Why a statement is not proven. `P` is its preset, `I` why public inputs are of no statement, `E` why its trace
/// cannot be filled.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ProveError<P, I, E> {
    /// No statement has these public inputs.
    #[error("public inputs: {0}")]
    Inputs(#[source] I),
    /// The preset has no parameters for the statement.
    #[error("the preset {preset} has no parameters for a trace of {rows} rows")]
    Unsupported {
        /// The preset.
        preset: P,
        /// Rows that the statement fills.
        rows: usize,
    },
    /// The trace cannot be filled.
    #[error(transparent)]
    Trace(E),
    /// Winterlane's engine stopped.
    #[error(transparent)]
    Engine(#[from] ProverError),
    /// winterfell's prover stopped.
    #[error("winterfell's prover: {0}")]
    Stock(#[from] winter_prover::ProverError),
}

/// Why a statement `S` is not proven.
pub type StatementError<S> = ProveError<
    <S as Statement>::Preset,
    <S as Statement>::InputsError,
    <S as Provable>::TraceError,
>;

/// What the proofs of a statement draw from: nothing, or the randomness that hides the witness.
pub type RandomnessOf<S> = <<S as Statement>::Secrecy as ProveAs<S>>::Randomness;

/// The winterfell prover of a statement, before anything is hidden.
pub type StatementProver<S> = PlainProver<
    <S as Statement>::Air,
    <S as Statement>::Hash,
    <S as Statement>::Tree,
    <S as Statement>::Coin,
>;

/// A proof of a statement, and what it took.
#[derive(Clone, Debug)]
pub struct StatementProof<S: Statement> {
    /// What it is of.
    pub public_inputs: S::Inputs,
    /// The proof, in winterfell's encoding.
    pub proof: Vec<u8>,
    /// Provable bits of security.
    pub bits: u32,
    /// Rows of the statement's trace.
    pub rows: usize,
    /// Columns of the statement's trace.
    pub columns: usize,
    /// Time to fill the trace.
    pub trace_time: Duration,
    /// Time from the trace to the proof's bytes.
    pub prove_time: Duration,
}

/// What the engine needs to prove a statement with these public inputs, if it may have it: to be asked before
/// a witness is made.
///
/// `limit` is in bytes, the trace included; without one, the proof may take what the system has left,
/// where the system says.
///
/// # Errors
/// [`ProveError::Inputs`], [`ProveError::Unsupported`], [`ProverError::Memory`] when it does not fit,
/// [`ProverError::Hiding`] when the proof would not hide.
pub fn statement_memory<S: Provable>(
    inputs: &S::Inputs,
    preset: S::Preset,
    limit: Option<u64>,
) -> Result<MemoryEstimate, StatementError<S>> {
    let prover = prover_of::<S>(inputs.clone(), preset)?.0;
    Ok(admitted::<S>(&prover, limit)?.1)
}

/// The AIR of a proof, and the memory that it takes, which is there.
fn admitted<S: Provable>(
    prover: &StatementProver<S>,
    limit: Option<u64>,
) -> Result<(ProvenAir<S>, MemoryEstimate), StatementError<S>> {
    let air = proven_air::<S>(prover.public_inputs(), prover.options());
    let air = air.map_err(ProverError::Hiding)?;
    let estimate = S::Secrecy::estimate(&air);
    estimate.check(limit, EngineOptions::default().system(), true)?;
    Ok((air, estimate))
}

/// Which prover turns a trace into a proof. Both give the same bytes from the same randomness, up to the grinding
/// nonce of a stock prover that searches it in parallel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// winterfell's own prover.
    Stock,
    /// Winterlane's pipeline on vector units.
    #[default]
    Simd,
}

impl Engine {
    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Simd => "simd",
        }
    }

    /// Proves the statement of a witness: [`prove_statement`] or [`prove_statement_stock`].
    ///
    /// # Errors
    /// As those.
    pub fn prove<S: Provable>(
        self,
        witness: S::Witness<'_>,
        preset: S::Preset,
        options: &EngineOptions<'_>,
    ) -> Result<StatementProof<S>, StatementError<S>> {
        match self {
            Self::Stock => prove_statement_stock::<S>(witness, preset, options),
            Self::Simd => prove_statement::<S>(witness, preset, options),
        }
    }
}

/// Proves the statement of a witness with the engine.
///
/// # Errors
/// [`ProveError`] when no statement has its public inputs, when the preset has no parameters for it, when the proof
/// does not fit into memory (asked before the trace is filled), or when filling the trace or proving fails.
pub fn prove_statement<S: Provable>(
    witness: S::Witness<'_>,
    preset: S::Preset,
    options: &EngineOptions<'_>,
) -> Result<StatementProof<S>, StatementError<S>> {
    let mut randomness = S::Secrecy::randomness()?;
    prove_statement_with::<S>(witness, preset, &mut randomness, options)
}

/// [`prove_statement`] with randomness that the caller keeps from proof to proof.
///
/// # Errors
/// As [`prove_statement`].
pub fn prove_statement_with<S: Provable>(
    witness: S::Witness<'_>,
    preset: S::Preset,
    randomness: &mut RandomnessOf<S>,
    options: &EngineOptions<'_>,
) -> Result<StatementProof<S>, StatementError<S>> {
    let prove = <S::Secrecy as ProveAs<S>>::prove;
    run::<S>(witness, preset, options, |task, air| {
        prove(task, air, randomness)
    })
}

/// Proves the statement of a witness with winterfell's own prover: the same bytes from the same randomness, up
/// to the nonce of one that searches it in parallel.
///
/// # Errors
/// As [`prove_statement`]: it takes at least the memory that the engine takes.
pub fn prove_statement_stock<S: Provable>(
    witness: S::Witness<'_>,
    preset: S::Preset,
    options: &EngineOptions<'_>,
) -> Result<StatementProof<S>, StatementError<S>> {
    let mut randomness = S::Secrecy::randomness()?;
    let prove = <S::Secrecy as ProveAs<S>>::prove_stock;
    run::<S>(witness, preset, options, |task, air| {
        prove(task, air, &mut randomness)
    })
}

/// A proof, and the time to fill the trace.
type Made<S> = Result<(Duration, Proof), StatementError<S>>;

fn run<S: Provable>(
    witness: S::Witness<'_>,
    preset: S::Preset,
    options: &EngineOptions<'_>,
    prove: impl FnOnce(&Task<'_, '_, S>, &Arc<ProvenAir<S>>) -> Made<S>,
) -> Result<StatementProof<S>, StatementError<S>> {
    let (prover, bits) = prover_of::<S>(S::inputs(witness), preset)?;
    // Built once for all that is asked of it.
    let (air, _) = admitted::<S>(&prover, options.memory_limit)?;
    let air = Arc::new(air);
    let (rows, columns) = shape(S::Secrecy::stated(&air));
    let start = Instant::now();
    let task = Task::<S> {
        prover,
        witness,
        options: &options.admitted(),
    };
    let (trace_time, proof) = prove(&task, &air)?;
    Ok(StatementProof {
        public_inputs: task.prover.public_inputs().clone(),
        proof: proof.to_bytes(),
        bits,
        rows,
        columns,
        trace_time,
        prove_time: start.elapsed() - trace_time,
    })
}

/// The prover of a statement with the options of a preset, and their bits.
fn prover_of<S: Provable>(
    inputs: S::Inputs,
    preset: S::Preset,
) -> Result<(StatementProver<S>, u32), StatementError<S>> {
    S::check_inputs(&inputs).map_err(ProveError::Inputs)?;
    let found = S::options(&inputs, preset).ok_or_else(|| ProveError::Unsupported {
        preset,
        rows: S::rows(&inputs),
    })?;
    Ok((StatementProver::<S>::new(found.options, inputs), found.bits))
}

/// A statement to be proven: with which options, from which witness, in which shape.
pub struct Task<'t, 'w, S: Provable> {
    prover: StatementProver<S>,
    witness: S::Witness<'w>,
    options: &'t EngineOptions<'t>,
}

impl<S: Provable> Task<'_, '_, S> {
    /// Fills the columns of the trace.
    fn fill(
        &self,
        air: &S::Air,
        columns: Vec<&mut [BaseElement]>,
    ) -> Result<(), StatementError<S>> {
        let (rows, width) = shape(air);
        let filling = tracing::info_span!("fill_trace", statement = S::NAME, rows, columns = width);
        filling
            .in_scope(|| S::fill(self.witness, air, columns))
            .map_err(ProveError::Trace)
    }

    /// The trace as winterfell has it, and the time to fill it.
    fn table(
        &self,
        air: &S::Air,
    ) -> Result<(Duration, TraceTable<BaseElement>), StatementError<S>> {
        let start = Instant::now();
        let (rows, width) = shape(air);
        let trace = filled_table(width, rows, |columns| self.fill(air, columns))?;
        Ok((start.elapsed(), trace))
    }
}

/// Rows and columns of an AIR's trace.
fn shape<A: Air>(air: &A) -> (usize, usize) {
    let info = air.trace_info();
    (info.length(), info.main_trace_width())
}

/// A trace in winterfell's memory, filled.
pub(crate) fn filled_table<E>(
    width: usize,
    rows: usize,
    fill: impl FnOnce(Vec<&mut [BaseElement]>) -> Result<(), E>,
) -> Result<TraceTable<BaseElement>, E> {
    let columns = (0..width).into_par_iter().map(|_| zero_column(rows));
    let mut columns: Vec<Vec<BaseElement>> = columns.collect();
    fill(columns.iter_mut().map(Vec::as_mut_slice).collect())?;
    Ok(TraceTable::init(columns))
}

/// How a statement is proven, by whether its proofs hide the witness. Called by [`prove_statement`].
pub trait ProveAs<S: Statement>: Secrecy<S::Air> {
    /// What a proof draws from: nothing, or the randomness that hides the witness.
    type Randomness;

    /// Randomness of the system's.
    ///
    /// # Errors
    /// [`ProverError::Randomness`] if the system has none to give.
    fn randomness() -> Result<Self::Randomness, ProverError>;

    /// What a proof of this AIR takes.
    fn estimate(air: &Self::Proven) -> MemoryEstimate;

    /// The AIR of the statement that proofs of this AIR are of.
    fn stated(air: &Self::Proven) -> &S::Air;

    /// The engine's proof of `air`, and the time to fill the trace.
    ///
    /// # Errors
    /// Those of filling and proving.
    fn prove(
        task: &Task<'_, '_, S>,
        air: &Arc<Self::Proven>,
        randomness: &mut Self::Randomness,
    ) -> Result<(Duration, Proof), StatementError<S>>
    where
        S: Provable;

    /// winterfell's proof of `air`, and the time to fill the trace.
    ///
    /// # Errors
    /// Those of filling and proving.
    fn prove_stock(
        task: &Task<'_, '_, S>,
        air: &Arc<Self::Proven>,
        randomness: &mut Self::Randomness,
    ) -> Result<(Duration, Proof), StatementError<S>>
    where
        S: Provable;
}

impl<S: Statement> ProveAs<S> for Open {
    type Randomness = ();

    fn randomness() -> Result<(), ProverError> {
        Ok(())
    }

    fn estimate(air: &Self::Proven) -> MemoryEstimate {
        MemoryEstimate::of_columns(air)
    }

    fn stated(air: &S::Air) -> &S::Air {
        air
    }

    fn prove(task: &Task<'_, '_, S>, air: &Arc<S::Air>, (): &mut ()) -> Made<S>
    where
        S: Provable,
    {
        let start = Instant::now();
        let info = air.trace_info().clone();
        let mut trace = TraceColumns::unspecified(info.main_trace_width(), info.length());
        task.fill(air, trace.columns_mut())?;
        let trace_time = start.elapsed();
        let inputs = task.prover.public_inputs().clone();
        let proof = prove_columns(&task.prover, info, inputs, trace, task.options)?;
        Ok((trace_time, proof))
    }

    fn prove_stock(task: &Task<'_, '_, S>, air: &Arc<S::Air>, (): &mut ()) -> Made<S>
    where
        S: Provable,
    {
        let (trace_time, trace) = task.table(air)?;
        let proof = wait(async { maybe_await!(task.prover.prove(trace)) })?;
        Ok((trace_time, proof))
    }
}

impl<S, M> ProveAs<S> for Hides<M>
where
    S: Statement,
    M: Mode<S::Air>,
{
    type Randomness = HidingRng;

    fn randomness() -> Result<HidingRng, ProverError> {
        HidingRng::from_system()
    }

    fn estimate(air: &Self::Proven) -> MemoryEstimate {
        MemoryEstimate::of_hiding(air)
    }

    fn stated(air: &Hiding<S::Air, M>) -> &S::Air {
        air.inner()
    }

    fn prove(task: &Task<'_, '_, S>, air: &Arc<Self::Proven>, rng: &mut HidingRng) -> Made<S>
    where
        S: Provable,
    {
        let (trace_time, trace) = task.table(air.inner())?;
        let air = Arc::clone(air);
        let proof = prove_hiding_air::<_, M>(&task.prover, air, trace, rng, task.options)?;
        Ok((trace_time, proof))
    }

    fn prove_stock(task: &Task<'_, '_, S>, air: &Arc<Self::Proven>, rng: &mut HidingRng) -> Made<S>
    where
        S: Provable,
    {
        let (trace_time, trace) = task.table(air.inner())?;
        let air = Arc::clone(air);
        let (hiding, trace) = hide_with::<_, M>(&task.prover, air, trace.into(), rng)?;
        let proof = wait(async { maybe_await!(hiding.prove(trace)) })?;
        Ok((trace_time, proof))
    }
}
