//! The `winterlane` command as a user runs it: files, exit statuses, JSON.
#![cfg(feature = "command")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;
use winterlane_field_simd::Backend;

fn winterlane(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_winterlane"))
        .args(arguments)
        .env_remove("RUST_LOG")
        .env_remove("WINTERLANE_BACKEND")
        .output()
        .expect("the binary of this package runs")
}

/// Runs the command and returns its standard output, after a check of its exit status.
#[track_caller]
fn expect(status: i32, arguments: &[&str]) -> String {
    let output = winterlane(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}: {errors}"
    );
    assert_eq!(errors.is_empty(), status == 0, "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
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
            "{},hello,{},0x{to:040x},0x{from:040X}\n",
            10 + line,
            1u128 << (8 * line)
        );
    }
    csv
}

/// Proves the transfers above into `out` and returns the JSON report.
fn prove(directory: &TempDir, out: &Path, more: &[&str]) -> serde_json::Value {
    let csv = directory.path().join("transfers.csv");
    fs::write(&csv, transfers()).unwrap();
    let mut arguments = vec!["prove", "--transfers", text(&csv), "--out", text(out)];
    arguments.extend(["--batch-size", "4", "--key-height", "2", "--json"]);
    arguments.extend(more);
    let json = expect(0, &arguments);
    assert_eq!(json.lines().count(), 1, "exactly one object");
    serde_json::from_str(&json).unwrap()
}

#[test]
fn proves_and_verifies_a_chain_and_reports_it() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("deep/out");
    let report = prove(&directory, &out, &["--threads", "1"]);
    for (field, value) in [
        ("transfers", 9),
        ("rotations", 1),
        ("operations", 14),
        ("slots", 14),
        ("batches", 4),
        ("rows", 14 * 256),
        ("security_bits", 128),
        ("threads", 1),
    ] {
        assert_eq!(report[field], value, "{field}: {report}");
    }
    assert!(report["public_bytes_per_transfer"].as_f64().unwrap() < 40.0);
    assert_eq!(
        (&report["engine"], &report["preset"]),
        (&"simd".into(), &"fast-128".into())
    );

    let mut names: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 8);
    assert_eq!(names[0..2], ["batch-0000.proof", "batch-0000.public.json"]);

    let said = expect(0, &["verify", text(&out)]);
    assert!(
        said.starts_with("valid: 9 transfers in 4 batches, 128 provable bits"),
        "{said}"
    );
    let json = expect(0, &["verify", text(&out), "--security", "128", "--json"]);
    let verified: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(verified["transfers"], 9);
    let root = verified["old_root"].as_str().unwrap();
    expect(0, &["verify", text(&out), "--old-root", root]);
    expect(1, &["verify", text(&out), "--old-root", &"0".repeat(64)]);
    expect(2, &["verify", text(&out), "--old-root", "root"]);

    let said = expect(0, &["inspect", text(&out.join("batch-0002.proof"))]);
    assert!(said.contains("fast-128"), "{said}");
    let said = expect(0, &["inspect", text(&out.join("batch-0002.public.json"))]);
    assert!(
        said.contains("RotateKey") || said.contains("Transfer"),
        "{said}"
    );
}

#[test]
fn every_kind_of_damage_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    prove(
        &directory,
        &out,
        &["--security", "100", "--engine", "stock"],
    );
    expect(0, &["verify", text(&out)]);
    // Weaker than what is asked for.
    expect(1, &["verify", text(&out), "--security", "128"]);

    let proof = out.join("batch-0001.proof");
    let public = out.join("batch-0001.public.json");
    let (proof_bytes, json) = (
        fs::read(&proof).unwrap(),
        fs::read_to_string(&public).unwrap(),
    );
    let mut damaged = Vec::new();
    for position in [0, 3, 40, proof_bytes.len() / 2, proof_bytes.len() - 1] {
        let mut bytes = proof_bytes.clone();
        bytes[position] ^= 1;
        damaged.push(bytes);
    }
    damaged.push(proof_bytes[..proof_bytes.len() - 1].to_vec());
    damaged.push([&proof_bytes[..], &[0]].concat());
    damaged.push(Vec::new());
    for bytes in damaged {
        fs::write(&proof, bytes).unwrap();
        expect(1, &["verify", text(&out)]);
    }
    fs::write(&proof, &proof_bytes).unwrap();
    expect(0, &["verify", text(&out)]);

    // The public file: other statements are invalid, other text is unusable.
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    let root = parsed["public_inputs"]["new_root"].as_str().unwrap();
    let mut other = root.to_owned();
    other.replace_range(0..1, if root.starts_with('0') { "1" } else { "0" });
    let records = parsed["records"].as_str().unwrap();
    let number = "\"batch_number\": 1";
    for (status, from, to) in [
        (1, root, other.as_str()),
        (1, number, "\"batch_number\": 2"),
        (1, "fast-100", "fast-128"),
        (1, records, &records[..records.len() - 2]),
        (2, root, "no root"),
        (2, number, "\"batch_number\": -1"),
        (2, "\"records\"", "\"record\""),
    ] {
        assert!(json.contains(from));
        fs::write(&public, json.replace(from, to)).unwrap();
        expect(status, &["verify", text(&out)]);
    }
    fs::write(&public, &json).unwrap();

    // A gap in the chain is invalid; half a batch and no batch are unusable.
    fs::remove_file(&proof).unwrap();
    expect(2, &["verify", text(&out)]);
    fs::remove_file(&public).unwrap();
    expect(1, &["verify", text(&out)]);
    expect(2, &["verify", text(directory.path())]);
    expect(2, &["verify", text(&directory.path().join("missing"))]);
    expect(
        2,
        &["inspect", text(&directory.path().join("transfers.csv"))],
    );
}

#[test]
fn unusable_input_is_named_and_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let csv = directory.path().join("bad.csv");
    let out = directory.path().join("out");
    let good = transfers();
    let bad_line = good.replacen("10,hello,1,", "10,hello,-1,", 1);
    let late = good.trim_end().rsplit_once(',').unwrap().0.to_owned();
    let too_much = format!("{good}1,,{},0x{:040x},0x{:040x}\n", u128::MAX, 1, 2);
    for (content, message) in [
        (bad_line, "line 2: `value_wei`"),
        (late, "line 10: 4 fields"),
        (too_much, "line 11: "),
        (good.replace("fee_wei", "fee"), "no column `fee_wei`"),
        (good.lines().next().unwrap().to_owned(), "no transfers"),
    ] {
        fs::write(&csv, content).unwrap();
        let arguments = ["prove", "--transfers", text(&csv), "--out", text(&out)];
        let output = winterlane(&arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{said:?} should say {message:?}");
        assert!(!out.exists());
    }
    fs::write(&csv, good).unwrap();
    let base = ["prove", "--transfers", text(&csv), "--out", text(&out)];
    for option in [
        ["--batch-size", "3"],
        ["--batch-size", "1"],
        ["--batch-size", "16384"],
        ["--key-height", "11"],
        ["--threads", "0"],
        ["--profile", "slow"],
        ["--security", "80"],
    ] {
        expect(2, &[&base[..], &option].concat());
        assert!(!out.exists(), "{option:?}");
    }
    expect(
        2,
        &["prove", "--transfers", "missing.csv", "--out", text(&out)],
    );
    expect(2, &["prove", "--out", text(&out)]);

    let output = Command::new(env!("CARGO_BIN_EXE_winterlane"))
        .args(base)
        .env("WINTERLANE_BACKEND", "abacus")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("abacus") && !out.exists(), "{said}");
}

#[test]
fn a_batch_that_does_not_fit_is_refused_before_any_work() {
    let directory = tempfile::tempdir().unwrap();
    let csv = directory.path().join("transfers.csv");
    let out = directory.path().join("out");
    fs::write(&csv, transfers()).unwrap();
    for engine in ["simd", "stock"] {
        let arguments = ["--engine", engine, "--max-memory", "16", "--json"];
        let base = ["prove", "--transfers", text(&csv), "--out", text(&out)];
        let output = winterlane(&[&base[..], &arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(output.stdout.is_empty() && !out.exists(), "{said}");
        let (_, needed) = said.split_once("a batch needs ").expect(&said);
        let (needed, rest) = needed.split_once(' ').expect(&said);
        assert!(rest.starts_with("MiB of memory, there are 16: "), "{said}");
        // What it says is needed is enough.
        if engine == "simd" {
            let enough = ["--max-memory", needed, "--json"];
            let report = expect(0, &[&base[..], &enough].concat());
            let report: serde_json::Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["transfers"], 9);
            fs::remove_dir_all(&out).unwrap();
        }
    }
}

#[test]
fn a_run_can_be_repeated_and_both_engines_agree() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let read = |name: &str| fs::read(out.join(name)).unwrap();
    prove(&directory, &out, &["--profile", "compact"]);
    let first = (read("batch-0001.public.json"), read("batch-0001.proof"));

    let csv = directory.path().join("transfers.csv");
    let again = [
        "prove",
        "--transfers",
        text(&csv),
        "--out",
        text(&out),
        "--limit",
        "3",
    ];
    expect(2, &again);
    assert_eq!(
        read("batch-0001.proof"),
        first.1,
        "refused, and nothing is lost"
    );

    let stock = ["--profile", "compact", "--engine", "stock", "--replace"];
    let report = prove(&directory, &out, &stock);
    assert_eq!(report["engine"], "stock");
    assert_eq!(report["backend"], Backend::detect().to_string());
    assert_eq!(read("batch-0001.public.json"), first.0);
    expect(0, &["verify", text(&out)]);
    // Several threads take any proof-of-work nonce that satisfies, one takes the smallest.
    prove(
        &directory,
        &out,
        &[&stock[..], &["--threads", "1"]].concat(),
    );
    assert!(read("batch-0001.proof") == first.1, "the same proof");
    expect(0, &[&again[..], &["--replace"]].concat());
    assert_eq!(
        fs::read_dir(&out).unwrap().count(),
        2,
        "one batch, and none of the old ones"
    );
}
