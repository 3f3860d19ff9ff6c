//! The threads of a panel: one asks workers and counts their verdicts, one verifies what comes back to the node.

use std::{
    num::NonZeroU32,
    ops::ControlFlow,
    sync::{
        Arc, Weak,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use winterlane_ledger::Domain;

use super::{
    Doubt, FalseVerdict, PanelQueue, PanelSettings, Verdict,
    counts::{Counts, one},
    policy,
    table::{Heard, Open, Table, Terms},
};
use crate::{
    Alarm, Event,
    private::{PrivateRefusal, Verified},
    queue::{
        QueueError,
        turn::{Stop, hear},
    },
    run::{
        shared::Shared,
        threads,
        verify::{Judge, PrivateSubmission, decided},
        writer::Task,
    },
    store::StoreError,
};

/// How often it is asked who is present.
const REFRESH: Duration = Duration::from_secs(1);
/// How long the chair waits for a message before the queue is asked anyway.
const PAUSE: Duration = Duration::from_millis(250);
/// How long the node's own thread waits before it looks for cases whose time is over.
const LOOK: Duration = Duration::from_millis(100);

/// What the chair hears.
#[derive(Debug)]
pub(crate) enum Message {
    /// A case was opened, or an answer is there.
    Wake,
    /// Nobody opens cases any more.
    End,
}

/// The way to a panel. When the last handle is dropped, its threads end.
#[derive(Clone, Debug)]
pub(crate) struct Panel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    table: Arc<Table>,
    doubt: Arc<Doubt>,
    terms: Terms,
    say: Sender<Message>,
}

impl Panel {
    /// Gives an operation, which everything is in order with but for its proof, to two workers. It comes back when there are
    /// no two, or when workers are not believed.
    pub(crate) fn ask(
        &self,
        submission: Box<PrivateSubmission>,
    ) -> Result<(), Box<PrivateSubmission>> {
        let Inner {
            table,
            doubt,
            terms,
            say,
        } = &*self.0;
        if doubt.any() {
            return Err(submission);
        }
        table.open(submission, terms)?;
        // a chair that is gone asks nobody; the node's own thread takes the case after its time
        let _ = say.send(Message::Wake);
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.say.send(Message::End);
    }
}

/// What a panel is made of.
pub(crate) struct Parts {
    pub(crate) settings: PanelSettings,
    pub(crate) domain: Domain,
    pub(crate) judge: Judge,
    pub(crate) doubt: Arc<Doubt>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) shared: Weak<Shared>,
    pub(crate) writer: SyncSender<Task>,
}

/// Begins a panel. `queue` is given the way to wake it.
pub(crate) fn spawn(
    parts: Parts,
    queue: impl FnOnce(Sender<Message>) -> Result<Box<dyn PanelQueue>, QueueError>,
) -> Result<(Panel, [JoinHandle<()>; 2]), QueueError> {
    let (say, inbox) = channel();
    let (back, returned) = channel();
    let queue = queue(say.clone())?;
    let table = Arc::new(Table::default());
    let terms = Terms {
        rollup: parts.domain.to_bytes(),
        policy: policy(),
        patience: parts.settings.patience,
    };
    let panel = Panel(Arc::new(Inner {
        table: Arc::clone(&table),
        doubt: Arc::clone(&parts.doubt),
        terms,
        say,
    }));
    let mut chair = Chair {
        queue,
        sample: parts.settings.sample,
        table: Arc::clone(&table),
        counts: Arc::clone(&parts.counts),
        doubt: Arc::clone(&parts.doubt),
        shared: parts.shared.clone(),
        writer: parts.writer.clone(),
        back,
        refreshed: None,
        trouble: false,
    };
    let writer = parts.writer.clone();
    let own = Own { parts, table };
    let start = |name, run: Box<dyn FnOnce() + Send>| {
        threads::spawn(name, writer.clone(), run).map_err(QueueError::Thread)
    };
    let chair = start("panel", Box::new(move || chair.run(&inbox)))?;
    let own = start("panel's node", Box::new(move || own.run(&returned)))?;
    Ok((panel, [chair, own]))
}

/// Why a case comes back to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Sampled,
    Disagreed,
    Overdue,
}

struct Chair {
    queue: Box<dyn PanelQueue>,
    sample: NonZeroU32,
    table: Arc<Table>,
    counts: Arc<Counts>,
    doubt: Arc<Doubt>,
    shared: Weak<Shared>,
    writer: SyncSender<Task>,
    back: Sender<(Why, Box<Open>)>,
    refreshed: Option<Instant>,
    /// The queue has failed, and not worked since.
    trouble: bool,
}

impl Chair {
    fn run(&mut self, inbox: &Receiver<Message>) {
        let heard = |message| match message {
            Message::Wake => ControlFlow::Continue(()),
            Message::End => ControlFlow::Break(()),
        };
        while hear(inbox, PAUSE, heard).is_continue() {
            match self.turn() {
                Ok(()) => {}
                Err(Stop::Queue(error)) => {
                    if self.trouble {
                        tracing::debug!(%error, "no worker can be asked");
                    } else {
                        tracing::warn!(%error, "no worker can be asked: the node verifies private proofs itself");
                    }
                    self.trouble = true;
                    for open in self.table.clear() {
                        let _ = self.back.send((Why::Overdue, Box::new(open)));
                    }
                }
                Err(Stop::Gone) => return,
            }
            let (workers, waiting) = self.table.counts();
            self.counts.workers.store(workers as u64, Relaxed);
            self.counts.waiting.store(waiting as u64, Relaxed);
        }
    }

    fn turn(&mut self) -> Result<(), Stop> {
        if self.refreshed.is_none_or(|last| last.elapsed() >= REFRESH) {
            self.refreshed = Some(Instant::now());
            self.refresh()?;
        }
        if self.trouble {
            // asked again when it is asked who is present
            return Ok(());
        }
        let asks = self.table.fresh();
        if !asks.is_empty() {
            self.queue.ask(&asks)?;
        }
        if self.table.next_due().is_some() {
            for verdict in self.queue.verdicts()? {
                let roster = self.shared.upgrade().and_then(|shared| shared.roster());
                let Some(roster) = roster else {
                    break;
                };
                let key = verdict.key;
                match self.table.hear(verdict, &*roster) {
                    Heard::First => roster.heard(&key),
                    Heard::Both(open) => {
                        roster.heard(&key);
                        self.conclude(open)?;
                    }
                    Heard::Ignored(why) => {
                        tracing::debug!(why, "a verdict counts for nothing");
                        one(&self.counts.ignored);
                    }
                }
            }
        }
        let over = self.table.over();
        if !over.is_empty() {
            self.queue.close(&over)?;
        }
        Ok(())
    }

    /// Asks who is present, and has the keys that may verify drawn from now on.
    fn refresh(&mut self) -> Result<(), Stop> {
        let roster = self.shared.upgrade().and_then(|shared| shared.roster());
        // keys are there a moment after the node is
        let Some(roster) = roster.filter(|_| !self.doubt.any()) else {
            self.table.set_present(Vec::new());
            return Ok(());
        };
        let present = self.queue.present()?;
        if self.trouble {
            self.trouble = false;
            tracing::info!("workers can be asked again");
        }
        let known = present
            .into_iter()
            .filter_map(|key| Some((roster.verifier(&key)?, key)));
        self.table.set_present(known.collect());
        Ok(())
    }

    /// Both workers have answered.
    fn conclude(&self, open: Box<Open>) -> Result<(), Stop> {
        let said = open.seats.each_ref().map(|seat| seat.said.clone());
        let why = match &said {
            [Some(first), Some(second)] if first == second => {
                // drawn now: nobody can know it when he answers
                (self.doubt.any() || self.is_drawn()).then_some(Why::Sampled)
            }
            _ => Some(Why::Disagreed),
        };
        if let Some(why) = why {
            return self.back.send((why, open)).map_err(|_| Stop::Gone);
        }
        one(&self.counts.by_workers);
        let [verdict, _] = said;
        let PrivateSubmission {
            id,
            operation,
            answer,
        } = *open.submission;
        let verified = match verdict {
            Some(Verdict::Refused(reason)) => Err(PrivateRefusal::Proof { reason }),
            _ => Ok(Verified::by_workers(operation)),
        };
        match decided(id, verified, answer) {
            Some(task) => self.writer.send(task).map_err(|_| Stop::Gone),
            None => Ok(()),
        }
    }

    /// One in so many, by lot; each, when the system has no random numbers.
    fn is_drawn(&self) -> bool {
        let mut bytes = [0; 8];
        match getrandom::fill(&mut bytes) {
            Ok(()) => u64::from_le_bytes(bytes).is_multiple_of(self.sample.get().into()),
            Err(_) => true,
        }
    }
}

/// The node's own verifier, for cases that come back.
struct Own {
    parts: Parts,
    table: Arc<Table>,
}

impl Own {
    fn run(&self, returned: &Receiver<(Why, Box<Open>)>) {
        loop {
            let due = self.table.next_due();
            let wait = due.map_or(LOOK, |due| due.saturating_duration_since(Instant::now()));
            let next = match returned.recv_timeout(wait.min(LOOK)) {
                Ok((why, open)) => self.verify(why, *open),
                Err(RecvTimeoutError::Timeout) => Ok(()),
                // the chair has ended, and with it the node
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let overdue = self.table.overdue(Instant::now()).into_iter();
            let mut overdue = overdue.map(|open| self.verify(Why::Overdue, open));
            if next.is_err() || overdue.any(|verified| verified.is_err()) {
                return;
            }
        }
    }

    /// Verifies, answers, and tells who had said something else. An error: the writer has ended.
    fn verify(&self, why: Why, open: Open) -> Result<(), ()> {
        let Parts {
            domain,
            judge,
            counts,
            writer,
            ..
        } = &self.parts;
        one(match why {
            Why::Sampled => &counts.sampled,
            Why::Disagreed => &counts.disagreed,
            Why::Overdue => &counts.overdue,
        });
        let PrivateSubmission {
            id,
            operation,
            answer,
        } = *open.submission;
        let checked = Verified::check(operation, domain, &**judge);
        for seat in open.seats {
            let Some(verdict) = seat.said else {
                continue;
            };
            if matches!(verdict, Verdict::Holds) != checked.is_ok() {
                let found = match &checked {
                    Ok(_) => "the proof holds".into(),
                    Err(refusal) => refusal.to_string(),
                };
                let said = match verdict {
                    Verdict::Holds => "the proof holds".into(),
                    Verdict::Refused(reason) => reason,
                };
                let verdict = FalseVerdict::new((seat.client, seat.key), &id, said, found);
                if let Err(error) = self.tell(verdict) {
                    return writer.send(Task::Failed(error)).map_err(drop);
                }
            }
        }
        match decided(id, checked, answer) {
            Some(task) => writer.send(task).map_err(drop),
            None => Ok(()),
        }
    }

    /// A verdict was false: on the disk first, then told. No worker is asked any more.
    fn tell(&self, verdict: FalseVerdict) -> Result<(), StoreError> {
        let Parts {
            doubt,
            counts,
            shared,
            ..
        } = &self.parts;
        let written = doubt.add(verdict.clone());
        self.table.set_present(Vec::new());
        counts.in_doubt(true);
        one(&counts.false_verdicts);
        if let Some(shared) = shared.upgrade() {
            shared.tell(Event::Alarm(Alarm::FalseVerdict {
                client: verdict.client.to_string(),
                key: verdict.key.to_string(),
                operation: verdict.operation,
                said: verdict.said,
                found: verdict.found,
            }));
        }
        written
    }
}
