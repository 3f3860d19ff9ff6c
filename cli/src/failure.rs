//! Why the command ends without its result, and the exit status that says so.

use std::fmt::Display;

use winterlane_prover::{BatchError, PrivateError, ProverError};

/// Exit status of what is invalid.
pub(crate) const INVALID: u8 = 1;
/// Exit status of what cannot be used or was interrupted.
pub(crate) const UNUSABLE: u8 = 2;

/// Why the command ends without its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A proof, its public inputs or the chain is invalid.
    Invalid(String),
    /// The input, or this machine, cannot be used.
    Unusable(String),
}

impl Failure {
    /// An input that cannot be used.
    pub(crate) fn unusable(error: impl Display) -> Self {
        Self::Unusable(error.to_string())
    }

    /// A statement that does not hold.
    pub(crate) fn invalid(error: impl Display) -> Self {
        Self::Invalid(error.to_string())
    }

    /// A batch was not proven: too large for this machine, or for another reason.
    pub(crate) fn unproven(error: BatchError) -> Self {
        match error {
            BatchError::Engine(ProverError::Memory { needed, available }) => {
                Self::Unusable(format!(
                    "a batch {}: take a smaller --batch-size or a --profile with a smaller blowup",
                    too_large(needed, available),
                ))
            }
            error => Self::invalid(error),
        }
    }

    /// A private statement was not proven: too large for this machine, or for another reason.
    pub(crate) fn unproven_private(error: PrivateError) -> Self {
        match error {
            PrivateError::Engine(ProverError::Memory { needed, available }) => {
                Self::Unusable(format!("the proof {}", too_large(needed, available)))
            }
            error => Self::invalid(error),
        }
    }
}

/// What is missing, in words.
fn too_large(needed: u64, available: u64) -> String {
    format!(
        "needs {} MiB of memory, there are {}",
        needed.div_ceil(1 << 20),
        available >> 20
    )
}
