//! Which rollup a published pool belongs to, as a file.

use alloc::string::String;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use winterlane_ledger::{ChainId, Domain, RollupId, hash::domain_digest};

/// The contents of `pool.json`, which lies beside the published operations of a shielded pool
/// (`operation-000000.op`, and its proof where it has one).
///
/// ```
/// use winterlane_ledger::{ChainId, RollupId};
/// use winterlane_verifier::PoolFile;
/// let file: PoolFile = serde_json::from_str(
///     r#"{"format": "winterlane-pool-1", "chain_id": 1, "rollup_id": 7}"#,
/// )?;
/// file.check_format()?;
/// assert_eq!(file, PoolFile::new(ChainId::new(1), RollupId::new(7)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolFile {
    format: String,
    /// The chain.
    pub chain_id: ChainId,
    /// The rollup on it.
    pub rollup_id: RollupId,
}

/// A file of a pool whose layout this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the format is {format:?}, not {:?}", PoolFile::FORMAT)]
pub struct UnknownPoolFormat {
    /// What the file says of its layout.
    pub format: String,
}

impl PoolFile {
    /// Names the layout.
    pub const FORMAT: &'static str = "winterlane-pool-1";

    /// A file of the present layout.
    #[must_use]
    pub fn new(chain_id: ChainId, rollup_id: RollupId) -> Self {
        Self {
            format: Self::FORMAT.into(),
            chain_id,
            rollup_id,
        }
    }

    /// Whether the file says that it has the present layout.
    ///
    /// # Errors
    /// When it names another one.
    pub fn check_format(&self) -> Result<(), UnknownPoolFormat> {
        if self.format == Self::FORMAT {
            return Ok(());
        }
        Err(UnknownPoolFormat {
            format: self.format.clone(),
        })
    }

    /// The domain of the pool's operations.
    #[must_use]
    pub fn domain(&self) -> Domain {
        domain_digest(self.chain_id, self.rollup_id)
    }
}
