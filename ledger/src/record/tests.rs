//! Kinds, fields and digests of records.

use alloc::vec::Vec;

use super::*;
use crate::{
    Amount, AssetId, BatchNumber, NewKeys, Root, RotateKey, ScalarCompressor, Scope, SlotIndex,
    hash::compress,
};

const AMOUNT: Amount = Amount::new(1 | 2 << 50 | 3 << 100);
const FEE: Amount = Amount::new(4 | 5 << 50 | 6 << 100);
const VALID_UNTIL: BatchNumber = BatchNumber::new(1 << 62 | 5);
const KEY: KeyUse = KeyUse {
    slot: SlotIndex::One,
    index: 1000,
};

fn digest(n: u64) -> Digest {
    Digest([n, n + 1, n + 2, n + 3].map(BaseElement::new))
}

/// One record of every kind, each field with a value of its own.
fn samples() -> [Record; 7] {
    let recipient: [u8; 20] = core::array::from_fn(|i| i as u8 + 1);
    let keys = NewKeys {
        roots: [digest(60), digest(70)].map(Root),
        scopes: [Scope::ROTATE, Scope::BOTH],
    };
    let deposit = Deposit {
        to: AccountId::new(11),
        asset: AssetId::new(10),
        amount: AMOUNT,
        keys: None,
    };
    let (amount, fee, valid_until) = (AMOUNT, FEE, VALID_UNTIL);
    [
        Record::Noop,
        Order::Transfer(Transfer {
            from: AccountId::new(10),
            to: AccountId::new(11),
            amount,
            fee,
            valid_until,
        })
        .record(KEY),
        Order::Withdraw(Withdraw {
            from: AccountId::new(10),
            amount,
            fee,
            recipient,
            valid_until,
        })
        .record(KEY),
        Order::RotateKey(RotateKey {
            account: AccountId::new(10),
            slot: SlotIndex::One,
            new_root: Root(digest(50)),
            scope: Scope::ROTATE,
            fee,
            valid_until,
        })
        .record(KEY),
        Record::Deposit(deposit),
        Record::Deposit(Deposit {
            keys: Some(keys),
            ..deposit
        }),
        Record::CollectFees {
            to: AccountId::new(11),
            amount,
        },
    ]
}

#[test]
fn elements_follow_the_definition() {
    // slot 1 and its one-time key 1000
    const SIGNED: u64 = (1 << 10) + (1000 << 11);
    let expected: [[u64; 8]; 7] = [
        [0; 8],
        [
            10 + ((1 + SIGNED) << 32),
            11,
            VALID_UNTIL.get(),
            1,
            2,
            4,
            5,
            3 + (6 << 28),
        ],
        [
            10 + ((2 + SIGNED) << 32),
            0,
            VALID_UNTIL.get(),
            1,
            2,
            4,
            5,
            3 + (6 << 28),
        ],
        [
            10 + ((3 + 32 + 64 * 2 + SIGNED) << 32),
            0,
            VALID_UNTIL.get(),
            0,
            0,
            4,
            5,
            6 << 28,
        ],
        [10 + (4 << 32), 11, 0, 1, 2, 0, 0, 3],
        [10 + ((5 + 64 * (2 + 12)) << 32), 11, 0, 1, 2, 0, 0, 3],
        [6 << 32, 11, 0, 1, 2, 0, 0, 3],
    ];
    let keys = compress(tag::KEYS, &digest(60), &digest(70));
    let recipient = [
        0x05_0403_0201,
        0x0a_0908_0706,
        0x0f_0e0d_0c0b,
        0x14_1312_1110,
    ];
    let zero = Digest::ZERO;
    let recipient = Digest(recipient.map(BaseElement::new));
    let payloads = [zero, zero, recipient, digest(50), zero, keys, zero];
    for ((record, lanes), payload) in samples().iter().zip(expected).zip(payloads) {
        let elements = record.elements();
        assert_eq!(elements[..8], lanes.map(BaseElement::new), "{record:?}");
        assert_eq!(elements[8..], payload.0, "{record:?}");
        let [a, b] = [0, 4].map(|at| Digest(core::array::from_fn(|i| elements[at + i])));
        let inner = compress(tag::RECORD, &a, &b);
        assert_eq!(record.digest().0, compress(tag::PAYLOAD, &inner, &payload));
    }
}

#[test]
fn kinds_and_amounts() {
    for (record, kind) in samples().iter().zip(OperationKind::ALL) {
        assert_eq!(record.kind(), kind);
        assert_eq!(record.fields().amount, record.amount());
        assert_eq!(record.fields().fee, record.fee());
        assert_eq!(kind.is_signed(), record.fee() == FEE);
        assert_eq!(kind.has_receiver(), record.fields().to == 11);
    }
}

#[test]
fn the_operations_digest_is_a_chain() {
    let records = samples();
    let digests: Vec<_> = records.iter().map(Record::digest).collect();
    assert_eq!(record_digests(&records, &ScalarCompressor), digests);
    let mut acc = Digest::ZERO;
    for digest in &digests {
        acc = compress(tag::OPS, &acc, &digest.0);
    }
    assert_eq!(operations_digest(&records, &ScalarCompressor), acc);
    assert_eq!(operations_digest(&[], &ScalarCompressor), Digest::ZERO);
    let mut swapped = records;
    swapped.swap(1, 2);
    assert_ne!(operations_digest(&swapped, &ScalarCompressor), acc);
}

#[test]
fn an_expiry_beyond_every_batch_is_not_another_one_modulo_p() {
    let pay = |valid_until| {
        let (from, to, amount, fee) = (1, 2, 3, 4);
        Order::Transfer(Transfer {
            from: AccountId::new(from),
            to: AccountId::new(to),
            amount: Amount::new(amount),
            fee: Amount::new(fee),
            valid_until,
        })
        .record(KEY)
    };
    assert_ne!(
        pay(BatchNumber::MAX).digest(),
        pay(BatchNumber::new((1 << 32) - 2)).digest()
    );
    assert_ne!(
        pay(BatchNumber::MAX).digest(),
        pay(BatchNumber::new(u64::MAX >> 1)).digest()
    );
}
