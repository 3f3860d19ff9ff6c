//! Roots, paths, and the accounts at their ends.

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{
        ASSET, CARRY, DIGEST_WIDTH, INDEX, INDEX_BIT, INPUT_HI, INPUT_LO, PAYLOAD, ROOT, SUBJECT,
        TO,
    },
    batch::schedule::{
        KEY_TREE_START, RECEIVER_KEYS_ROW, RECEIVER_LEAF_ROW, RECEIVER_META_ROW,
        RECEIVER_PATH_START, SIGNER_KEYS_ROW, SIGNER_LEAF_ROW, SIGNER_META_ROW, SIGNER_PATH_END,
        SIGNER_PATH_START,
    },
};
use winterlane_ledger::{BaseElement, SlotIndex, hash::tag};

use super::{Case, GOLD, IRON, creating, depositing, padding, paying, rotating, withdrawing};
use crate::{
    forge::{Forgery, Rule, element, output},
    scenario::KeyName,
};

/// An operation of account 2 alone, as the signer or as the receiver: the state before it may be
/// any that suits the lie.
fn alone(start: usize) -> Forgery {
    if start == SIGNER_PATH_START {
        withdrawing()
    } else {
        depositing()
    }
}

/// A height at which the paths of the accounts here are left children.
const HEIGHT: usize = 5;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = roots();
    cases.extend(paths());
    cases.extend(indices());
    cases.extend(accounts());
    cases.extend(creation());
    cases
}

fn roots() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        cases.extend([
            Case::one(
                format!("the receiver is found in another tree, lane {lane}"),
                &[1, 2, 8],
                ("root-before", lane),
                move || depositing().off_by_one(0, 0, ROOT.start + lane).finish(),
            ),
            Case::one(
                format!("the signer is found in another tree, lane {lane}"),
                &[1, 2, 8],
                ("root-before", lane),
                move || withdrawing().off_by_one(0, 0, ROOT.start + lane).finish(),
            ),
            Case::one(
                format!("padding changes the root, lane {lane}"),
                &[1],
                ("root-after", lane),
                move || padding().off_by_one(0, 10, ROOT.start + lane).finish(),
            ),
        ]);
    }
    cases.push(Case::many(
        "what the signer paid is given back",
        &[1, 7],
        (0..4).map(|lane| Rule::Constraint("root-after", lane)),
        || {
            let forgery = withdrawing();
            let old = [0, 1, 2, 3].map(|lane| forgery.cell(0, 0, ROOT.start + lane));
            forgery
                .lie_lanes(0, SIGNER_PATH_END + 1, ROOT, &old)
                .finish()
        },
    ));
    cases
}

fn paths() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        for (start, who) in [
            (SIGNER_PATH_START, "signer"),
            (RECEIVER_PATH_START, "receiver"),
        ] {
            let before = start + 2 * HEIGHT;
            cases.extend([
                Case::one(
                    format!("the {who}'s path is broken before the update, lane {lane}"),
                    &[2],
                    ("path", lane),
                    move || {
                        alone(start)
                            .off_by_one(0, before, INPUT_LO.start + lane)
                            .finish()
                    },
                ),
                Case::one(
                    format!("the {who}'s path is broken after the update, lane {lane}"),
                    &[2],
                    ("path", lane),
                    move || {
                        alone(start)
                            .off_by_one(0, before + 1, INPUT_LO.start + lane)
                            .finish()
                    },
                ),
                Case::one(
                    format!("the {who}'s neighbours are exchanged, lane {lane}"),
                    &[2],
                    ("siblings", lane),
                    move || {
                        alone(start)
                            .off_by_one(0, before + 1, INPUT_HI.start + lane)
                            .finish()
                    },
                ),
            ]);
        }
    }
    cases.push(Case::one(
        "the leaf moves to its neighbour's place",
        &[2],
        ("side", 0),
        || {
            // account 2 is a right child at height 1; before the update it poses as a left one,
            // whose sibling is what the right one will be
            let before = RECEIVER_PATH_START + 2;
            let mut forgery = depositing()
                .lie(0, before, INDEX_BIT, BaseElement::ZERO)
                .lie(0, before + 1, INDEX_BIT, BaseElement::ONE);
            for lane in 0..DIGEST_WIDTH {
                let tag = if lane == 3 {
                    tag::NODE
                } else {
                    BaseElement::ZERO
                };
                forgery = forgery.lie_with(0, before, INPUT_HI.start + lane, move |rows, row| {
                    rows[row][CARRY.start + lane] + tag
                });
            }
            forgery.finish()
        },
    ));
    cases
}

fn indices() -> Vec<Case> {
    let mut cases = Vec::new();
    for (row, who) in [
        (SIGNER_PATH_START, "signer"),
        (RECEIVER_PATH_START, "receiver"),
    ] {
        cases.push(Case::one(
            format!("the {who} is at another place than the record says"),
            &[2],
            ("index", 1),
            move || alone(row).lie(0, row, INDEX, element(3)).finish(),
        ));
        cases.push(Case::one(
            format!("the {who}'s path takes a turn that its index does not"),
            &[2],
            ("index", 0),
            move || {
                let before = row + 2 * HEIGHT;
                alone(row)
                    .lie(0, before, INDEX_BIT, BaseElement::ONE)
                    .lie(0, before + 1, INDEX_BIT, BaseElement::ONE)
                    .finish()
            },
        ));
        cases.push(Case::one(
            format!("the {who}'s index has 33 bits"),
            &[2, 10],
            ("index", 0),
            move || {
                // an alias of the leaf: its index and 2^32, in the record and on the path
                let column = if row == SIGNER_PATH_START {
                    SUBJECT
                } else {
                    TO
                };
                let forgery = alone(row);
                let alias = forgery.cell(0, 0, column) + element(1 << 32);
                let forgery = forgery.register(0, column, alias);
                if row == SIGNER_PATH_START {
                    forgery.signed_by(0, &KeyName(4, 2).get(), 0).finish()
                } else {
                    forgery.finish()
                }
            },
        ));
    }
    cases.push(Case::one(
        "the key tree is climbed from another leaf",
        &[4],
        ("index", 1),
        || {
            padding()
                .lie(0, KEY_TREE_START, INDEX, BaseElement::ONE)
                .finish()
        },
    ));
    cases
}

/// What an operation leaves of the accounts it touches.
fn accounts() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        let (lo, hi) = (INPUT_LO.start + lane, INPUT_HI.start + lane);
        cases.extend([
            Case::one(
                format!("a payment replaces the signer's key 0, lane {lane}"),
                &[3],
                ("next-lo", lane),
                move || paying().off_by_one(0, SIGNER_KEYS_ROW + 1, lo).finish(),
            ),
            Case::one(
                format!("a payment replaces the signer's key 1, lane {lane}"),
                &[3],
                ("next-hi", lane),
                move || paying().off_by_one(0, SIGNER_KEYS_ROW + 1, hi).finish(),
            ),
            Case::one(
                format!("a rotation installs another key 0 than the record's, lane {lane}"),
                &[3],
                ("next-lo", lane),
                move || {
                    rotating(SlotIndex::Zero)
                        .off_by_one(0, SIGNER_KEYS_ROW + 1, lo)
                        .finish()
                },
            ),
            Case::one(
                format!("a rotation installs another key 1 than the record's, lane {lane}"),
                &[3],
                ("next-hi", lane),
                move || {
                    rotating(SlotIndex::One)
                        .off_by_one(0, SIGNER_KEYS_ROW + 1, hi)
                        .finish()
                },
            ),
            Case::one(
                format!("the metadata is of other keys, lane {lane}"),
                &[3],
                ("next-lo", lane),
                move || paying().off_by_one(0, SIGNER_META_ROW, lo).finish(),
            ),
            Case::one(
                format!("the leaf is of other metadata, lane {lane}"),
                &[3],
                ("next-lo", lane),
                move || paying().off_by_one(0, SIGNER_LEAF_ROW, lo).finish(),
            ),
            Case::one(
                format!("a payment replaces the receiver's metadata, lane {lane}"),
                &[2],
                ("next-lo", lane),
                move || paying().off_by_one(0, RECEIVER_LEAF_ROW + 1, lo).finish(),
            ),
            Case::one(
                format!("the receiver's leaf is of other metadata, lane {lane}"),
                &[7],
                ("input-lo", lane),
                move || depositing().off_by_one(0, RECEIVER_LEAF_ROW, lo).finish(),
            ),
            Case::one(
                format!("the receiver's metadata is of other keys, lane {lane}"),
                &[10],
                ("input-lo", lane),
                move || depositing().off_by_one(0, RECEIVER_META_ROW, lo).finish(),
            ),
        ]);
    }
    let changes: [(&str, &[u8], usize, usize); 10] = [
        (
            "a payment changes the signer's asset",
            &[7],
            SIGNER_META_ROW + 1,
            0,
        ),
        ("the nonce moves by two", &[4], SIGNER_META_ROW + 1, 1),
        (
            "a payment moves the next index of its slot by two",
            &[4],
            SIGNER_META_ROW + 1,
            2,
        ),
        (
            "a payment moves the next index of the other slot",
            &[4],
            SIGNER_META_ROW + 1,
            3,
        ),
        (
            "a payment changes the signer's scopes",
            &[3],
            SIGNER_LEAF_ROW + 1,
            0,
        ),
        ("the signer pays one less", &[7], SIGNER_LEAF_ROW + 1, 1),
        ("the signer pays 2^50 less", &[7], SIGNER_LEAF_ROW + 1, 2),
        ("the signer pays 2^100 less", &[7], SIGNER_LEAF_ROW + 1, 3),
        (
            "a payment changes the receiver's scopes",
            &[3],
            RECEIVER_LEAF_ROW + 1,
            0,
        ),
        ("the receiver gets one more", &[7], RECEIVER_LEAF_ROW + 1, 1),
    ];
    for (name, rules, row, lane) in changes {
        cases.push(Case::one(name, rules, ("next-hi", lane), move || {
            let forgery = if row > SIGNER_PATH_END {
                paying()
            } else {
                withdrawing()
            };
            forgery.off_by_one(0, row, INPUT_HI.start + lane).finish()
        }));
    }
    for (lane, name) in [(2, "2^50"), (3, "2^100")] {
        cases.push(Case::one(
            format!("the receiver gets {name} more"),
            &[7],
            ("next-hi", lane),
            move || {
                paying()
                    .off_by_one(0, RECEIVER_LEAF_ROW + 1, INPUT_HI.start + lane)
                    .finish()
            },
        ));
    }
    cases.extend([
        Case::one(
            "the nonce stays: the signature can be played again",
            &[4],
            ("next-hi", 1),
            || {
                let forgery = paying();
                let nonce = forgery.cell(0, SIGNER_META_ROW, INPUT_HI.start + 1);
                forgery
                    .lie(0, SIGNER_META_ROW + 1, INPUT_HI.start + 1, nonce)
                    .finish()
            },
        ),
        Case::one("the stored nonce is another", &[4], ("input-hi", 1), || {
            paying()
                .off_by_one(0, SIGNER_META_ROW, INPUT_HI.start + 1)
                .finish()
        }),
        Case::one(
            "the signer holds another asset",
            &[7],
            ("input-hi", 0),
            || {
                let iron = element(u64::from(IRON));
                paying()
                    .lie(0, SIGNER_META_ROW, INPUT_HI.start, iron)
                    .finish()
            },
        ),
        Case::one(
            "the receiver holds another asset",
            &[7],
            ("input-hi", 0),
            || {
                let iron = element(u64::from(IRON));
                depositing()
                    .lie(0, RECEIVER_META_ROW, INPUT_HI.start, iron)
                    .finish()
            },
        ),
        Case::one("a deposit of another asset", &[7], ("creation", 3), || {
            depositing()
                .register(0, ASSET, element(u64::from(GOLD + 1)))
                .finish()
        }),
    ]);
    cases
}

/// What a created account holds, and where.
fn creation() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        cases.extend([
            Case::one(
                format!("an account is created where one is, lane {lane}"),
                &[9],
                ("carry", lane),
                move || {
                    let leaf = CARRY.start + lane;
                    creating()
                        .off_by_one(0, RECEIVER_LEAF_ROW + 1, leaf)
                        .finish()
                },
            ),
            Case::one(
                format!("an account is created with other keys, lane {lane}"),
                &[3, 9],
                ("new-keys", lane),
                move || {
                    let forgery = creating();
                    let keys = forgery.cell(0, 0, PAYLOAD.start + lane) + BaseElement::ONE;
                    forgery.register(0, PAYLOAD.start + lane, keys).finish()
                },
            ),
        ]);
    }
    cases.push(Case::many(
        "an existing account is created again",
        &[9],
        (0..4).map(|lane| Rule::Constraint("carry", lane)),
        || {
            (0..4)
                .fold(creating(), |forgery, lane| {
                    let column = CARRY.start + lane;
                    forgery.lie_with(0, RECEIVER_LEAF_ROW + 1, column, move |rows, row| {
                        output(&rows[row - 1])[lane]
                    })
                })
                .finish()
        },
    ));
    let started: [(&str, usize, usize, usize); 6] = [
        ("nonce 5", RECEIVER_META_ROW, 1, 0),
        ("next index 5 of key 0", RECEIVER_META_ROW, 2, 1),
        ("next index 5 of key 1", RECEIVER_META_ROW, 3, 2),
        ("5 more", RECEIVER_LEAF_ROW, 1, 0),
        ("5 * 2^50 more", RECEIVER_LEAF_ROW, 2, 1),
        ("5 * 2^100 more", RECEIVER_LEAF_ROW, 3, 2),
    ];
    for (name, row, lane, constraint) in started {
        cases.push(Case::one(
            format!("an account is created with {name}"),
            &[7, 9],
            ("creation", constraint),
            move || {
                let column = INPUT_HI.start + lane;
                let forgery = creating();
                let value = forgery.cell(0, row, column) + element(5);
                forgery.set(0, row, column, value).finish()
            },
        ));
    }
    cases.push(Case::many(
        "an account is created with keys that the record does not name",
        &[3, 9],
        (0..4).map(|lane| Rule::Constraint("new-keys", lane)),
        || {
            creating()
                .set(0, RECEIVER_KEYS_ROW, INPUT_LO.start, element(5))
                .finish()
        },
    ));
    cases
}
