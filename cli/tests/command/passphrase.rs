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

#[test]
fn a_new_wallet_is_told_in_json() {
    let directory = tempfile::tempdir().unwrap();
    let (made, _) = in_directory(&directory, 0, &format!("{NEW} --json --public alice.toml"));
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(
        (&made["id"], &made["encrypted"]),
        (&7.into(), &false.into()),
        "{made}"
    );
    let path = directory.path().join("alice.toml");
    let public = fs::read_to_string(&path).unwrap();
    assert!(public.contains(made["keys"][0]["root"].as_str().unwrap()));
    // Others read it, by whatever mask.
    #[cfg(unix)]
    assert_eq!(super::mode(&path), 0o644);
    let (said, _) = in_directory(
        &directory,
        0,
        "wallet passphrase --new-passphrase-file alice.toml --json",
    );
    assert_eq!(said, "{\"encrypted\":true}\n");
}

/// Writes passphrases to files, each with its name as the word.
fn words(directory: &tempfile::TempDir, names: &[&str]) {
    for name in names {
        fs::write(directory.path().join(name), format!("{name} word\n")).unwrap();
    }
}

/// That whatever opens the seed asks as the wallet does: nothing without a passphrase, nothing by a wrong one, and it
/// goes on by the right one.
#[track_caller]
fn opens_by(directory: &tempfile::TempDir, line: &str, right: &str) -> String {
    let (_, said) = in_directory(directory, 2, line);
    assert!(said.contains("--passphrase-file"), "{line}: {said}");
    let (out, said) = in_directory(directory, 2, &format!("{line} --passphrase-file wrong"));
    assert!(
        said.contains("does not open") && out.is_empty(),
        "{line}: {said}"
    );
    assert!(!said.contains("wrong word"), "{line}: {said}");
    in_directory(directory, 0, &format!("{line} --passphrase-file {right}")).0
}

#[test]
fn notes_are_found_and_spent_by_the_passphrase_alone() {
    let directory = tempfile::tempdir().unwrap();
    words(&directory, &["one", "two", "wrong"]);
    let run = |status, line: &str| in_directory(&directory, status, line);
    let seed = || fs::read(directory.path().join("alice/seed")).unwrap();
    let made = "private key --wallet alice --out alice.address --backup alice.backup --json";
    let (made, _) = run(0, &format!("{made} --passphrase-file one"));
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(
        (&made["made"], &made["encrypted"]),
        (&true.into(), &true.into())
    );
    assert!(seed().starts_with(b"{\"format\":\"winterlane-keystore-1\""));

    // To shield takes an address and no key.
    for amount in [1000, 77] {
        run(
            0,
            &format!("private shield --pool pool --to alice.address --amount {amount}"),
        );
    }
    opens_by(&directory, "private key --wallet alice", "one");
    opens_by(
        &directory,
        "private disclose --wallet alice --out alice.viewing",
        "one",
    );
    opens_by(&directory, "private scan --pool pool --wallet alice", "one");
    let spend = "private withdraw --pool pool --wallet alice --to-account 3 --amount 400";
    opens_by(&directory, spend, "one");
    let send = "private send --pool pool --wallet alice --to alice.address --amount 5";
    opens_by(&directory, send, "one");
    // Who has the viewing key is asked for nothing.
    run(0, "private scan --pool pool --viewing-key alice.viewing");

    // Another passphrase, none, and one again: the notes and what was found stay.
    let change = "private passphrase --wallet alice --passphrase-file one";
    run(0, &format!("{change} --new-passphrase-file two"));
    run(2, &format!("{change} --new-passphrase-file one"));
    opens_by(&directory, "private scan --pool pool --wallet alice", "two");
    let (said, _) = run(
        0,
        "private passphrase --wallet alice --passphrase-file two --none --json",
    );
    assert_eq!(said, "{\"encrypted\":false}\n");
    assert!(seed().starts_with(b"winterlane-seed2"));
    let (scanned, _) = run(0, "private scan --pool pool --wallet alice --json");
    assert!(scanned.contains("\"677\""), "{scanned}");

    // A seed that is not encrypted goes on opening, and is not taken for one that is.
    let (_, said) = run(2, "private key --wallet alice --encrypt");
    assert!(
        said.contains("not encrypted") && said.contains("passphrase --wallet alice"),
        "{said}"
    );
    let (said, _) = run(0, "private key --wallet alice --passphrase-file one");
    assert!(said.contains("not encrypted"), "{said}");
    // The wallet's own command changes any seed, without an account.
    run(
        0,
        "wallet passphrase --wallet alice --new-passphrase-file one",
    );
    opens_by(&directory, "private scan --pool pool --wallet alice", "one");
    // So does a wallet that is made from a backup.
    let again = "private key --wallet again --restore alice.backup";
    run(0, &format!("{again} --passphrase-file two"));
    opens_by(&directory, "private key --wallet again", "two");
    let files = fs::read(directory.path().join("again/seed")).unwrap();
    assert!(files.starts_with(b"{\"format\":"));
}

#[test]
fn holders_and_issuers_are_opened_by_the_passphrase_alone() {
    let directory = tempfile::tempdir().unwrap();
    words(&directory, &["one", "two", "wrong"]);
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    for (name, text) in [
        (
            "schema.json",
            r#"{"name": "identity", "attributes": {"birth_date": "date"}}"#,
        ),
        ("person.json", r#"{"birth_date": "1990-05-17"}"#),
    ] {
        fs::write(path(name), text).unwrap();
    }
    let issuer = "credential issuer --issuer town --name Town --schema schema.json --height 1";
    run(0, &format!("{issuer} --passphrase-file one"));
    run(
        0,
        "credential holder --wallet alice --out alice.json --passphrase-file one",
    );
    for name in ["town/keys/seed", "alice/seed"] {
        assert!(
            fs::read(path(name)).unwrap().starts_with(b"{\"format\":"),
            "{name}"
        );
    }
    // What is published, and what says how large keys are, opens without.
    opens_by(
        &directory,
        "credential holder --wallet alice --out alice.json",
        "one",
    );
    opens_by(
        &directory,
        "credential issue --issuer town --holder alice.json --attributes person.json --valid-until 2099-12-31 \
         --out credential.json",
        "one",
    );
    run(
        0,
        "credential challenge --issuer town/issuer.json --verifier bar --predicate 'birth_date <= 2008-11-28' \
         --out question.json",
    );
    opens_by(
        &directory,
        "credential prove --wallet alice --issuer town/issuer.json --credential credential.json --challenge \
         question.json --out answer.proof",
        "one",
    );
    run(
        0,
        "credential verify --challenge question.json --proof answer.proof",
    );
    opens_by(
        &directory,
        "credential issuer --issuer town --new-key --height 1",
        "one",
    );
    opens_by(
        &directory,
        "credential revoke --issuer town --number 0",
        "one",
    );
    let (_, said) = run(
        2,
        "credential revoke --issuer town --number 1 --passphrase-file one",
    );
    assert!(said.contains("no credential with number 1"), "{said}");

    for (what, name) in [
        ("--issuer town", "town/keys/seed"),
        ("--wallet alice", "alice/seed"),
    ] {
        let change = format!("credential passphrase {what}");
        run(
            0,
            &format!("{change} --passphrase-file one --new-passphrase-file two"),
        );
        let (_, said) = run(2, &format!("{change} --passphrase-file one --none"));
        assert!(said.contains("does not open"), "{said}");
        run(0, &format!("{change} --passphrase-file two --none"));
        assert!(
            fs::read(path(name))
                .unwrap()
                .starts_with(b"winterlane-seed2"),
            "{name}"
        );
    }
    run(0, "credential holder --wallet alice --out alice.json");
    run(0, "credential issuer --issuer town --new-key --height 1");
    // Nothing is made where no passphrase is to be had.
    let (_, said) = run(2, "credential holder --wallet bob --out bob.json --encrypt");
    assert!(said.contains("no terminal"), "{said}");
    assert!(!path("bob").exists() && !path("bob.json").exists());
}
