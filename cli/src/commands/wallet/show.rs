//! What is said of an account and its orders.

use std::path::Path;

use serde::Serialize;
use winterlane_ledger::{AccountId, AssetId, BatchNumber, Domain, Nonce, Root, SlotIndex};
use winterlane_wallet::{
    account::{Health, KeyLeft, PublicAccount, Seen, Sent},
    client::OrderPlace,
};

use super::{super::passphrase, Wallet};
use crate::{
    Failure,
    show::{self, Lines, grouped},
};

#[derive(Serialize)]
struct MadeJson {
    #[serde(flatten)]
    public: PublicAccount,
    encrypted: bool,
}

/// A wallet that was made, as JSON.
pub(super) fn made_json(wallet: &Wallet, encrypted: bool) -> Result<String, Failure> {
    let public = wallet.public();
    show::json(&MadeJson { public, encrypted })
}

/// A wallet that was made.
pub(super) fn made(wallet: &Wallet, directory: &Path, encrypted: bool) -> String {
    let mut lines = Lines::default();
    lines.add("wallet", directory.display());
    lines.add("seed", passphrase::said(encrypted));
    lines.add("account", wallet.account());
    lines.add("asset", wallet.asset());
    for key in wallet.public().keys {
        lines.add(&format!("key to {}", key.scope), key.root);
    }
    lines.0 += "\nThe account begins to exist with the rollup's first state, or with a deposit: give the rollup's owner what\n\
                `winterlane wallet export --public` prints. Write down what `winterlane wallet export --seed` prints, and keep it safe.\n";
    lines.0
}

#[derive(Serialize)]
struct AccountJson {
    account: AccountId,
    asset: AssetId,
    balance: String,
    nonce: Nonce,
    pending_balance: String,
    pending_orders: u32,
    domain: Domain,
    root: Root,
    batch: Option<BatchNumber>,
    proof_verified: bool,
    root_known: bool,
    keys: [Option<KeyJson>; 2],
    findings: Vec<String>,
}

#[derive(Serialize)]
struct KeyJson {
    slot: SlotIndex,
    root: Root,
    left: u32,
    capacity: u32,
}

impl KeyJson {
    const fn of(key: KeyLeft) -> Self {
        Self {
            slot: key.slot,
            root: key.root,
            left: key.left(),
            capacity: key.capacity,
        }
    }
}

/// An account as a node shows it.
pub(super) fn account(
    wallet: &Wallet,
    seen: &Seen,
    node: &str,
    root_known: bool,
    json: bool,
) -> Result<String, Failure> {
    let health = wallet.health(seen);
    let findings: Vec<_> = health.findings().iter().map(ToString::to_string).collect();
    let sealed = seen.proven.unwrap_or_default();
    if json {
        return show::json(&AccountJson {
            account: health.account,
            asset: wallet.asset(),
            balance: sealed.balance.to_string(),
            nonce: sealed.nonce,
            pending_balance: seen.pending.balance.to_string(),
            pending_orders: seen.pending_orders,
            domain: seen.status.domain,
            root: seen.root,
            batch: seen.batch,
            proof_verified: true,
            root_known,
            keys: health.keys.map(|left| left.map(KeyJson::of)),
            findings,
        });
    }
    let mut lines = Lines::default();
    lines.add(
        "account",
        format_args!("{} of asset {}", health.account, wallet.asset()),
    );
    lines.add("balance", sealed.balance);
    lines.add("signed operations", sealed.nonce);
    if seen.pending_orders > 0 {
        lines.add(
            "pending",
            format_args!(
                "{} orders; then the balance is {}",
                seen.pending_orders, seen.pending.balance
            ),
        );
    }
    for key in health.keys.iter().flatten() {
        let what = match key.slot {
            SlotIndex::Zero => "key to pay",
            SlotIndex::One => "key to replace keys",
        };
        lines.add(
            what,
            format_args!("{} of {} one-time keys left", key.left(), key.capacity),
        );
    }
    let after = seen.batch.map_or("the first state".to_owned(), |batch| {
        format!("batch {batch}")
    });
    lines.add(
        "proof",
        format_args!("verified: leads to the root after {after}"),
    );
    lines.add("root", seen.root);
    lines.add("domain", seen.status.domain);
    let word = if root_known {
        "the one that was given"
    } else {
        "as found: compare it with settlement, or give --root"
    };
    lines.add("that root is", word);
    lines.add("node", node);
    for finding in findings {
        lines.add("look at this", finding);
    }
    Ok(lines.0)
}

/// Orders that a node has.
pub(super) fn sent(sent: &[Sent], place: Option<&OrderPlace>) -> String {
    let mut lines = Lines::default();
    for order in sent {
        lines.add("order", &order.what);
        lines.add("fee", order.fee);
        lines.add("nonce", order.nonce);
        lines.add("name", &order.id);
        lines.add("in batch", order.batch);
    }
    match place {
        Some(place) => lines.add("which is", place.stage.name()),
        None => lines.add("which is", "on the node's disk, and not sealed yet"),
    }
    lines.0
}

#[derive(Serialize)]
struct SentJson<'a> {
    orders: Vec<OrderJson<'a>>,
    /// How far the last one is.
    stage: &'static str,
}

#[derive(Serialize)]
struct OrderJson<'a> {
    what: &'a str,
    id: &'a str,
    batch: BatchNumber,
    nonce: Nonce,
    fee: String,
}

/// Orders that a node has, as JSON.
pub(super) fn sent_json(sent: &[Sent], place: Option<&OrderPlace>) -> Result<String, Failure> {
    let orders = sent.iter().map(|order| OrderJson {
        what: &order.what,
        id: &order.id,
        batch: order.batch,
        nonce: order.nonce,
        fee: order.fee.to_string(),
    });
    let orders = orders.collect();
    let stage = place.map_or("pending", |place| place.stage.name());
    show::json(&SentJson { orders, stage })
}

#[derive(Serialize)]
struct HealthJson {
    account: AccountId,
    balance: String,
    pending_orders: u32,
    keys: [Option<KeyJson>; 2],
    unpublished_batches: u64,
    node_ready: bool,
    order_waiting: bool,
    findings: Vec<String>,
}

/// How an account is, as JSON.
pub(super) fn health_json(health: &Health) -> Result<String, Failure> {
    let findings = health.findings();
    show::json(&HealthJson {
        account: health.account,
        balance: health.balance.to_string(),
        pending_orders: health.pending_orders,
        keys: health.keys.map(|left| left.map(KeyJson::of)),
        unpublished_batches: health.unpublished,
        node_ready: health.ready,
        order_waiting: health.waiting,
        findings: findings.iter().map(ToString::to_string).collect(),
    })
}

/// An account that nobody has to look at.
pub(super) fn health(health: &Health) -> String {
    let mut lines = Lines::default();
    lines.add("account", health.account);
    lines.add("balance", health.balance);
    for key in health.keys.iter().flatten() {
        let name = format!("slot {}", key.slot.index());
        let left = usize::try_from(key.left()).unwrap_or(usize::MAX);
        lines.add(
            &name,
            format_args!("{} of {} one-time keys left", grouped(left), key.capacity),
        );
    }
    lines.add("all is well", "yes");
    lines.0
}
