//! A real proof, from the note to the account.

use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber,
    private::{Note, NoteKeys, SpendKey, WithdrawalInputs},
};
use winterlane_prover::{
    EngineOptions, HidingRng, PrivateWitness,
    private::{NewNote as NewNoteWitness, SpentNote, WithdrawalWitness},
    prove_private,
};

use super::*;
use crate::{private::encode, testing::domain};

/// A note that was shielded is withdrawn by a real proof, and by no other.
#[test]
fn a_real_proof_withdraws_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let (node, running) = start(options(folder.path(), &payers), Stand::default()).unwrap();
    let keys = NoteKeys {
        spend: SpendKey(digest(100)),
        nullifier: digest(101),
    };
    let note = Note {
        owner: keys.address(),
        asset: AssetId::new(7),
        value: Amount::new(100),
        rho: digest(102),
    };
    let blinded = note.owner.blinded(&note.rho);
    let sealed = Vec::new();
    let shield = winterlane_ledger::pool::Shield {
        blinded,
        asset: AssetId::new(7),
        amount: Amount::new(100),
        sealed: sealed.clone(),
    };
    let order = payers[0].withdraw_to(shield.recipient(), 100, 0);
    let note_of = NewNote { blinded, sealed };
    let shielding = Shielding {
        order,
        note: note_of,
    };
    let receipt = wait(node.shield(shielding)).unwrap();
    included(&node, &receipt.id, BatchStage::Sealed);

    let mut tree = NoteTree::default();
    for note in node.notes(0, 10).unwrap().notes {
        tree.append(note.commitment).unwrap();
    }
    let path = tree.path(0).unwrap();
    let spent = SpentNote {
        keys,
        rho: note.rho,
        asset: AssetId::new(7),
        value: Amount::new(100),
        path: Some(path),
        association: None,
    };
    let change = NewNoteWitness::new(&note.owner, &digest(103), Amount::new(58));
    let inputs = PrivateInputs::Withdrawal(WithdrawalInputs {
        anchor: anchor(&node),
        nullifier: spent.nullifier(),
        change: change.commitment(AssetId::new(7)),
        recipient: account_recipient(AccountId::new(2)),
        amount: Amount::new(42),
        fee: Amount::ZERO,
        asset: AssetId::new(7),
        domain: domain(),
        valid_until: BatchNumber::new(1 << 40),
        ciphertexts: [0; 32],
        association: None,
    });
    let witness = WithdrawalWitness {
        note: spent,
        change,
    };
    let proof = prove_private(
        &inputs,
        &PrivateWitness::Withdrawal(Box::new(witness)),
        HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128),
        &mut HidingRng::from_system().unwrap(),
        &EngineOptions::default(),
    )
    .unwrap();
    let operation = PrivateOperation {
        inputs,
        sealed: Vec::new(),
        proof: proof.proof,
    };
    println!("{} bytes", encode(&operation).len());
    let mut forged = operation.clone();
    if let PrivateInputs::Withdrawal(inputs) = &mut forged.inputs {
        inputs.amount = inputs.amount.checked_add(Amount::new(1)).unwrap();
    }
    let refused = refusal(wait(node.submit_private(forged)));
    assert!(
        matches!(refused, PrivateRefusal::Proof { .. }),
        "{refused:?}"
    );
    assert_eq!(balance(&node, 2), BALANCE);
    let receipt = wait(node.submit_private(operation)).unwrap();
    included(&node, &receipt.id, BatchStage::Sealed);
    assert_eq!(balance(&node, 2), BALANCE + 42);
    end(running);
}
