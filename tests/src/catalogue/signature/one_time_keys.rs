//! One-time keys: what a prover would do to have one sign twice.

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{HINT, INPUT_HI, RANGE, RANGE_BITS},
    batch::schedule::{GAP_BITS, KEY_TREE_START, SIGNER_META_ROW},
};
use winterlane_ledger::{BaseElement, Scope, SlotIndex};

use crate::{
    catalogue::{Case, NEW, forge, paying, rotating, withdrawing},
    forge::{Forgery, element, minus},
    scenario::{by_first, by_second, rotate, withdraw},
};

const AFTER: usize = SIGNER_META_ROW + 1;

/// The column of a slot's next index.
const fn next_index(slot: SlotIndex) -> usize {
    INPUT_HI.start + 2 + slot.index()
}

/// The slot has signed with one-time key 0 before, which signs here again.
fn used(forgery: Forgery, slot: SlotIndex) -> Forgery {
    let column = next_index(slot);
    let after = forgery.cell(0, SIGNER_META_ROW, column) + BaseElement::ONE;
    forgery.set(0, SIGNER_META_ROW, column, after)
}

/// Account 1 rotates `target`, signed by `signing`; both of its keys may.
fn rotating_by(signing: SlotIndex, target: SlotIndex) -> Forgery {
    let order = rotate(1, target, NEW, Scope::SPEND, 0);
    forge(&[match signing {
        SlotIndex::Zero => by_first(order),
        SlotIndex::One => by_second(order),
    }])
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = reuse();
    cases.extend(after_signing());
    cases.extend(after_rotating());
    cases
}

fn reuse() -> Vec<Case> {
    vec![
        Case::one("a one-time key signs again", &[4], ("key-index", 1), || {
            used(paying(), SlotIndex::Zero).finish()
        }),
        Case::one(
            "slot 1: a one-time key signs again",
            &[4],
            ("key-index", 1),
            || used(rotating(SlotIndex::Zero), SlotIndex::One).finish(),
        ),
        Case::one(
            "a one-time key signs in a slot that is used up",
            &[4],
            ("key-index", 1),
            || {
                let column = next_index(SlotIndex::Zero);
                paying()
                    .set(0, SIGNER_META_ROW, column, element(1024))
                    .finish()
            },
        ),
        Case::one(
            "the slot that did not sign gives the next index",
            &[4],
            ("key-index", 1),
            || {
                // slot 0 is at 1 and signs with 0; slot 1 is at 0
                used(withdrawing(), SlotIndex::Zero).finish()
            },
        ),
        Case::one(
            "a one-time key signs again, with a gap of -1 that begins below 0",
            &[4, 10],
            ("key-index", 0),
            || {
                let start = minus(1) / element(1 << GAP_BITS);
                used(paying(), SlotIndex::Zero)
                    .lie(0, KEY_TREE_START, RANGE.start, start)
                    .finish()
            },
        ),
        Case::one(
            "a one-time key signs again, with a gap that jumps to -1",
            &[4, 10],
            ("key-index", 0),
            || {
                used(paying(), SlotIndex::Zero)
                    .lie(0, SIGNER_META_ROW, RANGE.start, minus(1))
                    .finish()
            },
        ),
        Case::one(
            "a one-time key signs again, with a gap whose last bit is -1",
            &[4, 10],
            ("bits", 4),
            || {
                used(paying(), SlotIndex::Zero)
                    .lie(0, SIGNER_META_ROW - 1, RANGE_BITS.start, minus(1))
                    .finish()
            },
        ),
    ]
}

/// What the slots are after an operation that replaces neither.
fn after_signing() -> Vec<Case> {
    let mut cases = Vec::new();
    for (slot, lane) in [(SlotIndex::Zero, 2), (SlotIndex::One, 3)] {
        cases.push(Case::one(
            format!(
                "slot {}: the next index stays behind the key that signed",
                lane - 2
            ),
            &[4],
            ("next-hi", lane),
            move || {
                let other = match slot {
                    SlotIndex::Zero => SlotIndex::One,
                    SlotIndex::One => SlotIndex::Zero,
                };
                let forgery = rotating_by(slot, other);
                let column = next_index(slot);
                let before = forgery.cell(0, SIGNER_META_ROW, column);
                forgery.lie(0, AFTER, column, before).finish()
            },
        ));
        cases.push(Case::one(
            format!(
                "the next index of slot {} goes up while the other signs",
                lane - 2
            ),
            &[4],
            ("next-hi", lane),
            move || {
                let column = next_index(slot);
                let forgery = match slot {
                    SlotIndex::Zero => rotating_by(SlotIndex::One, SlotIndex::One),
                    SlotIndex::One => forge(&[by_first(withdraw(1, 5, 0))]),
                };
                forgery.off_by_one(0, AFTER, column).finish()
            },
        ));
    }
    cases.push(Case::one(
        "a payment is said to replace its own slot, whose next index stays",
        &[4, 10],
        ("key-index", 2),
        || {
            paying()
                .lie(0, SIGNER_META_ROW, HINT.start, BaseElement::ONE)
                .finish()
        },
    ));
    cases.push(Case::one(
        "a payment is said to replace half of its own slot",
        &[4, 10],
        ("key-index", 2),
        || {
            let half = BaseElement::ONE / element(2);
            paying().lie(0, SIGNER_META_ROW, HINT.start, half).finish()
        },
    ));
    cases
}

/// What a rotation makes of the slot that signs and of the one that it replaces, in all four cases.
fn after_rotating() -> Vec<Case> {
    let mut cases = Vec::new();
    for signing in SlotIndex::ALL {
        for target in SlotIndex::ALL {
            let (s, t) = (signing.index(), target.index());
            cases.push(Case::one(
                format!("slot {s} replaces slot {t}, which goes on after the key that signed"),
                &[4],
                ("next-hi", 2 + t),
                move || {
                    let column = next_index(target);
                    rotating_by(signing, target)
                        .off_by_one(0, AFTER, column)
                        .finish()
                },
            ));
            if signing == target {
                continue;
            }
            cases.push(Case::one(
                format!("slot {s} replaces slot {t} and signs with the same key again"),
                &[4],
                ("next-hi", 2 + s),
                move || {
                    let column = next_index(signing);
                    let forgery = rotating_by(signing, target);
                    let before = forgery.cell(0, SIGNER_META_ROW, column);
                    forgery.lie(0, AFTER, column, before).finish()
                },
            ));
        }
        let s = signing.index();
        cases.push(Case::one(
            format!("slot {s} replaces slot 0, and it is said which one signed"),
            &[4, 10],
            ("key-index", 2),
            move || {
                // the product of the two flags, the other way round
                let forgery = rotating_by(signing, SlotIndex::Zero);
                let flag = element(u64::from(signing == SlotIndex::One));
                forgery.lie(0, SIGNER_META_ROW, HINT.start, flag).finish()
            },
        ));
    }
    cases
}
