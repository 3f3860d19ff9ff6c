//! Settings that can each be read, and with which no node would do what it is there for.
//!
//! `winterlane-node check` says that a configuration can be used, and `init` writes none that cannot: so all of it is looked
//! at where it is read, and not when a node is started, or by a caller who is never served.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use winterlane_ledger::{Amount, public::BATCH_NUMBER_BITS};
use winterlane_settlement::{Client, Secret};

use super::Config;
use crate::webhook::Webhook;

/// A part of the way to a setting.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A section or a setting.
    Name(&'static str),
    /// A place in a list.
    Item(usize),
}

use Step::{Item, Name};

/// What is wrong, and the way to the setting that says it.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) way: Vec<Step>,
    pub(super) reason: String,
}

fn at<const N: usize>(way: [Step; N], reason: impl Into<String>) -> Result<(), Unusable> {
    Err(Unusable {
        way: way.into(),
        reason: reason.into(),
    })
}

/// Looks at everything; the first that is wrong.
pub(super) fn check(config: &Config) -> Result<(), Unusable> {
    first_state(config)?;
    fees(config)?;
    limits(config)?;
    interface(config)?;
    settlement(config)
}

/// The accounts are some that a ledger can begin with.
fn first_state(config: &Config) -> Result<(), Unusable> {
    let first = config.rollup.first_batch;
    if !first.in_range() {
        return at(
            [Name("rollup"), Name("first_batch")],
            format!("batch number {first} is not below 2^62"),
        );
    }
    let (mut known, mut supplies) = (BTreeSet::new(), BTreeMap::new());
    for (place, account) in config.rollup.accounts.iter().enumerate() {
        let way = |name| [Name("rollup"), Name("accounts"), Item(place), Name(name)];
        let (id, account) = account.opening();
        if !known.insert(id) {
            return at(way("id"), format!("account {id} occurs twice"));
        }
        let asset = account.asset;
        let supply = supplies.entry(asset).or_insert(Amount::ZERO);
        match supply.checked_add(account.balance) {
            Some(sum) => *supply = sum,
            None => {
                let reason =
                    format!("with this one the balances of asset {asset} add up to 2^128 or more");
                return at(way("balance"), reason);
            }
        }
    }
    Ok(())
}

/// Each asset has one fee of each kind, and somebody collects it.
fn fees(config: &Config) -> Result<(), Unusable> {
    let mut collected = BTreeSet::new();
    for (place, fee) in config.fees.assets.iter().enumerate() {
        if !collected.insert(fee.asset) {
            return at(
                [Name("fees"), Name("assets"), Item(place), Name("asset")],
                format!("asset {} has an entry already", fee.asset),
            );
        }
    }
    let mut private = BTreeSet::new();
    for (place, fee) in config.private.fees.iter().enumerate() {
        let way = [Name("private"), Name("fees"), Item(place), Name("asset")];
        let asset = fee.asset;
        if !collected.contains(&asset) {
            let reason = format!(
                "private operations pay in asset {asset}, which has no entry in fees.assets to say who collects"
            );
            return at(way, reason);
        }
        if !private.insert(asset) {
            return at(way, format!("asset {asset} has an entry already"));
        }
    }
    Ok(())
}

/// There is room for one of everything: without it a node lives, answers, and never does what it is asked.
fn limits(config: &Config) -> Result<(), Unusable> {
    let Config {
        orders,
        interface,
        proofs,
        ..
    } = config;
    let counts = [
        ("orders", "per_account", orders.per_account == 0),
        ("orders", "pending", orders.pending == 0),
        ("orders", "queue", orders.queue == 0),
        ("proofs", "waiting", proofs.waiting == 0),
        ("interface", "concurrency", interface.concurrency == 0),
        ("interface", "connections", interface.connections == 0),
        (
            "interface",
            "timeout_seconds",
            interface.timeout_seconds == 0,
        ),
    ];
    if let Some((section, name, _)) = counts.into_iter().find(|(.., none)| *none) {
        return at(
            [Name(section), Name(name)],
            "expected at least 1: 0 is no limit here, it leaves room for nothing",
        );
    }
    // An order lives for less than 2^62 batches: by then none could live long enough.
    if orders.min_lifetime >> (BATCH_NUMBER_BITS - 1) != 0 {
        return at(
            [Name("orders"), Name("min_lifetime")],
            "expected less than 2^61: an order cannot live for longer",
        );
    }
    Ok(())
}

fn interface(config: &Config) -> Result<(), Unusable> {
    for (place, hook) in config.interface.webhooks.iter().enumerate() {
        if let Err(error) = Webhook::new(&hook.url, hook.alarms_only) {
            let way = [
                Name("interface"),
                Name("webhooks"),
                Item(place),
                Name("url"),
            ];
            return at(way, error.to_string());
        }
    }
    Ok(())
}

fn settlement(config: &Config) -> Result<(), Unusable> {
    let place = config.settlement.at.as_str();
    let way = [Name("settlement"), Name("at")];
    // Its file is told in errors, and with them in alarms and what webhooks get.
    if config.settlement.secret.parse::<Secret>().is_ok() {
        return at(
            [Name("settlement"), Name("secret")],
            "expected the file of a secret, and this is a secret itself: it belongs into a file that nobody else reads",
        );
    }
    if config.private.workers && place.is_empty() {
        return at(
            [Name("private"), Name("workers")],
            "private.workers needs settlement.at: what workers say is verified again before it is final",
        );
    }
    if place.contains("://") {
        if let Err(error) = Client::new(place, None) {
            return at(way, error.to_string());
        }
        if config.settlement.listen.0.is_some() {
            return at(
                [Name("settlement"), Name("listen")],
                "settlement.at is an address, where settlement is served already: leave settlement.listen out",
            );
        }
    }
    if place.is_empty() && config.settlement.listen.0.is_some() {
        return at(
            [Name("settlement"), Name("listen")],
            "there is nothing to serve: settlement.listen needs settlement.at to be a folder",
        );
    }
    Ok(())
}

/// Where in the text a setting stands; where it is not there, the nearest that it is in.
pub(super) fn place(text: &str, way: &[Step]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut span = table.span();
    let mut found: Option<&Spanned<DeValue<'_>>> = None;
    for step in way {
        let inside = match (step, found.map(Spanned::get_ref)) {
            (Name(name), None) => entry(table.get_ref(), name),
            (Name(name), Some(DeValue::Table(table))) => entry(table, name),
            (Item(place), Some(DeValue::Array(items))) => items.get(*place),
            _ => None,
        };
        let Some(inside) = inside else { break };
        span = inside.span();
        found = Some(inside);
    }
    found.map(|_| span)
}

fn entry<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<&'t Spanned<DeValue<'i>>> {
    let mut entries = table.iter();
    let entry = entries.find(|(key, _)| &**key.get_ref() == name);
    entry.map(|(_, value)| value)
}
