//! Workers that verify proofs of private operations, and what their word is worth.
//!
//! A batch's proof that a worker makes is verified by the node, so that a worker can lie about nothing. A *verdict* on a
//! proof is another matter: the node could check it only by doing the work itself. So the word of one worker counts for
//! nothing. An operation goes to a *panel*: two workers of different clients, which the node draws by lot after it has
//! the operation.
//!
//! ```text
//!  operation ─► cheap checks ─► two workers, by lot ─┬─ both say the same ─► sample? ─┬─ no ──► taken, or refused
//!                     │                              │                                └─ yes ─┐
//!                     │                              ├─ they differ ──────────────────────────┤
//!                     │                              └─ no answer in time ────────────────────┤
//!                     └─ no two workers, or a verdict was ever false ─────────────────────────┴─► the node verifies
//! ```
//!
//! # What holds
//! - *One worker that lies decides nothing.* Where two verdicts differ the node verifies, and knows who lied.
//! - *Nobody chooses what to judge.* Workers that took jobs themselves could wait for an accomplice's proof. Here the node
//!   draws both, among those that are present. (Whoever may write to the queue can make others seem absent, so that this alone
//!   bounds nothing: the sample does.)
//! - *A verdict is of one operation and one asking.* It is signed over a random number that the node drew for it, the
//!   rollup, the operation's bytes (and so its proof, its anchor and its domain) and the verifier's policy. It counts
//!   nowhere else and never again.
//! - *A key is a key of operators* ([`crate::keys`]), with the scope `verify`: it has an expiry, is rotated and revoked. It is
//!   looked up when the verdict comes. The keys of one client are one voice.
//! - *Two that lie together* are found out by the sample: one in so many operations the node verifies all the same, drawn
//!   after both verdicts are in. Once a verdict was false, no worker is asked any more, and nothing is sealed whose proofs
//!   the sealer has not verified itself, until an operator has looked (`doubt`).
//! - *Nothing false becomes final*, whatever workers say: settlement verifies every proof of a batch again. A node whose
//!   settlement does not verify asks no workers ([`crate::StartError::NoSecondLook`]).
//! - *No refusal is a worker's either.* Both must say so, with the words of the same verifier.
//!
//! PostgreSQL, between node and workers, can hold verdicts back and no more: then the node verifies itself, after a bound.
//!
//! | module | what it holds |
//! |---|---|
//! | `verdict` | what is asked and answered, and what is signed |
//! | `table` | the cases that are open, and who is drawn |
//! | `chair` | the threads: one that asks and counts, one that verifies what comes back to the node |
//! | `counts` | how much was verified by whom |
//! | `doubt` | that a verdict was false: a file, since it must survive |

mod chair;
mod counts;
mod doubt;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;

use std::{fmt, num::NonZeroU32, time::Duration};

pub(crate) use self::{
    chair::{Message, Panel, Parts, spawn},
    counts::{Counts, counted},
    doubt::Doubt,
    table::Ask,
    verdict::MAX_REASON,
};
pub use self::{
    doubt::FalseVerdict,
    verdict::{Case, SignedVerdict, Verdict, judge, policy},
};
use crate::{
    keys::{ClientName, PublicKey},
    queue::QueueError,
};

/// How workers verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanelSettings {
    /// One in so many operations that workers have judged is verified by the node too.
    pub sample: NonZeroU32,
    /// How long workers have to answer, before the node verifies itself.
    pub patience: Duration,
}

impl Default for PanelSettings {
    /// One in 16, and a second.
    fn default() -> Self {
        Self {
            sample: NonZeroU32::new(16).unwrap_or(NonZeroU32::MIN),
            patience: Duration::from_secs(1),
        }
    }
}

/// Who may verify: which keys count now, and whose they are.
pub trait Roster: fmt::Debug + Send + Sync {
    /// The client with this key, if the key is live and may verify at this moment.
    fn verifier(&self, key: &PublicKey) -> Option<ClientName>;

    /// A verdict that this key has signed was counted.
    fn heard(&self, _key: &PublicKey) {}
}

/// Where cases wait for the workers that were drawn. Nothing that comes out of it is believed: verdicts are signed.
pub(crate) trait PanelQueue: Send + 'static {
    /// The keys of workers that were heard of in the last seconds and have this policy, as they say.
    fn present(&mut self) -> Result<Vec<PublicKey>, QueueError>;

    /// Asks each case's two workers.
    fn ask(&mut self, cases: &[Ask]) -> Result<(), QueueError>;

    /// What was answered since, each answer once.
    fn verdicts(&mut self) -> Result<Vec<SignedVerdict>, QueueError>;

    /// Nobody needs an answer to these any more.
    fn close(&mut self, challenges: &[[u8; 32]]) -> Result<(), QueueError>;
}

/// How proofs of private operations were verified since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PrivateChecks {
    /// Proofs that this process verified, for whatever reason.
    pub by_node: u64,
    /// Operations that were taken or refused by the word of two workers, without a look of the node.
    pub by_workers: u64,
    /// Of those that the node verified: drawn by lot after two workers agreed.
    pub sampled: u64,
    /// Of those: two workers said different things.
    pub disagreed: u64,
    /// Of those: workers were asked, and did not both answer in time.
    pub overdue: u64,
    /// Verdicts that counted for nothing: of another case, by a key that may not, with a signature that does not hold.
    pub ignored: u64,
    /// Verdicts that were false.
    pub false_verdicts: u64,
    /// Operations that wait for workers now.
    pub waiting: u64,
    /// Clients with a worker that is present.
    pub workers: u64,
    /// Whether a verdict was ever false, and no operator has looked since: no worker is asked.
    pub doubt: bool,
}
