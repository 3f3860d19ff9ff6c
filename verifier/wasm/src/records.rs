//! Records for a reader: every field that its kind has, and no other.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write as _;

use serde::Serialize;
use winterlane_ledger::{AccountId, AssetId, Deposit, KeyUse, Order, Record, Scope};

/// One record. Amounts and batch numbers are text: JavaScript's numbers end at 2^53.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordSaid {
    /// Which operation slot of the batch.
    slot: usize,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asset: Option<AssetId>,
    /// Who receives a withdrawal, on the settlement layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    /// The last batch number it may run in.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    /// The one-time key that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<KeySaid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    new_keys: Vec<NewKeySaid>,
}

#[derive(Debug, Serialize)]
struct KeySaid {
    slot: u8,
    index: u16,
}

/// A key that an operation puts into a slot of an account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NewKeySaid {
    slot: u8,
    root: String,
    may_spend: bool,
    may_rotate: bool,
}

impl NewKeySaid {
    fn new(slot: u8, root: impl ToString, scope: Scope) -> Self {
        Self {
            slot,
            root: root.to_string(),
            may_spend: scope.allows(Scope::SPEND),
            may_rotate: scope.allows(Scope::ROTATE),
        }
    }
}

impl RecordSaid {
    /// The record of a slot; none of padding.
    pub(crate) fn new(slot: usize, record: &Record) -> Option<Self> {
        let said = Self {
            slot,
            ..Self::default()
        };
        match record {
            Record::Noop => None,
            Record::Signed(order, key) => Some(said.signed(order, *key)),
            Record::Deposit(deposit) => Some(said.deposit(deposit)),
            Record::CollectFees { to, amount } => Some(Self {
                kind: "collectFees",
                to: Some(*to),
                amount: Some(amount.to_string()),
                ..said
            }),
        }
    }

    fn signed(self, order: &Order, key: KeyUse) -> Self {
        let signed = Self {
            from: Some(order.signer()),
            fee: Some(order.fee().to_string()),
            valid_until: Some(order.valid_until().to_string()),
            signed_by: Some(KeySaid {
                slot: key.slot as u8,
                index: key.index,
            }),
            ..self
        };
        match order {
            Order::Transfer(transfer) => Self {
                kind: "transfer",
                to: Some(transfer.to),
                amount: Some(transfer.amount.to_string()),
                ..signed
            },
            Order::Withdraw(withdraw) => Self {
                kind: "withdraw",
                amount: Some(withdraw.amount.to_string()),
                recipient: Some(hex("0x", &withdraw.recipient)),
                ..signed
            },
            Order::RotateKey(rotate) => Self {
                kind: "rotateKey",
                new_keys: alloc::vec![NewKeySaid::new(
                    rotate.slot as u8,
                    rotate.new_root,
                    rotate.scope
                )],
                ..signed
            },
        }
    }

    fn deposit(self, deposit: &Deposit) -> Self {
        let new_keys = deposit.keys.iter().flat_map(|keys| {
            let pairs = keys.roots.iter().zip(keys.scopes);
            (0..)
                .zip(pairs)
                .map(|(slot, (root, scope))| NewKeySaid::new(slot, root, scope))
        });
        Self {
            kind: if deposit.keys.is_some() {
                "create"
            } else {
                "deposit"
            },
            to: Some(deposit.to),
            asset: Some(deposit.asset),
            amount: Some(deposit.amount.to_string()),
            new_keys: new_keys.collect(),
            ..self
        }
    }
}

/// Bytes in hexadecimal, after a prefix.
pub(crate) fn hex(prefix: &str, bytes: &[u8]) -> String {
    let mut text = String::from(prefix);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
