//! Proving on this machine: what a job of proving is, and what comes of it.

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use winterlane_air::presets::Preset;
use winterlane_ledger::{BatchNumber, PublicInputs, SealedBatch};
use winterlane_prover::{
    BatchError, Engine, EngineOptions, ProverError, check_memory, engine::Phase, prove_batch,
};

use super::priority::yielding_pool;
use crate::{
    store::StoreError,
    witness::{Unread, Witnesses},
};

/// How batches are proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proving {
    /// The options of the proofs.
    pub preset: Preset,
    /// Threads; by default as many as there are cores.
    pub threads: Option<std::num::NonZeroUsize>,
    /// The most bytes that a proof may take; by default what the system has.
    pub memory_limit: Option<u64>,
}

/// A batch to be proven.
#[derive(Clone, Debug)]
pub(crate) struct ProofJob {
    pub(crate) batch: BatchNumber,
    pub(crate) public_inputs: PublicInputs,
    pub(crate) witness: [u8; 32],
    /// By winterfell's own prover, after ours has failed.
    pub(crate) stock: bool,
    /// How often proving it has failed.
    pub(crate) failures: u32,
    /// Failed too often: nobody is to try again, but a proof that comes late is taken.
    pub(crate) held: bool,
}

/// What came of a job.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// As a prover or a queue says it, nobody has verified the proof; as the writer hears it, the node has.
    Proven {
        proof: Vec<u8>,
        millis: u64,
    },
    /// A proof was made, and the verifier did not take it.
    Rejected(String),
    Failed(String),
    /// What is wrong is this machine's, such as too little memory, and may pass. The queue tries again.
    Unable(String),
    /// The node is stopping.
    Cancelled,
}

/// Makes proofs. A test puts another one in its place.
pub(crate) trait Prove: Send + 'static {
    fn prove(&mut self, job: &ProofJob) -> Outcome;
}

/// The prover of this machine.
pub(crate) struct LocalProver {
    pub(crate) witnesses: Witnesses,
    pub(crate) proving: Proving,
    pub(crate) stop: Arc<AtomicBool>,
    /// Its own threads, so that a proof does not hold back the checks of signatures.
    pub(crate) pool: rayon::ThreadPool,
}

impl LocalProver {
    pub(crate) fn new(
        witnesses: Witnesses,
        proving: Proving,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let threads = proving.threads.map_or(0, std::num::NonZeroUsize::get);
        let pool = yielding_pool("proving", threads)?;
        Ok(Self {
            witnesses,
            proving,
            stop,
            pool,
        })
    }
}

impl Prove for LocalProver {
    fn prove(&mut self, job: &ProofJob) -> Outcome {
        let batch = match self.witnesses.read(job.batch, &job.witness) {
            Ok(batch) => batch,
            Err(Unread::Damaged(reason)) => return Outcome::Failed(reason),
            Err(error @ Unread::Medium { .. }) => return Outcome::Unable(error.to_string()),
        };
        if batch.public_inputs != job.public_inputs {
            return Outcome::Failed("the witness is of another batch".into());
        }
        let start = Instant::now();
        let stopped = || self.stop.load(Ordering::Relaxed);
        let proof = self.pool.install(|| {
            let Proving {
                preset,
                memory_limit,
                ..
            } = self.proving;
            prove_witness(&batch, preset, job.stock, memory_limit, &stopped)
        });
        match proof {
            Ok(proof) => Outcome::Proven {
                proof,
                millis: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            },
            Err(_) if stopped() => Outcome::Cancelled,
            Err(error @ BatchError::Engine(ProverError::Memory { .. })) => {
                Outcome::Unable(error.to_string())
            }
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

/// Bytes that proving a batch of so many slots takes at its peak, here or on another machine.
pub(crate) fn memory(slots: u32, preset: Preset) -> u64 {
    let slots = usize::try_from(slots).unwrap_or(usize::MAX);
    match check_memory(slots, preset, Some(u64::MAX)) {
        Ok(estimate) => estimate.peak,
        // this machine could not prove it
        Err(BatchError::Engine(ProverError::Memory { needed, .. })) => needed,
        Err(_) => 0,
    }
}

/// Proves what a witness shows on the threads of the present pool, unless `stopped` says so meanwhile.
///
/// Of batches alone: the functions over any statement would compile both provers again here, for the batch's AIR.
pub(crate) fn prove_witness(
    batch: &SealedBatch,
    preset: Preset,
    stock: bool,
    memory_limit: Option<u64>,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<u8>, BatchError> {
    let observer = |_: Phase, _: f64| {
        if stopped() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let engine = if stock { Engine::Stock } else { Engine::Simd };
    let mut options = EngineOptions::default().with_observer(&observer);
    options.memory_limit = memory_limit;
    Ok(prove_batch(batch, preset, engine, &options)?.proof)
}
