//! `balance` beside batches in files: the chain that a state is taken from is the one that is meant.

use std::fs;

use serde_json::Value;

use super::{expect, prove, said, text};

/// Batches from another beginning are batches, too: whoever knows the first root says it, and both commands compare.
#[test]
fn batches_from_another_beginning_do_not_count() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("proofs");
    prove(&directory, &out, &[]);
    let accepted: Value =
        serde_json::from_str(&expect(0, &["verify", text(&out), "--json"])).unwrap();
    let root = accepted["old_root"].as_str().unwrap();
    let other = accepted["new_root"].as_str().unwrap();
    let question = directory.path().join("question.json");
    let ask = [
        "balance",
        "challenge",
        "--verifier",
        "bank.example",
        "--at-least",
        "1",
    ];
    let ask = [
        &ask[..],
        &["--out", text(&question), "--batches", text(&out)],
    ]
    .concat();
    for (more, words) in [
        (
            ["--old-root", other],
            "--old-root: the first batch starts from",
        ),
        (["--first-batch", "1"], "the first batch here is 0, not 1"),
    ] {
        let (_, errors) = said(1, &[&ask[..], &more].concat());
        assert!(errors.contains(words), "{errors}");
        assert!(!question.exists());
    }
    said(
        0,
        &[&ask[..], &["--old-root", root, "--first-batch", "0"]].concat(),
    );

    // The chain is looked at before the answer.
    let answer = directory.path().join("answer.proof");
    fs::write(&answer, "no proof").unwrap();
    let without = [
        "balance",
        "verify",
        "--challenge",
        text(&question),
        "--proof",
        text(&answer),
    ];
    let verify = [&without[..], &["--batches", text(&out)]].concat();
    for (status, more, words) in [
        (
            1,
            ["--old-root", other],
            "--old-root: the first batch starts from",
        ),
        (
            1,
            ["--first-batch", "1"],
            "the first batch here is 0, not 1",
        ),
        (2, ["--old-root", root], "answer.proof"),
    ] {
        let (_, errors) = said(status, &[&verify[..], &more].concat());
        assert!(errors.contains(words), "{errors}");
    }
    let (_, errors) = said(2, &[&without[..], &["--old-root", root]].concat());
    assert!(errors.contains("--batches"), "{errors}");
}
