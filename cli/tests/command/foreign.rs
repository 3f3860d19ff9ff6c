//! Files of others that the commands of notes, credentials and balances are given: huge, no files, or with characters that
//! act on a terminal. `strangers` has the same for batches.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{command, in_directory, strangers::harmless, words};

const NAME: &str = "Town\u{1b}[2J\u{202e} of\r\n Example\u{9b}31m";

/// A directory with an issuer and a verifier whose names act on a terminal, a holder with a credential, a challenge, and a
/// pool. Everything that is shown on the way is harmless.
fn world() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let schema = r#"{"name": "identity", "attributes": {"birth_date": "date"}}"#;
    fs::write(path("schema.json"), schema).unwrap();
    fs::write(path("person.json"), r#"{"birth_date": "1990-05-17"}"#).unwrap();
    let run = |line: &str, name: Option<&str>| {
        let mut words = words(line);
        for word in &mut words {
            if let (true, Some(name)) = (*word == "@", name) {
                name.clone_into(word);
            }
        }
        let output = command()
            .args(&words)
            .current_dir(directory.path())
            .output()
            .unwrap();
        let [out, errors] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{line}: {errors}");
        harmless(&(out + &errors));
    };
    run(
        "credential issuer --issuer town --name @ --schema schema.json --height 1",
        Some(NAME),
    );
    run("credential holder --wallet alice --out alice.json", None);
    run(
        "credential issue --issuer town --holder alice.json --attributes person.json --valid-until 2099-12-31 \
         --out credential.json",
        None,
    );
    run(
        "credential challenge --issuer town/issuer.json --verifier @ --predicate 'birth_date <= 2008-11-28' \
         --out challenge.json",
        Some(NAME),
    );
    run(
        "credential prove --wallet alice --issuer town/issuer.json --credential credential.json --challenge \
         challenge.json --out answer.proof",
        None,
    );
    run("private key --wallet alice --out alice.address", None);
    run("private disclose --wallet alice --out alice.viewing", None);
    run(
        "private shield --pool pool --to alice.address --amount 10",
        None,
    );
    let domain = "0".repeat(64);
    run(
        &format!(
            "balance challenge --verifier @ --domain {domain} --root {domain} --at-least 1 --out balance.json"
        ),
        Some(NAME),
    );
    directory
}

/// Commands that read a file of somebody else's, `@`. What they read before is in order.
const READS: &[&str] = &[
    "private shield --pool pool --to @ --amount 1",
    "private send --pool pool --wallet alice --to @ --amount 1",
    "private scan --pool pool --viewing-key @",
    "private scan --pool pool --wallet alice --policy @",
    "private withdraw --pool pool --wallet alice --to-account 1 --amount 1 --association @",
    "private policy --pool pool --association @",
    "credential issuer --issuer other --name Other --schema @",
    "credential issue --issuer town --holder @ --attributes person.json --valid-until 2099-12-31 --out x",
    "credential issue --issuer town --holder alice.json --attributes @ --valid-until 2099-12-31 --out x",
    "credential challenge --issuer @ --verifier bar --predicate 'birth_date <= 2008-11-28' --out x",
    "credential challenge --issuer town/issuer.json --verifier bar --predicate 'birth_date in @' --out x",
    "credential prove --wallet alice --issuer town/issuer.json --credential credential.json --challenge @ --out x",
    "credential prove --wallet alice --issuer town/issuer.json --credential @ --challenge challenge.json --out x",
    "credential prove --wallet alice --issuer @ --credential credential.json --challenge challenge.json --out x",
    "credential verify --challenge @ --proof answer.proof",
    "credential verify --challenge challenge.json --proof @",
    "balance prove --wallet alice --challenge @ --out x",
    "balance verify --challenge @ --proof answer.proof",
    "balance verify --challenge balance.json --proof @",
];

#[test]
fn files_of_others_are_looked_at_before_they_are_read() {
    let directory = world();
    let path = |name: &str| directory.path().join(name);
    // The name of a set is a word of the predicate's language.
    let given = |line: &str| line.replace('@', "given.json");
    type Make<'a> = &'a dyn Fn(&Path);
    let huge = |path: &Path| fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
    let folder = |path: &Path| fs::create_dir(path).unwrap();
    let pipe = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let device = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    let kinds: [(Make<'_>, &str); 4] = [
        (&huge, "it was not read"),
        (&folder, "a directory, not a regular file"),
        (&pipe, "a named pipe, not a regular file"),
        (&device, "a device, not a regular file"),
    ];
    for (make, said) in kinds {
        let given_path = path("given.json");
        make(&given_path);
        for line in READS {
            let (out, errors) = in_directory(&directory, 2, &given(line));
            assert!(
                errors.contains(said) && errors.contains("given.json"),
                "{line}: {errors}"
            );
            assert!(out.is_empty(), "{line}: {out}");
        }
        if given_path.is_dir() {
            fs::remove_dir(given_path).unwrap();
        } else {
            fs::remove_file(given_path).unwrap();
        }
    }
    for left in ["x", "other/issuer.json", "challenge.json.answered"] {
        assert!(!path(left).exists(), "{left}");
    }
    // Nothing of it was in the way of what is honest.
    let verify = "credential verify --challenge challenge.json --proof answer.proof --json";
    let (out, _) = in_directory(&directory, 0, verify);
    harmless(&out);
}

#[test]
fn what_others_wrote_does_not_act_on_the_terminal() {
    let directory = world();
    let path = |name: &str| directory.path().join(name);
    let (out, errors) = in_directory(
        &directory,
        0,
        "credential verify --challenge challenge.json --proof answer.proof",
    );
    harmless(&(out + &errors));
    // In each field of text of a file, whether it is then refused or not; and files that are nothing but that.
    let evil = r"\u001b[2K\r\u001b[32mverified\u001b[0m\n\u202e\u009b";
    for (file, lines) in [
        (
            "challenge.json",
            &[
                "credential prove --wallet alice --issuer town/issuer.json --credential credential.json --challenge @ --out y",
                "credential verify --challenge @ --proof answer.proof",
            ][..],
        ),
        (
            "credential.json",
            &[
                "credential prove --wallet alice --issuer town/issuer.json --credential @ --challenge challenge.json --out y",
            ],
        ),
        (
            "balance.json",
            &[
                "balance prove --wallet alice --challenge @ --out y",
                "balance verify --challenge @ --proof answer.proof",
            ],
        ),
        (
            "alice.json",
            &[
                "credential issue --issuer town --holder @ --attributes person.json --valid-until 2099-12-31 --out y",
            ],
        ),
        (
            "schema.json",
            &["credential issuer --issuer other --name Other --schema @ --height 1"],
        ),
    ] {
        let honest = fs::read_to_string(path(file)).unwrap();
        let mut places: Vec<usize> = honest.match_indices('"').map(|(at, _)| at + 1).collect();
        // Some of them, from the beginning to the end: every text has two.
        places = places
            .iter()
            .step_by(places.len().div_ceil(16))
            .copied()
            .collect();
        for at in places {
            let changed = format!("{}{evil}{}", &honest[..at], &honest[at..]);
            fs::write(path("changed.json"), changed).unwrap();
            for line in lines {
                let output = command()
                    .args(words(&line.replace('@', "changed.json")))
                    .current_dir(directory.path())
                    .output()
                    .unwrap();
                assert!(
                    matches!(output.status.code(), Some(0..=2)),
                    "{line}: {output:?}"
                );
                harmless(&String::from_utf8(output.stdout).unwrap());
                harmless(&String::from_utf8(output.stderr).unwrap());
                for made in ["y", "changed.json.answered"] {
                    let _ = fs::remove_file(path(made));
                }
                let _ = fs::remove_dir_all(path("other"));
            }
        }
    }
    fs::write(path("evil"), "\u{1b}[2K\u{1b}[32mverified\u{202e}\u{9b}").unwrap();
    for line in READS {
        let output = command()
            .args(words(&line.replace('@', "evil")))
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{line}: {output:?}"
        );
        harmless(&String::from_utf8(output.stderr).unwrap());
    }
}
