//! The client's part of the shielded pool.

use serde::Deserialize;
use winterlane_ledger::{
    Anchor, BatchNumber, Digest,
    pool::PrivateOperation,
    private::{Commitment, PrivateInputs},
};

use super::{Acknowledged, Client, ClientError};
use crate::{
    NoteView, Notes,
    private::{Shielding, encode},
};

/// What `GET /v1/private/notes` answers.
#[derive(Deserialize)]
struct NotesJson {
    notes: Vec<NoteJson>,
    count: u64,
    anchor: Anchor,
}

#[derive(Deserialize)]
struct NoteJson {
    position: u64,
    batch: BatchNumber,
    commitment: Digest,
    sealed: String,
}

impl Client {
    /// Submits a withdrawal with the note that it pays for, again and again until there is an answer, as
    /// [`Client::submit`] does.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn shield(&self, shielding: &Shielding) -> Result<Acknowledged, ClientError> {
        self.post("/v1/private/shield", &shielding.to_bytes()).await
    }

    /// Submits a private transfer or withdrawal, again and again until there is an answer.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn submit_private(
        &self,
        operation: &PrivateOperation,
    ) -> Result<Acknowledged, ClientError> {
        let path = match operation.inputs {
            PrivateInputs::Withdrawal(_) => "/v1/private/withdraw",
            _ => "/v1/private/transfer",
        };
        self.post(path, &encode(operation)).await
    }

    async fn post(&self, path: &str, bytes: &[u8]) -> Result<Acknowledged, ClientError> {
        let media = "application/octet-stream";
        self.exchange("POST", path, media, bytes, true)
            .await?
            .json()
    }

    /// Notes of the pool from a position on: as many as the node gives at once. A wallet goes on after the last one until
    /// it has `count` of them, and then its own tree must have the root `anchor`: a node that left one out is found so.
    ///
    /// # Errors
    /// [`ClientError::Answer`] for an answer that is none, or whose positions are not contiguous; as [`Client::get`].
    pub async fn notes(&self, from: u64) -> Result<Notes, ClientError> {
        let wrong = |what: &str| ClientError::Answer {
            what: what.to_owned(),
        };
        let path = format!("/v1/private/notes?from={from}&limit=4096");
        let found: NotesJson = self.exchange("GET", &path, "", b"", true).await?.json()?;
        let mut notes = Vec::with_capacity(found.notes.len());
        for (position, note) in (from..).zip(found.notes) {
            if note.position != position {
                return Err(wrong("a note is left out"));
            }
            let pairs = note.sealed.as_bytes().chunks(2);
            let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
            let sealed = pairs.map(byte).collect::<Option<Vec<_>>>();
            notes.push(NoteView {
                position,
                batch: note.batch,
                commitment: Commitment(note.commitment),
                sealed: sealed.ok_or_else(|| wrong("an encrypted note is not hexadecimal"))?,
            });
        }
        Ok(Notes {
            notes,
            count: found.count,
            anchor: found.anchor,
        })
    }
}
