//! Ranges, bit by bit: a value is loaded, loses its lowest bit each row, and must be used up
//! after as many rows as it may have bits.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{View, bit, twice};
use crate::{
    batch::columns::{self as column, NUM_LIMBS},
    batch::schedule::Selector,
    groups::ConstraintGroup,
};
use winterlane_ledger::hash::tag;

pub(super) const BITS: ConstraintGroup =
    ConstraintGroup::new("bits", 8, 2).says("`BITS`, `RANGE_BITS`, `INDEX_BIT` are 0 or 1", "R10");

/// Bits are 0 or 1, in every row.
#[inline(always)]
pub(super) fn bits<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; BITS.len] {
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

pub(super) const LIMBS: ConstraintGroup = ConstraintGroup::new("limbs", 3, 1).periodic().says(
    "loads: amount (row 5), fee (56), signer's new balance (123), a collection's carries \
        (174, two lanes), receiver's new balance (191); `RANGE = 2 RANGE' + RANGE_BITS` in the 50 \
        rows (13 for the carries) after a load",
    "R6",
);

/// Three limbs at a time: the amount, the fee, the signer's and the receiver's new balance, and
/// the two carries of a collection.
#[inline(always)]
pub(super) fn limbs<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; NUM_LIMBS] {
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

pub(super) const LIMBS_END: ConstraintGroup =
    ConstraintGroup::new("limbs-end", 3, 1).periodic().says(
        "rows 55, 106, 173, 241 and 187: lanes 0 and 1 are 0; rows 33, 84, 151, 219: lane 2 is 0",
        "R6",
    );

/// The limbs are used up after 50, 50 and 28 bits, the carries after 13.
#[inline(always)]
pub(super) fn limbs_end<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; NUM_LIMBS] {
    let [l0, l1, l2] = view.current.range();
    let end = view.on(Selector::RangeEnd);
    [end * l0, end * l1, view.on(Selector::RangeEndHigh) * l2]
}

pub(super) const VALIDITY: ConstraintGroup =
    ConstraintGroup::new("validity", 2, 2).periodic().says(
        "row 123 if signed: `WORD_0 = VALID_UNTIL - batch_number`; it loses a bit a row, and is 0 \
        in row 185",
        "R5",
    );

/// `valid_until - batch_number` has 62 bits: a signed operation has not expired.
#[inline(always)]
pub(super) fn validity<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
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

pub(super) const NONCE: ConstraintGroup = ConstraintGroup::new("nonce", 2, 1).periodic().says(
    "row 123: `WORD_1 = NONCE + 1`; it loses a bit a row, and is 0 in row 155",
    "R4",
);

/// `nonce + 1` has 32 bits.
#[inline(always)]
pub(super) fn nonce<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
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
