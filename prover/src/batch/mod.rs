//! Proofs of sealed batches: trace filling, the choice of the engine, and what came of it.

mod error;
mod stock;

use std::time::{Duration, Instant};

use winter_prover::Prover;
use winterlane_air::{
    PublicInputs, SealedBatch,
    columns::TRACE_WIDTH,
    presets::{Parameters, Preset},
    schedule::BLOCK_ROWS,
};

pub use self::{error::BatchError, stock::BatchProver};
use crate::{
    engine::{EngineOptions, prove_inlined},
    trace::fill_trace,
};

/// Which prover turns a trace into a proof. Both give the same bytes, up to the grinding nonce of
/// a stock prover that searches it in parallel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

/// A proof and what it took.
#[derive(Clone, Debug)]
pub struct BatchProof {
    /// The statement.
    pub public_inputs: PublicInputs,
    /// The proof, in winterfell's encoding.
    pub proof: Vec<u8>,
    /// The preset's parameters for this length of trace.
    pub parameters: Parameters,
    /// Rows of the trace.
    pub rows: usize,
    /// Columns of the trace.
    pub columns: usize,
    /// Time to fill the trace.
    pub trace_time: Duration,
    /// Time from the trace to the proof's bytes.
    pub prove_time: Duration,
}

/// Proves `batch` with the options of `preset` for its length.
///
/// ```no_run
/// # fn sealed_batch() -> winterlane_air::SealedBatch { unimplemented!() }
/// use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
/// use winterlane_prover::{Engine, EngineOptions, prove_batch};
///
/// let batch = sealed_batch();
/// let preset = Preset::new(PresetName::Fast, SecurityLevel::Bits128);
/// let proof = prove_batch(&batch, preset, Engine::Simd, &EngineOptions::default())?;
/// println!("{} bytes", proof.proof.len());
/// # Ok::<(), winterlane_prover::BatchError>(())
/// ```
///
/// # Errors
/// [`BatchError`] when the preset has no parameters for the batch's length, or when filling the
/// trace or proving fails.
pub fn prove_batch(
    batch: &SealedBatch,
    preset: Preset,
    engine: Engine,
    options: &EngineOptions<'_>,
) -> Result<BatchProof, BatchError> {
    let rows = batch.operations.len() * BLOCK_ROWS;
    let unsupported = || BatchError::Unsupported { preset, rows };
    let parameters = preset.parameters(rows).ok_or_else(unsupported)?;
    let prover = BatchProver::new(
        preset.options(rows).ok_or_else(unsupported)?,
        batch.public_inputs,
    );

    let start = Instant::now();
    let trace = {
        let _span = tracing::info_span!("fill_trace", rows, columns = TRACE_WIDTH).entered();
        fill_trace(batch)?
    };
    let trace_time = start.elapsed();

    let start = Instant::now();
    let proof = match engine {
        Engine::Stock => prover.prove(trace)?,
        Engine::Simd => prove_inlined(&prover, trace, options)?,
    };
    Ok(BatchProof {
        public_inputs: batch.public_inputs,
        proof: proof.to_bytes(),
        parameters,
        rows,
        columns: TRACE_WIDTH,
        trace_time,
        prove_time: start.elapsed(),
    })
}

/// Proves several batches one after another, so that only one extended trace is in memory at a
/// time. The threads of the current rayon pool share each of them.
///
/// # Errors
/// The first batch that cannot be proven stops the run; see [`prove_batch`].
pub fn prove_batches<'a>(
    batches: impl IntoIterator<Item = &'a SealedBatch>,
    preset: Preset,
    engine: Engine,
    options: &EngineOptions<'_>,
) -> Result<Vec<BatchProof>, BatchError> {
    batches
        .into_iter()
        .map(|batch| prove_batch(batch, preset, engine, options))
        .collect()
}
