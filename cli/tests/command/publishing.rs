//! One run at a time, and ends from outside.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{FOUR, command, csv_in, expect, names, prove, said, text};

/// Starts a run that takes a while, and waits until it has staged files in `out`.
fn start(directory: &Path, out: &Path, more: &[&str]) -> Child {
    let csv = csv_in(directory);
    let child = command()
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
        .unwrap();
    let start = Instant::now();
    let staged = || {
        out.exists()
            && names(out)
                .iter()
                .any(|name| name.starts_with(".unverified-"))
    };
    while !staged() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it does not begin"
        );
        thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn a_second_run_into_a_directory_is_refused_and_says_whose_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let mut first = start(directory.path(), &out, &[]);
    let csv = directory.path().join("transfers.csv");
    for replace in [&[][..], &["--replace"]] {
        let base = ["prove", "--transfers", text(&csv), "--out", text(&out)];
        let (_, errors) = said(2, &[&base[..], replace].concat());
        let holder = format!("in use by process {}", first.id());
        assert!(errors.contains(&holder), "{errors}");
    }
    assert!(first.wait().unwrap().success());
    assert_eq!(names(&out).len(), 8, "{:?}", names(&out));
    expect(0, &["verify", text(&out), "--batches", "4"]);
}

#[test]
fn an_interrupted_run_leaves_nothing_and_takes_nothing() {
    for signal in ["-INT", "-TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        // Into a new directory, and then in the place of batches.
        for replace in [false, true] {
            if replace {
                prove(&directory, &out, &[]);
            }
            let more: &[&str] = if replace { &["--replace"] } else { &[] };
            let mut run = start(directory.path(), &out, more);
            let id = run.id().to_string();
            assert!(
                Command::new("kill")
                    .args([signal, &id])
                    .status()
                    .unwrap()
                    .success()
            );
            assert_eq!(run.wait().unwrap().code(), Some(2), "{signal}");
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
    fs::create_dir(&out).unwrap();
    for number in 0..10_000 {
        fs::write(out.join(format!("batch-{number:04}.proof")), "old").unwrap();
    }
    let csv = csv_in(directory.path());
    let mut run = command()
        .args(["prove", "--transfers", text(&csv), "--out", text(&out)])
        .args(FOUR)
        .arg("--replace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = run.id().to_string();
    let exchanging = || {
        names(&out)
            .iter()
            .any(|name| name.starts_with(".publishing-"))
    };
    while run.try_wait().unwrap().is_none() && !exchanging() {
        thread::sleep(Duration::from_millis(1));
    }
    // Once would do; the second is as patient.
    for _ in 0..2 {
        Command::new("kill").args(["-INT", &id]).status().unwrap();
    }
    let output = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    // As a rule it comes in time; if not, the words are others, and as true.
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
