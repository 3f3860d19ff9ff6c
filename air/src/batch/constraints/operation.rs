//! The kind of an operation, the form of its record, and the fee pool.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{View, bit, constant, minus, times};
use crate::{
    batch::columns::{self as column, NUM_LIMBS},
    batch::schedule::Selector,
    groups::ConstraintGroup,
};
use winterlane_ledger::amount::LIMB_BITS;

pub(super) const FLAGS: ConstraintGroup = ConstraintGroup::new("flags", 12, 2).says(
    "nine flags and `acts` are bits; `IS_TRANSFER` only if `spends`; `TARGETS_SLOT_0` only if \
        `rotates`",
    "R10",
);

/// Flags are 0 or 1, at most one says what the operation is, and details belong to their kind.
#[inline(always)]
pub(super) fn flags<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; FLAGS.len] {
    let [spend_0, spend_1] = view.current.spend();
    let [rotate_0, rotate_1] = view.current.rotate();
    let transfer = view.at(column::IS_TRANSFER);
    let slot_0 = view.at(column::TARGETS_SLOT_0);
    [
        bit(spend_0),
        bit(spend_1),
        bit(rotate_0),
        bit(rotate_1),
        bit(transfer),
        bit(slot_0),
        bit(view.at(column::IS_CREATE)),
        bit(view.at(column::IS_TOP_UP)),
        bit(view.at(column::IS_COLLECT)),
        bit(view.acts()),
        transfer * (E::ONE - view.spends()),
        slot_0 * (E::ONE - view.rotates()),
    ]
}

pub(super) const RECORD: ConstraintGroup = ConstraintGroup::new("record", 15, 2).says(
    "what a kind does not have is 0: `VALID_UNTIL`, `FEE` if unsigned; `AMOUNT` of a rotation \
        or padding; `SUBJECT` unless signed or deposit; `TO` unless `receives`; `SCOPE` unless \
        rotation or creation; `PAYLOAD` unless withdrawal, rotation or creation, where it is any \
        (below); `KEY_INDEX` if unsigned",
    "R4 R7 R10",
);

/// Fields that a kind of operation does not have are zero: one operation, one record.
#[inline(always)]
pub(super) fn record<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; RECORD.len] {
    let (amount, fee, payload) = (
        view.current.amount(),
        view.current.fee(),
        view.current.payload(),
    );
    let (signed, rotates, receives) = (view.signed(), view.rotates(), view.receives());
    let creates = view.at(column::IS_CREATE);
    let unsigned = E::ONE - signed;
    let pays_nothing = E::ONE - receives - view.withdraws();
    let no_payload = E::ONE - view.withdraws() - rotates - creates;
    [
        view.at(column::VALID_UNTIL) * unsigned,
        fee[0] * unsigned,
        fee[1] * unsigned,
        fee[2] * unsigned,
        amount[0] * pays_nothing,
        amount[1] * pays_nothing,
        amount[2] * pays_nothing,
        view.at(column::SUBJECT) * (unsigned - view.deposits()),
        view.at(column::TO) * (E::ONE - receives),
        view.at(column::SCOPE) * (E::ONE - rotates - creates),
        payload[0] * no_payload,
        payload[1] * no_payload,
        payload[2] * no_payload,
        payload[3] * no_payload,
        view.at(column::KEY_INDEX) * unsigned,
    ]
}

pub(super) const REGISTERS: ConstraintGroup = ConstraintGroup::new("registers", 26, 1)
    .periodic()
    .says("each register keeps its value within a block", "R3 R10");

/// Registers keep their value from the first to the last row of a block.
#[inline(always)]
pub(super) fn registers<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; REGISTERS.len] {
    let within = E::ONE - view.on(Selector::BlockEnd);
    let mut values = [E::ZERO; REGISTERS.len];
    for (value, column) in values.iter_mut().zip(column::REGISTERS) {
        *value = within * (view.next.at(column) - view.at(column));
    }
    values
}

pub(super) const POOL: ConstraintGroup = ConstraintGroup::new("pool", 3, 2).periodic().says(
    "after row 173: `POOL' = POOL + FEE`, 0 after a collection; else unchanged",
    "R7",
);

/// The pool grows by the fee, limb by limb without carries, and a collection empties it.
#[inline(always)]
pub(super) fn pool<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; NUM_LIMBS] {
    let (pool, next, fee) = (view.current.pool(), view.next.pool(), view.current.fee());
    let (moves, collects) = (view.on(Selector::Pool), view.at(column::IS_COLLECT));
    let gained = minus(fee, times(collects, pool));
    minus(minus(next, pool), times(moves, gained))
}

pub(super) const POOL_ASSET: ConstraintGroup =
    ConstraintGroup::new("pool-asset", 5, 2).periodic().says(
        "`POOL_ASSET` changes only after the block of a collection; `(ASSET - POOL_ASSET) FEE_i = \
        0`; `(ASSET - POOL_ASSET) IS_COLLECT = 0`",
        "R7",
    );

/// The pool holds one asset: that of every fee in it and of the account that collects it. It
/// changes only after a collection.
#[inline(always)]
pub(super) fn pool_asset<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 5] {
    let asset = view.at(column::POOL_ASSET);
    let other = view.at(column::ASSET) - asset;
    let fee = view.current.fee();
    let collects = view.at(column::IS_COLLECT);
    let changes = view.on(Selector::BlockEnd) * collects;
    [
        (E::ONE - changes) * (view.next.at(column::POOL_ASSET) - asset),
        other * fee[0],
        other * fee[1],
        other * fee[2],
        other * collects,
    ]
}

pub(super) const COLLECTION: ConstraintGroup =
    ConstraintGroup::new("collection", 3, 2).periodic().says(
        "row 173 of a collection: `POOL = AMOUNT` with the carries in `HINT`",
        "R6 R7",
    );

/// A collection's amount is the pool. The limbs of the pool are sums of at most 2^13 fees, so the
/// carries have 13 bits.
#[inline(always)]
pub(super) fn collection<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; NUM_LIMBS] {
    let (pool, amount) = (view.current.pool(), view.current.amount());
    let carry = view.current.hint();
    let collects = view.on(Selector::Pool) * view.at(column::IS_COLLECT);
    [
        collects * (pool[0] - amount[0] - carry[0] * constant(1 << LIMB_BITS[0])),
        collects * (pool[1] + carry[0] - amount[1] - carry[1] * constant(1 << LIMB_BITS[1])),
        collects * (pool[2] + carry[1] - amount[2]),
    ]
}
