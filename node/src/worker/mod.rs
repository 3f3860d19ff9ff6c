//! A worker: a process that takes jobs from a queue, proves them, and knows nothing else.
//!
//! ```text
//!  claim ─► witness from the object store ─► prove ─► proof to the object store ─► finish
//!             └─ heartbeats, on a thread and a connection of their own ─┘
//! ```
//!
//! A worker holds no secret but its way to the queue and to the objects, and is not trusted: the node verifies what
//! it makes. It can be killed at any moment. One job is under way at a time: a proof uses all threads.
//!
//! | failure | what the worker does |
//! |---|---|
//! | PostgreSQL cannot be reached | asks again; a proof that is under way goes on, and is handed in later |
//! | the object store is full, or cannot be reached | keeps the proof and its claim, and tries again |
//! | more memory than there is | gives the job back, and takes no more of that size |
//! | the job is over, or another worker's | gives the proof up |
//! | anything else | fails the claim, with words that the node shows |
//!
//! A worker with a key judges proofs of private operations too ([`crate::panel`]), on threads of their own, so that they do
//! not wait for a batch. Its key is the one secret whose loss counts: who has it speaks for this worker.

mod check;
mod heart;
pub mod measure;
pub mod metrics;
mod stop;

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    thread::Builder,
    time::{Duration, Instant},
};

use thiserror::Error;
use winterlane_air::BatchStatement;
use winterlane_ledger::{SealedBatch, codec::decode_batch};
use winterlane_prover::{BatchError, ProverError};

pub use self::stop::Stop;
use self::{
    heart::Heart,
    metrics::Counted,
    stop::{LOOK, connected},
};
use crate::{
    blob::{BlobError, Blobs, Kind, Name},
    keys::PrivateKey,
    queue::{
        QueueError,
        postgres::{
            Address,
            claims::{Claim, Claims},
        },
    },
    run::prover::prove_witness,
};

/// What a worker is started with.
#[derive(Debug)]
pub struct WorkerOptions {
    /// The queue.
    pub queue: Address,
    /// The object store; without one no batches are proven, and the worker only verifies.
    pub objects: Option<Box<dyn Blobs>>,
    /// A name for people; processes may share one.
    pub name: String,
    /// The most bytes that a proof may take; by default what the system has.
    pub memory: Option<u64>,
    /// Threads; by default as many as there are cores.
    pub threads: Option<NonZeroUsize>,
    /// How long the queue waits for a heartbeat before the job is another's.
    pub lease: Duration,
    /// How often there is a heartbeat; less than half a lease.
    pub heartbeat: Duration,
    /// How long to wait before an empty queue is asked again, if it does not say itself that there is work.
    pub poll: Duration,
    /// How proofs of private operations are verified; `None`: by others.
    pub checking: Option<Checking>,
}

/// How a worker verifies proofs of private operations.
#[derive(Clone, Debug)]
pub struct Checking {
    /// The key that signs its verdicts: one of the node's operators' keys, with the scope `verify`.
    pub key: PrivateKey,
    /// As many are verified at once.
    pub threads: NonZeroUsize,
}

/// Why a worker does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The system gives no threads.
    #[error("threads: {0}")]
    Threads(String),
    /// The times do not fit together.
    #[error(
        "a heartbeat every {heartbeat:?} does not renew a lease of {lease:?} in time: less than half of it"
    )]
    Times {
        /// Between heartbeats.
        heartbeat: Duration,
        /// The lease.
        lease: Duration,
    },
    /// The worker would do nothing.
    #[error(
        "a worker needs an object store, to prove batches, or a key, to verify private operations"
    )]
    Idle,
    /// The system gives no randomness for the worker's name.
    #[error("the system's random number generator: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// The longest wait between two attempts at the same thing.
const LONGEST: Duration = Duration::from_secs(15);

/// How long no job is taken of a size for which there was no memory.
const LARGER: Duration = Duration::from_secs(60);

/// Runs until `stop` says so.
///
/// # Errors
/// [`WorkerError`]. A queue or an object store that cannot be reached is none: the worker waits for it.
pub fn run(options: &WorkerOptions, stop: &Stop) -> Result<(), WorkerError> {
    let WorkerOptions {
        lease, heartbeat, ..
    } = *options;
    if heartbeat.saturating_mul(2) >= lease {
        return Err(WorkerError::Times { heartbeat, lease });
    }
    if options.objects.is_none() && options.checking.is_none() {
        return Err(WorkerError::Idle);
    }
    let threads = options.threads.map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    let pool = pool.map_err(|error| WorkerError::Threads(error.to_string()))?;
    let id = format!("{}-{:016x}", options.name, u64::from_le_bytes(random));
    tracing::info!(worker = %id, queue = %options.queue.host(), "the worker starts");
    std::thread::scope(|scope| {
        if let Some(checking) = &options.checking {
            tracing::info!(worker = %id, key = %checking.key.public(), "private operations are verified");
            let id = &id;
            for number in 0..checking.threads.get() {
                let thread = Builder::new().name(format!("check {number}"));
                let check = move || check::serve(options, checking, id, stop);
                if let Err(error) = thread.spawn_scoped(scope, check) {
                    // those that there are would never end
                    stop.ask(Duration::ZERO);
                    return Err(WorkerError::Threads(error.to_string()));
                }
            }
        }
        match options.objects.as_deref() {
            Some(objects) => Worker {
                id: id.clone(),
                options,
                objects,
                stop,
                pool,
                too_large: None,
                connection: None,
                told: false,
            }
            .serve(),
            None => stop.wait(),
        }
        Ok(())
    })?;
    tracing::info!(worker = %id, "the worker has stopped");
    Ok(())
}

struct Worker<'a> {
    /// The name, and what no other process has.
    id: String,
    options: &'a WorkerOptions,
    objects: &'a dyn Blobs,
    stop: &'a Stop,
    pool: rayon::ThreadPool,
    /// A job of so many bytes was too large, at this time.
    too_large: Option<(u64, Instant)>,
    connection: Option<Claims>,
    /// That the queue cannot be reached was told.
    told: bool,
}

/// What came of an attempt.
enum Made {
    Proof {
        bytes: Vec<u8>,
        millis: u64,
    },
    Failed(String),
    /// It takes so many bytes, which are not there.
    Memory(u64),
    /// The job is over, or the worker stops.
    GivenUp,
}

impl Worker<'_> {
    fn serve(&mut self) {
        let mut failures = 0;
        while !self.stop.asked() {
            let (memory, lease, poll) = (self.memory(), self.options.lease, self.options.poll);
            let stop = self.stop;
            let claimed = self.with(Stop::asked, |queue| match queue.claim(memory, lease)? {
                Some(claim) => Ok(Some(claim)),
                None => idle(poll, stop, |time| queue.wait(time)).map(|()| None),
            });
            metrics::reachable(claimed.is_ok());
            match claimed {
                Ok(claim) => {
                    failures = 0;
                    if let Some(claim) = claim {
                        self.work(&claim);
                    }
                }
                // whatever it is, nobody asks again
                Err(_) if self.stop.asked() => {}
                Err(error) => {
                    if !self.told {
                        tracing::warn!(%error, "the queue cannot be used; it is asked again");
                        self.told = true;
                    }
                    failures += 1;
                    self.stop.sleep(backoff(failures));
                }
            }
        }
    }

    /// The most bytes of a job that is taken. What was too large a while ago may fit by now, unless there is a
    /// limit.
    fn memory(&self) -> u64 {
        let limit = self.options.memory.unwrap_or(u64::MAX);
        match self.too_large {
            Some((bytes, when)) if when.elapsed() < LARGER => limit.min(bytes.saturating_sub(1)),
            _ => limit,
        }
    }

    /// Does something with the connection; a new one, if there is none that works. A new one is waited for until `given_up`.
    fn with<T>(
        &mut self,
        given_up: fn(&Stop) -> bool,
        act: impl FnOnce(&mut Claims) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let queue = match &mut self.connection {
            Some(queue) => queue,
            None => {
                let (address, id) = (self.options.queue.clone(), self.id.clone());
                let connect = move || Claims::connect(&address, &id);
                let queue = connected(|| given_up(self.stop), connect)?;
                if self.told {
                    self.told = false;
                    tracing::info!("the queue can be used again");
                }
                self.connection.insert(queue)
            }
        };
        let result = act(queue);
        if result.is_err() {
            self.connection = None;
        }
        result
    }

    /// Does one job, to whatever end.
    fn work(&mut self, claim: &Claim) {
        let Claim {
            batch,
            attempt,
            memory,
            ..
        } = *claim;
        tracing::info!(
            batch = batch.get(),
            attempt,
            memory,
            fence = claim.fence(),
            "claimed"
        );
        metrics::busy(true);
        let heart = Heart::start(self.options, &self.id, claim);
        let made = self.attempt(claim, &heart);
        let counted = match made {
            Made::Proof { bytes, millis } => self.hand_in(claim, &heart, &bytes, millis),
            Made::Failed(reason) => {
                tracing::warn!(batch = batch.get(), %reason, "not proven");
                drop(heart);
                self.end(|queue| queue.fail(claim, &reason));
                Counted::Failed
            }
            Made::Memory(needed) => {
                tracing::warn!(
                    batch = batch.get(),
                    needed,
                    "too large for this worker: given back"
                );
                self.too_large = Some((needed.min(memory), Instant::now()));
                drop(heart);
                self.end(|queue| queue.release(claim));
                Counted::TooLarge
            }
            Made::GivenUp => {
                let over = heart.lost();
                tracing::info!(batch = batch.get(), over, "given up");
                drop(heart);
                if !over {
                    self.end(|queue| queue.release(claim));
                }
                Counted::GivenUp
            }
        };
        metrics::count(counted);
        metrics::busy(false);
    }

    fn attempt(&self, claim: &Claim, heart: &Heart) -> Made {
        let batch = match self.witness(claim, heart) {
            Ok(batch) => batch,
            Err(made) => return made,
        };
        let Some(preset) = claim.preset else {
            return Made::Failed(
                "this version does not know the preset: upgrade the worker".into(),
            );
        };
        let start = Instant::now();
        let stopped = || self.stop.now() || heart.lost();
        // a panic is a failure of this proof, not of the worker
        let proof = catch_unwind(AssertUnwindSafe(|| {
            self.pool.install(|| {
                let memory = self.options.memory;
                prove_witness::<BatchStatement>(&batch, preset, claim.stock, memory, &stopped)
            })
        }));
        let seconds = start.elapsed();
        match proof {
            Ok(Ok(bytes)) => {
                metrics::proved(seconds);
                Made::Proof {
                    bytes,
                    millis: u64::try_from(seconds.as_millis()).unwrap_or(u64::MAX),
                }
            }
            Ok(Err(_)) if stopped() => Made::GivenUp,
            Ok(Err(BatchError::Engine(ProverError::Memory { needed, .. }))) => Made::Memory(needed),
            Ok(Err(error)) => Made::Failed(error.to_string()),
            Err(_) => Made::Failed("the prover panicked".into()),
        }
    }

    /// The witness of a job, if it is the one that the job is about.
    fn witness(&self, claim: &Claim, heart: &Heart) -> Result<SealedBatch, Made> {
        let name = name(claim, Kind::Witness, claim.witness);
        let bytes = match self.persist(heart, || self.objects.get(&name)) {
            Some(Ok(Some(bytes))) => bytes,
            Some(Ok(None)) => {
                let reason =
                    "the witness is not in the object store; do node and worker use the same one?";
                return Err(Made::Failed(reason.into()));
            }
            Some(Err(error)) => return Err(Made::Failed(error.to_string())),
            None => return Err(Made::GivenUp),
        };
        let batch = decode_batch(&bytes);
        let batch = batch.map_err(|error| Made::Failed(format!("the witness: {error}")))?;
        if claim.statement != Some(batch.public_inputs) {
            let reason = "the witness is of another batch than the job";
            return Err(Made::Failed(reason.into()));
        }
        Ok(batch)
    }

    /// Tries again until it works, or nobody needs it; damage is not mended by that.
    fn persist<T>(
        &self,
        heart: &Heart,
        act: impl Fn() -> Result<T, BlobError>,
    ) -> Option<Result<T, BlobError>> {
        let mut failures = 0;
        loop {
            match act() {
                Err(error) if error.is_of_the_object() => return Some(Err(error)),
                Err(error) => {
                    failures += 1;
                    metrics::object_store_failed();
                    if failures == 1 {
                        tracing::warn!(%error, "the object store cannot be used; it is asked again");
                    }
                    self.stop.sleep(backoff(failures));
                    if self.stop.now() || heart.lost() {
                        return None;
                    }
                }
                done => return Some(done),
            }
        }
    }

    /// Hands a proof in. Any valid one is taken, also when the claim has been lost meanwhile.
    fn hand_in(&mut self, claim: &Claim, heart: &Heart, proof: &[u8], millis: u64) -> Counted {
        let hash = *blake3::hash(proof).as_bytes();
        let name = name(claim, Kind::Proof, hash);
        let batch = claim.batch;
        if !matches!(
            self.persist(heart, || self.objects.put(&name, proof)),
            Some(Ok(()))
        ) {
            tracing::warn!(batch = batch.get(), "proven, and not handed in");
            if !heart.lost() {
                self.end(|queue| queue.release(claim));
            }
            return Counted::GivenUp;
        }
        let needed = self.end(|queue| queue.finish(claim, &hash, millis));
        if needed == Some(false) {
            // the node has another; this one nobody will ask for
            let _ = self.objects.remove(&name);
            tracing::info!(batch = batch.get(), "proven, and no longer needed");
            return Counted::Late;
        }
        tracing::info!(batch = batch.get(), millis, bytes = proof.len(), "proven");
        Counted::Proven
    }

    /// Ends a claim, however long it takes to reach the queue, unless the worker is to stop at once. The lease
    /// ends what this cannot.
    fn end(
        &mut self,
        mut act: impl FnMut(&mut Claims) -> Result<bool, QueueError>,
    ) -> Option<bool> {
        let mut failures = 0;
        loop {
            match self.with(Stop::now, &mut act) {
                Ok(ended) => return Some(ended),
                Err(error) => {
                    failures += 1;
                    metrics::reachable(false);
                    if !self.told {
                        tracing::warn!(%error, "the queue cannot be used; it is asked again");
                        self.told = true;
                    }
                    if self.stop.now() {
                        return None;
                    }
                    self.stop.sleep(backoff(failures));
                }
            }
        }
    }
}

fn name(claim: &Claim, kind: Kind, hash: [u8; 32]) -> Name {
    Name {
        rollup: claim.rollup,
        batch: claim.batch,
        kind,
        hash,
    }
}

/// Waits for news by `wait`, which says whether there was any, for so long at most, and until the worker is asked to stop.
fn idle(
    poll: Duration,
    stop: &Stop,
    mut wait: impl FnMut(Duration) -> Result<bool, QueueError>,
) -> Result<(), QueueError> {
    let until = Instant::now() + poll;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stop.asked() || wait(left.min(LOOK))? {
            return Ok(());
        }
    }
}

/// Longer and longer, up to [`LONGEST`].
fn backoff(failures: u32) -> Duration {
    let wait = Duration::from_millis(100).saturating_mul(1 << failures.min(10));
    wait.min(LONGEST)
}
