//! Proofs of sealed batches: trace filling, the choice of the engine, and what came of it.

mod error;

use std::time::{Duration, Instant};

use winter_air::Air;
use winter_prover::Prover;
use winterlane_air::{
    BatchAir,
    batch::columns::TRACE_WIDTH,
    batch::schedule::BLOCK_ROWS,
    presets::{Parameters, Preset},
};
use winterlane_ledger::{Digest, PublicInputs, SealedBatch};

pub use self::error::BatchError;
use crate::{
    PlainProver,
    engine::{EngineOptions, MemoryEstimate, prove_columns},
    trace::{fill_columns, fill_trace},
};

/// A `winterfell` prover of one batch: BLAKE3 commitments and transcript. Both engines take
/// everything they need from it.
pub type BatchProver = PlainProver<BatchAir>;

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

/// What the engine needs to prove a batch of `slots` operation slots with `preset`, if it may have it:
/// to be asked before keys, signatures and witnesses are made.
///
/// `limit` is in bytes, the trace included; without one, the proof may take what the system has left,
/// where the system says.
///
/// ```
/// use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
/// use winterlane_prover::batch::check_memory;
///
/// let preset = Preset::new(PresetName::Balanced, SecurityLevel::Bits128);
/// let estimate = check_memory(1024, preset, Some(8 << 30))?;
/// // 256 rows a slot, 251 columns of eight bytes, blowup 4
/// assert_eq!(estimate.extended_trace, 1024 * 256 * 251 * 8 * 4);
/// let error = check_memory(1024, preset, Some(1 << 30)).unwrap_err();
/// assert!(error.to_string().ends_with("1073741824 are available"));
/// # Ok::<(), winterlane_prover::BatchError>(())
/// ```
///
/// # Errors
/// [`BatchError::Unsupported`] when no batch has that many slots or the preset no parameters for it;
/// [`ProverError::Memory`](crate::ProverError::Memory) when it does not fit.
pub fn check_memory(
    slots: usize,
    preset: Preset,
    limit: Option<u64>,
) -> Result<MemoryEstimate, BatchError> {
    let rows = slots.saturating_mul(BLOCK_ROWS);
    let unsupported = || BatchError::Unsupported { preset, rows };
    let num_operations = u32::try_from(slots).map_err(|_| unsupported())?;
    let options = preset.options(rows).ok_or_else(unsupported)?;
    // The size of a proof does not depend on the rest of its statement.
    let inputs = PublicInputs {
        domain: Digest::ZERO,
        batch_number: 0,
        old_root: Digest::ZERO,
        new_root: Digest::ZERO,
        operations_digest: Digest::ZERO,
        num_operations,
    };
    let air = BatchAir::new(BatchAir::trace_info(&inputs), inputs, options);
    let estimate = MemoryEstimate::of_columns(&air);
    estimate.check(limit, EngineOptions::default().system(), true)?;
    Ok(estimate)
}

/// Proves `batch` with the options of `preset` for its length.
///
/// ```no_run
/// # fn sealed_batch() -> winterlane_ledger::SealedBatch { unimplemented!() }
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
/// [`BatchError`] when the preset has no parameters for the batch's length, when the proof does not
/// fit into memory (asked before the trace is filled), or when filling the trace or proving fails.
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

    check_memory(batch.operations.len(), preset, options.memory_limit)?;
    let filling = tracing::info_span!("fill_trace", rows, columns = TRACE_WIDTH);
    let start = Instant::now();
    let (trace_time, proof) = match engine {
        Engine::Stock => {
            let trace = filling.in_scope(|| fill_trace(batch))?;
            (start.elapsed(), prover.prove(trace)?)
        }
        Engine::Simd => {
            let trace = filling.in_scope(|| fill_columns(batch))?;
            let trace_time = start.elapsed();
            let info = BatchAir::trace_info(&batch.public_inputs);
            let proof = prove_columns(&prover, info, batch.public_inputs, trace, options)?;
            (trace_time, proof)
        }
    };
    Ok(BatchProof {
        public_inputs: batch.public_inputs,
        proof: proof.to_bytes(),
        parameters,
        rows,
        columns: TRACE_WIDTH,
        trace_time,
        prove_time: start.elapsed() - trace_time,
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
