//! What the command says: of success, of mistakes, of itself.

use std::{fs, io::Write, process::Stdio};

use super::{FOUR, command, csv_in, expect, prove, proven, said, text, transfers};

#[test]
fn success_says_verified_and_where_and_what_next_and_works() {
    let directory = tempfile::tempdir().unwrap();
    let csv = csv_in(directory.path());
    let out = directory.path().join("out");
    let base = ["prove", "--transfers", text(&csv), "--out", text(&out)];
    let (shown, on_the_way) = said(0, &[&base[..], &FOUR].concat());
    assert!(
        shown.contains("\nverified: 9 transfers in 4 batches, 128 provable bits\n"),
        "{shown}"
    );
    assert!(shown.contains("batch-0000.proof to ") && shown.contains("batch-0003.public.json"));
    // Without a terminal each step is a line.
    for step in [
        "making 1",
        "opening the state",
        "proving batch 1 of 4: 4 operation slots",
        "verifying",
    ] {
        assert!(on_the_way.contains(step), "{step}: {on_the_way}");
    }
    // What it says to do next can be done.
    let (_, next) = shown.split_once("winterlane verify ").unwrap();
    let arguments: Vec<_> = ["verify"]
        .into_iter()
        .chain(next.split_whitespace())
        .collect();
    expect(0, &arguments);
}

#[test]
fn mistakes_are_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let csv = csv_in(directory.path());
    let out = directory.path().join("out");
    let base = ["prove", "--transfers", text(&csv), "--out", text(&out)];
    for (option, value, message) in [
        ("--threads", "0", "a number of threads is 1 to 4096"),
        ("--threads", "100000", "a number of threads is 1 to 4096"),
        ("--threads", "-1", "a number of threads is 1 to 4096"),
        (
            "--batch-size",
            "3",
            "error: --batch-size: a batch has a power of two",
        ),
    ] {
        let (_, errors) = said(2, &[&base[..], &[&format!("{option}={value}")]].concat());
        assert!(errors.contains(message), "{errors}");
    }
    let too_much = format!(
        "{}1,,{},0x{:040x},0x{:040x}\n",
        transfers(),
        u128::MAX,
        1,
        2
    );
    fs::write(&csv, too_much).unwrap();
    let (_, errors) = said(2, &base);
    for word in [
        "transfers.csv: line 11: ",
        "`value_wei` and `fee_wei`",
        "2^128",
    ] {
        assert!(errors.contains(word), "{errors}");
    }
}

#[test]
fn standard_input_is_a_file_called_dash() {
    let directory = tempfile::tempdir().unwrap();
    let csv = csv_in(directory.path());
    let from_file = expect(0, &["open", "--transfers", text(&csv), "--json"]);
    let run = |input: String| {
        let mut child = command()
            .args(["open", "--transfers", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    };
    let output = run(transfers());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), from_file);
    let output = run("nonsense".into());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors.starts_with("error: standard input: line 1: "),
        "{errors}"
    );
}

#[test]
fn the_opening_root_can_be_known_without_the_prover() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let report = prove(&directory, &out, &[]);
    let csv = directory.path().join("transfers.csv");
    let open = ["open", "--transfers", text(&csv)];
    let json = expect(0, &[&open[..], &FOUR, &["--json"]].concat());
    let opening: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(opening["opening_root"], report["old_root"]);
    let root = opening["opening_root"].as_str().unwrap();
    let domain = opening["domain"].as_str().unwrap();
    let batches = opening["batches"].to_string();
    let pins = [
        "--old-root",
        root,
        "--domain",
        domain,
        "--batches",
        &batches,
    ];
    expect(0, &[&["verify", text(&out)][..], &pins].concat());

    let accounts = opening["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 7, "{json}");
    assert!(accounts[0]["address"].is_null());
    assert_eq!(accounts[1]["address"], format!("0x{:040x}", 1));
    assert_eq!(accounts[1]["opening_balance"], "11");
    let shown = expect(0, &[&open[..], &FOUR].concat());
    assert!(
        shown.contains(root) && shown.contains("(the operator)"),
        "{shown}"
    );
}

#[test]
fn the_command_tells_of_itself() {
    let version = expect(0, &["--version"]);
    assert!(
        version.starts_with(&format!("winterlane {}", env!("CARGO_PKG_VERSION"))),
        "{version}"
    );
    // In a clone it has the commit.
    let git = std::process::Command::new("git")
        .args(["rev-parse", "--show-toplevel"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let top = git
        .ok()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if top.as_deref()
        == std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .and_then(|p| p.to_str())
    {
        let (_, commit) = version.trim().split_once(" (").expect(&version);
        let commit = commit.trim_end_matches(')');
        assert!(
            commit.len() == 12 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
            "{version}"
        );
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = expect(0, &["completions", shell]);
        assert!(script.contains("first-batch"), "{shell}");
    }
    let page = expect(0, &["man"]);
    assert!(
        page.contains(".TH winterlane 1") && page.contains("verify"),
        "{page}"
    );
    assert!(expect(0, &["man", "verify"]).contains("first\\-batch"));
    expect(2, &["man", "nonsense"]);
}

/// The last sender makes five transfers with keys of four: three signatures, a rotation, and two by the next key.
#[test]
fn records_say_which_one_time_key_signed() {
    let (directory, _) = proven();
    let mut signed = std::collections::BTreeMap::<_, Vec<_>>::new();
    for number in 0..4 {
        let public = directory
            .path()
            .join(format!("batch-000{number}.public.json"));
        let json = expect(0, &["inspect", text(&public), "--records", "--json"]);
        let said: serde_json::Value = serde_json::from_str(&json).unwrap();
        for record in said["records"].as_array().unwrap() {
            let kind = record["kind"].as_str().unwrap().to_owned();
            let by = (
                record["signing_slot"].as_u64(),
                record["one_time_key"].as_u64(),
            );
            if ["Transfer", "RotateKey"].contains(&&*kind) {
                assert_eq!(by.0, Some(0), "{record}");
                let subject = record["subject"].as_str().unwrap().to_owned();
                signed
                    .entry(subject)
                    .or_default()
                    .push((kind, by.1.unwrap()));
            } else {
                assert_eq!(by, (None, None), "{record}");
            }
        }
        let list = expect(0, &["inspect", text(&public), "--records"]);
        assert!(list.contains("key ") && list.contains(" 0:"), "{list}");
    }
    let busiest = signed.values().max_by_key(|records| records.len()).unwrap();
    let busiest: Vec<_> = busiest.iter().map(|(kind, key)| (&**kind, *key)).collect();
    assert_eq!(
        busiest,
        [
            ("Transfer", 0),
            ("Transfer", 1),
            ("Transfer", 2),
            ("RotateKey", 3),
            ("Transfer", 0),
            ("Transfer", 1),
        ]
    );
}
