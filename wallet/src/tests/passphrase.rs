//! Seeds that are encrypted, and passphrases that change.

use std::fs;

use zeroize::Zeroizing;

use super::{
    simulated::{Fault, Simulated},
    *,
};
use crate::{Passphrase, place};

fn word(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn seed() -> MasterSeed {
    MasterSeed::from_bytes([5; 32])
}

#[test]
fn an_encrypted_wallet_opens_by_its_passphrase_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("seed");
    let mut wallet = Wallet::import_with(place.path(), seed(), Some(&word("one"))).unwrap();
    let key = wallet.add_key(0, 1).unwrap();
    let signed = wallet
        .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
        .unwrap();
    drop(wallet);
    assert!(
        !fs::read(&path)
            .unwrap()
            .windows(4)
            .any(|bytes| bytes == [5; 4])
    );
    assert!(matches!(
        Wallet::open(place.path()),
        Err(WalletError::Encrypted { path: found }) if found == path
    ));
    let wrong = Wallet::open_with(place.path(), Some(&word("two"))).unwrap_err();
    assert!(matches!(&wrong, WalletError::WrongPassphrase { path: found } if *found == path));
    assert!(!wrong.to_string().contains("two"), "{wrong}");

    // It signs as before, under another passphrase and under none.
    let mut known = Some(word("one"));
    for next in [
        Some(word("two")),
        Some(word("three")),
        None,
        None,
        Some(word("four")),
    ] {
        let mut wallet = Wallet::open_with(place.path(), known.as_ref()).unwrap();
        wallet.encrypt(next.as_ref()).unwrap();
        assert_eq!(wallet.add_key(0, 1).unwrap(), key);
        assert_eq!(
            wallet
                .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
                .unwrap(),
            signed
        );
        let [new, plain] = [
            place.path().join("seed.new").exists(),
            fs::read(&path).unwrap().starts_with(b"winterlane-seed2"),
        ];
        assert_eq!((new, plain), (false, next.is_none()));
        assert_eq!(wallet.is_encrypted().unwrap(), next.is_some());
        drop(wallet);
        if known != next && known.is_some() && next.is_some() {
            let old = Wallet::open_with(place.path(), known.as_ref());
            assert!(matches!(old, Err(WalletError::WrongPassphrase { .. })));
        }
        known = next;
    }
    // A wallet that is not encrypted opens as ever, and with any passphrase.
    let wallet = Wallet::open_with(place.path(), known.as_ref()).unwrap();
    wallet.encrypt(None).unwrap();
    drop(wallet);
    drop(Wallet::open(place.path()).unwrap());
    drop(Wallet::open_with(place.path(), Some(&word("any"))).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// Wherever a change of the passphrase is interrupted, the seed is there under the one or the other, and what the
/// interruption left is gone once the wallet is opened.
#[test]
fn no_interruption_of_a_change_loses_the_seed() {
    let mut ends = [0; 2];
    for (from, to) in [
        (None, Some("new")),
        (Some("old"), Some("new")),
        (Some("old"), None),
    ] {
        let [old, new] = [from, to].map(|text: Option<&str>| text.map(word));
        for fault in [Fault::Fails, Fault::Kills] {
            for after in 0.. {
                let mut whole = false;
                for random in 0..8 {
                    let disk = Simulated::default();
                    let journal = place::make(disk.boxed(), &seed(), old.as_ref()).unwrap();
                    disk.fault(after, fault);
                    let changed = place::encrypt(journal.medium(), &seed(), new.as_ref()).is_ok();
                    whole = changed && disk.has_fault();
                    drop(journal);
                    disk.restart();
                    if random > 0 {
                        disk.power_loss(random);
                    }
                    let by = |passphrase: &Option<Passphrase>| {
                        place::open(disk.boxed(), false, passphrase.as_ref())
                    };
                    let opened = by(&new).inspect(|_| ends[0] += 1).or_else(|error| {
                        assert!(!changed, "operation {after}: {error}");
                        ends[1] += 1;
                        by(&old)
                    });
                    let (found, journal) = opened.unwrap_or_else(|error| {
                        panic!("{from:?} to {to:?}, operation {after}: {error}")
                    });
                    assert_eq!(found, seed());
                    drop(journal);
                    assert_eq!(disk.read("seed.new"), None, "operation {after}");
                    if changed && to.is_some() {
                        assert!(disk.read("seed").unwrap().starts_with(b"{"));
                    }
                }
                if whole {
                    break;
                }
            }
        }
    }
    assert!(ends.iter().all(|&count| count > 10), "{ends:?}");
}

/// The making of an encrypted wallet, wherever it is interrupted: it is finished by its passphrase, or made again.
#[test]
fn a_half_made_encrypted_wallet_is_finished_or_made_again() {
    let passphrase = Some(word("one"));
    for after in 0.. {
        let disk = Simulated::default();
        disk.fault(after, Fault::Kills);
        let made = place::make(disk.boxed(), &seed(), passphrase.as_ref()).is_ok();
        disk.restart();
        match place::open(disk.boxed(), false, passphrase.as_ref()) {
            Ok((found, _)) => assert_eq!(found, seed()),
            Err(
                WalletError::HalfMade { .. }
                | WalletError::Missing { .. }
                | WalletError::SeedMissing { .. },
            ) => drop(place::make(disk.boxed(), &seed(), passphrase.as_ref()).unwrap()),
            Err(error) => panic!("operation {after}: {error}"),
        }
        let plain = place::open(disk.boxed(), false, None);
        assert!(matches!(plain, Err(WalletError::Encrypted { .. })));
        drop(place::open(disk.boxed(), false, passphrase.as_ref()).unwrap());
        if made {
            break;
        }
    }
}
