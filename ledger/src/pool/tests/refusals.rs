//! Each operation that the pool refuses, with the error that says why; and that a refusal changes nothing.

use super::*;
use crate::{
    AccountId, Anchor, BatchNumber, ChainId, RollupId, Root, Withdraw, private::BalanceInputs,
    private::Session,
};

/// A pool with one note of 100 of asset 7 at position 0.
fn pool() -> Pool {
    let mut pool = Pool::new(domain());
    let mut batch = pool.open_batch();
    batch
        .shield(
            &shield(&note(AssetId::new(7), Amount::new(100), 1)),
            next_payment(&batch),
        )
        .unwrap();
    batch.seal();
    pool
}

/// A withdrawal of 60 and 1 of that note.
fn honest(pool: &Pool) -> WithdrawalInputs {
    let nullifier = note(AssetId::new(7), Amount::new(100), 1).nullifier(&keys().nullifier, 0);
    WithdrawalInputs {
        amount: Amount::new(60),
        fee: Amount::new(1),
        ..withdrawal(
            pool,
            nullifier,
            note(AssetId::new(7), Amount::new(39), 2).commitment(),
        )
    }
}

/// What the pool says to one operation in a batch of its own, which is sealed.
fn apply(pool: &mut Pool, operation: &PrivateOperation) -> Result<SealedPool, PoolError> {
    let before = pool.clone();
    let mut batch = pool.open_batch();
    let result = batch.private(operation, &Word);
    if let Err(error) = result {
        assert!(batch.commitments_so_far().is_empty());
        drop(batch);
        assert_eq!(*pool, before);
        return Err(error);
    }
    Ok(batch.seal())
}

#[test]
fn an_honest_withdrawal_pays_and_leaves_change() {
    let mut pool = pool();
    let inputs = honest(&pool);
    let operation = proven(PrivateInputs::Withdrawal(inputs), vec![]);
    let sealed = apply(&mut pool, &operation).unwrap();
    assert_eq!(sealed.commitments, [inputs.change]);
    assert_eq!(
        (sealed.batch_number, sealed.first_position),
        (BatchNumber::new(1), 1)
    );
    let payout = Payout {
        id: inputs.nullifier,
        asset: AssetId::new(7),
        recipient: Some([9; 20]),
        amount: Amount::new(60),
        fee: Amount::new(1),
    };
    assert_eq!(sealed.payouts, [payout]);
    assert_eq!(
        (pool.held(AssetId::new(7)), pool.notes(), pool.spent()),
        (Amount::new(39), 2, 1)
    );
    assert_eq!(
        (pool.anchor(), pool.anchor_number(&inputs.anchor)),
        (sealed.anchor, Some(1))
    );
}

#[test]
fn each_lie_is_named() {
    type Lie = fn(&mut WithdrawalInputs, &mut PrivateOperation);
    type Named = fn(&PoolError) -> bool;
    let lies: [(&str, Lie, Named); 8] = [
        (
            "domain",
            |i, _| i.domain = domain_digest(ChainId::new(1), RollupId::new(8)),
            |e| matches!(e, PoolError::WrongDomain { found, .. } if *found == domain_digest(ChainId::new(1), RollupId::new(8))),
        ),
        (
            "anchor",
            |i, _| i.anchor = Anchor(digest(77)),
            |e| matches!(e, PoolError::UnknownAnchor { kept: 1024, .. }),
        ),
        (
            "expiry",
            |i, _| i.valid_until = BatchNumber::ZERO,
            |e| {
                matches!(
                    e,
                    PoolError::Expired {
                        valid_until: BatchNumber(0),
                        batch_number: BatchNumber(1)
                    }
                )
            },
        ),
        (
            "proof",
            |_, o| o.proof[0] ^= 1,
            |e| matches!(e, PoolError::Proof { source } if source.to_string() == "it does not say so"),
        ),
        (
            "more than there is",
            |i, _| i.amount = Amount::new(100),
            |e| {
                matches!(
                    e,
                    PoolError::TooMuch {
                        asset: AssetId(7),
                        wanted: Amount(101),
                        held: Amount(100)
                    }
                )
            },
        ),
        (
            "another asset",
            |i, _| i.asset = AssetId::new(8),
            |e| {
                matches!(
                    e,
                    PoolError::TooMuch {
                        asset: AssetId(8),
                        held: Amount(0),
                        ..
                    }
                )
            },
        ),
        (
            "a sum beyond 2^128",
            |i, _| i.amount = Amount::MAX,
            |e| matches!(e, PoolError::Inputs(_)),
        ),
        (
            "encrypted notes",
            |_, o| o.sealed = vec![vec![1]],
            |e| matches!(e, PoolError::Ciphertexts),
        ),
    ];
    use alloc::string::ToString;
    for (what, lie, named) in lies {
        let mut pool = pool();
        let mut inputs = honest(&pool);
        let mut operation = proven(PrivateInputs::Withdrawal(inputs), vec![]);
        lie(&mut inputs, &mut operation);
        operation.inputs = PrivateInputs::Withdrawal(inputs);
        let error = apply(&mut pool, &operation).unwrap_err();
        assert!(named(&error), "{what}: {error}");
        // Nothing was taken: the honest one goes through after it.
        let operation = proven(PrivateInputs::Withdrawal(honest(&pool)), vec![]);
        apply(&mut pool, &operation).unwrap();
    }
}

#[test]
fn a_nullifier_is_taken_once_within_a_batch_too() {
    let mut pool = pool();
    let operation = proven(PrivateInputs::Withdrawal(honest(&pool)), vec![]);
    let mut batch = pool.open_batch();
    batch.private(&operation, &Word).unwrap();
    let again = batch.private(&operation, &Word).unwrap_err();
    assert!(
        matches!(
            again,
            PoolError::SpentNullifier {
                in_this_batch: true,
                ..
            }
        ),
        "{again}"
    );
    assert_eq!(batch.held(AssetId::new(7)), Amount::new(39));
    batch.seal();
    let later = WithdrawalInputs {
        valid_until: BatchNumber::new(9),
        ..honest(&pool)
    };
    let operation = proven(PrivateInputs::Withdrawal(later), vec![]);
    let again = apply(&mut pool, &operation).unwrap_err();
    assert!(
        matches!(
            again,
            PoolError::SpentNullifier {
                in_this_batch: false,
                ..
            }
        ),
        "{again}"
    );

    // One transfer that spends one note twice.
    let nullifier = Nullifier(digest(5));
    let made = [
        note(AssetId::new(7), Amount::new(1), 5),
        note(AssetId::new(7), Amount::new(2), 6),
    ]
    .map(|note| note.commitment());
    let twice = transfer(&pool, [nullifier; 2], made, None, &[]);
    let error = apply(&mut pool, &proven(PrivateInputs::Transfer(twice), vec![])).unwrap_err();
    assert!(matches!(error, PoolError::Inputs(_)), "{error}");
}

#[test]
fn an_abandoned_batch_leaves_no_trace() {
    let mut pool = pool();
    let before = pool.clone();
    let operation = proven(PrivateInputs::Withdrawal(honest(&pool)), vec![]);
    let mut batch = pool.open_batch();
    batch.private(&operation, &Word).unwrap();
    batch
        .shield(
            &shield(&note(AssetId::new(7), Amount::new(5), 9)),
            next_payment(&batch),
        )
        .unwrap();
    drop(batch);
    assert_eq!(pool, before);
    apply(&mut pool, &operation).unwrap();
}

#[test]
fn anchors_last_for_1024_batches_with_new_notes() {
    let mut pool = pool();
    let operation = proven(
        PrivateInputs::Withdrawal(WithdrawalInputs {
            valid_until: BatchNumber::MAX,
            ..honest(&pool)
        }),
        vec![],
    );
    // A batch without new notes has the root of the one before it, and takes nobody's time.
    for _ in 0..2000 {
        pool.open_batch().seal();
    }
    for rho in 0..1023 {
        let mut batch = pool.open_batch();
        batch
            .shield(
                &shield(&note(AssetId::new(7), Amount::new(1), 100 + rho)),
                next_payment(&batch),
            )
            .unwrap();
        batch.seal();
    }
    let mut last = pool.clone();
    apply(&mut last, &operation).unwrap();
    let mut batch = pool.open_batch();
    batch
        .shield(
            &shield(&note(AssetId::new(7), Amount::new(1), 99)),
            next_payment(&batch),
        )
        .unwrap();
    batch.seal();
    let error = apply(&mut pool, &operation).unwrap_err();
    assert!(matches!(error, PoolError::UnknownAnchor { .. }), "{error}");
}

#[test]
fn shields_are_paid_for_and_bounded() {
    let mut pool = pool();
    let mut batch = pool.open_batch();
    let nothing = batch
        .shield(
            &shield(&note(AssetId::new(7), Amount::ZERO, 2)),
            next_payment(&batch),
        )
        .unwrap_err();
    assert!(matches!(nothing, PoolError::NothingShielded));
    let all = batch
        .shield(
            &shield(&note(AssetId::new(7), Amount::MAX, 2)),
            next_payment(&batch),
        )
        .unwrap_err();
    assert!(matches!(all, PoolError::Overflow { asset: AssetId(7) }));
    batch
        .shield(
            &shield(&note(AssetId::new(8), Amount::MAX, 2)),
            next_payment(&batch),
        )
        .unwrap();
    let long = Shield {
        sealed: vec![0; MAX_SEALED_BYTES + 1],
        ..shield(&note(AssetId::new(7), Amount::new(1), 2))
    };
    assert!(matches!(
        batch.shield(&long, next_payment(&batch)),
        Err(PoolError::Sealed { most: 1, .. })
    ));
    drop(batch);

    let paid = shield(&note(AssetId::new(7), Amount::new(50), 3));
    let withdraw = Withdraw {
        from: AccountId::new(1),
        amount: Amount::new(50),
        fee: Amount::new(1),
        recipient: paid.recipient(),
        valid_until: BatchNumber::new(9),
    };
    assert!(paid.check_paid_by(&withdraw, AssetId::new(7)).is_ok());
    let not = |result: Result<(), PoolError>| match result {
        Err(PoolError::NotPaid { what }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        not(paid.check_paid_by(&withdraw, AssetId::new(8))),
        "the asset"
    );
    let less = Withdraw {
        amount: Amount::new(49),
        ..withdraw
    };
    assert_eq!(
        not(paid.check_paid_by(&less, AssetId::new(7))),
        "the amount"
    );
    let other = shield(&note(AssetId::new(7), Amount::new(50), 4));
    assert_eq!(
        not(other.check_paid_by(&withdraw, AssetId::new(7))),
        "the recipient"
    );
    // Nearly the same owner, whom nobody is, and another encrypted note, which the owner does not find.
    for lane in 0..4 {
        let mut near = paid.clone();
        near.blinded.0[lane] += BaseElement::new(1 << 40);
        assert_eq!(
            not(near.check_paid_by(&withdraw, AssetId::new(7))),
            "the recipient"
        );
    }
    let mut unread = paid.clone();
    unread.sealed.push(0);
    assert_eq!(
        not(unread.check_paid_by(&withdraw, AssetId::new(7))),
        "the recipient"
    );
    // An address, with the note that begins like it.
    let address: [u8; 20] = core::array::from_fn(|i| 200 + i as u8);
    let (fives, _) = address.as_chunks::<5>();
    let mut made = paid;
    for (lane, five) in made.blinded.0.iter_mut().zip(fives) {
        let mut bytes = [0; 8];
        bytes[..5].copy_from_slice(five);
        *lane = BaseElement::new(u64::from_le_bytes(bytes));
    }
    let elsewhere = Withdraw {
        recipient: address,
        ..withdraw
    };
    assert_eq!(
        not(made.check_paid_by(&elsewhere, AssetId::new(7))),
        "the recipient"
    );
}

#[test]
fn a_withdrawal_pays_for_one_note() {
    let mut pool = pool();
    let one = shield(&note(AssetId::new(7), Amount::new(50), 3));
    let last = pool.last_payment().unwrap();
    let after = |record| Payment {
        record: last.record + record,
        ..last
    };
    let before = |result: Result<(), PoolError>| match result {
        Err(PoolError::PaidBefore { payment, last }) => (payment, last),
        other => panic!("{other:?}"),
    };
    let mut batch = pool.open_batch();
    assert_eq!(before(batch.shield(&one, last)), (last, last));
    batch.shield(&one, after(2)).unwrap();
    assert_eq!(before(batch.shield(&one, after(2))), (after(2), after(2)));
    assert_eq!(before(batch.shield(&one, after(1))), (after(1), after(2)));
    assert_eq!(batch.held(AssetId::new(7)), Amount::new(150));
    batch.seal();
    // Stored and read it is not forgotten.
    let mut pool = Pool::from_parts(pool.to_parts()).unwrap();
    let mut batch = pool.open_batch();
    assert_eq!(before(batch.shield(&one, after(2))), (after(2), after(2)));
    batch.shield(&one, after(3)).unwrap();
}

#[test]
fn a_statement_about_something_else_is_none_of_the_pool() {
    let mut pool = pool();
    let balance = PrivateInputs::Balance(BalanceInputs {
        state_root: Root(pool.anchor().0),
        domain: domain(),
        asset: AssetId::new(7),
        at_least: Amount::new(1),
        at_most: None,
        session: Session {
            verifier: digest(1),
            challenge: [0; 32],
            expires: 0,
        },
    });
    let operation = proven(balance, vec![]);
    assert!(operation.nullifiers().is_empty() && operation.commitments().is_empty());
    assert!(matches!(
        apply(&mut pool, &operation),
        Err(PoolError::NotOfThePool)
    ));
}

#[test]
fn parts_are_the_pool_and_false_parts_are_refused() {
    let mut pool = pool();
    let operation = proven(PrivateInputs::Withdrawal(honest(&pool)), vec![]);
    apply(&mut pool, &operation).unwrap();
    let parts = pool.to_parts();
    assert_eq!(Pool::from_parts(parts.clone()).as_ref(), Ok(&pool));
    let refused = |change: fn(&mut PoolParts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        Pool::from_parts(parts).unwrap_err()
    };
    assert_eq!(
        refused(|p| p.anchors.clear()),
        PoolPartsError::Anchors { count: 0 }
    );
    assert_eq!(
        refused(|p| p.newest = 1),
        PoolPartsError::Anchors { count: 3 }
    );
    assert!(matches!(
        refused(|p| p.anchors.push(Anchor(digest(1)))),
        PoolPartsError::Anchors { .. }
    ));
    assert!(matches!(
        refused(|p| p.anchors[2] = Anchor(digest(1))),
        PoolPartsError::Root { .. }
    ));
    assert_eq!(
        refused(|p| p.nullifiers.push(p.nullifiers[0])),
        PoolPartsError::Twice
    );
    assert_eq!(
        refused(|p| p.held.push((AssetId::new(7), Amount::new(1)))),
        PoolPartsError::Twice
    );
}

#[test]
fn a_batch_that_was_set_aside_is_taken_up_by_its_pool_alone() {
    let mut pool = pool();
    let inputs = honest(&pool);
    let operation = proven(PrivateInputs::Withdrawal(inputs), Vec::new());
    let mut batch = pool.open_batch();
    batch.private(&operation, &Word).unwrap();
    let draft = batch.set_aside();
    // nothing of it is in the pool yet
    assert_eq!(
        (pool.spent(), pool.held(AssetId::new(7))),
        (0, Amount::new(100))
    );
    assert!(
        Pool::new(domain_digest(ChainId::new(1), RollupId::new(8)))
            .resume(draft.clone())
            .is_none()
    );
    let mut batch = pool.resume(draft.clone()).unwrap();
    let again = batch.private(&operation, &Word);
    assert!(matches!(
        again,
        Err(PoolError::SpentNullifier {
            in_this_batch: true,
            ..
        })
    ));
    batch.seal();
    assert_eq!(
        (pool.spent(), pool.held(AssetId::new(7))),
        (1, Amount::new(39))
    );
    // of a batch that is over
    assert!(pool.resume(draft).is_none());
    // what is kept elsewhere is forgotten here, and nothing else
    pool.forget([Nullifier(digest(1))]);
    assert_eq!(pool.spent(), 1);
    pool.forget([inputs.nullifier]);
    assert_eq!(pool.spent(), 0);
}
