//! The `winterlane` command as a user runs it: files, exit statuses, JSON.
#![cfg(feature = "command")]

#[cfg(unix)]
mod adopt;
mod association;
mod balance;
mod chain;
mod credential;
mod docs;
#[cfg(unix)]
mod ends;
mod exit;
#[cfg(unix)]
mod foreign;
mod forged;
mod leave;
#[cfg(target_os = "linux")]
mod limits;
mod pages;
mod passphrase;
mod private;
#[cfg(unix)]
mod publishing;
mod slips;
mod strangers;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use tempfile::TempDir;

/// The command, with nothing of the environment that changes what it does.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_winterlane"));
    for name in [
        "RUST_LOG",
        "WINTERLANE_BACKEND",
        "RAYON_NUM_THREADS",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    command
}

fn winterlane(arguments: &[&str]) -> Output {
    command()
        .args(arguments)
        .output()
        .expect("the binary of this package runs")
}

/// Runs the command and returns its standard output, after a check of its exit status.
#[track_caller]
fn expect(status: i32, arguments: &[&str]) -> String {
    let (out, errors) = said(status, arguments);
    // Proving tells what it does.
    let tells = arguments[0] == "prove" && !arguments.contains(&"--json");
    assert!(
        tells || errors.is_empty() == (status == 0),
        "{arguments:?}: {errors}"
    );
    out
}

/// Standard output and standard error of a command that ends with this status.
#[track_caller]
fn said(status: i32, arguments: &[&str]) -> (String, String) {
    let output = winterlane(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}: {errors}"
    );
    (String::from_utf8(output.stdout).unwrap(), errors)
}

/// The words of a command line, with single quotes as a shell has them.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Runs a line in a directory; standard output and error.
#[track_caller]
fn in_directory(directory: &TempDir, status: i32, line: &str) -> (String, String) {
    let output = command()
        .args(words(line))
        .current_dir(directory.path())
        .output()
        .unwrap();
    let [out, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(status), "{line}: {out}{errors}");
    (out, errors)
}

/// The permission bits of a file.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Nine transfers, of which the last sender makes five: ten operations with a key rotation, so three
/// batches of four slots and one of two.
fn transfers() -> String {
    let mut csv = String::from("fee_wei,note,value_wei,to_address,from_address\n");
    for (line, (from, to)) in [
        (1, 2),
        (2, 3),
        (3, 1),
        (4, 4),
        (9, 1),
        (9, 2),
        (9, 3),
        (9, 4),
        (9, 5),
    ]
    .iter()
    .enumerate()
    {
        csv += &format!(
            "{},hello,{},0x{to:040x},0x{from:040x}\n",
            10 + line,
            1u128 << (8 * line)
        );
    }
    csv
}

/// Writes the transfers above to a file.
fn csv_in(directory: &Path) -> PathBuf {
    let csv = directory.join("transfers.csv");
    fs::write(&csv, transfers()).unwrap();
    csv
}

/// Options with which those transfers are four batches.
const FOUR: [&str; 4] = ["--batch-size", "4", "--key-height", "2"];

/// Proves the transfers above into `out` and returns the JSON report.
fn prove(directory: &TempDir, out: &Path, more: &[&str]) -> serde_json::Value {
    let csv = csv_in(directory.path());
    let base = [
        "prove",
        "--transfers",
        text(&csv),
        "--out",
        text(out),
        "--json",
    ];
    let json = expect(0, &[&base[..], &FOUR, more].concat());
    assert_eq!(json.lines().count(), 1, "exactly one object");
    serde_json::from_str(&json).unwrap()
}

/// A directory of its own with four batches at 128 bits, proven once for all tests, and the report.
fn proven() -> (TempDir, &'static serde_json::Value) {
    static PROVEN: OnceLock<(TempDir, serde_json::Value)> = OnceLock::new();
    let (made, report) = PROVEN.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let report = prove(&directory, &directory.path().join("out"), &[]);
        (directory, report)
    });
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(made.path().join("out")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    (copy, report)
}

/// Names in a directory, in order.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
