//! What a wallet asks of a node: the questions as a trait ([`Ask`]), and, with the feature `client`, `NodeClient`, which asks over HTTP and
//! hides retries.
//!
//! *Retries*: what the node did not take for the moment (429, 503) is sent again after the time that it says, and what
//! got no answer is sent again too. That is harmless: a question changes nothing, and the same order has the same answer
//! however often it comes.
//!
//! *Trust*: an answer is what a stranger says. [`crate::account`] believes of it what a Merkle proof shows, and is careful with
//! the rest.

mod answers;
mod error;
#[cfg(feature = "client")]
mod http;

pub use answers::{
    AccountAnswer, Acknowledged, AssetFee, Fees, NodeStatus, OrderPlace, Proven, Stage,
};
pub use error::{ClientError, Refused};
#[cfg(feature = "client")]
pub use http::{ClientConfig, NodeClient};
use winterlane_ledger::{AccountId, SignedOrder};

/// What a wallet asks of a node.
pub trait Ask {
    /// How the node is, and which rollup it runs.
    ///
    /// # Errors
    /// [`ClientError`].
    fn status(&self) -> Result<NodeStatus, ClientError>;

    /// What an order must pay, and how long it must be valid.
    ///
    /// # Errors
    /// [`ClientError`].
    fn fees(&self) -> Result<Fees, ClientError>;

    /// An account as pending orders will leave it; `None` when there is none. Nothing proves the answer.
    ///
    /// # Errors
    /// [`ClientError`].
    fn account(&self, id: AccountId) -> Result<Option<AccountAnswer>, ClientError>;

    /// What the leaf of an account holds after the last sealed batch, with its path. *It was not verified.*
    ///
    /// # Errors
    /// [`ClientError`].
    fn proof(&self, id: AccountId) -> Result<Proven, ClientError>;

    /// Submits an order. The same order again has the same answer.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the node will not take it; any other error leaves open whether it did.
    fn submit(&self, order: &SignedOrder) -> Result<Acknowledged, ClientError>;

    /// Where an order is, by the name that [`Ask::submit`] returned; `None` when the node does not have it.
    ///
    /// # Errors
    /// [`ClientError`].
    fn order(&self, id: &str) -> Result<Option<OrderPlace>, ClientError>;
}
