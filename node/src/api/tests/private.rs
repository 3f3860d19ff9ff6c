//! The shielded pool over HTTP.

use serde_json::{Value, json};
use winterlane_ledger::{
    AccountId, Anchor, Domain,
    codec::CanonicalBytes as _,
    pool::{PrivateOperation, account_recipient},
    private::PrivateInputs,
};

use super::*;
use crate::{
    OrderId,
    keys::hex,
    private::{Shielding, encode},
    testing::{digest, private_transfer, private_withdrawal, until},
};

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

fn post(served: &Served, path: &str, media: &str, body: &[u8]) -> Reply {
    let headers = [("content-type", media.to_owned())];
    served.send("POST", &format!("/v1/private/{path}"), &headers, body)
}

fn operation_json(operation: &PrivateOperation) -> Value {
    let sealed: Vec<_> = operation.sealed.iter().map(|sealed| hex(sealed)).collect();
    json!({
        "inputs": hex(&operation.inputs.to_bytes()), "sealed": sealed, "proof": hex(&operation.proof),
    })
}

fn shielding_json(shielding: &Shielding) -> Value {
    json!({
        "order": super::super::signed_order(&shielding.order),
        "note": { "blinded": shielding.note.blinded.to_string(), "sealed": hex(&shielding.note.sealed) },
    })
}

#[track_caller]
fn accepted(reply: &Reply) -> OrderId {
    let text = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, 202, "{text}");
    let receipt: Value = reply.json().unwrap();
    receipt["id"].as_str().unwrap().parse().unwrap()
}

fn sealed(served: &Served, id: &OrderId) {
    until(|| (served.json(&format!("/v1/orders/{id}"))["state"] == "included").then_some(()));
}

/// Both forms of each operation are taken, and what wallets scan has what came of them.
#[test]
fn operations_are_taken_in_both_forms_and_notes_are_scanned() {
    let mut served = Served::new();
    let root = served.node.anchors(1).unwrap().anchors[0].1;
    let (first, second) = (
        served.payers[0].shield(1, 60),
        served.payers[1].shield(2, 40),
    );
    let one = accepted(&post(
        &served,
        "shield",
        JSON,
        shielding_json(&first).to_string().as_bytes(),
    ));
    let again = post(&served, "shield", BYTES, &first.to_bytes());
    assert_eq!(accepted(&again), one);
    assert_eq!(again.json::<Value>().unwrap()["known"], true);
    let two = accepted(&post(&served, "shield", BYTES, &second.to_bytes()));
    sealed(&served, &one);
    sealed(&served, &two);

    let transfer = private_transfer([1, 2], root);
    let body = operation_json(&transfer).to_string();
    let three = accepted(&post(&served, "transfer", JSON, body.as_bytes()));
    assert_eq!(
        accepted(&post(&served, "transfer", BYTES, &encode(&transfer))),
        three
    );
    let withdrawal = private_withdrawal(3, root, account_recipient(AccountId::new(2)), (30, 0));
    let four = accepted(&post(&served, "withdraw", BYTES, &encode(&withdrawal)));
    sealed(&served, &three);
    sealed(&served, &four);

    let notes = served.json("/v1/private/notes");
    assert_eq!(notes["count"], 5);
    let list = notes["notes"].as_array().unwrap();
    let positions: Vec<_> = list.iter().map(|note| note["position"].clone()).collect();
    assert_eq!(positions, [0, 1, 2, 3, 4].map(Value::from));
    assert_eq!(list[0]["sealed"], hex(&first.note.sealed));
    let some = served.json("/v1/private/notes?from=3&limit=1");
    assert_eq!(some["notes"], json!([list[3]]));
    // the same in bytes
    let accept = [("accept", BYTES.to_owned())];
    let bytes = served.send("GET", "/v1/private/notes?from=1&limit=1", &accept, b"");
    let mut expected = list[1]["batch"].as_u64().unwrap().to_le_bytes().to_vec();
    let commitment: winterlane_ledger::Digest =
        list[1]["commitment"].as_str().unwrap().parse().unwrap();
    expected.extend(commitment.to_bytes());
    expected.extend((second.note.sealed.len() as u16).to_le_bytes());
    expected.extend(&second.note.sealed);
    assert_eq!(bytes.body[..], expected[..]);

    let anchors = served.json("/v1/private/anchors?limit=2");
    assert_eq!(anchors["anchors"][0]["root"], notes["anchor"]);
    assert_eq!(anchors["notes"], 5);
    let spent = |number| served.json(&format!("/v1/private/nullifiers/{}", digest(number)));
    assert_eq!(spent(2)["state"], "spent");
    assert_eq!(spent(2)["by"], three.to_string());
    assert_eq!(
        (&spent(9)["state"], &spent(9)["by"]),
        (&json!("unspent"), &Value::Null)
    );
    let paid = served.json("/v1/accounts/2");
    assert_eq!(paid["sealed"]["balance"], ((1u128 << 90) + 30).to_string());

    // what is published, and the proof that it names
    let state = served.json(&format!("/v1/orders/{three}"));
    let published = served.get(&format!("/v1/batches/{}/pool", state["batch"]));
    assert!(published.status == 200 && !published.body.is_empty());
    assert_eq!(served.get("/v1/batches/100000/pool").status, 404);
    let digest = hex(&winterlane_ledger::pool::proof_digest(&transfer.proof));
    let proof = served.get(&format!("/v1/private/proofs/{digest}"));
    assert_eq!((proof.status, &proof.body[..]), (200, &transfer.proof[..]));
    problem(
        &served.get(&format!("/v1/private/proofs/{}", "0".repeat(64))),
        "not-found",
    );
}

/// Each refusal is a problem of its kind that names the field, and changes nothing.
#[test]
fn refusals_are_problems_that_name_the_field() {
    let mut served = Served::new();
    let root = served.node.anchors(1).unwrap().anchors[0].1;
    let taken = private_transfer([1, 2], root);
    let id = accepted(&post(&served, "transfer", BYTES, &encode(&taken)));
    let shielding = served.payers[0].shield(1, 60);
    let before = || served.node.status().unwrap().accepted;
    until(|| (before() == 1).then_some(()));
    let transfer = |change: &dyn Fn(&mut PrivateOperation)| {
        let mut operation = private_transfer([3, 4], root);
        change(&mut operation);
        post(&served, "transfer", BYTES, &encode(&operation))
    };
    let spent = post(
        &served,
        "transfer",
        BYTES,
        &encode(&private_transfer([2, 3], root)),
    );
    let spent = problem(&spent, "spent-nullifier");
    assert_eq!(spent["by"], id.to_string());
    assert_eq!(spent["nullifier"], digest(2).to_string());
    let old = post(
        &served,
        "transfer",
        BYTES,
        &encode(&private_transfer([3, 4], Anchor(digest(7)))),
    );
    assert_eq!(problem(&old, "unknown-anchor")["field"], "inputs.anchor");
    let lie = transfer(&|operation| operation.proof = vec![0; 150 << 10]);
    assert_eq!(problem(&lie, "proof")["field"], "proof");
    let other = transfer(&|operation| {
        if let PrivateInputs::Transfer(inputs) = &mut operation.inputs {
            inputs.domain = Domain(digest(1));
        }
    });
    assert_eq!(problem(&other, "refused")["field"], "inputs.domain");
    let notes = transfer(&|operation| operation.sealed[1].push(0));
    assert_eq!(problem(&notes, "refused")["field"], "sealed");

    // of another kind, or none at all
    let wrong = post(
        &served,
        "withdraw",
        BYTES,
        &encode(&private_transfer([3, 4], root)),
    );
    assert_eq!(problem(&wrong, "bad-field")["field"], "inputs");
    let bytes = encode(&private_transfer([3, 4], root));
    problem(&post(&served, "transfer", BYTES, &[]), "bad-field");
    for end in 1..bytes.len() - taken.proof.len() {
        problem(
            &post(&served, "transfer", BYTES, &bytes[..end]),
            "malformed-order",
        );
    }
    problem(
        &post(&served, "shield", BYTES, b"nothing"),
        "malformed-order",
    );
    let mut strange = operation_json(&private_transfer([3, 4], root));
    strange["proofs"] = json!("");
    let strange = post(&served, "transfer", JSON, strange.to_string().as_bytes());
    problem(&strange, "bad-field");
    let mut short = operation_json(&private_transfer([3, 4], root));
    short["inputs"] = json!("01");
    let short = post(&served, "transfer", JSON, short.to_string().as_bytes());
    assert_eq!(problem(&short, "malformed-order")["field"], "inputs");
    let huge = post(&served, "transfer", BYTES, &vec![0; (1 << 20) + 1]);
    problem(&huge, "too-large");

    // a note that the order does not pay for
    let mut unpaid = shielding.clone();
    unpaid.note.blinded = digest(9);
    let unpaid = post(&served, "shield", BYTES, &unpaid.to_bytes());
    assert_eq!(problem(&unpaid, "refused")["field"], "order");
    assert_eq!(before(), 1);
    accepted(&post(&served, "shield", BYTES, &shielding.to_bytes()));
    // sent as an order before its note
    let bare = served.payers[1].shield(2, 5);
    let headers = [("content-type", BYTES.to_owned())];
    let sent = served.send("POST", "/v1/orders", &headers, &bare.order.to_bytes());
    assert_eq!(sent.status, 202);
    problem(
        &post(&served, "shield", BYTES, &bare.to_bytes()),
        "conflict",
    );
}

/// The client does all of it, and finds a wallet's tree.
#[test]
fn the_client_shields_spends_and_scans() {
    let mut served = Served::new();
    let client = served.client(&[]);
    let root = served.node.anchors(1).unwrap().anchors[0].1;
    let shielding = served.payers[0].shield(1, 60);
    let operations = [
        private_transfer([1, 2], root),
        private_withdrawal(3, root, account_recipient(AccountId::new(2)), (30, 0)),
    ];
    let mut ids = vec![OrderId::of(&shielding.order)];
    let known = served.runtime.block_on(async {
        let mut known = client.shield(&shielding).await.unwrap().known;
        for operation in &operations {
            known |= client.submit_private(operation).await.unwrap().known;
            ids.push(OrderId::of_private(&encode(operation)));
        }
        known
    });
    assert!(!known);
    for id in &ids {
        sealed(&served, id);
    }
    let notes = served.runtime.block_on(client.notes(0)).unwrap();
    assert_eq!((notes.count, notes.notes.len()), (4, 4));
    let mut tree = winterlane_ledger::private::NoteTree::default();
    for note in &notes.notes {
        tree.append(note.commitment).unwrap();
    }
    assert_eq!(tree.root(), notes.anchor);
    assert_eq!(notes.notes[0].sealed, shielding.note.sealed);
    let rest = served.runtime.block_on(client.notes(3)).unwrap();
    assert_eq!(rest.notes, notes.notes[3..]);
}

/// To verify a proof takes as long as to check many orders, and counts as many.
#[test]
fn a_private_operation_counts_as_many_requests() {
    let served = Served::with(ApiConfig {
        requests_per_second: 21,
        ..ApiConfig::default()
    });
    let root = served.node.anchors(1).unwrap().anchors[0].1;
    let send = |number: u64| {
        let operation = private_transfer([2 * number, 2 * number + 1], root);
        post(&served, "transfer", BYTES, &encode(&operation)).status
    };
    assert_eq!(send(0), 202);
    // two within a second: at once, or whenever the machine is that fast
    let mut number = 0;
    let refused = until(|| {
        number += 1;
        Some(send(number)).filter(|status| *status != 202)
    });
    assert_eq!(refused, 429);
}
