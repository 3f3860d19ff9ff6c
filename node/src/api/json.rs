//! The JSON forms of what the ledger has. Amounts are decimal strings, since JSON's numbers lose digits in
//! JavaScript; digests and signatures are hexadecimal.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Value, json};
use winterlane_ledger::{
    Account, AccountId, Amount, BatchNumber, Nonce, Order, Record, Root, RotateKey, Scope,
    Signature, SignedOrder, SlotIndex, Transfer, Withdraw,
};

use crate::{AccountView, BatchView, Fees, OrderState, PendingOrder, Status, keys::unhex};

/// A signed order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignedOrderJson {
    order: OrderJson,
    nonce: Nonce,
    slot: u8,
    signature: HexBytes,
}

/// Many of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchJson {
    pub(super) orders: Vec<SignedOrderJson>,
}

/// All members of all kinds in one list, and not an enumeration: so that what is wrong is told by its whole path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderJson {
    kind: KindJson,
    fee: Decimal,
    valid_until: BatchNumber,
    from: Option<AccountId>,
    account: Option<AccountId>,
    to: Option<AccountId>,
    amount: Option<Decimal>,
    recipient: Option<Hex<20>>,
    slot: Option<u8>,
    new_root: Option<Root>,
    scope: Option<u8>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindJson {
    Transfer,
    Withdraw,
    RotateKey,
}

/// An amount as a decimal string without sign or leading zeros.
#[derive(Clone, Copy, Debug)]
struct Decimal(Amount);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        let amount = if plain { text.parse().ok() } else { None };
        amount.map(Self).ok_or_else(|| {
            de::Error::custom("expected a decimal string below 2^128, like \"1500\"")
        })
    }
}

/// Bytes as lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug)]
struct Hex<const N: usize>([u8; N]);

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || {
            de::Error::custom(format_args!(
                "expected {} lower-case hexadecimal digits",
                2 * N
            ))
        };
        unhex(&text).map(Self).ok_or_else(wrong)
    }
}

/// Any number of bytes as lower-case hexadecimal digits.
#[derive(Clone, Debug)]
pub(super) struct HexBytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let byte = |pair: &[u8]| unhex::<1>(core::str::from_utf8(pair).ok()?).map(|[byte]| byte);
        let bytes = text
            .as_bytes()
            .chunks(2)
            .map(byte)
            .collect::<Option<Vec<_>>>();
        bytes
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected lower-case hexadecimal digits"))
    }
}

/// A value that JSON can write and the ledger cannot hold.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) what: String,
}

fn wrong(field: &'static str, what: &str) -> Wrong {
    Wrong {
        field,
        what: what.to_owned(),
    }
}

fn slot(field: &'static str, index: u8) -> Result<SlotIndex, Wrong> {
    SlotIndex::from_index(index).ok_or_else(|| wrong(field, "expected 0 or 1"))
}

/// A member that the kind has.
fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, Wrong> {
    value.ok_or_else(|| wrong(field, "this kind of order has it"))
}

impl OrderJson {
    fn into_order(self) -> Result<Order, Wrong> {
        let Self {
            kind,
            fee,
            valid_until,
            ..
        } = self;
        let fee = fee.0;
        let rotation = matches!(kind, KindJson::RotateKey);
        let payment = !rotation;
        let strays = [
            ("order.from", self.from.is_some() && !payment),
            ("order.amount", self.amount.is_some() && !payment),
            (
                "order.to",
                self.to.is_some() && !matches!(kind, KindJson::Transfer),
            ),
            (
                "order.recipient",
                self.recipient.is_some() && !matches!(kind, KindJson::Withdraw),
            ),
            ("order.account", self.account.is_some() && !rotation),
            ("order.slot", self.slot.is_some() && !rotation),
            ("order.new_root", self.new_root.is_some() && !rotation),
            ("order.scope", self.scope.is_some() && !rotation),
        ];
        if let Some((field, _)) = strays.into_iter().find(|(_, stray)| *stray) {
            return Err(wrong(field, "this kind of order has no such member"));
        }
        Ok(match kind {
            KindJson::Transfer => Order::Transfer(Transfer {
                from: needed("order.from", self.from)?,
                to: needed("order.to", self.to)?,
                amount: needed("order.amount", self.amount)?.0,
                fee,
                valid_until,
            }),
            KindJson::Withdraw => Order::Withdraw(Withdraw {
                from: needed("order.from", self.from)?,
                amount: needed("order.amount", self.amount)?.0,
                fee,
                recipient: needed("order.recipient", self.recipient)?.0,
                valid_until,
            }),
            KindJson::RotateKey => {
                let scope = needed("order.scope", self.scope)?;
                Order::RotateKey(RotateKey {
                    account: needed("order.account", self.account)?,
                    slot: slot("order.slot", needed("order.slot", self.slot)?)?,
                    new_root: needed("order.new_root", self.new_root)?,
                    scope: Scope::from_bits(scope)
                        .ok_or_else(|| wrong("order.scope", "expected 0 to 3"))?,
                    fee,
                    valid_until,
                })
            }
        })
    }
}

impl SignedOrderJson {
    pub(super) fn into_order(self) -> Result<SignedOrder, Wrong> {
        let signature = Signature::from_bytes(&self.signature.0)
            .map_err(|error| wrong("signature", &error.to_string()))?;
        let (order, slot) = (self.order.into_order()?, slot("slot", self.slot)?);
        Ok(SignedOrder {
            order,
            nonce: self.nonce,
            slot,
            signature,
        })
    }
}

pub(super) fn order(order: &Order) -> Value {
    match order {
        Order::Transfer(Transfer {
            from,
            to,
            amount,
            fee,
            valid_until,
        }) => json!({
            "kind": "transfer", "from": from, "to": to, "amount": amount.to_string(), "fee": fee.to_string(),
            "valid_until": valid_until,
        }),
        Order::Withdraw(Withdraw {
            from,
            amount,
            fee,
            recipient,
            valid_until,
        }) => json!({
            "kind": "withdraw", "from": from, "amount": amount.to_string(), "fee": fee.to_string(),
            "recipient": crate::keys::hex(recipient), "valid_until": valid_until,
        }),
        Order::RotateKey(RotateKey {
            account,
            slot,
            new_root,
            scope,
            fee,
            valid_until,
        }) => json!({
            "kind": "rotate-key", "account": account, "slot": slot.index(), "new_root": new_root.to_string(),
            "scope": scope.bits(), "fee": fee.to_string(), "valid_until": valid_until,
        }),
    }
}

/// The JSON form of a signed order, as `POST /v1/orders` takes it.
#[must_use]
pub fn signed_order(signed: &SignedOrder) -> Value {
    json!({
        "order": order(&signed.order),
        "nonce": signed.nonce,
        "slot": signed.slot.index(),
        "signature": crate::keys::hex(&signed.signature.to_bytes()),
    })
}

pub(super) fn record(record: &Record) -> Value {
    match record {
        Record::Signed(signed, key) => {
            let mut value = order(signed);
            value["one_time_key"] = json!({ "slot": key.slot.index(), "index": key.index });
            value
        }
        Record::Deposit(deposit) => json!({
            "kind": "deposit", "to": deposit.to, "asset": deposit.asset, "amount": deposit.amount.to_string(),
            "creates_account": deposit.keys.is_some(),
        }),
        Record::CollectFees { to, amount } => {
            json!({ "kind": "collect-fees", "to": to, "amount": amount.to_string() })
        }
        Record::Noop => json!({ "kind": "noop" }),
    }
}

pub(super) fn account(account: &Account) -> Value {
    let slot = |index: usize| {
        let slot = &account.slots[index];
        json!({ "root": slot.root.to_string(), "next_index": slot.next_index, "scope": slot.scope.bits() })
    };
    json!({
        "asset": account.asset, "balance": account.balance.to_string(), "nonce": account.nonce,
        "slots": [slot(0), slot(1)],
    })
}

pub(super) fn account_view(view: &AccountView) -> Value {
    json!({
        "id": view.id, "sealed": view.sealed.as_ref().map(account), "pending": account(&view.pending),
        "pending_orders": view.pending_orders, "batch": view.batch,
    })
}

pub(super) fn pending(orders: &[PendingOrder]) -> Value {
    let one = |pending: &PendingOrder| {
        json!({
            "id": pending.id.to_string(), "sequence": pending.sequence, "batch": pending.batch,
            "order": order(&pending.order), "nonce": pending.nonce,
        })
    };
    json!({ "orders": orders.iter().map(one).collect::<Vec<_>>() })
}

pub(super) fn order_state(id: &crate::OrderId, state: &OrderState) -> Value {
    let mut value = to_value(state);
    value["id"] = json!(id.to_string());
    value
}

pub(super) fn batch(number: BatchNumber, view: &BatchView) -> Value {
    let inputs = &view.public_inputs;
    json!({
        "number": number,
        "stage": to_value(&view.stage),
        "operations": view.operations,
        "slots": inputs.num_operations,
        "domain": inputs.domain.to_string(),
        "old_root": inputs.old_root.to_string(),
        "new_root": inputs.new_root.to_string(),
        "operations_digest": inputs.operations_digest.to_string(),
        "sealed_at": view.sealed_at,
        "record_bytes": view.record_bytes,
        "proof_bytes": view.proof_bytes,
        "failures": view.failures,
        "last_failure": view.last_failure,
    })
}

pub(super) fn fees(fees: &Fees) -> Value {
    let asset = |fee: &crate::AssetFee| json!({ "asset": fee.asset, "minimum": fee.minimum.to_string(), "collector": fee.collector });
    let least = |fee: &crate::PrivateMinimum| json!({ "asset": fee.asset, "minimum": fee.minimum.to_string() });
    let set =
        |set: &crate::AssociationView| json!({ "mode": set.mode, "root": set.root.to_string() });
    let private = json!({
        "fees": fees.private.fees.iter().map(least).collect::<Vec<_>>(),
        "association": fees.private.association.iter().map(set).collect::<Vec<_>>(),
    });
    json!({
        "assets": fees.assets.iter().map(asset).collect::<Vec<_>>(), "others": fees.others, "private": private,
        "open_batch": fees.open_batch, "min_lifetime": fees.min_lifetime,
    })
}

pub(super) fn status(status: &Status) -> Value {
    json!({
        "ready": status.ready(),
        "domain": status.domain.to_string(),
        "root": status.root.to_string(),
        "open_batch": status.open_batch,
        "open_operations": status.open_operations,
        "next_to_seal": status.next_to_seal,
        "next_to_prove": status.next_to_prove,
        "next_to_publish": status.next_to_publish,
        "pending": status.pending,
        "max_pending": status.max_pending,
        "unproven": status.unproven,
        "held": status.held,
        "oldest_unproven_seconds": status.oldest_unproven.map(|waited| waited.as_secs_f64()),
        "paused": status.paused,
        "read_only": status.read_only,
        "disk_free": status.disk_free,
        "accepted": status.accepted,
        "refused": status.refused,
        "alarms": status.alarms,
        "uptime_seconds": status.uptime.as_secs(),
    })
}

/// What serde makes of a value of ours; the forms here all have string keys, so that nothing fails.
pub(super) fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
