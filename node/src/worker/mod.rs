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
//! | the witness is not in its object store, is damaged there, or cannot be read | gives the job back, and rests |
//! | the proof cannot be handed in: a full object store, no rights | tries again; after a few tries it gives the job back, keeps the proof, and goes on trying |
//! | more memory than there is | gives the job back, and takes no more of that size for a while |
//! | a preset that this version does not know | gives the job back, and takes no more of these |
//! | the job is over, or another worker's | gives the proof up |
//! | the prover fails, or the witness is none | fails the claim, with words that the node shows |
//!
//! Only the last counts against the job: what is wrong with a worker must not use up the attempts that others have. A worker
//! that gives a job back says why, in its log and to the node, which raises an alarm with its name, and looks at the witness:
//! one that is missing or damaged is written again. One that *rests* takes no jobs. It looks, more and more rarely, whether its object store has the witness of the job
//! that is next, and goes on when it has. A rollup whose witness is not there is passed over for a while, so that its jobs keep
//! nobody from those of other rollups.
//!
//! A worker with a key judges proofs of private operations too ([`crate::panel`]), on threads of their own, so that they do
//! not wait for a batch. Its key is the one secret whose loss counts: who has it speaks for this worker.

mod check;
mod heart;
mod job;
pub mod measure;
pub mod metrics;
mod rest;
mod stop;

use std::{
    num::NonZeroUsize,
    thread::Builder,
    time::{Duration, Instant},
};

use thiserror::Error;

pub use self::stop::Stop;
use self::{
    rest::Avoided,
    stop::{LOOK, connected},
};
use crate::{
    blob::Blobs,
    keys::PrivateKey,
    queue::{
        QueueError,
        postgres::{
            Address,
            claims::{Claims, Wish},
        },
        turn::backoff,
    },
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
                unknown: Vec::new(),
                resting: false,
                avoided: Avoided::default(),
                rests: 0,
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
    /// Presets that this version does not know.
    unknown: Vec<String>,
    /// Something keeps it from its work: no jobs are taken.
    resting: bool,
    /// Rollups whose jobs are not taken now.
    avoided: Avoided,
    /// How often it rested, or failed, since it has proven something.
    rests: u32,
    connection: Option<Claims>,
    /// That the queue cannot be reached was told.
    told: bool,
}

impl Worker<'_> {
    fn serve(&mut self) {
        let mut failures = 0;
        while !self.stop.asked() {
            let turn = if self.resting {
                self.rest()
            } else {
                self.turn()
            };
            match turn {
                Ok(()) => failures = 0,
                // whatever it is, nobody asks again
                Err(_) if self.stop.asked() => {}
                Err(error) => {
                    self.unreachable(&error);
                    failures += 1;
                    self.stop.sleep(backoff(failures));
                }
            }
        }
    }

    /// Takes a job and does it, or waits until there may be one.
    fn turn(&mut self) -> Result<(), QueueError> {
        let (lease, poll, stop) = (self.options.lease, self.options.poll, self.stop);
        let (unknown, avoided) = (self.unknown.clone(), self.avoided.rollups());
        let wish = self.wish(&unknown, &avoided);
        let claimed = self.with(Stop::asked, |queue| match queue.claim_as(&wish, lease)? {
            Some(claim) => Ok(Some(claim)),
            None => idle(poll, stop, |time| queue.wait(time)).map(|()| None),
        })?;
        metrics::reachable(true);
        if let Some(claim) = claimed {
            self.work(&claim);
        }
        Ok(())
    }

    /// The queue cannot be used: told once, until it can.
    fn unreachable(&mut self, error: &QueueError) {
        metrics::reachable(false);
        if !self.told {
            tracing::warn!(%error, "the queue cannot be used; it is asked again");
            self.told = true;
        }
    }

    /// The jobs that this worker takes.
    fn wish<'b>(&self, unknown: &'b [String], avoided: &'b [Vec<u8>]) -> Wish<'b> {
        Wish {
            unknown,
            avoided,
            ..Wish::within(self.memory())
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
