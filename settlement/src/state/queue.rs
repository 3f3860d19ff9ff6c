//! What the operator must do, and when it is due.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use winterlane_ledger::{
    AccountId, Deposit,
    codec::CanonicalBytes as _,
    pool::{Payment, PrivateOperation},
};

use crate::{Obligation, Owed, Rules};

/// Obligations of one lane wait for each other: who posts many of one kind does not push those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Deposits, and payouts of the pool to accounts.
    Deposit,
    /// Forced orders that an opening has shown.
    Shown,
    /// Forced orders without one.
    Bare,
    /// Operations of the pool, and notes that are owed.
    Private,
}

/// Obligations by number, and what is looked up in them. All but the first three follow from those.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    obligations: BTreeMap<u64, Obligation>,
    next: u64,
    /// By lane, the days of the last obligations, as many as come due in one unit of time.
    recent: [VecDeque<u64>; 4],
    due: BTreeSet<(u64, u64)>,
    deposits: VecDeque<u64>,
    /// Payouts by what is to be deposited, in its bytes: equal ones are worth the same.
    payouts: BTreeMap<Vec<u8>, VecDeque<u64>>,
    /// Forced orders by signer.
    orders: BTreeMap<AccountId, Vec<u64>>,
    /// Forced operations by nullifier.
    private: BTreeMap<[u8; 32], u64>,
    /// Notes that are owed, by the withdrawal that paid.
    shields: BTreeMap<Payment, u64>,
    /// Forced orders without opening.
    bare: usize,
    /// Forced operations that take nothing out of the pool.
    free: usize,
}

/// Whether an operation takes nothing out of the pool, so that it may spend two dummies, which are in no tree and which
/// anybody makes as many of as they like.
pub(super) fn is_free(operation: &PrivateOperation) -> bool {
    operation
        .payout()
        .is_none_or(|payout| payout.amount.is_zero() && payout.fee.is_zero())
}

/// What a checkpoint has of a queue.
pub(super) struct QueueParts<'a> {
    pub(super) next: u64,
    pub(super) recent: &'a [VecDeque<u64>; 4],
    pub(super) obligations: &'a BTreeMap<u64, Obligation>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.obligations.len()
    }

    /// How many forced orders there are without opening.
    pub(super) const fn bare(&self) -> usize {
        self.bare
    }

    pub(super) fn from(&self, first: u64) -> impl Iterator<Item = (u64, &Obligation)> {
        let found = self.obligations.range(first..);
        found.map(|(number, obligation)| (*number, obligation))
    }

    pub(super) fn get(&self, number: u64) -> Option<&Obligation> {
        self.obligations.get(&number)
    }

    /// How many forced operations there are that take nothing out of the pool.
    pub(super) const fn free(&self) -> usize {
        self.free
    }

    /// What is due first, and its number.
    pub(super) fn first_due(&self) -> Option<(u64, u64)> {
        self.due.first().copied()
    }

    /// The deposits in order.
    pub(super) fn deposits(&self) -> impl Iterator<Item = u64> {
        self.deposits.iter().copied()
    }

    /// The payouts of the pool to accounts.
    pub(super) fn payouts(&self) -> impl Iterator<Item = u64> {
        self.payouts.values().flatten().copied()
    }

    /// The payouts that this deposit pays, the oldest first.
    pub(super) fn payouts_like(&self, deposit: &Deposit) -> impl Iterator<Item = u64> {
        let found = self.payouts.get(&deposit.to_bytes());
        found.into_iter().flatten().copied()
    }

    /// The forced orders of an account.
    pub(super) fn orders(&self, signer: AccountId) -> &[u64] {
        self.orders.get(&signer).map_or(&[], Vec::as_slice)
    }

    /// The forced operation that spends the note with this nullifier.
    pub(super) fn private(&self, nullifier: &[u8; 32]) -> Option<u64> {
        self.private.get(nullifier).copied()
    }

    /// The note that is owed for this withdrawal.
    pub(super) fn shield(&self, payment: &Payment) -> Option<u64> {
        self.shields.get(payment).copied()
    }

    /// The notes that are owed for withdrawals up to this one.
    pub(super) fn shields_to(&self, last: Payment) -> impl Iterator<Item = (Payment, u64)> {
        let found = self.shields.range(..=last);
        found.map(|(payment, number)| (*payment, *number))
    }

    /// When an obligation that is posted now would be due: after the window, and not in the same moment as more
    /// than the rules allow.
    pub(super) fn due(&self, lane: Lane, now: u64, rules: &Rules) -> u64 {
        let due = now.saturating_add(rules.window);
        let recent = &self.recent[lane as usize];
        match recent.front() {
            Some(before) if recent.len() >= rules.per_unit as usize => {
                due.max(before.saturating_add(1))
            }
            _ => due,
        }
    }

    /// Posts an obligation, and returns its number and day.
    pub(super) fn push(&mut self, lane: Lane, what: Owed, now: u64, rules: &Rules) -> (u64, u64) {
        let due = self.due(lane, now, rules);
        let recent = &mut self.recent[lane as usize];
        recent.push_back(due);
        if recent.len() > rules.per_unit as usize {
            recent.pop_front();
        }
        let number = self.next;
        self.next += 1;
        self.insert(number, Obligation { due, what });
        (number, due)
    }

    /// Puts an obligation where it is looked up.
    fn insert(&mut self, number: u64, obligation: Obligation) {
        let due = obligation.due;
        match &obligation.what {
            Owed::Deposit { .. } => self.deposits.push_back(number),
            Owed::Payout { deposit } => {
                let like = self.payouts.entry(deposit.to_bytes()).or_default();
                like.push_back(number);
            }
            Owed::Order(forced) => {
                let signer = forced.order.order.signer();
                self.bare += usize::from(!forced.shown);
                self.orders.entry(signer).or_default().push(number);
            }
            Owed::Private { operation } => {
                self.free += usize::from(is_free(operation));
                let keys = operation.nullifiers().iter().map(|one| one.0.to_bytes());
                self.private.extend(keys.map(|key| (key, number)));
            }
            Owed::Shield(owed) => drop(self.shields.insert(owed.payment(), number)),
        }
        self.due.insert((due, number));
        self.obligations.insert(number, obligation);
    }

    /// What a checkpoint has of it: the rest follows.
    pub(super) fn to_parts(&self) -> QueueParts<'_> {
        QueueParts {
            next: self.next,
            recent: &self.recent,
            obligations: &self.obligations,
        }
    }

    /// The queue of a checkpoint. Obligations come by ascending number.
    pub(super) fn from_parts(
        next: u64,
        recent: [VecDeque<u64>; 4],
        obligations: impl IntoIterator<Item = (u64, Obligation)>,
    ) -> Self {
        let mut queue = Self {
            next,
            recent,
            ..Self::default()
        };
        for (number, obligation) in obligations {
            queue.insert(number, obligation);
        }
        queue
    }

    /// Takes an obligation out: it was kept, or it is none any more.
    pub(super) fn remove(&mut self, number: u64) -> Option<Obligation> {
        let obligation = self.obligations.remove(&number)?;
        self.due.remove(&(obligation.due, number));
        match &obligation.what {
            Owed::Deposit { .. } => take(&mut self.deposits, number),
            Owed::Payout { deposit } => {
                let key = deposit.to_bytes();
                if let Some(like) = self.payouts.get_mut(&key) {
                    take(like, number);
                    if like.is_empty() {
                        self.payouts.remove(&key);
                    }
                }
            }
            Owed::Order(forced) => {
                let signer = forced.order.order.signer();
                self.bare -= usize::from(!forced.shown);
                if let Some(numbers) = self.orders.get_mut(&signer) {
                    numbers.retain(|one| *one != number);
                    if numbers.is_empty() {
                        self.orders.remove(&signer);
                    }
                }
            }
            Owed::Private { operation } => {
                self.free -= usize::from(is_free(operation));
                for nullifier in operation.nullifiers() {
                    self.private.remove(&nullifier.0.to_bytes());
                }
            }
            Owed::Shield(owed) => drop(self.shields.remove(&owed.payment())),
        }
        Some(obligation)
    }

    /// Takes out everything but deposits, which can return.
    pub(super) fn keep_deposits(&mut self) {
        let others: Vec<u64> = self
            .obligations
            .iter()
            .filter(|(_, one)| !matches!(one.what, Owed::Deposit { .. }))
            .map(|(number, _)| *number)
            .collect();
        for number in others {
            self.remove(number);
        }
    }
}

/// Takes a number out of a list: out of its front, most times.
fn take(list: &mut VecDeque<u64>, number: u64) {
    if list.front() == Some(&number) {
        list.pop_front();
    } else {
        list.retain(|one| *one != number);
    }
}
