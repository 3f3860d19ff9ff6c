//! Wallets whose folder was copied: to another disk, or from a backup.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

use super::in_directory;

/// Copies a folder with everything in it, as its owner does who moves it.
fn copy(from: &Path, to: &Path) {
    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&here, &there);
        } else {
            fs::copy(&here, &there).unwrap();
        }
    }
    let mode = fs::metadata(from).unwrap().permissions().mode();
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_copy_is_used_once_its_owner_says_that_nothing_was_signed_since() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    fs::write(directory.path().join("word"), "a word").unwrap();
    run(
        0,
        "wallet new --account 7 --height 1 --cold-height 5 --passphrase-file word",
    );
    copy(
        &directory.path().join("wallet"),
        &directory.path().join("copy"),
    );
    let export = "wallet export --public --wallet copy --passphrase-file word";
    let (_, said) = run(2, export);
    assert!(said.contains("winterlane wallet adopt"), "{said}");
    // not by mistake
    let adopt = "wallet adopt --wallet copy --passphrase-file word";
    let (_, said) = run(2, adopt);
    assert!(said.contains("--nothing-signed-since"), "{said}");
    run(2, export);
    let (said, _) = run(0, &format!("{adopt} --nothing-signed-since --json"));
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["adopted"], true);
    let (exported, _) = run(0, export);
    assert!(exported.contains("id = 7"), "{exported}");
}

/// An issuer has no other way back: its keys sign credentials, and no account could give it new ones.
#[test]
fn an_issuer_that_was_moved_issues_again() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let schema = r#"{"name": "test", "attributes": {"age": "integer"}}"#;
    fs::write(directory.path().join("schema.json"), schema).unwrap();
    run(
        0,
        "credential issuer --issuer old --name N --schema schema.json --height 1",
    );
    copy(
        &directory.path().join("old"),
        &directory.path().join("moved"),
    );
    let next = "credential issuer --issuer moved --new-key --height 1";
    let (_, said) = run(2, next);
    assert!(
        said.contains("wallet adopt --wallet")
            && said.contains("moved/keys --nothing-signed-since`"),
        "{said}"
    );
    run(0, "wallet adopt --wallet moved/keys --nothing-signed-since");
    run(0, next);
}
