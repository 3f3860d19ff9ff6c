//! Why a batch is not proven.

use thiserror::Error;
use winterlane_air::presets::Preset;

use crate::{engine::ProverError, trace::TraceError};

/// Why a batch is not proven.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The preset has no parameters for a trace of this length.
    #[error("the preset {preset} has no parameters for a trace of {rows} rows")]
    Unsupported {
        /// The preset.
        preset: Preset,
        /// Rows of the trace.
        rows: usize,
    },
    /// The trace cannot be filled.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Winterlane's engine stopped.
    #[error(transparent)]
    Engine(#[from] ProverError),
    /// winterfell's prover stopped.
    #[error("winterfell's prover: {0}")]
    Stock(#[from] winter_prover::ProverError),
}
