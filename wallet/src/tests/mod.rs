//! The wallet across restarts, damage and faults.

mod crash;
mod damage;
mod disk;
mod faults;
mod notes;
mod passphrase;
mod simulated;

use std::path::Path;

use winterlane_ledger::{
    Account, AccountId, Amount, BaseElement, BatchNumber, ChainId, Digest, Domain, KeySlot, Ledger,
    LedgerError, Nonce, Order, RollupId, Root, ScalarCompressor, Scope, SignedOrder, SlotIndex,
    Transfer,
    hash::domain_digest,
    signature::{Claim, KeyError, SecretSource, bound_message, recover_root},
};

use super::*;

fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(1))
}

fn pay(key: Root, amount: Amount, nonce: Nonce) -> Request {
    let transfer = Transfer {
        from: AccountId::new(1),
        to: AccountId::new(1),
        amount,
        fee: Amount::ZERO,
        valid_until: BatchNumber::new(9),
    };
    Request {
        key,
        order: Order::Transfer(transfer),
        nonce,
        slot: SlotIndex::Zero,
        index: nonce.get() as u16,
    }
}

fn verifies(signed: &SignedOrder, root: Root) -> bool {
    let bound = bound_message(&signed.record().digest(), &domain());
    let claim = Claim {
        bound,
        nonce: signed.nonce,
        signature: &signed.signature,
    };
    recover_root(claim, &ScalarCompressor) == Ok(root)
}

fn seeded(place: &Path) -> Wallet {
    Wallet::import(place, MasterSeed::from_bytes([5; 32])).unwrap()
}

fn already(error: &WalletError, expected: u32) -> bool {
    matches!(error, WalletError::AlreadySigned { index, .. } if *index == expected)
}

#[test]
fn two_messages_at_one_nonce_are_refused_across_restarts() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = Wallet::create(place.path()).unwrap();
    let key = wallet.add_key(0, 2).unwrap();
    let first = wallet
        .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
        .unwrap();
    assert!(verifies(&first, key));
    assert!(already(
        &wallet
            .sign(&pay(key, Amount::new(2), Nonce::ZERO), &domain())
            .unwrap_err(),
        0
    ));
    for _ in 0..2 {
        drop(wallet);
        wallet = Wallet::open(place.path()).unwrap();
        assert_eq!(wallet.add_key(0, 2).unwrap(), key);
        assert!(already(
            &wallet
                .sign(&pay(key, Amount::new(2), Nonce::ZERO), &domain())
                .unwrap_err(),
            0
        ));
        assert_eq!(
            wallet
                .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
                .unwrap(),
            first
        );
        assert_eq!(wallet.journal().len(), 1);
    }
    assert!(verifies(
        &wallet
            .sign(&pay(key, Amount::new(2), Nonce::new(1)), &domain())
            .unwrap(),
        key
    ));
    assert_eq!(wallet.journal().next_index(&key), 2);
}

#[test]
fn every_way_to_meet_a_one_time_key_again_is_seen() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = seeded(place.path());
    let key = wallet.add_key(0, 2).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::new(1)), &domain())
        .unwrap();
    // Another chain.
    assert!(already(
        &wallet
            .sign(
                &pay(key, Amount::new(1), Nonce::new(1)),
                &domain_digest(ChainId::new(2), RollupId::new(1))
            )
            .unwrap_err(),
        1
    ));
    // The same order, but at nonce 8, or for the other slot.
    let later = Request {
        nonce: Nonce::new(8),
        ..pay(key, Amount::new(1), Nonce::new(1))
    };
    assert!(already(&wallet.sign(&later, &domain()).unwrap_err(), 1));
    let other_slot = Request {
        slot: SlotIndex::One,
        ..pay(key, Amount::new(1), Nonce::new(1))
    };
    assert!(already(
        &wallet.sign(&other_slot, &domain()).unwrap_err(),
        1
    ));
    // Two messages in one call.
    let both = [
        pay(key, Amount::new(1), Nonce::new(2)),
        pay(key, Amount::new(2), Nonce::new(2)),
    ];
    assert!(already(&wallet.sign_many(&both, &domain()).unwrap_err(), 2));
    // Which reserved nothing.
    assert_eq!(wallet.journal().len(), 1);
    assert!(
        wallet
            .sign(&pay(key, Amount::new(2), Nonce::new(2)), &domain())
            .is_ok()
    );
    // Another key has one-time keys of its own.
    let other = wallet.add_key(1, 2).unwrap();
    assert!(
        wallet
            .sign(&pay(other, Amount::new(3), Nonce::new(1)), &domain())
            .is_ok()
    );
}

#[test]
fn impossible_requests_write_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = seeded(place.path());
    let key = wallet.add_key(0, 1).unwrap();
    let unknown = wallet
        .sign(&pay(Root::ZERO, Amount::new(1), Nonce::ZERO), &domain())
        .unwrap_err();
    assert!(matches!(unknown, WalletError::UnknownKey { .. }));
    let used_up = wallet
        .sign_many(
            &[
                pay(key, Amount::new(1), Nonce::ZERO),
                pay(key, Amount::new(1), Nonce::new(2)),
            ],
            &domain(),
        )
        .unwrap_err();
    assert!(matches!(
        used_up,
        WalletError::Key(KeyError::Exhausted {
            index: 2,
            capacity: 2
        })
    ));
    let high = wallet.add_key(0, 11).unwrap_err();
    assert!(matches!(
        high,
        WalletError::Key(KeyError::Height { height: 11 })
    ));
    assert!(wallet.journal().is_empty());
    drop(wallet);
    let journal = std::fs::metadata(place.path().join("journal")).unwrap();
    assert_eq!(journal.len(), 128);
}

#[test]
fn keys_are_determined_by_seed_number_and_height_and_share_nothing() {
    let seed = MasterSeed::from_bytes([5; 32]);
    let one = seed.key_secret(1, 3);
    assert_eq!(one, MasterSeed::from_bytes([5; 32]).key_secret(1, 3));
    let others = [
        MasterSeed::from_bytes([6; 32]).key_secret(1, 3),
        seed.key_secret(2, 3),
        seed.key_secret(1, 4),
    ];
    for other in others {
        assert_ne!(one.public_seed(), other.public_seed());
        let starts = one.chain_starts(0);
        assert!(
            other
                .chain_starts(0)
                .iter()
                .all(|start| !starts.contains(start))
        );
    }
    assert!(
        one.chain_starts(1)
            .iter()
            .all(|start| !one.chain_starts(0).contains(start))
    );
    let base = one.randomizer_base(0, &Digest::ZERO, Nonce::ZERO);
    let other = Digest([1u32, 0, 0, 0].map(BaseElement::from));
    assert_ne!(base, one.randomizer_base(1, &Digest::ZERO, Nonce::ZERO));
    assert_ne!(base, one.randomizer_base(0, &Digest::ZERO, Nonce::new(1)));
    assert_ne!(base, one.randomizer_base(0, &other, Nonce::ZERO));
    assert!(!format!("{seed:?} {one:?}").contains('5'));
    // The derivation is fixed: keys of today must be keys of tomorrow.
    let fixed =
        [one.public_seed(), one.chain_starts(7)[63], base].map(|pair| pair.map(|e| e.as_int()));
    let expected = [
        [3_363_088_969_696_488_117, 12_218_526_238_936_721_571],
        [7_126_758_320_508_285_933, 5_722_497_315_575_063_891],
        [15_967_279_858_509_514_094, 9_103_946_305_843_196_868],
    ];
    assert_eq!(fixed, expected);
}

#[test]
fn the_ledger_accepts_what_the_wallet_signs() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = Wallet::create(place.path()).unwrap();
    let key = wallet.add_key(0, 3).unwrap();
    let slot = KeySlot {
        root: key,
        next_index: 0,
        scope: Scope::SPEND,
    };
    let account = Account {
        balance: Amount::new(100),
        slots: [slot, KeySlot::default()],
        ..Account::default()
    };
    let mut ledger =
        Ledger::genesis(domain(), BatchNumber::ZERO, [(AccountId::new(1), account)]).unwrap();

    let requests: Vec<_> = (0..8)
        .map(|nonce| pay(key, Amount::new(5), Nonce::new(nonce)))
        .collect();
    let signed = wallet.sign_many(&requests, &domain()).unwrap();
    let mut batch = ledger.open_batch();
    for order in &signed[..3] {
        batch.signed(order.clone()).unwrap();
    }
    // The batch is abandoned. Nothing else can be signed at these nonces, the same orders can be
    // put into the next batch.
    drop(batch);
    assert!(already(
        &wallet
            .sign(&pay(key, Amount::new(6), Nonce::ZERO), &domain())
            .unwrap_err(),
        0
    ));
    let mut batch = ledger.open_batch();
    for order in &signed {
        batch.signed(order.clone()).unwrap();
    }
    let stale = batch.signed(signed[0].clone());
    assert!(matches!(stale, Err(LedgerError::StaleNonce { .. })));
    assert_eq!(batch.seal(None).unwrap().records.len(), 8);
}

#[test]
fn the_last_key_of_a_full_one_never_signs() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = seeded(place.path());
    let key = wallet.add_key(0, 10).unwrap();
    assert!(
        wallet
            .sign(&pay(key, Amount::new(1), Nonce::new(1022)), &domain())
            .is_ok()
    );
    let reserved = wallet
        .sign(&pay(key, Amount::new(1), Nonce::new(1023)), &domain())
        .unwrap_err();
    assert!(matches!(
        reserved,
        WalletError::Key(KeyError::Exhausted {
            index: 1023,
            capacity: 1023
        })
    ));
}

#[test]
fn a_request_is_read_off_the_account() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = Wallet::create(place.path()).unwrap();
    let key = wallet.add_key(0, 4).unwrap();
    let slot = |next_index| KeySlot {
        root: key,
        next_index,
        scope: Scope::SPEND,
    };
    let account = Account {
        balance: Amount::new(100),
        nonce: Nonce::new(70),
        slots: [KeySlot::default(), slot(3)],
        ..Account::default()
    };
    let order = |amount| pay(key, amount, Nonce::ZERO).order;
    let mut ledger =
        Ledger::genesis(domain(), BatchNumber::ZERO, [(AccountId::new(1), account)]).unwrap();
    let mut batch = ledger.open_batch();

    let first = wallet.request(&account, SlotIndex::One, order(Amount::new(1)));
    assert_eq!(
        (first.nonce, first.index, first.key),
        (Nonce::new(70), 3, key)
    );
    let next = first.then(order(Amount::new(2)));
    assert_eq!((next.nonce, next.index), (Nonce::new(71), 4));
    for signed in wallet.sign_many(&[first, next], &domain()).unwrap() {
        batch.signed(signed).unwrap();
    }
    // An order that is lost on the way, and the one in its place.
    let now = *batch.account(AccountId::new(1)).unwrap();
    let lost = wallet.request(&now, SlotIndex::One, order(Amount::new(3)));
    wallet.sign(&lost, &domain()).unwrap();
    let instead = wallet.request(&now, SlotIndex::One, order(Amount::new(4)));
    assert_eq!(
        (instead.nonce, instead.index),
        (Nonce::new(72), lost.index + 1)
    );
    assert_eq!(instead, lost.instead(order(Amount::new(4))));
    let signed = wallet.sign(&instead, &domain()).unwrap();
    batch.signed(signed).unwrap();
    // A wallet that knows less than the ledger goes by the ledger.
    let ahead = Account {
        slots: [KeySlot::default(), slot(9)],
        ..now
    };
    assert_eq!(
        wallet
            .request(&ahead, SlotIndex::One, order(Amount::new(5)))
            .index,
        9
    );
    // At the end of the key nothing is signed.
    let ended = Account {
        slots: [KeySlot::default(), slot(1024)],
        ..now
    };
    let request = wallet.request(&ended, SlotIndex::One, order(Amount::new(5)));
    assert!(matches!(
        wallet.sign(&request, &domain()),
        Err(WalletError::Key(KeyError::Exhausted { index: 1024, .. }))
    ));
}
