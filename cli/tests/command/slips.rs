//! Slips of the fingers: a name that is somebody else's, a place that is none. Each is refused before anything is done that
//! cannot be undone.

use std::{fs, path::Path};

use super::{command, in_directory, names};

/// An issuer `town`, a holder `alice`, her attributes, and a pool that holds 10 for the notes of `alice`.
fn world() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let schema = r#"{"name": "identity", "attributes": {"birth_date": "date", "country": "text"}}"#;
    let person = r#"{"birth_date": "1990-05-17", "country": "DE"}"#;
    for (name, text) in [("schema.json", schema), ("person.json", person)] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    for line in [
        "credential issuer --issuer town --name Town --schema schema.json --height 2",
        "credential holder --wallet alice --out alice.json",
        "private key --wallet alice --out alice.address",
        "private shield --pool pool --to alice.address --amount 10",
    ] {
        in_directory(&directory, 0, line);
    }
    directory
}

/// The content of every file below a directory, by its name.
fn content(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for name in names(directory) {
        let path = directory.join(&name);
        match path.is_dir() {
            true => found.extend(content(&path)),
            false => found.push((name, fs::read(&path).unwrap())),
        }
    }
    found
}

/// Whoever copies, shares or removes the folder of one program does it with what another one has put there.
#[test]
fn nothing_is_begun_in_a_folder_that_is_anothers() {
    let directory = world();
    fs::create_dir(directory.path().join("rollup")).unwrap();
    fs::write(directory.path().join("rollup/node.toml"), "").unwrap();
    super::csv_in(directory.path());
    let begins = [
        (
            "alice",
            "wallet new --account 7 --height 1 --cold-height 5 --wallet",
        ),
        ("alice", "private key --wallet"),
        ("alice", "credential holder --out new.json --wallet"),
        (
            "town",
            "credential issuer --name New --schema schema.json --height 1 --issuer",
        ),
        (
            "pool",
            "private shield --to alice.address --amount 1 --pool",
        ),
        ("", "prove --transfers transfers.csv --batch-size 4 --out"),
    ];
    for folder in ["alice", "town", "pool", "rollup"] {
        let path = directory.path().join(folder);
        let before = content(&path);
        for (own, begin) in begins {
            if own == folder {
                continue;
            }
            let line = format!("{begin} {folder}");
            let (_, said) = in_directory(&directory, 2, &line);
            assert!(said.contains(" is the folder of a"), "{line}: {said}");
            assert!(content(&path) == before, "{line}");
        }
    }
    assert!(!directory.path().join("new.json").exists());
    // Whoever names the wrong folder finds it as it was: its rights, too.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let open = directory.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        for line in [
            "wallet show --wallet open",
            "private scan --pool pool --wallet open",
        ] {
            in_directory(&directory, 2, line);
            assert_eq!(super::mode(&open), 0o755, "{line}");
        }
    }
    // and a folder with something else in it is no place for a pool or an issuer
    let photos = directory.path().join("photos");
    fs::create_dir(&photos).unwrap();
    fs::write(photos.join("beach.jpg"), "sand").unwrap();
    for (own, begin) in begins {
        if ["town", "pool"].contains(&own) {
            let line = format!("{begin} photos");
            let (_, said) = in_directory(&directory, 2, &line);
            assert!(said.contains("\"beach.jpg\""), "{line}: {said}");
            assert_eq!(names(&photos), ["beach.jpg"], "{line}");
        }
    }
}

/// A file that is to be written takes the place of nothing: not of the seed of another wallet, and not of a pipe, a device or a
/// link, which a rename would replace for everybody.
#[test]
fn what_is_there_is_not_written_over() {
    let directory = world();
    let path = |name: &str| directory.path().join(name);
    let new = "wallet new --wallet bob --account 7 --height 1 --cold-height 5 --public";
    let mut there = vec!["alice/seed", "person.json", "alice"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.unwrap().success());
        there.extend(["link", "pipe"]);
    }
    for name in there {
        let before = fs::symlink_metadata(path(name)).unwrap();
        let (_, said) = in_directory(&directory, 2, &format!("{new} {name}"));
        assert!(said.contains("exists already"), "{name}: {said}");
        let after = fs::symlink_metadata(path(name)).unwrap();
        assert_eq!(
            (before.file_type(), before.len()),
            (after.file_type(), after.len()),
            "{name}"
        );
        // nothing half
        assert!(!path("bob").exists(), "{name}");
    }
    in_directory(&directory, 0, &format!("{new} bob.toml"));
    // What a program publishes again and again is replaced where it is a file, and nowhere else.
    #[cfg(unix)]
    {
        fs::rename(path("town/issuer.json"), path("issuer.json")).unwrap();
        std::os::unix::fs::symlink("../issuer.json", path("town/issuer.json")).unwrap();
        let before = fs::read(path("issuer.json")).unwrap();
        let line = "credential issuer --issuer town --new-key --height 1";
        let (_, said) = in_directory(&directory, 2, line);
        assert!(
            said.contains("a symbolic link, not a regular file"),
            "{said}"
        );
        assert_eq!(fs::read(path("issuer.json")).unwrap(), before);
        assert!(
            fs::symlink_metadata(path("town/issuer.json"))
                .unwrap()
                .is_symlink()
        );
    }
}

/// A one-time key that has signed, and notes that are on their way, cannot be had back: that there is no place for what comes
/// of them is found before.
#[test]
fn a_place_that_is_none_costs_nothing() {
    let directory = world();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    let issue = "credential issue --issuer town --holder alice.json --attributes person.json \
                 --valid-until 2099-12-31 --json --out";
    let (_, said) = run(2, &format!("{issue} nowhere/credential.json"));
    assert!(
        said.contains("nowhere: there is no such directory"),
        "{said}"
    );
    let (out, _) = run(0, &format!("{issue} credential.json"));
    let issued: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(issued["number"], 0, "the first one-time key is left");

    let withdraw = "private withdraw --pool pool --wallet alice --to-account 1 --amount 3 --linkable --json --statement";
    let (_, said) = run(2, &format!("{withdraw} nowhere/statement"));
    assert!(
        said.contains("nowhere: there is no such directory"),
        "{said}"
    );
    let (_, said) = run(2, &format!("{withdraw} person.json"));
    assert!(said.contains("person.json: exists already"), "{said}");
    let (out, _) = run(0, "private scan --pool pool --wallet alice --json");
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["notes"][0]["state"], "unspent", "{out}");
    run(0, &format!("{withdraw} statement"));

    // A proof takes seconds, and what it is made of is not even read.
    let prove =
        "credential prove --wallet alice --issuer none --credential none --challenge none --out";
    let balance = "balance prove --wallet alice --challenge none --out";
    for prove in [prove, balance] {
        let (_, said) = run(2, &format!("{prove} nowhere/proof"));
        assert!(
            said.contains("nowhere: there is no such directory"),
            "{prove}: {said}"
        );
        let (_, said) = run(2, &format!("{prove} person.json"));
        assert!(
            said.contains("person.json: exists already"),
            "{prove}: {said}"
        );
    }

    for line in [
        "credential holder --wallet bob --out nowhere/bob.json",
        "private key --wallet bob --out nowhere/bob.address",
        "private key --wallet bob --backup nowhere/bob.backup",
        "wallet new --wallet bob --account 7 --height 1 --cold-height 5 --public nowhere/bob.toml",
    ] {
        let (_, said) = run(2, line);
        assert!(
            said.contains("nowhere: there is no such directory"),
            "{said}"
        );
        assert!(!path("bob").exists(), "{line}");
    }
}

/// A program that asks for JSON finds an object on standard output, however the command ends.
#[test]
fn a_failure_is_an_object_too_where_json_was_asked_for() {
    let directory = world();
    for (line, status) in [
        ("verify nowhere --json", 2),
        ("inspect nowhere --json", 2),
        ("open --transfers person.json --json", 2),
        ("prove --transfers nowhere --out out --json", 2),
        ("wallet show --wallet nowhere --json", 2),
        ("wallet new --wallet bob --account many --json", 2),
        ("wallet restore --json", 2),
        (
            "balance verify --challenge nowhere --proof nowhere --json",
            2,
        ),
        ("fetch --node nowhere --out out --json", 2),
        ("exit status --settlement nowhere --json", 2),
        (
            "private shield --pool pool --to alice.address --amount 0 --json",
            1,
        ),
        ("private scan --pool nowhere --wallet alice --json", 2),
        ("credential revoke --issuer town --number 3 --json", 2),
        ("nonsense --json", 2),
    ] {
        let (out, said) = in_directory(&directory, status, line);
        assert_eq!(out.lines().count(), 1, "{line}: {out}");
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(object["status"], status, "{line}: {out}");
        let reason = object["error"].as_str().unwrap();
        assert!(
            !reason.is_empty() && said.contains(reason),
            "{line}: {out}{said}"
        );
        // and words alone where words were asked for
        let (out, _) = in_directory(&directory, status, &line.replace(" --json", ""));
        assert_eq!(out, "", "{line}");
    }
}

/// People decide by the name of an issuer or a verifier whether they trust it; and what an issuer forgot to say is not signed.
#[test]
fn a_name_is_one_and_an_attribute_is_not_forgotten() {
    let directory = world();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    let long = "n".repeat(257);
    for name in ["''", "'  '", &long] {
        for line in [
            format!("credential issuer --issuer other --schema schema.json --name {name}"),
            format!(
                "credential challenge --issuer town/issuer.json --predicate 'birth_date <= 2008-11-28' --out asked --verifier {name}"
            ),
            format!(
                "balance challenge --domain {0} --root {0} --at-least 1 --out asked --verifier {name}",
                "0".repeat(64)
            ),
        ] {
            let (_, said) = run(2, &line);
            assert!(
                said.contains("it is empty") || said.contains("a name has 256 at most"),
                "{line}: {said}"
            );
        }
    }
    assert!(!path("other").exists() && !path("asked").exists());

    let issue = "credential issue --issuer town --holder alice.json --attributes given.json \
                 --valid-until 2099-12-31 --out credential.json";
    for (given, missing) in [
        ("{}", "birth_date"),
        (r#"{"birth_date": "1990-05-17"}"#, "country"),
        (r#"{"country": "DE"}"#, "birth_date"),
    ] {
        fs::write(path("given.json"), given).unwrap();
        let (_, said) = run(2, issue);
        assert!(
            said.contains(&format!("attribute \"{missing}\": it is missing")),
            "{given}: {said}"
        );
    }
    // Whoever says nothing on purpose says so.
    fs::write(
        path("given.json"),
        r#"{"birth_date": "1990-05-17", "country": []}"#,
    )
    .unwrap();
    run(0, issue);
}

/// A password in an address is of no use to a node or a settlement, and an error is shown to others, and kept in logs.
#[test]
fn no_password_of_an_address_is_said() {
    let directory = world();
    for line in [
        "fetch --out out --node https://me:hush@node.example:1",
        "fetch --out out --node https://hush@node.example",
        "fetch --out out --node me:hush@node.example",
        "fetch --out out --node https://me:hush",
        "fetch --out out --node https://me:hush:8650",
        "fetch --out out --node me:hush:8650",
        "fetch --out out --node https://node.example/?token=hush",
        "wallet new --wallet bob --account 7 --height 1 --cold-height 5 --node https://me:hush@node.example",
        "wallet show --wallet alice --node https://me:hush@node.example",
        "exit status --settlement http://me:hush@127.0.0.1:7440",
        "exit status --settlement https://me:hush@127.0.0.1:7440",
        "exit status --settlement http://me:hush:7440",
        // at the wrong place
        "fetch https://me:hush",
        "verify https://me:hush@node.example",
        "inspect https://me:hush:8650",
        "verify out --threads https://me:hush:8650",
        "fetch https://me:hush@node.example",
        "verify out --threads https://me:hush@node.example",
    ] {
        for json in ["", " --json"] {
            let (out, said) = in_directory(&directory, 2, &format!("{line}{json}"));
            assert!(
                !said.is_empty() && !said.contains("hush") && !out.contains("hush"),
                "{line}: {out}{said}"
            );
        }
    }
}

/// A pipe with a name is waited for by whoever opens it. What a shell has opened is read.
#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_not_waited_for() {
    use std::{io::Write as _, process::Stdio};

    let directory = world();
    let made = std::process::Command::new("mkfifo")
        .arg(directory.path().join("pipe"))
        .status();
    assert!(made.unwrap().success());
    let root = "0".repeat(64);
    for line in [
        "open --transfers pipe",
        "prove --transfers pipe --out out",
        "wallet new --wallet bob --account 7 --height 1 --cold-height 5 --passphrase-file pipe",
        &format!("wallet restore --wallet bob --account 7 --root {root} --seed pipe"),
        "private key --wallet bob --restore pipe",
        "exit collect --secret pipe",
        "fetch --node https://127.0.0.1:1 --certificate pipe --out out",
        "inspect pipe",
    ] {
        let (_, said) = in_directory(&directory, 2, line);
        assert!(
            said.contains("pipe") && said.contains("regular file"),
            "{line}: {said}"
        );
    }
    let payments = super::transfers();
    for given in ["-", "/dev/stdin", "/dev/fd/0"] {
        let mut open = command()
            .args(["open", "--transfers", given, "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut writer = open.stdin.take().unwrap();
        writer.write_all(payments.as_bytes()).unwrap();
        drop(writer);
        let output = open.wait_with_output().unwrap();
        assert!(output.status.success(), "{given}: {output:?}");
        let opened: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(opened["transfers"], 9, "{given}");
    }
}
