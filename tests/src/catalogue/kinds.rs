//! Kinds of operations: flags, records, registers.

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{
        AMOUNT, ASSET, CARRY, FEE, IS_COLLECT, IS_CREATE, IS_TOP_UP, IS_TRANSFER, KEY_INDEX,
        NUM_LIMBS, PAYLOAD, REGISTERS, ROTATE, SCOPE, SPEND, SUBJECT, TARGETS_SLOT_0, TO,
        VALID_UNTIL,
    },
    batch::schedule::{LAST_ROW, RECEIVER_META_ROW},
};
use winterlane_ledger::{BaseElement, SlotIndex};

use super::{Case, GOLD, collecting, forge, padding, paying, paying_a_fee, rotating, withdrawing};
use crate::{
    forge::{Forgery, element, minus},
    scenario::{KeyName, by_first, transfer},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = flags();
    cases.extend(record());
    cases.extend(registers());
    cases
}

fn flags() -> Vec<Case> {
    let one = BaseElement::ONE;
    let pair = |start: usize, values: [BaseElement; 2]| {
        padding()
            .register(0, start, values[0])
            .register(0, start + 1, values[1])
            .finish()
    };
    vec![
        Case::one(
            "slot 0 spends -1 times, slot 1 once",
            &[10],
            ("flags", 0),
            move || pair(SPEND.start, [-one, one]),
        ),
        Case::one(
            "slot 1 spends -1 times, slot 0 once",
            &[10],
            ("flags", 1),
            move || pair(SPEND.start, [one, -one]),
        ),
        Case::one(
            "slot 0 rotates -1 times, slot 1 once",
            &[10],
            ("flags", 2),
            move || pair(ROTATE.start, [-one, one]),
        ),
        Case::one(
            "slot 1 rotates -1 times, slot 0 once",
            &[10],
            ("flags", 3),
            move || pair(ROTATE.start, [one, -one]),
        ),
        Case::one("a payment twice", &[7, 10], ("flags", 4), || {
            forge(&[by_first(transfer(1, 0, 5, 0))])
                .register(0, IS_TRANSFER, element(2))
                .signed_by(0, &KeyName(2, 2).get(), 0)
                .finish()
        }),
        Case::one(
            "a rotation of slot 0 twice and slot 1 -1 times",
            &[10],
            ("flags", 5),
            || {
                rotating(SlotIndex::Zero)
                    .register(0, TARGETS_SLOT_0, element(2))
                    .signed_by(0, &KeyName(3, 2).get(), 0)
                    .finish()
            },
        ),
        Case::one(
            "a deposit -1 times, and a creation",
            &[10],
            ("flags", 7),
            || {
                let keys = |forgery: Forgery, lane: usize| {
                    let value = forgery.cell(0, RECEIVER_META_ROW, CARRY.start + lane);
                    forgery.register(0, PAYLOAD.start + lane, value)
                };
                (0..4)
                    .fold(padding(), keys)
                    .register(0, IS_TOP_UP, minus(1))
                    .register(0, IS_CREATE, BaseElement::ONE)
                    .finish()
            },
        ),
        Case::one(
            "a collection -1 times, and a deposit",
            &[7, 10],
            ("flags", 8),
            || {
                padding()
                    .register(0, IS_COLLECT, minus(1))
                    .register(0, IS_TOP_UP, BaseElement::ONE)
                    .finish()
            },
        ),
        Case::one(
            "a deposit and a collection at once",
            &[10],
            ("flags", 9),
            || {
                padding()
                    .register(0, IS_COLLECT, BaseElement::ONE)
                    .register(0, IS_TOP_UP, BaseElement::ONE)
                    .finish()
            },
        ),
        Case::one(
            "a transfer that nobody signs",
            &[3, 10],
            ("flags", 10),
            || {
                padding()
                    .register(0, IS_TRANSFER, BaseElement::ONE)
                    .finish()
            },
        ),
        Case::one("padding replaces a key slot", &[10], ("flags", 11), || {
            padding()
                .register(0, TARGETS_SLOT_0, BaseElement::ONE)
                .finish()
        }),
    ]
}

fn record() -> Vec<Case> {
    let five = element(5);
    let mut cases = vec![Case::one(
        "padding with an expiry",
        &[10],
        ("record", 0),
        move || padding().register(0, VALID_UNTIL, five).finish(),
    )];
    for i in 0..NUM_LIMBS {
        cases.extend([
            Case::one(
                format!("padding pays a fee, limb {i}"),
                &[7],
                ("record", 1 + i),
                move || {
                    collecting()
                        .register(0, ASSET, element(u64::from(GOLD)))
                        .register(0, FEE.start + i, five)
                        .register(1, AMOUNT.start + i, five)
                        .finish()
                },
            ),
            Case::one(
                format!("padding has an amount, limb {i}"),
                &[10],
                ("record", 4 + i),
                move || padding().register(0, AMOUNT.start + i, five).finish(),
            ),
        ]);
    }
    let rest = [("subject", SUBJECT), ("receiver", TO), ("scope", SCOPE)];
    for (i, (name, column)) in rest.into_iter().enumerate() {
        cases.push(Case::one(
            format!("padding has a {name}"),
            &[10],
            ("record", 7 + i),
            move || padding().register(0, column, five).finish(),
        ));
    }
    for lane in 0..4 {
        cases.push(Case::one(
            format!("padding has a payload, lane {lane}"),
            &[10],
            ("record", 10 + lane),
            move || padding().register(0, PAYLOAD.start + lane, five).finish(),
        ));
    }
    cases.push(Case::one(
        "padding is signed by a one-time key",
        &[10],
        ("record", 14),
        move || padding().register(0, KEY_INDEX, five).finish(),
    ));
    cases
}

/// What a register may become in the last row of its block, where no other constraint minds.
fn registers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (i, column) in REGISTERS.enumerate() {
        cases.push(Case::one(
            format!("register {i} changes within the operation"),
            &[3, 10],
            ("registers", i),
            move || {
                let flags = SPEND
                    .chain(ROTATE)
                    .chain([IS_CREATE, IS_TOP_UP, IS_COLLECT]);
                let zero = BaseElement::ZERO;
                if flags.into_iter().any(|flag| flag == column) {
                    padding()
                        .lie(0, LAST_ROW, column, BaseElement::ONE)
                        .finish()
                } else if PAYLOAD.contains(&column) {
                    withdrawing().off_by_one(0, LAST_ROW, column).finish()
                } else if column == IS_TRANSFER {
                    forge(&[by_first(transfer(1, 0, 5, 0))])
                        .lie(0, LAST_ROW, column, zero)
                        .finish()
                } else if column == TARGETS_SLOT_0 {
                    rotating(SlotIndex::Zero)
                        .lie(0, LAST_ROW, column, zero)
                        .finish()
                } else if column == SCOPE {
                    rotating(SlotIndex::Zero)
                        .off_by_one(0, LAST_ROW, column)
                        .finish()
                } else if FEE.contains(&column) {
                    paying_a_fee(3).off_by_one(0, LAST_ROW, column).finish()
                } else {
                    paying().off_by_one(0, LAST_ROW, column).finish()
                }
            },
        ));
    }
    cases
}
