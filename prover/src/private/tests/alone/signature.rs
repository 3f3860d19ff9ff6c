//! What a credential has besides: the chain phase of the issuer's signature.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use winter_math::FieldElement;
use winterlane_air::private::{
    Role, Schedule,
    columns::{INDEX, signature as signed},
};
use winterlane_ledger::{BaseElement, private::Test};

use super::{
    super::{
        people::{self, Ask, value_at},
        world::Case,
    },
    Ledger, Lie, ONE, Wanted, broken, plus_one, row_of, two, zero,
};
use crate::private::chains::{Chains, Step, digit};

/// A credential that shows a bound and a set.
pub(super) fn shown() -> Case {
    let most = Ask::Test(Test::AtMost(value_at(0) + 9));
    let member = Ask::Member(vec![1, value_at(5)], 1);
    people::shown(people::ours(), &[(0, most), (5, member)], true)
}

/// The rows of the chain phase.
fn phase(table: &Schedule) -> Range<usize> {
    let start = row_of(table, Role::Chain);
    start..start + 102
}

pub(super) fn inputs_and_values(ledger: &mut Ledger) {
    let case = shown();
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    let phase = phase(air.schedule());
    let (first, middle) = (phase.start, phase.start + 50);
    for lane in 0..4 {
        // what a credential wires beside other statements: value, number and last day
        let lie = Lie::input(row(Role::Member(1)), move |_, hi| hi[lane] += ONE);
        ledger.alone(&case, "input-hi", lane, &lie);
        for at in [first, middle] {
            let lie = Lie::input(at, move |lo, _| lo[lane] += ONE);
            ledger.alone(&case, "chain-input", lane, &lie);
            let lie = Lie::input(at, move |_, hi| hi[lane] += ONE);
            ledger.alone(&case, "chain-input", 4 + lane, &lie);
        }
        let lie = Lie::chains(move |at, chains| {
            if at == middle {
                chains.key[lane] += ONE;
            }
        });
        ledger.alone(&case, "one-time-key", lane, &lie);
    }
    for lane in 0..4 {
        // another root of attributes in the body, or before the first path ends; another seed in the last row
        let lie = Lie::input(row(Role::Body), move |lo, _| lo[lane] += ONE);
        ledger.alone(&case, "attributes", lane, &lie);
        let lie = Lie::cells(signed::ROOT.start + lane, 0..2, plus_one);
        ledger.alone(&case, "constants", lane, &lie);
    }
    let last = air.schedule().rows() - 1;
    for lane in [0, 1] {
        let lie = Lie::cells(signed::SEED.start + lane, last + 1..last + 2, plus_one);
        ledger.alone(&case, "constants", 4 + lane, &lie);
    }
    let lie = Lie::input(row(Role::Credential), |_, hi| hi[0] += ONE);
    ledger.alone(&case, "input-hi", 0, &lie);
    // a later last day than the signed one
    let lie = Lie::state(row(Role::Bound), |state| state.secret[1] += ONE);
    ledger.alone(&case, "secret", 1, &lie);

    let steps = steps_of(&case, None);
    let after_step = (1..steps.len())
        .find(|&n| steps[n - 1] != Step::Close)
        .unwrap();
    let second = first + after_step;
    for chain in [0, 1] {
        for lane in [0, 1] {
            let lie = Lie::chains(move |at, chains| {
                if at == second {
                    chains.values[chain][lane] += ONE;
                }
            });
            ledger.alone(&case, "chain-values", 2 * chain + lane, &lie);
        }
    }
    // a row that does nothing, in place of a step
    let step = steps
        .iter()
        .position(|&step| step == Step::Chain(0))
        .unwrap();
    let at = first + step;
    let lie = Lie::cells(signed::STEP.start, at..at + 1, zero);
    ledger.alone(&case, "phase", 0, &lie);
    for lane in 0..4 {
        // the second row of a pair opens none
        let lie = Lie::cells(signed::DIGITS.start + lane, second..second + 1, two);
        ledger.alone(&case, "digits", lane, &lie);
    }
}

/// The steps of the chain phase, when these words of the message are looked for.
fn steps_of(case: &Case, wanted: Option<Wanted>) -> Vec<Step> {
    let steps = Rc::new(RefCell::new(Vec::new()));
    let seen = steps.clone();
    let spy = Lie::chains(move |_, chains| seen.borrow_mut().clone_from(&chains.steps));
    broken(case, &Lie { wanted, ..spy });
    steps.take()
}

/// One chain has a step less and another one a step more.
fn shift_steps(chains: &mut Chains<'_>, chain: usize, (less, more): (usize, usize)) {
    let mut steps = Vec::new();
    let mut pair = 0;
    for &step in &chains.steps {
        if step == Step::Close {
            if pair == more {
                steps.push(Step::Chain(chain));
            }
            pair += 1;
        }
        steps.push(step);
    }
    pair = 0;
    let at = steps.iter().position(|&step| {
        pair += usize::from(step == Step::Close);
        pair == less && step == Step::Chain(chain)
    });
    steps.remove(at.unwrap());
    chains.steps = steps;
}

/// A pair in which a chain has a step, and another in which it can have one more; in both the other chain moves too.
fn two_pairs(chains: &Chains<'_>, chain: usize) -> (usize, usize) {
    let digit = |pair, chain| digit(chains.words, 2 * pair + chain);
    let moves = |pair| digit(pair, 1 - chain) < 3;
    let less = (1..32).find(|&pair| digit(pair, chain) < 3 && moves(pair));
    let more = (1..32).find(|&pair| Some(pair) != less && digit(pair, chain) > 0 && moves(pair));
    (less.unwrap(), more.unwrap())
}

pub(super) fn places(ledger: &mut Ledger) {
    let case = shown();
    let air = case.air();
    let start = phase(air.schedule()).start;
    for chain in [0, 1] {
        // a chain begins a place later than its digit says, and another one a place earlier
        let lie = Lie::chains(move |at, chains| {
            let (less, more) = two_pairs(chains, chain);
            if at == start {
                shift_steps(chains, chain, (less, more));
            }
            if chains.opens && chains.pair == less {
                chains.places[chain] += 1;
            }
            if chains.opens && chains.pair == more {
                chains.places[chain] -= 1;
            }
        });
        ledger.alone(&case, "places-open", chain, &lie);
        // a place jumps while the other chain of the pair makes its first step
        let opened = Cell::new(None);
        let lie = Lie::chains(move |at, chains| {
            let (less, more) = two_pairs(chains, chain);
            if at == start {
                shift_steps(chains, chain, (less, more));
                chains.steps = other_first(&chains.steps, 1 - chain);
            }
            if opened.take() == Some(chains.pair) {
                if chains.pair == less {
                    chains.places[chain] += 1;
                } else if chains.pair == more {
                    chains.places[chain] -= 1;
                }
            }
            opened.set(chains.opens.then_some(chains.pair));
        });
        ledger.alone(&case, "places", chain, &lie);
        // a pair closes a place too early, and another one a place too late
        let lie = Lie::chains(move |at, chains| {
            if at == start {
                let pairs = two_pairs(chains, chain);
                shift_steps(chains, chain, pairs);
            }
        });
        ledger.alone(&case, "places", 2 + chain, &lie);
    }
}

/// The steps with those of one chain of each pair before those of the other.
fn other_first(steps: &[Step], first: usize) -> Vec<Step> {
    let mut sorted = Vec::new();
    for pair in steps.split_inclusive(|&step| step == Step::Close) {
        let of = |chain| {
            pair.iter()
                .copied()
                .filter(move |&step| step == Step::Chain(chain))
        };
        sorted.extend(of(first));
        sorted.extend(of(1 - first));
        sorted.push(Step::Close);
    }
    sorted
}

/// A word with two bits exchanged: as many ones, and another word.
fn exchanged(word: u64) -> u64 {
    let one = word.trailing_zeros();
    let zero = word.trailing_ones();
    word ^ (1 << one | 1 << zero)
}

pub(super) fn digits_and_pairs(ledger: &mut Ledger) {
    let case = shown();
    let air = case.air();
    let phase = phase(air.schedule());
    let start = phase.start;
    for word in [0, 1] {
        // the digits of another message
        let lie = Lie::chains(move |at, chains| {
            if at == start {
                let mut words = chains.words;
                words[word] = exchanged(words[word]);
                *chains = Chains::of(chains.signature, words, words.map(BaseElement::new));
            }
        });
        ledger.alone(&case, "words", word, &lie);
        // the same, and what is left of the word is the rest, as the field divides
        let lie = Lie::chains(move |at, chains| {
            if at == start {
                let message = chains.words.map(BaseElement::new);
                let mut words = chains.words;
                words[word] = exchanged(words[word]);
                *chains = Chains::of(chains.signature, words, message);
            }
        });
        ledger.alone(&case, "words-end", word, &lie);
    }
    let steps = steps_of(&case, None);
    let closes: Vec<usize> = (0..steps.len())
        .filter(|&n| steps[n] == Step::Close)
        .collect();
    let midway = start + closes[15];
    let lie = Lie::cells(signed::MIDWAY, midway..midway + 1, zero);
    ledger.alone(&case, "midway", 0, &lie);
    for lane in [0, 1] {
        let lie = Lie::cells(signed::HINT.start + lane, midway..midway + 1, zero);
        ledger.alone(&case, "canonical", lane, &lie);
    }
    // two pairs have the numbers of the next ones, and hash them
    let rows = closes[19] + 1..closes[21] + 1;
    let mut lie = Lie::cells(INDEX, start + rows.start..start + rows.end, plus_one);
    for n in rows.filter(|&n| steps[n] != Step::Close) {
        lie = lie.and_input(start + n, |_, hi| hi[1] += BaseElement::from(8_u32));
    }
    // and the inverses are of those numbers
    for n in [closes[20], closes[21]] {
        let at = start + n;
        lie = lie.and_cells(signed::HINT.start, at..at + 1, |hint| {
            (hint.inv() + ONE).inv()
        });
    }
    ledger.alone(&case, "pairs", 0, &lie);
    // the last pair is left out: nothing of the message is left for it
    let lie = Lie::default().wanting(|words| {
        let ones = words.map(|word| (word & (u64::MAX >> 2)).count_ones());
        words.iter().all(|word| word >> 62 == 0) && ones[0] + 2 * ones[1] == 115
    });
    ledger.alone(&case, "pairs", 1, &lie);
    // the last pair does not close
    let lie = Lie::default()
        .wanting(|[a, b]| a.count_ones() + 2 * b.count_ones() == 121 && (a & b) >> 62 != 3);
    ledger.alone(&case, "pairs", 2, &lie);
}
