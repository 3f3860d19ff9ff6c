//! An issuer's signature: 64 Winternitz chains in pairs, a row a step or the closing of a pair.
//!
//! How many steps a chain takes depends on its digit; how many the 64 chains take together does not, since
//! the digits of a signed message sum to a target. The phase therefore has a fixed length and three flags
//! that say what each of its rows does. The rules are those of the chains of a [batch](crate::batch), on the
//! columns of this trace: the pair's number is in `INDEX`, the seed in `SET`, the number of the one-time key in
//! `POSITION`, and the one-time key so far in `X`.

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::{hash::tag, signature::CHAINS};

use super::{
    super::{
        columns::{CARRY, INDEX, POSITION, SET, signature as column},
        schedule::Selector as S,
    },
    ConstraintGroup, Sink, View, group,
};
use crate::arithmetic::{bit, constant, minus, plus, times, twice};

/// The groups, in the order of their constraints.
pub(super) const GROUPS: &[ConstraintGroup] = &[
    group("flags", 3, 2, false),
    group("phase", 1, 1, true),
    group("digits", 4, 2, false),
    group("chain-input", 8, 2, false),
    group("chain-values", 4, 2, false),
    group("places-open", 2, 2, true),
    group("places", 4, 2, false),
    group("words", 2, 2, true),
    group("words-end", 2, 1, true),
    group("midway", 1, 3, false),
    group("canonical", 2, 3, false),
    group("one-time-key", 4, 2, true),
    group("pairs", 3, 1, true),
];

/// Number of constraints.
pub(super) const LEN: usize = super::total(GROUPS);
/// Position of a chain's end.
const LAST_PLACE: u64 = 3;
/// Pairs of chains.
const NUM_PAIRS: u64 = CHAINS as u64 / 2;
/// The pair after whose closing half of each message word is left.
const MIDWAY_PAIR: u64 = NUM_PAIRS / 2 - 1;

/// The cells of a row that belong to the signature.
struct Cells<E> {
    step: [E; 2],
    close: E,
    place: [E; 2],
    even: [E; 2],
    odd: [E; 2],
    word: [E; 2],
    midway: E,
    hint: [E; 2],
    digits: [E; 4],
    // those that it shares
    pair: E,
    key: [E; 4],
}

impl<E: FieldElement<BaseField = BaseElement>> Cells<E> {
    /// The cells of a row of [`column::TRACE_WIDTH`] columns; `None` if there are fewer.
    #[inline(always)]
    fn of(row: &[E]) -> Option<Self> {
        let row: &[E; column::TRACE_WIDTH] = row.first_chunk()?;
        let pair = |start: usize| [row[start], row[start + 1]];
        let four = |start: usize| [row[start], row[start + 1], row[start + 2], row[start + 3]];
        Some(Self {
            step: pair(column::STEP.start),
            close: row[column::CLOSE],
            place: pair(column::PLACE.start),
            even: pair(column::EVEN.start),
            odd: pair(column::ODD.start),
            word: pair(column::WORD.start),
            midway: row[column::MIDWAY],
            hint: pair(column::HINT.start),
            digits: four(column::DIGITS.start),
            pair: row[INDEX],
            key: four(CARRY.start),
        })
    }
}

/// Writes the constraints into `result`; leaves it as it is if rows or `result` are too short.
#[inline(always)]
pub(super) fn constrain<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    (current, next): (&[E], &[E]),
    result: &mut [E],
) {
    let (Some(cells), Some(next), Some(result)) = (
        Cells::of(current),
        Cells::of(next),
        result.first_chunk_mut::<LEN>(),
    ) else {
        return;
    };
    let mut sink = Sink {
        values: result,
        len: 0,
    };
    sink.extend(flags(view, &cells));
    sink.extend(input(view, &cells));
    sink.extend(values(view, &cells, &next));
    sink.extend(places(view, &cells, &next));
    sink.extend(words(view, &cells, &next));
    sink.extend(canonical_words(&cells));
    sink.extend(one_time_key(view, &cells, &next));
    sink.extend(pairs(view, &cells, &next));
    debug_assert_eq!(sink.len, LEN);
}

/// Every row of the phase is one step of one chain or closes a pair; no other row is either. Digits are two
/// bits each.
#[inline(always)]
fn flags<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>, cells: &Cells<E>) -> [E; 8] {
    let [even, odd] = cells.step;
    let [d0, d1, d2, d3] = cells.digits;
    [
        bit(even),
        bit(odd),
        bit(cells.close),
        even + odd + cells.close - view.on(S::Chains),
        bit(d0),
        bit(d1),
        bit(d2),
        bit(d3),
    ]
}

/// What the row hashes: a step `[value, seed, key number, chain and position]`, or a closing
/// `[one-time key so far, end of the even chain, end of the odd chain]`. The phase has no `Tag`.
#[inline(always)]
fn input<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>, cells: &Cells<E>) -> [E; 8] {
    let (lo, hi) = (view.lo, view.hi);
    let [step_even, step_odd] = cells.step;
    let step = step_even + step_odd;
    let close = cells.close;
    let (even, odd, key) = (cells.even, cells.odd, cells.key);
    let first = cells.pair * constant(8);
    let place_even = first + cells.place[0];
    let place_odd = first + constant(4) + cells.place[1];
    [
        step_even * (lo[0] - even[0]) + step_odd * (lo[0] - odd[0]) + close * (lo[0] - key[0]),
        step_even * (lo[1] - even[1]) + step_odd * (lo[1] - odd[1]) + close * (lo[1] - key[1]),
        step * (lo[2] - view.at(SET.start)) + close * (lo[2] - key[2]),
        step * (lo[3] - view.at(SET.start + 1)) + close * (lo[3] - key[3]),
        step * (hi[0] - view.at(POSITION)) + close * (hi[0] - even[0]),
        step_even * (hi[1] - place_even)
            + step_odd * (hi[1] - place_odd)
            + close * (hi[1] - even[1]),
        step * hi[2] + close * (hi[2] - odd[0]),
        step * (hi[3] - E::from(tag::CHAIN)) + close * (hi[3] - odd[1] - E::from(tag::OTS)),
    ]
}

/// A step moves its chain's value to the output, and leaves the other chain's value.
#[inline(always)]
fn values<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    cells: &Cells<E>,
    next: &Cells<E>,
) -> [E; 4] {
    let [step_even, step_odd] = cells.step;
    let [j0, j1, ..] = view.output;
    let [even_0, even_1] = plus(
        times(step_even, minus(next.even, [j0, j1])),
        times(step_odd, minus(next.even, cells.even)),
    );
    let [odd_0, odd_1] = plus(
        times(step_odd, minus(next.odd, [j0, j1])),
        times(step_even, minus(next.odd, cells.odd)),
    );
    [even_0, even_1, odd_0, odd_1]
}

/// A pair opens at its digits, after the message and after each closing; a step adds one; a pair closes when
/// both chains ended.
#[inline(always)]
fn places<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    cells: &Cells<E>,
    next: &Cells<E>,
) -> [E; 6] {
    let place = cells.place;
    let moved = minus(next.place, place);
    let digits = next.digits;
    let steps = cells.step;
    let step = steps[0] + steps[1];
    let close = cells.close;
    let opens = view.on(S::Sign) + close;
    [
        opens * (next.place[0] - digits[0] - twice(digits[1])),
        opens * (next.place[1] - digits[2] - twice(digits[3])),
        step * moved[0] - steps[0],
        step * moved[1] - steps[1],
        close * (place[0] - constant(LAST_PLACE)),
        close * (place[1] - constant(LAST_PLACE)),
    ]
}

/// A pair takes two bits of each message word, lowest first; in the end nothing is left.
#[inline(always)]
fn words<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    cells: &Cells<E>,
    next: &Cells<E>,
) -> [E; 4] {
    let word = cells.word;
    let bits = next.digits;
    let step = cells.step[0] + cells.step[1];
    let close = cells.close;
    let (starts, ends) = (view.on(S::Sign), view.on(S::ChainsEnd));
    let opened = [
        twice(twice(next.word[0])) + bits[0] + twice(bits[2]),
        twice(twice(next.word[1])) + bits[1] + twice(bits[3]),
    ];
    [
        starts * (view.output[0] - opened[0])
            + close * (word[0] - opened[0])
            + step * (word[0] - next.word[0]),
        starts * (view.output[1] - opened[1])
            + close * (word[1] - opened[1])
            + step * (word[1] - next.word[1]),
        ends * word[0],
        ends * word[1],
    ]
}

/// A message word is split into 64 bits in one way only: its higher half is not all ones.
///
/// Below the modulus `2^64 - 2^32 + 1`, a higher half of all ones leaves only the lower half zero, and every
/// second representation has a higher half of all ones. The signer draws another randomiser for such a digest.
#[inline(always)]
fn canonical_words<E: FieldElement<BaseField = BaseElement>>(cells: &Cells<E>) -> [E; 3] {
    let (close, midway, hint, word) = (cells.close, cells.midway, cells.hint, cells.word);
    let all_ones: E = constant(u64::from(u32::MAX));
    let distance = cells.pair - constant(MIDWAY_PAIR);
    [
        // the row that closes the midway pair is marked
        close * (distance * hint[0] - E::ONE + midway),
        // and there, what is left of each word is its higher half
        midway * ((word[0] - all_ones) * hint[0] - E::ONE),
        midway * ((word[1] - all_ones) * hint[1] - E::ONE),
    ]
}

/// The one-time key starts at seed and number and absorbs each pair as it closes: `X` is free in the phase, but
/// for this.
#[inline(always)]
fn one_time_key<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    cells: &Cells<E>,
    next: &Cells<E>,
) -> [E; 4] {
    let start = [
        view.at(SET.start),
        view.at(SET.start + 1),
        view.at(POSITION),
        E::ZERO,
    ];
    plus(
        plus(
            times(view.on(S::Sign), minus(next.key, start)),
            times(cells.close, minus(next.key, view.output)),
        ),
        times(cells.step[0] + cells.step[1], minus(next.key, cells.key)),
    )
}

/// Pairs are counted from 0; the phase ends with the closing of the last. The row after it is of the key tree,
/// whose index is another.
#[inline(always)]
fn pairs<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    cells: &Cells<E>,
    next: &Cells<E>,
) -> [E; 3] {
    let ends = view.on(S::ChainsEnd);
    let counts = view.on(S::Chains) - ends;
    [
        counts * (next.pair - cells.pair - cells.close) + view.on(S::Sign) * next.pair,
        ends * (cells.pair - constant(NUM_PAIRS - 1)),
        ends * (E::ONE - cells.close),
    ]
}
