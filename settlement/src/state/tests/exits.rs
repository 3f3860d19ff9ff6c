//! Leaving a frozen rollup.

use winterlane_ledger::{AccountId, Amount, AssetId, pool::account_recipient};

use super::*;

/// Who was paid what, of what.
fn paid(outcome: Outcome) -> (Party, AssetId, Amount) {
    match outcome {
        Outcome::Paid(Some(crate::Payment {
            to, asset, amount, ..
        })) => (to, asset, amount),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_leaves_once_with_what_it_has() {
    let (mut world, ids) = World::with(&[1_000, 70]);
    let order = world.order(1, pay(ids[0], ids[1], 30, 2));
    world.settle(Plan::of(vec![order])).unwrap();
    let early = world.exit(1, ids[0], party(9));
    assert_eq!(world.refused(party(1), &early), "not_frozen");
    let view = world.freeze_by_deposit();
    assert_eq!(
        (view.root, view.anchor),
        (world.ledger.root(), world.pool.anchor())
    );
    // what was signed before the end is of another root
    assert_eq!(world.refused(party(1), &early), "exit");
    let exit = world.exit(1, ids[0], party(9));
    // anybody may bring it: the recipient is signed
    assert_eq!(
        paid(world.call(Party::NOBODY, &exit).unwrap()),
        (party(9), EUR, Amount::new(968))
    );
    assert_eq!(world.refused(party(1), &exit), "left_already");
    // nor by another one-time key, to somebody else
    let again = world.exit_by(1, ids[0], party(8), 3);
    assert_eq!(world.refused(party(1), &again), "left_already");
    let other = world.exit(2, ids[1], party(9));
    assert_eq!(
        paid(world.call(party(2), &other).unwrap()),
        (party(9), EUR, Amount::new(100))
    );
    let operators = world.exit(100, AccountId::ZERO, OPERATOR);
    assert_eq!(
        paid(world.call(OPERATOR, &operators).unwrap()),
        (OPERATOR, EUR, Amount::new(2))
    );
    // an account with nothing leaves with nothing
    let empty = world.exit(101, AccountId::new(1), OPERATOR);
    assert_eq!(world.call(OPERATOR, &empty).unwrap(), Outcome::Paid(None));
    assert_eq!(world.refused(OPERATOR, &empty), "left_already");
}

#[test]
fn a_deposit_that_no_batch_took_returns_once_to_who_made_it() {
    let mut world = World::new();
    world.open(1, EUR, 5);
    world.settle(Plan::default()).unwrap();
    world.open(2, EUR, 6);
    let call = Call::Deposit {
        asset: EUR,
        amount: Amount::new(7),
        to: DepositTo::Existing(AccountId::new(2)),
    };
    world.call(party(3), &call).unwrap();
    assert_eq!(
        world.refused(party(2), &Call::ReturnDeposit { number: 1 }),
        "not_frozen"
    );
    world.freeze();
    let call = |number| Call::ReturnDeposit { number };
    assert_eq!(
        paid(world.call(Party::NOBODY, &call(1)).unwrap()),
        (party(2), EUR, Amount::new(6))
    );
    assert_eq!(
        paid(world.call(party(8), &call(2)).unwrap()),
        (party(3), EUR, Amount::new(7))
    );
    for number in 0..4 {
        assert_eq!(world.refused(party(2), &call(number)), "no_obligation");
    }
    // the account that was never made has no leaf; the one that was leaves without the deposit
    let unmade = world.exit(2, AccountId::new(3), party(9));
    assert_eq!(world.refused(party(2), &unmade), "empty_leaf");
    let exit = world.exit(1, AccountId::new(2), party(9));
    assert_eq!(
        paid(world.call(party(1), &exit).unwrap()),
        (party(9), EUR, Amount::new(5))
    );
}

#[test]
fn a_note_leaves_once_by_a_proof_against_the_frozen_anchor() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let first = world.shielded(1, ids[0], 100, 40);
    let old = (world.pool.anchor(), domain());
    let second = world.shielded(1, ids[0], 50, 41);
    let third = world.shielded(1, ids[0], 20, 42);
    // one is spent before the end
    let (spent, change) = private(&third, (world.pool.anchor(), domain()), (15, 0), party(9).0);
    let changed = Owned {
        note: change,
        position: 3,
        ..third
    };
    world
        .settle(Plan {
            pool: vec![PoolOperation::Private(spent)],
            ..Plan::default()
        })
        .unwrap();
    let view = world.freeze_by_deposit();
    let exit = exit_note(&first, &view, party(9));
    let mut lies: Vec<(Call, &str)> = Vec::new();
    let here = (view.anchor, view.exit_domain);
    let whole = |place, to: [u8; 20]| note_call(private(&first, place, (100, 0), to).0);
    // an operation of the pool is no exit, whatever its anchor; an exit is none of another anchor
    lies.push((whole(old, party(9).0), "exit_note"));
    lies.push((whole((view.anchor, domain()), party(9).0), "exit_note"));
    lies.push((whole((old.0, view.exit_domain), party(9).0), "exit_note"));
    lies.push((whole(here, account_recipient(ids[0])), "exit_inside"));
    lies.push((whole(here, [0; 20]), "nobody"));
    lies.push((
        note_call(private(&first, here, (90, 10), party(9).0).0),
        "exit_fee",
    ));
    lies.push((exit_note(&third, &view, party(9)), "exit_note"));
    let Call::ExitNote { inputs, .. } = exit.clone() else {
        panic!("an exit");
    };
    let proof = Vec::new();
    lies.push((Call::ExitNote { inputs, proof }, "exit_note"));
    for (call, code) in lies {
        assert_eq!(world.refused(party(1), &call), code);
    }
    assert_eq!(
        paid(world.call(Party::NOBODY, &exit).unwrap()),
        (party(9), EUR, Amount::new(100))
    );
    assert_eq!(world.refused(party(1), &exit), "left_already");
    assert_eq!(
        world.refused(party(1), &whole(here, party(8).0)),
        "left_already"
    );
    for (owned, amount) in [(second, 50), (changed, 5)] {
        let exit = exit_note(&owned, &view, party(8));
        assert_eq!(
            paid(world.call(party(8), &exit).unwrap()),
            (party(8), EUR, Amount::new(amount))
        );
    }
    assert_eq!(world.state.status().frozen.unwrap().notes, 3);
}

/// Whatever a proof says, the pool gives no more than it has: others keep what they have.
#[test]
fn a_forged_note_takes_no_more_than_the_pool() {
    let (mut world, ids) = World::with(&[1_000]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let view = world.freeze_by_deposit();
    let forged = |value, position| Owned {
        note: Note {
            value,
            ..owned.note
        },
        position,
        ..owned
    };
    let call = exit_note(&forged(Amount::new(101), 7), &view, party(9));
    assert_eq!(world.refused(party(9), &call), "too_much");
    world
        .call(
            party(9),
            &exit_note(&forged(Amount::new(60), 7), &view, party(9)),
        )
        .unwrap();
    let call = exit_note(&forged(Amount::new(60), 8), &view, party(9));
    assert_eq!(world.refused(party(9), &call), "too_much");
    let exit = world.exit(1, ids[0], party(8));
    assert_eq!(
        paid(world.call(party(8), &exit).unwrap()),
        (party(8), EUR, Amount::new(900))
    );
}

#[test]
fn what_was_owed_before_is_owed_after() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let order = world.order(1, withdraw(ids[0], 30, 0, party(9).0));
    let place = (world.pool.anchor(), domain());
    let (outside, change) = private(&owned, place, (20, 3), party(9).0);
    world
        .settle(Plan {
            orders: vec![order],
            pool: vec![PoolOperation::Private(outside)],
            ..Plan::default()
        })
        .unwrap();
    // a payout to an account that no batch deposits
    let changed = Owned {
        note: change,
        position: 1,
        ..owned
    };
    let place = (world.pool.anchor(), domain());
    let (inside, _) = private(&changed, place, (77, 0), account_recipient(ids[1]));
    let mut batch = world.make(Plan {
        pool: vec![PoolOperation::Private(inside)],
        ..Plan::default()
    });
    world.ledger.undo().unwrap();
    let sealed = world.ledger.open_batch().seal(None).unwrap();
    batch.public = sealed.public_inputs;
    batch.records = wire::encode(&sealed.records, batch.public.batch_number).unwrap();
    batch.proof = batch.public.to_bytes();
    world.publish(&batch).unwrap();
    world.freeze();
    for (claim, _, _) in world.state.claims(party(9)) {
        world.call(party(9), &Call::Collect(claim)).unwrap();
        assert_eq!(world.refused(party(9), &Call::Collect(claim)), "no_claim");
    }
    world
        .call(OPERATOR, &Call::Collect(Claim::Fees(EUR)))
        .unwrap();
    let exits = [(1, ids[0], 870), (2, ids[1], 82)];
    for (key, id, amount) in exits {
        let exit = world.exit(key, id, party(8));
        assert_eq!(
            paid(world.call(party(8), &exit).unwrap()),
            (party(8), EUR, Amount::new(amount))
        );
    }
    assert_eq!(world.state.status().totals[&EUR], Amount::ZERO);
}
