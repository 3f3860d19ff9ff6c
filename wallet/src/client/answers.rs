//! A node's answers, as its interface writes them. Members that a wallet has no use for are passed over.

use serde::{Deserialize, Deserializer, de};
use winterlane_ledger::{
    Account, AccountProof, Amount, AssetId, BatchNumber, Domain, Root, codec::CanonicalBytes as _,
};

use crate::hex::unhex;

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct NodeStatus {
    /// Whether it takes orders.
    pub ready: bool,
    /// Which rollup on which chain.
    pub domain: Domain,
    /// The root after the last sealed batch.
    pub root: Root,
    /// The batch that new orders go into.
    pub open_batch: BatchNumber,
    /// The first batch that is not proven yet.
    pub next_to_prove: BatchNumber,
    /// The first batch that is not published yet.
    pub next_to_publish: BatchNumber,
}

/// What an order must pay, and how long it must be valid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fees {
    /// The assets in which fees are taken.
    pub assets: Vec<AssetFee>,
    /// The batch that new orders go into.
    pub open_batch: BatchNumber,
    /// An order's last batch must be this many after it, at least.
    pub min_lifetime: u64,
}

impl Fees {
    /// The least fee of an order of an account with that asset, in its smallest unit.
    #[must_use]
    pub fn minimum(&self, asset: AssetId) -> Amount {
        let entry = self.assets.iter().find(|entry| entry.asset == asset);
        entry.map_or(Amount::ZERO, |entry| entry.minimum)
    }
}

/// The least fee in one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct AssetFee {
    /// The asset.
    pub asset: AssetId,
    /// The least fee, in the asset's smallest unit.
    #[serde(deserialize_with = "decimal")]
    pub minimum: Amount,
}

/// An account, as pending orders will leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct AccountAnswer {
    /// After all pending operations.
    pub pending: Account,
    /// The account's own orders that are pending.
    pub pending_orders: u32,
}

/// A leaf with its path, *not verified yet*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Proven {
    /// The last sealed batch; `None` for the opening state.
    pub batch: Option<BatchNumber>,
    /// The root that the path is said to lead to.
    pub root: Root,
    /// The account and its path.
    #[serde(rename = "canonical", deserialize_with = "account_proof")]
    pub proof: AccountProof,
}

/// The acknowledgement of an order: it is on the node's disk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Acknowledged {
    /// The name of the order.
    pub id: String,
    /// The batch that takes it.
    pub batch: BatchNumber,
    /// Whether the node had it before.
    pub known: bool,
}

/// How far an order is. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// On the node's disk.
    Pending,
    /// In a sealed batch, whose proof is being made.
    Sealed,
    /// In a batch with a proof.
    Proven,
    /// In a batch that settlement has.
    Published,
}

impl Stage {
    /// The name, as the command takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sealed => "sealed",
            Self::Proven => "proven",
            Self::Published => "published",
        }
    }
}

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderPlace {
    /// The batch that takes it.
    pub batch: BatchNumber,
    /// How far it is.
    pub stage: Stage,
    /// Whether no proof of the batch could be made, so that its operator has to look.
    pub held: bool,
}

impl<'de> Deserialize<'de> for OrderPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            state: String,
            batch: BatchNumber,
            stage: Option<String>,
        }
        let Written {
            state,
            batch,
            stage,
        } = Written::deserialize(deserializer)?;
        let (stage, held) = match (state.as_str(), stage.as_deref()) {
            ("pending", _) => (Stage::Pending, false),
            ("included", Some("sealed")) => (Stage::Sealed, false),
            ("included", Some("held")) => (Stage::Sealed, true),
            ("included", Some("proven")) => (Stage::Proven, false),
            ("included", Some("published")) => (Stage::Published, false),
            _ => {
                return Err(de::Error::custom(
                    "no state of an order that this wallet knows",
                ));
            }
        };
        Ok(Self { batch, stage, held })
    }
}

fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.ok_or_else(|| de::Error::custom("expected a decimal string below 2^128"))
}

fn account_proof<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountProof, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = unhex(&text).ok_or_else(|| de::Error::custom("the proof is not hexadecimal"))?;
    AccountProof::from_bytes(&bytes).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_writes_is_read() {
        let place = |text: &str| serde_json::from_str::<OrderPlace>(text).ok();
        let pending = place(r#"{"state":"pending","sequence":3,"batch":2,"id":"00"}"#);
        assert_eq!(
            pending.map(|place| (place.batch, place.stage)),
            Some((BatchNumber::new(2), Stage::Pending))
        );
        let stages = [
            ("sealed", Stage::Sealed),
            ("held", Stage::Sealed),
            ("proven", Stage::Proven),
            ("published", Stage::Published),
        ];
        for (written, stage) in stages {
            let text = format!(
                r#"{{"state":"included","sequence":3,"batch":2,"position":0,"stage":"{written}"}}"#
            );
            let found = place(&text).unwrap();
            assert_eq!((found.stage, found.held), (stage, written == "held"));
        }
        assert_eq!(place(r#"{"state":"lost","batch":2}"#), None);
        let fees = r#"{"assets":[{"asset":7,"minimum":"340282366920938463463374607431768211455","collector":9}],
                       "others":true,"open_batch":4,"min_lifetime":2}"#;
        let fees: Fees = serde_json::from_str(fees).unwrap();
        assert_eq!(
            (fees.minimum(AssetId::new(7)), fees.minimum(AssetId::new(8))),
            (Amount::MAX, Amount::ZERO)
        );
    }
}
