//! The audit log: what was done with the node's powers, by whom, in a chain of hashes.
//!
//! The log is the authority about keys: the keys that the node accepts are what its events add up to
//! ([`crate::keys`]). An event counts once its line is on the disk, and not before.
//!
//! # What the chain shows, and what not
//!
//! Each line carries the hash of its body and of the line before. Whoever changes, removes or reorders lines must
//! write every later hash anew. A person who can write the file *can* do that: the chain alone does not stop the
//! owner of the disk. It does once its head (a number and a hash) is known elsewhere, since a file with other
//! lines below that number has another hash there. The node shows its head in `GET /v1/status`, in its metrics and
//! in every webhook, and [`check`] takes the heads that someone noted.
//!
//! # Lines
//!
//! ```text
//! HASH BODY\n      HASH = 64 hexadecimal digits, BODY = {"seq":0,"time":…,"actor":…,"event":…}
//! ```
//!
//! What is an object in a body is one in every line: a list of its members is refused.
//!
//! `HASH` is BLAKE3 in the mode that derives keys, context `winterlane 2026 audit log v1`, of the previous line's 32
//! hash bytes and the bytes of `BODY`. The line before the first has the hash of nothing.

mod chain;
mod check;
mod event;
mod log;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf};

pub use chain::{Head, Link, LinkError};
pub use check::{Report, check};
pub use event::{Actor, Entry, Event};
pub use log::{AuditLog, Recovery};
use thiserror::Error;

/// Why an audit log is not opened, not added to, or not accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The operating system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file concerned.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process has the log open.
    #[error("{path} is in use by another node: end that one first", path = path.display())]
    Locked {
        /// The log.
        path: PathBuf,
    },
    /// A line is not what the chain says.
    #[error("{path}, line {line}: {what}; the log was changed or damaged", path = path.display())]
    Broken {
        /// The log.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A line is in the chain, and does not say what this version knows.
    #[error("{path}, line {line}: {source}; was it written by a newer version?", path = path.display())]
    Unknown {
        /// The log.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A head that someone noted is not in this log.
    #[error("{path} has no line {seq} with hash {link}: it is another log, was changed, or was cut off", path = path.display())]
    OtherHead {
        /// The log.
        path: PathBuf,
        /// The number of the line noted.
        seq: u64,
        /// The hash noted.
        link: Link,
    },
    /// An earlier write failed. What is on the disk is not known, so that nothing may be added.
    #[error("the audit log {path} failed to write: end the node, mend the disk and start again", path = path.display())]
    Failed {
        /// The log.
        path: PathBuf,
    },
}

impl AuditError {
    fn io(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
