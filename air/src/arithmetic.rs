//! Small functions over lanes that constraints are written with.

use winter_math::{FieldElement, fields::f64::BaseElement};

/// The base-field constant `value`.
#[inline(always)]
pub(crate) fn constant<E: FieldElement<BaseField = BaseElement>>(value: u64) -> E {
    E::from(BaseElement::new(value))
}

/// `tag` as an element to add to the last lane of a digest's worth of inputs.
#[inline(always)]
pub(crate) fn tagged<E: FieldElement<BaseField = BaseElement>>(
    mut lanes: [E; 4],
    tag: BaseElement,
) -> [E; 4] {
    lanes[3] += E::from(tag);
    lanes
}

// Constraint functions are compiled a second time over vectors of rows, where everything
// must inline into the one function that has the CPU's instructions. Closures handed to others
// (`array::from_fn`, `array::map`) do not: hence the loops.

/// Lane-wise difference.
#[inline(always)]
pub(crate) fn minus<E: FieldElement, const N: usize>(mut a: [E; N], b: [E; N]) -> [E; N] {
    for (lane, &b) in a.iter_mut().zip(&b) {
        *lane -= b;
    }
    a
}

/// Lane-wise product with `factor`.
#[inline(always)]
pub(crate) fn times<E: FieldElement, const N: usize>(factor: E, mut a: [E; N]) -> [E; N] {
    for lane in &mut a {
        *lane *= factor;
    }
    a
}

/// Lane-wise sum.
#[inline(always)]
pub(crate) fn plus<E: FieldElement, const N: usize>(mut a: [E; N], b: [E; N]) -> [E; N] {
    for (lane, &b) in a.iter_mut().zip(&b) {
        *lane += b;
    }
    a
}

/// Zero for 0 and 1 alone.
#[inline(always)]
pub(crate) fn bit<E: FieldElement>(x: E) -> E {
    x * (x - E::ONE)
}

/// `2 x`.
///
/// Not `double()`: that of winter-math 0.13.1 leaves twice a value just above `p / 2` unreduced,
/// and sums with it come out wrong. Rare, but then an honest proof would not verify.
#[inline(always)]
pub(crate) fn twice<E: FieldElement>(x: E) -> E {
    x + x
}

/// `x^2`, without the `double()` that winter-math's extension fields use in `square()`.
#[inline(always)]
pub(crate) fn squared<E: FieldElement>(x: E) -> E {
    x * x
}
