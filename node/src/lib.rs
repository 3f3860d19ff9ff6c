//! A payment rollup that runs: orders come in, proven batches go out, and nothing that was acknowledged
//! is lost.
//!
//! | module | what it holds |
//! |---|---|
//! | [`handle`] | [`Node`]: everything that can be asked of a running node |
//! | [`view`] | what the node answers: receipts, states of orders, batches, status |
//! | [`event`] | what the node tells of its own accord |
//! | [`error`] | why it refuses |
//! | [`id`] | the name of an order |
//! | [`keys`] | operators' credentials: scopes, signed requests, rotation |
//! | [`audit`] | what was done with them, in a chain of hashes |
//! | [`clock`] | time, as something that is given |
//!
//! # Durability
//! *The log holds decisions*: an order is tried on the open batch in memory, written to the log with the
//! batch that takes it, and acknowledged once the log is on the disk. *A seal is one transaction*: accounts,
//! tree, header, records, receipts, the log entries it consumes and the job of proving it appear together.
//! *Everything outside the store can be repeated*: proving and publishing are keyed by batch number and
//! begin again after a restart. A storage error ends the process, since what a failed `fsync` left on the
//! disk nobody knows.

#![forbid(unsafe_code)]

pub mod audit;
pub mod clock;
mod durable;
pub mod error;
pub mod event;
pub mod handle;
pub mod id;
pub mod keys;
pub mod view;

pub use error::{AdminError, ReadError, Refusal, SubmitError};
pub use event::{Alarm, Event};
pub use handle::Node;
pub use id::OrderId;
pub use view::{
    AccountView, AssetFee, BatchStage, BatchView, Fees, OrderState, PendingOrder, ProvenAccount,
    Receipt, Status,
};
