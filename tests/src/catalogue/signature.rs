//! Signatures: keys and scopes.

use winter_math::FieldElement;
use winterlane_air::{
    BaseElement, SlotIndex,
    columns::{BITS, DIGEST_WIDTH, INPUT_HI, INPUT_LO, SCOPE},
    schedule::{
        KEY_TREE_START, RECEIVER_LEAF_ROW, SIGNER_KEYS_ROW, SIGNER_LEAF_ROW, SIGNER_META_ROW,
    },
};

use super::{Case, creating, padding, paying, rotating};
use crate::{
    forge::{Forgery, Rule, element, minus},
    scenario::KeyName,
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = keys();
    cases.extend(scopes());
    cases
}

fn keys() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        cases.extend([
            Case::one(
                format!("signed by another key than slot 0 holds, lane {lane}"),
                &[3],
                ("key-root", lane),
                move || {
                    let column = INPUT_LO.start + lane;
                    let forgery = paying();
                    let root = forgery.cell(0, SIGNER_KEYS_ROW, column) + BaseElement::ONE;
                    forgery.set(0, SIGNER_KEYS_ROW, column, root).finish()
                },
            ),
            Case::one(
                format!("signed by another key than slot 1 holds, lane {lane}"),
                &[3],
                ("key-root", lane),
                move || {
                    let column = INPUT_HI.start + lane;
                    let forgery = rotating(SlotIndex::Zero);
                    let root = forgery.cell(0, SIGNER_KEYS_ROW, column) + BaseElement::ONE;
                    forgery.set(0, SIGNER_KEYS_ROW, column, root).finish()
                },
            ),
            Case::one(
                format!("the key tree is broken, lane {lane}"),
                &[3],
                ("key-tree", lane),
                move || {
                    let column = INPUT_LO.start + lane;
                    padding().off_by_one(0, KEY_TREE_START + 3, column).finish()
                },
            ),
        ]);
    }
    cases.push(Case::many(
        "signed by a key that the account never had",
        &[3],
        (0..4).map(|lane| Rule::Constraint("key-root", lane)),
        || {
            let stranger = KeyName(4, 2).get();
            paying().signed_by(0, &stranger, 0).finish()
        },
    ));
    cases.push(Case::one(
        "one-time key 0 signs where number 1 is due",
        &[4],
        ("key-index", 0),
        || {
            let first = INPUT_HI.start + 2;
            paying().set(0, SIGNER_META_ROW, first, minus(1)).finish()
        },
    ));
    cases.push(Case::one(
        "slot 1: one-time key 0 signs where number 1 is due",
        &[4],
        ("key-index", 0),
        || {
            let first = INPUT_HI.start + 3;
            let forgery = rotating(SlotIndex::Zero);
            let before = forgery.cell(0, SIGNER_META_ROW, first) - BaseElement::ONE;
            forgery.set(0, SIGNER_META_ROW, first, before).finish()
        },
    ));
    cases
}

fn scopes() -> Vec<Case> {
    let leaf_scopes = |forgery: Forgery, scopes: u64| {
        forgery.set(0, SIGNER_LEAF_ROW, INPUT_HI.start, element(scopes))
    };
    let mut cases = vec![
        Case::one(
            "a key that may only rotate spends",
            &[3],
            ("scopes", 1),
            move || leaf_scopes(paying(), 2 + 4 * 2).finish(),
        ),
        Case::one(
            "a key that may only spend rotates",
            &[3],
            ("scopes", 1),
            move || leaf_scopes(rotating(SlotIndex::Zero), 3 + 4).finish(),
        ),
        Case::one(
            "the other slot's scope is used",
            &[3],
            ("scopes", 1),
            move || leaf_scopes(paying(), 4 * 3).finish(),
        ),
        Case::one(
            "the scope bits are not those of the leaf",
            &[3, 10],
            ("scopes", 0),
            move || {
                leaf_scopes(paying(), 2)
                    .lie(0, SIGNER_LEAF_ROW, BITS.start, BaseElement::ONE)
                    .finish()
            },
        ),
        Case::one(
            "a created account has other scopes",
            &[3, 9],
            ("scopes", 3),
            || {
                let forgery = creating();
                let scopes = forgery.cell(0, RECEIVER_LEAF_ROW, INPUT_HI.start) + element(2);
                forgery
                    .set(0, RECEIVER_LEAF_ROW, INPUT_HI.start, scopes)
                    .finish()
            },
        ),
        Case::one(
            "a created account has five scope bits",
            &[10],
            ("scopes", 2),
            || {
                let forgery = creating();
                let scopes = forgery.cell(0, 0, SCOPE) + element(16);
                forgery
                    .register(0, SCOPE, scopes)
                    .set(0, RECEIVER_LEAF_ROW, INPUT_HI.start, scopes)
                    .finish()
            },
        ),
    ];
    for slot in SlotIndex::ALL {
        cases.push(Case::one(
            format!(
                "a rotation installs three scope bits in slot {}",
                slot as u8
            ),
            &[3, 10],
            ("scopes", 2),
            move || {
                rotating(slot)
                    .register(0, SCOPE, element(5))
                    .signed_by(0, &KeyName(3, 2).get(), 0)
                    .finish()
            },
        ));
        cases.push(Case::one(
            format!(
                "a rotation installs a scope of its own in slot {}",
                slot as u8
            ),
            &[3],
            ("next-hi", 0),
            move || {
                let column = INPUT_HI.start;
                rotating(slot)
                    .off_by_one(0, SIGNER_LEAF_ROW + 1, column)
                    .finish()
            },
        ));
        cases.push(Case::one(
            format!("the new key of slot {} begins at another nonce", slot as u8),
            &[4],
            ("next-hi", 2 + slot.index()),
            move || {
                let column = INPUT_HI.start + 2 + slot.index();
                rotating(slot)
                    .off_by_one(0, SIGNER_META_ROW + 1, column)
                    .finish()
            },
        ));
    }
    cases
}
