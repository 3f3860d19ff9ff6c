//! Settings of the shielded pool.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    AssetId, Root,
    pool::PoolPolicy,
    private::{Association, AssociationMode},
};

use super::values::{AmountSetting, Patience};
use crate::{PanelSettings, PrivateVerifying};

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
    /// Whether workers verify them.
    pub workers: bool,
    /// One in so many that workers have judged is verified by the node too.
    #[serde(deserialize_with = "super::values::some_count")]
    pub sample: NonZeroU32,
    /// Seconds that workers have to answer.
    pub patience: Patience,
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
    pub asset: AssetId,
    /// The least fee.
    pub minimum: AmountSetting,
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
        let PrivateVerifying {
            threads, waiting, ..
        } = PrivateVerifying::default();
        let PanelSettings { sample, patience } = PanelSettings::default();
        Self {
            pending: 1024,
            threads,
            waiting,
            workers: false,
            sample,
            patience: Patience(patience.as_secs_f64()),
            fees: Vec::new(),
            association: Vec::new(),
        }
    }
}

impl PrivateSettings {
    pub(super) fn verifying(&self) -> PrivateVerifying {
        PrivateVerifying {
            threads: self.threads,
            waiting: self.waiting,
            panel: self.workers.then(|| PanelSettings {
                sample: self.sample,
                patience: Duration::from_secs_f64(self.patience.0),
            }),
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
