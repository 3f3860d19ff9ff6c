//! Field elements of several rows at once, that generic winterfell code can compute with.
//!
//! winterfell's constraint functions are generic over `FieldElement`. The types here implement it
//! for many rows of a trace in one value, so that the *same* `Air::evaluate_transition` that the
//! verifier runs on one out-of-domain row evaluates whole vectors of rows in the prover:
//!
//! - [`PackedElement`] is one vector. Its operations inline; they are fast where the AIR's function
//!   is itself inlined under a [`dispatch`](crate::dispatch()) (`#[inline(always)]` all the way),
//!   and very slow elsewhere, when every intrinsic becomes a call.
//! - [`WideElement`] is [`WIDE_LANES`] rows in memory. Each of its operations is one call into a
//!   function compiled for the instruction set, so it is fast in code that does not inline.
//! - [`PackedExtension`] is an element of the quadratic or cubic extension over either.
//!
//! Beside the operators there are [`Arithmetic::mul_add`], [`Arithmetic::pow7`], [`Root7`], and sums
//! of products that are reduced once, [`Dot`].
//!
//! # What packed elements cannot do
//!
//! Arithmetic, `From` and constants work lane by lane; conversions from bytes and integers put the
//! same value in all lanes. A value of several rows has no single integer, bytes or text, and is neither
//! equal to another nor different from it if only some lanes are: the functions of `FieldElement` that
//! take an element apart (`base_element`, `slice_as_base_elements`, `as_bytes`, `fmt` and the like), and `==`
//! where lanes disagree, unwind with [`SeveralRows`]. Constraints have no use for them, since they are
//! polynomials. With one lane, on [`Backend::Scalar`](crate::Backend::Scalar), all of them work as
//! winterfell's own do.
//!
//! # Representation
//!
//! Lanes are canonical Montgomery forms, below `p`, before and after every operation. Only [`Dot`] takes
//! loose ones.

mod apart;
mod boilerplate;
mod dot;
mod extension;
mod powers;
#[cfg(test)]
mod tests;
mod wide;

use core::fmt;

use winter_math::{FieldElement, fields::f64::BaseElement};

pub use self::apart::SeveralRows;
pub use self::boilerplate::Arithmetic;
pub use self::dot::{Dot, MAX_TERMS, Weight, dots};
pub use self::extension::PackedExtension;
pub use self::powers::Root7;
pub use self::wide::{WIDE_LANES, WideElement};
use crate::convert::{words, words_mut};
use crate::goldilocks::EPSILON;
use crate::vector::{MAX_LANES, Vector};

/// Rows of a column in one value, made of [`PACKS`](Self::PACKS) vectors.
pub trait RowPack<V: Vector>: FieldElement<BaseField = BaseElement> {
    /// Vectors in a value.
    const PACKS: usize;

    /// Rows in a value: `PACKS * V::LANES`.
    const ROWS: usize = Self::PACKS * V::LANES;

    /// Vector `i`, which holds rows `i * V::LANES` and on.
    ///
    /// # Panics
    /// Panics if `i >= PACKS`.
    fn pack(&self, i: usize) -> PackedElement<V>;

    /// Replaces vector `i`.
    ///
    /// # Panics
    /// Panics if `i >= PACKS`.
    fn set_pack(&mut self, i: usize, pack: PackedElement<V>);

    /// The row after each, `next` being the rows that follow these: rows 1 and on, then the first
    /// of `next`.
    #[must_use]
    fn shift_in(&self, next: &Self) -> Self;
}

/// One vector of base field elements, one row in each lane.
///
/// ```
/// use winter_math::{FieldElement, fields::f64::BaseElement};
/// use winterlane_field_simd::{Backend, Kernel, Vector, dispatch, packed_element::PackedElement};
///
/// /// Cubes elements, vector by vector, with code that knows nothing of vectors.
/// struct Cube<'a>(&'a mut [BaseElement]);
///
/// impl Kernel for Cube<'_> {
///     type Output = ();
///     #[inline(always)]
///     fn run<V: Vector>(self, _token: V::Token) {
///         for chunk in self.0.chunks_mut(V::LANES) {
///             PackedElement::<V>::load(chunk).cube().store(chunk);
///         }
///     }
/// }
///
/// let mut values: Vec<_> = (0..21u32).map(BaseElement::from).collect();
/// dispatch(Backend::current(), Cube(&mut values));
/// assert_eq!(values[20], BaseElement::new(8000));
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct PackedElement<V: Vector>(V);

// SAFETY: vectors are plain register-sized integers; sending or sharing them is copying bits.
unsafe impl<V: Vector> Send for PackedElement<V> {}
// SAFETY: as above.
unsafe impl<V: Vector> Sync for PackedElement<V> {}

impl<V: Vector> PackedElement<V> {
    /// The token that the existence of the type `V` proves: the backends' types cannot be named
    /// outside this crate, and `dispatch` hands one to generic code only after it has asked the CPU.
    #[inline(always)]
    pub(crate) fn token() -> V::Token {
        const { assert!(size_of::<V::Token>() == 0) }
        // SAFETY: the token has no size and no validity requirement beyond the CPU's instructions,
        // which a caller that has got hold of the type V is running with.
        unsafe { core::mem::transmute_copy::<(), V::Token>(&()) }
    }

    /// A vector with `value` in each lane, for constants.
    const fn constant(value: u64) -> Self {
        const { assert!(size_of::<V>() <= size_of::<[u64; MAX_LANES]>()) }
        // SAFETY: a vector is LANES plain integers, for which any bits are valid, and the array
        // is at least as large.
        Self(unsafe { core::mem::transmute_copy::<[u64; MAX_LANES], V>(&[value; MAX_LANES]) })
    }

    /// The lanes of a vector of canonical Montgomery forms.
    #[inline(always)]
    pub fn from_vector(vector: V) -> Self {
        Self(vector)
    }

    /// The vector of canonical Montgomery forms.
    #[inline(always)]
    pub fn vector(self) -> V {
        self.0
    }

    /// `value` in every lane.
    #[inline(always)]
    pub fn splat(value: BaseElement) -> Self {
        Self(V::splat(Self::token(), value.inner()))
    }

    /// The first `V::LANES` elements of `values`; zeros where there are fewer.
    #[inline(always)]
    pub fn load(values: &[BaseElement]) -> Self {
        let integers = words(values);
        if integers.len() >= V::LANES {
            Self(V::load(Self::token(), integers))
        } else {
            Self(V::load_partial(Self::token(), integers))
        }
    }

    /// Writes the lanes to the first `V::LANES` places of `values`, or to all if there are fewer.
    #[inline(always)]
    pub fn store(self, values: &mut [BaseElement]) {
        let integers = words_mut(values);
        if integers.len() >= V::LANES {
            self.0.store(integers);
        } else {
            self.0.store_partial(integers);
        }
    }

    /// Asks for the cache line of the first of `values`, which will be read soon; a hint.
    #[inline(always)]
    pub fn prefetch(values: &[BaseElement]) {
        V::prefetch(Self::token(), words(values).as_ptr());
    }

    /// The element in lane `i`.
    ///
    /// # Panics
    /// Panics if `i` is not below [`MAX_LANES`].
    #[inline(always)]
    pub fn lane(self, i: usize) -> BaseElement {
        BaseElement::from_mont(self.0.to_array()[i])
    }

    /// Transposes the square of the first `V::LANES` vectors: lane `i` of vector `j` becomes lane `j` of
    /// vector `i`. The other vectors stay as they are.
    #[inline(always)]
    pub fn transpose(mut square: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
        let mut block = 1;
        while block < V::LANES {
            for i in 0..V::LANES {
                if i & block == 0 {
                    let (low, high) = square[i].0.interleave(square[i | block].0, block);
                    (square[i].0, square[i | block].0) = (low, high);
                }
            }
            block *= 2;
        }
        square
    }
}

impl<V: Vector> RowPack<V> for PackedElement<V> {
    const PACKS: usize = 1;

    #[inline(always)]
    fn pack(&self, i: usize) -> Self {
        assert!(i == 0, "a packed element is one vector");
        *self
    }

    #[inline(always)]
    fn set_pack(&mut self, i: usize, pack: Self) {
        assert!(i == 0, "a packed element is one vector");
        *self = pack;
    }

    #[inline(always)]
    fn shift_in(&self, next: &Self) -> Self {
        Self(self.0.shift_in(next.0))
    }
}

impl<V: Vector> Arithmetic for PackedElement<V> {
    const ALL_ZERO: Self = Self::constant(0);
    // One is 2^64 mod p.
    const ALL_ONE: Self = Self::constant(EPSILON);
    const DEGREE: usize = 1;
    const ONE_ROW: bool = V::LANES == 1;
    const ALL_LANES: u32 = (1 << V::LANES) - 1;

    #[inline(always)]
    fn broadcast(value: BaseElement) -> Self {
        Self::splat(value)
    }

    #[inline(always)]
    fn sum(self, rhs: Self) -> Self {
        Self(self.0.add_canonical(rhs.0))
    }

    #[inline(always)]
    fn difference(self, rhs: Self) -> Self {
        Self(self.0.sub(rhs.0))
    }

    #[inline(always)]
    fn product(self, rhs: Self) -> Self {
        Self(self.0.mul_mont(rhs.0))
    }

    #[inline(always)]
    fn scaled(self, rhs: BaseElement) -> Self {
        self.product(Self::splat(rhs))
    }

    #[inline(always)]
    fn squared(self) -> Self {
        Self(self.0.square_mont())
    }

    #[inline(always)]
    fn inverse(self) -> Self {
        let mut lanes = self.0.to_array().map(BaseElement::from_mont);
        invert_lanes(&mut lanes[..V::LANES]);
        Self::load(&lanes)
    }

    #[inline(always)]
    fn from_coordinates(coordinates: &[BaseElement]) -> Self {
        Self::splat(coordinates[0])
    }

    #[inline(always)]
    fn equal_lanes(&self, rhs: &Self) -> u32 {
        let (a, b) = (self.0.to_array(), rhs.0.to_array());
        let mut lanes = 0;
        for (i, (a, b)) in a.iter().zip(&b).enumerate().take(V::LANES) {
            lanes |= u32::from(a == b) << i;
        }
        lanes
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lanes = self.0.to_array().map(BaseElement::from_mont);
        f.debug_list().entries(&lanes[..V::LANES]).finish()
    }
}

boilerplate::field_element!([V: Vector] PackedElement<V>);

/// Inverts a few elements at the cost of one inversion; zeros stay zeros. A vector's inverses are
/// sooner had lane by lane: a chain of 72 products takes its latency, which is a third in scalar
/// registers, where there are also fewer products in all.
#[inline(always)]
fn invert_lanes(lanes: &mut [BaseElement]) {
    let mut before = [BaseElement::ZERO; WIDE_LANES];
    let mut product = BaseElement::ONE;
    for (before, &lane) in before.iter_mut().zip(lanes.iter()) {
        *before = product;
        if lane != BaseElement::ZERO {
            product *= lane;
        }
    }
    let mut inverse = product.inv();
    for (lane, &before) in lanes.iter_mut().zip(&before).rev() {
        if *lane != BaseElement::ZERO {
            let this = inverse * before;
            inverse *= *lane;
            *lane = this;
        }
    }
}
