//! Forced orders, and every race that they can be in.

use winterlane_ledger::{AccountId, Amount, BatchNumber, Domain, Nonce, Root, RotateKey};

use super::*;

fn force(order: &SignedOrder, opening: Option<Opening>) -> Call {
    Call::Force {
        order: order.clone(),
        opening,
    }
}

/// The number and the day of what was forced.
pub(super) fn forced(outcome: Outcome) -> (u64, u64) {
    match outcome {
        Outcome::Forced { number, due } => (number, due),
        other => panic!("{other:?}"),
    }
}

pub(super) fn kept(outcome: Result<Outcome, Refusal>) -> Vec<u64> {
    match outcome.unwrap() {
        Outcome::Settled { kept, .. } => kept,
        other => panic!("{other:?}"),
    }
}

impl World {
    fn post(&mut self, order: &SignedOrder, opening: Option<Opening>) -> (u64, u64) {
        forced(self.call(Party::NOBODY, &force(order, opening)).unwrap())
    }

    fn refute(&mut self, number: u64, opening: Opening) -> Result<Outcome, Refusal> {
        self.call(OPERATOR, &Call::Refute { number, opening })
    }
}

#[test]
fn a_batch_that_shows_it_in_time_is_the_end_of_it() {
    for shown in [true, false] {
        let (mut world, ids) = World::with(&[1_000, 1]);
        let order = world.order(1, pay(ids[0], ids[1], 5, 0));
        let opening = shown.then(|| world.opening(ids[0]));
        let (number, due) = world.post(&order, opening);
        assert_eq!(due, world.now + 100);
        assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
        // on its last day nobody freezes
        world.now = due;
        assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
        assert_eq!(kept(world.settle(Plan::of(vec![order.clone()]))), [number]);
        world.now += LATE;
        assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
        // it is over: the same order is a replay now, and says so
        let opening = world.opening(ids[0]);
        let code = world.refused(party(3), &force(&order, Some(opening)));
        assert_eq!(code, "cannot_run");
    }
}

#[test]
fn after_its_day_whichever_comes_first_is_final() {
    let begin = || {
        let (mut world, ids) = World::with(&[1_000, 1]);
        let order = world.order(1, pay(ids[0], ids[1], 5, 0));
        let opening = world.opening(ids[0]);
        let (_, due) = world.post(&order, Some(opening));
        world.now = due + 1;
        let batch = world.make(Plan::of(vec![order]));
        (world, batch)
    };
    // the batch: then nothing is due any more
    let (mut world, batch) = begin();
    world.publish(&batch).unwrap();
    assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
    // the freeze: then there are no batches any more, nor anything else
    let (mut world, batch) = begin();
    let root = world.state.root();
    let frozen = world.call(Party::NOBODY, &Call::Freeze).unwrap();
    assert!(matches!(frozen, Outcome::Frozen(view) if view.root == root));
    let publish = Call::Publish { epoch: 0, batch };
    assert_eq!(world.refused(OPERATOR, &publish), "frozen");
    assert_eq!(world.refused(party(3), &Call::Freeze), "frozen");
    assert_eq!(
        world.refused(OPERATOR, &Call::TakeOver { seen: 0 }),
        "frozen"
    );
    let deposit = Call::Deposit {
        asset: EUR,
        amount: Amount::new(1),
        to: DepositTo::Existing(AccountId::new(2)),
    };
    assert_eq!(world.refused(party(1), &deposit), "frozen");
    let appoint = Call::Appoint {
        operator: party(4),
        seen: 0,
    };
    assert_eq!(world.refused(GOVERNOR, &appoint), "frozen");
}

#[test]
fn an_order_is_shown_by_an_opening_at_any_root_since_the_last_order() {
    let (mut world, ids) = World::with(&[1_000, 1]);
    let old = world.opening(ids[0]);
    let order = world.order(1, pay(ids[0], ids[1], 5, 0));
    // batches that do not concern the account do not spoil the opening
    for _ in 0..3 {
        world.settle(Plan::default()).unwrap();
    }
    let (number, _) = world.post(&order, Some(old));
    // nothing refutes it, at whatever root since
    world.settle(Plan::default()).unwrap();
    let opening = world.opening(ids[0]);
    assert_eq!(world.refute(number, opening).unwrap_err().code(), "can_run");
    assert_eq!(world.refute(number, old).unwrap_err().code(), "version");
    // a second one of the account waits for the first
    let other = world.order(1, pay(ids[0], ids[1], 6, 0));
    let call = force(&other, Some(opening));
    assert_eq!(world.refused(party(1), &call), "already_forced");
    // another order of the account takes the nonce: this ends it, too
    assert_eq!(kept(world.settle(Plan::of(vec![other]))), [number]);
    // and the opening from before does not bring it back
    for stale in [old, opening] {
        assert_eq!(
            world.refused(party(1), &force(&order, Some(stale))),
            "old_opening"
        );
    }
}

#[test]
fn what_cannot_run_is_not_shown() {
    let (mut world, ids) = World::with(&[1_000, 1, 7]);
    let dollars = world.open(5, USD, 1);
    world.settle(Plan::default()).unwrap();
    let unmade = world.open(6, EUR, 1);
    let opening = world.opening(ids[0]);
    let good = pay(ids[0], ids[1], 5, 0);
    let expiring = |valid_until| {
        Order::Transfer(Transfer {
            from: ids[0],
            to: ids[1],
            amount: Amount::new(5),
            fee: Amount::ZERO,
            valid_until,
        })
    };
    let here = world.state.next_batch();
    let signed = |world: &World, order| world.order_at(1, order, Nonce::ZERO, 0);
    let cases = [
        (world.order_at(1, good, Nonce::new(1), 0), "cannot_run"),
        (world.order_at(2, good, Nonce::ZERO, 0), "cannot_run"),
        (signed(&world, pay(ids[0], ids[1], 1_001, 0)), "cannot_run"),
        (signed(&world, pay(ids[0], ids[1], 1_000, 1)), "cannot_run"),
        (
            signed(&world, pay(ids[0], ids[1], u128::MAX, 1)),
            "cannot_run",
        ),
        (signed(&world, pay(ids[0], dollars, 5, 0)), "wrong_account"),
        (signed(&world, pay(ids[0], unmade, 5, 0)), "wrong_account"),
        (
            signed(&world, pay(ids[0], AccountId::new(4_000), 5, 0)),
            "wrong_account",
        ),
        (signed(&world, expiring(here.saturating_add(7))), "lifetime"),
        (signed(&world, expiring(here.saturating_sub(1))), "lifetime"),
        (
            signed(&world, expiring(here.saturating_add(1 << 62))),
            "lifetime",
        ),
        (signed(&world, expiring(BatchNumber::MAX)), "lifetime"),
    ];
    for (order, code) in cases {
        assert_eq!(
            world.refused(party(1), &force(&order, Some(opening))),
            code,
            "{order:?}"
        );
    }
    // a signature for another domain leads to no key of the account, if to any
    let key = Key::new(1);
    let elsewhere = key.sign(good, &Domain::ZERO, Nonce::ZERO, SlotIndex::Zero, 0);
    let code = world.refused(party(1), &force(&elsewhere, Some(opening)));
    assert!(["cannot_run", "bad_signature"].contains(&code), "{code}");
    // openings of something else
    let order = signed(&world, good);
    let of_other = world.opening(ids[1]);
    assert_eq!(
        world.refused(party(1), &force(&order, Some(of_other))),
        "other_account"
    );
    let later = Opening {
        version: here.saturating_add(1),
        ..opening
    };
    assert_eq!(
        world.refused(party(1), &force(&order, Some(later))),
        "version"
    );
    let before = Opening {
        version: BatchNumber::new(5),
        ..opening
    };
    assert_eq!(
        world.refused(party(1), &force(&order, Some(before))),
        "opening"
    );
    let mut richer = opening;
    let account = richer.proof.account.as_mut().unwrap();
    account.balance = account.balance.checked_add(Amount::new(1)).unwrap();
    assert_eq!(
        world.refused(party(1), &force(&order, Some(richer))),
        "opening"
    );
    world.post(
        &signed(&world, expiring(here.saturating_add(8))),
        Some(opening),
    );
}

/// Without an opening: the operator answers by one, of any root since, whatever is wrong with the order.
#[test]
fn the_operator_refutes_what_could_not_run() {
    let (mut world, ids) = World::with(&[1_000, 1]);
    let good = pay(ids[0], ids[1], 5, 0);
    let early = world.opening(ids[0]);
    world.settle(Plan::default()).unwrap();
    let cases = [
        (world.order_at(1, good, Nonce::new(1), 0), "nonce 1"),
        (world.order_at(2, good, Nonce::ZERO, 0), "not by the key"),
        (world.order(1, pay(ids[0], ids[1], 1_001, 0)), "less than"),
    ];
    for (order, reason) in cases {
        let (number, _) = world.post(&order, None);
        assert_eq!(
            world.refused(party(1), &force(&order, None)),
            "already_forced"
        );
        world.settle(Plan::default()).unwrap();
        let opening = world.opening(ids[0]);
        // an opening from before it was posted says nothing
        assert_eq!(world.refute(number, early).unwrap_err().code(), "version");
        let elsewhere = world.opening(ids[1]);
        let refused = world.refute(number, elsewhere).unwrap_err();
        assert_eq!(refused.code(), "other_account");
        match world.refute(number, opening).unwrap() {
            Outcome::Refuted { reason: found, .. } => {
                assert!(found.contains(reason), "{found}");
            }
            other => panic!("{other:?}"),
        }
        let again = world.refute(number, opening).unwrap_err();
        assert_eq!(again.code(), "no_obligation");
        world.now += LATE;
        assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
    }
}

#[test]
fn scope_closed_slot_used_index_and_absent_account_refute() {
    let mut world = World::new();
    let key = Key::new(1);
    let keys = NewKeys {
        roots: [key.tree.root(), Root::ZERO],
        scopes: [Scope::ROTATE, Scope::NONE],
    };
    let deposit = Call::Deposit {
        asset: EUR,
        amount: Amount::new(100),
        to: DepositTo::New(keys),
    };
    world.call(party(1), &deposit).unwrap();
    let order = withdraw(AccountId::new(2), 5, 0, [9; 20]);
    // the account is allotted, and no batch has made it
    let signed = world.order_at(1, order, Nonce::ZERO, 0);
    let (absent, _) = world.post(&signed, None);
    let leaf = world.opening(AccountId::new(2));
    world.refute(absent, leaf).unwrap();
    world.settle(Plan::default()).unwrap();
    // a key that may not spend
    let (number, _) = world.post(&signed, None);
    let opening = world.opening(AccountId::new(2));
    world.refute(number, opening).unwrap();
    // a slot that is closed
    let closed = key.sign(order, &domain(), Nonce::ZERO, SlotIndex::One, 0);
    let (number, _) = world.post(&closed, None);
    world.refute(number, opening).unwrap();
    // a one-time key that is used up: the order before took index 2
    let rotate = RotateKey {
        account: AccountId::new(2),
        slot: SlotIndex::One,
        new_root: Key::new(8).tree.root(),
        scope: Scope::SPEND,
        fee: Amount::ZERO,
        valid_until: UNTIL,
    };
    let rotate = world.order_at(1, Order::RotateKey(rotate), Nonce::ZERO, 2);
    world.settle(Plan::of(vec![rotate])).unwrap();
    let back = RotateKey::close(AccountId::new(2), SlotIndex::Zero, Amount::ZERO, UNTIL);
    let used = world.order_at(1, Order::RotateKey(back), Nonce::new(1), 1);
    let (number, _) = world.post(&used, None);
    let opening = world.opening(AccountId::new(2));
    assert!(matches!(
        world.refute(number, opening).unwrap(),
        Outcome::Refuted { reason, .. } if reason.contains("one-time key")
    ));
    // with the key that was rotated in it can run
    let signed = Key::new(8).sign(order, &domain(), Nonce::new(1), SlotIndex::One, 0);
    let (number, _) = world.post(&signed, None);
    assert_eq!(world.refute(number, opening).unwrap_err().code(), "can_run");
    assert_eq!(kept(world.settle(Plan::of(vec![signed]))), [number]);
}

/// Posted before it could run, it may be refuted; posted when it can, it may not, though it could not before.
#[test]
fn an_order_that_becomes_valid_counts_from_when_it_is_posted() {
    let (mut world, ids) = World::with(&[10, 1_000]);
    let order = world.order(1, pay(ids[0], ids[1], 500, 0));
    let poor = world.opening(ids[0]);
    let (number, _) = world.post(&order, None);
    let rich = world.order(2, pay(ids[1], ids[0], 600, 0));
    world.settle(Plan::of(vec![rich])).unwrap();
    let now = world.opening(ids[0]);
    assert_eq!(world.refute(number, now).unwrap_err().code(), "can_run");
    world.refute(number, poor).unwrap();
    let (number, due) = world.post(&order, None);
    for opening in [poor, now] {
        let code = world.refute(number, opening).unwrap_err().code();
        assert!(["version", "can_run"].contains(&code), "{code}");
    }
    world.now = due + 1;
    world.call(party(3), &Call::Freeze).unwrap();
}

/// Both can run, and one takes the other's nonce.
#[test]
fn of_two_that_conflict_one_is_taken_and_the_other_over() {
    let (mut world, ids) = World::with(&[1_000, 1]);
    let orders = [5, 6].map(|amount| world.order(1, pay(ids[0], ids[1], amount, 0)));
    let numbers = orders.clone().map(|order| world.post(&order, None).0);
    let before = world.opening(ids[0]);
    for number in numbers {
        assert_eq!(world.refute(number, before).unwrap_err().code(), "can_run");
    }
    let [first, second] = orders;
    assert_eq!(kept(world.settle(Plan::of(vec![first]))), [numbers[0]]);
    let after = world.opening(ids[0]);
    world.refute(numbers[1], after).unwrap();
    // it is no use to post it again
    let (number, _) = world.post(&second, None);
    world.refute(number, after).unwrap();
}

#[test]
fn an_order_that_was_taken_before_it_was_posted_is_refuted() {
    let (mut world, ids) = World::with(&[1_000, 1]);
    let order = world.order(1, pay(ids[0], ids[1], 5, 0));
    let before = world.opening(ids[0]);
    // taken, proven, and not yet settled when it is posted: settling shows it
    let batch = world.make(Plan::of(vec![order.clone()]));
    let (number, _) = world.post(&order, Some(before));
    assert_eq!(kept(world.publish(&batch)), [number]);
    // settled before it is posted
    assert_eq!(
        world.refused(party(1), &force(&order, Some(before))),
        "old_opening"
    );
    let (number, _) = world.post(&order, None);
    let opening = world.opening(ids[0]);
    world.refute(number, opening).unwrap();
}

/// An operator who makes many batches so that the order expires has no excuse.
#[test]
fn to_let_it_expire_is_no_excuse() {
    for shown in [true, false] {
        let (mut world, ids) = World::with(&[1_000, 1]);
        let valid_until = world.state.next_batch().saturating_add(8);
        let order = Order::Transfer(Transfer {
            from: ids[0],
            to: ids[1],
            amount: Amount::new(5),
            fee: Amount::ZERO,
            valid_until,
        });
        let order = world.order(1, order);
        let opening = shown.then(|| world.opening(ids[0]));
        let (number, due) = world.post(&order, opening);
        while world.state.next_batch() <= valid_until.saturating_add(1) {
            world.settle(Plan::default()).unwrap();
        }
        let opening = world.opening(ids[0]);
        assert_eq!(world.refute(number, opening).unwrap_err().code(), "can_run");
        world.now = due + 1;
        world.call(party(3), &Call::Freeze).unwrap();
    }
}

#[test]
fn a_deposit_that_is_left_out_ends_the_rollup() {
    let mut world = World::new();
    world.open(1, EUR, 5);
    let plan = Plan {
        leave: 1,
        ..Plan::default()
    };
    world.settle(plan).unwrap();
    world.now += 101;
    world.call(Party::NOBODY, &Call::Freeze).unwrap();
}

/// However many are posted in one moment, no more of them are due in one than the operator is asked for.
#[test]
fn the_operator_is_not_asked_for_more_than_the_rules_say() {
    let mut world = World::new();
    let mut days = BTreeMap::new();
    for key in 0..30 {
        let to = DepositTo::New(NewKeys::single(Root(digest(key))));
        let call = Call::Deposit {
            asset: EUR,
            amount: Amount::new(1),
            to,
        };
        match world.call(party(1), &call).unwrap() {
            Outcome::Deposited { due, .. } => *days.entry(due).or_insert(0) += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(days.values().all(|count| *count <= 4), "{days:?}");
    assert_eq!(days.keys().next(), Some(&(world.now + 100)));
    assert_eq!(days.keys().next_back(), Some(&(world.now + 107)));
    // another kind is not pushed
    let order = world.order_at(
        100,
        pay(AccountId::ZERO, AccountId::ZERO, 0, 0),
        Nonce::ZERO,
        0,
    );
    let opening = world.opening(AccountId::ZERO);
    let (_, due) = world.post(&order, Some(opening));
    assert_eq!(due, world.now + 100);
    // of those without opening there is an end
    let mut posted = 0;
    let refused = loop {
        let order = world.order_at(
            7,
            pay(AccountId::ZERO, AccountId::ZERO, 0, 0),
            Nonce::new(posted),
            0,
        );
        match world.call(party(1), &force(&order, None)) {
            Ok(_) => posted += 1,
            Err(refusal) => break refusal.code(),
        }
        if posted == 1 {
            // the rest as fast as it goes
            world.state.rules.per_unit = 1;
            world.state.rules.window = 10;
        }
    };
    assert_eq!(refused, "busy");
}

/// Whoever has seen an order cannot keep it out by a copy with another signature.
#[test]
fn a_strangers_copy_keeps_nobody_out() {
    let (mut world, ids) = World::with(&[1_000, 1]);
    let order = world.order(1, pay(ids[0], ids[1], 5, 0));
    let copy = world.order_at(2, order.order, order.nonce, 0);
    assert_eq!(copy.record(), order.record());
    let opening = world.opening(ids[0]);
    let call = force(&copy, Some(opening));
    assert_eq!(world.refused(party(2), &call), "cannot_run");
    let numbers = [
        world.post(&copy, None).0,
        world.post(&order, None).0,
        world.post(&order, Some(opening)).0,
    ];
    // the order itself ends all three
    assert_eq!(kept(world.settle(Plan::of(vec![order]))), numbers);
}
