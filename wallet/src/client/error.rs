//! Why a node gave no answer, or not the one that was wanted.

use std::{error::Error as StdError, time::Duration};

use serde_json::Value;
use thiserror::Error;

/// Why a question to a node came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is none.
    #[error(
        "{address:?} is no address of a node: expected http://HOST:PORT or https://HOST:PORT, without a user and a password"
    )]
    Address {
        /// The text given, without what may be a secret in it.
        address: String,
    },
    /// A certificate cannot be read.
    #[error("{path}: {reason}")]
    Certificate {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No attempt got an answer. An order may have been taken nevertheless: send the same again.
    #[error("no answer from {address}: {source}")]
    NoAnswer {
        /// The node.
        address: String,
        /// What came in between.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// There is no secure connection: the certificate is not one to trust, or there is no TLS at the address.
    #[error(
        "no secure connection to {address}: {source}; if its certificate is not a public authority's, --certificate FILE names what \
         to trust (docs/operate/tls.md)"
    )]
    Insecure {
        /// The node.
        address: String,
        /// What is wrong.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The node refused, in words.
    #[error("the node refused: {0}")]
    Refused(Refused),
    /// The answer is not what a node says.
    #[error("{address} answered what no node says: {what}")]
    Answer {
        /// Where it came from.
        address: String,
        /// What is wrong with it.
        what: String,
    },
}

impl ClientError {
    /// Whether the same question may have an answer later: the node is away, or busy.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused(refused) => refused.passes(),
            Self::Address { .. }
            | Self::Certificate { .. }
            | Self::Insecure { .. }
            | Self::Answer { .. } => false,
        }
    }
}

/// A problem document (RFC 9457) of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// The rule that the order breaks, where the node names it.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        self.document["rule"].as_str()
    }

    /// Whether the same request may be taken later.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self.kind(), "busy" | "unavailable" | "slow" | "storage")
    }

    /// Whether the node says that it has not taken what was sent, now or before: it takes nothing at the moment. That is an answer,
    /// though the same may be taken later.
    #[must_use]
    pub fn untaken(&self) -> bool {
        self.document["taken"] == Value::Bool(false)
    }

    /// After which time trying again makes sense.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let millis = self.document["retry_after_ms"].as_u64();
        millis.map(Duration::from_millis)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let detail = self.document["detail"].as_str();
        match detail {
            Some(detail) => f.write_str(detail)?,
            None => write!(f, "status {}, without a reason", self.status)?,
        }
        match self.document["field"].as_str() {
            Some(field) => write!(f, " ({field})"),
            None => Ok(()),
        }
    }
}
