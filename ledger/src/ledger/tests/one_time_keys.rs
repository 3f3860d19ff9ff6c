//! One-time keys: which of them may sign, in what order, and what a rotation does to them.

use super::*;
use crate::{Amount, Nonce};

/// Key 10 of account 1, in slot 0, with one-time key `index`.
fn by(index: u16, order: Order, nonce: Nonce) -> crate::SignedOrder {
    Key::new(10).sign(order, &domain(), nonce, SlotIndex::Zero, index)
}

fn used(used: u16, next_index: u16) -> LedgerError {
    LedgerError::UsedOneTimeKey {
        account: AccountId::new(1),
        slot: SlotIndex::Zero,
        used,
        next_index,
    }
}

fn next(batch: &Batch<'_, ScalarCompressor>) -> [u16; 2] {
    batch
        .account(AccountId::new(1))
        .unwrap()
        .slots
        .map(|slot| slot.next_index)
}

fn free(amount: Amount) -> Order {
    pay(Transfer {
        amount,
        fee: Amount::ZERO,
        ..PAY
    })
}

#[test]
fn a_key_signs_in_ascending_order_and_skips() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    batch
        .signed(by(1, free(Amount::new(1)), Nonce::ZERO))
        .unwrap();
    assert_eq!(next(&batch), [2, 0]);
    // The same one-time key, and one that was skipped, at the nonce that is due.
    for index in [0, 1] {
        assert_eq!(
            batch.signed(by(index, free(Amount::new(2)), Nonce::new(1))),
            Err(used(index, 2))
        );
        assert_eq!(next(&batch), [2, 0]);
    }
    batch
        .signed(by(3, free(Amount::new(2)), Nonce::new(1)))
        .unwrap();
    assert_eq!(next(&batch), [4, 0]);
    let sealed = batch.seal(None).unwrap();
    replay(&sealed);
    // And in a later batch.
    let late = ledger
        .open_batch()
        .signed(by(2, free(Amount::new(2)), Nonce::new(2)));
    assert_eq!(late, Err(used(2, 4)));
}

#[test]
fn a_second_order_at_a_nonce_replaces_the_first() {
    let dear = pay(Transfer {
        fee: Amount::new(9),
        ..PAY
    });
    for (first, second) in [(pay(PAY), dear), (dear, pay(PAY))] {
        let mut ledger = genesis(BatchNumber::new(5));
        let mut batch = ledger.open_batch();
        let [kept, other] = [by(1, first, Nonce::ZERO), by(0, second, Nonce::ZERO)];
        batch.signed(kept).unwrap();
        let stale = LedgerError::StaleNonce {
            account: AccountId::new(1),
            signed: Nonce::ZERO,
            current: Nonce::new(1),
        };
        assert_eq!(batch.signed(other), Err(stale), "one nonce, one operation");
    }
}

#[test]
fn an_order_that_expired_blocks_nothing() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    let late = pay(Transfer {
        valid_until: BatchNumber::new(4),
        fee: Amount::ZERO,
        ..PAY
    });
    assert!(matches!(
        batch.signed(by(0, late, Nonce::ZERO)),
        Err(LedgerError::Expired { .. })
    ));
    // The wallet must not sign another message with one-time key 0; the next one does.
    batch
        .signed(by(1, free(Amount::new(1)), Nonce::ZERO))
        .unwrap();
    assert_eq!(next(&batch), [2, 0]);
}

#[test]
fn devices_with_ranges_of_their_own() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    // The phone has 0 and 1, the desk 2 and 3: the phone first, then the desk.
    batch
        .signed(by(0, free(Amount::new(1)), Nonce::ZERO))
        .unwrap();
    batch
        .signed(by(2, free(Amount::new(1)), Nonce::new(1)))
        .unwrap();
    // What the phone did not use is gone.
    assert_eq!(
        batch.signed(by(1, free(Amount::new(1)), Nonce::new(2))),
        Err(used(1, 3))
    );
    batch
        .signed(by(3, free(Amount::new(1)), Nonce::new(2)))
        .unwrap();
}

#[test]
fn a_key_signs_as_often_as_it_has_one_time_keys() {
    let mut ledger = genesis(BatchNumber::new(5));
    // The nonce is far beyond what any key has: nonces and one-time keys are counted apart.
    set(AccountId::new(1), |account| {
        account.nonce = Nonce::new(5000);
    })(&mut ledger);
    let mut batch = ledger.open_batch();
    for index in 0..4 {
        batch
            .signed(by(
                index,
                free(Amount::new(1)),
                Nonce::new(5000 + u32::from(index)),
            ))
            .unwrap();
    }
    assert_eq!(next(&batch), [4, 0]);

    let mut ledger = genesis(BatchNumber::new(5));
    set(AccountId::new(1), |account| {
        account.slots[0].next_index = 1024;
    })(&mut ledger);
    let mut batch = ledger.open_batch();
    let refused = LedgerError::KeyExhausted {
        account: AccountId::new(1),
        slot: SlotIndex::Zero,
    };
    assert_eq!(
        batch.signed(by(3, free(Amount::new(1)), Nonce::ZERO)),
        Err(refused)
    );
    // The other slot goes on, and renews it.
    let rotate = RotateKey {
        account: AccountId::new(1),
        slot: SlotIndex::Zero,
        new_root: Key::new(77).tree.root(),
        scope: Scope::BOTH,
        fee: Amount::ZERO,
        valid_until: BatchNumber::new(9),
    };
    let cold = Key::new(11).sign(
        Order::RotateKey(rotate),
        &domain(),
        Nonce::ZERO,
        SlotIndex::One,
        2,
    );
    batch.signed(cold).unwrap();
    assert_eq!(next(&batch), [0, 3]);
}

#[test]
fn a_rotation_begins_anew_whichever_slot_signs() {
    for (signs, key, replaced) in [
        (SlotIndex::Zero, 10, SlotIndex::Zero),
        (SlotIndex::Zero, 10, SlotIndex::One),
        (SlotIndex::One, 11, SlotIndex::Zero),
        (SlotIndex::One, 11, SlotIndex::One),
    ] {
        let mut ledger = genesis(BatchNumber::new(5));
        let mut batch = ledger.open_batch();
        let rotate = RotateKey {
            account: AccountId::new(1),
            slot: replaced,
            new_root: Key::new(77).tree.root(),
            scope: Scope::BOTH,
            fee: Amount::ZERO,
            valid_until: BatchNumber::new(9),
        };
        let rotate = Order::RotateKey(rotate);
        batch
            .signed(Key::new(key).sign(rotate, &domain(), Nonce::ZERO, signs, 2))
            .unwrap();
        let mut expected = [0; 2];
        if signs != replaced {
            expected[signs.index()] = 3;
        }
        assert_eq!(next(&batch), expected, "{signs:?} replaces {replaced:?}");
        // The new key begins at its one-time key 0.
        batch
            .signed(Key::new(77).sign(free(Amount::new(1)), &domain(), Nonce::new(1), replaced, 0))
            .unwrap();
        replay(&batch.seal(None).unwrap());
    }
}

#[test]
fn the_record_says_which_key_signed() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    batch
        .signed(by(2, free(Amount::new(1)), Nonce::ZERO))
        .unwrap();
    let sealed = batch.seal(None).unwrap();
    let key = KeyUse {
        slot: SlotIndex::Zero,
        index: 2,
    };
    assert_eq!(sealed.records[0], free(Amount::new(1)).record(key));
    let mut follower = genesis(BatchNumber::new(5));
    follower
        .follow(&sealed.public_inputs, &sealed.records)
        .unwrap();
    assert!(follower.accounts().eq(ledger.accounts()));
}
