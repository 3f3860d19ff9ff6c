//! Settings of the shielded pool.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    Root,
    pool::PoolPolicy,
    private::{Association, AssociationMode},
};

use super::values::Amount;
use crate::PrivateVerifying;

/// How private operations are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The assets in which private operations pay, each with its least fee; empty for what is asked of orders.
    pub fees: Vec<PrivateFee>,
    /// The association sets that count; empty when none is asked for.
    pub association: Vec<AssociationSetting>,
}

/// The least fee of a private operation in one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateFee {
    /// The asset.
    pub asset: u32,
    /// The least fee.
    pub minimum: Amount,
}

/// An association set that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssociationSetting {
    /// `approved` or `not-refused`.
    pub mode: ModeSetting,
    /// The root of the set's tree: 64 hexadecimal digits.
    pub root: Root,
}

/// Which notes a set names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ModeSetting {
    /// Approved notes: what is spent is in it.
    Approved,
    /// Refused notes: what is spent is not in it.
    NotRefused,
}

impl Default for PrivateSettings {
    fn default() -> Self {
        let PrivateVerifying { threads, waiting } = PrivateVerifying::default();
        Self {
            pending: 1024,
            threads,
            waiting,
            fees: Vec::new(),
            association: Vec::new(),
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

    pub(super) fn policy(&self) -> PoolPolicy {
        let fees = self.fees.iter();
        let policy = fees.fold(PoolPolicy::open(), |policy, fee| {
            policy.with_minimum_fee(fee.asset, fee.minimum.0)
        });
        if self.association.is_empty() {
            return policy;
        }
        policy.with_association_sets(self.association.iter().map(|set| Association {
            mode: match set.mode {
                ModeSetting::Approved => AssociationMode::Approved,
                ModeSetting::NotRefused => AssociationMode::NotRefused,
            },
            root: set.root,
        }))
    }
}
