//! The configuration file.
//!
//! `default.toml`, beside this file, has every setting with its default, unit and meaning, and is what
//! `winterlane-node config` prints; a test compares it with the defaults here.

mod accounts;
mod check;
mod init;
mod interface;
mod private;
mod queue;
mod sections;
#[cfg(test)]
mod tests;
mod values;

use std::{fmt, num::NonZeroUsize, ops::Range, path::Path, time::Duration};

pub use accounts::{AccountSetting, KeySetting, PublicAccount};
pub use init::{FILE, InitError, init, initial};
pub use interface::{Interface, WebhookSetting};
pub use private::{AssociationSetting, ModeSetting, PrivateFee, PrivateSettings};
pub use queue::{QueueAddress, QueueSettings};
pub use sections::{
    Batches, FeeSetting, FeeSettings, Listen, OperatorError, Orders, Proofs, Rollup,
    SettlementSettings, StoreSettings,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;
pub use values::{AmountSetting, Patience, PresetSetting, Seconds, SettlementListen, Slots};
use winterlane_ledger::{hash::domain_digest, objects};
use winterlane_machine::{address::without_passwords, small};

use crate::{
    AssetFee, FeeSchedule, Genesis, Limits, NodeOptions, Proving,
    settlement::{Chain, ChainSettings, Folder, Settlement},
};

/// Every setting with its default, unit and meaning.
pub const DEFAULT: &str = include_str!("default.toml");

/// What the accounts of a large first state take, and more.
const MAX_CONFIG_BYTES: u64 = 1 << 30;

/// The settings of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which rollup.
    pub rollup: Rollup,
    /// Where it is served.
    pub listen: Listen,
    /// Who may call, and how often.
    pub interface: Interface,
    /// How batches are cut.
    pub batches: Batches,
    /// What orders must keep.
    pub orders: Orders,
    /// How private operations are taken.
    pub private: PrivateSettings,
    /// What orders must pay.
    pub fees: FeeSettings,
    /// How batches are proven.
    pub proofs: Proofs,
    /// Where batches wait for their proofs.
    pub queue: QueueSettings,
    /// How the store is kept.
    pub store: StoreSettings,
    /// Where batches are published.
    pub settlement: SettlementSettings,
}

/// Why a configuration is not used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// The line, from 1; `None` when the file cannot be read.
    pub line: Option<usize>,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, reason } = self;
        match line {
            Some(line) => write!(f, "{file}:{line}: {reason}"),
            None => write!(f, "{file}: {reason}"),
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`], with the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = small::read_text(path, MAX_CONFIG_BYTES).map_err(|error| ConfigError {
            file: file.clone(),
            line: None,
            reason: error.to_string(),
        })?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`ConfigError`], with the line.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let at = |span: Option<Range<usize>>, reason: String| {
            let before = span.and_then(|span| text.get(..span.start));
            ConfigError {
                file: file.to_owned(),
                line: before.map(|before| before.matches('\n').count() + 1),
                reason,
            }
        };
        // A list would be read as a section with its settings in their order.
        let config: Self = toml::Deserializer::parse(text)
            .and_then(objects::read)
            .map_err(|error| at(error.span(), without_passwords(error.message())))?;
        check::check(&config).map_err(|wrong| at(check::place(text, &wrong.way), wrong.reason))?;
        Ok(config)
    }

    /// What a node in `folder` is started with.
    #[must_use]
    pub fn options(&self, folder: &Path) -> NodeOptions {
        let Self {
            rollup,
            batches,
            orders,
            private,
            fees,
            proofs,
            queue,
            store,
            settlement,
            listen: _,
            interface: _,
        } = self;
        let domain = domain_digest(rollup.chain_id, rollup.rollup_id);
        let fee = |fee: &FeeSetting| AssetFee {
            asset: fee.asset,
            minimum: fee.minimum.0,
            collector: fee.collector,
        };
        let settlement: Option<Box<dyn Settlement>> = if !settlement.at.is_empty() {
            Some(Box::new(Chain::new(ChainSettings {
                at: settlement.at.clone(),
                folder: folder.to_owned(),
                secret: settlement.secret.clone().into(),
                listen: settlement.listen.0,
                domain,
            })))
        } else if settlement.folder.is_empty() {
            None
        } else {
            Some(Box::new(Folder::new(folder.join(&settlement.folder))))
        };
        NodeOptions {
            folder: folder.to_owned(),
            genesis: Genesis {
                domain,
                first_batch: rollup.first_batch,
                accounts: rollup
                    .accounts
                    .iter()
                    .map(AccountSetting::opening)
                    .collect(),
            },
            limits: Limits {
                slots: batches.slots.0,
                max_age: Duration::from_secs_f64(batches.seconds.0),
                min_lifetime: orders.min_lifetime,
                max_per_account: orders.per_account,
                max_pending: orders.pending,
                max_private: private.pending,
            },
            fees: FeeSchedule::new(fees.assets.iter().map(fee), fees.others),
            policy: private.policy(),
            proving: proofs.enabled.then(|| Proving {
                preset: proofs.preset.0,
                threads: NonZeroUsize::new(proofs.threads),
                memory_limit: Some(proofs.memory_mib)
                    .filter(|mib| *mib > 0)
                    .map(|mib| mib.saturating_mul(1 << 20)),
            }),
            shared_queue: queue.shared(folder),
            max_unproven: proofs.waiting,
            settlement,
            cache_bytes: store.cache_mib.saturating_mul(1 << 20),
            disk_reserve: store.reserve_mib.saturating_mul(1 << 20),
            private: private.verifying(),
            queue: orders.queue,
        }
    }
}
