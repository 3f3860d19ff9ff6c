//! Signatures that come out wrong, and signatures that were made in another way.

use std::sync::atomic::{AtomicU32, Ordering};

use winterlane_ledger::{
    Compressor,
    hash::Input,
    signature::{KeyIndex, find_randomizer},
};

use super::{simulated::Simulated, *};
use crate::journal::Claimed;

/// Gives one wrong digest, in that call after a number of calls; then is right.
#[derive(Clone, Debug)]
struct Faulty<'a> {
    calls: &'a AtomicU32,
    wrong: u32,
}

impl Compressor for Faulty<'_> {
    fn compress_many(&self, inputs: &[Input], out: &mut [Digest]) {
        ScalarCompressor.compress_many(inputs, out);
        if self.calls.fetch_add(1, Ordering::Relaxed) == self.wrong {
            for digest in out {
                digest.0[0] += BaseElement::from(1u32);
            }
        }
    }
}

#[test]
fn a_fault_gives_an_error_and_reveals_nothing() {
    let mut faults = 0;
    let mut calls_of_one = u32::MAX;
    for wrong in 0.. {
        if wrong > calls_of_one {
            break;
        }
        let disk = Simulated::default();
        let mut wallet =
            Wallet::make_in(disk.boxed(), MasterSeed::from_bytes([5; 32]), None).unwrap();
        let key = wallet.add_key(0, 0).unwrap();
        let calls = AtomicU32::new(0);
        let mut wallet = wallet.with_compressor(Faulty {
            calls: &calls,
            wrong,
        });
        let first = wallet.sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain());
        calls_of_one = calls_of_one.min(calls.load(Ordering::Relaxed));
        match first {
            Ok(signed) => assert!(verifies(&signed, key), "call {wrong}"),
            Err(WalletError::Fault { index: 0, .. }) => {
                faults += 1;
                assert!(wallet.journal().is_empty());
                // The fault is over, and nothing was spent by it.
                let signed = wallet
                    .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
                    .unwrap();
                assert!(verifies(&signed, key));
            }
            Err(error) => panic!("call {wrong}: {error}"),
        }
    }
    assert!(faults >= 3, "{faults}");
}

#[test]
fn the_randomiser_of_the_journal_is_used_again() {
    let disk = Simulated::default();
    let mut wallet = Wallet::make_in(disk.boxed(), MasterSeed::from_bytes([5; 32]), None).unwrap();
    let key = wallet.add_key(0, 1).unwrap();
    let request = pay(key, Amount::new(1), Nonce::ZERO);
    // As a version that searched in another order would have signed.
    let bound = bound_message(
        &request.order.record(request.one_time_key()).digest(),
        &domain(),
    );
    let base = [123u32, 456].map(BaseElement::from);
    let (rho, _) = find_randomizer(&bound, Nonce::ZERO, &base, &ScalarCompressor).unwrap();
    let secret = MasterSeed::from_bytes([5; 32]).key_secret(0, 1);
    let own = wallet
        .key(&key)
        .unwrap()
        .sign(&secret, KeyIndex(0), &bound, Nonce::ZERO, &ScalarCompressor)
        .unwrap();
    assert_ne!(own.rho, rho);
    let entry = Signed {
        root: key,
        index: 0,
        nonce: Nonce::ZERO,
        bound,
        rho,
    };
    drop(wallet);
    let (_, mut journal) = place::open(disk.boxed(), false, None).unwrap();
    journal.reserve(&[entry]).unwrap();
    let other = Signed {
        rho: own.rho,
        ..entry
    };
    assert!(already(&journal.reserve(&[other]).unwrap_err(), 0));
    let claimed = Claimed {
        root: key,
        index: 0,
        nonce: Nonce::ZERO,
        bound,
    };
    assert_eq!(journal.randomizer(&claimed).unwrap(), Some(rho));
    drop(journal);
    let mut wallet = Wallet::open_in(disk.boxed(), false, None).unwrap();
    wallet.add_key(0, 1).unwrap();
    for _ in 0..2 {
        let signed = wallet.sign(&request, &domain()).unwrap();
        assert_eq!(signed.signature.rho, rho);
        assert!(verifies(&signed, key));
    }
    assert_eq!(wallet.journal().len(), 1);
}

#[test]
fn a_randomiser_that_does_not_fit_is_refused() {
    let disk = Simulated::default();
    let mut journal = place::make(disk.boxed(), &MasterSeed::from_bytes([5; 32]), None).unwrap();
    let seed = MasterSeed::from_bytes([5; 32]);
    let key = generate_key(&seed.key_secret(0, 1), &ScalarCompressor).unwrap();
    let request = pay(key.root(), Amount::new(1), Nonce::ZERO);
    let entry = Signed {
        root: key.root(),
        index: 0,
        nonce: Nonce::ZERO,
        bound: bound_message(
            &request.order.record(request.one_time_key()).digest(),
            &domain(),
        ),
        rho: [1u32, 1].map(BaseElement::from),
    };
    journal.reserve(&[entry]).unwrap();
    drop(journal);
    let mut wallet = Wallet::open_in(disk.boxed(), false, None).unwrap();
    wallet.add_key(0, 1).unwrap();
    assert!(matches!(
        wallet.sign(&request, &domain()),
        Err(WalletError::Key(KeyError::NoRandomizer))
    ));
}
