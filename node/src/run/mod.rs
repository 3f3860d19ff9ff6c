//! The durable loop: the threads around the sequencer.
//!
//! ```text
//!  handles ─► admission ─► writer ─► log, seal, proof, outbox ─► store
//!             signatures   decides     ▲        ▲        ▲
//!                                    sealer   prover  publisher
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `admission` | checks signatures, many at a time |
//! | `verify` | verifies proofs of private operations, a few at a time |
//! | `writer` | decides, writes, answers |
//! | `sealer` | hashes closed batches into the tree |
//! | `prover` | proves, and verifies what it proved |
//! | `publisher` | gives proven batches to settlement |
//! | `shared` | what handles read |

pub(crate) mod admission;
mod prover;
mod publisher;
mod sealer;
pub(crate) mod shared;
mod start;
#[cfg(test)]
mod tests;
pub(crate) mod verify;
mod writer;

pub use prover::Proving;
pub(crate) use prover::{Outcome, ProofJob, Prove};
pub use start::{NodeOptions, Running, StartError, StopError};
pub(crate) use start::{Stand, start};
pub use verify::PrivateVerifying;
