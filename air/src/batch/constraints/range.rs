//! Ranges, bit by bit: a value is loaded, loses its lowest bit each row, and must be used up
//! after as many rows as it may have bits.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{Sink, View, bit, twice};
use crate::{
    batch::columns::{self as column, NUM_LIMBS},
    batch::schedule::Selector,
};
use winterlane_ledger::hash::tag;

/// Columns that hold a bit in every row.
pub(super) const NUM_BITS: usize = 8;

#[inline(always)]
pub(super) fn constrain<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    sink: &mut Sink<'_, E>,
) {
    sink.extend(bits(view));
    sink.extend(limbs(view));
    sink.extend(limbs_end(view));
    sink.extend(validity(view));
    sink.extend(nonce(view));
}

/// Bits are 0 or 1, in every row.
#[inline(always)]
fn bits<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; NUM_BITS] {
    let [b0, b1, b2, b3] = view.current.bits();
    let [r0, r1, r2] = view.current.range_bits();
    [
        bit(b0),
        bit(b1),
        bit(b2),
        bit(b3),
        bit(r0),
        bit(r1),
        bit(r2),
        bit(view.at(column::INDEX_BIT)),
    ]
}

/// Three limbs at a time: the amount, the fee, the signer's and the receiver's new balance, and
/// the two carries of a collection.
#[inline(always)]
fn limbs<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; NUM_LIMBS] {
    let (limbs, next) = (view.current.range(), view.next.range());
    let low = view.current.range_bits();
    let (amount, fee) = (view.current.amount(), view.current.fee());
    let [_, balance_0, balance_1, balance_2] = view.current.hi();
    let balance = [balance_0, balance_1, balance_2 - E::from(tag::LEAF)];
    let hint = view.current.hint();
    let shifts = view.on(Selector::RangeShift);
    let loads_balance = view.on(Selector::SignerLeafAfter) + view.on(Selector::ReceiverLeafAfter);
    let mut values = [E::ZERO; NUM_LIMBS];
    for (i, value) in values.iter_mut().enumerate() {
        *value = shifts * (limbs[i] - twice(next[i]) - low[i])
            + view.on(Selector::Sign) * (next[i] - amount[i])
            + view.on(Selector::LoadFee) * (next[i] - fee[i])
            + loads_balance * (next[i] - balance[i]);
    }
    for (i, (value, &carry)) in values.iter_mut().zip(&hint).enumerate() {
        *value += view.on(Selector::Pool) * (next[i] - carry);
    }
    values
}

/// The limbs are used up after 50, 50 and 28 bits, the carries after 13.
#[inline(always)]
fn limbs_end<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; NUM_LIMBS] {
    let [l0, l1, l2] = view.current.range();
    let end = view.on(Selector::RangeEnd);
    [end * l0, end * l1, view.on(Selector::RangeEndHigh) * l2]
}

/// `valid_until - batch_number` has 62 bits: a signed operation has not expired.
#[inline(always)]
fn validity<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let [left, _] = view.current.word();
    let [next, _] = view.next.word();
    let [bit, ..] = view.current.bits();
    let remaining = view.at(column::VALID_UNTIL) - E::from(view.public.batch_number);
    [
        view.on(Selector::SignerLeafAfter) * view.signed() * (next - remaining)
            + view.on(Selector::ValidityShift) * (left - twice(next) - bit),
        view.on(Selector::ValidityEnd) * left,
    ]
}

/// `nonce + 1` has 32 bits.
#[inline(always)]
fn nonce<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let [_, left] = view.current.word();
    let [_, next] = view.next.word();
    let [_, bit, ..] = view.current.bits();
    let after = view.at(column::NONCE) + E::ONE;
    [
        view.on(Selector::SignerLeafAfter) * (next - after)
            + view.on(Selector::ValidityShift) * (left - twice(next) - bit),
        view.on(Selector::NonceEnd) * left,
    ]
}
