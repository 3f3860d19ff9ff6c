//! Long sums of products, reduced once.
//!
//! A product of two field elements costs as much to reduce as to form. Here one factor is cut into
//! three pieces of 22, 22 and 20 bits, so that its product with a 32-bit half of the other stays
//! below `2^54`, and [`MAX_TERMS`] such products add up in 64 bits without a carry. [`Dot`] keeps
//! six plain sums, three pieces times two halves, and reduces them at the end:
//!
//! ```text
//!               value = high * 2^32 + low
//!  weight = w0 + 2^22 w1 + 2^44 w2
//!
//!            low * w0   low * w1   low * w2   high * w0  high * w1  high * w2
//!  counts       1         2^22       2^44       2^32       2^54       2^76
//! ```
//!
//! That is 13 operations a term, where a product with reduction and an addition take 28.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{Arithmetic, PackedElement, RowPack};
use crate::{goldilocks::EPSILON, vector::Vector};

/// Products that may be added before the sums must be reduced: a piece is below `2^22` and a half
/// below `2^32`, so `2^10` products add up to less than `2^64`.
pub const MAX_TERMS: usize = 1024;

/// Bits of a piece.
const PIECE_BITS: u32 = 22;

/// The bits of a piece.
const PIECE: u64 = (1 << PIECE_BITS) - 1;

/// A factor of many products, in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weight([u32; 3]);

impl Weight {
    /// Cuts the Montgomery form of an element, canonical or loose, into pieces.
    #[inline(always)]
    pub const fn new(weight: BaseElement) -> Self {
        let word = weight.inner();
        Self([
            (word & PIECE) as u32,
            ((word >> PIECE_BITS) & PIECE) as u32,
            (word >> (2 * PIECE_BITS)) as u32,
        ])
    }

    /// The weights of the base columns of extension elements, plane by plane: those of coordinate 0
    /// of all elements first.
    pub fn planes<E>(weights: &[E]) -> Vec<Vec<Self>>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let bases = E::slice_as_base_elements(weights);
        (0..E::EXTENSION_DEGREE)
            .map(|d| {
                bases
                    .iter()
                    .skip(d)
                    .step_by(E::EXTENSION_DEGREE)
                    .map(|&b| Self::new(b))
                    .collect()
            })
            .collect()
    }
}

/// A sum of products of packed values, reduced at the end.
///
/// Factors may be loose; the sum is canonical.
///
/// ```
/// use winter_math::{FieldElement, fields::f64::BaseElement};
/// use winterlane_field_simd::packed_element::{Dot, PackedElement, Weight};
/// use winterlane_field_simd::{Backend, Kernel, Vector, dispatch};
///
/// /// `3 x + 4 y`, in every lane.
/// struct Sum([BaseElement; 2]);
///
/// impl Kernel for Sum {
///     type Output = BaseElement;
///     #[inline(always)]
///     fn run<V: Vector>(self, token: V::Token) -> BaseElement {
///         let [x, y] = self.0.map(|value| V::splat(token, value.inner()));
///         let mut sum = Dot::new();
///         sum.add(x, &Weight::new(BaseElement::new(3)));
///         sum.add(y, &Weight::new(BaseElement::new(4)));
///         sum.reduce().lane(0)
///     }
/// }
///
/// let sum = dispatch(Backend::current(), Sum([BaseElement::new(10), -BaseElement::ONE]));
/// assert_eq!(sum, BaseElement::new(26));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dot<V: Vector> {
    low: [V; 3],
    high: [V; 3],
}

impl<V: Vector> Default for Dot<V> {
    #[inline(always)]
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Vector> Dot<V> {
    /// The empty sum.
    #[inline(always)]
    pub fn new() -> Self {
        let zero = PackedElement::<V>::ALL_ZERO.vector();
        Self {
            low: [zero; 3],
            high: [zero; 3],
        }
    }

    /// Adds `value * weight`; [`MAX_TERMS`] products at most may be added to a sum.
    #[inline(always)]
    pub fn add(&mut self, value: V, weight: &Weight) {
        self.add_halves(value, value.dup_hi32(), weight);
    }

    /// [`add`](Self::add), where the low 32 bits of `high` are the high ones of `value`.
    #[inline(always)]
    fn add_halves(&mut self, value: V, high: V, weight: &Weight) {
        let token = value.token();
        for i in 0..3 {
            let piece = V::splat_lo32(token, weight.0[i]);
            self.low[i] = self.low[i].wrapping_add(value.mul_lo32(piece));
            self.high[i] = self.high[i].wrapping_add(high.mul_lo32(piece));
        }
    }

    /// The sum.
    #[inline(always)]
    pub fn reduce(self) -> PackedElement<V> {
        // The sums are loose 64-bit values; times a canonical factor they become canonical. Sum i
        // counts 2^(22 i), the high ones 2^32 times that. A product of two Montgomery forms is
        // 2^64 times too much, which the Montgomery product with a plain power of two puts right.
        let mut total = PackedElement::ALL_ZERO;
        for i in 0..3 {
            let scale = 1_u64 << (PIECE_BITS * i as u32);
            // 2^(44 + 32) = 2^64 2^12 = (2^32 - 1) 2^12 modulo p.
            let high_scale = if i < 2 { scale << 32 } else { EPSILON << 12 };
            let token = self.low[i].token();
            let low = self.low[i].mul_mont(V::splat(token, scale));
            let high = self.high[i].mul_mont(V::splat(token, high_scale));
            total += PackedElement::from_vector(low) + PackedElement::from_vector(high);
        }
        total
    }
}

/// For each of the `weights`, of which there may be three, the sum of `values[i] * weights[i]`, of any
/// length, for vector `pack` of each value; and zeros up to three.
///
/// # Panics
/// Panics if there are fewer values than weights, if the weights differ in length, or if `pack` is not
/// below `T::PACKS`.
#[inline(always)]
pub fn dots<V: Vector, T: RowPack<V>>(
    weights: &[Vec<Weight>],
    values: &[T],
    pack: usize,
) -> [PackedElement<V>; 3] {
    let mut sums = [PackedElement::ALL_ZERO; 3];
    // All sums of three weights at once take 18 registers, and four more.
    if let ([a, b, c], 8) = (weights, V::LANES) {
        let values = &values[..a.len()];
        let (b, c) = (&b[..a.len()], &c[..a.len()]);
        for from in (0..values.len()).step_by(MAX_TERMS) {
            let mut dots = [Dot::new(); 3];
            for i in from..values.len().min(from + MAX_TERMS) {
                let value = values[i].pack(pack).vector();
                let high = value.dup_hi32();
                dots[0].add_halves(value, high, &a[i]);
                dots[1].add_halves(value, high, &b[i]);
                dots[2].add_halves(value, high, &c[i]);
            }
            for (sum, dot) in sums.iter_mut().zip(dots) {
                *sum += dot.reduce();
            }
        }
        return sums;
    }
    for (sum, weights) in sums.iter_mut().zip(weights) {
        *sum = dot(weights, values, pack);
    }
    sums
}

/// The sum of `values[i] * weights[i]`, as [`dots`].
#[inline(always)]
fn dot<V: Vector, T: RowPack<V>>(
    weights: &[Weight],
    values: &[T],
    pack: usize,
) -> PackedElement<V> {
    let values = &values[..weights.len()];
    let mut total = PackedElement::ALL_ZERO;
    for (weights, values) in weights.chunks(MAX_TERMS).zip(values.chunks(MAX_TERMS)) {
        let mut sum = Dot::new();
        for (weight, value) in weights.iter().zip(values) {
            sum.add(value.pack(pack).vector(), weight);
        }
        total += sum.reduce();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backend, Kernel, dispatch, goldilocks, vector_tests::EDGES};

    /// The sum of products.
    struct Sum<'a>(&'a [u64], &'a [u64]);

    impl Kernel for Sum<'_> {
        type Output = BaseElement;

        #[inline(always)]
        fn run<V: Vector>(self, token: V::Token) -> BaseElement {
            let weights: Vec<_> = self
                .1
                .iter()
                .map(|&w| Weight::new(BaseElement::from_mont(w)))
                .collect();
            let values = self.0.iter().map(|&x| V::splat(token, x));
            let values: Vec<_> = values.map(PackedElement::from_vector).collect();
            let by_weights = dot::<V, _>(&weights, &values, 0).lane(0);
            let of_three: Vec<_> = [&weights[..], &weights, &weights].map(<[_]>::to_vec).into();
            for sum in dots::<V, _>(&of_three, &values, 0) {
                assert_eq!(sum.lane(0), by_weights);
            }
            by_weights
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "minutes under Miri")]
    fn sums_are_exact() {
        for n in [0, 1, 2, 1023, 1024, 1025, 2500] {
            let edges: Vec<_> = EDGES.iter().copied().cycle().take(n).collect();
            // Words with all bits set overflow first.
            for (a, b) in [
                (vec![u64::MAX; n], vec![u64::MAX; n]),
                (vec![goldilocks::P - 1; n], edges.clone()),
                (edges.clone(), edges.iter().rev().copied().collect()),
            ] {
                let expected = a.iter().zip(&b).fold(0, |sum, (&a, &b)| {
                    goldilocks::add(sum, goldilocks::canonical(goldilocks::mul_mont(a, b)))
                });
                for backend in Backend::available() {
                    let got = dispatch(backend, Sum(&a, &b));
                    assert_eq!(got.inner(), expected, "{backend}, {n} terms");
                }
            }
        }
    }
}
