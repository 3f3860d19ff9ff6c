//! What a batch has room for, and what it leaves when it is abandoned.

use super::*;

#[test]
fn accounts_are_created_on_empty_leaves_only() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    let keys = Some(NewKeys {
        roots: [Root::ZERO; 2],
        scopes: [Scope::NONE; 2],
    });
    let create = Deposit {
        to: AccountId::new(4),
        asset: AssetId::new(1),
        amount: Amount::MAX,
        keys,
    };
    batch.deposit(create).unwrap();
    let exists = |account| Err(LedgerError::AccountExists { account });
    assert_eq!(batch.deposit(create), exists(AccountId::new(4)));
    assert_eq!(
        batch.deposit(Deposit {
            to: AccountId::new(1),
            ..create
        }),
        exists(AccountId::new(1))
    );
    replay(&batch.seal(None).unwrap());
}

#[test]
fn slots_of_a_batch() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    assert!(batch.is_empty());
    for _ in 0..3 {
        batch.noop().unwrap();
        assert!(!batch.is_empty());
    }
    for slots in [0, 1, 2, 3, 5, MAX_OPERATIONS * 2, u32::MAX] {
        assert_eq!(
            batch.seal(Some(slots)),
            Err(SealError::Slots {
                slots,
                operations: 3
            })
        );
    }
    assert_eq!(batch.seal(Some(8)).unwrap().records, [Record::Noop; 8]);
    // Sealing opened the next batch; an empty one may be sealed too.
    assert_eq!((batch.number(), batch.len()), (BatchNumber::new(6), 0));
    let sealed = batch.seal(None).unwrap();
    replay(&sealed);
    assert_eq!(sealed.public_inputs.num_operations, 1);
    assert_eq!(sealed.public_inputs.old_root, sealed.public_inputs.new_root);
    for _ in 0..MAX_OPERATIONS {
        batch.noop().unwrap();
    }
    assert_eq!(
        batch.noop(),
        Err(LedgerError::BatchFull {
            capacity: MAX_OPERATIONS
        })
    );
    assert_eq!(
        batch.seal(None).unwrap().public_inputs.num_operations,
        MAX_OPERATIONS
    );
}

#[test]
fn an_abandoned_batch_leaves_no_trace() {
    let mut ledger = genesis(BatchNumber::new(5));
    let root = ledger.root();
    let mut batch = ledger.open_batch();
    sign_and_apply(&mut batch, pay(PAY), Nonce::ZERO).unwrap();
    drop(batch);
    assert_eq!(
        (ledger.root(), ledger.batch_number()),
        (root, BatchNumber::new(5))
    );
    assert_eq!(
        ledger.account(AccountId::new(1)),
        genesis(BatchNumber::new(5)).account(AccountId::new(1))
    );
    sign_and_apply(&mut ledger.open_batch(), pay(PAY), Nonce::ZERO).unwrap();
}

#[test]
fn many_orders_are_checked_as_one_by_one() {
    let orders: Vec<_> = (0..4u32)
        .map(|n| {
            let mut signed = Key::new(10).sign(
                pay(PAY),
                &domain(),
                Nonce::new(n),
                SlotIndex::Zero,
                n as u16,
            );
            signed.signature.key_index += if n == 2 { 5000 } else { 0 };
            signed
        })
        .collect();
    let many = check_orders(orders.clone(), &domain(), &ScalarCompressor);
    for (order, result) in orders.into_iter().zip(many) {
        assert_eq!(result, check_order(order, &domain(), &ScalarCompressor));
        let root = result.map(|checked| *checked.root());
        assert!(root == Ok(Key::new(10).tree.root()) || root.is_err());
    }
}
