//! Balances: a proof takes a rollup with an account, so that it is made here and verified by the native build.

use std::{format, string::String};

use serde_json::{Value, json};
use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_credentials::verifier_digest;
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BaseElement, BatchNumber, ChainId, Digest, Domain,
    KeySlot, Ledger, Nonce, RollupId, ScalarCompressor, Scope, SlotIndex,
    codec::CanonicalBytes,
    hash::{compress_input, domain_digest},
    private::{BalanceInputs, PrivateInputs, PrivateProof, RESERVED_KEY_INDEX, Session},
    signature::{
        CHAINS, ChainValue, KeyTree, SecretSource, chain_step_input, one_time_public_keys,
    },
};
use winterlane_prover::{
    EngineOptions, HidingRng,
    private::{BalanceWitness, KeyWitness, PrivateWitness, prove_private},
};

use crate::statement;

/// Chains start at small numbers: nobody else's secrets are at stake.
struct Toy;

impl SecretSource for Toy {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        core::array::from_fn(|chain| [key_index, chain as u32].map(BaseElement::from))
    }

    fn randomizer_base(&self, _: u32, _: &Digest, _: Nonce) -> [BaseElement; 2] {
        [1_u32, 2].map(BaseElement::from)
    }
}

const SEED: [u32; 2] = [5, 6];

/// A full key whose reserved one-time key alone is real.
fn key() -> (KeyTree, KeyWitness) {
    let seed = SEED.map(BaseElement::from);
    let index = RESERVED_KEY_INDEX;
    let mut leaves: Vec<Digest> = (0..index)
        .map(|n| Digest([n; 4].map(BaseElement::from)))
        .collect();
    leaves.extend(one_time_public_keys(
        &Toy,
        &seed,
        index..index + 1,
        &ScalarCompressor,
    ));
    let tree = KeyTree::from_leaves(seed, leaves, &ScalarCompressor).unwrap();
    let mut ends = Toy.chain_starts(index);
    let starts = core::array::from_fn(|chain| ends[chain]);
    for (chain, value) in ends.iter_mut().enumerate() {
        for position in 0..3 {
            let input = chain_step_input(&seed, index, chain, position, value);
            let digest = compress_input(&input);
            *value = [digest.0[0], digest.0[1]];
        }
    }
    let witness = KeyWitness {
        seed,
        key_index: index as u16,
        starts,
        ends,
        auth: tree.auth_path(index).unwrap(),
    };
    (tree, witness)
}

const ASSET: u32 = 7;
const NOW: u64 = 1_900_000_000;

/// The account holds 500, and at least 300 of it is proven: the bytes, and the question.
fn proof() -> (Vec<u8>, Value) {
    let (tree, key) = key();
    let mut account = Account {
        asset: AssetId::new(ASSET),
        balance: Amount::new(500),
        ..Account::default()
    };
    account.slots[0] = KeySlot {
        root: tree.root(),
        next_index: 2,
        scope: Scope::SPEND,
    };
    let ledger = Ledger::genesis(
        Domain::ZERO,
        BatchNumber::ZERO,
        [(AccountId::new(9), account)],
    )
    .unwrap();
    let session = Session {
        verifier: verifier_digest("bank.example"),
        challenge: [0xab; 32],
        expires: NOW,
    };
    let domain = domain_digest(ChainId::new(1), RollupId::new(2));
    let inputs = PrivateInputs::Balance(BalanceInputs {
        state_root: ledger.root(),
        domain,
        asset: AssetId::new(ASSET),
        at_least: Amount::new(300),
        at_most: None,
        session,
    });
    let witness = PrivateWitness::Balance(Box::new(BalanceWitness {
        id: AccountId::new(9),
        account,
        siblings: ledger.prove(AccountId::new(9)).siblings,
        slot: SlotIndex::Zero,
        key,
    }));
    let preset = HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128);
    let mut rng = HidingRng::from_system().unwrap();
    let proof = prove_private(
        &inputs,
        &witness,
        preset,
        &mut rng,
        &EngineOptions::default(),
    );
    let proof = proof.unwrap().proof;
    let question = json!({
        "stateRoots": [ledger.root()],
        "domain": domain,
        "asset": ASSET,
        "atLeast": "300",
        "verifier": "bank.example",
        "challenge": "ab".repeat(32),
        "expires": NOW.to_string(),
    });
    (PrivateProof { inputs, proof }.to_bytes(), question)
}

fn said(known: &Value, bytes: &[u8], now: u64) -> (u32, Value) {
    let answer = statement(known.to_string().as_bytes(), bytes, now);
    let text = String::from_utf8(answer.json).unwrap();
    (answer.status, serde_json::from_str(&text).unwrap())
}

#[test]
fn a_balance_answers_its_question_and_no_other() {
    let (bytes, question) = proof();
    let ask = |question: &Value, now| said(&json!({ "balance": question }), &bytes, now);
    let (status, answer) = ask(&question, NOW);
    assert_eq!(status, 0, "{answer}");
    assert_eq!(answer["kind"], "balance");
    assert_eq!(answer["atLeast"], "300");
    assert_eq!(answer["verifier"], "bank.example");
    assert_eq!(answer["preset"], "compact-128");
    assert_eq!(answer["takenAsFound"], json!(["answered"]));

    let other = Digest::ZERO.to_string();
    let changes = [
        ("stateRoots", json!([other]), "a state that does not count"),
        ("domain", json!(other), "another rollup"),
        ("asset", json!(8), "asset 7, not 8"),
        ("atLeast", json!("301"), "other bounds"),
        ("atMost", json!("500"), "other bounds"),
        ("verifier", json!("bank.examplf"), "another verifier"),
        ("challenge", json!("ac".repeat(32)), "another challenge"),
        ("expires", json!("1900000001"), "was asked for"),
    ];
    for (field, value, words) in changes {
        let mut changed = question.clone();
        changed[field] = value;
        let (status, answer) = ask(&changed, NOW);
        assert_eq!(
            (status, &answer["stage"]),
            (1, &json!("question")),
            "{field}: {answer}"
        );
        let reason = answer["reason"].as_str().unwrap();
        assert!(reason.contains(words), "{field}: {reason}");
    }
    let (status, answer) = ask(&question, NOW + 1);
    assert_eq!(status, 1);
    assert!(
        answer["reason"]
            .as_str()
            .unwrap()
            .contains("counts no more")
    );
    // Nobody takes the question from the answer.
    let (status, answer) = said(&json!({}), &bytes, NOW);
    assert_eq!(
        (status, &answer["stage"]),
        (1, &json!("question")),
        "{answer}"
    );

    for (field, value) in [("challenge", "ab"), ("atLeast", "-1"), ("expires", "soon")] {
        let mut changed = question.clone();
        changed[field] = json!(value);
        let (status, answer) = ask(&changed, NOW);
        assert_eq!(
            (status, &answer["stage"]),
            (2, &json!("expected")),
            "{field}: {answer}"
        );
    }
    // One changed byte of the proof, and a part of it.
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let known = json!({ "balance": question });
    let (status, answer) = said(&known, &changed, NOW);
    assert_eq!((status, &answer["stage"]), (1, &json!("proof")), "{answer}");
    let (status, answer) = said(&known, &bytes[..middle], NOW);
    assert_eq!(
        (status, &answer["stage"]),
        (2, &json!("statement")),
        "{answer}"
    );
    assert!(
        format!("{answer}").contains("none of a private proof"),
        "{answer}"
    );
}
