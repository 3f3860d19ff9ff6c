//! The chains: what a row of the phase does, and where the chains stand.

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::{hash::tag, signature::CHAINS};

use super::{
    super::super::{columns::POSITION, schedule::Selector as S},
    View,
};
use crate::{
    arithmetic::{bit, constant, minus, plus, times, twice},
    groups::ConstraintGroup,
};

/// Position of a chain's end.
const LAST_PLACE: u64 = 3;
/// Pairs of chains.
pub(super) const NUM_PAIRS: u64 = CHAINS as u64 / 2;

pub(super) const FLAGS: ConstraintGroup = ConstraintGroup::new("flags", 3, 2).says(
    "`x (x - 1)` for `STEP`, `CLOSE`, every row",
    "they are bits",
);

/// A row is a step or not, and closes a pair or not.
#[inline(always)]
pub(super) fn flags<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let [even, odd] = view.cells.step;
    [bit(even), bit(odd), bit(view.cells.close)]
}

pub(super) const PHASE: ConstraintGroup = ConstraintGroup::new("phase", 1, 1).periodic().says(
    "`STEP_0 + STEP_1 + CLOSE - Chains`",
    "each row of the phase does one thing, and no other row does",
);

/// Every row of the phase is one step of one chain or closes a pair; no other row is either.
#[inline(always)]
pub(super) fn phase<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 1] {
    [view.step() + view.cells.close - view.on(S::Chains)]
}

pub(super) const CHAIN_INPUT: ConstraintGroup = ConstraintGroup::new("chain-input", 8, 2).says(
    "a step: `[value, SEED, POSITION, 8 pair + place, 0, w]`, the odd chain's place 4 more; a closing: \
    `[X, EVEN, ODD + o]`",
    "what the row hashes",
);

/// What the row hashes: a step `[value, seed, key number, chain and position]`, or a closing
/// `[one-time key so far, end of the even chain, end of the odd chain]`. The phase has no `Tag`.
#[inline(always)]
pub(super) fn input<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 8] {
    let (lo, hi, cells) = (view.common.lo, view.common.hi, &view.cells);
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
        step * (lo[2] - cells.seed[0]) + close * (lo[2] - key[2]),
        step * (lo[3] - cells.seed[1]) + close * (lo[3] - key[3]),
        step * (hi[0] - view.common.at(POSITION)) + close * (hi[0] - even[0]),
        step_even * (hi[1] - place_even)
            + step_odd * (hi[1] - place_odd)
            + close * (hi[1] - even[1]),
        step * hi[2] + close * (hi[2] - odd[0]),
        step * (hi[3] - E::from(tag::CHAIN)) + close * (hi[3] - odd[1] - E::from(tag::OTS)),
    ]
}

pub(super) const CHAIN_VALUES: ConstraintGroup = ConstraintGroup::new("chain-values", 4, 2).says(
    "a step: its chain's value is next `J_0, J_1`, the other's stays",
    "a chain is walked step by step",
);

/// A step moves its chain's value to the output, and leaves the other chain's value.
#[inline(always)]
pub(super) fn values<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let (cells, next) = (&view.cells, &view.next);
    let [step_even, step_odd] = cells.step;
    let [j0, j1, ..] = view.common.output;
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

pub(super) const PLACES_OPEN: ConstraintGroup =
    ConstraintGroup::new("places-open", 2, 2).periodic().says(
        "`(Sign + CLOSE)(PLACE' - digit')`",
        "a pair opens at its digits",
    );

/// A pair opens at its digits, after the message and after each closing.
#[inline(always)]
pub(super) fn places_open<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let [d0, d1, d2, d3] = view.next.digits;
    let [even, odd] = view.next.place;
    let opens = view.on(S::Sign) + view.cells.close;
    [
        opens * (even - d0 - twice(d1)),
        opens * (odd - d2 - twice(d3)),
    ]
}

pub(super) const PLACES: ConstraintGroup = ConstraintGroup::new("places", 4, 2).says(
    "a step: its chain's place is one more, the other's stays; a closing: both are 3",
    "a pair closes when both chains ended",
);

/// A step adds one; a pair closes when both chains ended.
#[inline(always)]
pub(super) fn places<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let cells = &view.cells;
    let [even, odd] = minus(view.next.place, cells.place);
    let (step, close) = (view.step(), cells.close);
    [
        step * even - cells.step[0],
        step * odd - cells.step[1],
        close * (cells.place[0] - constant(LAST_PLACE)),
        close * (cells.place[1] - constant(LAST_PLACE)),
    ]
}

pub(super) const ONE_TIME_KEY: ConstraintGroup =
    ConstraintGroup::new("one-time-key", 4, 2).periodic().says(
        "`Sign`: `X' = [SEED, POSITION, 0]`; a closing: `X' = J`; a step: `X' = X`",
        "the one-time key absorbs each pair",
    );

/// The one-time key starts at seed and number and absorbs each pair as it closes: `X` is free in the phase, but
/// for this.
#[inline(always)]
pub(super) fn one_time_key<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let (cells, next) = (&view.cells, &view.next);
    let [seed_0, seed_1] = cells.seed;
    let start = [seed_0, seed_1, view.common.at(POSITION), E::ZERO];
    plus(
        plus(
            times(view.on(S::Sign), minus(next.key, start)),
            times(cells.close, minus(next.key, view.common.output)),
        ),
        times(view.step(), minus(next.key, cells.key)),
    )
}

pub(super) const PAIRS: ConstraintGroup = ConstraintGroup::new("pairs", 3, 1).periodic().says(
    "`Sign INDEX'`; `(Chains - ChainsEnd)(INDEX' - INDEX - CLOSE)`; `ChainsEnd`: `INDEX = 31`, `CLOSE = 1`",
    "all 32 pairs, once each",
);

/// Pairs are counted from 0; the phase ends with the closing of the last. The row after it is of the key tree,
/// whose index is another.
#[inline(always)]
pub(super) fn pairs<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let (cells, next) = (&view.cells, &view.next);
    let ends = view.on(S::ChainsEnd);
    let counts = view.on(S::Chains) - ends;
    [
        counts * (next.pair - cells.pair - cells.close) + view.on(S::Sign) * next.pair,
        ends * (cells.pair - constant(NUM_PAIRS - 1)),
        ends * (E::ONE - cells.close),
    ]
}
