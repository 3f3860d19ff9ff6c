//! The handle's part of the shielded pool.

use tokio::sync::oneshot;
use winterlane_ledger::{
    Anchor, BatchNumber,
    pool::PrivateOperation,
    private::{Commitment, Nullifier},
};

use super::{Node, RETRY, Unsent};
use crate::{
    OrderId, ReadError, Receipt, SubmitError,
    core::Claim,
    private::{Shielding, encode},
    run::{admission::Submission, verify::PrivateSubmission},
};

/// A note of the pool, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteView {
    /// Its position in the note tree.
    pub position: u64,
    /// The batch that it came in with.
    pub batch: BatchNumber,
    /// What stands at the position.
    pub commitment: Commitment,
    /// The note, encrypted to its owner; empty when nobody sent it so.
    pub sealed: Vec<u8>,
}

/// Notes from a position on, and how far the pool is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    /// The notes, by ascending position, none left out.
    pub notes: Vec<NoteView>,
    /// How many notes there are after the last sealed batch.
    pub count: u64,
    /// The root of the note tree then: with all `count` notes it is the one to prove against.
    pub anchor: Anchor,
}

/// The roots of the note tree that operations may be proven against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchors {
    /// The roots with their numbers, the newest first.
    pub anchors: Vec<(u64, Anchor)>,
    /// How many notes there are after the last sealed batch.
    pub notes: u64,
    /// The batch that new operations go into.
    pub open_batch: BatchNumber,
}

/// Whether a note was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullifierState {
    /// Nobody has shown this nullifier.
    Unspent,
    /// By an operation that is on the disk and not sealed.
    Pending(OrderId),
    /// By an operation of a sealed batch.
    Spent(OrderId),
}

/// Bytes of encrypted notes in one answer, about.
const BYTES: usize = 4 << 20;

impl Node {
    /// Submits a withdrawal with the note that it pays for, and waits until both are on the disk.
    ///
    /// # Errors
    /// As [`Node::submit`].
    pub async fn shield(&self, shielding: Shielding) -> Result<Receipt, SubmitError> {
        let Shielding { order, note } = shielding;
        let (answer, asked) = oneshot::channel();
        let submission = Submission {
            order,
            note: Some(note),
            answer,
        };
        match self.submissions(vec![submission]) {
            Ok(()) => asked.await.unwrap_or(Err(SubmitError::Stopped)),
            Err(Unsent::Full) => Err(SubmitError::Busy { retry_after: RETRY }),
            Err(Unsent::Stopped) => Err(SubmitError::Stopped),
        }
    }

    /// Submits a private transfer or withdrawal, and waits until its proof is verified and it is on the disk. The same
    /// bytes again get the same receipt.
    ///
    /// # Errors
    /// As [`Node::submit`].
    pub async fn submit_private(
        &self,
        operation: PrivateOperation,
    ) -> Result<Receipt, SubmitError> {
        let id = OrderId::of_private(&encode(&operation));
        let (answer, asked) = oneshot::channel();
        let submission = PrivateSubmission {
            id,
            operation,
            answer,
        };
        let Some(verifiers) = self.shared.verifiers() else {
            return Err(SubmitError::Stopped);
        };
        // the sender is not kept while the answer is waited for: it would keep those threads
        let sent = verifiers.try_send(submission);
        drop(verifiers);
        match sent {
            Ok(()) => asked.await.unwrap_or(Err(SubmitError::Stopped)),
            Err(std::sync::mpsc::TrySendError::Full(_)) => {
                Err(SubmitError::Busy { retry_after: RETRY })
            }
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => Err(SubmitError::Stopped),
        }
    }

    /// The notes of sealed batches from a position on, at most `limit`: what a wallet scans.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn notes(&self, from: u64, limit: usize) -> Result<Notes, ReadError> {
        let view = self.view()?;
        let notes = view.notes(from, limit, BYTES)?;
        let note = |(position, note): (u64, crate::store::Note)| NoteView {
            position,
            batch: note.batch,
            commitment: note.commitment,
            sealed: note.sealed,
        };
        let newest = view.anchors(1)?;
        Ok(Notes {
            notes: notes.into_iter().map(note).collect(),
            count: view.note_count()?,
            anchor: newest.first().map_or(Anchor::ZERO, |(_, root)| *root),
        })
    }

    /// The newest roots that operations may be proven against, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn anchors(&self, limit: usize) -> Result<Anchors, ReadError> {
        let view = self.view()?;
        Ok(Anchors {
            anchors: view.anchors(limit)?,
            notes: view.note_count()?,
            open_batch: self.shared.live().open_batch,
        })
    }

    /// Whether a note was spent, and by which operation.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn nullifier(&self, nullifier: &Nullifier) -> Result<NullifierState, ReadError> {
        // pending first: it is in the store before it stops being pending
        let pending = self
            .shared
            .live()
            .spent
            .get(&nullifier.0.to_bytes())
            .copied();
        if let Some(by) = pending {
            return Ok(NullifierState::Pending(by));
        }
        let spent = self.view()?.claimed(&Claim::of_nullifier(nullifier))?;
        Ok(spent.map_or(NullifierState::Unspent, NullifierState::Spent))
    }

    /// The published bytes of what a sealed batch did to the pool: each operation after its length, four bytes,
    /// little-endian. `None` when there is no such batch, nothing when it did nothing.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn pool_operations(&self, batch: BatchNumber) -> Result<Option<Vec<u8>>, ReadError> {
        let view = self.view()?;
        if view.header(batch)?.is_none() {
            return Ok(None);
        }
        Ok(Some(view.pool_operations(batch)?.unwrap_or_default()))
    }

    /// The proof of a private operation of a sealed batch, by the digest in its published bytes.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn private_proof(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.view()?.private_proof(digest)?)
    }
}
