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
//! | `writer` | decides, writes, answers |
//! | `sealer` | hashes closed batches into the tree |
//! | `prover` | proves on this machine; [`crate::queue`] is how the writer gets there |
//! | `publisher` | gives proven batches to settlement |
//! | `shared` | what handles read |

pub(crate) mod admission;
pub(crate) mod prover;
mod publisher;
mod sealer;
pub(crate) mod shared;
mod start;
#[cfg(test)]
mod tests;
pub(crate) mod writer;

pub use prover::Proving;
pub use start::{NodeOptions, Running, SharedQueue, StartError, StopError};
