//! Answers to a challenge, as far as they are refused before its trees are built: that a true one is accepted, and a false
//! question refused, is shown on the module itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use winterlane_credentials::{Challenge, Issuer, Question};
use winterlane_ledger::{
    Amount, AssetId, Digest, Domain, Root,
    codec::CanonicalBytes,
    private::{BalanceInputs, CredentialInputs, Predicate, PrivateInputs, PrivateProof, Test},
};

use crate::answer;

const NOW: u64 = 1_900_000_000;

/// A challenge that is refused where its trees would be built: its predicate names an attribute that the schema has not.
fn unanswerable() -> Challenge {
    let schema = json!({"name": "identity", "attributes": {"income": "integer"}});
    let asked = Question {
        verifier: "bar.example".into(),
        expires: NOW,
        today: "2026-11-28".parse().unwrap(),
        predicate: "income >= 5".parse().unwrap(),
        sets: BTreeMap::new(),
        issuer: Issuer {
            format: Issuer::FORMAT.into(),
            name: "Town of Example".into(),
            schema: serde_json::from_value(schema).unwrap(),
            keys: vec![Root(Digest::from_bytes(&[1; 32]).unwrap())],
            revoked: vec![],
        },
        pseudonym: false,
    };
    let mut challenge = Challenge::new(asked, &[7; 32]).unwrap();
    challenge.predicate = "age >= 18".into();
    challenge.question().unwrap_err();
    challenge
}

/// What answers it but for the predicate.
fn inputs(challenge: &Challenge) -> CredentialInputs {
    CredentialInputs {
        issuer: challenge.issuer.keys[0],
        schema: challenge.issuer.schema.digest(),
        predicates: vec![Predicate {
            place: 0,
            test: Test::AtLeast(5),
        }],
        today: challenge.today.since_1970().unwrap(),
        revocation: Root::ZERO,
        pseudonym: None,
        session: challenge.session(),
    }
}

/// Status, stage and reason of the answer to these inputs with an empty proof.
#[track_caller]
fn refused(challenge: &Challenge, inputs: PrivateInputs, now: u64) -> (u32, String, String) {
    let proof = Vec::new();
    let bytes = PrivateProof { inputs, proof }.to_bytes();
    let challenge = serde_json::to_vec(challenge).unwrap();
    let answer = answer(&challenge, &bytes, now);
    let said: Value = serde_json::from_slice(&answer.json).unwrap();
    assert_eq!(said["valid"], false);
    let [stage, reason] = ["stage", "reason"].map(|name| said[name].as_str().unwrap().to_owned());
    (answer.status, stage, reason)
}

/// What is cheap to compare, and then the proof, come before the trees: a stranger's bytes cost a verifier little.
#[test]
fn only_a_true_proof_for_the_challenge_has_its_trees_built() {
    type Change = fn(&mut CredentialInputs);
    let challenge = unanswerable();
    let honest = inputs(&challenge);
    let changes: [(Change, &str); 4] = [
        (|i| i.session.verifier = Digest::ZERO, "another verifier"),
        (|i| i.session.challenge[0] ^= 1, "another challenge"),
        (|i| i.session.expires += 1, "was asked for"),
        (|i| i.issuer = Root::ZERO, "another issuer"),
    ];
    for (change, words) in changes {
        let mut changed = honest.clone();
        change(&mut changed);
        let changed = PrivateInputs::Credential(changed);
        let (status, stage, reason) = refused(&challenge, changed, NOW);
        assert_eq!((status, stage.as_str()), (1, "question"), "{reason}");
        assert!(reason.contains(words), "{reason}");
    }
    let honest = PrivateInputs::Credential(honest);
    let (status, stage, reason) = refused(&challenge, honest.clone(), NOW + 1);
    assert_eq!((status, stage.as_str()), (1, "question"), "{reason}");
    assert!(reason.contains("counts no more"), "{reason}");
    let other = PrivateInputs::Balance(BalanceInputs {
        state_root: Root::ZERO,
        domain: Domain::ZERO,
        asset: AssetId::ZERO,
        at_least: Amount::ZERO,
        at_most: None,
        session: challenge.session(),
    });
    let (status, stage, reason) = refused(&challenge, other, NOW);
    assert_eq!((status, stage.as_str()), (1, "question"), "{reason}");
    assert!(reason.contains("another kind of statement"), "{reason}");
    // All of that is right, and nothing is proven.
    let (status, stage, reason) = refused(&challenge, honest, NOW);
    assert_eq!((status, stage.as_str()), (1, "proof"), "{reason}");
}
