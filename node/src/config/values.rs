//! Values that are checked as they are read: what is out of range is told with its line.

use std::{
    fmt,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
};
use winterlane_ledger::Amount;

use serde::{Deserialize, Deserializer, Serialize, de};
use winterlane_air::presets::Preset;

/// Slots of a batch: a power of two from 2 to 8,192.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct Slots(pub(super) u32);

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
pub struct Seconds(pub(super) f64);

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

/// How long somebody is waited for, in seconds: from a hundredth to a minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Patience(pub(super) f64);

// what is in range is a number
impl Eq for Patience {}

impl TryFrom<f64> for Patience {
    type Error = &'static str;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        if (0.01..=60.0).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err("workers have 0.01 to 60 seconds to answer")
        }
    }
}

/// The most of anything that the node keeps places for.
const MOST: usize = 1_000_000;

/// A number of places, such as connections: at most a million.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    below(deserializer, MOST)
}

/// A number from 1 to a million.
pub(super) fn some_count<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<NonZeroU32, D::Error> {
    let number = u32::try_from(count(deserializer)?).unwrap_or(u32::MAX);
    NonZeroU32::new(number).ok_or_else(|| de::Error::custom("expected at least 1"))
}

/// A number of threads: at most 1,024.
pub(super) fn threads<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    below(deserializer, 1024)
}

/// A number of threads from 1 to 1,024.
pub(super) fn some_threads<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<NonZeroUsize, D::Error> {
    NonZeroUsize::new(threads(deserializer)?)
        .ok_or_else(|| de::Error::custom("expected at least 1 thread"))
}

/// Mebibytes of memory: at most 16 TiB.
pub(super) fn mebibytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    below(deserializer, 1 << 24)
}

fn below<'de, D: Deserializer<'de>>(deserializer: D, most: usize) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if number <= most {
        Ok(number)
    } else {
        Err(de::Error::custom(format!(
            "{number} is too many: at most {most}"
        )))
    }
}

/// An address to listen on.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        de::Error::custom(format!(
            "{text:?} is no socket address: expected IP:PORT, such as 127.0.0.1:8650"
        ))
    })
}

/// An amount: a number, or one in quotation marks when it is too large for TOML's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct AmountSetting(pub(super) Amount);

/// By hand: of a mistake in one of two forms, serde's own `untagged` does not say what it is.
impl<'de> Deserialize<'de> for AmountSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl de::Visitor<'_> for NumberOrText {
            type Value = AmountSetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount: a whole number below 2^128, in quotation marks above 2^63")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<AmountSetting, E> {
                let amount =
                    u128::try_from(number).map(|number| AmountSetting(Amount::new(number)));
                amount.map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<AmountSetting, E> {
                Ok(AmountSetting(Amount::new(number.into())))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AmountSetting, E> {
                let amount = text.parse().map(AmountSetting);
                amount.map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

impl From<AmountSetting> for String {
    fn from(amount: AmountSetting) -> Self {
        amount.0.to_string()
    }
}

/// A preset by its name, such as `fast-128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PresetSetting(pub(super) Preset);

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

/// An address of this machine alone, or nothing: callers of settlement show their secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SettlementListen(pub(super) Option<SocketAddr>);

impl TryFrom<String> for SettlementListen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let address = text.parse::<SocketAddr>().ok();
        let address = address.filter(|address| address.ip().is_loopback());
        address.map(|address| Self(Some(address))).ok_or(
            "settlement is served on an address of this machine alone, such as 127.0.0.1:7440",
        )
    }
}

impl From<SettlementListen> for String {
    fn from(listen: SettlementListen) -> Self {
        listen
            .0
            .map_or_else(Self::new, |address| address.to_string())
    }
}
