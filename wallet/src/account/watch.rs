//! How an account and its wallet are: for people, and as metrics in Prometheus' text format.

use std::fmt::{self, Write as _};

use winterlane_ledger::{AccountId, Amount, Compressor, SlotIndex};

use super::{AccountError, AccountWallet, COLD, HOT, KeyLeft, Seen};

/// How an account and its wallet are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The account.
    pub account: AccountId,
    /// The balance in the last sealed state.
    pub balance: Amount,
    /// Orders that are pending.
    pub pending_orders: u32,
    /// What is left of the keys; `None` of a slot whose key is not the wallet's.
    pub keys: [Option<KeyLeft>; 2],
    /// Batches that are open or sealed and not published yet.
    pub unpublished: u64,
    /// Whether the node takes orders.
    pub ready: bool,
    /// Whether an order waits for an answer.
    pub waiting: bool,
}

/// Something that a person has to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// A slot holds a key that is not the wallet's.
    ForeignKey(SlotIndex),
    /// A key has less than a quarter of its one-time keys left.
    KeyLow(KeyLeft),
    /// The node takes no orders.
    NotReady,
    /// An order waits for an answer.
    Waiting,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignKey(slot) => {
                write!(
                    f,
                    "slot {} holds a key that is not this wallet's",
                    slot.index()
                )
            }
            Self::KeyLow(key) => write!(
                f,
                "the key in slot {} has {} of {} one-time keys left: `winterlane wallet rotate --slot {}`",
                key.slot.index(),
                key.left(),
                key.capacity,
                if key.slot == HOT { "hot" } else { "cold" },
            ),
            Self::NotReady => f.write_str("the node takes no orders"),
            Self::Waiting => {
                f.write_str("an order waits for an answer: the next command sends it again")
            }
        }
    }
}

impl<C: Compressor> AccountWallet<C> {
    /// How the account and the wallet are, by what was seen.
    #[must_use]
    pub fn health(&self, seen: &Seen) -> Health {
        let key = |slot| match self.left(&seen.pending, slot) {
            Err(AccountError::ForeignKey { .. }) => None,
            left => left.ok(),
        };
        Health {
            account: self.profile.account,
            balance: seen.proven.unwrap_or(seen.pending).balance,
            pending_orders: seen.pending_orders,
            keys: [key(HOT), key(COLD)],
            unpublished: (seen
                .status
                .open_batch
                .saturating_sub(seen.status.next_to_publish.get()))
            .get(),
            ready: seen.status.ready,
            waiting: self.profile.outbox.is_some(),
        }
    }
}

impl Health {
    /// What a person has to look at; nothing if all is well.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (slot, key) in SlotIndex::ALL.into_iter().zip(self.keys) {
            match key {
                None => findings.push(Finding::ForeignKey(slot)),
                Some(key) if key.due() => findings.push(Finding::KeyLow(key)),
                Some(_) => {}
            }
        }
        if !self.ready {
            findings.push(Finding::NotReady);
        }
        if self.waiting {
            findings.push(Finding::Waiting);
        }
        findings
    }

    /// The same as metrics, in Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        let account = self.account;
        let mut text = String::new();
        let mut gauge = |name: &str, help: &str, values: &[(String, u128)]| {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "# HELP winterlane_wallet_{name} {help}\n# TYPE winterlane_wallet_{name} gauge"
            );
            for (label, value) in values {
                let _ = writeln!(
                    text,
                    "winterlane_wallet_{name}{{account=\"{account}\"{label}}} {value}"
                );
            }
        };
        let one = |value: u128| vec![(String::new(), value)];
        let by_slot = |value: fn(&KeyLeft) -> u32| -> Vec<_> {
            let keys = self.keys.iter().flatten();
            keys.map(|key| (format!(",slot=\"{}\"", key.slot.index()), value(key).into()))
                .collect()
        };
        gauge(
            "balance",
            "Balance in the last sealed state, in the asset's smallest unit.",
            &one(self.balance.get()),
        );
        gauge(
            "pending_orders",
            "Orders that are pending.",
            &one(self.pending_orders.into()),
        );
        gauge(
            "one_time_keys_left",
            "One-time keys that are left in the slot's key.",
            &by_slot(KeyLeft::left),
        );
        gauge(
            "one_time_keys",
            "One-time keys of the slot's key.",
            &by_slot(|key| key.capacity),
        );
        let foreign = self.keys.iter().filter(|key| key.is_none()).count();
        gauge(
            "foreign_keys",
            "Slots whose key is not the wallet's.",
            &one(foreign as u128),
        );
        gauge(
            "unpublished_batches",
            "Batches that are not published yet.",
            &one(self.unpublished.into()),
        );
        gauge(
            "node_ready",
            "Whether the node takes orders.",
            &one(self.ready.into()),
        );
        gauge(
            "order_waiting",
            "Whether an order waits for an answer.",
            &one(self.waiting.into()),
        );
        gauge(
            "findings",
            "Things that a person has to look at.",
            &one(self.findings().len() as u128),
        );
        text
    }
}
