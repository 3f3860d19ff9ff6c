//! What the log can say.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    clock::UnixTime,
    keys::{Environment, KeyId, KeyRecord, Proposal, ProposalId, Refusal},
};

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Actor {
    /// The owner of the machine, by a command on it.
    Host,
    /// The node itself.
    Node,
    /// The holder of a key.
    Key(KeyId),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Node => f.write_str("node"),
            Self::Key(id) => write!(f, "key {id}"),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Event {
    /// The log was begun.
    Begun {
        /// The environment of the node; keys of any other are refused.
        environment: Environment,
    },
    /// A write was cut off by a crash; the bytes after the last whole line, never acknowledged, were removed.
    Recovered {
        /// How many bytes were removed.
        bytes: u64,
    },
    /// A key was made.
    KeyCreated {
        /// The key.
        key: Box<KeyRecord>,
        /// The proposal that two persons agreed on, where that was needed.
        proposal: Option<ProposalId>,
    },
    /// A key was accepted for the first time.
    KeyFirstUsed {
        /// The key.
        key: KeyId,
    },
    /// A key got a successor.
    KeyRotated {
        /// The key that ends.
        key: KeyId,
        /// The key that takes over.
        successor: Box<KeyRecord>,
        /// Until when both are accepted.
        overlap_until: UnixTime,
        /// The proposal that two persons agreed on, where that was needed.
        proposal: Option<ProposalId>,
    },
    /// A rotation was taken back inside its window: the successor ends, the key goes on.
    KeyRolledBack {
        /// The key that goes on.
        key: KeyId,
        /// The successor that ends.
        successor: KeyId,
        /// The proposal that two persons agreed on, where that was needed.
        proposal: Option<ProposalId>,
    },
    /// A key was revoked.
    KeyRevoked {
        /// The key.
        key: KeyId,
        /// Why.
        reason: String,
    },
    /// All keys were revoked.
    EverythingRevoked {
        /// Why.
        reason: String,
        /// The proposal that two persons agreed on.
        proposal: ProposalId,
    },
    /// Something that needs a second key's approval was asked for.
    Proposed {
        /// What was asked for.
        proposal: Box<Proposal>,
    },
    /// A proposal was taken back or refused.
    ProposalWithdrawn {
        /// The proposal.
        proposal: ProposalId,
    },
    /// Requests of a known key were refused although the caller holds it. At most one a minute for each key and reason.
    Refused {
        /// The key.
        key: KeyId,
        /// Why.
        reason: Refusal,
        /// How many since the last such entry.
        count: u64,
    },
    /// An operator's act on the node.
    Operated {
        /// What was asked for: `pause`, `seal`, `requeue 17`.
        act: String,
    },
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, counted from 0.
    pub seq: u64,
    /// When, by the node's clock, which may jump: the order of the lines is that of the events.
    pub time: UnixTime,
    /// Who.
    pub actor: Actor,
    /// What.
    pub event: Event,
}
