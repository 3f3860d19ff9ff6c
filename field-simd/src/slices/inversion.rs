//! Many inverses at the cost of one and three products each.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    SliceError, Slices,
    block::{Block, BlockKernel, MAX_CHAINS, MAX_DEGREE, OfDegree},
    check_field,
};
use crate::{
    Backend, convert::extension_words_mut, dispatch, memory::with_scratch, vector::Vector,
};

/// Words inverted at a time: the products before each element stay in the second-level cache.
const PIECE_WORDS: usize = 3 << 11;

/// Inverts elements in place.
struct Invert<'a> {
    values: &'a mut [u64],
    /// Room for the products before each block.
    before: &'a mut [u64],
}

/// A block of values, fit to be a factor, and which of its lanes hold something to invert.
struct Factor<V, X> {
    /// The elements; those that are zero replaced by something else.
    value: X,
    /// All ones in lanes that are not zero.
    nonzero: V,
}

impl<V: Vector, X: Block<V>> Factor<V, X> {
    #[inline(always)]
    fn new(token: V::Token, loose: X) -> Self {
        let value = loose.canonical();
        let zero = V::splat(token, 0);
        let mut count = zero;
        let mut planes = [zero; MAX_DEGREE];
        for (d, plane) in planes.iter_mut().enumerate().take(X::DEGREE) {
            *plane = value.plane(d);
            count = count.add_one_if_less(zero, *plane);
        }
        // The word 1 is no zero, and that is all that is asked of it.
        planes[0] = planes[0].add_one_if_less(count, V::splat(token, 1));
        Self {
            value: X::from_planes(planes),
            nonzero: zero.wrapping_sub(zero.add_one_if_less(zero, count)),
        }
    }

    /// `inverse` where there is one, and zeros elsewhere.
    #[inline(always)]
    fn mask(&self, inverse: X) -> X {
        let mut planes = [self.nonzero; MAX_DEGREE];
        for (d, plane) in planes.iter_mut().enumerate().take(X::DEGREE) {
            *plane = inverse.plane(d).and(self.nonzero);
        }
        X::from_planes(planes)
    }
}

impl BlockKernel for Invert<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, X: Block<V>>(self, token: V::Token) {
        // Lanes and chains are separate products: block i belongs to chain i modulo their number.
        let group = X::CHAINS * X::WORDS;
        for values in self.values.chunks_mut(PIECE_WORDS / group * group) {
            let mut products = [X::ALL_ONE; MAX_CHAINS];
            let pieces = values
                .chunks(group)
                .zip(self.before.chunks_exact_mut(group));
            for (values, before) in pieces {
                let blocks = values
                    .chunks(X::WORDS)
                    .zip(before.chunks_exact_mut(X::WORDS));
                for (product, (values, before)) in products.iter_mut().zip(blocks) {
                    let factor = Factor::new(token, X::load_any(token, values));
                    store_planes(*product, before);
                    *product = product.product(factor.value);
                }
            }
            let mut inverses = invert_chains::<V, X>(products);
            let groups = values.len().div_ceil(group);
            let pieces = values
                .chunks_mut(group)
                .zip(self.before[..groups * group].chunks_exact(group));
            for (values, before) in pieces.rev() {
                let blocks = values
                    .chunks_mut(X::WORDS)
                    .zip(before.chunks_exact(X::WORDS));
                for (inverse, (values, before)) in inverses.iter_mut().zip(blocks) {
                    let factor = Factor::new(token, X::load_any(token, values));
                    let result = inverse.product(load_planes(token, before));
                    *inverse = inverse.product(factor.value);
                    factor.mask(result).store_any(values);
                }
            }
        }
    }
}

/// The inverses of the products of all chains, by one inversion.
#[inline(always)]
fn invert_chains<V: Vector, X: Block<V>>(products: [X; MAX_CHAINS]) -> [X; MAX_CHAINS] {
    let mut inverses = [X::ALL_ONE; MAX_CHAINS];
    let mut product = X::ALL_ONE;
    for i in 0..X::CHAINS {
        inverses[i] = product;
        product = product.product(products[i]);
    }
    let mut inverse = product.inverse();
    for i in (0..X::CHAINS).rev() {
        inverses[i] = inverses[i].product(inverse);
        inverse = inverse.product(products[i]);
    }
    inverses
}

/// Writes a block as it is in registers.
#[inline(always)]
fn store_planes<V: Vector, X: Block<V>>(x: X, words: &mut [u64]) {
    for d in 0..X::DEGREE {
        x.plane(d).store(&mut words[d * V::LANES..]);
    }
}

/// The inverse of [`store_planes`].
#[inline(always)]
fn load_planes<V: Vector, X: Block<V>>(token: V::Token, words: &[u64]) -> X {
    let mut planes = [V::splat(token, 0); MAX_DEGREE];
    for (d, plane) in planes.iter_mut().enumerate().take(X::DEGREE) {
        *plane = V::load(token, &words[d * V::LANES..]);
    }
    X::from_planes(planes)
}

/// What all fields share, compiled once and here.
fn invert(backend: Backend, degree: usize, values: &mut [u64]) {
    with_scratch(PIECE_WORDS, |before| {
        dispatch(backend, OfDegree(degree, Invert { values, before }));
    });
}

impl Slices {
    /// `values[i] = 1 / values[i]`; zeros stay zeros, as in `winter_math::batch_inversion` and
    /// `FieldElement::inv`. Coordinates may be loose (a loose `p` is zero).
    ///
    /// Three products an element, and one inversion for each six thousand words.
    ///
    /// ```
    /// use winter_math::{FieldElement, batch_inversion, fields::f64::BaseElement};
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// let numbers: Vec<_> = (0..1000).map(BaseElement::new).collect();
    /// let mut inverses = numbers.clone();
    /// Slices::current().invert_assign(&mut inverses)?;
    /// assert_eq!(inverses, batch_inversion(&numbers));
    /// assert_eq!(inverses[0], BaseElement::ZERO);
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn invert_assign<E>(self, values: &mut [E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        check_field::<E>()?;
        invert(
            self.backend,
            E::EXTENSION_DEGREE,
            extension_words_mut(values),
        );
        Ok(())
    }
}
