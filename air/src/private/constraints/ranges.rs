//! Ranges and sums of values.

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::amount::LIMB_BITS;

use super::{
    super::{
        columns::{BITS, KEPT, POSITION, RANGE, REAL, SECRET, SIDE, SLOT, SUM},
        schedule::Selector as S,
    },
    View,
};
use crate::{
    arithmetic::{bit, constant, minus, plus, times, twice},
    groups::ConstraintGroup,
};

pub(super) const ALL_BITS: ConstraintGroup = ConstraintGroup::new("bits", 8, 2).says(
    "`x (x - 1)` for `BITS`, `SIDE`, `REAL`, every row",
    "they are bits",
);

/// Columns that hold a bit in every row.
#[inline(always)]
pub(super) fn bits<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 8] {
    let [b0, b1, b2, b3, b4, b5] = view.current.lanes::<6>(BITS.start);
    let mut values = [b0, b1, b2, b3, b4, b5, view.at(SIDE), view.at(REAL)];
    for value in &mut values {
        *value = bit(*value);
    }
    values
}

pub(super) const RANGE_STEP: ConstraintGroup = ConstraintGroup::new("range", 3, 2).periodic().says(
    "`RangeTail (RANGE' - value)`; `RangeGap`: `RANGE'` is `[POSITION - next index of the slot, 0, 0]`; \
    `RangeShift (RANGE - 4 RANGE' - b_0 - 2 b_1)`",
    "two bits a limb each row",
);

/// A value is loaded, and loses two bits a limb each row.
#[inline(always)]
pub(super) fn range<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let (range, next): ([E; 3], [E; 3]) = (
        view.current.lanes(RANGE.start),
        view.next.lanes(RANGE.start),
    );
    let bits: [E; 6] = view.current.lanes(BITS.start);
    let shift = view.on(S::RangeShift);
    let [_, _, next_0, next_1] = view.current.lanes::<4>(SECRET.start);
    let least = next_0 + view.at(SLOT) * (next_1 - next_0);
    let gap = [view.at(POSITION) - least, E::ZERO, E::ZERO];
    let loads = plus(
        times(view.on(S::RangeTail), minus(next, view.tail())),
        times(view.on(S::RangeGap), minus(next, gap)),
    );
    let mut values = loads;
    for (i, value) in values.iter_mut().enumerate() {
        let low = bits[2 * i] + twice(bits[2 * i + 1]);
        *value += shift * (range[i] - twice(twice(next[i])) - low);
    }
    values
}

pub(super) const RANGE_END: ConstraintGroup =
    ConstraintGroup::new("range-end", 3, 1).periodic().says(
        "`RangeEnd RANGE_0`, `RangeEnd RANGE_1`, `RangeEndHigh RANGE_2`",
        "after 25 rows below 2^50, after 14 below 2^28; a gap after 5 below 2^10",
    );

/// After as many rows as it may have pairs of bits, nothing is left of a limb.
#[inline(always)]
pub(super) fn range_end<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let [low, middle, high] = view.current.lanes::<3>(RANGE.start);
    let end = view.on(S::RangeEnd);
    [end * low, end * middle, view.on(S::RangeEndHigh) * high]
}

pub(super) const ADD: ConstraintGroup = ConstraintGroup::new("sum", 3, 1).periodic().says(
    "`(1 - SumFree)(SUM' - SUM) = AddTail value + AddKept KEPT_1..3 + AddSecret SECRET_1..3 + AddRange RANGE'`",
    "where it is free, a public cell binds it",
);

/// The sum changes by what the selectors say.
#[inline(always)]
pub(super) fn sum<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let moved = minus(view.next.lanes(SUM.start), view.current.lanes(SUM.start));
    let bound = times(E::ONE - view.on(S::SumFree), moved);
    let kept: [E; 3] = view.current.lanes(KEPT.start + 1);
    let secret: [E; 3] = view.current.lanes(SECRET.start + 1);
    let added = plus(
        plus(
            times(view.on(S::AddTail), view.tail()),
            times(view.on(S::AddKept), kept),
        ),
        plus(
            times(view.on(S::AddSecret), secret),
            times(view.on(S::AddRange), view.next.lanes(RANGE.start)),
        ),
    );
    minus(bound, added)
}

pub(super) const SUM_END: ConstraintGroup = ConstraintGroup::new("sum-end", 3, 1).periodic().says(
    "`SumEnd`: `SUM_0 = c 2^50`, `SUM_1 + c = d 2^50`, `SUM_2 + d = 0`",
    "the sum is zero as an integer",
);

/// The sum is zero: each lower limb is a carry, from -2 to 1, times the limb's range.
#[inline(always)]
pub(super) fn sum_end<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let [low, middle, high] = view.current.lanes::<3>(SUM.start);
    let [a, b, c, d] = view.current.lanes::<4>(BITS.start);
    let carry_low = E::ONE - a - twice(b);
    let carry_middle = E::ONE - c - twice(d);
    let end = view.on(S::SumEnd);
    [
        end * (low - carry_low * constant(1 << LIMB_BITS[0])),
        end * (middle + carry_low - carry_middle * constant(1 << LIMB_BITS[1])),
        end * (high + carry_middle),
    ]
}

pub(super) const DUMMY: ConstraintGroup = ConstraintGroup::new("dummy", 3, 2).periodic().says(
    "`DummyValue (1 - REAL) value`",
    "a note that is in no tree has no value",
);

/// A dummy has no value.
#[inline(always)]
pub(super) fn dummy<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let is_dummy = E::ONE - view.at(REAL);
    times(view.on(S::DummyValue) * is_dummy, view.tail())
}
