//! Jobs of proving, and what comes of them.

use winterlane_ledger::BatchNumber;

use super::Writer;
use crate::{
    Alarm, Event,
    core::Fault,
    error::AdminError,
    fault,
    run::prover::{Outcome, ProofJob},
    store::StoreError,
};

/// Failures after which a batch is proven by winterfell's own prover.
pub(crate) const FAILURES: u32 = 5;

impl Writer {
    /// Queues the jobs that a process before this one has left.
    pub(super) fn queue_jobs(&mut self) -> Result<(), Fault> {
        let jobs = self.store.view()?.jobs()?;
        self.state.unproven = jobs.into_iter().collect();
        let begun = self.state.unproven.iter().filter(|(_, job)| job.begun);
        for batch in begun.map(|(batch, _)| *batch).collect::<Vec<_>>() {
            // killed for its memory, most likely: tried again and again it would be for ever
            let reason = "the process died while it was proven";
            self.conclude(batch, Outcome::Failed(reason.into()))?;
        }
        let open: Vec<BatchNumber> = self.state.unproven.keys().copied().collect();
        for batch in open {
            self.queue(batch)?;
        }
        if let Some(prover) = &self.prover {
            prover.ready();
        }
        Ok(())
    }

    /// Tells the queue what is known of a batch. A queue takes no job twice.
    pub(super) fn queue(&mut self, batch: BatchNumber) -> Result<(), Fault> {
        let (Some(job), Some(prover)) = (self.state.unproven.get(&batch), &self.prover) else {
            return Ok(());
        };
        let header = self.store.view()?.header(batch)?;
        let header = header.ok_or_else(|| {
            StoreError::corrupt(format!("batch {batch} is to be proven, and is not sealed"))
        })?;
        prover.prove(ProofJob {
            batch,
            public_inputs: header.public_inputs,
            witness: job.witness,
            stock: job.failures >= FAILURES,
            failures: job.failures,
            held: job.held,
        });
        Ok(())
    }

    pub(super) fn conclude(&mut self, batch: BatchNumber, outcome: Outcome) -> Result<(), Fault> {
        if self.state.proving == Some(batch) {
            self.state.proving = None;
        }
        let reason = match outcome {
            Outcome::Proven { proof, millis } => {
                fault::point("proven");
                self.store.proven(batch, &proof)?;
                fault::point("proof-written");
                self.state.unproven.remove(&batch);
                self.witnesses.remove(batch);
                if let Some(prover) = &self.prover {
                    prover.over(batch);
                }
                self.shared.tell(Event::Proven {
                    batch,
                    proof_bytes: proof.len() as u64,
                    millis,
                });
                self.wake_publisher();
                return Ok(());
            }
            // whoever is unable tries again
            Outcome::Cancelled | Outcome::Unable(_) => {
                self.store.change_job(batch, |job| job.begun = false)?;
                return Ok(());
            }
            Outcome::Failed(reason) => reason,
            Outcome::Rejected(reason) => {
                let told = reason.clone();
                self.shared.tell(Event::Alarm(Alarm::ProofRejected {
                    batch,
                    reason: told,
                }));
                format!("the proof was not accepted: {reason}")
            }
        };
        tracing::warn!(batch = batch.get(), %reason, "a batch was not proven");
        let changed = self.store.change_job(batch, |job| {
            job.failures = job.failures.saturating_add(1);
            job.held = job.failures > FAILURES;
            job.begun = false;
            job.reason.clone_from(&reason);
        })?;
        if let Some(job) = changed {
            let held = job.held;
            self.state.unproven.insert(batch, job);
            self.queue(batch)?;
            if held {
                self.shared
                    .tell(Event::Alarm(Alarm::ProofHeld { batch, reason }));
            }
        }
        Ok(())
    }

    /// The node stops: the proof that is being made is given up, which is no failure of it.
    pub(super) fn give_up_proof(&mut self) -> Result<(), Fault> {
        if let Some(batch) = self.state.proving.take() {
            self.store.change_job(batch, |job| job.begun = false)?;
        }
        Ok(())
    }

    pub(super) fn requeue(&mut self, batch: BatchNumber) -> Result<Result<(), AdminError>, Fault> {
        let view = self.store.view()?;
        if view.header(batch)?.is_none() {
            return Ok(Err(AdminError::UnknownBatch { batch }));
        }
        let changed = self.store.change_job(batch, |job| {
            job.failures = 0;
            job.held = false;
            job.begun = false;
        })?;
        let Some(job) = changed else {
            return Ok(Err(AdminError::Proven { batch }));
        };
        self.state.unproven.insert(batch, job);
        self.queue(batch)?;
        Ok(Ok(()))
    }
}
