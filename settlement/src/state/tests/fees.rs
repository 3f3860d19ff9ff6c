//! Fees of the pool: the operator shows them as deposits, or collects them.

use winterlane_ledger::{AccountId, Amount};

use super::*;

/// Somebody deposits as much as a fee to whoever collects fees, and the record of the fee is taken for the deposit. A batch
/// that the operator has made already shows the deposit, and is paid for by the fee, whatever the operator does meanwhile.
#[test]
fn a_deposit_that_equals_a_fee_stops_no_batch() {
    let (mut world, ids) = World::with(&[1_000]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let place = (world.pool.anchor(), domain());
    let (outside, _) = private(&owned, place, (20, 7), party(9).0);
    let fee = Deposit {
        to: AccountId::ZERO,
        asset: EUR,
        amount: Amount::new(7),
        keys: None,
    };
    let first = world.make(Plan {
        pool: vec![PoolOperation::Private(outside)],
        more: vec![fee],
        ..Plan::default()
    });
    let deposit = Call::Deposit {
        asset: EUR,
        amount: Amount::new(7),
        to: DepositTo::Existing(AccountId::ZERO),
    };
    world.call(party(5), &deposit).unwrap();
    let second = world.make(Plan::default());
    world.publish(&first).unwrap();
    assert_eq!(world.waiting(), []);
    let collect = Call::Collect(Claim::Fees(EUR));
    assert_eq!(world.state.claims(OPERATOR), []);
    assert_eq!(world.refused(OPERATOR, &collect), "fees_held");
    world.publish(&second).unwrap();
    assert_eq!(world.refused(OPERATOR, &collect), "no_claim");
    assert_eq!(
        world.ledger.account(AccountId::ZERO).unwrap().balance,
        Amount::new(14)
    );
    world.now += LATE;
    assert_eq!(world.refused(party(3), &Call::Freeze), "nothing_due");
}

/// Whoever is the operator no more has no batches on their way: their fees are theirs at once.
#[test]
fn a_past_operators_fees_are_held_no_longer() {
    let (mut world, ids) = World::with(&[1_000]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let place = (world.pool.anchor(), domain());
    let (outside, _) = private(&owned, place, (20, 7), party(9).0);
    world
        .settle(Plan {
            pool: vec![PoolOperation::Private(outside)],
            ..Plan::default()
        })
        .unwrap();
    let collect = Call::Collect(Claim::Fees(EUR));
    assert_eq!(world.refused(OPERATOR, &collect), "fees_held");
    let appoint = Call::Appoint {
        operator: party(0xa5),
        seen: 0,
    };
    world.call(GOVERNOR, &appoint).unwrap();
    world.call(OPERATOR, &collect).unwrap();
    assert_eq!(world.refused(OPERATOR, &collect), "no_claim");
}
