//! Settings of the shielded pool.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::PrivateVerifying;

/// How private operations are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivateSettings {
    /// Private operations that may be pending.
    pub pending: u64,
    /// Proofs that are verified at once.
    #[serde(deserialize_with = "super::values::some_threads")]
    pub threads: NonZeroUsize,
    /// Operations that may wait for it.
    #[serde(deserialize_with = "super::values::count")]
    pub waiting: usize,
}

impl Default for PrivateSettings {
    fn default() -> Self {
        let PrivateVerifying { threads, waiting } = PrivateVerifying::default();
        Self {
            pending: 1024,
            threads,
            waiting,
        }
    }
}

impl PrivateSettings {
    pub(super) const fn verifying(&self) -> PrivateVerifying {
        PrivateVerifying {
            threads: self.threads,
            waiting: self.waiting,
        }
    }
}
