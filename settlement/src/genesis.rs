//! What settlement begins with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, Domain, GenesisError as LedgerGenesisError,
    objects::from_json, public::BATCH_NUMBER_BITS,
};

use crate::Party;

/// What settlement begins with. Everybody who uses the rollup agrees on it beforehand: the money of the first accounts
/// is taken to be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Which rollup on which chain ([`winterlane_ledger::hash::domain_digest`]).
    pub domain: Domain,
    /// The number of the first batch.
    pub first_batch: BatchNumber,
    /// The first accounts. Most rollups begin with those that collect fees and hold nothing.
    #[serde(deserialize_with = "winterlane_ledger::maps::unique")]
    pub accounts: BTreeMap<AccountId, Account>,
    /// Who publishes batches.
    pub operator: Party,
    /// Who may appoint another operator, and can do nothing else; [`Party::NOBODY`] when nobody may.
    pub governor: Party,
    /// The rules.
    pub rules: Rules,
}

/// The numbers that settlement goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// How long the operator has for a deposit or a forced order, in the chain's time: seconds here.
    pub window: u64,
    /// How many obligations of one kind come due in one unit of time. Whoever posts more at once waits longer: the
    /// operator must be able to do what is due.
    pub per_unit: u32,
    /// For how many batches a forced order must be valid: as many as the operator may have made, and not published,
    /// when it is posted, and some more.
    pub lifetime: u64,
    /// Provable bits that the proof of a batch must have: 128 or 100.
    pub bits: u32,
}

impl Default for Rules {
    /// A day, 64 obligations of a kind a second, 1,024 batches, 128 bits.
    fn default() -> Self {
        Self {
            window: 24 * 60 * 60,
            per_unit: 64,
            lifetime: 1024,
            bits: 128,
        }
    }
}

/// Why settlement cannot begin like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The accounts are none of a ledger.
    #[error(transparent)]
    Accounts(#[from] LedgerGenesisError),
    /// The first accounts hold too much of an asset.
    #[error("the first accounts hold 2^128 of asset {asset} or more")]
    Total {
        /// The asset.
        asset: AssetId,
    },
    /// A rule that nothing can be done by.
    #[error("rules.{field} cannot be {value}: {need}")]
    Rule {
        /// Which.
        field: &'static str,
        /// What it is.
        value: u64,
        /// What it must be.
        need: &'static str,
    },
    /// Nobody could publish.
    #[error("the operator is nobody: name who publishes batches")]
    NoOperator,
}

impl Genesis {
    /// Reads it from JSON, in which every structure is an object.
    ///
    /// # Errors
    /// What is no JSON of it.
    pub fn from_json(bytes: &[u8]) -> serde_json::Result<Self> {
        from_json(bytes)
    }

    /// Whether rules and accounts are some that settlement can begin with; the totals by asset.
    pub(crate) fn check(&self) -> Result<BTreeMap<AssetId, Amount>, GenesisError> {
        let Rules {
            window,
            per_unit,
            lifetime,
            bits,
        } = self.rules;
        let rule = |good: bool, field, value, need| {
            good.then_some(())
                .ok_or(GenesisError::Rule { field, value, need })
        };
        rule(window > 0, "window", window, "1 or more")?;
        rule(per_unit > 0, "per_unit", per_unit.into(), "1 or more")?;
        let lasting = lifetime > 0 && lifetime >> (BATCH_NUMBER_BITS - 1) == 0;
        rule(lasting, "lifetime", lifetime, "from 1 to below 2^61")?;
        rule(matches!(bits, 100 | 128), "bits", bits.into(), "100 or 128")?;
        if self.operator == Party::NOBODY {
            return Err(GenesisError::NoOperator);
        }
        let mut totals = BTreeMap::<AssetId, Amount>::new();
        for account in self.accounts.values() {
            let asset = account.asset;
            let total = totals.entry(asset).or_default();
            *total = total
                .checked_add(account.balance)
                .ok_or(GenesisError::Total { asset })?;
        }
        Ok(totals)
    }
}
