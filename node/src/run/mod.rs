//! The durable loop: the threads around the sequencer.
//!
//! ```text
//!  handles ─► admission ─► writer ─► log, seal, proof, outbox ─► store
//!             signatures   decides     ▲        ▲        ▲
//!                                    sealer   queue   publisher
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `admission` | checks signatures, many at a time |
//! | `verify` | verifies proofs of private operations, a few at a time |
//! | `writer` | decides, writes, answers |
//! | `sealer` | hashes closed batches into the tree |
//! | `prover` | proves on this machine; [`crate::queue`] is how the writer gets there |
//! | `publisher` | gives proven batches to settlement |
//! | `duties` | takes what settlement obliges the operator to |
//! | `shared` | what handles read |

pub(crate) mod admission;
mod duties;
pub(crate) mod prover;
mod publisher;
mod sealer;
pub(crate) mod shared;
mod start;
#[cfg(test)]
mod tests;
pub(crate) mod verify;
pub(crate) mod writer;

pub use prover::Proving;
pub(crate) use prover::{Outcome, ProofJob, Prove};
pub use start::{NodeOptions, Running, SharedQueue, StartError, StopError};
pub(crate) use start::{Stand, start};
pub use verify::PrivateVerifying;
