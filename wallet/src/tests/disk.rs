//! Real directories: who may read them, and what others do to them.

#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::Command,
};
use winterlane_ledger::Root;

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Where the test below is to work, when it runs in a process of its own.
const PLACE: &str = "WINTERLANE_TEST_PLACE";

#[test]
#[ignore = "a part of the test after it, in a process with another umask"]
fn makes_a_wallet_where_the_environment_says() {
    let Some(place) = std::env::var_os(PLACE) else {
        return;
    };
    let place = PathBuf::from(place).join("above").join("wallet");
    let mut wallet = seeded(&place);
    let key = wallet.add_key(0, 0).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
        .unwrap();
    drop(wallet);
    drop(Wallet::open(&place).unwrap());
}

#[test]
fn nobody_else_can_read_a_wallet_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let place = tempfile::tempdir().unwrap();
        let script = format!(
            "umask {umask}; exec \"$0\" --ignored --exact tests::disk::makes_a_wallet_where_the_environment_says"
        );
        let status = Command::new("sh")
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .env(PLACE, place.path())
            .output()
            .unwrap();
        assert!(status.status.success(), "{status:?}");
        let wallet = place.path().join("above").join("wallet");
        assert_eq!(mode(&wallet), 0o700, "umask {umask}");
        let mut files = 0;
        for entry in fs::read_dir(&wallet).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600, "umask {umask}");
            files += 1;
        }
        assert_eq!(files, 2, "nothing is left over");
    }
}

#[test]
fn what_is_open_to_others_is_closed_or_refused() {
    let place = tempfile::tempdir().unwrap();
    let wallet = place.path().join("wallet");
    drop(seeded(&wallet));
    let [seed, journal] = ["seed", "journal"].map(|name| wallet.join(name));
    set_mode(&wallet, 0o755);
    set_mode(&journal, 0o644);
    drop(Wallet::open(&wallet).unwrap());
    assert_eq!((mode(&wallet), mode(&journal)), (0o700, 0o600));
    for open in [0o640, 0o604, 0o660, 0o602] {
        set_mode(&seed, open);
        assert!(matches!(
            Wallet::open(&wallet),
            Err(WalletError::Exposed { mode, .. }) if mode == open
        ));
    }
    set_mode(&seed, 0o600);
    drop(Wallet::open(&wallet).unwrap());

    // A directory that others use is not closed, and gets no wallet.
    let shared = place.path().join("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o755);
    fs::write(shared.join("letter"), "hello").unwrap();
    assert!(matches!(
        Wallet::create(&shared),
        Err(WalletError::Exposed { mode: 0o755, .. })
    ));
    assert_eq!(mode(&shared), 0o755);
    fs::remove_file(shared.join("letter")).unwrap();
    drop(Wallet::create(&shared).unwrap());
    assert_eq!(mode(&shared), 0o700);
}

/// A wallet with one signature, open, in a directory `wallet` of a new one.
fn signed() -> (tempfile::TempDir, PathBuf, Wallet, Root) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("wallet");
    let mut wallet = seeded(&path);
    let key = wallet.add_key(0, 2).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::ZERO), &domain())
        .unwrap();
    (place, path, wallet, key)
}

type Trick = fn(&Path);

#[test]
fn a_wallet_that_was_tampered_with_signs_nothing_more() {
    let tricks: [(&str, Trick); 10] = [
        ("journal moved away", |wallet| {
            fs::rename(wallet.join("journal"), wallet.join("away")).unwrap();
        }),
        ("journal moved away and copied back", |wallet| {
            fs::rename(wallet.join("journal"), wallet.join("away")).unwrap();
            fs::copy(wallet.join("away"), wallet.join("journal")).unwrap();
        }),
        ("journal replaced by a link to itself", |wallet| {
            fs::rename(wallet.join("journal"), wallet.join("away")).unwrap();
            symlink("away", wallet.join("journal")).unwrap();
        }),
        ("directory moved away and copied back", |wallet| {
            let away = wallet.with_extension("away");
            fs::rename(wallet, &away).unwrap();
            fs::create_dir(wallet).unwrap();
            for name in ["seed", "journal"] {
                fs::copy(away.join(name), wallet.join(name)).unwrap();
            }
        }),
        ("directory moved away", |wallet| {
            fs::rename(wallet, wallet.with_extension("away")).unwrap();
        }),
        ("journal deleted", |wallet| {
            fs::remove_file(wallet.join("journal")).unwrap();
        }),
        ("journal deleted and made again", |wallet| {
            let bytes = fs::read(wallet.join("journal")).unwrap();
            fs::remove_file(wallet.join("journal")).unwrap();
            fs::write(wallet.join("journal"), bytes).unwrap();
        }),
        ("content rolled back in place", |wallet| {
            let bytes = fs::read(wallet.join("journal")).unwrap();
            fs::write(wallet.join("journal"), &bytes[..128]).unwrap();
        }),
        ("last entry overwritten", |wallet| {
            let mut bytes = fs::read(wallet.join("journal")).unwrap();
            bytes[128..].fill(0);
            fs::write(wallet.join("journal"), &bytes).unwrap();
        }),
        ("something appended", |wallet| {
            let mut bytes = fs::read(wallet.join("journal")).unwrap();
            bytes.push(0);
            fs::write(wallet.join("journal"), &bytes).unwrap();
        }),
    ];
    for (name, trick) in tricks {
        let (_place, path, mut wallet, key) = signed();
        trick(&path);
        let first = wallet.sign(&pay(key, Amount::new(2), Nonce::new(1)), &domain());
        let disturbed = matches!(&first, Err(WalletError::Disturbed { .. }));
        assert!(disturbed, "{name}: {first:?}");
        for nonce in [0, 1, 2] {
            let later = wallet.sign(&pay(key, Amount::new(1), Nonce::new(nonce)), &domain());
            assert!(matches!(later, Err(WalletError::Poisoned)), "{name}");
        }
    }
}

#[test]
fn a_link_is_no_journal() {
    let (place, path, wallet, _) = signed();
    drop(wallet);
    let journal = path.join("journal");
    fs::hard_link(&journal, place.path().join("second name")).unwrap();
    assert!(matches!(
        Wallet::open(&path),
        Err(WalletError::Linked { links: 2, .. })
    ));
    fs::remove_file(place.path().join("second name")).unwrap();
    drop(Wallet::open(&path).unwrap());
    fs::rename(&journal, place.path().join("elsewhere")).unwrap();
    symlink(place.path().join("elsewhere"), &journal).unwrap();
    for result in [Wallet::open(&path), Wallet::adopt(&path)] {
        assert!(matches!(result, Err(WalletError::Io { .. })));
    }
}

#[test]
fn a_copy_is_refused_unless_adopted() {
    let (place, path, wallet, key) = signed();
    drop(wallet);
    let copy = place.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for name in ["seed", "journal"] {
        fs::copy(path.join(name), copy.join(name)).unwrap();
    }
    assert!(matches!(
        Wallet::open(&copy),
        Err(WalletError::Copied { .. })
    ));
    let mut wallet = Wallet::adopt(&copy).unwrap();
    wallet.add_key(0, 2).unwrap();
    assert!(already(
        &wallet
            .sign(&pay(key, Amount::new(2), Nonce::ZERO), &domain())
            .unwrap_err(),
        0
    ));
    drop(wallet);
    drop(Wallet::open(&copy).unwrap());
    // A backup put back in place of what came after it.
    let journal = path.join("journal");
    let backup = place.path().join("backup");
    fs::copy(&journal, &backup).unwrap();
    let mut wallet = Wallet::open(&path).unwrap();
    wallet.add_key(0, 2).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::new(1)), &domain())
        .unwrap();
    drop(wallet);
    fs::copy(&backup, &journal).unwrap();
    assert!(matches!(
        Wallet::open(&path),
        Err(WalletError::Copied { .. })
    ));
    // Moving the directory on its disk is not copying.
    fs::rename(&copy, place.path().join("moved")).unwrap();
    drop(Wallet::open(&place.path().join("moved")).unwrap());
}

#[test]
fn a_link_to_the_directory_is_the_directory() {
    let (place, path, wallet, key) = signed();
    let link = place.path().join("link");
    symlink(&path, &link).unwrap();
    assert!(matches!(
        Wallet::open(&link),
        Err(WalletError::Locked { .. })
    ));
    drop(wallet);
    let mut wallet = Wallet::open(&link).unwrap();
    wallet.add_key(0, 2).unwrap();
    wallet
        .sign(&pay(key, Amount::new(1), Nonce::new(1)), &domain())
        .unwrap();
    assert!(matches!(
        Wallet::open(&path),
        Err(WalletError::Locked { .. })
    ));
    // The link leads elsewhere now.
    fs::remove_file(&link).unwrap();
    symlink(place.path(), &link).unwrap();
    assert!(matches!(
        wallet.sign(&pay(key, Amount::new(1), Nonce::new(2)), &domain()),
        Err(WalletError::Disturbed { .. })
    ));
}

/// A hole makes a file longer than any memory, on a disk that has next to nothing of it.
#[test]
fn a_file_that_no_wallet_writes_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    drop(seeded(place.path()));
    let journal = place.path().join("journal");
    let whole = fs::read(&journal).unwrap();
    let file = fs::File::options().write(true).open(&journal).unwrap();
    // Where the disk has no files as long as that there is nothing to try.
    if file.set_len(1 << 42).is_ok() {
        let error = Wallet::open(place.path()).unwrap_err();
        assert!(matches!(&error, WalletError::Io { path, .. } if *path == journal));
        assert!(error.to_string().contains("it was not read"), "{error}");
    }
    file.set_len(whole.len() as u64).unwrap();
    drop(file);
    drop(Wallet::open(place.path()).unwrap());
}

/// Who encrypts a seed takes it for encrypted, wherever it lies.
#[test]
fn a_seed_with_a_second_name_is_not_encrypted_under_one_of_them() {
    let place = tempfile::tempdir().unwrap();
    let (wallet, other) = (place.path().join("wallet"), place.path().join("other"));
    let open = seeded(&wallet);
    fs::hard_link(wallet.join("seed"), &other).unwrap();
    let word = || Passphrase::new(zeroize::Zeroizing::new("word".to_owned())).unwrap();
    let refused = open.encrypt(Some(&word())).unwrap_err();
    assert!(
        matches!(refused, WalletError::Linked { links: 2, .. }),
        "{refused}"
    );
    assert!(!open.is_encrypted().unwrap());
    assert!(!wallet.join("seed.new").exists());
    fs::remove_file(&other).unwrap();
    open.encrypt(Some(&word())).unwrap();
    assert!(open.is_encrypted().unwrap());
}
