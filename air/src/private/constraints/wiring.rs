//! Where the halves of a row's input come from, and where its output goes.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    super::{
        columns::{ASSET, BITS, CARRY, INDEX, KEPT, POSITION, REAL, ROOT, SECRET, SET, SIDE, SLOT},
        schedule::Selector as S,
    },
    Sink, View,
};
use crate::arithmetic::{minus, plus, times, twice};

#[inline(always)]
pub(super) fn constrain<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    sink: &mut Sink<'_, E>,
) {
    sink.extend(input_lo(view));
    sink.extend(input_hi(view));
    sink.extend(path(view));
    sink.extend(carry(view));
    sink.extend(kept(view));
    sink.extend(secret(view));
    sink.extend(kept_as_it_is(view, ROOT.start));
    sink.extend(kept_as_it_is(view, SET.start));
    sink.extend(checks(view));
    sink.extend(index(view));
    sink.extend(registers(view));
    sink.extend(account(view));
}

/// Left halves.
#[inline(always)]
fn input_lo<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let lo = view.lo;
    let carry: [E; 4] = view.current.lanes(CARRY.start);
    let secret: [E; 4] = view.current.lanes(SECRET.start);
    let kept = view.current.lanes(KEPT.start);
    let root = view.current.lanes(ROOT.start);
    let [l0, l1, l2, l3] = plus(
        plus(
            times(view.on(S::LoCarry), minus(lo, carry)),
            times(view.on(S::LoKept), minus(lo, kept)),
        ),
        plus(
            times(view.on(S::LoSecret), minus(lo, secret)),
            times(view.on(S::LoRoot), minus(lo, root)),
        ),
    );
    let (step, on, start) = (view.on(S::Step), view.on(S::StepOn), view.on(S::KeyStart));
    [
        l0 + on * (lo[0] - carry[0]) + start * (lo[0] - secret[0]),
        l1 + on * (lo[1] - carry[1]) + start * (lo[1] - secret[1]),
        l2 + step * (lo[2] - secret[0]) + start * (lo[2] - view.at(POSITION)),
        l3 + step * (lo[3] - secret[1]) + start * lo[3],
    ]
}

/// Right halves.
#[inline(always)]
fn input_hi<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let hi = view.hi;
    let carry: [E; 4] = view.current.lanes(CARRY.start);
    let kept = view.current.lanes(KEPT.start);
    let [h0, h1, h2, h3] = plus(
        times(view.on(S::HiCarry), minus(hi, carry)),
        times(view.on(S::HiKept), minus(hi, kept)),
    );
    let (tail, start) = (view.on(S::Tail), view.on(S::KeyStart));
    [
        h0 + view.on(S::HeadAsset) * (hi[0] - view.at(ASSET))
            + view.on(S::HeadPosition) * (hi[0] - view.at(POSITION))
            + view.on(S::HeadZero) * hi[0]
            + start * (hi[0] - carry[0]),
        h1 + tail * (hi[1] - view.on(S::Place)) + start * (hi[1] - carry[1]),
        h2 + tail * hi[2],
        h3 + tail * hi[3],
    ]
}

/// On a path `X` is the half on the side of `SIDE`; the other half, the sibling, is free.
#[inline(always)]
fn path<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let carry = view.current.lanes(CARRY.start);
    let left = minus(view.lo, carry);
    let right = minus(view.hi, carry);
    let half = plus(left, times(view.at(SIDE), minus(right, left)));
    times(view.on(S::Path), half)
}

/// `X` is the previous row's output, unless an assertion binds it.
#[inline(always)]
fn carry<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let bound = E::ONE - view.on(S::CarryFree);
    times(bound, minus(view.next.lanes(CARRY.start), view.output))
}

/// `KEPT` stays, or becomes the output or the right half.
#[inline(always)]
fn kept<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let kept = view.current.lanes(KEPT.start);
    let moved = minus(view.next.lanes(KEPT.start), kept);
    let output = times(view.on(S::KeepOutput), minus(view.output, kept));
    let hi = times(view.on(S::KeepHi), minus(view.hi, kept));
    minus(minus(moved, output), hi)
}

/// `SECRET` stays, or becomes the right half.
#[inline(always)]
fn secret<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let secret = view.current.lanes(SECRET.start);
    let moved = minus(view.next.lanes(SECRET.start), secret);
    minus(moved, times(view.on(S::SecretHi), minus(view.hi, secret)))
}

/// A register of four lanes that never changes.
#[inline(always)]
fn kept_as_it_is<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
    start: usize,
) -> [E; 4] {
    minus(view.next.lanes(start), view.current.lanes(start))
}

/// The paths of a real note end in the roots.
#[inline(always)]
fn checks<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let root = minus(view.output, view.current.lanes(ROOT.start));
    let set = minus(view.output, view.current.lanes(SET.start));
    let either = plus(
        times(view.on(S::CheckRoot), root),
        times(view.on(S::CheckSet), set),
    );
    times(view.at(REAL), either)
}

/// The sides of a path are the bits of its index, lowest first, and the index has no more.
#[inline(always)]
fn index<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 2] {
    let index = view.at(INDEX);
    let side = view.at(SIDE);
    [
        view.on(S::IndexStart) * (index - view.at(POSITION)),
        view.on(S::IndexShift) * (index - twice(view.next.at(INDEX)) - side)
            + view.on(S::IndexEnd) * (index - side),
    ]
}

/// Asset and slot never change; position and real do between two inputs.
#[inline(always)]
fn registers<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 4] {
    let stays = E::ONE - view.on(S::Renew);
    [
        view.next.at(ASSET) - view.at(ASSET),
        view.next.at(SLOT) - view.at(SLOT),
        stays * (view.next.at(POSITION) - view.at(POSITION)),
        stays * (view.next.at(REAL) - view.at(REAL)),
    ]
}

/// The key root is on the side of the slot, and the slot may spend.
#[inline(always)]
fn account<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 3] {
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
