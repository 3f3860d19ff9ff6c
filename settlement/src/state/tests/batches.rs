//! Batches: taken once, in order, with what the proof does not know.

mod notes;

use winterlane_ledger::{
    AccountId, Amount, BatchNumber, Deposit, Domain, Root, pool::account_recipient,
};

use super::*;

#[test]
fn a_batch_is_taken_once_and_where_settlement_is() {
    let (mut world, ids) = World::with(&[1_000, 1]);
    let order = world.order(1, pay(ids[0], ids[1], 5, 1));
    let first = world.make(Plan::of(vec![order]));
    let fork = {
        let mut other = World::with(&[1_000, 1]).0;
        let order = other.order(1, pay(ids[0], ids[1], 6, 1));
        other.make(Plan::of(vec![order]))
    };
    let outcome = world.publish(&first).unwrap();
    assert!(matches!(outcome, Outcome::Settled { batch, .. } if batch.get() == 6));
    // a node that died before it heard so
    let again = world.publish(&first).unwrap();
    assert_eq!(
        again,
        Outcome::AlreadySettled {
            batch: BatchNumber::new(6)
        }
    );
    let publish = |batch: &BatchData| Call::Publish {
        epoch: 0,
        batch: batch.clone(),
    };
    assert_eq!(world.refused(OPERATOR, &publish(&fork)), "forked");
    // the same accounts with other operations of the pool is another batch
    let mut other = first.clone();
    other.pool.push(PoolData {
        operation: vec![0],
        proof: Vec::new(),
    });
    assert_eq!(world.refused(OPERATOR, &publish(&other)), "forked");
    let next = world.make(Plan::default());
    let later = world.make(Plan::default());
    assert_eq!(world.refused(OPERATOR, &publish(&later)), "forked");
    world.publish(&next).unwrap();
    world.publish(&later).unwrap();
    assert_eq!(
        world.state.root_before(BatchNumber::new(7)),
        Some(first.public.new_root)
    );
    assert_eq!(world.state.root_before(BatchNumber::new(4)), None);
    assert_eq!(world.state.root_before(BatchNumber::new(10)), None);
}

#[test]
fn a_batch_needs_its_proof_and_its_records() {
    let (mut world, ids) = World::with(&[1_000, 1]);
    let order = world.order(1, pay(ids[0], ids[1], 5, 1));
    let batch = world.make(Plan::of(vec![order]));
    type Lie = (fn(&mut BatchData), &'static str);
    let lies: [Lie; 7] = [
        (|b| b.proof[40] ^= 1, "proof"),
        (|b| b.proof.clear(), "proof"),
        (|b| b.records.truncate(b.records.len() - 1), "records"),
        (|b| b.public.num_operations *= 2, "records"),
        (|b| b.public.new_root = Root::ZERO, "proof"),
        (|b| b.public.domain = Domain::ZERO, "wrong_domain"),
        (|b| b.public.operations_digest = Digest::ZERO, "records"),
    ];
    for (lie, code) in lies {
        let mut batch = batch.clone();
        lie(&mut batch);
        assert_eq!(
            world.refused(OPERATOR, &Call::Publish { epoch: 0, batch }),
            code
        );
    }
    world.publish(&batch).unwrap();
}

#[test]
fn only_the_operator_of_this_epoch_publishes() {
    let (mut world, _) = World::with(&[10]);
    let batch = world.make(Plan::default());
    let publish = |epoch| Call::Publish {
        epoch,
        batch: batch.clone(),
    };
    for stranger in [Party::NOBODY, party(3), GOVERNOR] {
        assert_eq!(world.refused(stranger, &publish(0)), "not_operator");
        assert_eq!(
            world.refused(stranger, &Call::TakeOver { seen: 0 }),
            "not_operator"
        );
    }
    // the operator's second node takes over; the first is told
    let taken = world.call(OPERATOR, &Call::TakeOver { seen: 0 }).unwrap();
    assert_eq!(taken, Outcome::Epoch { epoch: 1 });
    assert_eq!(world.refused(OPERATOR, &publish(0)), "epoch");
    assert_eq!(world.refused(OPERATOR, &publish(2)), "epoch");
    // two that start at once: one
    assert_eq!(
        world.refused(OPERATOR, &Call::TakeOver { seen: 0 }),
        "epoch"
    );
    let appoint = |operator, seen| Call::Appoint { operator, seen };
    assert_eq!(
        world.refused(OPERATOR, &appoint(party(4), 1)),
        "not_governor"
    );
    assert_eq!(
        world.refused(GOVERNOR, &appoint(Party::NOBODY, 1)),
        "nobody"
    );
    assert_eq!(world.refused(GOVERNOR, &appoint(party(4), 0)), "epoch");
    world.call(GOVERNOR, &appoint(party(4), 1)).unwrap();
    // a past operator, by whatever epoch
    for epoch in 0..4 {
        assert_eq!(world.refused(OPERATOR, &publish(epoch)), "not_operator");
    }
    world.call(party(4), &publish(2)).unwrap();
    // also what is settled is told to the present operator alone
    assert_eq!(world.refused(OPERATOR, &publish(1)), "not_operator");
}

#[test]
fn nobody_appoints_where_there_is_no_governor() {
    let mut genesis = World::new().genesis;
    genesis.governor = Party::NOBODY;
    let mut state = State::new(&genesis).unwrap();
    let call = Call::Appoint {
        operator: party(3),
        seen: 0,
    };
    let context = Context {
        caller: Party::NOBODY,
        now: 0,
    };
    let refused = state.call(context, &call, &Fake).unwrap_err();
    assert_eq!(refused.code(), "not_governor");
}

#[test]
fn deposits_come_in_order_and_none_is_invented() {
    let mut world = World::new();
    let ids = [world.open(1, EUR, 100), world.open(2, USD, 7)];
    assert_eq!(
        ids,
        [AccountId::new(2), AccountId::new(3)],
        "allotted in order, after the first accounts"
    );
    let to = |id| DepositTo::Existing(id);
    let deposit = |asset, amount, to| Call::Deposit { asset, amount, to };
    // to an account that a deposit before it makes
    world
        .call(
            party(1),
            &deposit(EUR, Amount::new(3), to(AccountId::new(2))),
        )
        .unwrap();
    for (call, code) in [
        (
            deposit(USD, Amount::new(3), to(AccountId::new(2))),
            "wrong_account",
        ),
        (
            deposit(EUR, Amount::new(3), to(AccountId::new(4))),
            "wrong_account",
        ),
        (
            deposit(EUR, Amount::ZERO, to(AccountId::new(2))),
            "nothing_deposited",
        ),
        (
            deposit(EUR, Amount::new(u128::MAX - 102), to(AccountId::new(2))),
            "total_overflow",
        ),
    ] {
        assert_eq!(world.refused(party(1), &call), code);
    }
    assert_eq!(
        world.refused(
            Party::NOBODY,
            &deposit(EUR, Amount::new(1), to(AccountId::new(2)))
        ),
        "nobody"
    );
    let waiting = world.waiting();
    assert_eq!(waiting.len(), 3);
    // what a false operator shows, in place of the deposits that wait
    let keys = waiting[0].keys;
    let changed = |change: fn(&mut Deposit)| {
        let mut first = waiting[0];
        change(&mut first);
        vec![first]
    };
    let twice = [&waiting[..], &waiting[2..]].concat();
    let more = Deposit {
        to: AccountId::ZERO,
        asset: EUR,
        amount: Amount::new(1),
        keys: None,
    };
    let made = Deposit {
        to: AccountId::new(77),
        asset: EUR,
        amount: Amount::ZERO,
        keys,
    };
    for false_deposits in [
        waiting[1..2].to_vec(),
        changed(|d| d.amount = d.amount.checked_add(Amount::new(1)).unwrap()),
        changed(|d| d.asset = USD),
        changed(|d| d.to = AccountId::new(9)),
        changed(|d| d.keys = Some(NewKeys::single(Root(digest(5))))),
        twice,
        vec![more],
        vec![made],
    ] {
        let mut batch = world.ledger.open_batch();
        for deposit in &false_deposits {
            batch.deposit(*deposit).unwrap();
        }
        let sealed = batch.seal(None).unwrap();
        world.ledger.undo().unwrap();
        let public = sealed.public_inputs;
        let batch = BatchData {
            records: wire::encode(&sealed.records, public.batch_number).unwrap(),
            proof: public.to_bytes(),
            public,
            pool: Vec::new(),
        };
        let call = Call::Publish { epoch: 0, batch };
        assert_eq!(
            world.refused(OPERATOR, &call),
            "not_the_next_deposit",
            "{false_deposits:?}"
        );
    }
    // some now, the rest later
    let kept = |outcome| match outcome {
        Ok(Outcome::Settled { kept, .. }) => kept,
        other => panic!("{other:?}"),
    };
    let plan = Plan {
        leave: 1,
        ..Plan::default()
    };
    assert_eq!(kept(world.settle(plan)), [0, 1]);
    assert_eq!(kept(world.settle(Plan::default())), [2]);
    assert_eq!(
        world.ledger.account(AccountId::new(2)).unwrap().balance,
        Amount::new(103)
    );
}

#[test]
fn withdrawals_are_paid_once_to_whom_they_name() {
    let (mut world, ids) = World::with(&[1_000]);
    let orders = [
        withdraw(ids[0], 30, 1, party(9).0),
        withdraw(ids[0], 0, 1, party(9).0),
    ];
    for order in orders {
        let order = world.order(1, order);
        world.settle(Plan::of(vec![order])).unwrap();
    }
    // the one of nothing is none
    let claims = world.state.claims(party(9));
    let payment = Payment {
        batch: BatchNumber::new(6),
        record: 0,
    };
    let claim = Claim::Withdrawal(payment);
    assert_eq!(claims, [(claim, EUR, Amount::new(30))]);
    let collect = Call::Collect(claim);
    for stranger in [party(8), OPERATOR] {
        assert_eq!(world.refused(stranger, &collect), "not_yours");
    }
    assert_eq!(world.refused(Party::NOBODY, &collect), "nobody");
    let paid = world.call(party(9), &collect).unwrap();
    let expected = crate::Payment {
        number: 0,
        to: party(9),
        asset: EUR,
        amount: Amount::new(30),
    };
    assert_eq!(paid, Outcome::Paid(Some(expected)));
    assert_eq!(world.state.payments(0, 9), [expected]);
    assert_eq!(world.refused(party(9), &collect), "no_claim");
    let near = [
        Payment {
            batch: BatchNumber::new(7),
            ..payment
        },
        Payment {
            record: 1,
            ..payment
        },
    ];
    for payment in near {
        let call = Call::Collect(Claim::Withdrawal(payment));
        assert_eq!(world.refused(party(9), &call), "no_claim");
    }
}
