//! Why a client has no answer, or not the one it wants.

use std::{io, time::Duration};

use serde_json::Value;
use thiserror::Error;

use crate::keys::KeysError;

/// Why a request came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is none.
    #[error("{address}: expected http://HOST:PORT or https://HOST:PORT")]
    Address {
        /// The text given, without what may be a secret in it.
        address: String,
    },
    /// The certificates to trust cannot be used.
    #[error("certificates to trust: {what}")]
    Certificate {
        /// What is wrong with them.
        what: String,
    },
    /// No connection: the request was not sent.
    #[error("no connection to {authority}: {source}")]
    Connect {
        /// Where to.
        authority: String,
        /// What the system said.
        source: io::Error,
    },
    /// The request was sent, and its answer did not come. Whether it was carried out is unknown.
    #[error("no answer; whether the request was carried out is unknown")]
    Unknown,
    /// The node refused.
    #[error("{0}")]
    Refused(Refused),
    /// The answer is not what a node says.
    #[error("not an answer of a node: {what}")]
    Answer {
        /// What is wrong with it.
        what: String,
    },
    /// The client has no key to sign with.
    #[error("the client has no key to sign with")]
    NoKey,
    /// A key could not be made, read or written.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// A problem document of a node.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The status of the answer.
    pub status: u16,
    /// The document; null if the answer was none.
    pub document: Value,
}

impl Refused {
    /// What it is about: the last part of its type, as `refused` or `busy`.
    #[must_use]
    pub fn kind(&self) -> &str {
        let kind = self.document["type"].as_str().unwrap_or_default();
        match kind.strip_prefix("/problems/") {
            Some(kind) => kind,
            // A proxy in between.
            None if matches!(self.status, 429 | 502 | 503 | 504) => "unavailable",
            None => "",
        }
    }

    /// Whether the node says that it has not taken what was sent, now or before: it is paused, its disk is nearly full, or the
    /// rollup has ended. That is an answer, though the same may be taken later.
    #[must_use]
    pub fn untaken(&self) -> bool {
        self.document["taken"] == Value::Bool(false)
    }

    /// After which time trying again makes sense.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.document["retry_after_ms"]
            .as_u64()
            .map(Duration::from_millis)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let detail = self.document["detail"]
            .as_str()
            .unwrap_or("no reason given");
        write!(f, "{}: {detail}", self.status)?;
        match self.document["field"].as_str() {
            Some(field) => write!(f, " ({field})"),
            None => Ok(()),
        }
    }
}
