//! Winterlane.

#[cfg(feature = "replay")]
pub mod replay;
#[cfg(feature = "wallet")]
pub mod wallet;

pub mod engine;
pub mod trace;
pub mod batch;

pub use batch::{BatchError, BatchProof, BatchProver, Engine, prove_batch, prove_batches};
pub use engine::{EngineOptions, ProverError, prove, prove_with};
