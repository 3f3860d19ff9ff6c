//! The sections of the file, with their defaults.

use std::{net::SocketAddr, path::Path};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_settlement::{Party, Secret, party::SecretError};

use winterlane_ledger::{AccountId, AssetId, BatchNumber, ChainId, RollupId};

use super::{
    accounts::AccountSetting,
    values::{AmountSetting, PresetSetting, Seconds, SettlementListen, Slots},
};
use crate::prefix::Prefix;

/// Which rollup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rollup {
    /// The chain that settles it.
    pub chain_id: ChainId,
    /// Which of that chain's rollups.
    pub rollup_id: RollupId,
    /// The number of the first batch.
    pub first_batch: BatchNumber,
    /// The accounts that the rollup begins with.
    pub accounts: Vec<AccountSetting>,
}

/// Where the node is served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// The interface.
    #[serde(deserialize_with = "super::values::address")]
    pub address: SocketAddr,
    /// Health and metrics.
    #[serde(deserialize_with = "super::values::address")]
    pub health: SocketAddr,
    /// The certificate chain of the interface (PEM), inside the data folder unless the path is absolute; empty for no TLS.
    pub certificate: String,
    /// Its private key (PEM).
    pub key: String,
    /// Whether listeners without TLS may have addresses that other machines reach.
    pub plain_anywhere: bool,
    /// The proxies that are believed about whom they ask for; none unless some are named.
    pub proxies: Vec<Prefix>,
}

/// How batches are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batches {
    /// Slots of a full batch.
    pub slots: Slots,
    /// Seconds that a batch stays open.
    pub seconds: Seconds,
}

/// What orders must keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Orders {
    /// Batches that an order must still be valid for.
    pub min_lifetime: u64,
    /// Orders of one account that may be pending.
    pub per_account: u32,
    /// Orders that may be pending.
    pub pending: u64,
    /// Orders that may wait for their signatures to be checked.
    #[serde(deserialize_with = "super::values::count")]
    pub queue: usize,
}

/// What orders must pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeeSettings {
    /// Whether accounts of other assets may order for no fee.
    pub others: bool,
    /// The assets in which fees are taken.
    pub assets: Vec<FeeSetting>,
}

/// The fees of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeSetting {
    /// The asset.
    pub asset: AssetId,
    /// The least fee.
    pub minimum: AmountSetting,
    /// Who collects.
    pub collector: AccountId,
}

/// How batches are proven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proofs {
    /// Whether they are.
    pub enabled: bool,
    /// The options of the proofs.
    pub preset: PresetSetting,
    /// Threads; 0 for as many as there are cores.
    #[serde(deserialize_with = "super::values::threads")]
    pub threads: usize,
    /// Mebibytes that a proof may take; 0 for what the system has.
    pub memory_mib: u64,
    /// Batches that may wait.
    pub waiting: u64,
}

/// How the store is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// Mebibytes in memory.
    #[serde(deserialize_with = "super::values::mebibytes")]
    pub cache_mib: usize,
    /// Mebibytes that must be left on the disk.
    pub reserve_mib: u64,
}

/// Where batches are published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettlementSettings {
    /// The folder; empty for nowhere.
    pub folder: String,
    /// Settlement with rules and money, by address or by folder; empty for none.
    pub at: String,
    /// The file of the operator's secret there.
    pub secret: String,
    /// Where a settlement of this process is served; empty for nowhere.
    pub listen: SettlementListen,
}

impl SettlementSettings {
    /// The operator at settlement: whose secret is in the file, inside the node's folder unless its path is absolute.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn operator(&self, folder: &Path) -> Result<Party, OperatorError> {
        let secret = Secret::load(&folder.join(&self.secret))?;
        Ok(secret.party())
    }
}

/// The operator's secret at settlement cannot be had.
#[derive(Debug, Error)]
#[error("settlement.secret: {source}; `winterlane-settlement secret FILE` makes one")]
pub struct OperatorError {
    #[from]
    source: SecretError,
}

impl Default for Rollup {
    fn default() -> Self {
        Self {
            chain_id: ChainId::new(1),
            rollup_id: RollupId::new(1),
            first_batch: BatchNumber::ZERO,
            accounts: Vec::new(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            address: local(8650),
            health: local(8651),
            certificate: String::new(),
            key: String::new(),
            plain_anywhere: false,
            proxies: Vec::new(),
        }
    }
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            slots: Slots(1024),
            seconds: Seconds(2.0),
        }
    }
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            min_lifetime: 2,
            per_account: 64,
            pending: 100_000,
            queue: 8192,
        }
    }
}

impl Default for FeeSettings {
    fn default() -> Self {
        Self {
            others: true,
            assets: Vec::new(),
        }
    }
}

impl Default for Proofs {
    fn default() -> Self {
        Self {
            enabled: true,
            preset: PresetSetting(Preset::new(PresetName::Fast, SecurityLevel::Bits128)),
            threads: 0,
            memory_mib: 0,
            waiting: 8,
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            cache_mib: 256,
            reserve_mib: 1024,
        }
    }
}

impl Default for SettlementSettings {
    fn default() -> Self {
        Self {
            folder: "settled".into(),
            at: String::new(),
            secret: "operator.secret".into(),
            listen: SettlementListen::default(),
        }
    }
}
