//! The Winternitz chains: 64 chains in pairs, a row a step or the closing of a pair.
//!
//! How many steps a chain takes depends on its digit; how many the 64 chains take together does
//! not, since the digits of a signed message sum to `TARGET_SUM`. The phase therefore has a fixed
//! length and three flags that say what each of its rows does.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{View, constant, minus, plus, times, twice};
use crate::{
    batch::columns::{self as column, DIGEST_WIDTH},
    batch::schedule::{NUM_PAIRS, Selector},
    groups::ConstraintGroup,
};
use winterlane_ledger::hash::tag;

/// Position of a chain's end.
const LAST_POSITION: u64 = 3;
/// The pair after whose closing half of each message word is used up.
const MIDWAY_PAIR: u64 = NUM_PAIRS as u64 / 2 - 1;

pub(super) const STEP_FLAGS: ConstraintGroup =
    ConstraintGroup::new("step-flags", 4, 2).periodic().says(
        "`STEP`, `CLOSE` are bits; their sum is 1 in rows 5 to 106 and 0 elsewhere",
        "R3 R10",
    );

/// Every row of the phase is one step of one chain or closes a pair; no other row is either.
#[inline(always)]
pub(super) fn flags<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let [even, odd] = view.current.step();
    let close = view.at(column::CLOSE);
    [
        even * (even - E::ONE),
        odd * (odd - E::ONE),
        close * (close - E::ONE),
        even + odd + close - view.on(Selector::Chains),
    ]
}

pub(super) const CHAIN_INPUT: ConstraintGroup = ConstraintGroup::new("chain-input", 8, 2).says(
    "a step hashes its chain's value, `SEED`, `KEY_INDEX`, `8 PAIR + 4 odd + POSITION`, 0, \
        tag; a closing hashes `ONE_TIME_KEY`, `EVEN`, `ODD`",
    "R3 R4",
);

/// What the row hashes: a step `[value, seed, key index, chain and position]`, or a closing
/// `[one-time key so far, end of the even chain, end of the odd chain]`.
#[inline(always)]
pub(super) fn input<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; CHAIN_INPUT.len] {
    let input = view.current.input();
    let [step_even, step_odd] = view.current.step();
    let step = step_even + step_odd;
    let close = view.at(column::CLOSE);
    let (even, odd, seed) = (view.current.even(), view.current.odd(), view.current.seed());
    let key = view.current.one_time_key();
    let [position_even, position_odd] = view.current.position();
    let place_even = view.at(column::PAIR) * constant(8) + position_even;
    let place_odd = view.at(column::PAIR) * constant(8) + constant(4) + position_odd;
    [
        step_even * (input[0] - even[0])
            + step_odd * (input[0] - odd[0])
            + close * (input[0] - key[0]),
        step_even * (input[1] - even[1])
            + step_odd * (input[1] - odd[1])
            + close * (input[1] - key[1]),
        step * (input[2] - seed[0]) + close * (input[2] - key[2]),
        step * (input[3] - seed[1]) + close * (input[3] - key[3]),
        step * (input[4] - view.at(column::KEY_INDEX)) + close * (input[4] - even[0]),
        step_even * (input[5] - place_even)
            + step_odd * (input[5] - place_odd)
            + close * (input[5] - even[1]),
        step * input[6] + close * (input[6] - odd[0]),
        step * (input[7] - E::from(tag::CHAIN)) + close * (input[7] - odd[1] - E::from(tag::OTS)),
    ]
}

pub(super) const CHAIN_VALUES: ConstraintGroup = ConstraintGroup::new("chain-values", 4, 2).says(
    "a step moves its chain to `J_0, J_1`; the other chain stays",
    "R3",
);

/// A step moves its chain's value to the output, and leaves the other chain's value.
#[inline(always)]
pub(super) fn values<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let [step_even, step_odd] = view.current.step();
    let [j0, j1, ..] = view.output;
    let (even, odd) = (view.current.even(), view.current.odd());
    let (next_even, next_odd) = (view.next.even(), view.next.odd());
    let [even_0, even_1] = plus(
        times(step_even, minus(next_even, [j0, j1])),
        times(step_odd, minus(next_even, even)),
    );
    let [odd_0, odd_1] = plus(
        times(step_odd, minus(next_odd, [j0, j1])),
        times(step_even, minus(next_odd, odd)),
    );
    [even_0, even_1, odd_0, odd_1]
}

/// 1 if the next row opens a pair: after the message, and after each closing.
#[inline(always)]
fn opens<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> E {
    view.on(Selector::Sign) + view.at(column::CLOSE)
}

pub(super) const CHAIN_POSITIONS: ConstraintGroup = ConstraintGroup::new("chain-positions", 6, 2)
    .periodic()
    .says(
        "where a pair opens (after row 4 and after each closing) the positions are its digits, \
        from `BITS'`; a step adds one to its chain's; at a closing both are 3",
        "R3 R10",
    );

/// A pair opens at its digits, a step adds one, and a pair closes when both chains ended.
#[inline(always)]
pub(super) fn positions<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 6] {
    let position = view.current.position();
    let moved = minus(view.next.position(), position);
    let digits = view.next.bits();
    let steps = view.current.step();
    let step = steps[0] + steps[1];
    let close = view.at(column::CLOSE);
    let opens = opens(view);
    [
        opens * (view.next.position()[0] - digits[0] - twice(digits[1])),
        opens * (view.next.position()[1] - digits[2] - twice(digits[3])),
        step * moved[0] - steps[0],
        step * moved[1] - steps[1],
        close * (position[0] - constant(LAST_POSITION)),
        close * (position[1] - constant(LAST_POSITION)),
    ]
}

pub(super) const MESSAGE_WORDS: ConstraintGroup =
    ConstraintGroup::new("message-words", 4, 2).periodic().says(
        "where a pair opens, each word loses two bits: `w = 4 w' + b + 2 b'`, starting from `J_0, \
        J_1` of row 4 if signed; a step keeps it; in row 106 it is 0",
        "R3 R10",
    );

/// A pair takes two bits of each message word, lowest first; in the end nothing is left.
#[inline(always)]
pub(super) fn words<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let (word, next) = (view.current.word(), view.next.word());
    let bits = view.next.bits();
    let [step_even, step_odd] = view.current.step();
    let step = step_even + step_odd;
    let close = view.at(column::CLOSE);
    let starts = view.on(Selector::Sign) * view.signed();
    let ends = view.on(Selector::ChainsEnd);
    let opened = [
        twice(twice(next[0])) + bits[0] + twice(bits[2]),
        twice(twice(next[1])) + bits[1] + twice(bits[3]),
    ];
    [
        starts * (view.output[0] - opened[0])
            + close * (word[0] - opened[0])
            + step * (word[0] - next[0]),
        starts * (view.output[1] - opened[1])
            + close * (word[1] - opened[1])
            + step * (word[1] - next[1]),
        ends * word[0],
        ends * word[1],
    ]
}

pub(super) const CANONICAL_WORDS: ConstraintGroup = ConstraintGroup::new("canonical-words", 3, 3)
    .says(
        "`CLOSE ((PAIR - 15) HINT_0 - 1 + MIDWAY)`; `MIDWAY ((WORD_i - (2^32 - 1)) HINT_i - 1)`: \
        the upper half of a word is not all ones",
        "R10",
    );

/// A message word is split into 64 bits in one way only: its higher half is not all ones.
///
/// Below the modulus `2^64 - 2^32 + 1`, a higher half of all ones leaves only the lower half zero,
/// and every second representation has a higher half of all ones. The signer draws another
/// randomiser for such a digest (one in 2^31).
#[inline(always)]
pub(super) fn canonical_words<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; 3] {
    let close = view.at(column::CLOSE);
    let midway = view.at(column::MIDWAY);
    let hint = view.current.hint();
    let word = view.current.word();
    let all_ones: E = constant(u64::from(u32::MAX));
    let distance = view.at(column::PAIR) - constant(MIDWAY_PAIR);
    [
        // the row that closes the midway pair is marked
        close * (distance * hint[0] - E::ONE + midway),
        // and there, what is left of each word is its higher half
        midway * ((word[0] - all_ones) * hint[0] - E::ONE),
        midway * ((word[1] - all_ones) * hint[1] - E::ONE),
    ]
}

pub(super) const ONE_TIME_KEY: ConstraintGroup =
    ConstraintGroup::new("one-time-key", 4, 2).periodic().says(
        "after row 4: `[SEED, KEY_INDEX, 0]`; after a closing: `J`; after a step: unchanged",
        "R3 R4",
    );

/// The one-time key starts at seed and key index and absorbs each pair as it closes.
#[inline(always)]
pub(super) fn one_time_key<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let (key, next) = (view.current.one_time_key(), view.next.one_time_key());
    let [step_even, step_odd] = view.current.step();
    let [seed_0, seed_1] = view.next.seed();
    let start = [seed_0, seed_1, view.at(column::KEY_INDEX), E::ZERO];
    plus(
        plus(
            times(view.on(Selector::Sign), minus(next, start)),
            times(view.at(column::CLOSE), minus(next, view.output)),
        ),
        times(step_even + step_odd, minus(next, key)),
    )
}

pub(super) const PAIRS: ConstraintGroup = ConstraintGroup::new("pairs", 3, 1).periodic().says(
    "after row 4: 0; `PAIR' = PAIR + CLOSE` in the phase; row 106: `PAIR = 31`, `CLOSE = 1`",
    "R3",
);

/// Pairs are counted from 0; the phase ends with the closing of the last.
#[inline(always)]
pub(super) fn pairs<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let pair = view.at(column::PAIR);
    let close = view.at(column::CLOSE);
    let next = view.next.at(column::PAIR);
    let ends = view.on(Selector::ChainsEnd);
    [
        view.on(Selector::Chains) * (next - pair - close) + view.on(Selector::Sign) * next,
        ends * (pair - constant(NUM_PAIRS as u64 - 1)),
        ends * (E::ONE - close),
    ]
}

pub(super) const SEED: ConstraintGroup = ConstraintGroup::new("seed", 2, 1)
    .periodic()
    .says("rows 5 to 106: `SEED' = SEED`", "R3");

/// The public seed stays the same through the phase.
#[inline(always)]
pub(super) fn seed<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let moved = minus(view.next.seed(), view.current.seed());
    times(view.on(Selector::Chains), moved)
}
