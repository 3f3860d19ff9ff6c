//! Association sets, as far as they are compared before a proof is looked at: that the proof says what they say is shown
//! on the module itself.

use serde_json::{Value, json};
use winterlane_ledger::{
    Amount, Anchor, AssetId, BatchNumber, Digest, Domain, Root,
    codec::CanonicalBytes,
    private::{
        Association, AssociationMode, Commitment, Nullifier, PrivateInputs, PrivateProof,
        TransferInputs, WithdrawalInputs,
    },
};

use crate::statement;

fn digest(number: u64) -> Digest {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Digest::from_bytes(&bytes).unwrap()
}

fn withdrawal(association: Option<Association>) -> PrivateInputs {
    PrivateInputs::Withdrawal(WithdrawalInputs {
        anchor: Anchor(digest(1)),
        nullifier: Nullifier(digest(2)),
        change: Commitment(digest(3)),
        recipient: [4; 20],
        amount: Amount::new(5),
        fee: Amount::new(6),
        asset: AssetId::new(7),
        domain: Domain(digest(8)),
        valid_until: BatchNumber::new(9),
        ciphertexts: [0; 32],
        association,
    })
}

fn transfer(association: Option<Association>) -> PrivateInputs {
    PrivateInputs::Transfer(TransferInputs {
        anchor: Anchor(digest(1)),
        nullifiers: [2, 3].map(|number| Nullifier(digest(number))),
        commitments: [4, 5].map(|number| Commitment(digest(number))),
        fee: None,
        domain: Domain(digest(8)),
        valid_until: BatchNumber::new(9),
        ciphertexts: [0; 32],
        association,
    })
}

/// Where a statement without a proof is refused, by whoever asks for this set.
fn refused_at(asked: &Value, inputs: PrivateInputs) -> String {
    let proof = Vec::new();
    let bytes = PrivateProof { inputs, proof }.to_bytes();
    let known = json!({ "association": asked }).to_string();
    let answer = statement(known.as_bytes(), &bytes, 0);
    let said: Value = serde_json::from_slice(&answer.json).unwrap();
    assert_eq!(said["valid"], false);
    said["stage"].as_str().unwrap().into()
}

/// Who is not among the approved can show that: it is no answer to whoever asks for approved notes.
#[test]
fn a_set_is_its_mode_and_its_root() {
    let modes = [
        ("approved", AssociationMode::Approved),
        ("notRefused", AssociationMode::NotRefused),
    ];
    for of in [withdrawal, transfer] {
        for (name, asked) in modes {
            let question = json!({ "mode": name, "root": digest(50).to_string() });
            for (_, mode) in modes {
                for (root, same) in [(Root(digest(50)), true), (Root(digest(51)), false)] {
                    let stage = refused_at(&question, of(Some(Association { mode, root })));
                    // What is as it was asked for is refused for the want of a proof.
                    let expected = if same && mode == asked {
                        "proof"
                    } else {
                        "pin"
                    };
                    assert_eq!(stage, expected, "{name}, {mode:?}, {root}");
                }
            }
            assert_eq!(refused_at(&question, of(None)), "pin");
        }
        for unreadable in [
            json!(digest(50).to_string()),
            json!({ "root": digest(50).to_string() }),
            json!({ "mode": "refused", "root": digest(50).to_string() }),
            json!({ "mode": "approved" }),
        ] {
            assert_eq!(
                refused_at(&unreadable, of(None)),
                "expected",
                "{unreadable}"
            );
        }
    }
}
