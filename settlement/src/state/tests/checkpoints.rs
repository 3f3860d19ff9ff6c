//! Checkpoints: that a history goes on from one is what every test of this folder does, at each call.

use winterlane_ledger::AccountId;

use super::*;

/// Something of every kind: settled batches, obligations of each kind, money that is owed, payments.
fn eventful() -> World {
    let (mut world, ids) = World::with(&[1_000, 70, 5]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let order = world.order(2, withdraw(ids[1], 7, 0, party(9).0));
    world.settle(Plan::of(vec![order])).unwrap();
    let order = world.order(2, withdraw(ids[1], 8, 0, party(8).0));
    world.settle(Plan::of(vec![order])).unwrap();
    let claim = world.state.claims(party(9))[0].0;
    world.call(party(9), &Call::Collect(claim)).unwrap();
    // a note that is paid for and owed, an operation and two orders that are forced, a deposit
    let (order, shield, _) = world.shield(1, ids[0], 30, 41);
    let payment = Payment {
        batch: world.ledger.batch_number(),
        record: 0,
    };
    world.settle(Plan::of(vec![order])).unwrap();
    world
        .call(party(1), &Call::ForceShield { payment, shield })
        .unwrap();
    let place = (world.pool.anchor(), domain());
    let (operation, _) = private(&owned, place, (60, 1), party(7).0);
    world
        .call(party(1), &Call::ForcePrivate(operation))
        .unwrap();
    for (key, id, opening) in [(2, ids[1], true), (3, ids[2], false)] {
        let order = world.order(key, withdraw(id, 1, 0, party(9).0));
        let opening = opening.then(|| world.opening(id));
        world
            .call(Party::NOBODY, &Call::Force { order, opening })
            .unwrap();
    }
    world.open(50, USD, 9);
    world
}

#[test]
fn a_checkpoint_has_one_form_and_no_other_bytes_are_one() {
    let mut world = eventful();
    for frozen in [false, true] {
        if frozen {
            world.freeze();
            let exit = world.exit(3, AccountId::new(4), party(3));
            world.call(party(3), &exit).unwrap();
        }
        let bytes = world.state.checkpoint();
        let again = State::resume(&world.genesis, &bytes).unwrap();
        assert_eq!(again.status(), world.state.status());
        let owed = |state: &State| state.obligations(0, usize::MAX);
        assert_eq!(owed(&again), owed(&world.state));
        for end in (0..bytes.len()).step_by(17) {
            assert!(
                State::resume(&world.genesis, &bytes[..end]).is_err(),
                "{end}"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(State::resume(&world.genesis, &longer).is_err());
        // damage is an error or another state, never a panic, and never a second form of one state
        for place in (0..bytes.len()).step_by(13) {
            let mut other = bytes.clone();
            other[place] ^= 0x81;
            if let Ok(state) = State::resume(&world.genesis, &other) {
                assert_eq!(state.checkpoint(), other, "{place}");
            }
        }
    }
}
