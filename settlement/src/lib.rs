//! Settlement: what a base chain does for the rollup, in plain Rust.
//!
//! An *operator* makes batches and proves them. *Settlement* is where they become final: it holds the money,
//! takes each batch once, in order and only with its proof, lets money in and out, and lets everybody leave when
//! the operator does not do its duty. It trusts nobody: not the operator, not who calls it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`genesis`] | what settlement begins with: first accounts, operator, rules |
//! | [`call`] | everything that can be asked of it to do, and the bytes of that |
//! | [`state`] | the state machine: a call, who made it, and when, to an outcome or a refusal |
//! | [`proofs`] | what it asks of a proof system, and the verifier that answers |
//! | [`party`] | who calls, and who is paid |
//! | [`view`] | what can be read |
//! | [`rebuild`] | accounts and notes from what was published, and nothing else |
//! | `durable` (feature `store`) | the state machine on a disk |
//! | `server` (feature `serve`), `client` (feature `client`) | the same over HTTP |
//!
//! # To be ported
//! The state machine is written as a contract would be: a call does all of its checks first and changes the state
//! only then; it loops over nothing but the batch at hand and what that batch discharges; amounts are checked;
//! time is a number that the chain gives, and who calls is what the chain says. What a chain gives and this crate
//! must do itself is apart from it: `durable` for the disk, [`party::Secret`] in place of transactions' signatures.
//!
//! # What it keeps
//! 1. *Batches*: each has the number and the old root that settlement is at, the domain, the operator's epoch, and
//!    a proof of the policy ([`state`]). Its records, and its operations of the shielded pool, are published with it.
//! 2. *Deposits* are numbered, and batches show them in that order. Settlement allots the ids of accounts, knows
//!    each one's asset, and takes no deposit that would lift an asset's total to 2^128.
//! 3. *Withdrawals* are paid once, to their recipient, who collects them; or pay for a note of the shielded pool.
//! 4. *Obligations*: deposits and forced orders have a day. When it is over, anyone freezes.
//! 5. *Frozen* is final. Accounts leave by an opening at the frozen root and a signature, notes by a private
//!    withdrawal against the frozen anchor, unused deposits return.
//!
//! What comes in is what goes out: per asset, settlement never pays more than it was given.

#![forbid(unsafe_code)]
// they panic where nothing can be written, as on a full disk
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod bytes;
pub mod call;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "store")]
pub mod durable;
pub mod genesis;
pub mod party;
pub mod proofs;
pub mod rebuild;
#[cfg(feature = "serve")]
pub mod server;
pub mod state;
#[cfg(any(test, feature = "store"))]
mod verdicts;
pub mod view;

use std::error::Error;
use winterlane_ledger::{Amount, AssetId, BatchNumber};

pub use call::{BatchData, Call, Claim, DepositTo, Opening, PoolData};
#[cfg(feature = "client")]
pub use client::Client;
#[cfg(feature = "store")]
pub use durable::{Durable, Handle, StoreError};
pub use genesis::{Genesis, GenesisError, Rules};
pub use party::{Party, Secret};
pub use proofs::{Proofs, Verifier, calm};
pub use state::{Context, Outcome, Refusal, State};
use thiserror::Error;
pub use view::{FrozenView, Obligation, Owed, Payment, Status};

/// Settlement, as a node's outbox, a wallet or the command talks to it: in this process or elsewhere. Who calls is
/// part of the value.
pub trait Settlement: Send {
    /// Where settlement is.
    ///
    /// # Errors
    /// [`CallError::Unavailable`].
    fn status(&self) -> Result<Status, CallError>;

    /// What it began with.
    ///
    /// # Errors
    /// [`CallError::Unavailable`].
    fn genesis(&self) -> Result<Genesis, CallError>;

    /// Makes a call. What is answered with `Ok` lasts.
    ///
    /// # Errors
    /// [`CallError::Refused`]: nothing changed. [`CallError::Unavailable`]: it is not known whether anything did.
    fn call(&self, call: &Call) -> Result<Outcome, CallError>;

    /// The published data of a batch; `None` when it is not settled.
    ///
    /// # Errors
    /// [`CallError::Unavailable`].
    fn batch(&self, number: BatchNumber) -> Result<Option<BatchData>, CallError>;

    /// What is due, by its number, from `first` on and at most `limit` of it.
    ///
    /// # Errors
    /// [`CallError::Unavailable`].
    fn obligations(&self, first: u64, limit: usize) -> Result<Vec<(u64, Obligation)>, CallError>;

    /// What was paid out, from payment `first` on and at most `limit` of it.
    ///
    /// # Errors
    /// [`CallError::Unavailable`].
    fn payments(&self, first: u64, limit: usize) -> Result<Vec<Payment>, CallError>;

    /// What this caller may collect, with its asset and amount.
    ///
    /// # Errors
    /// [`CallError::Unavailable`].
    fn claims(&self) -> Result<Vec<(Claim, AssetId, Amount)>, CallError>;
}

/// Why a call has no outcome.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// Settlement refused it, and nothing changed.
    #[error("settlement refuses: {message}")]
    Refused {
        /// Which refusal ([`Refusal::code`]), for programs.
        code: String,
        /// The same in words.
        message: String,
    },
    /// Settlement could not be asked, or did not answer: the call may be made again.
    #[error("settlement cannot be asked: {what}")]
    Unavailable {
        /// What went wrong.
        what: String,
        /// What the system or the other side said.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl CallError {
    /// Whether settlement refused the call for this reason ([`Refusal::code`]).
    #[must_use]
    pub fn is(&self, reason: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == reason)
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            code: refusal.code().into(),
            message: refusal.to_string(),
        }
    }
}
