//! Batches with operations of the shielded pool.

use super::*;

#[test]
fn money_goes_through_the_pool() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let owned = world.shielded(1, ids[0], 100, 40);
    assert_eq!(world.state.pool().held(EUR), Amount::new(100));
    let place = (world.pool.anchor(), domain());
    // to an account of the rollup, with a fee; the operator takes the fee inside
    let (inside, change) = private(&owned, place, (20, 3), account_recipient(ids[1]));
    let fee = Deposit {
        to: AccountId::ZERO,
        asset: EUR,
        amount: Amount::new(3),
        keys: None,
    };
    let changed = Owned {
        note: change,
        position: world.notes.count() as u32,
        ..owned
    };
    let plan = Plan {
        pool: vec![PoolOperation::Private(inside.clone())],
        more: vec![fee],
        ..Plan::default()
    };
    world.settle(plan).unwrap();
    assert_eq!(
        world.ledger.account(ids[1]).unwrap().balance,
        Amount::new(25)
    );
    assert_eq!(
        world.ledger.account(AccountId::ZERO).unwrap().balance,
        Amount::new(3)
    );
    // to somebody outside, with a fee that is collected outside
    let place = (world.pool.anchor(), domain());
    let (outside, _) = private(&changed, place, (70, 7), party(9).0);
    let pool = vec![PoolOperation::Private(outside.clone())];
    world
        .settle(Plan {
            pool,
            ..Plan::default()
        })
        .unwrap();
    assert_eq!(world.state.pool().held(EUR), Amount::ZERO);
    // an operator's fees may be needed for batches that are on their way
    assert_eq!(world.state.claims(OPERATOR), []);
    for _ in 0..8 {
        let call = Call::Collect(Claim::Fees(EUR));
        assert_eq!(world.refused(OPERATOR, &call), "fees_held");
        world.settle(Plan::default()).unwrap();
    }
    for (who, amount) in [(party(9), 70), (OPERATOR, 7)] {
        let claims = world.state.claims(who);
        assert_eq!(claims.len(), 1);
        assert_eq!((claims[0].1, claims[0].2), (EUR, Amount::new(amount)));
        world.call(who, &Call::Collect(claims[0].0)).unwrap();
        assert_eq!(world.refused(who, &Call::Collect(claims[0].0)), "no_claim");
    }
    // fees that there are not
    let batch = world.make(Plan {
        more: vec![Deposit {
            amount: Amount::ZERO,
            ..fee
        }],
        ..Plan::default()
    });
    world.publish(&batch).unwrap();
    let batch = world.make(Plan {
        more: vec![fee],
        ..Plan::default()
    });
    let call = Call::Publish { epoch: 0, batch };
    assert_eq!(world.refused(OPERATOR, &call), "not_the_next_deposit");
}

#[test]
fn a_payout_that_is_not_deposited_at_once_is_owed() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let place = (world.pool.anchor(), domain());
    let (inside, _) = private(&owned, place, (100, 0), account_recipient(ids[1]));
    let mut batch = world.make(Plan {
        pool: vec![PoolOperation::Private(inside)],
        ..Plan::default()
    });
    // the same without its deposit
    world.ledger.undo().unwrap();
    let sealed = world.ledger.open_batch().seal(None).unwrap();
    batch.public = sealed.public_inputs;
    batch.records = wire::encode(&sealed.records, batch.public.batch_number).unwrap();
    batch.proof = batch.public.to_bytes();
    world.publish(&batch).unwrap();
    let deposit = Deposit {
        to: ids[1],
        asset: EUR,
        amount: Amount::new(100),
        keys: None,
    };
    assert_eq!(world.waiting(), [deposit]);
    world.settle(Plan::default()).unwrap();
    assert_eq!(
        (
            world.waiting().len(),
            world.ledger.account(ids[1]).unwrap().balance
        ),
        (0, Amount::new(105))
    );
}

#[test]
fn a_note_needs_its_own_payment() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let (order, shield, _) = world.shield(1, ids[0], 100, 40);
    let payment = Payment {
        batch: world.ledger.batch_number(),
        record: 0,
    };
    world.settle(Plan::of(vec![order])).unwrap();
    let with = |shield: &Shield, payment| Plan {
        pool: vec![PoolOperation::Shield(shield.clone(), payment)],
        ..Plan::default()
    };
    let lies = [
        (
            with(
                &shield,
                Payment {
                    record: 1,
                    ..payment
                },
            ),
            "no_payment",
        ),
        (
            with(
                &shield,
                Payment {
                    batch: BatchNumber::new(5),
                    ..payment
                },
            ),
            "no_payment",
        ),
        (
            with(
                &Shield {
                    amount: Amount::new(101),
                    ..shield.clone()
                },
                payment,
            ),
            "pool",
        ),
        (
            with(
                &Shield {
                    asset: USD,
                    ..shield.clone()
                },
                payment,
            ),
            "pool",
        ),
        (
            with(
                &Shield {
                    blinded: digest(3),
                    ..shield.clone()
                },
                payment,
            ),
            "pool",
        ),
    ];
    for (lie, code) in lies {
        let pool = world.pool.clone();
        let notes = world.notes.clone();
        let batch = world.make(lie);
        (world.pool, world.notes) = (pool, notes);
        world.ledger.undo().unwrap();
        assert_eq!(
            world.refused(OPERATOR, &Call::Publish { epoch: 0, batch }),
            code
        );
    }
    let batch = world.make(with(&shield, payment));
    // one form: nothing in the place of a proof
    let mut longer = batch.clone();
    longer.pool[0].proof.push(0);
    let call = Call::Publish {
        epoch: 0,
        batch: longer,
    };
    assert_eq!(world.refused(OPERATOR, &call), "no_payment");
    world.publish(&batch).unwrap();
    // the withdrawal that paid for a note is not paid out
    assert!(world.state.claims(Party(shield.recipient())).is_empty());
    let call = Call::Collect(Claim::Withdrawal(payment));
    assert_eq!(world.refused(Party(shield.recipient()), &call), "no_claim");
    // nor does it pay twice
    let batch = BatchData {
        pool: batch.pool.clone(),
        ..world.make(Plan::default())
    };
    assert_eq!(
        world.refused(OPERATOR, &Call::Publish { epoch: 0, batch }),
        "no_payment"
    );
}
