//! The root of the attributes: no public value, but one and the same wherever it stands.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{super::super::schedule::Selector as S, View};
use crate::{
    arithmetic::{minus, plus, times},
    groups::ConstraintGroup,
};

pub(super) const CONSTANTS: ConstraintGroup = ConstraintGroup::new("constants", 6, 1).says(
    "`ROOT' = ROOT`, `SEED' = SEED`",
    "one root of attributes, one issuer's key",
);

/// Registers that never change.
#[inline(always)]
pub(super) fn constants<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 6] {
    let [r0, r1, r2, r3] = minus(view.next.root, view.cells.root);
    let [s0, s1] = minus(view.next.seed, view.cells.seed);
    [r0, r1, r2, r3, s0, s1]
}

pub(super) const ATTRIBUTES: ConstraintGroup =
    ConstraintGroup::new("attributes", 4, 1).periodic().says(
        "`CheckAttributes (J - ROOT)`, `LoRoot (lo - ROOT)`",
        "the path of each attribute ends in the root that the issuer signed",
    );

/// The paths of attributes end in the root, and the root is the left half of the body.
#[inline(always)]
pub(super) fn attributes<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let root = view.cells.root;
    plus(
        times(view.on(S::CheckAttributes), minus(view.common.output, root)),
        times(view.on(S::LoRoot), minus(view.common.lo, root)),
    )
}
