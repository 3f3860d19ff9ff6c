//! Private withdrawal and private transfer.
//!
//! An input and an output take 72 rows together:
//!
//! ```text
//!   0  authority of the spend key      36      a new note's commitment
//!   1  address                         37      (idle: its X is that commitment)
//!   2  blinded owner                   38..=69 path in the association set, or idle
//!   3  commitment                      70      note id
//!   4..=35 path in the note tree       71      nullifier (X of the row after)
//! ```

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::{
    Anchor,
    amount::limb_elements,
    hash::tag,
    private::{
        Association, AssociationMode, NOTE_TREE_DEPTH, TransferInputs, WithdrawalInputs,
        sparse::MARK,
    },
};

use super::super::{
    columns::{ASSET, REAL},
    schedule::{PathIndex, Role, Schedule, Selector as S},
};

/// One input and one output; the fee and the amount are public.
pub(super) fn withdrawal(inputs: &WithdrawalInputs) -> Schedule {
    let mut table = Schedule::default();
    let roots = (&inputs.anchor, inputs.association.as_ref());
    let (nullifier, change) = (&inputs.nullifier.0.0, &inputs.change.0.0);
    part(&mut table, 0, nullifier, change, roots);
    // the note is in the tree
    table.assert(REAL..REAL + 1, 0, &[BaseElement::ONE]);
    let asset = BaseElement::from(inputs.asset.get());
    table.assert(ASSET..ASSET + 1, 0, &[asset]);
    finish(&mut table);
    paid(&mut table, &[inputs.amount.get(), inputs.fee.get()]);
    table
}

/// Two inputs, each in the tree or a dummy, and two outputs.
pub(super) fn transfer(inputs: &TransferInputs) -> Schedule {
    let mut table = Schedule::default();
    let roots = (&inputs.anchor, inputs.association.as_ref());
    for k in 0..2 {
        let (nullifier, output) = (&inputs.nullifiers[k].0.0, &inputs.commitments[k].0.0);
        part(&mut table, k, nullifier, output, roots);
    }
    if let Some(fee) = &inputs.fee {
        let asset = BaseElement::from(fee.asset.get());
        table.assert(ASSET..ASSET + 1, 0, &[asset]);
    }
    finish(&mut table);
    paid(&mut table, &[inputs.fee.map_or(0, |fee| fee.amount.get())]);
    table
}

/// Input `k` and output `k`, of a note under this anchor.
fn part(
    table: &mut Schedule,
    k: usize,
    nullifier: &[BaseElement; 4],
    output: &[BaseElement; 4],
    (anchor, association): (&Anchor, Option<&Association>),
) {
    table.hash(Role::Authority(k), tag::AUTHORITY, &[S::HeadZero, S::Tail]);
    table.hash(Role::Address(k), tag::ADDRESS, &[S::LoCarry, S::SecretHi]);
    table.hash(Role::Owner(k), tag::OWNER, &[S::LoCarry]);
    let commitment = table.hash(
        Role::Commitment(k),
        tag::COMMITMENT,
        &[
            S::LoCarry,
            S::HeadAsset,
            S::AddTail,
            S::RangeTail,
            S::DummyValue,
            S::KeepOutput,
        ],
    );
    table.range(commitment);
    let path = |level| Role::NotePath(k, level);
    let end = table.path(path, tag::NOTE_NODE, NOTE_TREE_DEPTH, PathIndex::Position);
    table.check(end, &anchor.0);

    let new = table.hash(
        Role::Output(k),
        tag::COMMITMENT,
        &[S::HeadAsset, S::RangeTail],
    );
    table.set(new, S::AddTail, -BaseElement::ONE);
    table.range(new);
    table.assert_output(new, output);
    table.idle(1);

    if let Some(association) = association {
        // the path begins with what is at the note's position: a mark, or nothing
        let leaf = match association.mode {
            AssociationMode::Approved => MARK.0,
            AssociationMode::NotRefused => [BaseElement::ZERO; 4],
        };
        table.start_path(&leaf);
        let path = |level| Role::AssociationPath(k, level);
        let end = table.path(path, tag::ASSOCIATION, NOTE_TREE_DEPTH, PathIndex::Position);
        table.check(end, &association.root.0);
    } else {
        table.idle(NOTE_TREE_DEPTH);
    }

    table.hash(
        Role::NoteId(k),
        tag::NOTE,
        &[S::LoKept, S::HeadPosition, S::Tail],
    );
    let last = table.hash(
        Role::Nullifier(k),
        tag::NULLIFIER,
        &[S::LoSecret, S::HiCarry, S::Renew],
    );
    table.assert_output(last, nullifier);
}

/// The row in which inputs and outputs are equal.
fn finish(table: &mut Schedule) {
    let last = table.rows() - 1;
    table.on(last, &[S::SumEnd]);
}

/// What is paid in the open: the sum begins below zero.
fn paid(table: &mut Schedule, amounts: &[u128]) {
    let mut sum = [BaseElement::ZERO; 3];
    for &amount in amounts {
        for (lane, limb) in sum.iter_mut().zip(limb_elements(amount)) {
            *lane -= limb;
        }
    }
    table.start_sum(0, &sum);
}
