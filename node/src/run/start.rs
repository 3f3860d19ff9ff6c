//! Starting and stopping.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, channel, sync_channel},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use redb::StorageBackend;
use thiserror::Error;
use winterlane_ledger::pool::PoolPolicy;

use super::{
    Proving,
    admission::{self, Command},
    prover::{self, LocalProver, ProofJob, Prove},
    publisher, sealer,
    shared::Shared,
    verify::{self, Judge, PrivateVerifying},
    writer::{DiskReserve, StoreBase, Writer, WriterState},
};
use crate::{
    FeeSchedule, Genesis, Limits, Node, blob,
    core::{Entry, Fault, Logged, LoggedEntry, Operation, Sequencer},
    queue::{
        ProofQueue, QueueError,
        dispatch::{self, Dispatch, Wake},
        embedded::Embedded,
        postgres::observer::{self, Observer},
    },
    settlement::{Settlement, SettlementError},
    store::{FolderLock, Store, StoreError, View},
    witness::Witnesses,
};

/// What a node is started with.
pub struct NodeOptions {
    /// The folder of the store; it is made if it does not exist.
    pub folder: PathBuf,
    /// The state that the rollup begins with. A store that exists must be of the same domain.
    pub genesis: Genesis,
    /// How much is taken, and how batches are cut.
    pub limits: Limits,
    /// Which fees are taken.
    pub fees: FeeSchedule,
    /// What is asked of private operations besides.
    pub policy: PoolPolicy,
    /// How batches are proven; `None` proves nothing, for tests and for measuring the rest.
    pub proving: Option<Proving>,
    /// Where batches wait for workers on other machines; `None`: this process proves them.
    pub shared_queue: Option<SharedQueue>,
    /// Batches that may wait for their proofs before no more are sealed. Orders are taken meanwhile, up to
    /// the limit of what may be pending.
    pub max_unproven: u64,
    /// Where proven batches are published; `None` publishes nothing.
    pub settlement: Option<Box<dyn Settlement>>,
    /// Bytes of the store that are kept in memory.
    pub cache_bytes: usize,
    /// Bytes that must be left on the disk; below it the node only answers questions.
    pub disk_reserve: u64,
    /// How proofs of private operations are verified.
    pub private: PrivateVerifying,
    /// Commands that may wait before [`crate::SubmitError::Busy`] is the answer.
    pub queue: usize,
}

impl NodeOptions {
    /// A node in `folder`, with the defaults of everything else; nothing is proven or published.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, genesis: Genesis) -> Self {
        Self {
            folder: folder.into(),
            genesis,
            limits: Limits::default(),
            fees: FeeSchedule::free(),
            policy: PoolPolicy::open(),
            proving: None,
            shared_queue: None,
            max_unproven: 8,
            settlement: None,
            cache_bytes: 256 << 20,
            disk_reserve: 1 << 30,
            private: PrivateVerifying::default(),
            queue: 8192,
        }
    }
}

impl std::fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeOptions")
            .field("folder", &self.folder)
            .field("limits", &self.limits)
            .field("fees", &self.fees)
            .field("proving", &self.proving)
            .finish_non_exhaustive()
    }
}

/// A queue that other machines take jobs from.
#[derive(Clone, Debug)]
pub struct SharedQueue {
    /// The database.
    pub address: crate::queue::postgres::Address,
    /// The object store ([`crate::blob::open`]).
    pub objects: String,
    /// Which of several rollups comes first: the one with the smaller number.
    pub priority: i32,
}

/// Why a node does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be replayed.
    #[error("{0}")]
    Replay(String),
    /// A limit is out of range.
    #[error("{0}")]
    Limits(&'static str),
    /// The queue of proofs cannot be used as it was told to.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Settlement has another history than the store.
    #[error(
        "settlement has batches up to {settled}, and the store another history, or fewer batches: \
         another node published; restore a snapshot and follow settlement"
    )]
    Forked {
        /// Settlement's next batch.
        settled: u64,
    },
    /// Settlement cannot be used as it was told to.
    #[error(transparent)]
    Settlement(#[from] SettlementError),
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => Self::Store(error),
            other => Self::Replay(other.to_string()),
        }
    }
}

/// Why a node ended by itself. What was acknowledged is on the disk; start it again.
#[derive(Debug, Error)]
#[error("the node ended: {reason}")]
pub struct StopError {
    /// What happened.
    pub reason: String,
    #[source]
    source: Option<StoreError>,
}

/// The threads of a node.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
    stop: Arc<AtomicBool>,
    writer: JoinHandle<Result<(), Fault>>,
    others: Vec<JoinHandle<()>>,
    _lock: Option<FolderLock>,
}

impl Running {
    /// Asks the node to stop: orders that wait are answered, a seal that was begun is written, a proof that
    /// was begun is given up. [`Running::wait`] says when that is done.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // a node that has ended hears nothing
        let _ = self.commands.send(Command::Stop);
    }

    /// Whether the node has ended, asked or not.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.writer.is_finished()
    }

    /// Waits until the node has ended.
    ///
    /// # Errors
    /// [`StopError`] when nobody had asked it to.
    pub fn wait(self) -> Result<(), StopError> {
        let Self {
            shared,
            commands,
            stop,
            writer,
            others,
            _lock,
        } = self;
        let result = writer.join();
        // a writer that panicked has not said so, and threads wait for it
        shared.end();
        stop.store(true, Ordering::Relaxed);
        // admission listens to handles, which may live on
        let _ = commands.send(Command::Stop);
        drop(commands);
        for thread in others {
            let _ = thread.join();
        }
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Fault::Store(error))) => Err(StopError {
                reason: error.to_string(),
                source: Some(error),
            }),
            Ok(Err(fault)) => Err(StopError {
                reason: fault.to_string(),
                source: None,
            }),
            Err(_) => Err(StopError {
                reason: "a mistake in the node itself; please report it with the lines above"
                    .into(),
                source: None,
            }),
        }
    }
}

/// Makes who proves, from where the witnesses are.
type MakeProver = Box<dyn FnOnce(Witnesses) -> Box<dyn Prove>>;

/// What a test puts in the place of the real thing.
#[derive(Default)]
pub(crate) struct Stand {
    /// Where the store is, if not in the folder.
    pub(crate) backend: Option<Box<dyn StorageBackend>>,
    /// Who proves.
    pub(crate) prover: Option<MakeProver>,
    /// Who verifies proofs of private operations.
    pub(crate) judge: Option<Judge>,
}

impl Prove for Box<dyn Prove> {
    fn prove(&mut self, job: &ProofJob) -> prover::Outcome {
        (**self).prove(job)
    }
}

impl Node {
    /// Starts a node: opens the store, decides again what the log says was decided, and goes on where the
    /// process before ended.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: NodeOptions) -> Result<(Self, Running), StartError> {
        start(options, Stand::default())
    }
}

/// The channel to the writer: groups of orders and results of the other threads.
const TASKS: usize = 8;

pub(crate) fn start(options: NodeOptions, stand: Stand) -> Result<(Node, Running), StartError> {
    let NodeOptions {
        folder,
        genesis,
        limits,
        fees,
        policy,
        proving,
        shared_queue,
        max_unproven,
        settlement,
        cache_bytes,
        disk_reserve,
        private,
        queue,
    } = options;
    if !limits.slots.is_power_of_two()
        || limits.slots < 2
        || limits.slots > winterlane_ledger::MAX_OPERATIONS
    {
        return Err(StartError::Limits(
            "the slots of a batch are a power of two from 2 to 8192",
        ));
    }
    std::fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
    let lock = FolderLock::take(&folder)?;
    let started = Instant::now();
    let store = Arc::new(match stand.backend {
        Some(backend) => Store::open_on(Backend(backend), &genesis, cache_bytes)?,
        None => Store::open(&folder, &genesis, cache_bytes)?,
    });
    let mut settlement = settlement;
    if let Some(settlement) = &mut settlement {
        publisher::heed(&store, &mut **settlement)?;
    }
    let view = store.view()?;
    let witnesses = Witnesses::open(&folder)?;
    witnesses.keep_only(&view.jobs()?.into_iter().map(|(batch, _)| batch).collect())?;
    let mut sequencer = Sequencer::new(
        StoreBase(store.clone()),
        view.pool()?,
        first_sequence(&view)?,
        view.supplies()?,
        limits,
        fees.clone(),
    )
    .under(policy.clone());
    let entries = replay(&view, &mut sequencer, &genesis.domain)?;
    drop(view);
    tracing::info!(
        entries = entries.len(),
        batch = sequencer.open_batch(),
        millis = started.elapsed().as_millis(),
        "the log is replayed"
    );

    let shared = Arc::new(Shared::new(store.clone(), limits, fees, policy));
    let stop = Arc::new(AtomicBool::new(false));
    let (task_sender, tasks) = sync_channel(TASKS);
    let (commands, command_receiver) = sync_channel(queue.max(1));
    let (sealer, closed) = sync_channel(1);
    let mut others = Vec::new();
    let kept = (proving.is_some() || stand.prover.is_some()).then(|| witnesses.clone());
    others.push(sealer::spawn(
        store.clone(),
        genesis.domain,
        kept,
        closed,
        task_sender.clone(),
    )?);
    let (say, inbox) = channel();
    let wake = Wake::new(say.clone());
    let queue = match (stand.prover, proving, shared_queue) {
        (Some(make), ..) => {
            let queue = Embedded::new(make(witnesses.clone()), 0, wake, task_sender.clone())?;
            Some((Box::new(queue) as Box<dyn ProofQueue>, accept_all()))
        }
        (None, Some(proving), Some(shared)) => {
            let parts = observer::Parts {
                address: shared.address,
                blobs: blob::open(&shared.objects).map_err(QueueError::Blob)?,
                witnesses: witnesses.clone(),
                domain: genesis.domain,
                preset: proving.preset,
                priority: shared.priority,
            };
            let verdict = dispatch::verdict(proving.preset);
            let queue = Observer::new(parts, wake)?;
            Some((Box::new(queue) as Box<dyn ProofQueue>, verdict))
        }
        (None, Some(proving), None) => {
            let memory = prover::memory(limits.slots, proving.preset);
            let prover = LocalProver::new(witnesses.clone(), proving, stop.clone())?;
            let queue = Embedded::new(Box::new(prover), memory, wake, task_sender.clone())?;
            let verdict = dispatch::verdict(proving.preset);
            Some((Box::new(queue) as Box<dyn ProofQueue>, verdict))
        }
        (None, None, _) => None,
    };
    let prover = match queue {
        Some((queue, verdict)) => {
            let (writer, shared) = (task_sender.clone(), shared.clone());
            others.push(dispatch::spawn(queue, verdict, inbox, writer, shared)?);
            Some(Dispatch::new(say))
        }
        None => None,
    };
    let judge = stand
        .judge
        .unwrap_or_else(|| Arc::new(crate::private::Verifier));
    let (verifiers, threads) = verify::spawn(
        private,
        &judge,
        &store,
        &shared,
        genesis.domain,
        &task_sender,
    )?;
    shared.verify_by(verifiers);
    others.extend(threads);
    let publisher = match settlement {
        Some(settlement) => {
            let (wake, woken) = sync_channel(1);
            shared
                .obliged
                .store(settlement.obliges(), Ordering::Relaxed);
            others.push(publisher::spawn(publisher::Parts {
                shared: shared.clone(),
                store: store.clone(),
                settlement,
                wake: woken,
                writer: task_sender.clone(),
                judge: judge.clone(),
            })?);
            Some(wake)
        }
        None => None,
    };
    others.push(
        admission::spawn(command_receiver, task_sender, genesis.domain)
            .map_err(StoreError::io("admission"))?,
    );
    let mut writer = Writer {
        shared: shared.clone(),
        store: store.clone(),
        sequencer,
        tasks,
        sealer,
        prover,
        witnesses,
        publisher,
        reserve: Some(DiskReserve {
            folder,
            bytes: disk_reserve,
        }),
        max_unproven: max_unproven.max(1),
        state: WriterState::default(),
    };
    writer.replayed(&entries)?;
    let writer = Builder::new()
        .name("writer".into())
        .spawn(move || writer.run())
        .map_err(StoreError::io("writer"))?;
    let node = Node::new(shared.clone(), commands.clone());
    let running = Running {
        shared,
        commands,
        stop,
        writer,
        others,
        _lock: Some(lock),
    };
    Ok((node, running))
}

/// The verdict on the proofs of a test's prover, which are none.
fn accept_all() -> dispatch::Verdict {
    Box::new(|_, _| Ok(()))
}

/// A backend behind a pointer.
#[derive(Debug)]
struct Backend(Box<dyn StorageBackend>);

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), std::io::Error> {
        self.0.close()
    }
}

/// The number of the first entry of the log, or of the next one.
fn first_sequence(view: &View) -> Result<u64, StoreError> {
    Ok(view.first_logged()?.unwrap_or(view.head().next_sequence))
}

/// Signatures that are checked together while the log is replayed.
const REPLAYED: usize = 4096;

/// Decides again what the log says was decided; gives the entries.
fn replay(
    view: &View,
    sequencer: &mut Sequencer<StoreBase>,
    domain: &winterlane_ledger::Digest,
) -> Result<Vec<Entry>, StartError> {
    let mut logged = Vec::new();
    view.log(|sequence, bytes| {
        logged.push((sequence, LoggedEntry::from_bytes(sequence, bytes)?));
        Ok(())
    })?;
    let mut entries = Vec::with_capacity(logged.len());
    let mut logged = logged.into_iter().peekable();
    while logged.peek().is_some() {
        let chunk: Vec<_> = logged.by_ref().take(REPLAYED).collect();
        let orders = chunk
            .iter()
            .filter_map(|(_, entry)| match &entry.operation {
                Logged::Order { order, .. } => Some(order.clone()),
                Logged::Other(_) => None,
            });
        let mut checked = admission::check_logged(orders.collect(), domain).into_iter();
        for (sequence, LoggedEntry { batch, operation }) in chunk {
            let operation = match operation {
                Logged::Other(operation) => operation,
                Logged::Order { id, note, .. } => match (checked.next(), note) {
                    (Some(Ok(order)), None) => Operation::Order { id, order },
                    (Some(Ok(order)), Some(note)) => Operation::Shield { id, order, note },
                    _ => {
                        return Err(StoreError::corrupt(format!(
                            "log entry {sequence} has no valid signature"
                        ))
                        .into());
                    }
                },
            };
            let entry = Entry {
                sequence,
                batch,
                operation: Arc::new(operation),
            };
            sequencer.replay(entry.clone(), Duration::ZERO)?;
            entries.push(entry);
        }
    }
    Ok(entries)
}
