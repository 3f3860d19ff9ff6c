//! The writer: the one thread that decides and writes.
//!
//! In a turn it decides on everything that waits, writes the decisions to the log in one commit, and only
//! then answers. While a commit is under way the next orders gather, so that a slow disk makes larger commits
//! and not a longer queue.
//!
//! | module | what it holds |
//! |---|---|
//! | `decide` | orders, private operations, deposits, what operators ask for |
//! | `proofs` | jobs of proving, and what comes of them |

mod decide;
mod proofs;
#[cfg(test)]
mod tests;

pub(crate) use proofs::FAILURES;

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError},
    },
    time::{Duration, Instant},
};

use winterlane_ledger::{AccountId, BatchNumber, state::ReadState};

use super::{
    admission::{Admin, Answer, Candidate, GROUP},
    ahead,
    prover::Outcome,
    sealer::{AT_ONCE, Sealed},
    shared::Shared,
    verify::PrivateCandidate,
};
use crate::{
    Alarm, Event, Receipt, SubmitError,
    core::{ClosedBatch, Entry, Fault, Sequencer},
    fault,
    queue::dispatch::Dispatch,
    settlement::SettlementError,
    store::{Job, Store, StoreError},
    witness::Witnesses,
};

/// What comes to the writer.
#[derive(Debug)]
pub(crate) enum Task {
    Candidates(Vec<Candidate>),
    /// A private operation whose proof was verified.
    Private(Box<PrivateCandidate>),
    Admin(Admin),
    Sealed(Box<Sealed>),
    /// A batch is about to be proven; the prover waits until that is written.
    Proving {
        batch: BatchNumber,
        written: SyncSender<()>,
    },
    Outcome {
        batch: BatchNumber,
        outcome: Outcome,
    },
    Published {
        batch: BatchNumber,
        written: SyncSender<()>,
    },
    Unpublished {
        batch: BatchNumber,
        reason: SettlementError,
    },
    /// Settlement has said for how many batches forced orders must be valid.
    Heard {
        lifetime: u64,
    },
    /// Another thread cannot go on.
    Failed(StoreError),
    /// Another thread has ended by a mistake in the program.
    Panicked {
        thread: &'static str,
    },
    Stop,
}

/// How often the free space of the disk is looked at.
const DISK_CHECK: Duration = Duration::from_secs(1);

/// The state of an account that decisions are tried on.
pub(crate) struct StoreBase(pub(crate) Arc<Store>);

impl crate::core::Base for StoreBase {
    fn account(&self, id: AccountId) -> Result<Option<winterlane_ledger::Account>, StoreError> {
        self.0.view()?.account(id)
    }
}

/// How the disk is looked after.
#[derive(Clone, Debug)]
pub(crate) struct DiskReserve {
    pub(crate) folder: PathBuf,
    /// Bytes that must be left; below it no orders are taken.
    pub(crate) bytes: u64,
}

/// The writer's part of the node.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Arc<Store>,
    pub(crate) sequencer: Sequencer<StoreBase>,
    pub(crate) tasks: Receiver<Task>,
    pub(crate) sealer: SyncSender<ClosedBatch>,
    /// The way to the queue of proofs; nothing is proven without one.
    pub(crate) prover: Option<Dispatch>,
    pub(crate) witnesses: Witnesses,
    pub(crate) publisher: Option<SyncSender<()>>,
    pub(crate) reserve: Option<DiskReserve>,
    /// Batches that may wait for their proof before no more are sealed.
    pub(crate) max_unproven: u64,
    pub(crate) state: WriterState,
}

/// What the writer knows besides.
#[derive(Debug, Default)]
pub(crate) struct WriterState {
    /// The batches that the sealer has, the oldest first.
    sealing: VecDeque<ClosedBatch>,
    unproven: BTreeMap<BatchNumber, Job>,
    /// The batch that is being proven in this process.
    proving: Option<BatchNumber>,
    pub(crate) paused: bool,
    /// Settlement has ended the rollup.
    pub(crate) ended: bool,
    read_only: bool,
    stopping: bool,
    /// The first batch that settlement does not have.
    next_publish: BatchNumber,
    /// An alarm about settlement was raised for this batch, and whether it was one that passes.
    unpublished: Option<(BatchNumber, bool)>,
    last_disk_check: Option<Instant>,
}

/// Answers that wait for the commit.
type Answers = VecDeque<(
    Answer<Result<Receipt, SubmitError>>,
    Result<Receipt, SubmitError>,
)>;

impl Writer {
    /// Runs until somebody says stop, or something fails for good.
    pub(crate) fn run(mut self) -> Result<(), Fault> {
        let result = self.serve();
        self.shared.end();
        if let Err(error) = &result {
            tracing::error!(%error, "the node ends");
        }
        result
    }

    fn serve(&mut self) -> Result<(), Fault> {
        self.shared.live().open_batch = self.sequencer.open_batch();
        self.state.next_publish = self.store.view()?.head().next_publish;
        self.queue_jobs()?;
        self.wake_publisher();
        self.check_disk();
        self.refresh(&[])?;
        loop {
            self.start_sealing();
            if self.state.stopping && self.state.sealing.is_empty() {
                return self.give_up_proof();
            }
            let mut answers = Answers::new();
            let mut taken = 0;
            match self.tasks.recv_timeout(self.patience()) {
                Ok(task) => taken += self.act(task, &mut answers)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.state.stopping = true,
            }
            while taken < GROUP {
                match self.tasks.try_recv() {
                    Ok(task) => taken += self.act(task, &mut answers)?,
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            if !self.fills_up() {
                self.sequencer.tick(self.now())?;
            }
            self.commit(answers)?;
            self.check_disk();
        }
    }

    /// Since the process started.
    fn now(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// How long to wait for a task.
    fn patience(&self) -> Duration {
        let deadline = self.sequencer.deadline().filter(|_| !self.fills_up());
        let left = deadline.map(|deadline| deadline.saturating_sub(self.now()));
        left.unwrap_or(DISK_CHECK).min(DISK_CHECK)
    }

    /// Batches that are decided and that settlement does not have.
    fn ahead(&self) -> u64 {
        let open = self.sequencer.open_batch();
        open.since(self.state.next_publish).unwrap_or(0)
    }

    /// Whether a batch is closed when it is full, and not for its age: too many are not settled.
    fn fills_up(&self) -> bool {
        self.ahead() > self.shared.most_ahead().orders / 2
    }

    /// Whether so many batches are not settled that no more orders are taken.
    fn too_far_ahead(&self) -> bool {
        self.ahead() >= self.shared.most_ahead().orders
    }

    /// Does one task; says how many orders it had.
    fn act(&mut self, task: Task, answers: &mut Answers) -> Result<usize, Fault> {
        match task {
            Task::Candidates(candidates) => {
                let taken = candidates.len();
                self.decide(candidates, answers)?;
                return Ok(taken);
            }
            Task::Private(candidate) => {
                self.decide_private(*candidate, answers)?;
                return Ok(1);
            }
            Task::Admin(admin) => self.administer(admin, answers)?,
            Task::Sealed(sealed) => self.write_seal(*sealed)?,
            Task::Proving { batch, written } => {
                self.store.change_job(batch, |job| job.begun = true)?;
                self.state.proving = Some(batch);
                fault::point("proof-begun");
                let _ = written.send(());
            }
            Task::Outcome { batch, outcome } => self.conclude(batch, outcome)?,
            Task::Published { batch, written } => {
                let next = batch.saturating_add(1);
                self.store.published(next)?;
                fault::point("publishing-noted");
                self.state.next_publish = self.state.next_publish.max(next);
                self.state.unpublished = None;
                self.shared.tell(Event::Published { batch });
                let _ = written.send(());
            }
            Task::Unpublished { batch, reason } => {
                if !reason.passes() {
                    self.shared.unsettled.fetch_add(1, Ordering::Relaxed);
                }
                // told once, and asked again in silence; a refusal is told though silence was told before
                let told = Some((batch, reason.passes()));
                let before = self.state.unpublished;
                if before != told && before != Some((batch, false)) {
                    self.state.unpublished = told;
                    let reason = reason.to_string();
                    self.shared
                        .tell(Event::Alarm(Alarm::Settlement { batch, reason }));
                }
            }
            Task::Heard { lifetime } => {
                // kept before anybody goes by it: a process after this one goes as far
                self.store.hear(|heard| heard.lifetime = Some(lifetime))?;
                self.shared.set_most_ahead(ahead::by(Some(lifetime)));
            }
            Task::Failed(error) => return Err(error.into()),
            Task::Panicked { thread } => return Err(Fault::Thread { thread }),
            Task::Stop => self.state.stopping = true,
        }
        Ok(0)
    }

    /// Writes the decisions to the log, shows them, and gives the answers.
    fn commit(&mut self, answers: Answers) -> Result<(), Fault> {
        let decisions = self.sequencer.take_decisions();
        if !decisions.is_empty() {
            fault::point("decided");
            self.store.append(&decisions)?;
            fault::point("logged");
        }
        self.refresh(&decisions)?;
        let (mut accepted, mut refused) = (0u32, 0u64);
        for (answer, result) in answers {
            match &result {
                Ok(receipt) if !receipt.known => accepted += 1,
                Ok(_) => {}
                Err(_) => refused += 1,
            }
            let _ = answer.send(result);
        }
        self.shared
            .accepted
            .fetch_add(accepted.into(), Ordering::Relaxed);
        self.shared.refused.fetch_add(refused, Ordering::Relaxed);
        if accepted > 0 {
            self.shared.tell(Event::Accepted {
                orders: accepted,
                next_sequence: self.sequencer.next_sequence(),
            });
        }
        for alarm in self.sequencer.take_alarms() {
            self.shared.tell(Event::Alarm(alarm));
        }
        Ok(())
    }

    /// Shows decisions that are durable.
    fn refresh(&mut self, decisions: &[Entry]) -> Result<(), Fault> {
        let mut changed = BTreeMap::new();
        for entry in decisions {
            for id in entry.operation.accounts().into_iter().flatten() {
                changed.insert(id, entry.batch);
            }
        }
        let mut accounts = Vec::with_capacity(changed.len());
        for (id, batch) in changed {
            if let Some(account) = self.sequencer.account(id)? {
                accounts.push((id, (batch, account)));
            }
        }
        let too_far_ahead = self.too_far_ahead();
        let mut live = self.shared.live();
        live.add(decisions);
        live.accounts.extend(accounts);
        live.open_batch = self.sequencer.open_batch();
        live.open_operations = self.sequencer.open_operations();
        live.paused = self.state.paused;
        live.read_only = self.state.read_only;
        live.too_far_ahead = too_far_ahead;
        Ok(())
    }

    /// Shows what was pending when the process ended.
    pub(crate) fn replayed(&mut self, entries: &[Entry]) -> Result<(), Fault> {
        self.refresh(entries)
    }

    /// Gives closed batches to the sealer, the oldest first, if it has not enough and proofs are not too far behind.
    fn start_sealing(&mut self) {
        let waiting = self.state.unproven.values().filter(|job| !job.held).count();
        let quiet = self.shared.quiet.load(Ordering::Relaxed);
        if self.state.stopping || quiet {
            return;
        }
        while self.state.sealing.len() < AT_ONCE {
            // those that are being sealed will wait for their proofs; jobs of a time when there was a prover hold
            // nothing back
            let unproven = (waiting + self.state.sealing.len()) as u64;
            if self.prover.is_some() && unproven >= self.max_unproven {
                return;
            }
            let Some(closed) = self.sequencer.to_seal(self.state.sealing.len()) else {
                return;
            };
            let closed = closed.clone();
            self.state.sealing.push_back(closed.clone());
            // a sealer that is gone has said why
            let _ = self.sealer.send(closed);
        }
    }

    fn write_seal(&mut self, sealed: Sealed) -> Result<(), Fault> {
        let Sealed { commit, written } = sealed;
        fault::point("before-seal");
        let batch = commit.public_inputs.batch_number;
        // before anybody can see the batch: without an age it would have that of the machine's clock
        self.shared.live().ages.insert(batch, Duration::ZERO);
        self.store.seal(&commit)?;
        fault::point("seal-written");
        if let Some(closed) = self.state.sealing.pop_front() {
            self.sequencer.sealed();
            self.shared.live().remove(&closed.entries, batch);
        }
        if let Some(witness) = commit.witness {
            let job = Job {
                witness,
                failures: 0,
                held: false,
                begun: false,
                reason: String::new(),
            };
            self.state.unproven.insert(batch, job);
            self.queue(batch)?;
        }
        let _ = written.send(());
        self.shared.tell(Event::Sealed {
            batch,
            operations: commit.operations.len() as u32,
            root: commit.public_inputs.new_root,
        });
        Ok(())
    }

    fn wake_publisher(&self) {
        if let Some(publisher) = &self.publisher {
            // one that is awake looks at everything there is before it sleeps
            let _ = publisher.try_send(());
        }
    }

    /// Takes no orders while the disk is nearly full.
    fn check_disk(&mut self) {
        let Some(reserve) = &self.reserve else {
            return;
        };
        let due = self.state.last_disk_check;
        if due.is_some_and(|last| last.elapsed() < DISK_CHECK) {
            return;
        }
        self.state.last_disk_check = Some(Instant::now());
        let free = crate::disk::free_bytes(&reserve.folder);
        let read_only = free.is_some_and(|free| free < reserve.bytes);
        let mut live = self.shared.live();
        live.disk_free = free;
        live.read_only = read_only;
        drop(live);
        if read_only != self.state.read_only {
            self.state.read_only = read_only;
            self.shared.tell(Event::ReadOnly { read_only });
        }
    }
}
