//! Proofs of sealed batches: the batch among the statements, and the choice of the engine.

use std::time::Duration;

use winter_air::TraceInfo;
use winter_math::fields::f64::BaseElement;
use winterlane_air::{
    BatchStatement,
    batch::schedule::BLOCK_ROWS,
    presets::{Parameters, Preset},
};
use winterlane_ledger::{Digest, PublicInputs, SealedBatch};

use crate::{
    engine::{EngineOptions, MemoryEstimate},
    statement::{
        Provable, StatementError, StatementProver, prove_statement, prove_statement_stock,
        statement_memory,
    },
    trace::{self, TraceError},
};

/// A `winterfell` prover of one batch: BLAKE3 commitments and transcript. Both engines take
/// everything they need from it.
pub type BatchProver = StatementProver<BatchStatement>;

/// Why a batch is not proven.
pub type BatchError = StatementError<BatchStatement>;

impl Provable for BatchStatement {
    type Witness = SealedBatch;
    type TraceError = TraceError;

    fn inputs(batch: &SealedBatch) -> PublicInputs {
        batch.public_inputs
    }

    fn fill(
        batch: &SealedBatch,
        _info: &TraceInfo,
        columns: Vec<&mut [BaseElement]>,
    ) -> Result<(), TraceError> {
        trace::fill(batch, columns)
    }
}

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
    // The size of a proof does not depend on the rest of its statement.
    let inputs = PublicInputs {
        domain: Digest::ZERO,
        batch_number: 0,
        old_root: Digest::ZERO,
        new_root: Digest::ZERO,
        operations_digest: Digest::ZERO,
        num_operations: u32::try_from(slots).map_err(|_| unsupported())?,
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
    let prove = match engine {
        Engine::Stock => prove_statement_stock::<BatchStatement>,
        Engine::Simd => prove_statement::<BatchStatement>,
    };
    let proven = prove(batch, preset, options)?;
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
