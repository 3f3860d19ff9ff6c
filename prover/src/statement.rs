//! Proofs of any [`Statement`]: from witness to trace to proof, written once.

use std::error::Error;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use thiserror::Error as ThisError;
use winter_air::TraceInfo;
use winter_math::fields::f64::BaseElement;
use winter_prover::{Proof, Prover};
use winterfell::TraceTable;
use winterlane_air::{
    hiding::Mode,
    statement::{Hides, Open, Secrecy, Statement, proven_air},
};
use winterlane_field_simd::zero_column;

use crate::{
    PlainProver, ProverError,
    engine::{EngineOptions, MemoryEstimate, TraceColumns, prove_columns},
    hiding::{HidingRng, hide, prove_hiding_with},
};

/// A statement whose trace can be filled from a witness.
pub trait Provable: Statement<Secrecy: ProveAs<Self>> {
    /// What only the prover needs to know.
    type Witness: ?Sized + Sync;

    /// Why a trace cannot be filled.
    type TraceError: Error + Send + Sync + 'static;

    /// The public inputs that the witness is of.
    fn inputs(witness: &Self::Witness) -> Self::Inputs;

    /// Writes *every* cell of the trace: what is not written holds anything. `info` is
    /// [`Statement::trace_info`]; `columns` has its columns, of its rows.
    ///
    /// A witness that breaks a rule may give a trace that breaks a constraint.
    ///
    /// # Errors
    /// When there is no trace of this witness.
    fn fill(
        witness: &Self::Witness,
        info: &TraceInfo,
        columns: Vec<&mut [BaseElement]>,
    ) -> Result<(), Self::TraceError>;
}

/// Why a statement is not proven. `P` is its preset, `E` why its trace cannot be filled.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ProveError<P, E> {
    /// The preset has no parameters for the statement, or there is no such statement.
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
pub type StatementError<S> = ProveError<<S as Statement>::Preset, <S as Provable>::TraceError>;

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
/// [`ProveError::Unsupported`], [`ProverError::Memory`] when it does not fit, [`ProverError::Hiding`] when the
/// proof would not hide.
pub fn statement_memory<S: Provable>(
    inputs: &S::Inputs,
    preset: S::Preset,
    limit: Option<u64>,
) -> Result<MemoryEstimate, StatementError<S>> {
    let prover = prover_of::<S>(inputs.clone(), preset)?.0;
    let air = proven_air::<S>(inputs, prover.options()).map_err(ProverError::Hiding)?;
    let estimate = S::Secrecy::estimate(&air);
    estimate.check(limit, EngineOptions::default().system(), true)?;
    Ok(estimate)
}

/// Proves the statement of a witness with the engine.
///
/// # Errors
/// [`ProveError`] when the preset has no parameters for it, when the proof does not fit into memory (asked before
/// the trace is filled), or when filling the trace or proving fails.
pub fn prove_statement<S: Provable>(
    witness: &S::Witness,
    preset: S::Preset,
    options: &EngineOptions<'_>,
) -> Result<StatementProof<S>, StatementError<S>> {
    run::<S>(witness, preset, options, <S::Secrecy as ProveAs<S>>::prove)
}

/// Proves the statement of a witness with winterfell's own prover: the same bytes from the same randomness, up
/// to the nonce of one that searches it in parallel.
///
/// # Errors
/// As [`prove_statement`]: it takes at least the memory that the engine takes.
pub fn prove_statement_stock<S: Provable>(
    witness: &S::Witness,
    preset: S::Preset,
    options: &EngineOptions<'_>,
) -> Result<StatementProof<S>, StatementError<S>> {
    run::<S>(
        witness,
        preset,
        options,
        <S::Secrecy as ProveAs<S>>::prove_stock,
    )
}

/// A proof, and the time to fill the trace.
type Made<S> = Result<(Duration, Proof), StatementError<S>>;

fn run<S: Provable>(
    witness: &S::Witness,
    preset: S::Preset,
    options: &EngineOptions<'_>,
    prove: fn(&Task<'_, S>) -> Made<S>,
) -> Result<StatementProof<S>, StatementError<S>> {
    let inputs = S::inputs(witness);
    let (prover, bits) = prover_of::<S>(inputs.clone(), preset)?;
    statement_memory::<S>(&inputs, preset, options.memory_limit)?;
    let info = S::trace_info(&inputs, prover.options());
    let (rows, columns) = (info.length(), info.main_trace_width());
    let start = Instant::now();
    let (trace_time, proof) = prove(&Task {
        prover,
        witness,
        info,
        options,
    })?;
    Ok(StatementProof {
        public_inputs: inputs,
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
    let found = S::check_inputs(&inputs)
        .ok()
        .and_then(|()| S::options(&inputs, preset));
    let rows = S::rows(&inputs);
    let found = found.ok_or(ProveError::Unsupported { preset, rows })?;
    Ok((StatementProver::<S>::new(found.options, inputs), found.bits))
}

/// A statement to be proven: with which options, from which witness, in which shape.
pub struct Task<'a, S: Provable> {
    prover: StatementProver<S>,
    witness: &'a S::Witness,
    info: TraceInfo,
    options: &'a EngineOptions<'a>,
}

impl<S: Provable> Task<'_, S> {
    /// Fills the columns of the trace.
    fn fill(&self, columns: Vec<&mut [BaseElement]>) -> Result<(), StatementError<S>> {
        let (rows, width) = (self.info.length(), self.info.main_trace_width());
        let filling = tracing::info_span!("fill_trace", statement = S::NAME, rows, columns = width);
        filling
            .in_scope(|| S::fill(self.witness, &self.info, columns))
            .map_err(ProveError::Trace)
    }

    /// The trace as winterfell has it, and the time to fill it.
    fn table(&self) -> Result<(Duration, TraceTable<BaseElement>), StatementError<S>> {
        let start = Instant::now();
        let rows = self.info.length();
        let mut columns: Vec<Vec<BaseElement>> = (0..self.info.main_trace_width())
            .into_par_iter()
            .map(|_| zero_column(rows))
            .collect();
        self.fill(columns.iter_mut().map(Vec::as_mut_slice).collect())?;
        Ok((start.elapsed(), TraceTable::init(columns)))
    }
}

/// How a statement is proven, by whether its proofs hide the witness. Called by [`prove_statement`].
pub trait ProveAs<S: Statement>: Secrecy<S::Air> {
    /// What a proof of this AIR takes.
    fn estimate(air: &Self::Proven) -> MemoryEstimate;

    /// The engine's proof, and the time to fill the trace.
    ///
    /// # Errors
    /// Those of filling and proving.
    fn prove(task: &Task<'_, S>) -> Result<(Duration, Proof), StatementError<S>>
    where
        S: Provable;

    /// winterfell's proof, and the time to fill the trace.
    ///
    /// # Errors
    /// Those of filling and proving.
    fn prove_stock(task: &Task<'_, S>) -> Result<(Duration, Proof), StatementError<S>>
    where
        S: Provable;
}

impl<S: Statement> ProveAs<S> for Open {
    fn estimate(air: &Self::Proven) -> MemoryEstimate {
        MemoryEstimate::of_columns(air)
    }

    fn prove(task: &Task<'_, S>) -> Made<S>
    where
        S: Provable,
    {
        let start = Instant::now();
        let info = task.info.clone();
        let mut trace = TraceColumns::unspecified(info.main_trace_width(), info.length());
        task.fill(trace.columns_mut())?;
        let trace_time = start.elapsed();
        let inputs = task.prover.public_inputs().clone();
        let proof = prove_columns(&task.prover, info, inputs, trace, task.options)?;
        Ok((trace_time, proof))
    }

    fn prove_stock(task: &Task<'_, S>) -> Made<S>
    where
        S: Provable,
    {
        let (trace_time, trace) = task.table()?;
        Ok((trace_time, task.prover.prove(trace)?))
    }
}

impl<S, M> ProveAs<S> for Hides<M>
where
    S: Statement,
    M: Mode<S::Air>,
{
    fn estimate(air: &Self::Proven) -> MemoryEstimate {
        MemoryEstimate::new(air)
    }

    fn prove(task: &Task<'_, S>) -> Made<S>
    where
        S: Provable,
    {
        let (trace_time, trace) = task.table()?;
        let mut rng = HidingRng::from_system()?;
        let proof = prove_hiding_with::<_, M>(&task.prover, trace, &mut rng, task.options)?;
        Ok((trace_time, proof))
    }

    fn prove_stock(task: &Task<'_, S>) -> Made<S>
    where
        S: Provable,
    {
        let (trace_time, trace) = task.table()?;
        let mut rng = HidingRng::from_system()?;
        let (hiding, trace) = hide::<_, M>(&task.prover, trace.into(), &mut rng)?;
        Ok((trace_time, hiding.prove(trace)?))
    }
}
