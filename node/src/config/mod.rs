//! The configuration file.
//!
//! `default.toml`, beside this file, has every setting with its default, unit and meaning, and is what
//! `winterlane-node config` prints; a test compares it with the defaults here.

mod interface;
mod queue;

use std::{fmt, fs, net::SocketAddr, num::NonZeroUsize, path::Path, time::Duration};

pub use interface::{Interface, WebhookSetting};
pub use queue::{QueueAddress, QueueSettings};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::hash::domain_digest;

use crate::{
    AssetFee, FeeSchedule, Genesis, Limits, NodeOptions, Proving,
    settlement::{Folder, Settlement},
};

/// Every setting with its default, unit and meaning.
pub const DEFAULT: &str = include_str!("default.toml");

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

/// Which rollup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rollup {
    /// The chain that settles it.
    pub chain_id: u64,
    /// Which of that chain's rollups.
    pub rollup_id: u64,
    /// The number of the first batch.
    pub first_batch: u64,
}

/// Where the node is served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// The interface.
    pub address: SocketAddr,
    /// Health and metrics.
    pub health: SocketAddr,
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
    /// Requests that may wait.
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
    pub asset: u32,
    /// The least fee.
    pub minimum: Amount,
    /// Who collects.
    pub collector: u32,
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
}

impl Default for Rollup {
    fn default() -> Self {
        Self {
            chain_id: 1,
            rollup_id: 1,
            first_batch: 0,
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            address: local(8650),
            health: local(8651),
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
        }
    }
}

/// Slots of a batch: a power of two from 2 to 8,192.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct Slots(u32);

impl TryFrom<u32> for Slots {
    type Error = &'static str;

    fn try_from(slots: u32) -> Result<Self, Self::Error> {
        if slots.is_power_of_two() && (2..=winterlane_ledger::MAX_OPERATIONS).contains(&slots) {
            Ok(Self(slots))
        } else {
            Err("the slots of a batch are a power of two from 2 to 8192")
        }
    }
}

/// A time in seconds, from a millisecond to a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Seconds(f64);

impl TryFrom<f64> for Seconds {
    type Error = &'static str;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        if (0.001..=86_400.0).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err("a batch stays open for 0.001 to 86400 seconds")
        }
    }
}

/// An amount: a number, or one in quotation marks when it is too large for TOML's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NumberOrText", into = "String")]
pub struct Amount(u128);

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl TryFrom<NumberOrText> for Amount {
    type Error = &'static str;

    fn try_from(written: NumberOrText) -> Result<Self, Self::Error> {
        match written {
            NumberOrText::Number(number) => Ok(Self(number.into())),
            NumberOrText::Text(text) => {
                let number = text.parse().map(Self);
                number.map_err(|_| "an amount is a number below 2^128")
            }
        }
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.0.to_string()
    }
}

/// A preset by its name, such as `fast-128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PresetSetting(Preset);

impl TryFrom<String> for PresetSetting {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = Preset::ALL
            .into_iter()
            .find(|preset| preset.to_string() == name);
        found.map(Self).ok_or_else(|| {
            let names = Preset::ALL.map(|preset| preset.to_string());
            format!("the presets are {}", names.join(", "))
        })
    }
}

impl From<PresetSetting> for String {
    fn from(preset: PresetSetting) -> Self {
        preset.0.to_string()
    }
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
        let text = fs::read_to_string(path).map_err(|error| ConfigError {
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
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            ConfigError {
                file: file.to_owned(),
                line: before.map(|before| before.matches('\n').count() + 1),
                reason: error.message().to_owned(),
            }
        })
    }

    /// What a node in `folder` is started with.
    #[must_use]
    pub fn options(&self, folder: &Path) -> NodeOptions {
        let Self {
            rollup,
            batches,
            orders,
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
        let settlement = (!settlement.folder.is_empty())
            .then(|| Box::new(Folder::new(folder.join(&settlement.folder))) as Box<dyn Settlement>);
        NodeOptions {
            folder: folder.to_owned(),
            genesis: Genesis {
                first_batch: rollup.first_batch,
                ..Genesis::empty(domain)
            },
            limits: Limits {
                slots: batches.slots.0,
                max_age: Duration::from_secs_f64(batches.seconds.0),
                min_lifetime: orders.min_lifetime,
                max_per_account: orders.per_account,
                max_pending: orders.pending,
            },
            fees: FeeSchedule::new(fees.assets.iter().map(fee), fees.others),
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
            queue: orders.queue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of all settings, sections included.
    fn names(value: &toml::Value, prefix: &str, out: &mut Vec<String>) {
        if let toml::Value::Table(table) = value {
            for (name, value) in table {
                let name = format!("{prefix}{name}");
                names(value, &format!("{name}."), out);
                out.push(name);
            }
        }
    }

    #[test]
    fn the_default_file_has_every_setting_and_its_default() {
        assert_eq!(
            Config::parse("default.toml", DEFAULT),
            Ok(Config::default())
        );
        assert_eq!(Config::parse("empty", ""), Ok(Config::default()));
        let [mut written, mut known] = [Vec::new(), Vec::new()];
        names(&toml::from_str(DEFAULT).unwrap(), "", &mut written);
        names(
            &toml::Value::try_from(Config::default()).unwrap(),
            "",
            &mut known,
        );
        written.sort();
        known.sort();
        assert_eq!(written, known);
    }

    #[test]
    fn the_page_for_operators_has_the_default_file() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operate/configuration.md");
        let page = fs::read_to_string(page).unwrap();
        assert!(
            page.contains(&format!("```toml\n{DEFAULT}```")),
            "docs/operate/configuration.md is out of date"
        );
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, line, reason) in [
            ("[batches]\nslots = 1000", 2, "power of two"),
            ("[batches]\n\nslots = 16384", 3, "power of two"),
            ("[batches]\nseconds = 0.0", 2, "0.001"),
            ("[batches]\nsolts = 4", 2, "unknown field"),
            ("[bathces]\nslots = 4", 1, "unknown field"),
            ("[proofs]\npreset = \"quick\"", 2, "fast-128"),
            ("[orders]\npending = -1", 2, "-1"),
            ("[listen]\naddress = \"here\"", 2, "socket address"),
            ("[interface]\nopen = [\"operate\"]", 2, "read and submit"),
            ("[interface]\nenvironment = \"Live\"", 2, "a-z"),
            (
                "[fees]\n[[fees.assets]]\nasset = 1\nminimum = \"x\"\ncollector = 2",
                4,
                "2^128",
            ),
            (
                "[fees]\n[[fees.assets]]\nasset = 1\ncollector = 2",
                2,
                "minimum",
            ),
            ("slots = ", 1, ""),
        ] {
            let error = Config::parse("node.toml", text).unwrap_err();
            assert!(error.reason.contains(reason), "{text}: {error}");
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("node.toml:{line}: "))
            );
        }
        let missing = Config::read(Path::new("/nowhere/node.toml")).unwrap_err();
        assert_eq!(missing.line, None);
    }

    #[test]
    fn settings_reach_the_options() {
        let text = "[rollup]\nchain_id = 5\n[batches]\nslots = 16\nseconds = 0.5\n[proofs]\npreset = \
                    \"compact-128\"\nmemory_mib = 64\n[fees]\nothers = false\n[[fees.assets]]\nasset = 7\n\
                    minimum = \"340282366920938463463374607431768211455\"\ncollector = 90\n[settlement]\n\
                    folder = \"\"";
        let options = Config::parse("node.toml", text)
            .unwrap()
            .options(Path::new("data"));
        assert_eq!(options.genesis.domain, domain_digest(5, 1));
        assert_eq!(
            (options.limits.slots, options.limits.max_age.as_millis()),
            (16, 500)
        );
        let proving = options.proving.unwrap();
        assert_eq!(proving.preset.name, PresetName::Compact);
        assert_eq!(
            (proving.threads, proving.memory_limit),
            (None, Some(64 << 20))
        );
        let fees: Vec<_> = options.fees.assets().map(|fee| fee.minimum).collect();
        assert_eq!(fees, [u128::MAX]);
        assert!(options.settlement.is_none() && !options.fees.others());
    }
}
