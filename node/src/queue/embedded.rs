//! The queue inside the node: one prover, one proof at a time.
//!
//! A machine that cannot prove now, for want of memory most likely, has not failed to prove *this batch*: the prover rests, says so,
//! and tries the same batch again. Counted as failures, a moment without memory would use up all attempts of a batch, which would
//! then be held until somebody requeues it.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    thread::{Builder, JoinHandle},
    time::Instant,
};

use winterlane_ledger::BatchNumber;

use super::{Depth, ProofQueue, QueueError, Report, dispatch::Wake, turn::backoff};
use crate::run::{
    prover::{Outcome, ProofJob, Prove},
    writer::Task,
};

/// The default: a thread of this process.
pub(crate) struct Embedded {
    /// `None` once it ends.
    jobs: Option<Sender<ProofJob>>,
    results: Receiver<(BatchNumber, Report)>,
    /// Jobs that the prover has or will have, and since when. One is not taken twice.
    waiting: BTreeMap<BatchNumber, Instant>,
    prover: Option<JoinHandle<()>>,
    /// Dropped, it ends a prover that rests.
    end: Option<Sender<()>>,
    memory: u64,
}

/// What the prover's thread has of the node.
struct Ends {
    writer: SyncSender<Task>,
    give: Sender<(BatchNumber, Report)>,
    wake: Wake,
    ended: Receiver<()>,
}

impl Ends {
    /// Proves, however often this machine cannot at first. `None`: the node has ended.
    fn prove(&self, prover: &mut dyn Prove, job: &ProofJob) -> Option<()> {
        let batch = job.batch;
        for failures in 1.. {
            let (written, wait) = sync_channel(1);
            // a writer that is gone has ended the node
            self.writer.send(Task::Proving { batch, written }).ok()?;
            wait.recv().ok()?;
            // a panic is a failure of this proof, not of the node
            let outcome = catch_unwind(AssertUnwindSafe(|| prover.prove(job)))
                .unwrap_or_else(|_| Outcome::Failed("the prover panicked".into()));
            let Outcome::Unable(reason) = outcome else {
                return self.tell(batch, Report::Outcome(outcome));
            };
            self.tell(batch, Report::Trouble(format!("this node: {reason}")))?;
            // nobody proves it while the prover rests
            let outcome = Outcome::Unable(reason);
            self.writer.send(Task::Outcome { batch, outcome }).ok()?;
            let rested = self.ended.recv_timeout(backoff(failures));
            if rested != Err(RecvTimeoutError::Timeout) {
                return None;
            }
        }
        None
    }

    fn tell(&self, batch: BatchNumber, report: Report) -> Option<()> {
        self.give.send((batch, report)).ok()?;
        self.wake.wake();
        Some(())
    }
}

impl Embedded {
    /// A queue for this prover. `memory` is what a proof of a full batch takes, in bytes. `writer` is told of each
    /// proof before it is begun: should the process die in it, it was tried.
    pub(crate) fn new(
        mut prover: Box<dyn Prove>,
        memory: u64,
        wake: Wake,
        writer: SyncSender<Task>,
    ) -> Result<Self, QueueError> {
        let (jobs, taken) = channel::<ProofJob>();
        let (give, results) = channel();
        let (end, ended) = channel::<()>();
        let ends = Ends {
            writer,
            give,
            wake,
            ended,
        };
        let prove = move || {
            for job in taken {
                if ends.prove(&mut *prover, &job).is_none() {
                    return;
                }
            }
        };
        let thread = Builder::new()
            .name("prover".into())
            .spawn(prove)
            .map_err(QueueError::Thread)?;
        Ok(Self {
            jobs: Some(jobs),
            results,
            waiting: BTreeMap::new(),
            prover: Some(thread),
            end: Some(end),
            memory,
        })
    }
}

impl ProofQueue for Embedded {
    fn offer(&mut self, job: &ProofJob) -> Result<(), QueueError> {
        if let Some(jobs) = &self.jobs
            && !self.waiting.contains_key(&job.batch)
        {
            self.waiting.insert(job.batch, Instant::now());
            // a prover that is gone is stopping with the node
            let _ = jobs.send(job.clone());
        }
        Ok(())
    }

    fn reports(&mut self) -> Result<Vec<(BatchNumber, Report)>, QueueError> {
        let mut reports = Vec::new();
        while let Ok((batch, report)) = self.results.try_recv() {
            if let Report::Outcome(_) = report {
                self.waiting.remove(&batch);
            }
            reports.push((batch, report));
        }
        Ok(reports)
    }

    fn refuse(&mut self, _batch: BatchNumber, _proof: &[u8]) -> Result<(), QueueError> {
        Ok(())
    }

    fn close(&mut self, _batch: BatchNumber) -> Result<(), QueueError> {
        Ok(())
    }

    fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        let waiting = self.waiting.len() as u64;
        let oldest = self.waiting.values().min();
        Ok(vec![Depth {
            memory: self.memory,
            pending: waiting.saturating_sub(1),
            claimed: waiting.min(1),
            proven: 0,
            exhausted: 0,
            oldest_seconds: oldest.map_or(0.0, |since| since.elapsed().as_secs_f64()),
        }])
    }
}

impl Drop for Embedded {
    /// Waits for the proof that is under way, which who stops the node has told the prover to give up; jobs after it
    /// are not begun.
    fn drop(&mut self) {
        self.jobs = None;
        // nobody listens any more: the thread ends with its next result
        self.results = channel().1;
        self.end = None;
        if let Some(prover) = self.prover.take() {
            let _ = prover.join();
        }
    }
}
