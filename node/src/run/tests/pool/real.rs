//! A real proof, from the note to the account.

use super::*;
use crate::{
    private::encode,
    testing::{note, real_withdrawal},
};

/// A note that was shielded is withdrawn by a real proof, and by no other.
#[test]
fn a_real_proof_withdraws_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let (node, running) = start(options(folder.path(), &payers), Stand::default()).unwrap();
    let note = note(0, 100);
    let shielding = payers[0].shield_note(&note);
    let receipt = wait(node.shield(shielding)).unwrap();
    included(&node, &receipt.id, BatchStage::Sealed);

    let mut tree = NoteTree::default();
    for note in node.notes(0, 10).unwrap().notes {
        tree.append(note.commitment).unwrap();
    }
    assert_eq!(tree.root(), anchor(&node));
    let operation = real_withdrawal(&note, (&tree, 0), 2, 42);
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
