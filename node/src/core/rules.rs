//! What an order must keep besides the ledger's rules.

use std::{collections::BTreeMap, time::Duration};

use winterlane_ledger::{AccountId, Amount, AssetId};

use crate::{Refusal, view::AssetFee};

/// How much is taken, and how batches are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Slots of a full batch: a power of two from 2 to 8,192.
    pub slots: u32,
    /// The longest that a batch stays open after its first operation.
    pub max_age: Duration,
    /// An order's last batch must be this many after the one that takes it, at least.
    pub min_lifetime: u64,
    /// The most orders of one account that may be pending.
    pub max_per_account: u32,
    /// The most orders that may be pending.
    pub max_pending: u64,
    /// The most private operations among them: each has a proof of some 150 KiB, in memory and in the log.
    pub max_private: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            slots: 1024,
            max_age: Duration::from_secs(2),
            min_lifetime: 2,
            max_per_account: 64,
            max_pending: 100_000,
            max_private: 1024,
        }
    }
}

/// Which fees are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeeSchedule {
    assets: BTreeMap<AssetId, AssetFee>,
    others: bool,
}

impl FeeSchedule {
    /// No fees at all, of any asset: orders that offer one are refused.
    #[must_use]
    pub const fn free() -> Self {
        Self {
            assets: BTreeMap::new(),
            others: true,
        }
    }

    /// Fees in these assets. Accounts of other assets may order for no fee when `others` says so.
    #[must_use]
    pub fn new(assets: impl IntoIterator<Item = AssetFee>, others: bool) -> Self {
        let assets = assets.into_iter().map(|fee| (fee.asset, fee)).collect();
        Self { assets, others }
    }

    /// The fees of each asset, by ascending asset.
    pub fn assets(&self) -> impl Iterator<Item = &AssetFee> {
        self.assets.values()
    }

    /// Whether accounts of other assets may order for no fee.
    #[must_use]
    pub const fn others(&self) -> bool {
        self.others
    }

    /// Who collects an asset's fees.
    pub(crate) fn collector(&self, asset: AssetId) -> Option<AccountId> {
        self.assets.get(&asset).map(|fee| fee.collector)
    }

    /// Whether an order of an account of this asset may offer this fee.
    pub(crate) fn check(&self, asset: AssetId, fee: Amount) -> Result<(), Refusal> {
        match self.assets.get(&asset) {
            Some(AssetFee { minimum, .. }) if fee < *minimum => Err(Refusal::FeeTooLow {
                fee,
                minimum: *minimum,
                asset,
            }),
            Some(_) => Ok(()),
            None if self.others && fee.is_zero() => Ok(()),
            None => Err(Refusal::FeeAsset { asset }),
        }
    }
}
