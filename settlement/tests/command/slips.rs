//! Slips of the fingers: another program's folder, a file without an end, a name that acts on a terminal.

use std::{fs, process::Output};

use winterlane_settlement::Genesis;

use super::{command, genesis};

/// `create FOLDER --genesis genesis.json` in a directory that has that file.
fn create(place: &tempfile::TempDir, folder: &str, genesis: &str) -> Output {
    command()
        .args(["create", folder, "--genesis", genesis])
        .current_dir(place.path())
        .output()
        .unwrap()
}

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let text = serde_json::to_string(&genesis()).unwrap();
    fs::write(place.path().join("genesis.json"), text).unwrap();
    place
}

fn refused(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("error: ") && !said.contains('\u{1b}'),
        "{said:?}"
    );
    said
}

/// An address in the place of a file is told as the file that is missing.
#[test]
fn no_password_of_an_address_is_said() {
    let place = place();
    for (genesis, told) in [
        (
            "https://me:hush@x/genesis.json",
            "https://\u{2026}@x/genesis.json: ",
        ),
        ("https://me:hush:7440", "https://me:\u{2026}: "),
    ] {
        let words = refused(&create(&place, "folder", genesis));
        assert!(words.contains(told) && !words.contains("hush"), "{words}");
    }
}

#[test]
fn settlement_begins_in_a_folder_of_its_own() {
    let place = place();
    let cases: [(&str, &[&str], &str); 6] = [
        (
            "rollup",
            &["node.toml", "operator.secret"],
            "the folder of a node",
        ),
        ("ledger", &["state.redb"], "the folder of a node"),
        (
            "alice",
            &["seed", "journal", "account.json"],
            "the folder of a wallet",
        ),
        (
            "town",
            &["issuer.json", "heights.json"],
            "the folder of an issuer",
        ),
        ("pool", &["pool.json"], "the folder of a pool"),
        ("photos", &["beach.jpg"], "\"beach.jpg\""),
    ];
    for (folder, files, said) in cases {
        let path = place.path().join(folder);
        fs::create_dir(&path).unwrap();
        for file in files {
            fs::write(path.join(file), "").unwrap();
        }
        let words = refused(&create(&place, folder, "genesis.json"));
        assert!(words.contains(said), "{folder}: {words}");
        assert_eq!(
            fs::read_dir(&path).unwrap().count(),
            files.len(),
            "{folder}"
        );
    }
    let words = refused(&create(&place, "genesis.json", "genesis.json"));
    assert!(
        words.contains("is a file, and a folder is needed"),
        "{words}"
    );
    // an empty one is good, and so is one that does not exist; and what was made is said
    fs::create_dir(place.path().join("empty")).unwrap();
    for folder in ["empty", "new"] {
        let output = create(&place, folder, "genesis.json");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(&format!("serve {folder}")), "{said}");
        assert!(place.path().join(folder).join("settlement.redb").exists());
    }
}

/// What has the name of the lock is locked, and is nothing to wait for.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_the_lock_is_not_waited_for() {
    let place = place();
    let folder = place.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let lock = folder.join("lock");
    let made = std::process::Command::new("mkfifo").arg(&lock).status();
    assert!(made.unwrap().success());
    let words = refused(&create(&place, "folder", "genesis.json"));
    assert!(words.contains("lock: not a regular file"), "{words}");
    fs::remove_file(&lock).unwrap();
    // and a link that leads nowhere is not taken for no settlement
    let link = folder.join("settlement.redb");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let words = refused(&create(&place, "folder", "genesis.json"));
    assert!(words.contains("is there already"), "{words}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

/// A device has no end, and names and fields of strangers may hold anything.
#[test]
fn what_is_given_is_read_with_a_limit_and_shown_with_care() {
    let place = place();
    fs::write(
        place.path().join("evil.json"),
        r#"{"\u001b]0;owned\u0007": 1}"#,
    )
    .unwrap();
    let words = refused(&create(&place, "new", "evil.json"));
    assert!(words.contains("\\u{1b}"), "{words}");
    refused(&create(&place, "new", "nowhere\u{1b}[2J"));
    let output = command().arg("a\u{1b}[2J").output().unwrap();
    refused(&output);
    assert!(!place.path().join("new").exists());
}

/// A file that grows beyond its limit is an error, as a full disk is, and no end by a signal.
#[cfg(unix)]
#[test]
fn a_limit_on_files_is_an_error() {
    let place = place();
    let program = env!("CARGO_BIN_EXE_winterlane-settlement");
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -f 8; exec \"$0\" create new --genesis genesis.json",
            program,
        ])
        .current_dir(place.path())
        .output()
        .unwrap();
    refused(&output);
    assert!(!place.path().join("new/settlement.redb").exists());
    // and what it left keeps nobody from beginning
    let output = create(&place, "new", "genesis.json");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// A pipe with a name is waited for by whoever opens it.
#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_not_waited_for() {
    let place = place();
    let made = std::process::Command::new("mkfifo")
        .arg(place.path().join("pipe"))
        .status();
    assert!(made.unwrap().success());
    let words = refused(&create(&place, "new", "pipe"));
    assert!(words.contains("a named pipe"), "{words}");
    assert!(!place.path().join("new").exists());
}

/// A list would be read as the members in their order, whichever they are in the version that reads it.
#[test]
fn a_list_is_no_genesis() {
    let place = place();
    let Genesis {
        domain,
        operator,
        governor,
        ..
    } = genesis();
    let rules = r#"{"window": 1, "per_unit": 1, "lifetime": 8, "bits": 128}"#;
    let object = |rules: &str| {
        format!(
            r#"{{"domain": "{domain}", "first_batch": 0, "accounts": {{}}, "operator": "{operator}", "governor": "{governor}", "rules": {rules}}}"#
        )
    };
    let whole = format!(r#"["{domain}", 0, {{}}, "{operator}", "{governor}", {rules}]"#);
    for text in [whole, object("[1, 1, 8, 128]")] {
        fs::write(place.path().join("list.json"), text).unwrap();
        let words = refused(&create(&place, "new", "list.json"));
        assert!(words.contains("a list, expected an object"), "{words}");
        assert!(!place.path().join("new").exists());
    }
    fs::write(place.path().join("list.json"), object(rules)).unwrap();
    let output = create(&place, "new", "list.json");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
