//! The kind of an operation, the form of its record, and the fee pool.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{Sink, View, bit, constant, minus, times};
use crate::{
    batch::columns::{self as column, NUM_LIMBS, POOL_ASSET, REGISTERS},
    batch::schedule::Selector,
};
use winterlane_ledger::amount::LIMB_BITS;

/// Number of constraints of the flags.
pub(super) const FLAGS_LEN: usize = 12;
/// Number of constraints of the record's form.
pub(super) const RECORD_LEN: usize = 15;
/// Number of registers.
pub(super) const REGISTERS_LEN: usize = REGISTERS.end - REGISTERS.start;

#[inline(always)]
pub(super) fn constrain<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    sink: &mut Sink<'_, E>,
) {
    sink.extend(flags(view));
    sink.extend(record(view));
    // registers keep their value from the first to the last row of a block
    let within = E::ONE - view.on(Selector::BlockEnd);
    for column in REGISTERS {
        sink.push(within * (view.next.at(column) - view.current.at(column)));
    }
    sink.extend(pool(view));
    sink.extend(pool_asset(view));
    sink.extend(collection(view));
}

/// Flags are 0 or 1, at most one says what the operation is, and details belong to their kind.
#[inline(always)]
fn flags<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; FLAGS_LEN] {
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

/// Fields that a kind of operation does not have are zero: one operation, one record.
#[inline(always)]
fn record<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; RECORD_LEN] {
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

/// The pool grows by the fee, limb by limb without carries, and a collection empties it.
#[inline(always)]
fn pool<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; NUM_LIMBS] {
    let (pool, next, fee) = (view.current.pool(), view.next.pool(), view.current.fee());
    let (moves, collects) = (view.on(Selector::Pool), view.at(column::IS_COLLECT));
    let gained = minus(fee, times(collects, pool));
    minus(minus(next, pool), times(moves, gained))
}

/// The pool holds one asset: that of every fee in it and of the account that collects it. It
/// changes only after a collection.
#[inline(always)]
fn pool_asset<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 5] {
    let asset = view.at(POOL_ASSET);
    let other = view.at(column::ASSET) - asset;
    let fee = view.current.fee();
    let collects = view.at(column::IS_COLLECT);
    let changes = view.on(Selector::BlockEnd) * collects;
    [
        (E::ONE - changes) * (view.next.at(POOL_ASSET) - asset),
        other * fee[0],
        other * fee[1],
        other * fee[2],
        other * collects,
    ]
}

/// A collection's amount is the pool. The limbs of the pool are sums of at most 2^13 fees, so the
/// carries have 13 bits.
#[inline(always)]
fn collection<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; NUM_LIMBS] {
    let (pool, amount) = (view.current.pool(), view.current.amount());
    let carry = view.current.hint();
    let collects = view.on(Selector::Pool) * view.at(column::IS_COLLECT);
    [
        collects * (pool[0] - amount[0] - carry[0] * constant(1 << LIMB_BITS[0])),
        collects * (pool[1] + carry[0] - amount[1] - carry[1] * constant(1 << LIMB_BITS[1])),
        collects * (pool[2] + carry[1] - amount[2]),
    ]
}
