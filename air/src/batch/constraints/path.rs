//! Merkle paths: the key tree, and the account paths before and after an update, row by row in
//! turn.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{View, minus, plus, tagged, times, twice};
use crate::{
    batch::columns::{self as column, DIGEST_WIDTH},
    batch::schedule::Selector,
    groups::ConstraintGroup,
};
use winterlane_ledger::hash::tag;

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

pub(super) const KEY_TREE: ConstraintGroup = ConstraintGroup::new("key-tree", 4, 2)
    .periodic()
    .says("rows 107 to 116: `(1 - b)(lo - X) + b (hi - X)`", "R3");

/// In the key tree each row takes the previous row's output.
#[inline(always)]
pub(super) fn key_tree<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let row = view.current;
    let bit = view.at(column::INDEX_BIT);
    times(
        view.on(Selector::KeyTree),
        on_side(bit, row.lo(), row.hi(), row.carry(), tag::XMSS),
    )
}

pub(super) const PATH: ConstraintGroup = ConstraintGroup::new("path", 4, 2).periodic().says(
    "before rows 123 to 186 and 191 to 254: `(1 - b')(lo' - X) + b' (hi' - X)`",
    "R2",
);

/// On an account's path each row takes the output of the row before the previous one: the tree
/// before and after the update alternate.
#[inline(always)]
pub(super) fn path<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let (carry, row) = (view.current.carry(), view.next);
    let bit = row.at(column::INDEX_BIT);
    times(
        view.on(Selector::NextOnPath),
        on_side(bit, row.lo(), row.hi(), carry, tag::NODE),
    )
}

pub(super) const SIBLINGS: ConstraintGroup =
    ConstraintGroup::new("siblings", 4, 2).periodic().says(
        "rows of a path before an update: `(1 - b)(hi' - hi) + b (lo' - lo)`",
        "R2",
    );

/// The siblings before and after the update are the same.
#[inline(always)]
pub(super) fn siblings<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let bit = view.at(column::INDEX_BIT);
    let left = minus(view.next.lo(), view.current.lo());
    let right = minus(view.next.hi(), view.current.hi());
    times(
        view.on(Selector::PathBefore),
        plus(right, times(bit, minus(left, right))),
    )
}

pub(super) const SIDE: ConstraintGroup = ConstraintGroup::new("side", 1, 1)
    .periodic()
    .says("there too: `b' = b`", "R2");

/// The side before and after the update is the same.
#[inline(always)]
pub(super) fn side<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 1] {
    let next = view.next.at(column::INDEX_BIT);
    [view.on(Selector::PathBefore) * (next - view.at(column::INDEX_BIT))]
}

pub(super) const INDEX: ConstraintGroup = ConstraintGroup::new("index", 2, 1).periodic().says(
    "rows 107, 123, 191: `INDEX` = `KEY_INDEX`, `SUBJECT`, `TO`, also of dummies; it loses \
        the bit `b` each level, and in rows 116, 186, 254 is its last bit",
    "R2 R4 R10",
);

/// The sides of a path are the bits of the leaf index, lowest first, and the index has no more.
///
/// Operations without a signer or a receiver have the path of a dummy account there; its index is bound
/// all the same, since it is what keeps `SUBJECT`, a deposit's asset too, and `TO` in 32 bits: the
/// record packs other fields above them.
#[inline(always)]
pub(super) fn index<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
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
