//! Where the halves of a row's input come from, and where its output goes.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    super::{
        columns::{ASSET, BITS, CARRY, INDEX, KEPT, POSITION, REAL, SECRET, SIDE, SLOT},
        schedule::Selector as S,
    },
    View,
};
use crate::{
    arithmetic::{minus, plus, times, twice},
    groups::ConstraintGroup,
};

pub(super) const INPUT_LO: ConstraintGroup =
    ConstraintGroup::new("input-lo", 4, 1).periodic().says(
        "`LoCarry (lo - X)`, `LoKept (lo - KEPT)`, `LoSecret (lo - SECRET)`; `Step`: `lo_2, lo_3` are the \
        seed, `StepOn`: `lo_0, lo_1` are those of `X`; `KeyStart`: `lo` is `[seed, POSITION, 0]`",
        "the left half is what was hashed before",
    );

/// Left halves.
#[inline(always)]
pub(super) fn input_lo<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let lo = view.lo;
    let carry: [E; 4] = view.current.lanes(CARRY.start);
    let secret: [E; 4] = view.current.lanes(SECRET.start);
    let kept = view.current.lanes(KEPT.start);
    let [l0, l1, l2, l3] = plus(
        plus(
            times(view.on(S::LoCarry), minus(lo, carry)),
            times(view.on(S::LoKept), minus(lo, kept)),
        ),
        times(view.on(S::LoSecret), minus(lo, secret)),
    );
    let (step, on, start) = (view.on(S::Step), view.on(S::StepOn), view.on(S::KeyStart));
    [
        l0 + on * (lo[0] - carry[0]) + start * (lo[0] - secret[0]),
        l1 + on * (lo[1] - carry[1]) + start * (lo[1] - secret[1]),
        l2 + step * (lo[2] - secret[0]) + start * (lo[2] - view.at(POSITION)),
        l3 + step * (lo[3] - secret[1]) + start * lo[3],
    ]
}

pub(super) const INPUT_HI: ConstraintGroup =
    ConstraintGroup::new("input-hi", 4, 1).periodic().says(
        "`HiCarry (hi - X)`, `HiKept (hi - KEPT)`; `ChainEnds`: `hi` is `[SECRET_2, SECRET_3, X_0, X_1]`; \
        `HeadAsset`, `HeadPosition`, `HeadZero` for lane 0; `Tail`: lanes 1 to 3 are `[Place, 0, 0]`",
        "the right half",
    );

/// Right halves.
#[inline(always)]
pub(super) fn input_hi<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let hi = view.hi;
    let carry: [E; 4] = view.current.lanes(CARRY.start);
    let kept = view.current.lanes(KEPT.start);
    let [even_0, even_1] = view.current.lanes(SECRET.start + 2);
    let ends = [even_0, even_1, carry[0], carry[1]];
    let [h0, h1, h2, h3] = plus(
        plus(
            times(view.on(S::HiCarry), minus(hi, carry)),
            times(view.on(S::HiKept), minus(hi, kept)),
        ),
        times(view.on(S::ChainEnds), minus(hi, ends)),
    );
    let tail = view.on(S::Tail);
    [
        h0 + view.on(S::HeadAsset) * (hi[0] - view.at(ASSET))
            + view.on(S::HeadPosition) * (hi[0] - view.at(POSITION))
            + view.on(S::HeadZero) * hi[0],
        h1 + tail * (hi[1] - view.on(S::Place)),
        h2 + tail * hi[2],
        h3 + tail * hi[3],
    ]
}

pub(super) const PATH: ConstraintGroup = ConstraintGroup::new("path", 4, 2).periodic().says(
    "`Path ((1 - SIDE)(lo - X) + SIDE (hi - X))`",
    "the node is one half; the sibling is free",
);

/// On a path `X` is the half on the side of `SIDE`; the other half, the sibling, is free.
#[inline(always)]
pub(super) fn path<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let carry = view.current.lanes(CARRY.start);
    let left = minus(view.lo, carry);
    let right = minus(view.hi, carry);
    let half = plus(left, times(view.at(SIDE), minus(right, left)));
    times(view.on(S::Path), half)
}

pub(super) const CARRY_ON: ConstraintGroup = ConstraintGroup::new("carry", 4, 1).periodic().says(
    "`(1 - CarryFree)(X' - J)`",
    "where it is free, a public cell binds it, or `one-time-key`",
);

/// `X` is the previous row's output, unless an assertion binds it.
#[inline(always)]
pub(super) fn carry<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let bound = E::ONE - view.on(S::CarryFree);
    times(bound, minus(view.next.lanes(CARRY.start), view.output))
}

pub(super) const KEEP: ConstraintGroup = ConstraintGroup::new("kept", 4, 1).periodic().says(
    "`KEPT' = KEPT`, `J` at `KeepOutput`, `hi` at `KeepHi`",
    "what is kept is what was hashed, or its output",
);

/// `KEPT` stays, or becomes the output or the right half.
#[inline(always)]
pub(super) fn kept<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let kept = view.current.lanes(KEPT.start);
    let moved = minus(view.next.lanes(KEPT.start), kept);
    let output = times(view.on(S::KeepOutput), minus(view.output, kept));
    let hi = times(view.on(S::KeepHi), minus(view.hi, kept));
    minus(minus(moved, output), hi)
}

pub(super) const KEEP_SECRET: ConstraintGroup =
    ConstraintGroup::new("secret", 4, 1).periodic().says(
        "`SECRET' = SECRET`, `hi` at `SecretHi`; at `KeepEnd` lanes 2 and 3 are `J_0, J_1`",
        "a secret is the same wherever it is used",
    );

/// `SECRET` stays, or becomes the right half, or its second half the end of a chain.
#[inline(always)]
pub(super) fn secret<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let secret: [E; 4] = view.current.lanes(SECRET.start);
    let moved = minus(view.next.lanes(SECRET.start), secret);
    let hi = times(view.on(S::SecretHi), minus(view.hi, secret));
    let [s0, s1, s2, s3] = minus(moved, hi);
    let end = view.on(S::KeepEnd);
    [
        s0,
        s1,
        s2 - end * (view.output[0] - secret[2]),
        s3 - end * (view.output[1] - secret[3]),
    ]
}

pub(super) const CHECKS: ConstraintGroup = ConstraintGroup::new("checks", 4, 2).periodic().says(
    "`REAL (Check J - Root)`",
    "the path of a real note ends in the public root: anchor or association set",
);

/// The paths of a real note end in the public roots, which the selectors have.
#[inline(always)]
pub(super) fn checks<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let root = [
        view.on(S::Root0),
        view.on(S::Root1),
        view.on(S::Root2),
        view.on(S::Root3),
    ];
    let differs = minus(times(view.on(S::Check), view.output), root);
    times(view.at(REAL), differs)
}

pub(super) const FOLLOW_INDEX: ConstraintGroup =
    ConstraintGroup::new("index", 2, 1).periodic().says(
        "`IndexStart (INDEX - POSITION)`; `IndexShift (INDEX - 2 INDEX' - SIDE)`, `IndexEnd (INDEX - SIDE)`",
        "the sides are the bits of the position, and it has no more: below `2^levels`, in one way",
    );

/// The sides of a path are the bits of its index, lowest first, and the index has no more.
#[inline(always)]
pub(super) fn index<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let index = view.at(INDEX);
    let side = view.at(SIDE);
    [
        view.on(S::IndexStart) * (index - view.at(POSITION)),
        view.on(S::IndexShift) * (index - twice(view.next.at(INDEX)) - side)
            + view.on(S::IndexEnd) * (index - side),
    ]
}

pub(super) const REGISTERS: ConstraintGroup =
    ConstraintGroup::new("registers", 3, 1).periodic().says(
        "`ASSET' = ASSET`; `POSITION' = POSITION` and `REAL' = REAL` but at `Renew`",
        "one asset; one position and one slot or realness for all that is said of an input",
    );

/// The asset never changes; position and real do between two inputs.
#[inline(always)]
pub(super) fn registers<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let stays = E::ONE - view.on(S::Renew);
    [
        view.next.at(ASSET) - view.at(ASSET),
        stays * (view.next.at(POSITION) - view.at(POSITION)),
        stays * (view.next.at(REAL) - view.at(REAL)),
    ]
}

pub(super) const ACCOUNT: ConstraintGroup = ConstraintGroup::new("account", 3, 2).periodic().says(
    "`SideSlot (SIDE - SLOT)`; `Scopes`: `hi_0` is the four bits; the slot's spend bit is 1",
    "the key may spend",
);

/// The key root is on the side of the slot, and the slot may spend.
#[inline(always)]
pub(super) fn account<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
    let slot = view.at(SLOT);
    let [spend_0, rotate_0, spend_1, rotate_1, ..] = view.current.lanes::<6>(BITS.start);
    let packed = spend_0 + twice(rotate_0 + twice(spend_1 + twice(rotate_1)));
    let spends = spend_0 + slot * (spend_1 - spend_0);
    let scopes = view.on(S::Scopes);
    [
        view.on(S::SideSlot) * (view.at(SIDE) - slot),
        scopes * (view.hi[0] - packed),
        scopes * (E::ONE - spends),
    ]
}
