//! Wallets whose seed is encrypted.

use std::fs;

use super::in_directory;

const NEW: &str = "wallet new --account 7 --height 1 --cold-height 5";

#[test]
fn a_wallet_is_encrypted_opened_and_changed_by_passphrases_in_files() {
    let directory = tempfile::tempdir().unwrap();
    for (name, word) in [
        ("one", "first words\n"),
        ("two", "second words"),
        ("none", "\n"),
    ] {
        fs::write(directory.path().join(name), word).unwrap();
    }
    let run = |status, line: &str| in_directory(&directory, status, line);
    let seed = || fs::read(directory.path().join("wallet/seed")).unwrap();
    run(0, &format!("{NEW} --passphrase-file one"));
    assert!(seed().starts_with(b"{\"format\":\"winterlane-keystore-1\""));

    // Without a terminal nobody is asked; a wrong passphrase is named as that, and not shown.
    let (_, said) = run(2, "wallet export --public");
    assert!(said.contains("--passphrase-file"), "{said}");
    let (_, said) = run(2, "wallet export --seed --passphrase-file two");
    assert!(
        said.contains("does not open") && !said.contains("second"),
        "{said}"
    );
    let (_, said) = run(2, "wallet export --seed --passphrase-file none");
    assert!(said.contains("empty"), "{said}");
    let (backup, _) = run(0, "wallet export --seed --passphrase-file one");

    run(
        0,
        "wallet passphrase --passphrase-file one --new-passphrase-file two",
    );
    run(2, "wallet export --seed --passphrase-file one");
    assert_eq!(
        run(0, "wallet export --seed --passphrase-file two").0,
        backup
    );
    // Nothing is changed by a passphrase that is none, nor where there is nobody to ask.
    run(
        2,
        "wallet passphrase --passphrase-file two --new-passphrase-file none",
    );
    run(2, "wallet passphrase --passphrase-file two");
    let (said, _) = run(0, "wallet passphrase --passphrase-file two --none");
    assert!(said.contains("not encrypted"), "{said}");
    assert!(seed().starts_with(b"winterlane-seed2"));
    assert_eq!(run(0, "wallet export --seed").0, backup);
    // A wallet that is not encrypted opens with a passphrase that it does not need.
    assert_eq!(
        run(0, "wallet export --seed --passphrase-file one").0,
        backup
    );
}

#[test]
fn a_new_wallet_that_cannot_be_encrypted_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let (_, said) = in_directory(&directory, 2, &format!("{NEW} --encrypt"));
    assert!(said.contains("no terminal"), "{said}");
    let (_, said) = in_directory(&directory, 2, &format!("{NEW} --passphrase-file nowhere"));
    assert!(said.contains("nowhere"), "{said}");
    assert!(!directory.path().join("wallet").exists());
}
