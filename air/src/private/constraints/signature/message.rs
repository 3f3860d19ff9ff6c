//! The message that was signed: its words, their bits, and that there is one way to split them.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{super::super::schedule::Selector as S, View, chains::NUM_PAIRS};
use crate::{
    arithmetic::{bit, constant, twice},
    groups::ConstraintGroup,
};

/// The pair after whose closing half of each message word is left.
const MIDWAY_PAIR: u64 = NUM_PAIRS / 2 - 1;

pub(super) const DIGITS: ConstraintGroup =
    ConstraintGroup::new("digits", 4, 2).says("`x (x - 1)` for `DIGITS`", "they are bits");

/// Digits are two bits each.
#[inline(always)]
pub(super) fn digits<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let [d0, d1, d2, d3] = view.cells.digits;
    [bit(d0), bit(d1), bit(d2), bit(d3)]
}

pub(super) const WORDS: ConstraintGroup = ConstraintGroup::new("words", 2, 2).periodic().says(
    "`Sign`: `J_i = 4 WORD' + bits'`; a closing: `WORD = 4 WORD' + bits'`; a step: `WORD' = WORD`",
    "two bits of each word a pair",
);

/// A pair takes two bits of each message word, lowest first.
#[inline(always)]
pub(super) fn words<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let (word, next, bits) = (view.cells.word, view.next.word, view.next.digits);
    let (starts, close, step) = (view.on(S::Sign), view.cells.close, view.step());
    let output = view.common.output;
    let opened = [
        twice(twice(next[0])) + bits[0] + twice(bits[2]),
        twice(twice(next[1])) + bits[1] + twice(bits[3]),
    ];
    [
        starts * (output[0] - opened[0])
            + close * (word[0] - opened[0])
            + step * (word[0] - next[0]),
        starts * (output[1] - opened[1])
            + close * (word[1] - opened[1])
            + step * (word[1] - next[1]),
    ]
}

pub(super) const WORDS_END: ConstraintGroup = ConstraintGroup::new("words-end", 2, 1)
    .periodic()
    .says("`ChainsEnd WORD`", "64 bits, and no more");

/// In the end nothing is left of the words.
#[inline(always)]
pub(super) fn words_end<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let ends = view.on(S::ChainsEnd);
    [ends * view.cells.word[0], ends * view.cells.word[1]]
}

pub(super) const MIDWAY: ConstraintGroup = ConstraintGroup::new("midway", 1, 3).says(
    "`CLOSE ((pair - 15) HINT_0 - 1 + MIDWAY)`",
    "pair 15 is marked",
);

/// The row that closes the midway pair is marked.
#[inline(always)]
pub(super) fn midway<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 1] {
    let cells = &view.cells;
    let distance = cells.pair - constant(MIDWAY_PAIR);
    [cells.close * (distance * cells.hint[0] - E::ONE + cells.midway)]
}

pub(super) const CANONICAL: ConstraintGroup = ConstraintGroup::new("canonical", 2, 3).says(
    "`MIDWAY ((WORD - (2^32 - 1)) HINT - 1)`",
    "the higher half is not all ones: one split only",
);

/// A message word is split into 64 bits in one way only: its higher half, which is what is left of it midway, is
/// not all ones.
///
/// Below the modulus `2^64 - 2^32 + 1`, a higher half of all ones leaves only the lower half zero, and every
/// second representation has a higher half of all ones. The signer draws another randomiser for such a digest.
#[inline(always)]
pub(super) fn canonical<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let (midway, hint, word) = (view.cells.midway, view.cells.hint, view.cells.word);
    let all_ones: E = constant(u64::from(u32::MAX));
    [
        midway * ((word[0] - all_ones) * hint[0] - E::ONE),
        midway * ((word[1] - all_ones) * hint[1] - E::ONE),
    ]
}
