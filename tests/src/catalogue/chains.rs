//! Signatures: chains, digits and message words.

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{
        AMOUNT, CARRY, DIGEST_WIDTH, EVEN, HINT, INPUT, MIDWAY, ODD, ONE_TIME_KEY, PAIR, POSITION,
        SEED, STEP, WORD,
    },
    batch::schedule::{CHAIN_END, CHAIN_START, KEY_TREE_START, LAST_ROW, NUM_PAIRS},
};
use winterlane_ledger::{BaseElement, signature::CHAINS as NUM_CHAINS};

use super::{Case, padding, paying};
use crate::forge::{ChainRow, FREE_DIGITS, FalseBatch, Forgery, Rule, element};

use ChainRow::{Close, Even, Odd};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = chains();
    cases.extend(positions());
    cases.extend(pairs());
    cases.extend(words());
    cases
}

fn chains() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..8 {
        for (row, what) in [(CHAIN_START, "step"), (CHAIN_START + 4, "closing")] {
            cases.push(Case::one(
                format!("a {what} hashes something else, lane {lane}"),
                &[3, 4],
                ("chain-input", lane),
                move || padding().off_by_one(0, row, INPUT.start + lane).finish(),
            ));
        }
    }
    for lane in 0..2 {
        for (values, what, first) in [(EVEN, "even", 0), (ODD, "odd", 2)] {
            cases.push(Case::one(
                format!("a step of the even chain: value {lane} of the {what} chain is false"),
                &[3],
                ("chain-values", first + lane),
                move || {
                    let column = values.start + lane;
                    padding().off_by_one(0, CHAIN_START + 1, column).finish()
                },
            ));
            cases.push(Case::one(
                format!("a step of the odd chain: value {lane} of the {what} chain is false"),
                &[3],
                ("chain-values", first + lane),
                move || {
                    let column = values.start + lane;
                    padding().off_by_one(0, CHAIN_START + 3, column).finish()
                },
            ));
        }
        cases.push(Case::one(
            format!("the seed changes between steps, lane {lane}"),
            &[3],
            ("seed", lane),
            move || {
                padding()
                    .off_by_one(0, CHAIN_START + 1, SEED.start + lane)
                    .finish()
            },
        ));
    }
    let absorbed = [
        (CHAIN_START, "begins with something else"),
        (CHAIN_START + 1, "changes in a step"),
        (CHAIN_START + 5, "forgets a pair"),
    ];
    for lane in 0..DIGEST_WIDTH {
        for (row, what) in absorbed {
            cases.push(Case::one(
                format!("the one-time key {what}, lane {lane}"),
                &[3, 4],
                ("one-time-key", lane),
                move || {
                    padding()
                        .off_by_one(0, row, ONE_TIME_KEY.start + lane)
                        .finish()
                },
            ));
        }
    }
    cases.push(Case::one(
        "a step outside of the phase",
        &[10],
        ("step-flags", 3),
        || {
            padding()
                .lie(0, LAST_ROW, STEP.start, BaseElement::ONE)
                .finish()
        },
    ));
    cases
}

/// A phase whose first two pairs do these rows instead of `E E O O C, E E O C`.
fn first_pairs(rows: &[ChainRow]) -> Forgery {
    let mut plan = ChainRow::of_digits(&FREE_DIGITS);
    plan.splice(0..9, rows.iter().copied());
    padding().chains(0, &FREE_DIGITS, &plan)
}

/// Chains whose positions are not those of the digits, or whose ends are not their ends. A step more
/// here is a step less there, since the phase has its length.
fn positions() -> Vec<Case> {
    let finish = |forgery: Forgery, lies: &[(usize, usize, u64)]| -> FalseBatch {
        lies.iter()
            .fold(forgery, |forgery, &(row, chain, position)| {
                let column = POSITION.start + chain;
                forgery.lie(0, CHAIN_START + row, column, element(position))
            })
            .finish()
    };
    vec![
        Case::one(
            "even chains begin at other positions than their digits",
            &[3, 10],
            ("chain-positions", 0),
            move || {
                let rows = [Even, Odd, Odd, Close, Even, Even, Even, Odd, Close];
                finish(first_pairs(&rows), &[(0, 0, 2), (4, 0, 0)])
            },
        ),
        Case::one(
            "odd chains begin at other positions than their digits",
            &[3, 10],
            ("chain-positions", 1),
            move || {
                let rows = [Even, Even, Odd, Close, Even, Even, Odd, Odd, Close];
                finish(first_pairs(&rows), &[(0, 1, 2), (4, 1, 1)])
            },
        ),
        Case::one(
            "a step of an even chain counts for two, another for none",
            &[3],
            ("chain-positions", 2),
            move || {
                let rows = [Even, Odd, Odd, Close, Even, Even, Even, Odd, Close];
                finish(first_pairs(&rows), &[(1, 0, 3), (5, 0, 1)])
            },
        ),
        Case::one(
            "a step of an odd chain counts for two, another for none",
            &[3],
            ("chain-positions", 3),
            move || {
                let rows = [Even, Even, Odd, Close, Even, Even, Odd, Odd, Close];
                finish(first_pairs(&rows), &[(3, 1, 3), (7, 1, 2)])
            },
        ),
        Case::one(
            "even chains are closed before and after their ends",
            &[3],
            ("chain-positions", 4),
            move || {
                let rows = [Even, Odd, Odd, Close, Even, Even, Even, Odd, Close];
                finish(first_pairs(&rows), &[])
            },
        ),
        Case::one(
            "odd chains are closed before and after their ends",
            &[3],
            ("chain-positions", 5),
            move || {
                let rows = [Even, Even, Odd, Close, Even, Even, Odd, Odd, Close];
                finish(first_pairs(&rows), &[])
            },
        ),
    ]
}

fn pairs() -> Vec<Case> {
    let pair = |forgery: Forgery, row: usize, pair: u64| {
        forgery.lie(0, CHAIN_START + row, PAIR, element(pair))
    };
    vec![
        Case::one(
            "a pair poses as another for a while",
            &[3],
            ("pairs", 0),
            move || pair(pair(padding(), 1, 7), 2, 0).finish(),
        ),
        Case::one(
            "the phase begins at pair 1",
            &[3],
            ("pairs", 0),
            move || pair(pair(padding(), 0, 1), 1, 0).finish(),
        ),
        Case::one("31 pairs and a step more", &[3], ("pairs", 1), || {
            // 62 chains whose digits sum to 3 * 62 - 71
            let mut digits = [2; NUM_CHAINS - 2];
            digits[..9].fill(1);
            padding()
                .chains(0, &digits, &ChainRow::of_digits(&digits))
                .finish()
        }),
        Case::one("the last pair is never closed", &[3], ("pairs", 2), || {
            let mut digits = [2; NUM_CHAINS];
            digits[..4].fill(1);
            digits[NUM_CHAINS - 6..NUM_CHAINS - 2].fill(1);
            let mut plan = ChainRow::of_digits(&digits);
            plan.truncate(CHAIN_END + 1 - CHAIN_START);
            debug_assert_eq!(plan.last(), Some(&Even));
            padding().chains(0, &digits, &plan).finish()
        }),
    ]
}

/// The row that closes pair 15.
fn midway_row() -> usize {
    let plan = ChainRow::of_digits(&FREE_DIGITS);
    let closings = plan.iter().enumerate().filter(|(_, row)| **row == Close);
    let midway = closings.map(|(i, _)| i).nth(NUM_PAIRS / 2 - 1);
    CHAIN_START + midway.unwrap_or_default()
}

fn words() -> Vec<Case> {
    let mut cases = Vec::new();
    for i in 0..2 {
        let column = WORD.start + i;
        cases.extend([
            Case::one(
                format!("word {i} changes during the phase"),
                &[3, 10],
                ("message-words", i),
                move || {
                    let forgery = padding();
                    let honest = forgery.cell(0, CHAIN_START + 2, column);
                    forgery
                        .off_by_one(0, CHAIN_START + 1, column)
                        .lie(0, CHAIN_START + 2, column, honest)
                        .finish()
                },
            ),
            Case::one(
                format!("word {i} has more than 64 bits"),
                &[10],
                ("message-words", 2 + i),
                move || {
                    let forgery = padding();
                    let word = forgery.cell(0, CHAIN_START, column) + element(1 << 62);
                    forgery.set(0, CHAIN_START, column, word).finish()
                },
            ),
            Case::one(
                format!("the test of word {i} is left out"),
                &[10],
                ("canonical-words", 1 + i),
                move || {
                    padding()
                        .lie(0, midway_row(), HINT.start + i, BaseElement::ZERO)
                        .finish()
                },
            ),
            Case::one(
                format!("word {i} of padding is split as if it were the modulus more"),
                &[3, 10],
                ("canonical-words", 1 + i),
                move || second_representation(i),
            ),
        ]);
    }
    cases.push(Case::one(
        "the midway row is not marked",
        &[10],
        ("canonical-words", 0),
        || {
            padding()
                .lie(0, midway_row(), MIDWAY, BaseElement::ZERO)
                .finish()
        },
    ));
    cases.push(Case::many(
        "a signature of another amount",
        &[3],
        [0, 1].map(|i| Rule::Constraint("message-words", i)),
        || {
            let forgery = paying();
            let words = [0, 1].map(|i| forgery.cell(0, CHAIN_START, WORD.start + i));
            forgery
                .register(0, AMOUNT.start, element(301))
                .lie_lanes(0, CHAIN_START, WORD, &words)
                .finish()
        },
    ));
    cases.push(Case::many(
        "a chain value that is none of the signer's",
        &[3],
        (0..4).map(|lane| Rule::Constraint("key-root", lane)),
        || {
            paying()
                .set(0, CHAIN_START, EVEN.start, element(5))
                .finish()
        },
    ));
    cases.push(Case::many(
        "the key tree begins with something else than the one-time key",
        &[3],
        (0..4).map(|lane| Rule::Constraint("carry", lane)),
        || {
            let other = [5, 6, 7, 8].map(element);
            padding()
                .lie_lanes(0, KEY_TREE_START, CARRY, &other)
                .finish()
        },
    ));
    cases
}

/// Digits of a word whose upper half is all ones, as only the second representation of a small
/// element has it.
fn second_representation(word: usize) -> FalseBatch {
    let mut digits = [0; NUM_CHAINS];
    // the upper half has the word's bit everywhere, the other word's bit in a few places
    let (all, both, low) = if word == 0 { (1, 10, 70) } else { (2, 8, 50) };
    for (i, digit) in digits[NUM_CHAINS / 2..].iter_mut().enumerate() {
        *digit = if i < both { 3 } else { all };
    }
    let mut left = low;
    for digit in &mut digits[..NUM_CHAINS / 2] {
        *digit = left.min(3);
        left -= *digit;
    }
    padding()
        .chains(0, &digits, &ChainRow::of_digits(&digits))
        .finish()
}
