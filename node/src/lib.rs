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
//! | [`api`] | the interface over HTTP, and the page for people |
//! | [`client`] | a client of that interface |
//! | [`webhook`] | what the node tells others, signed |
//! | [`tls`] | certificates of the interface |
//! | [`serve`] | all of it in one process |
//! | [`mod@bench`] | load figures of this machine |
//! | [`clock`] | time, as something that is given |
//! | [`command`] | how the programs start and end |
//! | [`config`] | the configuration file |
//! | [`prefix`] | networks, as the configuration names them |
//! | [`private`] | operations of the shielded pool, as they are sent |
//! | [`panel`] | workers that verify their proofs, and what their word is worth |
//! | [`settlement`] | where proven batches are published |
//! | [`queue`] | where batches wait to be proven |
//! | [`blob`] | the object store between a node and workers on other machines |
//! | [`worker`] | such a worker |
//! | `core` | the sequencer: which order goes into which batch; no clock, no file, no socket |
//! | `store` | everything that must survive, in one file of redb |
//! | `run` | the threads around the sequencer |
//! | `witness`, `disk`, `descriptors` | files beside the store, and that they can be opened |
//! | `fault` | where a test may kill the process |
//!
//! # Durability
//! *The log holds decisions*: an order is tried on the open batch in memory, written to the log with the
//! batch that takes it, and acknowledged once the log is on the disk. *A seal is one transaction*: accounts,
//! tree, header, records, receipts, the log entries it consumes and the job of proving it appear together.
//! *Everything outside the store can be repeated*: proving and publishing are keyed by batch number and
//! begin again after a restart. A storage error ends the process, since what a failed `fsync` left on the
//! disk nobody knows.

#![forbid(unsafe_code)]
// they panic where nothing can be written, as on a full disk
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod api;
pub mod audit;
pub mod bench;
pub mod blob;
pub mod client;
pub mod clock;
pub mod command;
pub mod config;
mod core;
mod descriptors;
mod disk;
pub mod error;
pub mod event;
mod fault;
pub mod handle;
pub mod id;
pub mod keys;
pub mod panel;
pub mod prefix;
pub mod private;
pub mod queue;
mod run;
pub mod serve;
pub mod settlement;
mod store;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod view;
pub mod webhook;
mod witness;
pub mod worker;

pub use core::{FeeSchedule, Limits};
pub use error::{AdminError, ReadError, Refusal, SubmitError};
pub use event::{Alarm, Event};
pub use handle::{Anchors, Node, NoteView, Notes, NullifierState};
pub use id::OrderId;
pub use panel::{PanelSettings, PrivateChecks};
pub use run::{
    NodeOptions, PrivateVerifying, Proving, Running, SharedQueue, StartError, StopError,
};
pub use store::{
    Genesis, StoreError,
    forget::forget,
    snapshot::{SnapshotError, restore, snapshot, snapshot_to},
};
pub use view::{
    AccountView, AssetFee, AssociationView, BatchStage, BatchView, Fees, ForcedOutcome,
    HistoryPlace, OrderState, PendingOrder, PrivateMinimum, PrivateTerms, ProvenAccount, Receipt,
    Status,
};
