//! Proofs of private operations are verified here, beside the threads that decide: a few at a time, and no more wait
//! than there is room for.
//!
//! What is cheap is looked at first, so that nobody makes the node verify a proof by an anchor that is forgotten, a note
//! that is spent, or a fee that is too low. The sequencer looks again, with what was decided meanwhile.
//!
//! With a [panel](crate::panel) these threads look at what is cheap alone, and verify what no two workers are there for.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use winterlane_ledger::{
    Domain,
    pool::{ANCHORS, PrivateOperation, VerifyPrivate},
};

use super::{admission::Answer, shared::Shared, threads, writer::Task};
use crate::{
    OrderId, Receipt, Refusal, SubmitError,
    core::Claim,
    panel::{Panel, PanelSettings},
    private::{PrivateRefusal, Verified, anchor, plausible},
    store::{Store, StoreError},
};

/// A private operation, and who waits for the answer.
#[derive(Debug)]
pub(crate) struct PrivateSubmission {
    pub(crate) id: OrderId,
    pub(crate) operation: PrivateOperation,
    pub(crate) answer: Answer<Result<Receipt, SubmitError>>,
}

/// A private operation whose proof was verified.
#[derive(Debug)]
pub(crate) struct PrivateCandidate {
    pub(crate) id: OrderId,
    pub(crate) operation: Verified,
    pub(crate) answer: Answer<Result<Receipt, SubmitError>>,
}

/// How proofs of private operations are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateVerifying {
    /// Threads: as many proofs are verified at once.
    pub threads: NonZeroUsize,
    /// Operations that may wait for one; with more, the answer is [`SubmitError::Busy`].
    pub waiting: usize,
    /// How workers on other machines verify them; `None`: nobody but this process does.
    pub panel: Option<PanelSettings>,
}

impl Default for PrivateVerifying {
    /// One at a time, and 32 wait; no workers.
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::MIN,
            waiting: 32,
            panel: None,
        }
    }
}

/// Who verifies: a test puts another one in its place.
pub(crate) type Judge = Arc<dyn VerifyPrivate + Send + Sync>;

/// The threads that verify, until nobody can send them anything more or the writer is gone.
pub(crate) fn spawn(
    settings: PrivateVerifying,
    judge: &Judge,
    store: &Arc<Store>,
    shared: &Arc<Shared>,
    domain: Domain,
    writer: &SyncSender<Task>,
    panel: Option<&Panel>,
) -> Result<(SyncSender<PrivateSubmission>, Vec<JoinHandle<()>>), StoreError> {
    let (sender, receiver) = sync_channel(settings.waiting.max(1));
    let receiver = Arc::new(Mutex::new(receiver));
    let started = (0..settings.threads.get()).map(|_| {
        let (receiver, writer) = (Arc::clone(&receiver), writer.clone());
        let asked = Asked {
            judge: Arc::clone(judge),
            store: Arc::clone(store),
            shared: Arc::downgrade(shared),
            domain,
            panel: panel.cloned(),
        };
        let name = "private proofs";
        threads::spawn(name, writer.clone(), move || {
            run(&receiver, &asked, &writer);
        })
        .map_err(StoreError::io(name))
    });
    let started = started.collect::<Result<_, _>>()?;
    Ok((sender, started))
}

/// What an operation is checked against.
struct Asked {
    judge: Judge,
    store: Arc<Store>,
    /// Of a node that has not ended: it holds the sender that keeps these threads.
    shared: Weak<Shared>,
    domain: Domain,
    /// Whom proofs are given to first.
    panel: Option<Panel>,
}

/// What is left to do for an operation that nothing cheap refuses.
enum Checked {
    /// It was taken before, so that its proof holds.
    Known,
    /// Its proof is to be verified.
    New,
}

fn run(receiver: &Mutex<Receiver<PrivateSubmission>>, asked: &Asked, writer: &SyncSender<Task>) {
    loop {
        // one thread waits, the others wait for it: whoever has something lets the next one wait
        let next = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(submission) = next else {
            return;
        };
        let Some(task) = asked.answer(submission) else {
            continue;
        };
        if writer.send(task).is_err() {
            return;
        }
    }
}

impl Asked {
    /// What the writer is to hear; nothing, when the operation is refused, or workers have it.
    fn answer(&self, submission: PrivateSubmission) -> Option<Task> {
        let looked = self.look(&submission.id, &submission.operation);
        let verified = match looked {
            Ok(Ok(Checked::Known)) => Ok(Verified::logged(submission.operation)),
            Ok(Ok(Checked::New)) => return self.verify(submission),
            Ok(Err(refusal)) => Err(refusal),
            Err(error) => return Some(Task::Failed(error)),
        };
        decided(submission.id, verified, submission.answer)
    }

    /// Has two workers verify the proof, or does it here.
    fn verify(&self, submission: PrivateSubmission) -> Option<Task> {
        let mut submission = Box::new(submission);
        if let Some(panel) = &self.panel {
            match panel.ask(submission) {
                Ok(()) => return None,
                Err(back) => submission = back,
            }
        }
        let PrivateSubmission {
            id,
            operation,
            answer,
        } = *submission;
        let verified = Verified::check(operation, &self.domain, &*self.judge);
        decided(id, verified, answer)
    }

    /// Looks at what is cheap.
    fn look(
        &self,
        id: &OrderId,
        operation: &PrivateOperation,
    ) -> Result<Result<Checked, PrivateRefusal>, StoreError> {
        if let Err(refusal) = plausible(operation, &self.domain) {
            return Ok(Err(refusal));
        }
        let view = self.store.view()?;
        if view.place(id)?.is_some() || self.is_pending(id, operation) {
            return Ok(Ok(Checked::Known));
        }
        if let Some(shared) = self.shared.upgrade()
            && let Err(refusal) = shared.policy.check(operation)
        {
            return Ok(Err(refusal.into()));
        }
        for nullifier in operation.nullifiers() {
            if let Some(by) = view.claimed(&Claim::of_nullifier(nullifier))? {
                let (nullifier, by) = (*nullifier, Some(by));
                return Ok(Err(PrivateRefusal::SpentNullifier { nullifier, by }));
            }
        }
        let root = anchor(operation);
        if !view.anchors(ANCHORS)?.iter().any(|(_, kept)| *kept == root) {
            return Ok(Err(PrivateRefusal::UnknownAnchor {
                anchor: root,
                kept: ANCHORS,
            }));
        }
        Ok(Ok(Checked::New))
    }

    /// Whether the very same bytes were taken, and are not sealed yet.
    fn is_pending(&self, id: &OrderId, operation: &PrivateOperation) -> bool {
        let (Some(shared), Some(first)) = (self.shared.upgrade(), operation.nullifiers().first())
        else {
            return false;
        };
        let by = shared.live().spent.get(&first.0.to_bytes()).copied();
        by == Some(*id)
    }
}

/// Tells who asked that the operation is refused; else what the writer is to decide on.
pub(crate) fn decided(
    id: OrderId,
    verified: Result<Verified, PrivateRefusal>,
    answer: Answer<Result<Receipt, SubmitError>>,
) -> Option<Task> {
    match verified {
        Ok(operation) => Some(Task::Private(Box::new(PrivateCandidate {
            id,
            operation,
            answer,
        }))),
        Err(refusal) => {
            // that whoever asked has gone is no error
            let _ = answer.send(Err(Refusal::Private(refusal).into()));
            None
        }
    }
}
