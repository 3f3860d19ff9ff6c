//! Merkle paths: the key tree, and the account paths before and after an update, row by row in
//! turn.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{Sink, View, minus, plus, tagged, times, twice};
use crate::{
    batch::columns::{self as column, DIGEST_WIDTH},
    batch::schedule::Selector,
};
use winterlane_ledger::hash::tag;

#[inline(always)]
pub(super) fn constrain<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    sink: &mut Sink<'_, E>,
) {
    sink.extend(key_tree(view));
    sink.extend(path(view));
    sink.extend(siblings(view));
    sink.push(side(view));
    sink.extend(index(view));
}

/// `carry - half` for the half on side `bit`; the other half, the sibling, is free.
#[inline(always)]
fn on_side<E: FieldElement<BaseField = BaseElement>>(
    bit: E,
    lo: [E; DIGEST_WIDTH],
    hi: [E; DIGEST_WIDTH],
    carry: [E; DIGEST_WIDTH],
    tag: BaseElement,
) -> [E; DIGEST_WIDTH] {
    let left = minus(lo, carry);
    let right = minus(hi, tagged(carry, tag));
    plus(left, times(bit, minus(right, left)))
}

/// In the key tree each row takes the previous row's output.
#[inline(always)]
fn key_tree<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; DIGEST_WIDTH] {
    let row = view.current;
    let bit = view.at(column::INDEX_BIT);
    times(
        view.on(Selector::KeyTree),
        on_side(bit, row.lo(), row.hi(), row.carry(), tag::XMSS),
    )
}

/// On an account's path each row takes the output of the row before the previous one: the tree
/// before and after the update alternate.
#[inline(always)]
fn path<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; DIGEST_WIDTH] {
    let (carry, row) = (view.current.carry(), view.next);
    let bit = row.at(column::INDEX_BIT);
    times(
        view.on(Selector::NextOnPath),
        on_side(bit, row.lo(), row.hi(), carry, tag::NODE),
    )
}

/// The siblings before and after the update are the same.
#[inline(always)]
fn siblings<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; DIGEST_WIDTH] {
    let bit = view.at(column::INDEX_BIT);
    let left = minus(view.next.lo(), view.current.lo());
    let right = minus(view.next.hi(), view.current.hi());
    times(
        view.on(Selector::PathBefore),
        plus(right, times(bit, minus(left, right))),
    )
}

/// The side before and after the update is the same.
#[inline(always)]
fn side<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> E {
    let next = view.next.at(column::INDEX_BIT);
    view.on(Selector::PathBefore) * (next - view.at(column::INDEX_BIT))
}

/// The sides of a path are the bits of the leaf index, lowest first, and the index has no more.
///
/// Operations without a signer or a receiver have the path of a phantom there; its index is bound
/// all the same, since it is what keeps `SUBJECT`, a deposit's asset too, and `TO` in 32 bits: the
/// record packs other fields above them.
#[inline(always)]
fn index<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let index = view.at(column::INDEX);
    let next = view.next.at(column::INDEX);
    let bit = view.at(column::INDEX_BIT);
    [
        view.on(Selector::PathBefore) * (next - index)
            + view.on(Selector::IndexShift) * (index - twice(next) - bit)
            + view.on(Selector::IndexEnd) * (index - bit),
        view.on(Selector::KeyTreeStart) * (index - view.at(column::KEY_INDEX))
            + view.on(Selector::SignerPathStart) * (index - view.at(column::SUBJECT))
            + view.on(Selector::ReceiverPathStart) * (index - view.at(column::TO)),
    ]
}
