//! Proving and verifying: what is written, what is refused.

use std::fs;

use winterlane_field_simd::Backend;

use super::{csv_in, expect, names, prove, text, transfers, winterlane};

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

    let names = names(&out);
    assert_eq!(names.len(), 8, "{names:?}");
    assert_eq!(names[0..2], ["batch-0000.proof", "batch-0000.public.json"]);

    let said = expect(0, &["verify", text(&out)]);
    assert!(
        said.starts_with("verified: 9 transfers in 4 batches, 128 provable bits"),
        "{said}"
    );
    let json = expect(0, &["verify", text(&out), "--json"]);
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
    let verify = |status| expect(status, &["verify", text(&out), "--security", "100"]);
    verify(0);
    // Weaker than what is asked for, when nothing is said too.
    expect(1, &["verify", text(&out), "--security", "128"]);
    expect(1, &["verify", text(&out)]);

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
        verify(1);
    }
    fs::write(&proof, &proof_bytes).unwrap();
    verify(0);

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
        verify(status);
    }
    fs::write(&public, &json).unwrap();

    // A gap in the chain is invalid; half a batch and no batch are unusable.
    fs::remove_file(&proof).unwrap();
    verify(2);
    fs::remove_file(&public).unwrap();
    verify(1);
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
}

#[test]
fn a_batch_that_does_not_fit_is_refused_before_any_work() {
    let directory = tempfile::tempdir().unwrap();
    let csv = csv_in(directory.path());
    let out = directory.path().join("out");
    for engine in ["simd", "stock"] {
        let arguments = ["--engine", engine, "--max-memory", "16", "--json"];
        let base = ["prove", "--transfers", text(&csv), "--out", text(&out)];
        let output = winterlane(&[&base[..], &arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(object["status"] == 2 && !out.exists(), "{said}");
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
