//! Ranges and sums of values.

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::amount::LIMB_BITS;

use super::{
    super::{
        columns::{BITS, KEPT, POSITION, RANGE, REAL, SECRET, SIDE, SLOT, SUM},
        schedule::Selector as S,
    },
    Sink, View,
};
use crate::arithmetic::{bit, constant, minus, plus, times, twice};

/// Columns that hold a bit in every row.
pub(super) const NUM_BITS: usize = 9;

#[inline(always)]
pub(super) fn constrain<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    sink: &mut Sink<'_, E>,
) {
    for column in BITS {
        sink.push(bit(view.at(column)));
    }
    for column in [SIDE, REAL, SLOT] {
        sink.push(bit(view.at(column)));
    }
    sink.extend(range(view));
    sink.extend(range_end(view));
    sink.extend(sum(view));
    sink.extend(sum_end(view));
    sink.extend(dummy(view));
}

/// A value is loaded, and loses two bits a limb each row.
#[inline(always)]
fn range<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
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

/// After as many rows as it may have pairs of bits, nothing is left of a limb.
#[inline(always)]
fn range_end<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let [low, middle, high] = view.current.lanes::<3>(RANGE.start);
    let end = view.on(S::RangeEnd);
    [end * low, end * middle, view.on(S::RangeEndHigh) * high]
}

/// The sum changes by what the selectors say.
#[inline(always)]
fn sum<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
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

/// The sum is zero: each lower limb is a carry, from -2 to 1, times the limb's range.
#[inline(always)]
fn sum_end<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
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

/// A dummy has no value.
#[inline(always)]
fn dummy<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let is_dummy = E::ONE - view.at(REAL);
    times(view.on(S::DummyValue) * is_dummy, view.tail())
}
