//! Round trips, one form only, and no other bytes accepted.

use alloc::vec::Vec;

use proptest::{collection::vec as vec_of, prelude::*};
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::*;
use crate::{
    AccountId, Amount, AssetId, BatchNumber, ChainId, Digest, Domain, KeyUse, Ledger, NewKeys,
    Nonce, RollupId, Root, RotateKey, Scope, SealedBatch, SlotIndex, Transfer, Withdraw,
    hash::domain_digest, testing::Key, tree::TREE_DEPTH,
};

fn digest() -> impl Strategy<Value = Digest> {
    prop_oneof![
        any::<[u64; 4]>().prop_map(|lanes| Digest(lanes.map(BaseElement::new))),
        Just(Digest::ZERO)
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    (0..4u8).prop_map(|bits| Scope::from_bits(bits).unwrap())
}

fn slot() -> impl Strategy<Value = SlotIndex> {
    prop::sample::select(SlotIndex::ALL.to_vec())
}

fn account() -> impl Strategy<Value = Account> {
    let slot = || {
        (digest(), 0..=1024u16, scope()).prop_map(|(root, next_index, scope)| KeySlot {
            root: Root(root),
            next_index,
            scope,
        })
    };
    let slots = [slot(), slot()];
    (any::<u32>(), any::<u128>(), any::<u32>(), slots).prop_map(|(asset, balance, nonce, slots)| {
        Account {
            asset: AssetId::new(asset),
            balance: Amount::new(balance),
            nonce: Nonce::new(nonce),
            slots,
        }
    })
}

fn order() -> impl Strategy<Value = Order> {
    let numbers = (
        any::<u32>(),
        any::<u32>(),
        any::<u128>(),
        any::<u128>(),
        any::<u64>(),
    );
    let rotation = (slot(), digest(), scope());
    (0..3u8, numbers, any::<[u8; 20]>(), rotation).prop_map(
        |(kind, numbers, recipient, rotation)| {
            let (from, to, amount, fee, valid_until) = numbers;
            let (slot, new_root, scope) = rotation;
            match kind {
                0 => Order::Transfer(Transfer {
                    from: AccountId::new(from),
                    to: AccountId::new(to),
                    amount: Amount::new(amount),
                    fee: Amount::new(fee),
                    valid_until: BatchNumber::new(valid_until),
                }),
                1 => Order::Withdraw(Withdraw {
                    from: AccountId::new(from),
                    amount: Amount::new(amount),
                    fee: Amount::new(fee),
                    recipient,
                    valid_until: BatchNumber::new(valid_until),
                }),
                _ => Order::RotateKey(RotateKey {
                    account: AccountId::new(from),
                    slot,
                    new_root: Root(new_root),
                    scope,
                    fee: Amount::new(fee),
                    valid_until: BatchNumber::new(valid_until),
                }),
            }
        },
    )
}

fn deposit() -> impl Strategy<Value = Deposit> {
    let keys = ([digest(), digest()], [scope(), scope()]);
    let keys = keys.prop_map(|(roots, scopes)| NewKeys {
        roots: roots.map(Root),
        scopes,
    });
    (
        any::<u32>(),
        any::<u32>(),
        any::<u128>(),
        prop::option::of(keys),
    )
        .prop_map(|(to, asset, amount, keys)| Deposit {
            to: AccountId::new(to),
            asset: AssetId::new(asset),
            amount: Amount::new(amount),
            keys,
        })
}

fn proof() -> impl Strategy<Value = AccountProof> {
    let sibling = prop_oneof![digest().prop_map(Some), Just(None)];
    (
        any::<u32>(),
        prop::option::of(account()),
        vec_of(sibling, TREE_DEPTH),
    )
        .prop_map(|(id, account, given)| {
            let empty = crate::tree::empty_digests();
            let siblings = core::array::from_fn(|height| given[height].unwrap_or(empty[height]));
            AccountProof {
                id: AccountId::new(id),
                account,
                siblings,
            }
        })
}

/// The form of a value, and that every other string near it stands for another value or for none.
fn one_form<T: CanonicalBytes + PartialEq + core::fmt::Debug>(
    value: &T,
    change: (prop::sample::Index, u8),
) -> Result<(), TestCaseError> {
    let bytes = value.to_bytes();
    prop_assert_eq!(&T::from_bytes(&bytes), &Ok(T::from_bytes(&bytes).unwrap()));
    prop_assert_eq!(&T::from_bytes(&bytes).unwrap(), value);
    for length in 0..bytes.len() {
        prop_assert!(T::from_bytes(&bytes[..length]).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    prop_assert_eq!(
        T::from_bytes(&longer),
        Err(DecodeError::Trailing { left: 1 })
    );
    let mut other = bytes.clone();
    let at = change.0.index(other.len());
    other[at] = change.1;
    if let Ok(read) = T::from_bytes(&other) {
        prop_assert_eq!(read.to_bytes(), other);
    }
    Ok(())
}

fn change() -> impl Strategy<Value = (prop::sample::Index, u8)> {
    (any::<prop::sample::Index>(), any::<u8>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn accounts(value in account(), change in change()) {
        one_form(&value, change)?;
        one_form(&value.slots[0], change)?;
    }

    #[test]
    fn orders(value in order(), change in change()) {
        one_form(&value, change)?;
    }

    #[test]
    fn deposits(value in deposit(), change in change()) {
        one_form(&value, change)?;
    }

    #[test]
    fn records(order in order(), deposit in deposit(), key in (slot(), 0..1024u16),
        numbers: (u32, u128, u64), change in change()) {
        let (slot, index) = key;
        let (to, amount, batch_number) = numbers;
        for record in [
            Record::Noop,
            order.record(KeyUse { slot, index }),
            Record::Deposit(deposit),
            Record::CollectFees { to: AccountId::new(to), amount: Amount::new(amount) },
        ] {
            one_form(&record, change)?;
            one_form(&Receipt { batch_number: BatchNumber::new(batch_number), position: to, record }, change)?;
        }
    }

    #[test]
    fn proofs(value in proof(), change in change()) {
        one_form(&value, change)?;
    }

    #[test]
    fn public_inputs(domain in digest(), roots in [digest(), digest()], operations_digest in digest(),
        batch_number: u64, num_operations: u32, change in change()) {
        let batch_number = BatchNumber::new(batch_number);
        let [old_root, new_root] = roots.map(Root);
        let value = PublicInputs {
            domain: Domain(domain), batch_number, old_root, new_root, operations_digest, num_operations,
        };
        one_form(&value, change)?;
    }

    #[test]
    fn noise_is_no_danger(mut bytes in vec_of(any::<u8>(), 0..300)) {
        if let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        if let Ok(value) = Account::from_bytes(&bytes) {
            prop_assert_eq!(value.to_bytes(), bytes.clone());
        }
        if let Ok(value) = Order::from_bytes(&bytes) {
            prop_assert_eq!(value.to_bytes(), bytes.clone());
        }
        prop_assert!(decode_batch(&bytes).is_err());
    }
}

fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(2))
}

/// A batch of every kind, and the state after it.
fn sealed() -> SealedBatch {
    let slots = [
        Key::new(10).slot(Scope::BOTH, 0),
        Key::new(11).slot(Scope::ROTATE, 0),
    ];
    let rich = Account {
        asset: AssetId::new(7),
        balance: Amount::new(1000),
        nonce: Nonce::new(3),
        slots,
    };
    let poor = Account {
        asset: AssetId::new(7),
        ..Account::default()
    };
    let mut ledger = Ledger::genesis(
        domain(),
        BatchNumber::new(5),
        [(AccountId::new(1), rich), (AccountId::new(2), poor)],
    )
    .unwrap();
    let mut batch = ledger.open_batch();
    let (from, to, amount, fee, valid_until) = (1, 2, 10, 1, 9);
    let orders = [
        Order::Transfer(Transfer {
            from: AccountId::new(from),
            to: AccountId::new(to),
            amount: Amount::new(amount),
            fee: Amount::new(fee),
            valid_until: BatchNumber::new(valid_until),
        }),
        Order::Withdraw(Withdraw {
            from: AccountId::new(from),
            amount: Amount::new(amount),
            fee: Amount::new(fee),
            recipient: [3; 20],
            valid_until: BatchNumber::new(valid_until),
        }),
        Order::RotateKey(RotateKey {
            account: AccountId::new(from),
            slot: SlotIndex::One,
            new_root: Root::ZERO,
            scope: Scope::NONE,
            fee: Amount::new(fee),
            valid_until: BatchNumber::new(valid_until),
        }),
    ];
    for (index, order) in (0..).zip(orders) {
        let nonce = 3 + u32::from(index);
        let signed = Key::new(10).sign(order, &domain(), Nonce::new(nonce), SlotIndex::Zero, index);
        batch.signed(signed).unwrap();
    }
    let keys = NewKeys {
        roots: [Root::ZERO; 2],
        scopes: [Scope::SPEND, Scope::ROTATE],
    };
    for keys in [Some(keys), None] {
        batch
            .deposit(Deposit {
                to: AccountId::new(4),
                asset: AssetId::new(7),
                amount: Amount::new(6),
                keys,
            })
            .unwrap();
    }
    batch.collect_fees(AccountId::new(2)).unwrap();
    batch.seal(None).unwrap()
}

#[test]
fn a_signed_order_has_one_form() {
    let order = Order::Transfer(Transfer {
        from: AccountId::new(1),
        to: AccountId::new(2),
        amount: Amount::new(3),
        fee: Amount::new(4),
        valid_until: BatchNumber::new(5),
    });
    let signed = Key::new(10).sign(order, &domain(), Nonce::new(7), SlotIndex::One, 2);
    let bytes = signed.to_bytes();
    assert_eq!(bytes.len(), 1 + 8 + 2 + crate::signature::SIGNATURE_BYTES);
    assert_eq!(bytes[..11], [VERSION, 1, 1, 5, 2, 15, 3, 15, 4, 7, 1]);
    assert_eq!(SignedOrder::from_bytes(&bytes), Ok(signed.clone()));
    for length in 0..bytes.len() {
        assert!(SignedOrder::from_bytes(&bytes[..length]).is_err());
    }
    // Every byte counts: another one is refused, or another order.
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut other = bytes.clone();
            other[at] ^= bit;
            if let Ok(read) = SignedOrder::from_bytes(&other) {
                assert_ne!(read, signed, "byte {at}");
                assert_eq!(read.to_bytes(), other, "byte {at}");
            }
        }
    }
}

#[test]
fn a_batch_has_one_form() {
    let batch = sealed();
    let bytes = encode_batch(&batch).unwrap();
    assert_eq!(decode_batch(&bytes), Ok(batch.clone()));
    for length in 0..bytes.len() {
        assert!(decode_batch(&bytes[..length]).is_err(), "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        decode_batch(&longer),
        Err(DecodeError::Trailing { left: 1 })
    );
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1 << (at % 8);
        if let Ok(read) = decode_batch(&other) {
            assert_ne!(read, batch, "byte {at}");
            assert_eq!(encode_batch(&read), Ok(other), "byte {at}");
        }
    }
}

#[test]
fn batches_that_no_ledger_seals_have_no_form() {
    type Lie = fn(&mut SealedBatch);
    let lies: [(usize, Lie); 8] = [
        (0, |b| b.operations[0].batch_number.0 += 1),
        (0, |b| b.operations[0].signer.as_mut().unwrap().index.0 += 1),
        (0, |b| {
            b.operations[0].signer.as_mut().unwrap().signature.key_index += 1;
        }),
        (0, |b| b.operations[0].signer = None),
        (3, |b| {
            b.operations[3].receiver.as_mut().unwrap().created = None;
        }),
        (4, |b| {
            b.operations[4].receiver.as_mut().unwrap().account = None;
        }),
        (5, |b| {
            b.operations[5].receiver.as_mut().unwrap().index.0 += 1;
        }),
        (6, |b| {
            b.operations[6].receiver = b.operations[5].receiver.clone();
        }),
    ];
    for (position, lie) in lies {
        let mut batch = sealed();
        lie(&mut batch);
        assert_eq!(
            encode_batch(&batch),
            Err(WitnessError::Mismatch { position })
        );
    }
    let mut batch = sealed();
    batch.public_inputs.num_operations *= 2;
    assert!(matches!(
        encode_batch(&batch),
        Err(WitnessError::Count { inputs: 16, .. })
    ));
    let mut batch = sealed();
    let key = KeyUse {
        slot: SlotIndex::Zero,
        index: 1024,
    };
    batch.records[0] = Order::record(
        &Order::Transfer(Transfer {
            from: AccountId::new(1),
            to: AccountId::new(2),
            amount: Amount::new(10),
            fee: Amount::new(1),
            valid_until: BatchNumber::new(9),
        }),
        key,
    );
    assert!(matches!(
        encode_batch(&batch),
        Err(WitnessError::Records(_))
    ));
}

/// A thousand payments in a full tree are about three mebibytes, and are read again.
#[test]
fn the_size_of_a_witness() {
    let batch = sealed();
    let mut payment = batch.operations[0].clone();
    let far = Digest([BaseElement::ONE; 4]);
    // a million accounts: twenty levels of siblings that are not empty
    payment.signer.as_mut().unwrap().siblings[..20].fill(far);
    payment.receiver.as_mut().unwrap().siblings[..20].fill(far);
    let many = SealedBatch {
        public_inputs: PublicInputs {
            num_operations: 1024,
            ..batch.public_inputs
        },
        records: alloc::vec![payment.record; 1024],
        operations: alloc::vec![payment; 1024],
    };
    let bytes = encode_batch(&many).unwrap();
    let mebibytes = bytes.len() as f64 / f64::from(1 << 20);
    assert!((2.5..3.2).contains(&mebibytes), "{mebibytes}");
    assert_eq!(decode_batch(&bytes), Ok(many));
}

#[test]
fn the_sibling_of_an_empty_subtree_is_not_written_out() {
    let empty = crate::tree::empty_digests();
    let proof = AccountProof {
        id: AccountId::ZERO,
        account: None,
        siblings: core::array::from_fn(|height| empty[height]),
    };
    let bytes = proof.to_bytes();
    assert_eq!(bytes, [VERSION, 0, 0, 0, 0, 0, 0]);
    let mut spelled: Vec<u8> = alloc::vec![VERSION, 0, 0, 2, 0, 0, 0];
    spelled.extend_from_slice(&empty[1].to_bytes());
    let what = "the sibling of an empty subtree";
    assert_eq!(
        AccountProof::from_bytes(&spelled),
        Err(DecodeError::NotCanonical { offset: 7, what })
    );
}
