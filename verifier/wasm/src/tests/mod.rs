//! The native build behind the same interface: what is refused before a proof is looked at. That proofs are
//! accepted, and hostile ones are not, is shown on the module itself (`verifier/wasm/test`).

mod association;
mod balance;
mod credential;

use winterlane_ledger::{
    BatchNumber, Digest, Domain, PublicInputs, Record, Root, ScalarCompressor,
    record::operations_digest, wire,
};
use winterlane_verifier::PublicFile;

use crate::Chain;

fn file(number: u64) -> PublicFile {
    let records = [Record::Noop; 4];
    let inputs = PublicInputs {
        domain: Domain::ZERO,
        batch_number: BatchNumber::new(number),
        old_root: Root::ZERO,
        new_root: Root::ZERO,
        operations_digest: operations_digest(&records, &ScalarCompressor),
        num_operations: 4,
    };
    PublicFile::new(
        "fast-128",
        inputs,
        wire::encode(&records, BatchNumber::new(number)).unwrap(),
    )
}

fn json(file: &PublicFile) -> Vec<u8> {
    serde_json::to_vec(file).unwrap()
}

/// Status and text of the answer to one batch.
fn answer(expected: &str, public: &[u8], proof: &[u8]) -> (u32, String) {
    let answer = Chain::new(expected.as_bytes()).map_or_else(
        |refused| refused,
        |mut chain| {
            let answer = chain.add(public, proof);
            assert_ne!(answer.status, 0, "no proof is in these tests");
            let after = chain.add(public, proof);
            assert!(after.json.starts_with(br#"{"valid":false,"stage":"use""#));
            assert_eq!(chain.end().status, 2);
            answer
        },
    );
    (answer.status, String::from_utf8(answer.json).unwrap())
}

/// Expectations, public file and proof; status and stage of the answer.
type Case<'a> = (&'a str, &'a [u8], &'a [u8], u32, &'a str);

#[test]
fn each_stage_has_its_status() {
    let good = json(&file(7));
    let long = vec![b' '; PublicFile::MAX_BYTES + 1];
    let other = Digest::ZERO.to_string().replacen('0', "1", 1);
    let cases: [Case<'_>; 9] = [
        ("{", &good, b"", 2, "expected"),
        (r#"{"bits":127}"#, &good, b"", 2, "expected"),
        (r#"{"firstBatch":7}"#, &good, b"", 2, "expected"),
        ("{}", b"{}", b"", 2, "publicFile"),
        ("{}", &long, b"", 2, "publicFile"),
        ("{}", &good, &vec![0; 4 << 20 | 1], 2, "proofSize"),
        (r#"{"firstBatch":"8"}"#, &good, b"", 1, "pin"),
        (&format!(r#"{{"domain":"{other}"}}"#), &good, b"", 1, "pin"),
        ("{}", &good, b"not a proof", 1, "proof"),
    ];
    for (expected, public, proof, status, stage) in cases {
        let (found, text) = answer(expected, public, proof);
        assert_eq!(found, status, "{text}");
        let start = format!(r#"{{"valid":false,"stage":"{stage}","reason":"#);
        assert!(text.starts_with(&start), "{text}");
    }
}

/// A list would be read as the members in their order: a second spelling of each file.
#[test]
fn a_list_is_no_object() {
    let good: serde_json::Value = serde_json::from_slice(&json(&file(7))).unwrap();
    let inputs = &good["public_inputs"];
    let listed = serde_json::json!([
        inputs["domain"],
        inputs["batch_number"],
        inputs["old_root"],
        inputs["new_root"],
        inputs["operations_digest"],
        inputs["num_operations"]
    ]);
    let whole = serde_json::json!([good["format"], good["preset"], inputs, good["records"]]);
    let mut inside = good.clone();
    inside["public_inputs"] = listed;
    for text in [whole, inside].map(|value| value.to_string()) {
        // serde itself takes it
        serde_json::from_str::<PublicFile>(&text).unwrap();
        let (status, said) = answer("{}", text.as_bytes(), b"");
        assert!(
            status == 2 && said.contains("a list, expected an object"),
            "{said}"
        );
    }
}

#[test]
fn a_file_of_another_layout_is_named() {
    let text = String::from_utf8(json(&file(7))).unwrap();
    let (status, text) = answer("{}", text.replace("batch-1", "batch-9").as_bytes(), b"");
    assert_eq!(status, 2);
    assert!(text.contains("winterlane-batch-9"), "{text}");
}

#[test]
fn hexadecimal_text_is_strict() {
    let good = String::from_utf8(json(&file(7))).unwrap();
    let start = good.find(r#""records":""#).unwrap() + r#""records":""#.len();
    for records in ["0", "0g", "FF", "é0", "\\u00e90"] {
        let text = format!("{}{records}{}", &good[..start], &good[start..]);
        let (status, said) = answer("{}", text.as_bytes(), b"");
        assert!(status == 2 && said.contains("hex digits"), "{said}");
    }
}
