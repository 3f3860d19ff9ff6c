//! Why a command on keys is refused.

use std::{io, path::PathBuf};

use thiserror::Error;

use super::{KeyId, NonceError, ProposalId, Scope};
use crate::audit::AuditError;

/// Why a command on keys is refused. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A name is not one.
    #[error("not a {what}")]
    BadName {
        /// What it should have been.
        what: &'static str,
    },
    /// A field has a value that it may not have.
    #[error("{field}: {what}")]
    BadField {
        /// The field, as the API names it.
        field: &'static str,
        /// What it should be.
        what: &'static str,
    },
    /// There is no such key.
    #[error("there is no key {0}")]
    NoKey(KeyId),
    /// There is no such proposal, or it is over.
    #[error("there is no open proposal {0}")]
    NoProposal(ProposalId),
    /// The key is not live.
    #[error("key {key} is {phase}: {what}")]
    NotLive {
        /// The key.
        key: KeyId,
        /// Its phase.
        phase: &'static str,
        /// What to do instead.
        what: &'static str,
    },
    /// The key has a successor already.
    #[error("key {key} is being rotated to {successor}: rotate that one, or roll back first")]
    Rotating {
        /// The key.
        key: KeyId,
        /// Its successor.
        successor: KeyId,
    },
    /// There is no rotation to roll back.
    #[error("key {0} has no rotation whose window is open")]
    NotRotating(KeyId),
    /// The actor's key lacks the scope.
    #[error("the key lacks the scope {0}")]
    Lacks(Scope),
    /// A proposal needs the key of another client.
    #[error("a proposal is approved by the key of another client than the one that made it")]
    SamePerson,
    /// The public key is known already: one private half would be two keys.
    #[error("the public key is that of key {0}")]
    Duplicate(KeyId),
    /// There are too many keys or proposals.
    #[error("there are {limit} {what} already: revoke or withdraw some")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Two keymasters are there: the host has no say.
    #[error("two clients hold the scope keys: use their keys")]
    Governed,
    /// The keys were of another environment.
    #[error("{path} is of environment {found}, and the node is configured for {wanted}", path = path.display())]
    OtherEnvironment {
        /// The audit log.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What the configuration says.
        wanted: String,
    },
    /// An event of the log contradicts those before it.
    #[error("entry {seq} of the audit log: {what}")]
    Contradiction {
        /// The entry.
        seq: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// A file of keys could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of keys is not what this program writes.
    #[error("{path}: not a file of a private key, or a damaged one", path = path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
    },
    /// The audit log failed, or is broken.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The nonces could not be opened.
    #[error(transparent)]
    Nonces(#[from] NonceError),
}

impl KeysError {
    /// Whether the storage failed, so that the node must end.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        matches!(self, Self::Audit(_))
    }
}
