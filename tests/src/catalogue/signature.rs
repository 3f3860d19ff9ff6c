//! Signatures: keys, scopes, and the digits that a key signs.

mod one_time_keys;

use winter_math::{FieldElement, StarkField};
use winterfell::crypto::hashers::RpJive64_256;
use winterlane_air::{
    batch::columns::{
        BITS, DIGEST_WIDTH, EVEN, INPUT_HI, INPUT_LO, NUM_ROUNDS, ODD, SCOPE, STATE_WIDTH,
        round_start,
    },
    batch::schedule::{
        CHAIN_START, KEY_TREE_START, RECEIVER_LEAF_ROW, SIGN_ROW, SIGNER_KEYS_ROW, SIGNER_LEAF_ROW,
        SIGNER_META_ROW,
    },
};
use winterlane_ledger::{BaseElement, SlotIndex, signature::TARGET_SUM};

use super::{Case, creating, padding, paying, rotating};
use crate::{
    forge::{ChainRow, FalseBatch, Forgery, ReadDigits, Rule, Signer, element, output, split},
    scenario::KeyName,
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = keys();
    cases.extend(one_time_keys::cases());
    cases.extend(scopes());
    cases.extend(digits());
    cases
}

fn key_root() -> impl Iterator<Item = Rule> {
    (0..DIGEST_WIDTH).map(|lane| Rule::Constraint("key-root", lane))
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
        key_root(),
        || {
            let stranger = KeyName(4, 2).get();
            paying().signed_by(0, &stranger, 0).finish()
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
            format!("the new key of slot {} does not begin at 0", slot as u8),
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

/// Account 1 pays, and its own key signs that in a way that is not the statement's.
fn signed(how: impl FnOnce(Signer) -> Signer) -> FalseBatch {
    let honest = Signer::new(&KeyName(2, 2).get(), 0);
    paying().signed(0, how(honest)).finish()
}

/// The digits of a message if they add up to `sum`.
fn of_sum(sum: u32) -> ReadDigits {
    Box::new(move |message| {
        let [low, high, ..] = message.0.map(|lane| lane.as_int());
        (low.count_ones() + 2 * high.count_ones() == sum).then(|| split([low, high]))
    })
}

fn digits() -> Vec<Case> {
    let mut cases = vec![
        Case::many(
            "the chains of a pair change places",
            &[3],
            key_root(),
            || {
                let mut forgery = paying();
                for i in [0, 1] {
                    let even = forgery.cell(0, CHAIN_START, EVEN.start + i);
                    let odd = forgery.cell(0, CHAIN_START, ODD.start + i);
                    forgery = forgery.set(0, CHAIN_START, EVEN.start + i, odd).set(
                        0,
                        CHAIN_START,
                        ODD.start + i,
                        even,
                    );
                }
                forgery.finish()
            },
        ),
        // each pair steps right for its own number: the ends are the key's, in another order
        Case::many(
            "pairs of chains change places",
            &[3],
            key_root().chain([Rule::Constraint("pairs", 0)]),
            || {
                signed(|honest| Signer {
                    pair: |pair| if pair < 2 { 1 - pair } else { pair },
                    ..honest
                })
            },
        ),
        // a step more than there is room for: the last pair stays open
        Case::many(
            "digits of sum 121",
            &[3],
            key_root().chain([Rule::Constraint("pairs", 2)]),
            || {
                signed(|honest| Signer {
                    digits: of_sum(TARGET_SUM - 1),
                    plan: |digits| {
                        let mut plan = ChainRow::of_digits(digits);
                        plan.pop();
                        plan
                    },
                    ..honest
                })
            },
        ),
        // a signature that is walked on by a step, and a row to spare: everything else is in order
        Case::one("digits of sum 123", &[3], ("step-flags", 3), || {
            signed(|honest| Signer {
                digits: of_sum(TARGET_SUM + 1),
                plan: |digits| {
                    let mut plan = ChainRow::of_digits(digits);
                    plan.insert(0, ChainRow::Idle);
                    plan
                },
                ..honest
            })
        }),
    ];
    cases.extend([0, 1].map(|word| {
        let broken = [("permutation", MESSAGE_HASH), ("canonical-words", 1 + word)];
        Case::many(
            format!("word {word} is split as if it were the modulus more"),
            &[3, 10],
            broken.map(|(group, index)| Rule::Constraint(group, index)),
            move || second_representation(word),
        )
    }));
    cases
}

/// The constraint on the last lane between the two halves of the last round.
const MESSAGE_HASH: usize = 3 * (STATE_WIDTH * (NUM_ROUNDS - 1) + STATE_WIDTH - 1) + 1;

/// A signed payment whose message has a small word, and the digits of that word and the modulus.
///
/// Such a message, with digits of the right sum, takes some 2^37 randomisers to find. Here a false
/// lane in its hash stands for the search: all else is the signer's, and in order.
fn second_representation(word: usize) -> FalseBatch {
    // the lower half of the sum with the modulus is all these ones, so that the sum is in reach
    let small = (1 << [26, 13][word]) - 2;
    let lane = STATE_WIDTH - 1;
    let column = round_start(NUM_ROUNDS - 1) + STATE_WIDTH + lane;
    let signer = Signer {
        digits: Box::new(move |message| {
            let mut words = [0, 1].map(|i| message.0[i].as_int());
            assert_eq!(words[word], small, "the hash is not as it was pinned");
            words[word] += BaseElement::MODULUS;
            let digits = split(words);
            let sum: u32 = digits.iter().copied().map(u32::from).sum();
            (sum == TARGET_SUM).then_some(digits)
        }),
        ..Signer::new(&KeyName(2, 2).get(), 0)
    };
    paying()
        .lie_with(0, SIGN_ROW, column, move |rows, row| {
            let mut cells = rows[row];
            cells[column] = BaseElement::ZERO;
            let mds = RpJive64_256::MDS;
            let weight = mds[word][lane] + mds[word + DIGEST_WIDTH][lane];
            (element(small) - output(&cells)[word]) / weight
        })
        .signed(0, signer)
        .finish()
}
