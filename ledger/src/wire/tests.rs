//! The encoding: round trips, one form only, and no other bytes accepted.

mod published;

use alloc::{vec, vec::Vec};

use proptest::{collection::vec as vec_of, prelude::*};
use winter_math::{StarkField, fields::f64::BaseElement};

use super::*;
use crate::{
    AccountId, Amount, AssetId, BatchNumber, Deposit, Digest, Domain, KeyUse, NewKeys, Order, Root,
    RotateKey, ScalarCompressor, Scope, SlotIndex, Transfer, Withdraw,
};

const BATCH: BatchNumber = BatchNumber::new(1000);
const KEY: KeyUse = KeyUse {
    slot: SlotIndex::One,
    index: 5,
};

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u64; 4]>().prop_map(|lanes| Digest(lanes.map(BaseElement::new)))
}

fn amount() -> impl Strategy<Value = Amount> {
    let round = (0..1u64 << 20, 0..33u32).prop_map(|(m, e)| u128::from(m) * 10u128.pow(e));
    prop_oneof![
        any::<u128>(),
        any::<u64>().prop_map(u128::from),
        round,
        Just(0),
        Just(u128::MAX)
    ]
    .prop_map(Amount::new)
}

fn valid_until() -> impl Strategy<Value = BatchNumber> {
    let lifetime = prop_oneof![0..40u64, 0..1u64 << 62, Just((1 << 62) - 1)];
    lifetime.prop_map(|lifetime| BatchNumber::new(BATCH.get() + lifetime))
}

fn id() -> impl Strategy<Value = AccountId> {
    prop_oneof![0..300u32, any::<u32>()].prop_map(AccountId::new)
}

fn scope() -> impl Strategy<Value = Scope> {
    (0..4u8).prop_map(|bits| Scope::from_bits(bits).unwrap())
}

fn record() -> impl Strategy<Value = Record> {
    let key = || {
        (any::<bool>(), 0..1024u16).prop_map(|(one, index)| {
            let slot = if one { SlotIndex::One } else { SlotIndex::Zero };
            KeyUse { slot, index }
        })
    };
    let transfer = (id(), id(), amount(), amount(), valid_until(), key());
    let withdraw = (
        id(),
        amount(),
        amount(),
        any::<[u8; 20]>(),
        valid_until(),
        key(),
    );
    let rotate = (
        id(),
        key(),
        any::<bool>(),
        digest(),
        scope(),
        amount(),
        valid_until(),
    );
    let keys = ([digest(), digest()], [scope(), scope()]);
    let keys = keys.prop_map(|(roots, scopes)| NewKeys {
        roots: roots.map(Root),
        scopes,
    });
    let asset = any::<u32>().prop_map(AssetId::new);
    let deposit = (id(), asset, amount(), proptest::option::of(keys));
    prop_oneof![
        Just(Record::Noop),
        transfer.prop_map(|(from, to, amount, fee, valid_until, key)| {
            Order::Transfer(Transfer {
                from,
                to,
                amount,
                fee,
                valid_until,
            })
            .record(key)
        }),
        withdraw.prop_map(|(from, amount, fee, recipient, valid_until, key)| {
            Order::Withdraw(Withdraw {
                from,
                amount,
                fee,
                recipient,
                valid_until,
            })
            .record(key)
        }),
        rotate.prop_map(|(account, key, one, new_root, scope, fee, valid_until)| {
            let slot = if one { SlotIndex::One } else { SlotIndex::Zero };
            Order::RotateKey(RotateKey {
                account,
                slot,
                new_root: Root(new_root),
                scope,
                fee,
                valid_until,
            })
            .record(key)
        }),
        deposit.prop_map(|(to, asset, amount, keys)| {
            Record::Deposit(Deposit {
                to,
                asset,
                amount,
                keys,
            })
        }),
        (id(), amount()).prop_map(|(to, amount)| Record::CollectFees { to, amount }),
    ]
}

/// The bytes of one record, without version and count.
fn body(record: Record) -> Vec<u8> {
    encode(&[record], BATCH).unwrap().split_off(2)
}

/// Decodes one record from its bytes.
fn decode_body(body: &[u8]) -> Result<Record, DecodeError> {
    let mut bytes = vec![VERSION, 1];
    bytes.extend_from_slice(body);
    decode(&bytes, BATCH).map(|records| records[0])
}

const PAY: Transfer = Transfer {
    from: AccountId::new(1),
    to: AccountId::new(2),
    amount: Amount::new(3),
    fee: Amount::new(4),
    valid_until: BATCH,
};

#[test]
fn the_format_stays_as_it_is() {
    assert_eq!(
        body(Order::Transfer(PAY).record(KEY)),
        [1, 1, 11, 2, 15, 3, 15, 4]
    );
    let later = Transfer {
        valid_until: BatchNumber::new(BATCH.get() + 31 + 200),
        amount: Amount::new(1200),
        ..PAY
    };
    assert_eq!(
        body(Order::Transfer(later).record(KEY)),
        [1 | 31 << 3, 1, 200, 1, 11, 2, 17, 12, 15, 4]
    );
    assert_eq!(
        body(Record::CollectFees {
            to: AccountId::new(128),
            amount: Amount::ZERO
        }),
        [6, 128, 1, 0]
    );
    assert_eq!(
        encode(&[Record::Noop; 300], BatchNumber::ZERO).unwrap(),
        [2, 172, 2, 0, 171, 2]
    );
    let keys = NewKeys {
        roots: [Root::ZERO; 2],
        scopes: [Scope::SPEND, Scope::ROTATE],
    };
    let create = Deposit {
        to: AccountId::new(1),
        asset: AssetId::new(2),
        amount: Amount::ZERO,
        keys: Some(keys),
    };
    assert_eq!(body(Record::Deposit(create))[..4], [5 | 9 << 3, 1, 2, 0]);
    assert_eq!(body(Record::Deposit(create)).len(), 4 + 64);
}

#[test]
fn numbers_have_one_form() {
    let with_ids =
        |from: &[u8], to: &[u8]| decode_body(&[&[1], from, &[11], to, &[15, 3, 15, 4]].concat());
    assert_eq!(with_ids(&[1], &[2]), Ok(Order::Transfer(PAY).record(KEY)));
    let what = "an account";
    assert_eq!(
        with_ids(&[0x81, 0], &[2]),
        Err(DecodeError::NotCanonical { offset: 3, what })
    );
    let too_large = [0x80, 0x80, 0x80, 0x80, 0x10];
    assert_eq!(
        with_ids(&too_large, &[2]),
        Err(DecodeError::OutOfRange { offset: 3, what })
    );
    let largest = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let transfer = Transfer {
        from: AccountId::MAX,
        ..PAY
    };
    assert_eq!(
        with_ids(&largest, &[2]),
        Ok(Order::Transfer(transfer).record(KEY))
    );
    assert!(with_ids(&[0xff; 10], &[2]).is_err());
    assert!(with_ids(&[0x80; 12], &[2]).is_err());

    let amount = |bytes: &[u8]| decode_body(&[&[6, 9], bytes].concat());
    let what = "an amount";
    let not_canonical = Err(DecodeError::NotCanonical { offset: 4, what });
    let collected = |amount| {
        Ok(Record::CollectFees {
            to: AccountId::new(9),
            amount,
        })
    };
    assert_eq!(amount(&[0]), collected(Amount::ZERO));
    assert_eq!(amount(&[1]), not_canonical, "zero with an exponent");
    assert_eq!(amount(&[15, 0]), not_canonical, "zero with a mantissa");
    assert_eq!(amount(&[30, 7, 0]), not_canonical, "a leading zero");
    assert_eq!(
        amount(&[15, 10]),
        not_canonical,
        "ten is one with an exponent"
    );
    assert_eq!(amount(&[16, 1]), collected(Amount::new(10)));
    assert_eq!(
        amount(&[15 + 14, 10]),
        collected(Amount::new(10u128.pow(15)))
    );
    let out_of_range = Err(DecodeError::OutOfRange { offset: 4, what });
    assert_eq!(
        amount(&[&[255], &[1; 17][..]].concat()),
        out_of_range,
        "17 bytes"
    );
    assert_eq!(
        amount(&[&[16 * 15 + 1], &[0xff; 16][..]].concat()),
        out_of_range,
        "2^128"
    );
    assert_eq!(amount(&[30, 1]), Err(DecodeError::Truncated));
}

#[test]
fn one_time_keys_are_those_of_a_key() {
    let with_key = |key: &[u8]| decode_body(&[&[1, 1], key, &[2, 15, 3, 15, 4]].concat());
    let what = "a one-time key";
    let last = KeyUse {
        slot: SlotIndex::One,
        index: 1023,
    };
    assert_eq!(
        with_key(&[0xff, 0x0f]),
        Ok(Order::Transfer(PAY).record(last))
    );
    for beyond in [&[0x80, 0x10][..], &[0x80, 0x80, 0x80, 0x80, 0x10]] {
        assert_eq!(
            with_key(beyond),
            Err(DecodeError::OutOfRange { offset: 4, what })
        );
    }
    assert_eq!(
        with_key(&[0x8b, 0]),
        Err(DecodeError::NotCanonical { offset: 4, what })
    );
    let beyond = KeyUse {
        index: 1024,
        ..last
    };
    assert_eq!(
        encode(&[Record::Noop, Order::Transfer(PAY).record(beyond)], BATCH),
        Err(EncodeError::KeyIndex {
            position: 1,
            index: 1024
        })
    );
}

#[test]
fn heads_are_strict() {
    let what = "the kind of an operation";
    assert_eq!(
        decode_body(&[7, 0, 0]),
        Err(DecodeError::OutOfRange { offset: 2, what })
    );
    for kind in [
        OperationKind::Deposit,
        OperationKind::CollectFees,
        OperationKind::Noop,
    ] {
        let refused = decode_body(&[kind as u8 | 8, 0, 0, 0]);
        let what = "the head of a record";
        assert_eq!(refused, Err(DecodeError::NotCanonical { offset: 2, what }));
    }
    let mut create = body(Record::Deposit(Deposit {
        to: AccountId::new(1),
        asset: AssetId::new(2),
        amount: Amount::new(3),
        keys: Some(NewKeys {
            roots: [Root::ZERO; 2],
            scopes: [Scope::BOTH; 2],
        }),
    }));
    create[0] |= 16 << 3;
    assert_eq!(
        decode_body(&create),
        Err(DecodeError::OutOfRange {
            offset: 2,
            what: "a scope"
        })
    );
    let rotate = RotateKey {
        account: AccountId::new(1),
        slot: SlotIndex::One,
        new_root: Root::ZERO,
        scope: Scope::BOTH,
        fee: Amount::ZERO,
        valid_until: BATCH,
    };
    let bytes = body(Order::RotateKey(rotate).record(KEY));
    assert_eq!(bytes[..5], [3, 1, 11, 0, 1 | 3 << 1]);
    for wrong in [8u8, 0x80] {
        let mut bytes = bytes.clone();
        bytes[4] |= wrong;
        assert_eq!(
            decode_body(&bytes),
            Err(DecodeError::OutOfRange {
                offset: 2,
                what: "a scope"
            })
        );
    }
    let mut bytes = bytes;
    bytes[5..13].copy_from_slice(&BaseElement::MODULUS.to_le_bytes());
    assert!(matches!(
        decode_body(&bytes),
        Err(DecodeError::Digest { offset: 7, .. })
    ));
}

#[test]
fn runs_of_noops_are_whole() {
    let what = "a run of Noops";
    let split = decode(&[VERSION, 2, 0, 0, 0, 0], BatchNumber::ZERO);
    assert_eq!(split, Err(DecodeError::NotCanonical { offset: 4, what }));
    let long = decode(&[VERSION, 2, 0, 2], BatchNumber::ZERO);
    assert_eq!(long, Err(DecodeError::OutOfRange { offset: 2, what }));
    let huge = [
        VERSION, 2, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
    ];
    assert_eq!(
        decode(&huge, BatchNumber::ZERO),
        Err(DecodeError::OutOfRange { offset: 2, what })
    );
    assert_eq!(
        decode(&[VERSION, 2, 0, 1], BatchNumber::ZERO),
        Ok(vec![Record::Noop; 2])
    );
    // a run that is too long by as many as there are records before it
    let mut bytes = encode(&[Order::Transfer(PAY).record(KEY), Record::Noop], BATCH).unwrap();
    let end = bytes.len() - 1;
    bytes[end] += 1;
    let offset = end - 1;
    assert_eq!(
        decode(&bytes, BATCH),
        Err(DecodeError::OutOfRange { offset, what })
    );
}

#[test]
fn the_frame_is_strict() {
    assert_eq!(decode(&[], BatchNumber::ZERO), Err(DecodeError::Truncated));
    assert_eq!(
        decode(&[1, 0], BatchNumber::ZERO),
        Err(DecodeError::Version { version: 1 })
    );
    assert_eq!(decode(&[2, 0], BatchNumber::ZERO), Ok(vec![]));
    assert_eq!(
        decode(&[2, 0, 0], BatchNumber::ZERO),
        Err(DecodeError::Trailing { left: 1 })
    );
    let count = u64::from(MAX_OPERATIONS) + 1;
    assert_eq!(
        decode(&[2, 0x81, 0x40, 0, 0x80, 0x40], BatchNumber::ZERO),
        Err(DecodeError::TooMany { count })
    );
    assert_eq!(
        decode(&[2, 0x80, 0x40, 0, 0xff, 0x3f], BatchNumber::ZERO)
            .unwrap()
            .len(),
        8192
    );
    assert!(encode(&vec![Record::Noop; 8192], BatchNumber::ZERO).is_ok());
    let many = vec![Record::Noop; 8193];
    assert_eq!(
        encode(&many, BatchNumber::ZERO),
        Err(EncodeError::TooMany { count: 8193 })
    );
}

#[test]
fn lifetimes_out_of_range_are_refused() {
    for valid_until in [
        BatchNumber::new(BATCH.get() - 1),
        BatchNumber::ZERO,
        BatchNumber::new(BATCH.get() + (1 << 62)),
        BatchNumber::MAX,
    ] {
        let record = Order::Transfer(Transfer { valid_until, ..PAY }).record(KEY);
        let refused = EncodeError::Lifetime {
            position: 1,
            valid_until,
            batch_number: BATCH,
        };
        assert_eq!(encode(&[Record::Noop, record], BATCH), Err(refused));
    }
    let lifetime = |value: u64| {
        let mut bytes = vec![1 | 31 << 3, 1];
        put_varint(&mut bytes, value);
        bytes.extend_from_slice(&[11, 2, 15, 3, 15, 4]);
        decode_body(&bytes)
    };
    assert!(lifetime((1 << 62) - 32).is_ok());
    let refused = Err(DecodeError::OutOfRange {
        offset: 4,
        what: "a lifetime",
    });
    assert_eq!(lifetime((1 << 62) - 31), refused);
    assert_eq!(lifetime(u64::MAX), refused);
}
