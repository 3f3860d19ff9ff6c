//! Orders, private operations and exits of the tests.

use super::*;
use winterlane_ledger::{AccountId, Amount, Anchor, Domain};

pub(super) fn note_keys(n: u32) -> NoteKeys {
    NoteKeys {
        spend: SpendKey(digest(2 * n)),
        nullifier: digest(2 * n + 1),
    }
}

pub(super) fn pay(
    from: AccountId,
    to: AccountId,
    amount: impl Into<Amount>,
    fee: impl Into<Amount>,
) -> Order {
    Order::Transfer(Transfer {
        from,
        to,
        amount: amount.into(),
        fee: fee.into(),
        valid_until: UNTIL,
    })
}

pub(super) fn withdraw(
    from: AccountId,
    amount: impl Into<Amount>,
    fee: impl Into<Amount>,
    recipient: [u8; 20],
) -> Order {
    Order::Withdraw(Withdraw {
        from,
        amount: amount.into(),
        fee: fee.into(),
        recipient,
        valid_until: UNTIL,
    })
}

/// A private withdrawal of `amount` and `fee` from a note; the change is a note of value 0 or what is left.
pub(super) fn private(
    owned: &Owned,
    (anchor, domain): (Anchor, Domain),
    (amount, fee): (impl Into<Amount>, impl Into<Amount>),
    recipient: [u8; 20],
) -> (PrivateOperation, Note) {
    let (amount, fee) = (amount.into(), fee.into());
    let left = owned.note.value.checked_sub(amount);
    let left = left.and_then(|left| left.checked_sub(fee));
    let change = Note {
        value: left.unwrap(),
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
