//! Proofs of sealed batches: the batch among the statements.

use std::time::Duration;

use winter_math::fields::f64::BaseElement;
use winterlane_air::{
    BatchAir, BatchStatement,
    batch::schedule::BLOCK_ROWS,
    presets::{Parameters, Preset},
};
use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root, SealedBatch};

use crate::{
    engine::{EngineOptions, MemoryEstimate},
    statement::{Engine, Provable, StatementError, StatementProver, statement_memory},
    trace::{self, TraceError},
};

/// A `winterfell` prover of one batch: BLAKE3 commitments and transcript. Both engines take
/// everything they need from it.
pub type BatchProver = StatementProver<BatchStatement>;

/// Why a batch is not proven.
pub type BatchError = StatementError<BatchStatement>;

impl Provable for BatchStatement {
    type Witness<'w> = &'w SealedBatch;
    type TraceError = TraceError;

    fn inputs(batch: &SealedBatch) -> PublicInputs {
        batch.public_inputs
    }

    fn fill(
        batch: &SealedBatch,
        _air: &BatchAir,
        columns: Vec<&mut [BaseElement]>,
    ) -> Result<(), TraceError> {
        trace::fill(batch, columns)
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
/// [`BatchError::Inputs`] when no batch has that many slots, [`BatchError::Unsupported`] when the preset has no
/// parameters for it, [`ProverError::Memory`](crate::ProverError::Memory) when it does not fit.
pub fn check_memory(
    slots: usize,
    preset: Preset,
    limit: Option<u64>,
) -> Result<MemoryEstimate, BatchError> {
    // The size of a proof does not depend on the rest of its statement.
    let inputs = PublicInputs {
        domain: Domain::ZERO,
        batch_number: BatchNumber::ZERO,
        old_root: Root::ZERO,
        new_root: Root::ZERO,
        operations_digest: Digest::ZERO,
        // what is more than any batch has stays so
        num_operations: u32::try_from(slots).unwrap_or(u32::MAX),
    };
    statement_memory::<BatchStatement>(&inputs, preset, limit)
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
    let parameters = preset.parameters(rows);
    let parameters = parameters.ok_or(BatchError::Unsupported { preset, rows })?;
    let proven = engine.prove::<BatchStatement>(batch, preset, options)?;
    Ok(BatchProof {
        public_inputs: proven.public_inputs,
        proof: proven.proof,
        parameters,
        rows: proven.rows,
        columns: proven.columns,
        trace_time: proven.trace_time,
        prove_time: proven.prove_time,
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
