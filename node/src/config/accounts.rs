//! The accounts that a rollup begins with.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use winterlane_ledger::{Account, AccountId, Amount, AssetId, KeySlot, Root, Scope, objects};

use super::values::AmountSetting;

/// An account of the rollup's first state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSetting {
    /// The number of its leaf.
    pub id: AccountId,
    /// The asset that it holds.
    pub asset: AssetId,
    /// How much of it.
    pub balance: AmountSetting,
    /// Its keys, for slot 0 and slot 1. A slot without one is closed: an account without keys receives, and collects fees.
    #[serde(default)]
    pub keys: Keys,
}

/// An account as its owner describes it (`winterlane wallet export --public`): without a balance.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicAccount {
    /// The number of its leaf.
    pub id: AccountId,
    /// The asset that it holds.
    pub asset: AssetId,
    /// Its keys.
    #[serde(default)]
    pub keys: Keys,
}

/// At most two keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<KeySetting>", into = "Vec<KeySetting>")]
pub struct Keys(Vec<KeySetting>);

/// A key, and what it may sign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySetting {
    /// The root of the key tree: 64 hexadecimal digits.
    pub root: Root,
    /// `spend`, `rotate`, `both` or `none`.
    pub scope: ScopeSetting,
}

/// What a key may sign, by name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScopeSetting(Scope);

const SCOPES: [(&str, Scope); 4] = [
    ("none", Scope::NONE),
    ("spend", Scope::SPEND),
    ("rotate", Scope::ROTATE),
    ("both", Scope::BOTH),
];

impl TryFrom<String> for ScopeSetting {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let found = SCOPES.into_iter().find(|(known, _)| *known == name);
        let scope = found.map(|(_, scope)| Self(scope));
        scope.ok_or("the scope of a key is spend, rotate, both or none")
    }
}

impl From<ScopeSetting> for String {
    fn from(ScopeSetting(scope): ScopeSetting) -> Self {
        let found = SCOPES.into_iter().find(|(_, known)| *known == scope);
        found.map_or("none", |(name, _)| name).to_owned()
    }
}

impl TryFrom<Vec<KeySetting>> for Keys {
    type Error = &'static str;

    fn try_from(keys: Vec<KeySetting>) -> Result<Self, Self::Error> {
        if keys.len() > 2 {
            return Err("an account has two slots for keys");
        }
        Ok(Self(keys))
    }
}

impl From<Keys> for Vec<KeySetting> {
    fn from(Keys(keys): Keys) -> Self {
        keys
    }
}

impl AccountSetting {
    /// The account as the first state has it.
    pub(super) fn opening(&self) -> (AccountId, Account) {
        let mut account = Account {
            asset: self.asset,
            balance: self.balance.0,
            ..Account::default()
        };
        for (slot, key) in account.slots.iter_mut().zip(&self.keys.0) {
            *slot = KeySlot {
                root: key.root,
                next_index: 0,
                scope: key.scope.0,
            };
        }
        (self.id, account)
    }
}

impl PublicAccount {
    /// With what it shall hold.
    #[must_use]
    pub fn with_balance(self, balance: Amount) -> AccountSetting {
        let Self { id, asset, keys } = self;
        AccountSetting {
            id,
            asset,
            balance: AmountSetting(balance),
            keys,
        }
    }
}

impl FromStr for PublicAccount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        toml::Deserializer::parse(text)
            .and_then(objects::read)
            .map_err(|error| error.message().to_owned())
    }
}

/// As the configuration file has it.
impl fmt::Display for AccountSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            asset,
            balance,
            keys,
        } = self;
        let key = |key: &KeySetting| {
            let scope = String::from(key.scope);
            format!("{{ root = \"{}\", scope = \"{scope}\" }}", key.root)
        };
        let keys: Vec<_> = keys.0.iter().map(key).collect();
        write!(
            f,
            "[[rollup.accounts]]\nid = {id}\nasset = {asset}\nbalance = \"{}\"\nkeys = [{}]\n",
            balance.0,
            keys.join(", ")
        )
    }
}
