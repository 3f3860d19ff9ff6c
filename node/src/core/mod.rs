//! The sequencer: which order goes into which batch. It reads no clock, no file and no socket.
//!
//! | module | what it holds |
//! |---|---|
//! | `cut` | where the log may be cut |
//! | `entry` | decisions, and their bytes in the log |
//! | `rules` | what an order must keep besides the ledger's rules |
//! | `trial` | the state that orders are tried on: the store, and what was decided since |
//! | `sequencer` | the state machine |
//!
//! The sequencer *decides*: it tries each order on the state as all decisions before have left it, and gives
//! it a number and a batch. Whoever drives it writes the decisions to the log, answers once they are durable,
//! and seals the batches that are closed. Given the same decisions again, it is in the same state again.

mod cut;
mod entry;
mod rules;
mod sequencer;
#[cfg(test)]
mod tests;
mod trial;

pub(crate) use cut::{REACH, Together};
pub(crate) use entry::{Claim, Entry, Logged, LoggedEntry, Operation, note_bytes};
pub use rules::{FeeSchedule, Limits};
pub(crate) use sequencer::{ClosedBatch, ClosedPool, Fault, Known, Sequencer};
pub(crate) use trial::{Base, NoHash, Trial};
