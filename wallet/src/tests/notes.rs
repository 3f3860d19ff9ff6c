//! The book of notes on a disk that fails: the old one is there or the new one, whole.

use winterlane_ledger::{
    Amount, AssetId, BatchNumber, ChainId, RollupId,
    hash::domain_digest,
    pool::{Payment, PoolOperation},
};

use super::simulated::{Fault, Simulated};
use crate::{MasterSeed, Wallet, WalletError, notes};

fn seed() -> MasterSeed {
    MasterSeed::from_bytes([5; 32])
}

fn published(count: u32) -> Vec<PoolOperation> {
    let to = seed().note_secret(0).payment_address();
    let shield = |value| notes::shield(&to, AssetId::new(7), value).unwrap().0;
    (1..=count)
        .map(|value| {
            let payment = Payment {
                batch: BatchNumber::ZERO,
                record: value,
            };
            PoolOperation::Shield(shield(Amount::new(value.into())), payment)
        })
        .collect()
}

#[test]
fn a_book_survives_whatever_happens_while_it_is_saved() {
    let domain = domain_digest(ChainId::new(1), RollupId::new(1));
    let published = published(2);
    for fault in [Fault::Fails, Fault::Kills] {
        for after in 0..12 {
            for random in 0..4 {
                let disk = Simulated::default();
                let wallet = Wallet::make_in(disk.boxed(), seed(), None).unwrap();
                let mut store = wallet.notes(0, &domain).unwrap();
                store.scan(&published[..1]).unwrap();
                let before = store.book().clone();
                disk.fault(after, fault);
                let saved = store.scan(&published[1..]);
                let now = store.book().clone();
                // What the program holds is the old state exactly when the save failed.
                assert_eq!(now == before, saved.is_err());
                drop(wallet);
                disk.restart();
                disk.power_loss(random);
                let wallet = Wallet::open_in(disk.boxed(), true, None).unwrap();
                let mut store = wallet.notes(0, &domain).unwrap();
                if saved.is_ok() {
                    assert_eq!(*store.book(), now);
                }
                let scanned = store.book().operations() as usize;
                assert!((1..=2).contains(&scanned));
                store.scan(&published[scanned..]).unwrap();
                assert_eq!(store.book().balances(), [(AssetId::new(7), Amount::new(3))]);
            }
        }
    }
}

#[test]
fn a_changed_book_and_the_book_of_another_are_refused() {
    let domain = domain_digest(ChainId::new(1), RollupId::new(1));
    let disk = Simulated::default();
    let wallet = Wallet::make_in(disk.boxed(), seed(), None).unwrap();
    let mut store = wallet.notes(0, &domain).unwrap();
    store.scan(&published(2)).unwrap();
    let nullifier = store.book().notes()[0].nullifier;
    store.reserve(&[nullifier], BatchNumber::new(9)).unwrap();
    let book = store.book().clone();
    let bytes = disk.read("notes-0").unwrap();
    let again = wallet.notes(0, &domain).unwrap();
    assert_eq!(*again.book(), book);

    let other = domain_digest(ChainId::new(1), RollupId::new(2));
    let error = wallet.notes(0, &other).unwrap_err();
    assert!(matches!(error, WalletError::OtherPool { .. }), "{error}");
    assert_eq!(
        *wallet.notes_anew(0, &other).book(),
        notes::NoteBook::new(other)
    );
    assert_eq!(disk.read("notes-0").unwrap(), bytes, "until it is scanned");
    let damaged = |bytes: &[u8]| {
        disk.put("notes-0", bytes);
        let error = wallet.notes(0, &domain).unwrap_err();
        assert!(matches!(error, WalletError::BookDamaged { .. }), "{error}");
    };
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        damaged(&changed);
    }
    for length in [0, 31, 32, 100, 135, bytes.len() - 1] {
        damaged(&bytes[..length]);
    }
    damaged(&[&bytes[..], &[0]].concat());
    // The book of account 0 is not one of account 1.
    disk.put("notes-1", &bytes);
    assert!(matches!(
        wallet.notes(1, &domain),
        Err(WalletError::BookDamaged { .. })
    ));
    disk.put("notes-0", &bytes);
    let mut store = wallet.notes(0, &domain).unwrap();
    store.forget().unwrap();
    assert!(wallet.notes(0, &domain).unwrap().book().notes().is_empty());
}
