//! Orders, private operations and exits of the tests.

use super::*;
use winterlane_ledger::{Anchor, Domain};

pub(super) fn note_keys(n: u32) -> NoteKeys {
    NoteKeys {
        spend: SpendKey(digest(2 * n)),
        nullifier: digest(2 * n + 1),
    }
}

pub(super) fn pay(from: u32, to: u32, amount: u128, fee: u128) -> Order {
    Order::Transfer(Transfer {
        from,
        to,
        amount,
        fee,
        valid_until: UNTIL,
    })
}

pub(super) fn withdraw(from: u32, amount: u128, fee: u128, recipient: [u8; 20]) -> Order {
    Order::Withdraw(Withdraw {
        from,
        amount,
        fee,
        recipient,
        valid_until: UNTIL,
    })
}

/// A private withdrawal of `amount` and `fee` from a note; the change is a note of value 0 or what is left.
pub(super) fn private(
    owned: &Owned,
    (anchor, domain): (Anchor, Domain),
    (amount, fee): (u128, u128),
    recipient: [u8; 20],
) -> (PrivateOperation, Note) {
    let change = Note {
        value: owned.note.value - amount - fee,
        rho: digest(20_000 + owned.position),
        ..owned.note
    };
    let inputs = PrivateInputs::Withdrawal(WithdrawalInputs {
        anchor,
        nullifier: owned.note.nullifier(&owned.keys.nullifier, owned.position),
        change: change.commitment(),
        recipient,
        amount,
        fee,
        asset: owned.note.asset,
        domain,
        valid_until: UNTIL,
        ciphertexts: [0; 32],
        association: None,
    });
    let operation = PrivateOperation {
        proof: inputs.to_bytes(),
        inputs,
        sealed: Vec::new(),
    };
    (operation, change)
}

/// A note that leaves a frozen rollup.
pub(super) fn exit_note(owned: &Owned, view: &FrozenView, to: Party) -> Call {
    let place = (view.anchor, view.exit_domain);
    let (operation, _) = private(owned, place, (owned.note.value, 0), to.0);
    note_call(operation)
}

pub(super) fn note_call(operation: PrivateOperation) -> Call {
    let PrivateInputs::Withdrawal(inputs) = operation.inputs else {
        panic!("a withdrawal");
    };
    let proof = operation.proof;
    Call::ExitNote { inputs, proof }
}
