//! Whole attacks: what somebody would try who wants money that is not his.

use std::sync::Arc;

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{
        AMOUNT, ASSET, BITS, INPUT_HI, INPUT_LO, KEY_INDEX, NONCE, OPERATIONS, ROOT, SCOPE,
        SUBJECT, TO,
    },
    batch::schedule::{
        RECEIVER_LEAF_ROW, RECEIVER_META_ROW, SIGNER_KEYS_ROW, SIGNER_LEAF_ROW, SIGNER_META_ROW,
    },
};
use winterlane_ledger::{
    BaseElement, BatchNumber, ChainId, Digest, RollupId, Root, Scope, SlotIndex,
    hash::domain_digest,
};

use super::{Case, GOLD, NEW, creating, depositing, forge, paying, withdrawing, world};
use crate::{
    forge::{FalseBatch, Forgery, Rule, element, minus},
    scenario::{
        KeyName, by_first, by_second, key_out_of_range, rotate, top_up, transfer, withdraw,
    },
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = replays();
    cases.extend(minting());
    cases.extend(theft());
    cases.extend(digests());
    cases
}

fn lanes(group: &'static str) -> impl Iterator<Item = Rule> {
    (0..4).map(move |lane| Rule::Constraint(group, lane))
}

fn root(last: bool) -> impl Iterator<Item = Rule> {
    ROOT.map(move |column| Rule::Boundary { column, last })
}

/// Account 1 pays twice, but the second payment is signed for nonce 0, as the first was.
fn pays_twice() -> Forgery {
    let payment = by_first(transfer(1, 2, 300, 0));
    forge(&[payment, payment])
        .register(1, NONCE, BaseElement::ZERO)
        .register(1, KEY_INDEX, BaseElement::ZERO)
        .signed_by(1, &KeyName(2, 2).get(), 0)
}

fn replays() -> Vec<Case> {
    vec![
        Case::many(
            "a signature is played twice in a batch",
            &[4],
            [
                Rule::Constraint("input-hi", 1),
                Rule::Constraint("key-index", 1),
            ],
            || {
                // the stored nonce is 1 by now, and so is the next index
                let column = INPUT_HI.start + 1;
                pays_twice()
                    .lie(1, SIGNER_META_ROW, column, BaseElement::ONE)
                    .finish()
            },
        ),
        Case::many(
            "a signature is played twice in a batch, on the state of the first time",
            &[1, 4],
            lanes("root-before"),
            || {
                let column = INPUT_HI.start + 2;
                pays_twice()
                    .set(1, SIGNER_META_ROW, column, BaseElement::ZERO)
                    .finish()
            },
        ),
        Case::many(
            "a signature of the batch before is played again",
            &[1, 4],
            root(false),
            || {
                let mut world = world();
                let payment = by_first(transfer(1, 2, 300, 0));
                let mut next = || world.seal(&[payment], Some(2)).expect("a valid batch");
                next();
                let second = next();
                // signed for nonce 0 with one-time key 0, as in the batch before: that opens a state
                // where the nonce is 0, and it is not the one that the batch before left
                let mut batch = Forgery::of(&second)
                    .register(0, NONCE, BaseElement::ZERO)
                    .register(0, KEY_INDEX, BaseElement::ZERO)
                    .set(0, SIGNER_META_ROW, INPUT_HI.start + 2, BaseElement::ZERO)
                    .signed_by(0, &KeyName(2, 2).get(), 0)
                    .finish();
                batch.inputs.old_root = second.public_inputs.old_root;
                batch
            },
        ),
        Case::many(
            "a batch is played again in the next one",
            &[1, 4],
            root(false),
            || {
                // the proof is about the state before; the chain is at the state after
                let mut forgery = paying();
                forgery.inputs.batch_number.0 += 1;
                let mut batch = forgery.finish();
                batch.inputs.old_root = batch.inputs.new_root;
                batch
            },
        ),
        Case::many(
            "a batch of another rollup",
            &[3, 4],
            lanes("input-hi"),
            || {
                let mut batch = paying().finish();
                batch.inputs.domain = domain_digest(ChainId::new(1), RollupId::new(8));
                batch
            },
        ),
        Case::one(
            "the signature of a batch long ago",
            &[5],
            ("validity", 1),
            || {
                let mut forgery = paying();
                forgery.inputs.batch_number = BatchNumber::new(1001);
                forgery.finish()
            },
        ),
    ]
}

/// A carry `-5 2^46` is `5 / 2^50`: with it, one limb gains 5 and the next one 5 * 2^46.
fn carry_that_is_no_bit() -> BaseElement {
    minus(5 << 46)
}

fn minting() -> Vec<Case> {
    vec![
        Case::one(
            "the signer's carry is no bit and makes money",
            &[6, 10],
            ("bits", 0),
            || {
                withdrawing()
                    .lie(0, SIGNER_LEAF_ROW + 1, BITS.start, carry_that_is_no_bit())
                    .finish()
            },
        ),
        Case::one(
            "the receiver's carry is no bit and makes money",
            &[6, 10],
            ("bits", 0),
            || {
                depositing()
                    .lie(
                        0,
                        RECEIVER_LEAF_ROW + 1,
                        BITS.start,
                        minus(carry_that_is_no_bit().as_int()),
                    )
                    .finish()
            },
        ),
        Case::many(
            "a transfer to oneself finds the balance of before",
            &[1, 7],
            lanes("root-before"),
            || {
                let mut forgery = forge(&[by_first(transfer(2, 2, 300, 0))]);
                for column in INPUT_HI {
                    for (from, to) in [
                        (SIGNER_LEAF_ROW, RECEIVER_LEAF_ROW),
                        (SIGNER_META_ROW, RECEIVER_META_ROW),
                    ] {
                        let before = forgery.cell(0, from, column);
                        forgery = forgery.set(0, to, column, before);
                    }
                }
                forgery.finish()
            },
        ),
        Case::one(
            "a payment of a negative amount",
            &[6],
            ("limbs-end", 0),
            || {
                // -1 from the signer, -1 to the receiver
                paying()
                    .register(0, AMOUNT.start, minus(1))
                    .signed_by(0, &KeyName(2, 2).get(), 0)
                    .finish()
            },
        ),
    ]
}

fn theft() -> Vec<Case> {
    let mut cases = vec![
        Case::many("a replaced key signs", &[3], lanes("key-root"), || {
            let batch = world()
                .seal(
                    &[
                        by_second(rotate(1, SlotIndex::Zero, NEW, Scope::BOTH, 0)),
                        by_first(transfer(1, 2, 300, 0)),
                    ],
                    None,
                )
                .expect("a valid batch");
            Forgery::of(&batch)
                .signed_by(1, &KeyName(2, 2).get(), 0)
                .finish()
        }),
        Case::many(
            "the one-time key of another account signs",
            &[3, 4],
            lanes("key-root"),
            || paying().signed_by(0, &KeyName(4, 2).get(), 0).finish(),
        ),
        Case::one(
            "a one-time key beyond the capacity signs",
            &[4, 10],
            ("index", 0),
            || {
                let key = Arc::new(key_out_of_range(77));
                let mut forgery = paying().register(0, KEY_INDEX, element(1024));
                // the account has this key
                for (lane, &value) in key.root().0.0.iter().enumerate() {
                    forgery = forgery.set(0, SIGNER_KEYS_ROW, INPUT_LO.start + lane, value);
                }
                forgery.signed_by(0, &key, 1024).finish()
            },
        ),
        Case::one(
            "a creation trades bits of its asset for scopes",
            &[9, 10],
            ("index", 0),
            || {
                // the same head lane: 6 scope bits more, 6 * 2^38 of the asset less
                let forgery = creating();
                let asset = forgery.cell(0, 0, ASSET) - element(6 << 38);
                let scopes = forgery.cell(0, 0, SCOPE) + element(6);
                let honest = forgery.inputs.operations_digest;
                let batch = forgery
                    .register(0, SUBJECT, asset)
                    .register(0, ASSET, asset)
                    .register(0, SCOPE, scopes)
                    .set(0, RECEIVER_LEAF_ROW, INPUT_HI.start, scopes)
                    .finish();
                assert_eq!(batch.inputs.operations_digest, honest, "the same records");
                batch
            },
        ),
        Case::many(
            "a deposit takes an account's place",
            &[8, 9],
            lanes("root-before"),
            || {
                // a new account at the leaf of account 2, in the tree where that one is
                let other = creating();
                let honest = depositing();
                let root = [0, 1, 2, 3].map(|lane| honest.cell(0, 0, ROOT.start + lane));
                other
                    .register(0, TO, element(2))
                    .lie_lanes(0, 0, ROOT, &root)
                    .finish()
            },
        ),
    ];
    cases.push(Case::many(
        "a payment to an empty leaf",
        &[8],
        (0..4)
            .map(|lane| Rule::Constraint("carry", lane))
            .collect::<Vec<_>>(),
        || {
            // the leaf before is said to be zeros, as if the payment created an account
            let carry = winterlane_air::batch::columns::CARRY;
            depositing()
                .lie_lanes(0, RECEIVER_LEAF_ROW + 1, carry, &[BaseElement::ZERO; 4])
                .finish()
        },
    ));
    cases
}

/// The digest of other records than those that were proven.
fn digests() -> Vec<Case> {
    let records: [(&str, [usize; 2]); 3] = [
        ("operations are published in another order", [1, 0]),
        ("an operation is not published", [0, 2]),
        ("an operation is published twice", [0, 0]),
    ];
    let claim = |order: [usize; 2]| -> FalseBatch {
        let ops = [top_up(2, GOLD, 12), by_first(withdraw(1, 5, 0))];
        let sealed = world().seal(&ops, None).expect("a valid batch");
        let mut published = sealed.records.clone();
        published.push(winterlane_ledger::Record::Noop);
        let published = order.map(|i| published[i]);
        let mut batch = Forgery::of(&sealed).finish();
        batch.inputs.operations_digest = winterlane_ledger::record::operations_digest(
            &published,
            &winterlane_ledger::ScalarCompressor,
        );
        batch
    };
    let mut cases: Vec<Case> = records
        .into_iter()
        .map(|(name, order)| {
            let broken = OPERATIONS.map(|column| Rule::Boundary { column, last: true });
            Case::many(name, &[1], broken, move || claim(order))
        })
        .collect();
    cases.push(Case::many(
        "another state is claimed",
        &[1],
        root(true),
        || {
            let mut batch = paying().finish();
            batch.inputs.new_root = Root(Digest([1, 2, 3, 4].map(element)));
            batch
        },
    ));
    cases
}
