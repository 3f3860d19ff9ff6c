//! `verify` and `inspect` on directories that strangers have made, and chains with parts missing.

use std::{fs, path::Path};

use super::{expect, proven, said, text};

/// Nothing here moves a cursor or hides itself.
#[track_caller]
pub(crate) fn harmless(shown: &str) {
    let hidden = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!shown.chars().any(hidden), "{shown:?}");
}

#[test]
fn no_file_writes_to_the_terminal() {
    let (directory, _) = proven();
    let at = |name: &str| directory.path().join(name);
    let public = fs::read_to_string(at("batch-0000.public.json")).unwrap();
    let evil = "\\u001b[2K\\r\\u001b[32mverified\\u001b[0m\\nprovable bits 128\\u202e\\u009b";
    for field in ["fast-128", "winterlane-batch-1", "preset", "records\": \""] {
        assert!(public.contains(field));
        let name = at("batch-0000.public.json");
        fs::write(&name, public.replacen(field, &format!("{field}{evil}"), 1)).unwrap();
        for arguments in [
            &["inspect", text(&name)][..],
            &["inspect", text(&name), "--json"],
            &["inspect", text(&name), "--records"],
            &["verify", text(directory.path())],
            &["verify", text(directory.path()), "--json"],
        ] {
            let output = super::winterlane(arguments);
            assert!(matches!(output.status.code(), Some(0..=2)), "{output:?}");
            harmless(&String::from_utf8(output.stdout).unwrap());
            harmless(&String::from_utf8(output.stderr).unwrap());
        }
    }
    // Names too: of files, of directories, of arguments that are no files.
    let name = at("evil\u{1b}[31m\u{202e}.public.json");
    for (status, arguments) in [
        (2, &["inspect", text(&name)][..]),
        (2, &["verify", text(&name)]),
        (2, &["verify", text(&name), text(&name)]),
        (2, &[text(&name)]),
        (2, &["prove", "--transfers", text(&name), "--out", "x"]),
    ] {
        harmless(&said(status, arguments).1);
    }
    fs::write(&name, &public).unwrap();
    harmless(&expect(0, &["inspect", text(&name)]));
}

/// In an address space of which a good directory takes a part: ten proofs of 64 MiB, and a hundred of the most that a
/// proof may have, cost no more. Each of the two would take 640 or 400 MiB if they were held at once. The limit leaves
/// room for what differs between machines: stacks, and one arena of the allocator.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_files() {
    let (directory, _) = proven();
    let verify = || {
        let line = "ulimit -v 380000; exec $W verify $D --threads 1";
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", line]).env("D", directory.path());
        shell.env("W", env!("CARGO_BIN_EXE_winterlane"));
        // Else each thread's arena reserves 64 MiB, or falls back to another's: by chance.
        shell.env("MALLOC_ARENA_MAX", "1");
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    assert_eq!(verify(), (Some(0), String::new()));
    let at = |number: usize, kind| directory.path().join(format!("batch-{number:04}.{kind}"));
    for (mebibytes, files) in [(64, 10), (4, 100)] {
        for number in 0..files {
            if number >= 4 {
                fs::copy(at(3, "public.json"), at(number, "public.json")).unwrap();
            }
            let proof = fs::File::create(at(number, "proof")).unwrap();
            proof.set_len(mebibytes << 20).unwrap();
        }
        let (found, said) = verify();
        assert!(matches!(found, Some(1 | 2)), "{mebibytes} MiB: {said}");
        assert!(mebibytes == 4 || said.contains("was not read"), "{said}");
    }
}

/// A megabyte of it would drive everything else off the screen, and all of a directory's are in memory at once.
#[test]
fn a_long_name_of_a_preset_is_neither_kept_nor_shown() {
    let (directory, _) = proven();
    let file = directory.path().join("batch-0000.public.json");
    let public = fs::read_to_string(&file).unwrap();
    let long = format!("fast-128{}", "x".repeat(1 << 20));
    fs::write(&file, public.replacen("fast-128", &long, 1)).unwrap();
    let (_, errors) = said(1, &["verify", text(directory.path())]);
    assert!(
        errors.contains("its public file says \"fast-128xxx"),
        "{errors}"
    );
    let shown = expect(0, &["inspect", text(&file)]);
    assert!(errors.len() + shown.len() < 4096, "{shown}");
}

#[test]
fn sizes_are_looked_at_before_reading() {
    let (directory, _) = proven();
    for name in ["batch-0003.proof", "batch-0003.public.json"] {
        let path = directory.path().join(name);
        let bytes = fs::read(&path).unwrap();
        // A terabyte that takes no room: whoever reads it first runs out of memory or of patience.
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        for command in ["verify", "inspect"] {
            let of = if command == "verify" {
                directory.path()
            } else {
                &path
            };
            let (_, errors) = said(2, &[command, text(of)]);
            assert!(
                errors.contains("1099511627776 bytes") && errors.contains("not read"),
                "{errors}"
            );
        }
        fs::write(&path, bytes).unwrap();
    }
    expect(0, &["verify", text(directory.path())]);
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    use std::{os::unix::fs::symlink, process::Command};

    let pipe = |path: &Path| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    let to_itself = |path: &Path| symlink(path, path).unwrap();
    let to_device = |path: &Path| symlink("/dev/zero", path).unwrap();
    let directory_at = |path: &Path| fs::create_dir(path).unwrap();
    type Make<'a> = &'a dyn Fn(&Path);
    let kinds: [(Make<'_>, &str); 4] = [
        (&pipe, "a named pipe, not a regular file"),
        (&to_device, "a device, not a regular file"),
        (&directory_at, "a directory, not a regular file"),
        (&to_itself, "symbolic link"),
    ];
    for (make, message) in kinds {
        for name in ["batch-0001.proof", "batch-0001.public.json"] {
            let (directory, _) = proven();
            let path = directory.path().join(name);
            fs::remove_file(&path).unwrap();
            make(&path);
            for of in [directory.path(), &path] {
                let command = if of == path { "inspect" } else { "verify" };
                let (_, errors) = said(2, &[command, text(of)]);
                assert!(
                    errors.contains(message) && errors.contains(name),
                    "{errors}"
                );
            }
        }
    }
    // A link to a file that is one is as good as the file.
    let (directory, _) = proven();
    let path = directory.path().join("batch-0001.proof");
    fs::rename(&path, directory.path().join("elsewhere")).unwrap();
    symlink(directory.path().join("elsewhere"), &path).unwrap();
    expect(0, &["verify", text(directory.path())]);
}

#[test]
fn a_chain_is_held_to_what_its_reader_knows() {
    let (directory, report) = proven();
    let path = text(directory.path());
    let json = expect(0, &["verify", path, "--json"]);
    let accepted: serde_json::Value = serde_json::from_str(&json).unwrap();
    for field in ["domain", "old_root", "new_root"] {
        assert_eq!(accepted[field], report[field]);
    }
    let found = |accepted: &serde_json::Value| accepted["taken_as_found"].clone();
    let all = serde_json::json!(["domain", "old_root", "end"]);
    assert_eq!(found(&accepted), all);
    let pins = [
        (
            "--domain",
            accepted["domain"].as_str().unwrap(),
            &*"0".repeat(64),
        ),
        (
            "--old-root",
            accepted["old_root"].as_str().unwrap(),
            &"1".repeat(64),
        ),
        (
            "--new-root",
            accepted["new_root"].as_str().unwrap(),
            &"2".repeat(64),
        ),
        ("--batches", "4", "5"),
        ("--first-batch", "0", "1"),
    ];
    for (option, right, wrong) in pins {
        expect(0, &["verify", path, option, right]);
        expect(2, &["verify", path, option, "nonsense"]);
        let (out, errors) = said(1, &["verify", path, option, wrong, "--json"]);
        let refused: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(refused["valid"], false, "{option}");
        let reason = refused["reason"].as_str().unwrap();
        assert_eq!(errors, format!("invalid: {reason}\n"));
        assert!(reason.contains(option), "{option}: {reason}");
    }
    let shown = expect(0, &["verify", path]);
    assert!(
        shown.contains("0 to 3") && shown.contains("taken as found"),
        "{shown}"
    );
    let all = pins.iter().flat_map(|(option, right, _)| [*option, *right]);
    let shown = expect(
        0,
        &["verify", path].into_iter().chain(all).collect::<Vec<_>>(),
    );
    assert!(!shown.contains("taken as found"), "{shown}");
    for (option, right, open) in [
        (
            "--domain",
            pins[0].1,
            serde_json::json!(["old_root", "end"]),
        ),
        (
            "--old-root",
            pins[1].1,
            serde_json::json!(["domain", "end"]),
        ),
        ("--batches", "4", serde_json::json!(["domain", "old_root"])),
    ] {
        let json = expect(0, &["verify", path, "--json", option, right]);
        let accepted = serde_json::from_str(&json).unwrap();
        assert_eq!(found(&accepted), open, "{option}");
    }
}

#[test]
fn a_missing_part_and_a_wrong_name_are_seen() {
    let remove = |directory: &Path, number: u32| {
        for kind in ["proof", "public.json"] {
            fs::remove_file(directory.join(format!("batch-{number:04}.{kind}"))).unwrap();
        }
    };
    let (directory, report) = proven();
    let path = text(directory.path());
    remove(directory.path(), 3);
    let last = report["new_root"].as_str().unwrap();
    expect(0, &["verify", path]);
    expect(1, &["verify", path, "--batches", "4"]);
    expect(1, &["verify", path, "--new-root", last]);
    remove(directory.path(), 0);
    let (_, errors) = said(1, &["verify", path]);
    assert!(errors.contains("first batch here is 1, not 0"), "{errors}");
    expect(0, &["verify", path, "--first-batch", "1", "--batches", "2"]);

    // A gap, a chain under other numbers, two batches that changed their names.
    let (directory, _) = proven();
    remove(directory.path(), 1);
    let (_, errors) = said(1, &["verify", text(directory.path())]);
    assert!(errors.contains("batch 1 is missing"), "{errors}");
    let rename = |from: u32, to: u32| {
        for kind in ["proof", "public.json"] {
            let name = |number| directory.path().join(format!("batch-{number:04}.{kind}"));
            fs::rename(name(from), name(to)).unwrap();
        }
    };
    rename(2, 1);
    rename(3, 2);
    let (_, errors) = said(1, &["verify", text(directory.path())]);
    assert!(
        errors.contains("it says that it is batch 2, and its name that it is 1"),
        "{errors}"
    );
}

#[test]
fn a_cut_proof_is_shown_as_what_it_is() {
    let (directory, _) = proven();
    let proof = directory.path().join("batch-0000.proof");
    let bytes = fs::read(&proof).unwrap();
    for length in [30, 2000, bytes.len() - 1, bytes.len()] {
        fs::write(&proof, &bytes[..length]).unwrap();
        let shown = expect(0, &["inspect", text(&proof)]);
        assert!(shown.contains("checked              nothing"), "{shown}");
        assert!(
            shown.contains("the header, ") && !shown.contains("provable"),
            "{shown}"
        );
        let json = expect(0, &["inspect", text(&proof), "--json"]);
        let said: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&said["checked"], &said["preset"]),
            (&false.into(), &"fast-128".into())
        );
        assert_eq!(said["bytes"], length);
        assert!(!json.contains("security"), "{json}");
    }
    for length in 0..20 {
        fs::write(&proof, &bytes[..length]).unwrap();
        let output = super::winterlane(&["inspect", text(&proof)]);
        assert!(matches!(output.status.code(), Some(0 | 2)), "{output:?}");
    }
    let public = directory.path().join("batch-0000.public.json");
    let shown = expect(0, &["inspect", text(&public), "--records"]);
    assert!(
        shown.contains("slot  kind") && shown.contains("CollectFees"),
        "{shown}"
    );
    let json = expect(0, &["inspect", text(&public), "--records", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(said["records"].as_array().unwrap().len(), 4);
    assert_eq!(said["records"][0]["amount"], "1");
    assert_eq!(said["checked"], false);
}
