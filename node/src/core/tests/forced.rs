//! Orders that arrive by settlement.

use winterlane_ledger::{AccountId, BatchNumber, Nonce};

use super::*;
use crate::ForcedOutcome;

/// Forced orders are taken whatever the node's own rules say, many into one batch; what the ledger refuses is impossible.
#[test]
fn a_forced_order_is_included_or_impossible() {
    let limits = Limits {
        max_pending: 1,
        min_lifetime: 50,
        ..small()
    };
    let mut sequencer = sequencer(limits, fees());
    let force = |sequencer: &mut Sequencer<Opening>, order: SignedOrder| {
        let (id, order) = checked(order);
        sequencer.force(id, order, Known::default(), NOW).unwrap()
    };
    let mut one = payer(1);
    one.valid_until = BatchNumber::new(3);
    // no fee, and it expires too soon for an order that the node may refuse
    let order = one.pay(2, 10, 0);
    submit(&mut sequencer, order.clone()).unwrap_err();
    let ForcedOutcome::Included(receipt) = force(&mut sequencer, order.clone()) else {
        panic!("a possible order");
    };
    // a batch for each would be more than anybody can prove
    assert_eq!(
        (receipt.batch, sequencer.open_batch()),
        (BatchNumber::ZERO, BatchNumber::ZERO)
    );
    assert_eq!(balance(&mut sequencer, 2), 1010);
    // the same has the same outcome
    let ForcedOutcome::Included(again) = force(&mut sequencer, order) else {
        panic!("it is included");
    };
    assert_eq!((again.sequence, again.known), (receipt.sequence, true));
    // with more pending than the node would have
    let ForcedOutcome::Included(second) = force(&mut sequencer, one.pay(2, 10, 1)) else {
        panic!("a possible order");
    };
    assert_eq!(second.batch, BatchNumber::ZERO);
    sequencer.close_now().unwrap();
    assert_eq!(balance(&mut sequencer, 90), 1);

    let decided = sequencer.take_decisions().len();
    let mut stale = one.clone();
    (stale.nonce, stale.index) = (Nonce::ZERO, 7);
    let poor = one.sign(one.transfer(2, 5000, 0));
    let mut nobody = payer(2);
    nobody.id = AccountId::new(77);
    let ahead = Payer {
        nonce: one.nonce.next().unwrap(),
        ..one.clone()
    };
    for order in [
        stale.pay(2, 1, 0),
        poor,
        nobody.pay(1, 1, 0),
        ahead.clone().pay(2, 1, 0),
    ] {
        let outcome = force(&mut sequencer, order);
        assert!(
            matches!(outcome, ForcedOutcome::Impossible(_)),
            "{outcome:?}"
        );
    }
    assert!(sequencer.take_decisions().is_empty() && decided > 0);

    // a fee in an asset that nobody collects goes back to who paid it
    let base = Opening(opening().into_iter().collect());
    let supplies = supplies();
    let pool = Pool::new(domain());
    let mut free = Sequencer::new(base, pool, 0, supplies, small(), FeeSchedule::free());
    let outcome = force(&mut free, payer(3).pay(2, 10, 5));
    assert!(matches!(outcome, ForcedOutcome::Included(_)), "{outcome:?}");
    assert_eq!(balance(&mut free, 3), 990);
    // and not to whoever comes after, into the same batch
    let outcome = force(&mut free, payer(4).pay(2, 10, 6));
    let ForcedOutcome::Included(receipt) = outcome else {
        panic!("a possible order");
    };
    // two orders and what is paid back fill its four slots
    assert_eq!(
        (receipt.batch, free.open_batch()),
        (BatchNumber::ZERO, BatchNumber::new(1))
    );
    assert_eq!(balance(&mut free, 3), 990);
    assert_eq!(balance(&mut free, 4), 990);
    free.close_now().unwrap();
    let decisions = free.take_decisions();
    let base = Opening(opening().into_iter().collect());
    let pool = Pool::new(domain());
    let mut again = Sequencer::new(base, pool, 0, HashMap::new(), small(), FeeSchedule::free());
    for entry in decisions {
        again.replay(entry, NOW).unwrap();
    }
    assert_eq!(
        again.account(AccountId::new(3)).unwrap(),
        free.account(AccountId::new(3)).unwrap()
    );
}

/// A log that was cut between an order whose fee nobody collects and the giving back of it: the batch is closed, and who has
/// paid gets it back, and not whoever comes after.
#[test]
fn a_fee_that_nobody_collects_goes_back_after_the_log_was_cut_before_it() {
    let free = || sequencer(small(), FeeSchedule::free());
    let force = |sequencer: &mut Sequencer<Opening>, order: SignedOrder| {
        let (id, order) = checked(order);
        let outcome = sequencer.force(id, order, Known::default(), NOW).unwrap();
        assert!(matches!(outcome, ForcedOutcome::Included(_)), "{outcome:?}");
    };
    let mut whole = free();
    force(&mut whole, payer(3).pay(2, 10, 5));
    let decisions = whole.take_decisions();
    assert_eq!(kinds(&decisions), "oc");
    let cut = || {
        let mut cut = free();
        cut.replay(decisions[0].clone(), NOW).unwrap();
        cut
    };
    let mut closed = cut();
    assert_eq!(closed.close_now().unwrap(), Some(BatchNumber::ZERO));
    assert_eq!(balance(&mut closed, 3), 990);
    let mut later = cut();
    force(&mut later, payer(4).pay(2, 10, 6));
    later.close_now().unwrap();
    assert_eq!([3, 4].map(|id| balance(&mut later, id)), [990, 990]);
    assert_eq!(kinds(&later.take_decisions()), "coc|");

    // what somebody collected when it was paid goes to none of those who paid it
    let mut paid = sequencer(small(), fees());
    for id in [1, 3] {
        submit(&mut paid, payer(id).pay(2, 10, 1)).unwrap();
    }
    let mut other = free();
    for entry in paid.take_decisions() {
        other.replay(entry, NOW).unwrap();
    }
    let error = other.close_now().unwrap_err().to_string();
    assert!(error.contains("no collector"), "{error}");
}

/// Whoever has accounts of two assets forces orders of both by turns: they share a batch, as those that are submitted do, and
/// not each makes one that has to be proven. That holds also where nobody collects fees of the second asset.
#[test]
fn forced_orders_of_two_assets_share_a_batch() {
    let fee = |asset, collector| AssetFee {
        asset: AssetId::new(asset),
        minimum: Amount::new(1),
        collector: AccountId::new(collector),
    };
    let of_one = FeeSchedule::new([fee(7, 90)], true);
    let limits = Limits {
        slots: 64,
        ..Limits::default()
    };
    // what the two collectors have, and who pays in the second asset: what nobody collects goes back
    for (schedule, decided, balances) in [
        (fees(), "o".to_owned() + &"co".repeat(9), [5, 4, 990]),
        (of_one.clone(), "ococ".repeat(5), [5, 0, 995]),
    ] {
        let mut forced = sequencer(limits, schedule);
        let (mut one, mut five) = (payer(1), payer(5));
        for _ in 0..5 {
            for order in [one.pay(2, 1, 1), five.pay(6, 1, 1)] {
                let (id, order) = checked(order);
                let outcome = forced.force(id, order, Known::default(), NOW).unwrap();
                let ForcedOutcome::Included(receipt) = outcome else {
                    panic!("{outcome:?}");
                };
                assert_eq!(receipt.batch, BatchNumber::ZERO);
            }
        }
        assert_eq!(forced.open_batch(), BatchNumber::ZERO);
        let decisions = forced.take_decisions();
        assert_eq!(kinds(&decisions), decided);
        let found = [90, 91, 5].map(|id| balance(&mut forced, id));
        assert_eq!(found, balances);

        // the log says when fees were collected: nothing of it is decided again
        let mut again = sequencer(small(), FeeSchedule::free());
        for entry in decisions {
            again.replay(entry, NOW).unwrap();
        }
        assert_eq!(again.open_batch(), BatchNumber::ZERO);
        for id in [1, 2, 5, 6, 90, 91].map(AccountId::new) {
            assert_eq!(again.account(id).unwrap(), forced.account(id).unwrap());
        }
    }
    // without room for three records the batch is closed, which pays the fees out
    let mut tight = sequencer(small(), of_one);
    let (mut one, mut five) = (payer(1), payer(5));
    for order in [one.pay(2, 1, 1), one.pay(2, 1, 1), five.pay(6, 1, 1)] {
        let (id, order) = checked(order);
        let outcome = tight.force(id, order, Known::default(), NOW).unwrap();
        assert!(matches!(outcome, ForcedOutcome::Included(_)), "{outcome:?}");
    }
    assert_eq!(kinds(&tight.take_decisions()), "ooc|oc");
}
