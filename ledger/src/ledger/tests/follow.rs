//! Following published batches without their signatures.

use super::*;
use crate::{AssetId, Domain, PublicInputs, ledger::FollowError, record::operations_digest, wire};

/// A batch with a payment, a rotation, a creation and a collection, sealed from `genesis(5)`.
fn varied_batch() -> (SealedBatch, Ledger) {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    let new_root = Key::new(77).tree.root();
    let (slot, scope) = (SlotIndex::One, Scope::SPEND);
    let rotate = RotateKey {
        account: AccountId::new(1),
        slot,
        new_root,
        scope,
        fee: Amount::new(4),
        valid_until: BatchNumber::new(6),
    };
    let withdraw = Withdraw {
        from: AccountId::new(2),
        amount: Amount::new(7),
        fee: Amount::ZERO,
        recipient: [3; 20],
        valid_until: BatchNumber::new(5),
    };
    let keys = NewKeys {
        roots: [new_root; 2],
        scopes: [Scope::SPEND, Scope::ROTATE],
    };
    sign_and_apply(&mut batch, pay(PAY), Nonce::ZERO).unwrap();
    sign_and_apply(
        &mut batch,
        pay(Transfer {
            to: AccountId::new(1),
            ..PAY
        }),
        Nonce::new(1),
    )
    .unwrap();
    sign_and_apply(&mut batch, Order::RotateKey(rotate), Nonce::new(2)).unwrap();
    sign_and_apply(&mut batch, Order::Withdraw(withdraw), Nonce::ZERO).unwrap();
    batch
        .deposit(Deposit {
            to: AccountId::new(4),
            asset: AssetId::new(7),
            amount: Amount::new(6),
            keys: Some(keys),
        })
        .unwrap();
    batch
        .deposit(Deposit {
            to: AccountId::new(4),
            asset: AssetId::new(7),
            amount: Amount::new(6),
            keys: None,
        })
        .unwrap();
    batch.collect_fees(AccountId::new(3)).unwrap();
    (batch.seal(None).unwrap(), ledger)
}

#[test]
fn published_bytes_are_enough_to_follow() {
    let (
        SealedBatch {
            public_inputs,
            records,
            ..
        },
        ledger,
    ) = varied_batch();
    let bytes = wire::encode(&records, BatchNumber::new(5)).unwrap();
    let published = wire::decode_published(&bytes, &public_inputs, &ScalarCompressor).unwrap();
    let mut follower = genesis(BatchNumber::new(5));
    follower.follow(&public_inputs, &published).unwrap();
    assert!(follower.accounts().eq(ledger.accounts()));
    assert_eq!(
        (follower.root(), follower.batch_number()),
        (ledger.root(), BatchNumber::new(6))
    );
    // What it followed is a state to go on from.
    sign_and_apply(&mut follower.open_batch(), pay(PAY), Nonce::new(3)).unwrap();
}

#[test]
fn what_does_not_fit_is_not_followed() {
    let (
        SealedBatch {
            public_inputs: public,
            records,
            ..
        },
        _,
    ) = varied_batch();
    let mut follower = genesis(BatchNumber::new(5));
    let mut refused = |public: PublicInputs, records: &[Record]| {
        let error = follower.follow(&public, records).unwrap_err();
        assert!(
            follower
                .accounts()
                .eq(genesis(BatchNumber::new(5)).accounts())
        );
        assert_eq!(
            (follower.root(), follower.batch_number()),
            (genesis(BatchNumber::new(5)).root(), BatchNumber::new(5))
        );
        error
    };
    let domain = PublicInputs {
        domain: Domain::ZERO,
        ..public
    };
    assert_eq!(refused(domain, &records), FollowError::Domain);
    let number = PublicInputs {
        batch_number: BatchNumber::new(6),
        ..public
    };
    assert_eq!(
        refused(number, &records),
        FollowError::BatchNumber {
            expected: BatchNumber::new(5),
            got: BatchNumber::new(6)
        }
    );
    let old_root = PublicInputs {
        old_root: public.new_root,
        ..public
    };
    assert!(matches!(
        refused(old_root, &records),
        FollowError::OldRoot { .. }
    ));
    assert!(matches!(
        refused(public, &records[1..]),
        FollowError::Records { .. }
    ));
    // A recipient leaves no trace in the new root; the digest binds it all the same.
    let mut elsewhere = records.clone();
    let withdrawal = elsewhere
        .iter_mut()
        .find_map(|record| match record {
            Record::Signed(Order::Withdraw(withdraw), _) => Some(withdraw),
            _ => None,
        })
        .unwrap();
    withdrawal.recipient[0] ^= 1;
    assert!(matches!(
        refused(public, &elsewhere),
        FollowError::Records { .. }
    ));
    let with_digest = |records: &[Record]| PublicInputs {
        operations_digest: operations_digest(records, &ScalarCompressor),
        ..public
    };
    let mut other = records.clone();
    other.swap(0, 1);
    other[0] = Record::Noop;
    assert!(matches!(
        refused(with_digest(&other), &other),
        FollowError::NewRoot { .. }
    ));
    // Another one-time key leads to another state.
    let mut other = records.clone();
    let Record::Signed(_, key) = &mut other[2] else {
        panic!("a rotation")
    };
    key.index += 1;
    assert!(matches!(
        refused(with_digest(&other), &other),
        FollowError::NewRoot { .. }
    ));
    let mut other = records.clone();
    let key = KeyUse {
        slot: SlotIndex::Zero,
        index: 1,
    };
    other[1] = pay(Transfer {
        to: AccountId::new(8),
        ..PAY
    })
    .record(key);
    let error = LedgerError::UnknownAccount {
        account: AccountId::new(8),
    };
    assert_eq!(
        refused(with_digest(&other), &other),
        FollowError::Record { position: 1, error }
    );
    let create = records[4];
    other.splice(1..2, [create]);
    let error = LedgerError::AccountExists {
        account: AccountId::new(4),
    };
    assert_eq!(
        refused(with_digest(&other), &other),
        FollowError::Record { position: 4, error }
    );
}
