//! Forced operations of the shielded pool, and notes that were paid for.

use winterlane_ledger::{AccountId, Amount, Anchor, BatchNumber, Domain, pool::account_recipient};

use super::{
    forced::{forced, kept},
    *,
};

#[test]
fn a_private_operation_is_forced_too() {
    let (mut world, ids) = World::with(&[1_000, 5]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let place = (world.pool.anchor(), domain());
    let (operation, _) = private(&owned, place, (20, 0), party(9).0);
    let call = Call::ForcePrivate(operation.clone());
    // what the pool would refuse
    type Lie = (fn(&mut WithdrawalInputs), &'static str);
    let lies: [Lie; 5] = [
        (|i| i.domain = Domain::ZERO, "pool"),
        (|i| i.anchor = Anchor::ZERO, "pool"),
        (|i| i.valid_until = BatchNumber::new(9), "private_lifetime"),
        (|i| i.amount = Amount::new(101), "pool"),
        (
            |i| i.recipient = account_recipient(AccountId::new(77)),
            "payout_account",
        ),
    ];
    for (lie, code) in lies {
        let mut operation = operation.clone();
        if let PrivateInputs::Withdrawal(inputs) = &mut operation.inputs {
            lie(inputs);
        }
        operation.proof = operation.inputs.to_bytes();
        assert_eq!(
            world.refused(party(1), &Call::ForcePrivate(operation)),
            code
        );
    }
    let mut unproven = operation.clone();
    unproven.proof.clear();
    assert_eq!(
        world.refused(party(1), &Call::ForcePrivate(unproven)),
        "pool"
    );
    let (number, _) = forced(world.call(Party::NOBODY, &call).unwrap());
    assert_eq!(world.refused(party(1), &call), "note_forced");
    // another operation that spends the note ends it
    let (other, _) = private(&owned, place, (30, 0), party(9).0);
    let outcome = world.settle(Plan {
        pool: vec![PoolOperation::Private(other)],
        ..Plan::default()
    });
    assert_eq!(kept(outcome), [number]);
    assert_eq!(world.refused(party(1), &call), "pool");
}

/// Who takes the oldest root that the pool keeps would let the operator run into a refusal.
#[test]
fn a_forced_private_operation_is_of_a_new_root() {
    let (mut world, ids) = World::with(&[100_000, 5]);
    let owned = world.shielded(1, ids[0], 100, 40);
    let place = (world.pool.anchor(), domain());
    let (operation, _) = private(&owned, place, (20, 0), party(9).0);
    let call = Call::ForcePrivate(operation);
    // roots as if others had used the pool meanwhile
    let mut parts = world.state.pool.to_parts();
    let newest = parts.anchors.pop().unwrap();
    for age in (1..=512).rev() {
        parts.anchors.push(Anchor(digest(age)));
    }
    parts.frontier.append(owned.note.commitment()).unwrap();
    parts.anchors.push(parts.frontier.root());
    parts.newest += 513;
    parts.anchors.insert(0, newest);
    let pool = world.state.pool.clone();
    world.state.pool = Pool::from_parts(parts).unwrap();
    assert_eq!(world.refused(party(1), &call), "old_anchor");
    world.state.pool = pool;
    world.call(party(1), &call).unwrap();
}

#[test]
fn a_note_that_was_paid_for_comes_or_its_money_goes_back() {
    let (mut world, ids) = World::with(&[1_000, 500]);
    let (order, shield, _) = world.shield(1, ids[0], 100, 40);
    let payment = Payment {
        batch: world.ledger.batch_number(),
        record: 0,
    };
    world.settle(Plan::of(vec![order])).unwrap();
    let call = Call::ForceShield {
        payment,
        shield: shield.clone(),
    };
    let back = Call::ReturnShield {
        payment,
        shield: shield.clone(),
    };
    // a batch with the note may be on its way
    assert_eq!(world.refused(party(1), &back), "not_frozen");
    let other = Call::ForceShield {
        payment,
        shield: Shield {
            blinded: digest(1),
            ..shield.clone()
        },
    };
    assert_eq!(world.refused(party(1), &other), "not_paid");
    let (number, _) = forced(world.call(party(1), &call).unwrap());
    assert_eq!(world.refused(party(1), &call), "already_forced");
    let mut frozen = World {
        genesis: world.genesis.clone(),
        state: world.state.clone(),
        ledger: world.ledger.clone(),
        pool: world.pool.clone(),
        notes: world.notes.clone(),
        ..world
    };
    // it comes
    let plan = Plan {
        pool: vec![PoolOperation::Shield(shield.clone(), payment)],
        ..Plan::default()
    };
    assert_eq!(kept(world.settle(plan)), [number]);
    assert_eq!(world.state.pool().held(EUR), Amount::new(100));
    // a later one comes before it: it never can, and the account has its money again
    let mut over = World {
        genesis: frozen.genesis.clone(),
        state: frozen.state.clone(),
        ledger: frozen.ledger.clone(),
        pool: frozen.pool.clone(),
        notes: frozen.notes.clone(),
        ..frozen
    };
    over.shielded(2, ids[1], 50, 41);
    let deposit = over.waiting();
    assert_eq!(
        (deposit[0].to, deposit[0].amount),
        (ids[0], Amount::new(100))
    );
    assert_eq!(over.refused(party(1), &back), "no_claim");
    over.settle(Plan::default()).unwrap();
    assert_eq!(
        over.ledger.account(ids[0]).unwrap().balance,
        Amount::new(1_000)
    );
    // it does not come: the end, and the money goes with the account
    frozen.freeze();
    assert_eq!(
        frozen.call(party(1), &back).unwrap(),
        Outcome::Credited {
            account: ids[0],
            amount: Amount::new(100)
        }
    );
    assert_eq!(frozen.refused(party(1), &back), "no_claim");
    let exit = frozen.exit(1, ids[0], party(9));
    assert!(matches!(
        frozen.call(party(1), &exit).unwrap(),
        Outcome::Paid(Some(crate::Payment { amount, .. })) if amount.get() == 1_000
    ));
}

/// Not forced, and passed over: whoever has the note takes the money back.
#[test]
fn a_note_that_was_passed_over_is_not_lost() {
    let (mut world, ids) = World::with(&[1_000, 500]);
    let (order, shield, _) = world.shield(1, ids[0], 100, 40);
    let payment = Payment {
        batch: world.ledger.batch_number(),
        record: 0,
    };
    world.settle(Plan::of(vec![order])).unwrap();
    world.shielded(2, ids[1], 50, 41);
    let force = Call::ForceShield {
        payment,
        shield: shield.clone(),
    };
    assert_eq!(world.refused(party(1), &force), "pool");
    let back = Call::ReturnShield { payment, shield };
    world.call(party(1), &back).unwrap();
    assert_eq!(world.refused(party(1), &back), "no_claim");
    world.settle(Plan::default()).unwrap();
    assert_eq!(
        world.ledger.account(ids[0]).unwrap().balance,
        Amount::new(1_000)
    );
}
