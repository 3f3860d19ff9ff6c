//! What is kept of a key, and the phases of its life.

use serde::{Deserialize, Serialize};

use super::{ClientName, Environment, KeyId, PublicKey, Scopes, SecretHash};
use crate::clock::UnixTime;

/// How a caller shows that a key is theirs. Nothing secret is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Verifier {
    /// Every request is signed; the node keeps the public half.
    Ed25519 {
        /// The public half.
        public: PublicKey,
    },
    /// Every request carries the secret; the node keeps its hash. Read-only.
    Bearer {
        /// The hash of the secret.
        hash: SecretHash,
    },
}

/// One key. Events of the audit log carry it whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// Its name.
    pub id: KeyId,
    /// Whose it is.
    pub client: ClientName,
    /// Which of the client's keys: 1 for the first ever made, never used again.
    pub version: u32,
    /// Where it counts.
    pub environment: Environment,
    /// What it may do.
    pub scopes: Scopes,
    /// How it is checked.
    pub verifier: Verifier,
    /// When it was made.
    pub created: UnixTime,
    /// When it ends by itself.
    pub expires: UnixTime,
    /// The key that it replaces.
    pub predecessor: Option<KeyId>,
    /// The key that replaces it.
    pub successor: Option<Successor>,
    /// When it was first accepted.
    pub first_used: Option<UnixTime>,
    /// When and why it was revoked.
    pub revoked: Option<Revoked>,
}

/// The end of a key by rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Successor {
    /// The key that takes over.
    pub id: KeyId,
    /// When the rotation began.
    pub since: UnixTime,
    /// Until when both are accepted.
    pub overlap_until: UnixTime,
}

/// The end of a key by decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// When.
    pub at: UnixTime,
    /// Why, in the words of who did it.
    pub reason: String,
}

/// Where in its life a key is.
///
/// ```text
///  New ── first use ──▶ Active ── rotate ──▶ Overlap ── successor used ──▶ Drain ── window over ──▶ Retired
///                         ▲                     │                            │
///                         └───── roll back ─────┴────────────────────────────┘
/// ```
///
/// `Revoked` and `Expired` are reached from everywhere, and `Retired`, `Revoked` and `Expired` are left by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Phase {
    /// Accepted, never used.
    New,
    /// Accepted.
    Active,
    /// Accepted; a successor exists that nobody has used.
    Overlap,
    /// Accepted, and each use is watched: the successor is in use.
    Drain,
    /// Refused: the window of its rotation is over.
    Retired,
    /// Refused: past its expiry.
    Expired,
    /// Refused: revoked.
    Revoked,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Active,
        Self::Overlap,
        Self::Drain,
        Self::Retired,
        Self::Expired,
        Self::Revoked,
    ];

    /// Whether a request by the key is accepted.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::New | Self::Active | Self::Overlap | Self::Drain)
    }

    /// The name in JSON and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Overlap => "overlap",
            Self::Drain => "drain",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl KeyRecord {
    /// Where in its life the key is at `now`, when its successor (if any) was or was not used.
    #[must_use]
    pub fn phase(&self, now: UnixTime, successor_used: bool) -> Phase {
        if self.revoked.is_some() {
            return Phase::Revoked;
        }
        if now >= self.expires {
            return Phase::Expired;
        }
        match self.successor {
            Some(successor) if now >= successor.overlap_until => Phase::Retired,
            Some(_) if successor_used => Phase::Drain,
            Some(_) => Phase::Overlap,
            None if self.first_used.is_some() => Phase::Active,
            None => Phase::New,
        }
    }
}
