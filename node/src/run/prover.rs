//! Proving: the queue inside the node, one proof at a time, and the node's own verdict on each.

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender},
    },
    thread::{Builder, JoinHandle},
    time::Instant,
};

use winterlane_air::presets::Preset;
use winterlane_ledger::PublicInputs;
use winterlane_prover::{Engine, EngineOptions, engine::Phase, prove_batch};
use winterlane_verifier::{Policy, verify_batch};

use super::writer::Task;
use crate::{store::StoreError, witness::Witnesses};

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
    pub(crate) batch: u64,
    pub(crate) public_inputs: PublicInputs,
    pub(crate) witness: [u8; 32],
    /// By winterfell's own prover, after ours has failed.
    pub(crate) stock: bool,
}

/// What came of a job.
#[derive(Debug)]
pub(crate) enum Outcome {
    Proven {
        proof: Vec<u8>,
        millis: u64,
    },
    /// The proof was made, and the verifier did not take it.
    Rejected(String),
    Failed(String),
    /// The node is stopping.
    Cancelled,
}

/// Makes proofs. A test puts another one in its place.
pub(crate) trait Prove: Send + 'static {
    fn prove(&mut self, job: &ProofJob) -> Outcome;
}

/// The thread that proves what comes in `jobs`, until the channel is closed or `stop` is set.
pub(crate) fn spawn(
    mut prover: impl Prove,
    jobs: Receiver<ProofJob>,
    writer: SyncSender<Task>,
) -> Result<JoinHandle<()>, StoreError> {
    Builder::new()
        .name("prover".into())
        .spawn(move || {
            for job in jobs {
                let batch = job.batch;
                let (written, wait) = std::sync::mpsc::sync_channel(1);
                let proving = Task::Proving { batch, written };
                if writer.send(proving).is_err() || wait.recv().is_err() {
                    return;
                }
                // a panic is a failure of this proof, not of the node
                let outcome = catch_unwind(AssertUnwindSafe(|| prover.prove(&job)))
                    .unwrap_or_else(|_| Outcome::Failed("the prover panicked".into()));
                if writer.send(Task::Outcome { batch, outcome }).is_err() {
                    return;
                }
            }
        })
        .map_err(StoreError::io("prover"))
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
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| {
            StoreError::io("threads of the prover")(std::io::Error::other(error))
        })?;
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
            Err(reason) => return Outcome::Failed(reason),
        };
        if batch.public_inputs != job.public_inputs {
            return Outcome::Failed("the witness is of another batch".into());
        }
        let stop = &self.stop;
        let observer = |_: Phase, _: f64| {
            if stop.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let engine = if job.stock {
            Engine::Stock
        } else {
            Engine::Simd
        };
        let start = Instant::now();
        let proof = self.pool.install(|| {
            let mut options = EngineOptions::default().with_observer(&observer);
            options.memory_limit = self.proving.memory_limit;
            prove_batch(&batch, self.proving.preset, engine, &options)
        });
        let proof = match proof {
            Ok(proof) => proof.proof,
            Err(_) if stop.load(Ordering::Relaxed) => return Outcome::Cancelled,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        // the statement is the store's, not the prover's
        let policy = Policy::only(self.proving.preset);
        match verify_batch(&proof, &job.public_inputs, &policy) {
            Ok(_) => Outcome::Proven { proof, millis },
            Err(error) => Outcome::Rejected(error.to_string()),
        }
    }
}
