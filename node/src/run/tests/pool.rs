//! The shielded pool: taken, refused, paid out, and still there after a restart.

mod bounded;
mod policy;
mod real;

use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc::channel},
};

use winterlane_ledger::{
    AccountId, Amount, Anchor, AssetId, BatchNumber, Domain, Nonce, Root,
    pool::{
        PolicyRefusal, PoolPolicy, PrivateOperation, ProofRefusal, VerifyPrivate, account_recipient,
    },
    private::{Association, AssociationMode, NoteTree, Nullifier, PrivateInputs},
};

use super::{BALANCE, included, options, payers, start_willing};
use crate::{
    AssetFee, BatchStage, FeeSchedule, Node, NullifierState, Refusal, Running, SubmitError,
    private::{NewNote, PrivateRefusal, Shielding},
    run::{Stand, start},
    testing::{Payer, Word, digest, private_transfer, private_withdrawal, until, wait},
};

fn refusal(result: Result<crate::Receipt, SubmitError>) -> PrivateRefusal {
    match result {
        Err(SubmitError::Refused(Refusal::Private(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

fn end(running: Running) {
    running.stop();
    running.wait().unwrap();
}

fn balance(node: &Node, id: u32) -> u128 {
    let account = node.account(AccountId::new(id)).unwrap().unwrap();
    account.pending.balance.get()
}

fn anchor(node: &Node) -> Anchor {
    node.anchors(1).unwrap().anchors[0].1
}

/// In, around and out again; what wallets see on the way, and after a restart.
#[test]
fn money_goes_in_around_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(3, 4);
    let (node, running) = start_willing(folder.path(), &payers).unwrap();
    let empty = anchor(&node);
    let shieldings = [payers[0].shield(1, 100), payers[1].shield(2, 50)];
    for shielding in &shieldings {
        let receipt = wait(node.shield(shielding.clone())).unwrap();
        let again = wait(node.shield(shielding.clone())).unwrap();
        assert!(again.known && again.sequence == receipt.sequence);
        included(&node, &receipt.id, BatchStage::Published);
    }
    assert_eq!(
        [1, 2].map(|id| balance(&node, id)),
        [BALANCE - 100, BALANCE - 50]
    );
    let notes = node.notes(0, 10).unwrap();
    assert_eq!((notes.count, notes.notes.len()), (2, 2));
    let mut tree = NoteTree::default();
    for (note, shielding) in notes.notes.iter().zip(&shieldings) {
        assert_eq!(note.sealed, shielding.note.sealed);
        tree.append(note.commitment).unwrap();
    }
    assert_eq!(tree.root(), notes.anchor);
    assert_ne!(notes.anchor, empty);
    assert_eq!(node.notes(1, 1).unwrap().notes, notes.notes[1..]);
    assert!(node.notes(2, 10).unwrap().notes.is_empty());

    // a transfer against the old root, which is still one of the last
    let transfer = private_transfer([11, 12], empty);
    let receipt = wait(node.submit_private(transfer.clone())).unwrap();
    included(&node, &receipt.id, BatchStage::Published);
    for number in [11, 12] {
        let state = node.nullifier(&Nullifier(digest(number))).unwrap();
        assert_eq!(state, NullifierState::Spent(receipt.id));
    }
    let unspent = node.nullifier(&Nullifier(digest(13))).unwrap();
    assert_eq!(unspent, NullifierState::Unspent);
    assert_eq!(node.notes(0, 10).unwrap().count, 4);
    let [first, second] = [2, 3].map(|at| node.notes(at, 1).unwrap().notes.remove(0).sealed);
    assert_eq!([first, second].to_vec(), transfer.sealed);

    // out of it: to an account, in the same batch; and to an address outside
    let withdrawal = private_withdrawal(
        21,
        anchor(&node),
        account_recipient(AccountId::new(3)),
        (30, 0),
    );
    let receipt = wait(node.submit_private(withdrawal)).unwrap();
    assert_eq!(balance(&node, 3), BALANCE + 30);
    included(&node, &receipt.id, BatchStage::Published);
    let sealed = node
        .account(AccountId::new(3))
        .unwrap()
        .unwrap()
        .sealed
        .unwrap();
    assert_eq!(sealed.balance, Amount::new(BALANCE + 30));
    let outside = private_withdrawal(22, anchor(&node), [5; 20], (20, 0));
    let receipt = wait(node.submit_private(outside.clone())).unwrap();
    included(&node, &receipt.id, BatchStage::Published);
    let published = node.pool_operations(receipt.batch).unwrap().unwrap();
    let settled = folder
        .path()
        .join(format!("settled/batch-{:010}.pool", receipt.batch));
    assert_eq!(std::fs::read(settled).unwrap(), published);
    assert_eq!(node.pool_operations(BatchNumber::new(1000)).unwrap(), None);
    let proof = *blake3::hash(&outside.proof).as_bytes();
    assert_eq!(
        node.private_proof(&proof).unwrap(),
        Some(outside.proof.clone())
    );

    // more than there is: with sound proofs this does not occur
    let robbery = private_withdrawal(23, anchor(&node), [5; 20], (101, 0));
    let refused = refusal(wait(node.submit_private(robbery)));
    assert!(
        matches!(
            refused,
            PrivateRefusal::TooMuch { held, wanted, .. } if (held.get(), wanted.get()) == (100, 101)
        ),
        "{refused:?}"
    );
    let (notes, anchors) = (node.notes(0, 100).unwrap(), node.anchors(100).unwrap());
    end(running);

    let (node, running) = start_willing(folder.path(), &[]).unwrap();
    assert_eq!(node.notes(0, 100).unwrap(), notes);
    assert_eq!(node.anchors(100).unwrap().anchors, anchors.anchors);
    assert!(wait(node.submit_private(outside)).unwrap().known);
    assert!(wait(node.shield(shieldings[0].clone())).unwrap().known);
    let stale = refusal(wait(node.submit_private(private_transfer([11, 99], empty))));
    let expected = matches!(stale, PrivateRefusal::SpentNullifier { by: Some(_), .. });
    assert!(expected, "{stale:?}");
    end(running);
}

/// A node that closes no batch by itself.
fn patient(folder: &Path, payers: &[Payer], fees: FeeSchedule, slots: u32) -> (Node, Running) {
    let mut options = options(folder, payers);
    options.limits.max_age = std::time::Duration::from_secs(3600);
    options.limits.slots = slots;
    options.limits.max_private = 3;
    options.fees = fees;
    let stand = Stand {
        judge: Some(Arc::new(Word)),
        ..Stand::default()
    };
    start(options, stand).unwrap()
}

/// Each refusal has its type, and changes nothing.
#[test]
fn each_refusal_has_its_type() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let (node, running) = patient(folder.path(), &payers, FeeSchedule::free(), 1024);
    let root = anchor(&node);
    let submit = |operation: PrivateOperation| wait(node.submit_private(operation));
    let taken = submit(private_transfer([1, 2], root)).unwrap();
    let state = || node.nullifier(&Nullifier(digest(2))).unwrap();
    assert_eq!(state(), NullifierState::Pending(taken.id));

    // spent within the batch, and within the operation
    let refused = refusal(submit(private_transfer([2, 3], root)));
    let by = Some(taken.id);
    assert!(matches!(refused, PrivateRefusal::SpentNullifier { by: b, .. } if b == by));
    let refused = refusal(submit(private_transfer([3, 3], root)));
    assert!(matches!(refused, PrivateRefusal::Inputs(_)), "{refused:?}");
    let refused = refusal(submit(private_transfer([3, 4], Anchor(digest(77)))));
    assert!(matches!(refused, PrivateRefusal::UnknownAnchor { .. }));

    let changed = |change: &dyn Fn(&mut PrivateOperation)| {
        let mut operation = private_transfer([3, 4], root);
        change(&mut operation);
        submit(operation)
    };
    let inputs = |operation: &mut PrivateOperation, change: fn(&mut PrivateInputs)| {
        change(&mut operation.inputs);
    };
    let refused = refusal(changed(&|operation| {
        inputs(operation, |inputs| {
            if let PrivateInputs::Transfer(inputs) = inputs {
                inputs.domain = Domain(digest(5));
            }
        });
    }));
    assert!(matches!(refused, PrivateRefusal::WrongDomain { .. }));
    let refused = changed(&|operation| {
        inputs(operation, |inputs| {
            if let PrivateInputs::Transfer(inputs) = inputs {
                inputs.valid_until = BatchNumber::new(1);
            }
        });
    });
    let soon = SubmitError::Refused(Refusal::ExpiresTooSoon {
        valid_until: BatchNumber::new(1),
        earliest: BatchNumber::new(2),
    });
    assert_eq!(refused, Err(soon));
    let refused = refusal(changed(&|operation| operation.proof = b"hopes".to_vec()));
    assert!(
        matches!(refused, PrivateRefusal::Proof { .. }),
        "{refused:?}"
    );
    let refused = refusal(changed(&|operation| operation.sealed[0][0] ^= 1));
    assert_eq!(refused, PrivateRefusal::Ciphertexts);
    let refused = refusal(changed(&|operation| operation.sealed.push(Vec::new())));
    assert!(matches!(refused, PrivateRefusal::Sealed { most: 2, .. }));
    let to_account = private_withdrawal(5, root, account_recipient(AccountId::new(9)), (5, 0));
    let refused = refusal(submit(to_account));
    assert!(matches!(refused, PrivateRefusal::Payee { account, .. } if account.get() == 9));
    let refused = refusal(submit(private_withdrawal(5, root, [5; 20], (5, 0))));
    assert!(matches!(refused, PrivateRefusal::TooMuch { held, .. } if held.is_zero()));

    // notes that the order does not pay for
    let shielding = payers[0].clone().shield(1, 10);
    let other = Shielding {
        note: NewNote {
            blinded: digest(2),
            ..shielding.note.clone()
        },
        ..shielding.clone()
    };
    let refused = refusal(wait(node.shield(other)));
    assert!(
        matches!(refused, PrivateRefusal::NotPaid { .. }),
        "{refused:?}"
    );
    let pay = Shielding {
        order: payers[0].clone().pay(2, 10, 0),
        ..shielding.clone()
    };
    let refused = refusal(wait(node.shield(pay)));
    assert!(
        matches!(refused, PrivateRefusal::NotPaid { .. }),
        "{refused:?}"
    );
    let nothing = refusal(wait(node.shield(payers[0].clone().shield(1, 0))));
    assert_eq!(nothing, PrivateRefusal::NothingShielded);
    // more than the account has: the ledger refuses, and no note is made
    let poor = wait(node.shield(payers[0].clone().shield(1, BALANCE + 1)));
    assert!(matches!(
        poor,
        Err(SubmitError::Refused(Refusal::Ledger(_)))
    ));

    // sent as an order, and then with its note
    let withdrawn = payers[1].shield(3, 10);
    let first = wait(node.submit(withdrawn.order.clone())).unwrap().id;
    let refused = refusal(wait(node.shield(withdrawn)));
    assert_eq!(refused, PrivateRefusal::PaidWithoutNote { first });

    // as many as may be pending
    for number in [10, 20] {
        submit(private_transfer([number, number + 1], root)).unwrap();
    }
    let busy = submit(private_transfer([30, 31], root));
    assert!(matches!(busy, Err(SubmitError::Busy { .. })), "{busy:?}");
    let receipt = wait(node.shield(payers[0].shield(1, 10))).unwrap();
    assert_eq!(wait(node.seal_now()), Ok(receipt.batch));
    included(&node, &receipt.id, BatchStage::Sealed);
    assert_eq!(node.notes(0, 100).unwrap().count, 7);
    assert_eq!(state(), NullifierState::Spent(taken.id));
    submit(private_transfer([30, 31], root)).unwrap();
    end(running);
}

/// What is pending when the process ends is pending when the next one begins: private operations, their nullifiers,
/// notes that were paid for.
#[test]
fn what_is_pending_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let (node, running) = patient(folder.path(), &payers, FeeSchedule::free(), 1024);
    let root = anchor(&node);
    let shielding = payers[0].shield(1, 70);
    let shielded = wait(node.shield(shielding.clone())).unwrap();
    let transfer = private_transfer([1, 2], root);
    let receipt = wait(node.submit_private(transfer.clone())).unwrap();
    let paid = private_withdrawal(3, root, account_recipient(AccountId::new(2)), (40, 0));
    let paid_receipt = wait(node.submit_private(paid.clone())).unwrap();
    end(running);

    let (node, running) = patient(folder.path(), &[], FeeSchedule::free(), 1024);
    assert_eq!(
        [1, 2].map(|id| balance(&node, id)),
        [BALANCE - 70, BALANCE + 40]
    );
    let again = wait(node.submit_private(transfer)).unwrap();
    assert_eq!((again.known, again.sequence), (true, receipt.sequence));
    assert!(wait(node.shield(shielding)).unwrap().known);
    let state = node.nullifier(&Nullifier(digest(2))).unwrap();
    assert_eq!(state, NullifierState::Pending(receipt.id));
    let refused = refusal(wait(node.submit_private(private_transfer([2, 9], root))));
    assert!(matches!(refused, PrivateRefusal::SpentNullifier { .. }));
    // the count of pending private operations is the same too
    wait(node.submit_private(private_transfer([5, 6], root))).unwrap();
    let busy = wait(node.submit_private(private_transfer([7, 8], root)));
    assert!(matches!(busy, Err(SubmitError::Busy { .. })), "{busy:?}");
    wait(node.seal_now()).unwrap();
    for receipt in [shielded, receipt, paid_receipt] {
        assert_eq!(
            included(&node, &receipt.id, BatchStage::Sealed).0,
            BatchNumber::ZERO
        );
    }
    assert_eq!(node.notes(0, 100).unwrap().count, 6);
    let sealed = node
        .account(AccountId::new(2))
        .unwrap()
        .unwrap()
        .sealed
        .unwrap();
    assert_eq!(sealed.balance, Amount::new(BALANCE + 40));
    end(running);
}

/// Fees of the pool go to whoever collects, in the same batch; what pays none is refused where all must pay.
#[test]
fn fees_of_the_pool_are_collected() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(3, 4);
    let fee = AssetFee {
        asset: AssetId::new(7),
        minimum: Amount::new(5),
        collector: AccountId::new(3),
    };
    let (node, running) = patient(folder.path(), &payers, FeeSchedule::new([fee], false), 4);
    let root = anchor(&node);
    let shielding = payers[0].shield(1, 100);
    let free = wait(node.shield(shielding));
    assert!(matches!(
        free,
        Err(SubmitError::Refused(Refusal::FeeTooLow { .. }))
    ));
    let refused = refusal(wait(node.submit_private(private_transfer([1, 2], root))));
    assert_eq!(refused, PolicyRefusal::NoFee.into());
    let low = private_withdrawal(1, root, account_recipient(AccountId::new(2)), (10, 4));
    let low = wait(node.submit_private(low));
    assert!(matches!(
        low,
        Err(SubmitError::Refused(Refusal::FeeTooLow { .. }))
    ));
    end(running);

    // with a note in the pool that cost nothing
    let (node, running) = patient(folder.path(), &[], FeeSchedule::free(), 4);
    payers[0].nonce = Nonce::ZERO;
    payers[0].index = 1;
    wait(node.shield(payers[0].shield(1, 100))).unwrap();
    end(running);
    let (node, running) = patient(folder.path(), &[], FeeSchedule::new([fee], false), 4);
    for (number, recipient) in [(1, 9), (2, 9)] {
        let operation = private_withdrawal(
            number,
            root,
            account_recipient(AccountId::new(recipient)),
            (10, 5),
        );
        let refused = refusal(wait(node.submit_private(operation)));
        assert!(
            matches!(refused, PrivateRefusal::Payee { account, .. } if account.get() == 9),
            "{refused:?}"
        );
    }
    // two records each: the second does not fit beside the first and what shielding took, and opens a batch
    let pay =
        |number| private_withdrawal(number, root, account_recipient(AccountId::new(2)), (10, 5));
    let first = wait(node.submit_private(pay(3))).unwrap();
    let second = wait(node.submit_private(pay(4))).unwrap();
    assert_eq!(
        (first.batch, second.batch),
        (BatchNumber::ZERO, BatchNumber::new(1))
    );
    assert_eq!(
        [2, 3].map(|id| balance(&node, id)),
        [BALANCE + 20, BALANCE + 10]
    );
    let _ = wait(node.seal_now());
    included(&node, &second.id, BatchStage::Sealed);
    let sealed = node
        .account(AccountId::new(3))
        .unwrap()
        .unwrap()
        .sealed
        .unwrap();
    assert_eq!(sealed.balance, Amount::new(BALANCE + 10));
    end(running);
}
