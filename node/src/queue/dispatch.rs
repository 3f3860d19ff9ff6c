//! The node's side of a queue: offers jobs, verifies what comes back, and tells the writer.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::ControlFlow,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use metrics::{counter, gauge};
use winterlane_air::presets::Preset;
use winterlane_ledger::{BatchNumber, PublicInputs};
use winterlane_settlement::calm;
use winterlane_verifier::{Policy, verify_batch};

use super::{
    Depth, ProofQueue, QueueError, Report,
    turn::{Stop, backoff, hear},
};
use crate::{
    Alarm, Event,
    run::{
        prover::{Outcome, ProofJob},
        shared::Shared,
        threads,
        writer::Task,
    },
};

/// How long to wait for a message before the queue is asked anyway.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long a worker that complains is not told of again.
const REMIND: Duration = Duration::from_secs(3600);
/// Most workers that are told of in that time: whoever may write to the queue can make up names.
const COMPLAINERS: usize = 16;
/// What the reason of an alarm begins with, when proofs that were made cannot be read: told of as one.
const UNREAD: &str = "a proof that a worker made cannot be read";
/// How often the depth of the queue is measured.
const MEASURE: Duration = Duration::from_secs(5);

/// What the dispatcher hears.
#[derive(Debug)]
pub(crate) enum Message {
    /// A batch is to be proven, or what is known of it has changed.
    Prove(Box<ProofJob>),
    /// The store has a proof of the batch.
    Over(BatchNumber),
    /// Every batch without a proof was told.
    Ready,
    /// The queue has something to say.
    Wake,
    /// The writer has ended.
    End,
}

/// The writer's end of the channel. When it is dropped, the dispatcher ends.
#[derive(Debug)]
pub(crate) struct Dispatch(Sender<Message>);

impl Dispatch {
    /// To the dispatcher that listens to the other end.
    pub(crate) const fn new(sender: Sender<Message>) -> Self {
        Self(sender)
    }

    // A dispatcher that is gone is stopping with the node: what it does not hear is in the store.

    /// The batch is to be proven; or, if it is held, a proof that comes late is taken.
    pub(crate) fn prove(&self, job: ProofJob) {
        let _ = self.0.send(Message::Prove(Box::new(job)));
    }

    /// The store has a proof of the batch.
    pub(crate) fn over(&self, batch: BatchNumber) {
        let _ = self.0.send(Message::Over(batch));
    }

    /// Every batch without a proof was told: what the queue has besides is over.
    pub(crate) fn ready(&self) {
        let _ = self.0.send(Message::Ready);
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        let _ = self.0.send(Message::End);
    }
}

/// Wakes the dispatcher.
#[derive(Clone, Debug)]
pub(crate) struct Wake(Sender<Message>);

impl Wake {
    /// Of the dispatcher that listens to the other end.
    pub(crate) const fn new(sender: Sender<Message>) -> Self {
        Self(sender)
    }

    pub(crate) fn wake(&self) {
        let _ = self.0.send(Message::Wake);
    }
}

/// Whether a proof is one of these public inputs; if not, why.
pub(crate) type Verdict = Box<dyn Fn(&PublicInputs, &[u8]) -> Result<(), String> + Send>;

/// The verdict of the node's own verifier. The statement is the store's, not the prover's.
pub(crate) fn verdict(preset: Preset) -> Verdict {
    let policy = Policy::only(preset);
    Box::new(move |inputs, proof| {
        let verdict = calm(|| Ok(verify_batch(proof, inputs, &policy).map(drop)?));
        verdict.map_err(|error| error.to_string())
    })
}

/// The thread that dispatches, until [`Dispatch`] is dropped.
pub(crate) fn spawn(
    queue: Box<dyn ProofQueue>,
    verdict: Verdict,
    inbox: Receiver<Message>,
    writer: SyncSender<Task>,
    shared: Arc<Shared>,
) -> Result<JoinHandle<()>, QueueError> {
    let mut dispatcher = Dispatcher {
        queue,
        verdict,
        writer,
        shared,
        wanted: BTreeMap::new(),
        over: BTreeSet::new(),
        ready: false,
        trouble: false,
        refusals: 0,
        resume: None,
        complained: BTreeMap::new(),
        reports: VecDeque::new(),
        measured: None,
        sizes: BTreeSet::new(),
    };
    threads::spawn("dispatcher", dispatcher.writer.clone(), move || {
        dispatcher.run(&inbox);
    })
    .map_err(QueueError::Thread)
}

/// A batch that has no proof in the store.
struct Wanted {
    job: ProofJob,
    /// The queue has it as it is now.
    offered: bool,
    /// A proof was verified, and the writer has it.
    proven: bool,
}

struct Dispatcher {
    queue: Box<dyn ProofQueue>,
    verdict: Verdict,
    writer: SyncSender<Task>,
    shared: Arc<Shared>,
    wanted: BTreeMap<BatchNumber, Wanted>,
    /// Batches to be closed in the queue.
    over: BTreeSet<BatchNumber>,
    /// What the queue has told, and tells once: what was not looked at when it went away is looked at later.
    reports: VecDeque<(BatchNumber, Report)>,
    ready: bool,
    /// An alarm was raised, and the queue has not worked since.
    trouble: bool,
    /// Times in a row that the object store took no witness.
    refusals: u32,
    /// Nothing is offered before: it took none the last time.
    resume: Option<Instant>,
    /// Who was told of for a trouble of their own, and when.
    complained: BTreeMap<String, Instant>,
    measured: Option<Instant>,
    /// Sizes that gauges were shown for.
    sizes: BTreeSet<u64>,
}

impl Dispatcher {
    fn run(&mut self, inbox: &Receiver<Message>) {
        while hear(inbox, PATIENCE, |message| self.hear(message)).is_continue() {
            match self.turn() {
                // a turn that offered nothing says nothing of the object store
                Ok(()) if self.trouble && self.resume.is_none() => {
                    self.trouble = false;
                    tracing::info!("the queue of proofs works again");
                }
                Ok(()) => {}
                Err(Stop::Queue(error)) => self.raise(&error),
                Err(Stop::Gone) => return,
            }
        }
    }

    fn hear(&mut self, message: Message) -> ControlFlow<()> {
        match message {
            Message::Prove(job) => {
                let batch = job.batch;
                // a proof that the writer has stays on its way
                let proven = self.wanted.get(&batch).is_some_and(|known| known.proven);
                let wanted = Wanted {
                    offered: job.held,
                    job: *job,
                    proven,
                };
                self.wanted.insert(batch, wanted);
            }
            Message::Over(batch) => {
                self.wanted.remove(&batch);
                self.over.insert(batch);
            }
            Message::Ready => self.ready = true,
            Message::Wake => {}
            Message::End => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn turn(&mut self) -> Result<(), Stop> {
        while let Some(batch) = self.over.first().copied() {
            self.queue.close(batch)?;
            self.over.remove(&batch);
            // its objects are removed: there may be room now
            self.resume = self.resume.map(|_| Instant::now());
        }
        let untaken = self.offer()?;
        if self.ready {
            self.judge_all()?;
        }
        untaken.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Offers what the queue does not have. What keeps one batch from being offered is said afterwards, and tried again in the
    /// next turn: meanwhile what was proven of the others is judged. Else an object store that is full would stay so, since
    /// objects are removed when their batches are proven. A store that took no witness is left alone for longer and longer: each
    /// attempt may send it a whole one.
    fn offer(&mut self) -> Result<Option<QueueError>, QueueError> {
        if self.resume.is_some_and(|resume| Instant::now() < resume) {
            return Ok(None);
        }
        let mut untaken = None;
        for wanted in self.wanted.values_mut() {
            if wanted.offered || wanted.proven {
                continue;
            }
            match self.queue.offer(&wanted.job) {
                Ok(()) => {
                    wanted.offered = true;
                    self.refusals = 0;
                }
                // of this batch alone
                Err(error @ QueueError::Witness { .. }) => untaken = untaken.or(Some(error)),
                // The next one would most likely fail as well, and may take a connection's time for it. Nothing after this batch
                // is settled before it.
                Err(error @ QueueError::Blob(_)) => {
                    self.refusals = self.refusals.saturating_add(1);
                    self.resume = Instant::now().checked_add(backoff(self.refusals));
                    return Ok(untaken.or(Some(error)));
                }
                Err(error) => return Err(error),
            }
        }
        // whatever was to be offered is there, or is over
        self.resume = None;
        Ok(untaken)
    }

    /// Judges what the queue has to say.
    fn judge_all(&mut self) -> Result<(), Stop> {
        if self.reports.is_empty() {
            self.reports = self.queue.reports()?.into();
        }
        while let Some((batch, report)) = self.reports.pop_front() {
            self.judge(batch, report)?;
        }
        if self.measured.is_none_or(|last| last.elapsed() > MEASURE) {
            let depths = self.queue.depth()?;
            show(&depths, &mut self.sizes);
            self.measured = Some(Instant::now());
        }
        Ok(())
    }

    fn judge(&mut self, batch: BatchNumber, report: Report) -> Result<(), Stop> {
        let Some(wanted) = self.wanted.get_mut(&batch) else {
            // left by a process before this one, after its proof was stored
            self.over.insert(batch);
            return Ok(());
        };
        if wanted.proven {
            return Ok(());
        }
        let outcome = match report {
            Report::Lost => {
                wanted.offered = wanted.job.held;
                return Ok(());
            }
            Report::Trouble(reason) => {
                wanted.offered = wanted.job.held;
                self.complain(reason);
                return Ok(());
            }
            Report::Unread(reason) => {
                self.complain(format!("{UNREAD}: {reason}"));
                return Ok(());
            }
            Report::Outcome(Outcome::Proven { proof, millis }) => {
                match (self.verdict)(&wanted.job.public_inputs, &proof) {
                    Ok(()) => {
                        wanted.proven = true;
                        Outcome::Proven { proof, millis }
                    }
                    Err(reason) => {
                        counter!("winterlane_queue_refused_total").increment(1);
                        // before anybody hears of it: else it would be counted again
                        self.queue.refuse(batch, &proof)?;
                        Outcome::Rejected(reason)
                    }
                }
            }
            Report::Outcome(outcome) => outcome,
        };
        let task = Task::Outcome { batch, outcome };
        self.writer.send(task).map_err(|_| Stop::Gone)
    }

    /// Tells of whoever cannot do a job for a reason of their own, and of proofs that cannot be read: each once in a while.
    fn complain(&mut self, reason: String) {
        self.complained.retain(|_, when| when.elapsed() < REMIND);
        // who it is comes first; what is wrong may name the batch
        let who = reason.split_once(": ").map_or("", |(who, _)| who);
        if self.complained.contains_key(who) || self.complained.len() >= COMPLAINERS {
            tracing::warn!(%reason, "the queue has trouble");
            return;
        }
        self.complained.insert(who.to_owned(), Instant::now());
        self.shared.tell(Event::Alarm(Alarm::Queue { reason }));
    }

    /// Tells that the queue does not work: once, until it works again.
    fn raise(&mut self, error: &QueueError) {
        if self.trouble {
            tracing::debug!(%error, "the queue of proofs still fails");
            return;
        }
        self.trouble = true;
        let reason = error.to_string();
        self.shared.tell(Event::Alarm(Alarm::Queue { reason }));
    }
}

/// Shows how much waits, by size. A size that nothing waits for any more is shown as none.
#[allow(clippy::cast_precision_loss, reason = "gauges are for people")]
fn show(depths: &[Depth], sizes: &mut BTreeSet<u64>) {
    let mut oldest = 0f64;
    let gone = sizes.iter().copied();
    let gone = gone.filter(|size| depths.iter().all(|depth| depth.memory != *size));
    let gone: Vec<_> = gone.map(Depth::none).collect();
    sizes.extend(depths.iter().map(|depth| depth.memory));
    for depth in depths.iter().chain(&gone) {
        let size = (depth.memory >> 20).to_string();
        for (state, count) in [
            ("pending", depth.pending),
            ("claimed", depth.claimed),
            ("proven", depth.proven),
            ("exhausted", depth.exhausted),
        ] {
            gauge!("winterlane_queue_jobs", "state" => state, "memory_mib" => size.clone())
                .set(count as f64);
        }
        oldest = oldest.max(depth.oldest_seconds);
    }
    gauge!("winterlane_queue_oldest_seconds").set(oldest);
}

#[cfg(test)]
mod tests;
