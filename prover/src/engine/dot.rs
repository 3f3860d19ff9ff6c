//! Long sums of products, reduced once.
//!
//! A product of two field elements costs as much to reduce as to form. A [`Weight`] is cut into three
//! pieces of 22 bits (the last of 20), so that its product with a 32-bit half of a value stays below
//! `2^54`, and 512 such products add up in 64 bits without a carry: [`Dot`] keeps six plain sums and
//! reduces them at the end.

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{PackedElement, RowPack};

/// Products that may be added before the sums must be reduced.
pub(super) const MAX_TERMS: usize = 512;

/// Bits of a piece.
const PIECE_BITS: u32 = 22;

/// A factor of many products, in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight([u64; 3]);

impl Weight {
    /// Cuts an element, in Montgomery form, into pieces.
    #[inline(always)]
    pub(super) const fn new(weight: BaseElement) -> Self {
        let word = weight.inner();
        let mask = (1 << PIECE_BITS) - 1;
        Self([
            word & mask,
            (word >> PIECE_BITS) & mask,
            word >> (2 * PIECE_BITS),
        ])
    }

    /// The weights of the base columns of extension elements, plane by plane: those of coordinate 0
    /// of all elements first.
    pub(super) fn planes<E>(weights: &[E]) -> Vec<Vec<Self>>
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

/// A sum of products of packed values and weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dot<V: Vector> {
    low: [V; 3],
    high: [V; 3],
}

impl<V: Vector> Dot<V> {
    /// The empty sum.
    #[inline(always)]
    pub(super) fn new() -> Self {
        let zero = PackedElement::<V>::ZERO.vector();
        Self {
            low: [zero; 3],
            high: [zero; 3],
        }
    }

    /// Adds `value * weight`; [`MAX_TERMS`] times at most.
    #[inline(always)]
    pub(super) fn add(&mut self, value: V, weight: &Weight) {
        let high = value.dup_hi32();
        let token = value.token();
        for i in 0..3 {
            let piece = V::splat(token, weight.0[i]);
            self.low[i] = self.low[i].wrapping_add(value.mul_lo32(piece));
            self.high[i] = self.high[i].wrapping_add(high.mul_lo32(piece));
        }
    }

    /// The sum.
    #[inline(always)]
    pub(super) fn reduce(self) -> PackedElement<V> {
        // The sums are loose 64-bit values; times a Montgomery form they become canonical. Sum i
        // counts 2^(22 i), the high ones 2^32 times that, and all of it 2^64 too much: a factor in
        // Montgomery form of weight/2^64 is the plain weight.
        let mut total = PackedElement::ZERO;
        for i in 0..3 {
            let scale = 1_u64 << (PIECE_BITS * i as u32);
            // 2^(44 + 32) = 2^64 2^12 = (2^32 - 1) 2^12 modulo p.
            let high_scale = if i < 2 {
                scale << 32
            } else {
                ((1 << 32) - 1) << 12
            };
            let token = self.low[i].token();
            let low = self.low[i].mul_mont(V::splat(token, scale));
            let high = self.high[i].mul_mont(V::splat(token, high_scale));
            total += PackedElement::from_vector(low) + PackedElement::from_vector(high);
        }
        total
    }
}

/// The sum of `values[i] * weights[i]`, of any length, for vector `pack` of each value.
#[inline(always)]
pub(super) fn dot<V: Vector, T: RowPack<V>>(
    weights: &[Weight],
    values: &[T],
    pack: usize,
) -> PackedElement<V> {
    let mut total = PackedElement::ZERO;
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
    use winterlane_field_simd::{Backend, Kernel, dispatch};

    use super::*;

    struct Sum<'a>(&'a [BaseElement], &'a [Weight]);

    impl Kernel for Sum<'_> {
        type Output = BaseElement;

        #[inline(always)]
        fn run<V: Vector>(self, _token: V::Token) -> BaseElement {
            let values: Vec<_> = self.0.chunks(1).map(PackedElement::<V>::load).collect();
            dot(self.1, &values, 0).lane(0)
        }
    }

    #[test]
    fn sums_are_exact() {
        let largest = -BaseElement::ONE;
        for n in [0, 1, 2, 511, 512, 513, 1500] {
            // Forms with all bits set where the sums would overflow first.
            let values = vec![BaseElement::from_mont(0xffff_ffff_0000_0000); n];
            let others: Vec<_> = (0..n as u64).map(|i| BaseElement::new(i * i * i)).collect();
            for values in [values, others, vec![largest; n]] {
                for weights in [&values, &vec![BaseElement::from_mont(u64::MAX >> 1); n]] {
                    let expected = values
                        .iter()
                        .zip(weights)
                        .fold(BaseElement::ZERO, |sum, (&a, &b)| sum + a * b);
                    let weights: Vec<_> = weights.iter().map(|&w| Weight::new(w)).collect();
                    for backend in Backend::available() {
                        let sum = dispatch(backend, Sum(&values, &weights));
                        assert_eq!(sum.inner(), expected.inner(), "{backend}, {n} terms");
                    }
                }
            }
        }
    }
}
