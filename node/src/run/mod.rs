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
//! | `ahead` | how far a node goes ahead of its settlement |
//! | `shared` | what handles read |
//! | `options`, `start`, `recover`, `running` | what a node is started with, its start, what it does with what the process before left, its end |
//! | `priority` | which threads yield to orders |
//! | `stand` | what tests put in the place of the real thing |
//! | `threads` | how all but the writer are started, and what becomes of a panic |

pub(crate) mod admission;
mod ages;
mod ahead;
mod duties;
mod options;
mod priority;
pub(crate) mod prover;
mod publisher;
mod recover;
mod running;
mod sealer;
pub(crate) mod shared;
mod stand;
mod start;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
pub(crate) mod verify;
pub(crate) mod writer;

pub use options::{NodeOptions, SharedQueue};
pub use prover::Proving;
pub(crate) use prover::{Outcome, ProofJob, Prove};
pub use running::{Running, StopError};
pub(crate) use stand::Stand;
pub use start::StartError;
pub(crate) use start::start;
pub use verify::PrivateVerifying;
