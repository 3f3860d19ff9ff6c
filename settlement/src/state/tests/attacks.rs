//! Attempts to take what is not one's own, to end a rollup whose operator does its duty, and to break sums.

use winterlane_ledger::{
    AccountId, Amount, BatchNumber, Nonce,
    pool::account_recipient,
    private::{Commitment, Fee, Nullifier, TransferInputs},
};

use super::{
    forced::{forced, kept},
    *,
};

#[test]
fn nobody_leaves_with_anothers_account() {
    let (mut world, ids) = World::with(&[1_000, 70]);
    world.freeze_by_deposit();
    // another's key, for the account; the account's opening, for another id; another's opening
    let mut lies = vec![(world.exit(2, ids[0], party(2)), "exit")];
    let swap = |proof: u32, exit: u32, key: u32| {
        let Call::ExitAccount { exit, .. } = world.exit(key, AccountId::new(exit), party(2)) else {
            panic!("an exit");
        };
        let proof = world.ledger.prove(AccountId::new(proof));
        Call::ExitAccount { proof, exit }
    };
    lies.push((swap(ids[0].get(), ids[1].get(), 2), "other_account"));
    lies.push((swap(ids[1].get(), ids[0].get(), 2), "other_account"));
    // a signature to somebody else
    let Call::ExitAccount { proof, mut exit } = world.exit(1, ids[0], party(1)) else {
        panic!("an exit");
    };
    exit.exit.recipient = [2; 20];
    lies.push((Call::ExitAccount { proof, exit }, "exit"));
    // a leaf with more in it
    let Call::ExitAccount { mut proof, exit } = world.exit(1, ids[0], party(1)) else {
        panic!("an exit");
    };
    let account = proof.account.as_mut().unwrap();
    account.balance = account.balance.checked_add(Amount::new(1)).unwrap();
    lies.push((Call::ExitAccount { proof, exit }, "opening"));
    lies.push((world.exit(1, ids[0], Party::NOBODY), "nobody"));
    for (call, code) in lies {
        assert_eq!(world.refused(party(2), &call), code);
    }
}

/// An order that the account has signed does not let anybody take it out, nor does an exit of the same fields.
#[test]
fn an_order_is_no_exit_and_an_exit_no_order() {
    let (mut world, ids) = World::with(&[1_000, 70]);
    let order = world.order(1, withdraw(ids[0], 1_000, 0, party(9).0));
    world.freeze_by_deposit();
    let exit = SignedExit {
        exit: Exit {
            account: ids[0],
            recipient: party(9).0,
        },
        slot: SlotIndex::Zero,
        signature: order.signature,
    };
    let proof = world.ledger.prove(ids[0]);
    assert_eq!(
        world.refused(party(9), &Call::ExitAccount { proof, exit }),
        "exit"
    );
    let Call::ExitAccount { exit, .. } = world.exit(1, ids[0], party(9)) else {
        panic!("an exit");
    };
    let order = SignedOrder {
        order: withdraw(ids[0], 1_000, 0, party(9).0),
        nonce: Nonce::ZERO,
        slot: exit.slot,
        signature: exit.signature,
    };
    assert!(world.ledger.open_batch().signed(order).is_err());
}

/// A one-time key that has signed an order that is settled signs no exit.
#[test]
fn a_used_one_time_key_lets_nobody_leave() {
    let (mut world, ids) = World::with(&[1_000, 70]);
    let order = world.order_at(1, pay(ids[0], ids[1], 1, 0), Nonce::ZERO, 1);
    world.settle(Plan::of(vec![order])).unwrap();
    world.freeze_by_deposit();
    for index in 0..2 {
        let exit = world.exit_by(1, ids[0], party(9), index);
        assert_eq!(world.refused(party(1), &exit), "exit");
    }
    let exit = world.exit_by(1, ids[0], party(9), 2);
    world.call(party(1), &exit).unwrap();
}

#[test]
fn an_exit_of_one_end_is_none_of_another() {
    let (mut one, ids) = World::with(&[1_000, 70]);
    let (mut two, _) = World::with(&[1_000, 70]);
    let order = two.order(2, pay(ids[1], ids[0], 1, 0));
    two.settle(Plan::of(vec![order])).unwrap();
    one.freeze_by_deposit();
    two.freeze_by_deposit();
    let Call::ExitAccount { exit, .. } = one.exit(1, ids[0], party(9)) else {
        panic!("an exit");
    };
    let proof = two.ledger.prove(ids[0]);
    assert_eq!(
        two.refused(party(9), &Call::ExitAccount { proof, exit }),
        "exit"
    );
}

/// Nobody ends a rollup whose operator has done what was due, whatever they post.
#[test]
fn a_diligent_operator_is_never_frozen() {
    let (mut world, ids) = World::with(&[1_000, 70, 5]);
    // an account that forces and sends at once, one that cannot pay, one whose order waits for money
    for round in 0..2 {
        let orders = [
            world.order(1, pay(ids[0], ids[1], 5, 0)),
            world.order(1, pay(ids[0], ids[2], 7, 0)),
            world.order(3, pay(ids[2], ids[0], 100, 0)),
        ];
        let opening = world.opening(ids[0]);
        for (order, opening) in orders.iter().zip([Some(opening), None, None]) {
            let call = Call::Force {
                order: order.clone(),
                opening,
            };
            world.call(Party::NOBODY, &call).unwrap();
        }
        world.open(10 + round, EUR, 1);
        // the operator has taken another order of the account already
        let third = world.order(1, pay(ids[0], ids[1], 9, 1));
        world.settle(Plan::of(vec![third])).unwrap();
        // and does its duty on the last day: by the list of what is due, and by what it has
        world.now += 100;
        for (number, obligation) in world.state.obligations(0, usize::MAX) {
            let Owed::Order(forced) = obligation.what else {
                panic!("{obligation:?}");
            };
            let signer = forced.order.order.signer();
            let opening = world.opening(signer);
            let refute = Call::Refute { number, opening };
            if world.call(OPERATOR, &refute).is_err() {
                world.settle(Plan::of(vec![forced.order])).unwrap();
            }
        }
        world.now += LATE;
        assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
    }
}

/// The clock of whoever runs settlement may be set back; it goes on from where it was.
#[test]
fn time_does_not_go_back() {
    let mut world = World::new();
    world.now = 500;
    world.open(1, EUR, 1);
    world.now = 3;
    let due = |outcome| match outcome {
        Outcome::Deposited { due, .. } => due,
        other => panic!("{other:?}"),
    };
    let call = Call::Deposit {
        asset: EUR,
        amount: Amount::new(1),
        to: DepositTo::Existing(AccountId::ZERO),
    };
    assert_eq!(due(world.call(party(1), &call).unwrap()), 600);
    assert_eq!(world.state.status().now, 500);
    world.now = u64::MAX;
    assert_eq!(due(world.call(party(1), &call).unwrap()), u64::MAX);
}

#[test]
fn totals_stay_below_their_bound_whatever_moves() {
    let mut world = World::new();
    let most = u128::MAX;
    world.open(1, EUR, most - 10);
    world.open(2, EUR, 10);
    let more = Call::Deposit {
        asset: EUR,
        amount: Amount::new(1),
        to: DepositTo::Existing(AccountId::new(2)),
    };
    assert_eq!(world.refused(party(1), &more), "total_overflow");
    world.settle(Plan::default()).unwrap();
    // everything in one account is no overflow
    let order = world.order(2, pay(AccountId::new(3), AccountId::new(2), 10, 0));
    world.settle(Plan::of(vec![order])).unwrap();
    assert_eq!(
        world.ledger.account(AccountId::new(2)).unwrap().balance,
        Amount::new(most)
    );
    // money that is owed still counts
    let order = world.order(1, withdraw(AccountId::new(2), most, 0, party(9).0));
    world.settle(Plan::of(vec![order])).unwrap();
    assert_eq!(world.refused(party(1), &more), "total_overflow");
    let claim = world.state.claims(party(9))[0].0;
    world.call(party(9), &Call::Collect(claim)).unwrap();
    world.call(party(1), &more).unwrap();
}

#[test]
fn rules_that_nothing_can_be_done_by_are_refused() {
    let genesis = World::new().genesis;
    type Change = fn(&mut Genesis);
    let changes: [Change; 8] = [
        |g| g.rules.window = 0,
        |g| g.rules.per_unit = 0,
        |g| g.rules.lifetime = 0,
        |g| g.rules.lifetime = 1 << 61,
        |g| g.rules.bits = 99,
        |g| g.operator = Party::NOBODY,
        |g| g.first_batch = BatchNumber::new(1 << 62),
        |g| {
            for account in g.accounts.values_mut() {
                (account.asset, account.balance) = (EUR, Amount::new(1 << 127));
            }
        },
    ];
    for change in changes {
        let mut genesis = genesis.clone();
        change(&mut genesis);
        assert!(State::new(&genesis).is_err());
    }
}

/// Whoever posts deposits that are equal to payouts on their way makes no batch impossible: neither the one that its
/// operator had made before, nor one after it.
#[test]
fn a_deposit_that_equals_a_payout_stops_no_batch() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let one = world.shielded(1, ids[0], 100, 40);
    let two = world.shielded(1, ids[0], 70, 41);
    let place = (world.pool.anchor(), domain());
    let inside = |owned: &Owned, amount| {
        let (operation, _) = private(owned, place, (amount, 0), account_recipient(ids[1]));
        PoolOperation::Private(operation)
    };
    let batch = world.make(Plan {
        pool: vec![inside(&one, 100), inside(&two, 70)],
        ..Plan::default()
    });
    for amount in [100, 3, 70] {
        let to = DepositTo::Existing(ids[1]);
        let asset = EUR;
        let call = Call::Deposit {
            asset,
            amount: Amount::new(amount),
            to,
        };
        world.call(party(9), &call).unwrap();
    }
    // the batch pays out what it took out: the deposits wait for the next one
    let kept = |outcome| match outcome {
        Outcome::Settled { kept, .. } => kept.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kept(world.publish(&batch).unwrap()), 0);
    assert_eq!(world.waiting().len(), 3);
    assert_eq!(kept(world.settle(Plan::default()).unwrap()), 3);
    let balance = world.ledger.account(ids[1]).unwrap().balance;
    assert_eq!(balance, Amount::new(5 + 170 + 173));
    world.now += LATE;
    assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
}

/// Whoever takes nothing out of the pool, for an account that is not there or holds another asset, makes no batch
/// impossible: a node takes such an operation, since nothing is to be paid.
#[test]
fn nothing_for_an_account_that_is_not_there_stops_no_batch() {
    let (mut world, ids) = World::with(&[1_000]);
    // 77 is no account, and 1 is one of another asset
    for (recipient, fee, owner) in [(77, 0, 40), (1, 3, 41), (u32::MAX, 0, 42)] {
        let owned = world.shielded(1, ids[0], 100, owner);
        let place = (world.pool.anchor(), domain());
        let (nothing, _) = private(
            &owned,
            place,
            (0, fee),
            account_recipient(AccountId::new(recipient)),
        );
        // forced or not
        let (number, _) = forced(
            world
                .call(party(5), &Call::ForcePrivate(nothing.clone()))
                .unwrap(),
        );
        let outcome = world.settle(Plan {
            pool: vec![PoolOperation::Private(nothing)],
            ..Plan::default()
        });
        assert_eq!(kept(outcome), [number]);
        assert_eq!(world.waiting().len(), 0);
    }
    assert_eq!(world.state.pool().held(EUR), Amount::new(297));
    // something for one that is not there is refused as ever
    let owned = world.shielded(1, ids[0], 100, 43);
    let place = (world.pool.anchor(), domain());
    let (one, _) = private(&owned, place, (1, 0), account_recipient(AccountId::new(77)));
    let refused = world.refused(party(5), &Call::ForcePrivate(one));
    assert_eq!(refused, "payout_account");
}

/// The same with money that goes back to an account because its note was passed over: anybody says when.
#[test]
fn money_that_goes_back_stops_no_batch() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let (order, shield, _) = world.shield(1, ids[0], 30, 42);
    let payment = Payment {
        batch: world.ledger.batch_number(),
        record: 0,
    };
    world.settle(Plan::of(vec![order])).unwrap();
    // a later payment passes it over
    let owned = world.shielded(1, ids[0], 100, 40);
    let place = (world.pool.anchor(), domain());
    let (inside, _) = private(&owned, place, (40, 0), account_recipient(ids[0]));
    let batch = world.make(Plan {
        pool: vec![PoolOperation::Private(inside)],
        ..Plan::default()
    });
    world
        .call(party(9), &Call::ReturnShield { payment, shield })
        .unwrap();
    world.publish(&batch).unwrap();
    assert_eq!(world.waiting().len(), 1);
    world.settle(Plan::default()).unwrap();
    assert_eq!(world.waiting().len(), 0);
    let balance = world.ledger.account(ids[0]).unwrap().balance;
    assert_eq!(balance, Amount::new(1_000 - 130 + 40 + 30));
}

/// Orders without opening cost nothing, so that there is an end of them; who shows an opening is taken all the same.
#[test]
fn orders_that_cost_nothing_do_not_fill_settlement() {
    let (mut world, ids) = World::with(&[1_000, 70]);
    // all of them may come due in one moment: time is not what ends it
    world.state.rules.per_unit = 1 << 20;
    world.genesis.rules.per_unit = 1 << 20;
    let context = Context {
        caller: Party::NOBODY,
        now: world.now,
    };
    // each is another one, signed by a key that no account has
    let posted = (0..).take_while(|nonce| {
        let order = world.order_at(3, pay(ids[0], ids[1], 1, 0), Nonce::new(*nonce), 0);
        let call = Call::Force {
            order,
            opening: None,
        };
        match world.state.call(context, &call, &Fake) {
            Ok(_) => true,
            Err(refusal) => {
                assert_eq!(refusal.code(), "crowded");
                false
            }
        }
    });
    assert_eq!(posted.count(), 256);
    let order = world.order(1, pay(ids[0], ids[1], 1, 0));
    let opening = Some(world.opening(ids[0]));
    let call = Call::Force { order, opening };
    world.call(Party::NOBODY, &call).unwrap();
}

/// A transfer may spend two dummies, which anybody makes: there is an end of those. What takes something out of the pool is
/// taken all the same.
#[test]
fn operations_that_cost_nothing_do_not_fill_settlement() {
    let (mut world, ids) = World::with(&[1_000, 70]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let anchor = world.pool.anchor();
    let transfer = |number: u32, fee| {
        let two = |first: u32| [0, 1].map(|k| digest(first + 2 * number + k));
        let inputs = PrivateInputs::Transfer(TransferInputs {
            anchor,
            nullifiers: two(30_000).map(Nullifier),
            commitments: two(40_000).map(Commitment),
            fee,
            domain: domain(),
            valid_until: UNTIL,
            ciphertexts: [0; 32],
            association: None,
        });
        Call::ForcePrivate(PrivateOperation {
            proof: inputs.to_bytes(),
            inputs,
            sealed: Vec::new(),
        })
    };
    let context = Context {
        caller: Party::NOBODY,
        now: world.now,
    };
    let posted = (0..).take_while(|number| {
        match world.state.call(context, &transfer(*number, None), &Fake) {
            Ok(_) => true,
            Err(refusal) => {
                assert_eq!(refusal.code(), "crowded_pool");
                false
            }
        }
    });
    assert_eq!(posted.count(), 256);
    // a fee, or an amount
    let fee = Fee {
        amount: Amount::new(1),
        asset: EUR,
    };
    world.call(party(5), &transfer(500, Some(fee))).unwrap();
    let out = |amount| {
        let (out, _) = private(&owned, (anchor, domain()), (amount, 0), party(9).0);
        Call::ForcePrivate(out)
    };
    assert_eq!(world.refused(party(5), &out(0)), "crowded_pool");
    world.call(party(5), &out(1)).unwrap();
    // a checkpoint has been read meanwhile: it counts them as before, and one that a batch has is none any more
    let another = transfer(501, None);
    assert_eq!(world.refused(party(5), &another), "crowded_pool");
    let Call::ForcePrivate(first) = transfer(0, None) else {
        panic!("a transfer");
    };
    world
        .settle(Plan {
            pool: vec![PoolOperation::Private(first)],
            ..Plan::default()
        })
        .unwrap();
    world.call(party(5), &another).unwrap();
}

/// An account is deposited to, and paid out of the pool, in one batch: it is not in settlement's tree before that batch.
#[test]
fn a_payout_to_an_account_that_the_batch_makes_stops_no_batch() {
    let (mut world, ids) = World::with(&[1_000]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let made = world.open(5, EUR, 9);
    let place = (world.pool.anchor(), domain());
    let (inside, _) = private(&owned, place, (60, 0), account_recipient(made));
    // before the batch nobody can have it forced
    let forced = Call::ForcePrivate(inside.clone());
    assert_eq!(world.refused(party(5), &forced), "payout_account");
    world
        .settle(Plan {
            pool: vec![PoolOperation::Private(inside)],
            ..Plan::default()
        })
        .unwrap();
    assert_eq!(world.ledger.account(made).unwrap().balance, Amount::new(69));
    assert_eq!(world.waiting().len(), 0);
}
