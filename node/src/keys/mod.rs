//! Operators' credentials: who may do what to a node, and how they show it.
//!
//! | module | what it holds |
//! |---|---|
//! | `scope`, `id`, `record` | scopes and roles, names, a key and its phases |
//! | `state` | the keys that the events of the audit log add up to |
//! | `registry` | [`Keys`]: that state, the log that it comes from, and what is asked of both |
//! | `commands`, `checks` | what operators do with keys, and the rules of it: each an event on the disk first |
//! | `request` | HTTP message signatures (RFC 9421): what a signed request looks like |
//! | `nonces` | which nonces were used, also before a restart |
//! | `authenticate` | a request to an [`Identity`], or a refusal |
//! | `secret` | the private halves, for those who sign |
//! | `verifiers` | keys of workers, whose verdicts on private proofs count |
//!
//! A key is one of two kinds. An *Ed25519 key* signs every request; the node keeps the public half, so that a copy
//! of the node's disk signs nothing. A *bearer secret* of 256 random bits travels with every request; the node keeps
//! its hash, and grants it only scopes that change nothing.
//!
//! # Replays
//!
//! A signed request names its time and a nonce. It is accepted within 30 seconds of its time, once: nonces are on
//! the disk before the request is carried out. A nonce is forgotten when a request more than 120 seconds younger was
//! accepted, and from then on nothing of that age is accepted, *whatever the clock says* ([`Nonces`]). So a clock
//! that jumps back, before or after a restart, lets no old request in again.

mod authenticate;
mod checks;
mod commands;
mod error;
mod id;
mod nonces;
mod record;
mod registry;
mod request;
mod scope;
mod secret;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod usage;
mod verifiers;

pub(crate) use authenticate::verify_signed;
pub use authenticate::{Access, AuthError, Identity, Presented};
pub use error::KeysError;
pub use id::{
    ClientName, Environment, KeyId, Nonce, ProposalId, PublicKey, SecretHash, SignatureBytes,
};
pub(crate) use id::{hex, random, unhex};
pub use nonces::{NonceError, Nonces};
pub use record::{KeyRecord, Phase, Revoked, Successor, Verifier};
pub use registry::{Keys, KeysConfig, NewKey, NewVerifier, Outcome};
pub use request::{Message, SignatureHeaders, content_digest, sign};
pub use scope::{Role, Scope, Scopes};
pub(crate) use secret::verify as verify_signature;
pub use secret::{BearerToken, PrivateKey, possession_message};
pub use state::{Proposal, ProposedAct, State};
pub use usage::KeyUsage;

use serde::{Deserialize, Serialize};

/// Why a request of a known key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refusal {
    /// The key is revoked.
    Revoked,
    /// The key is past its expiry.
    Expired,
    /// The window of the key's rotation is over.
    Retired,
    /// The request is signed for another environment, or the key is of another.
    Environment,
    /// The time of the request is not within the window.
    Skew,
    /// The nonce was used, or is older than what is remembered.
    Replay,
    /// The key lacks the scope.
    Scope,
    /// A bearer secret where a signature is needed.
    Unsigned,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Revoked,
        Self::Expired,
        Self::Retired,
        Self::Environment,
        Self::Skew,
        Self::Replay,
        Self::Scope,
        Self::Unsigned,
    ];

    /// The name in JSON and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Retired => "retired",
            Self::Environment => "environment",
            Self::Skew => "skew",
            Self::Replay => "replay",
            Self::Scope => "scope",
            Self::Unsigned => "unsigned",
        }
    }
}
