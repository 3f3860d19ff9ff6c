//! Proofs of winterfell AIRs on vector units, and of batches of payments.
//!
//! An *AIR* says by polynomial equations between neighbouring rows what a valid table of numbers, the *trace*, is. A
//! STARK proves that somebody knows a valid trace. Filling the trace from what only the prover knows, the *witness*,
//! and proving it are the two halves of this crate.
//!
//! | module | what it holds |
//! |---|---|
//! | [`engine`] | [`prove`]: winterfell's whole pipeline on vector lanes, byte for byte the same proof |
//! | [`hashing`] | hash functions that the engine does not know, many messages at once |
//! | [`hiding`] | [`prove_hiding`]: proofs of any AIR that hide the witness |
//! | [`statement`] | [`prove_statement`]: any statement, from its witness to a proof |
//! | [`batch`] | [`prove_batch`]: a sealed batch, a preset and an engine to a proof |
//! | [`private`] | [`prove_private`]: private statements, from what a person knows to a hiding proof |
//! | [`memory`] | what the process keeps for the next proof, and giving it back |
//! | [`plain`] | [`PlainProver`] and [`default_parts!`]: what plain winterfell provers share |
//! | [`threads`] | [`threads::install`]: a thread pool where threads are scarce |
//! | [`trace`] | the execution trace of a batch from its witness |
//!
//! A prover of your own AIR changes one call:
//!
//! ```ignore
//! let proof = winterlane_prover::prove(&prover, trace)?; // was: prover.prove(trace)?
//! ```
//!
//! `examples/accelerate_your_air.rs` has it whole.

#![forbid(unsafe_code)]

pub mod batch;
mod compressor;
pub mod engine;
pub mod hiding;
pub mod memory;
pub mod plain;
pub mod private;
pub mod statement;
pub mod threads;
pub mod trace;

pub use batch::{BatchError, BatchProof, BatchProver, check_memory, prove_batch, prove_batches};
pub use compressor::SimdCompressor;
pub use engine::{EngineOptions, ProverError, hashing, prove, prove_with};
pub use hiding::{HidingRng, prove_hiding};
pub use plain::PlainProver;
pub use private::{PrivateError, PrivateWitness, prove_private};
pub use statement::{Engine, Provable, prove_statement};
pub use winterlane_field_simd::{BACKEND_VARIABLE, Backend};
