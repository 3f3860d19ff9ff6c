//! What a signature entitles to, and what a created account holds.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{View, minus, plus, tagged, times, twice};
use crate::{
    batch::columns::{self as column, DIGEST_WIDTH},
    batch::schedule::Selector,
    groups::ConstraintGroup,
};
use winterlane_ledger::hash::tag;

pub(super) const KEY_ROOT: ConstraintGroup =
    ConstraintGroup::new("key-root", 4, 2).periodic().says(
        "row 117: `slot_0 (lo - X) + slot_1 (hi - X) = 0`: the key tree's root is the signing \
        slot's",
        "R3",
    );

/// The root of the key tree that the signature opened is the root of the signing slot.
#[inline(always)]
pub(super) fn key_root<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let root = view.current.carry();
    let [slot_0, slot_1] = view.signing_slot();
    let mismatch = plus(
        times(slot_0, minus(view.current.lo(), root)),
        times(slot_1, minus(view.current.hi(), tagged(root, tag::KEYS))),
    );
    times(view.on(Selector::SignerKeys), mismatch)
}

pub(super) const KEY_INDEX: ConstraintGroup =
    ConstraintGroup::new("key-index", 3, 2).periodic().says(
        "row 106: `RANGE_0' = 0`; rows 107 to 118: `RANGE_0' = 2 RANGE_0 + RANGE_BITS_0`; row \
        119: `slot_i (KEY_INDEX - RANGE_0 - next index of i)`, summed; `HINT_0 = ROTATE_0 \
        TARGETS_SLOT_0`",
        "R4 R10",
    );

/// The one-time key is not used up: its number is the signing slot's next index, or above it.
///
/// The difference, the *gap*, is a sum of [`GAP_BITS`](crate::batch::schedule::GAP_BITS) bits, put
/// together from the highest on in the rows before. `index` keeps the number itself below 1,024, so
/// that the difference of two small numbers cannot wrap around the modulus.
#[inline(always)]
pub(super) fn key_index<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; KEY_INDEX.len] {
    let [_, _, next_0, next_1] = view.current.hi();
    let [slot_0, slot_1] = view.signing_slot();
    let ([gap, ..], [next_gap, ..]) = (view.current.range(), view.next.range());
    let [bit, ..] = view.current.range_bits();
    let [rotate_0, _] = view.current.rotate();
    // where the signing slot's next index has to be
    let least = view.at(column::KEY_INDEX) - gap;
    [
        view.on(Selector::ChainsEnd) * next_gap
            + view.on(Selector::Gap) * (next_gap - twice(gap) - bit),
        view.on(Selector::SignerMeta)
            * (slot_0 * (least - next_0) + slot_1 * (least + E::from(tag::META) - next_1)),
        // `next-hi` needs a product of two flags, which would be a degree too much there
        view.on(Selector::SignerMeta)
            * (view.replaces_itself() - rotate_0 * view.at(column::TARGETS_SLOT_0)),
    ]
}

pub(super) const SCOPES: ConstraintGroup = ConstraintGroup::new("scopes", 4, 2).periodic().says(
    "row 121: scopes = `BITS`; the signing slot has `spend` for `SPEND`, `rotate` for \
        `ROTATE`; `SCOPE` = two bits of `RANGE_BITS` if `rotates`; row 189 if `IS_CREATE`: \
        `SCOPE` = `BITS`, and = the leaf's scopes",
    "R3 R10",
);

/// Scope bits: `spend` and `rotate` of slot 0, then of slot 1.
#[inline(always)]
pub(super) fn scopes<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; SCOPES.len] {
    let [stored, ..] = view.current.hi();
    let bits = view.current.bits();
    let packed = bits[0] + twice(bits[1] + twice(bits[2] + twice(bits[3])));
    let [spend_0, spend_1] = view.current.spend();
    let [rotate_0, rotate_1] = view.current.rotate();
    let (signer, receiver) = (
        view.on(Selector::SignerLeaf),
        view.on(Selector::ReceiverLeaf),
    );
    let scope = view.at(column::SCOPE);
    let [new_spend, new_rotate, _] = view.current.range_bits();
    let creates = view.at(column::IS_CREATE);
    [
        // the signer's scopes, bit by bit
        signer * (stored - packed),
        // the signing slot has the scope that the operation needs
        signer
            * (spend_0 * (E::ONE - bits[0])
                + rotate_0 * (E::ONE - bits[1])
                + spend_1 * (E::ONE - bits[2])
                + rotate_1 * (E::ONE - bits[3])),
        // the scope that a rotation installs has two bits, those that a creation installs four
        signer * view.rotates() * (scope - new_spend - twice(new_rotate))
            + receiver * creates * (scope - packed),
        // a created account has the scopes of its record
        receiver * creates * (scope - stored),
    ]
}

pub(super) const CREATION: ConstraintGroup =
    ConstraintGroup::new("creation", 4, 2).periodic().says(
        "rows 188, 189 if `IS_CREATE`: nonce, next indices and the old balance are zero; row 188 \
        if `deposits`: `ASSET = SUBJECT`",
        "R7 R9",
    );

/// A created account starts at nonce 0, with unused keys and nothing in it.
#[inline(always)]
pub(super) fn creation<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; CREATION.len] {
    let [_, l1, l2, l3] = view.current.hi();
    let creates = view.at(column::IS_CREATE);
    let (meta, leaf) = (
        view.on(Selector::ReceiverMeta),
        view.on(Selector::ReceiverLeaf),
    );
    [
        (meta + leaf) * creates * l1,
        (meta + leaf) * creates * l2,
        meta * creates * (l3 - E::from(tag::META)) + leaf * creates * (l3 - E::from(tag::LEAF)),
        // a deposit says which asset it is in
        meta * view.deposits() * (view.at(column::ASSET) - view.at(column::SUBJECT)),
    ]
}

pub(super) const NEW_KEYS: ConstraintGroup = ConstraintGroup::new("new-keys", 4, 2)
    .periodic()
    .says("row 188 if `IS_CREATE`: `X = PAYLOAD`", "R9");

/// The keys of a created account are those of its record.
#[inline(always)]
pub(super) fn new_keys<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let creates = view.on(Selector::ReceiverMeta) * view.at(column::IS_CREATE);
    times(creates, minus(view.current.carry(), view.current.payload()))
}
