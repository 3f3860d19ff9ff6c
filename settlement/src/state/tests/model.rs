//! Random histories: whatever people and the operator do, what settlement holds is what it owes, and in the end
//! everything leaves once.

use proptest::prelude::*;
use winterlane_ledger::{AccountId, Amount, AssetId, pool::account_recipient};

use super::*;

/// A step: what, who, whom, how much.
type Step = (u8, u8, u8, u16);

/// The world, and who has what.
struct History {
    world: World,
    /// Keys of accounts, by id.
    keys: BTreeMap<AccountId, u32>,
    notes: Vec<Owned>,
    /// Notes that are paid for and not in the pool: the withdrawal, the note, whose.
    unpublished: Vec<(Payment, Shield, Owned)>,
    next_key: u32,
}

/// Where money goes that leaves a history.
const OUTSIDE: Party = party(0xee);

impl History {
    fn new() -> Self {
        Self {
            world: World::new(),
            keys: [(COLLECTOR, 100), (USD_COLLECTOR, 101)].into(),
            notes: Vec::new(),
            unpublished: Vec::new(),
            next_key: 200,
        }
    }

    /// An account in the tree that can sign once more and leave then, if there is one.
    fn account(&self, pick: u8) -> Option<(AccountId, u32)> {
        let able = self.keys.iter().filter(|(id, _)| {
            let account = self.world.ledger.account(**id);
            account.is_some_and(|account| account.slots[0].next_index < 3)
        });
        let able: Vec<_> = able.map(|(id, key)| (*id, *key)).collect();
        (!able.is_empty()).then(|| able[usize::from(pick) % able.len()])
    }

    fn step(&mut self, (what, who, whom, amount): Step) {
        let units = u128::from(amount);
        let amount = Amount::new(units);
        match what % 12 {
            0 | 1 => {
                let asset = if who % 3 == 0 { USD } else { EUR };
                self.next_key += 1;
                let id = self.world.open(self.next_key, asset, units * 10 + 1);
                self.keys.insert(id, self.next_key);
            }
            2 => {
                let known: Vec<AccountId> = self.keys.keys().copied().collect();
                let account = known[usize::from(who) % known.len()];
                let asset = self.world.state.accounts[&account].asset;
                let to = DepositTo::Existing(account);
                let amount = Amount::new(units + 1);
                let call = Call::Deposit { asset, amount, to };
                self.world.call(party(who.max(1)), &call).unwrap();
            }
            3 | 4 => {
                let Some((from, key)) = self.account(who) else {
                    return;
                };
                let Some((to, _)) = self.account(whom) else {
                    return;
                };
                let (one, other) = (self.asset(from), self.asset(to));
                let to = if one == other { to } else { from };
                let balance = self.balance(from);
                let amount = amount.min(balance);
                let fee = balance.saturating_sub(amount).min(Amount::new(1));
                let order = self.world.order(key, pay(from, to, amount, fee));
                self.world.settle(Plan::of(vec![order])).unwrap();
            }
            5 => {
                let Some((from, key)) = self.account(who) else {
                    return;
                };
                let amount = amount.min(self.balance(from));
                let order = self.world.order(key, withdraw(from, amount, 0, OUTSIDE.0));
                self.world.settle(Plan::of(vec![order])).unwrap();
            }
            6 => self.shield(who, amount, true),
            7 => self.shield(who, amount, false),
            8 => self.spend(who, whom, amount),
            9 => self.publish_note(who),
            10 => {
                let claims = self.world.state.claims(OUTSIDE);
                if let Some((claim, _, _)) = claims.get(usize::from(who) % claims.len().max(1)) {
                    self.world.call(OUTSIDE, &Call::Collect(*claim)).unwrap();
                    assert_eq!(
                        self.world.refused(OUTSIDE, &Call::Collect(*claim)),
                        "no_claim"
                    );
                }
            }
            _ => self.force(who),
        }
        self.world.now += 1;
    }

    fn asset(&self, id: AccountId) -> AssetId {
        self.world.ledger.account(id).unwrap().asset
    }

    fn balance(&self, id: AccountId) -> Amount {
        self.world.ledger.account(id).unwrap().balance
    }

    fn shield(&mut self, who: u8, amount: Amount, at_once: bool) {
        let Some((from, key)) = self.account(who) else {
            return;
        };
        let amount = amount.min(self.balance(from));
        if amount.is_zero() {
            return;
        }
        let (order, shield, owned) = self.world.shield(key, from, amount, who.into());
        let payment = Payment {
            batch: self.world.ledger.batch_number(),
            record: self.world.waiting().len() as u32,
        };
        let mut plan = Plan::of(vec![order]);
        if at_once {
            plan.pool.push(PoolOperation::Shield(shield, payment));
            self.notes.push(owned);
        } else {
            self.unpublished.push((payment, shield, owned));
        }
        self.world.settle(plan).unwrap();
    }

    /// A note that waits comes into the pool, unless a later one came before it.
    fn publish_note(&mut self, pick: u8) {
        if self.unpublished.is_empty() {
            return;
        }
        let place = usize::from(pick) % self.unpublished.len();
        let (payment, shield, owned) = self.unpublished.swap_remove(place);
        let over = self.world.pool.last_payment() > Some(payment);
        if pick.is_multiple_of(2) || over {
            let call = Call::ForceShield {
                payment,
                shield: shield.clone(),
            };
            let forced = self.world.call(party(1), &call);
            assert_eq!(forced.is_err(), over);
        }
        if over {
            let back = Call::ReturnShield { payment, shield };
            self.world.call(party(1), &back).unwrap();
            return;
        }
        let position = self.world.notes.count() as u32;
        self.world
            .settle(Plan {
                pool: vec![PoolOperation::Shield(shield, payment)],
                ..Plan::default()
            })
            .unwrap();
        self.notes.push(Owned { position, ..owned });
    }

    /// A private withdrawal: inside or outside, with a fee or none.
    fn spend(&mut self, pick: u8, whom: u8, amount: Amount) {
        if self.notes.is_empty() {
            return;
        }
        let place = usize::from(pick) % self.notes.len();
        let owned = self.notes.swap_remove(place);
        let fee = owned.note.value.min(Amount::new(u128::from(whom % 2)));
        let amount = amount.min(owned.note.value.saturating_sub(fee));
        let to = match self.account(whom) {
            Some((id, _)) if pick.is_multiple_of(2) && self.asset(id) == owned.note.asset => {
                account_recipient(id)
            }
            _ => OUTSIDE.0,
        };
        let anchor = (self.world.pool.anchor(), domain());
        let (operation, change) = private(&owned, anchor, (amount, fee), to);
        let position = self.world.notes.count() as u32;
        if pick.is_multiple_of(3) {
            let call = Call::ForcePrivate(operation.clone());
            self.world.call(party(1), &call).unwrap();
        }
        self.world
            .settle(Plan {
                pool: vec![PoolOperation::Private(operation)],
                ..Plan::default()
            })
            .unwrap();
        self.notes.push(Owned {
            note: change,
            position,
            ..owned
        });
    }

    fn force(&mut self, who: u8) {
        let Some((from, key)) = self.account(who) else {
            return;
        };
        let order = self
            .world
            .order(key, withdraw(from, self.balance(from), 0, OUTSIDE.0));
        let opening = who.is_multiple_of(2).then(|| self.world.opening(from));
        let force = Call::Force {
            order: order.clone(),
            opening,
        };
        self.world.call(Party::NOBODY, &force).unwrap();
        self.world.settle(Plan::of(vec![order])).unwrap();
    }

    /// The operator is gone: everything leaves once, in some order, and settlement is empty.
    fn end(mut self, order: u8) {
        let view = self.world.freeze_by_deposit();
        let mut calls: Vec<(Party, Call)> = Vec::new();
        for (payment, shield, _) in &self.unpublished {
            let (payment, shield) = (*payment, shield.clone());
            calls.push((party(1), Call::ReturnShield { payment, shield }));
        }
        for (id, key) in &self.keys {
            if self.world.ledger.account(*id).is_some() {
                calls.push((party(1), self.world.exit(*key, *id, OUTSIDE)));
            }
        }
        for owned in &self.notes {
            calls.push((party(1), exit_note(owned, &view, OUTSIDE)));
        }
        for (number, _) in self.world.state.obligations(0, usize::MAX) {
            calls.push((party(1), Call::ReturnDeposit { number }));
        }
        for who in [OUTSIDE, OPERATOR] {
            for (claim, _, _) in self.world.state.claims(who) {
                calls.push((who, Call::Collect(claim)));
            }
        }
        let turn = usize::from(order) % calls.len();
        calls.rotate_left(turn);
        if order % 2 == 1 {
            calls.reverse();
        }
        for (who, call) in &calls {
            let outcome = self.world.call(*who, call);
            outcome.unwrap_or_else(|refusal| panic!("{call:?}: {refusal}"));
        }
        for (who, call) in &calls {
            self.world.refused(*who, call);
        }
        let totals = self.world.state.status().totals;
        assert!(totals.values().all(|total| total.is_zero()), "{totals:?}");
        let count = calls.len();
        println!("operator gone: {count} of {count} left once, 0 twice, 0 is held");
        let mut paid = BTreeMap::<AssetId, Amount>::new();
        for payment in self.world.state.payments(0, usize::MAX) {
            let sum = paid.entry(payment.asset).or_default();
            *sum = sum.checked_add(payment.amount).unwrap();
        }
        assert!(
            self.world
                .state
                .owed_outside_of_the_tree()
                .iter()
                .all(|one| one.1.is_zero())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn everything_leaves_once(steps in prop::collection::vec(any::<Step>(), 1..40), order: u8) {
        let mut history = History::new();
        for step in steps {
            history.step(step);
        }
        history.end(order);
    }
}
