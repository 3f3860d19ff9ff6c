//! One run at a time, and ends from outside.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use super::{FOUR, command, csv_in, expect, names, prove, said, text};

/// Sends a signal.
fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status();
    assert!(sent.unwrap().success());
}

/// Starts a run, and stops it (SIGSTOP) where it is doing something: whatever the machine does besides, it does not go on
/// before it is told to (SIGCONT). One that was through before anybody looked starts again.
fn caught(mut run: impl FnMut() -> Child, doing: impl Fn() -> bool) -> Child {
    for _ in 0..100 {
        let mut child = run();
        while child.try_wait().unwrap().is_none() {
            if !doing() {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            signal(&child, "-STOP");
            if child.try_wait().unwrap().is_some() {
                break;
            }
            if doing() {
                return child;
            }
            signal(&child, "-CONT");
        }
    }
    panic!("each of 100 runs was through before it could be stopped");
}

/// A run that takes a while, stopped when it has staged files in `out`.
fn staging(directory: &Path, out: &Path, more: &[&str]) -> Child {
    let csv = csv_in(directory);
    let run = || {
        // one that was through has left its batches: the next takes their place
        let again = more.is_empty() && out.exists();
        if again {
            fs::remove_dir_all(out).unwrap();
        }
        command()
            .args(["prove", "--transfers", text(&csv), "--out", text(out)])
            .args(FOUR)
            .args([
                "--engine",
                "stock",
                "--threads",
                "1",
                "--profile",
                "smallest",
            ])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let staged = |name: &String| name.starts_with(".unverified-");
    caught(run, || out.exists() && names(out).iter().any(staged))
}

#[test]
fn a_second_run_into_a_directory_is_refused_and_says_whose_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let mut first = staging(directory.path(), &out, &[]);
    let csv = directory.path().join("transfers.csv");
    for replace in [&[][..], &["--replace"]] {
        let base = ["prove", "--transfers", text(&csv), "--out", text(&out)];
        let (_, errors) = said(2, &[&base[..], replace].concat());
        let holder = format!("in use by process {}", first.id());
        assert!(errors.contains(&holder), "{errors}");
    }
    signal(&first, "-CONT");
    assert!(first.wait().unwrap().success());
    assert_eq!(names(&out).len(), 8, "{:?}", names(&out));
    expect(0, &["verify", text(&out), "--batches", "4"]);
}

#[test]
fn an_interrupted_run_leaves_nothing_and_takes_nothing() {
    for wish in ["-INT", "-TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        // Into a new directory, and then in the place of batches.
        for replace in [false, true] {
            if replace {
                prove(&directory, &out, &[]);
            }
            let more: &[&str] = if replace { &["--replace"] } else { &[] };
            let mut run = staging(directory.path(), &out, more);
            signal(&run, wish);
            signal(&run, "-CONT");
            assert_eq!(run.wait().unwrap().code(), Some(2), "{wish}");
            if replace {
                assert_eq!(names(&out).len(), 8, "{:?}", names(&out));
                expect(0, &["verify", text(&out), "--batches", "4"]);
            } else {
                assert!(!out.exists(), "{:?}", names(&out));
            }
        }
    }
}

/// With so many old batches to move aside, publishing takes a while.
#[test]
fn an_interrupt_while_batches_are_exchanged_waits_and_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let csv = csv_in(directory.path());
    let run = || {
        if out.exists() {
            fs::remove_dir_all(&out).unwrap();
        }
        fs::create_dir(&out).unwrap();
        for number in 0..10_000 {
            fs::write(out.join(format!("batch-{number:04}.proof")), "old").unwrap();
        }
        command()
            .args(["prove", "--transfers", text(&csv), "--out", text(&out)])
            .args(FOUR)
            .arg("--replace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let exchanging = |name: &String| name.starts_with(".publishing-");
    let run = caught(run, || names(&out).iter().any(exchanging));
    // Once would do; the second is as patient.
    for _ in 0..2 {
        signal(&run, "-INT");
    }
    signal(&run, "-CONT");
    let output = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("published") && !said.contains("nothing"),
        "{said}"
    );
    assert_eq!(names(&out).len(), 8, "{:?}", names(&out));
    expect(0, &["verify", text(&out), "--batches", "4"]);
}

#[test]
fn a_directory_left_in_the_middle_of_an_exchange_is_not_read_as_a_chain() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    prove(&directory, &out, &[]);
    let aside = out.join(".publishing-x");
    fs::create_dir(&aside).unwrap();
    fs::rename(out.join("batch-0003.proof"), aside.join("batch-0003.proof")).unwrap();
    let (_, errors) = said(2, &["verify", text(&out)]);
    assert!(
        errors.contains(".publishing-x") && errors.contains("move them back"),
        "{errors}"
    );
    let csv = directory.path().join("transfers.csv");
    let again = [
        "prove",
        "--transfers",
        text(&csv),
        "--out",
        text(&out),
        "--replace",
    ];
    said(2, &again);
    fs::rename(aside.join("batch-0003.proof"), out.join("batch-0003.proof")).unwrap();
    fs::remove_dir(&aside).unwrap();
    expect(0, &["verify", text(&out), "--batches", "4"]);
}

/// The demo's age proof has an issuer's keys in a directory of the system's temporary files.
#[test]
fn an_interrupted_demo_leaves_no_temporary_files() {
    let temporary = tempfile::tempdir().unwrap();
    let run = || {
        command()
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    // its seed, and not the directory alone: what was not made yet would be made again
    let made = || {
        let mut directories = names(temporary.path()).into_iter();
        directories.any(|name| temporary.path().join(name).join("keys/seed").exists())
    };
    let mut run = caught(run, made);
    signal(&run, "-TERM");
    signal(&run, "-CONT");
    assert_eq!(run.wait().unwrap().code(), Some(2));
    assert_eq!(names(temporary.path()), [""; 0]);
}
