//! Files that are not what was written.

use std::fs;
use winterlane_ledger::Root;

use super::*;

#[test]
fn a_wallet_is_opened_once_and_created_once() {
    let place = tempfile::tempdir().unwrap();
    let wallet = seeded(place.path());
    assert!(matches!(
        Wallet::open(place.path()),
        Err(WalletError::Locked { .. })
    ));
    for _ in 0..2 {
        assert!(matches!(
            Wallet::create(place.path()),
            Err(WalletError::Exists { .. })
        ));
    }
    drop(wallet);
    assert!(matches!(
        Wallet::create(place.path()),
        Err(WalletError::Exists { .. })
    ));
    assert!(Wallet::open(place.path()).is_ok());
}

#[test]
fn a_part_of_a_wallet_is_named() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = seeded(place.path());
    let key = wallet.add_key(0, 1).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
        .unwrap();
    drop(wallet);
    let [seed, journal, gone] = ["seed", "journal", "gone"].map(|name| place.path().join(name));
    // A seed whose journal is gone: nobody knows what it has signed.
    fs::rename(&journal, &gone).unwrap();
    assert!(matches!(
        Wallet::create(place.path()),
        Err(WalletError::Exists { path }) if path == seed
    ));
    assert!(matches!(
        Wallet::open(place.path()),
        Err(WalletError::JournalMissing { path }) if path == journal
    ));
    fs::rename(&gone, &journal).unwrap();
    // A used journal whose seed is gone.
    fs::rename(&seed, &gone).unwrap();
    assert!(matches!(
        Wallet::create(place.path()),
        Err(WalletError::Exists { path }) if path == journal
    ));
    assert!(matches!(
        Wallet::open(place.path()),
        Err(WalletError::SeedMissing { path }) if path == seed
    ));
    fs::rename(&gone, &seed).unwrap();
    assert!(Wallet::open(place.path()).is_ok());
    for nothing in ["nowhere", "empty"].map(|name| place.path().join(name)) {
        if nothing.ends_with("empty") {
            fs::create_dir(&nothing).unwrap();
        }
        assert!(matches!(
            Wallet::open(&nothing),
            Err(WalletError::Missing { .. })
        ));
    }
}

#[test]
fn a_damaged_seed_is_refused() {
    let place = tempfile::tempdir().unwrap();
    drop(seeded(place.path()));
    let path = place.path().join("seed");
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), 64);
    for bit in 0..8 * whole.len() {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        let error = Wallet::open(place.path()).unwrap_err();
        assert!(matches!(error, WalletError::Corrupt { path: found, .. } if found == path));
    }
    for length in (0..whole.len()).chain([65, 96]) {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        fs::write(&path, &bytes).unwrap();
        let error = Wallet::open(place.path()).unwrap_err();
        assert!(matches!(error, WalletError::Corrupt { .. }), "{length}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(Wallet::open(place.path()).is_ok());
}

#[test]
fn the_journal_of_another_seed_is_refused() {
    let places = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for (place, byte) in places.iter().zip([5, 6]) {
        let seed = MasterSeed::from_bytes([byte; 32]);
        drop(Wallet::import(place.path(), seed).unwrap());
    }
    let [ours, theirs] = places.each_ref().map(|place| place.path().join("seed"));
    fs::copy(&theirs, &ours).unwrap();
    assert!(matches!(
        Wallet::open(places[0].path()),
        Err(WalletError::WrongSeed { .. })
    ));
    assert!(matches!(
        Wallet::adopt(places[0].path()),
        Err(WalletError::WrongSeed { .. })
    ));
}

#[test]
fn a_mistyped_backup_is_refused() {
    let seed = MasterSeed::random().unwrap();
    let text = seed.backup_text();
    assert_eq!(text.len(), 89);
    let shouted = text.to_uppercase().replace(' ', "-");
    assert_eq!(MasterSeed::parse_backup(&shouted).unwrap(), seed);
    for (at, character) in text.char_indices().filter(|(_, c)| *c != ' ') {
        for other in "0123456789abcdef".chars().filter(|c| *c != character) {
            let mut typed = text.to_string();
            typed.replace_range(at..=at, &other.to_string());
            let error = MasterSeed::parse_backup(&typed).unwrap_err();
            assert!(matches!(
                error,
                WalletError::Backup {
                    problem: BackupProblem::Checksum
                }
            ));
            assert!(!error.to_string().contains(&text[..8]));
        }
    }
    for (typed, problem) in [
        ("12 3x", BackupProblem::Character { position: 5 }),
        ("", BackupProblem::Length { digits: 0 }),
        (&text[1..], BackupProblem::Length { digits: 79 }),
        (
            &format!("{}00", *text),
            BackupProblem::Length { digits: 82 },
        ),
    ] {
        let error = MasterSeed::parse_backup(typed).unwrap_err();
        assert!(matches!(error, WalletError::Backup { problem: found } if found == problem));
    }
}

/// What becomes of a journal with that content, in place: the number of entries.
fn reopened(place: &Path, bytes: &[u8]) -> Result<usize, WalletError> {
    fs::write(place.join("journal"), bytes).unwrap();
    Wallet::adopt(place).map(|wallet| wallet.journal().len())
}

#[test]
fn an_unsynchronised_tail_is_dropped_and_damage_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("journal");
    let mut wallet = seeded(place.path());
    let key = wallet.add_key(0, 3).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
        .unwrap();
    drop(wallet);
    let mut wallet = Wallet::open(place.path()).unwrap();
    wallet.add_key(0, 3).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::new(1)), &domain())
        .unwrap();
    let three = [2, 3, 4].map(|nonce| pay(key, Amount::new(1), Nonce::new(nonce)));
    wallet.sign_many(&three, &domain()).unwrap();
    drop(wallet);
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), 6 * 128);
    assert_eq!(reopened(place.path(), &whole).unwrap(), 5);

    // A crash in the middle of the last write: those signatures never left. The file is cut, or has
    // grown and reads as zeros from somewhere on.
    let mut length = 3 * 128;
    while length < whole.len() {
        let kept = length / 128 - 1;
        assert_eq!(reopened(place.path(), &whole[..length]).unwrap(), kept);
        for zeros in [1, 128, 4096] {
            let mut bytes = whole[..length].to_vec();
            bytes.resize(length + zeros, 0);
            let entries = reopened(place.path(), &bytes).ok();
            if length % 128 > 112 && length % 128 + zeros >= 128 {
                // Half a check: no piece of a file is written so.
                assert_eq!(entries, None, "{length} and {zeros}");
                continue;
            }
            assert_eq!(entries, Some(kept), "{length} and {zeros}");
        }
        length += 37;
    }
    // Of one write any part may be missing, of an earlier one none.
    for (slot, entries) in [
        (1, None),
        (2, None),
        (3, Some(4)),
        (4, Some(4)),
        (5, Some(4)),
    ] {
        let mut bytes = whole.clone();
        bytes[slot * 128..(slot + 1) * 128].fill(0);
        let found = reopened(place.path(), &bytes);
        match (entries, found) {
            (Some(entries), Ok(found)) => assert_eq!(entries, found),
            (None, Err(WalletError::Corrupt { offset, .. })) => {
                assert_eq!(offset, slot as u64 * 128);
            }
            (_, found) => panic!("slot {slot}: {found:?}"),
        }
    }
    // What was there when the file got its name was on the disk before.
    for length in [0, 15, 127, 128, 129, 255] {
        let found = reopened(place.path(), &whole[..length]);
        assert!(
            matches!(found, Err(WalletError::Corrupt { .. })),
            "{length}"
        );
    }

    // A flipped bit anywhere.
    for bit in (0..8 * whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let expected = (bit / 8 / 128 * 128) as u64;
        match reopened(place.path(), &bytes) {
            Err(WalletError::Corrupt { offset, .. }) => assert_eq!(offset, expected),
            Err(WalletError::WrongSeed { .. }) => assert!((16..48).contains(&(bit / 8))),
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    // Entries twice, exchanged, or left out: the file was put together by somebody else.
    let slots: Vec<_> = whole.chunks(128).collect();
    for order in [&[0, 1, 2, 2][..], &[0, 1, 3, 2], &[0, 1, 3], &[0, 2, 1]] {
        let bytes = order.iter().map(|&slot| slots[slot]).collect::<Vec<_>>();
        let found = reopened(place.path(), &bytes.concat());
        assert!(
            matches!(found, Err(WalletError::Corrupt { .. })),
            "{order:?}"
        );
    }
    assert_eq!(reopened(place.path(), &whole).unwrap(), 5);
}

#[test]
fn a_journal_of_version_1_is_read_as_it_was_written() {
    let entry = |index: u32| Signed {
        root: Root(Digest([1u32, 2, 3, 4].map(BaseElement::from))),
        index,
        nonce: Nonce::new(index),
        bound: Digest::ZERO,
        rho: [0u32; 2].map(BaseElement::from),
    };
    let whole = journal::format::old_journal(&[entry(0), entry(u32::MAX)]);
    assert_eq!(whole.len(), 16 + 2 * 80);
    let place = tempfile::tempdir().unwrap();
    let seed = place.path().join("seed");
    let open = |bytes: &[u8]| {
        fs::write(&seed, [5; 32]).unwrap();
        close_to_others(&seed);
        fs::write(place.path().join("journal"), bytes).unwrap();
        Wallet::open(place.path()).map(|wallet| wallet.journal().next_index(&entry(0).root))
    };
    assert_eq!(open(&whole).unwrap(), u32::MAX);
    for length in [16 + 80, 16 + 81, 16 + 159] {
        assert_eq!(open(&whole[..length]).unwrap(), 1);
        let mut zeros = whole[..length.min(16 + 152)].to_vec();
        zeros.resize(4096, 0);
        assert_eq!(open(&zeros).unwrap(), 1, "{length}");
    }
    for position in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[position] ^= 1;
        let expected = position.checked_sub(16).map_or(0, |at| 16 + at / 80 * 80) as u64;
        let error = open(&bytes).unwrap_err();
        assert!(matches!(error, WalletError::Corrupt { offset, .. } if offset == expected));
    }
    let twice = [&whole[..], &whole[16..96]].concat();
    assert!(matches!(open(&twice), Err(WalletError::Corrupt { .. })));
}

#[cfg(unix)]
fn close_to_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) {}
