//! Powers, and polynomials by them.

use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};

use super::{
    SliceError, Slices,
    block::{
        Block, BlockKernel, MAX_CHAINS, MAX_DEGREE, OfDegree, OfDegrees, PairKernel, coordinates,
    },
    check_field, check_lengths,
    elementwise::product,
};
use crate::{
    Backend,
    convert::{extension_words, extension_words_mut},
    dispatch,
    vector::{MAX_LANES, Vector},
};

/// Elements of a series that are under way at a time.
const SEED: usize = MAX_CHAINS * MAX_LANES;

/// Coefficients of a polynomial that are taken together in one evaluation.
const PIECE: usize = 512;

/// Fills a series that is not empty.
struct Series<'a> {
    out: &'a mut [u64],
    start: [u64; MAX_DEGREE],
    ratio: [u64; MAX_DEGREE],
}

impl BlockKernel for Series<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, X: Block<V>>(self, token: V::Token) {
        let (seed, len) = (SEED * X::DEGREE, self.out.len());
        // As many again as there are, times one power, until there are enough for all chains.
        let mut power = X::splat(token, self.ratio);
        X::splat(token, self.start).store_any(&mut self.out[..X::DEGREE]);
        let mut at = X::DEGREE;
        while at < len && at < seed {
            let (done, rest) = self.out.split_at_mut(at);
            for (done, rest) in done.chunks(X::WORDS).zip(rest.chunks_mut(X::WORDS)) {
                let x = X::load_any(token, done).product(power);
                let words = done.len().min(rest.len());
                x.store_any(&mut rest[..words]);
            }
            power = power.squared();
            at *= 2;
        }
        // Every block is the product of the block SEED elements before it.
        while at < len {
            let (done, rest) = self.out.split_at_mut(at);
            let x = X::load(token, &done[at - seed..]);
            x.product(power).store_any(rest);
            at += X::WORDS;
        }
    }
}

/// Evaluates a polynomial at many points, by Horner's rule in lanes and chains.
struct Horner<'a> {
    coefficients: &'a [u64],
    points: &'a [u64],
    out: &'a mut [u64],
}

impl PairKernel for Horner<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, F: Block<V>, X: Block<V>>(self, token: V::Token) {
        let group = X::CHAINS * X::WORDS;
        for (points, out) in self.points.chunks(group).zip(self.out.chunks_mut(group)) {
            let mut x = [X::ALL_ZERO; MAX_CHAINS];
            for (x, points) in x.iter_mut().zip(points.chunks(X::WORDS)) {
                *x = X::load_any(token, points);
            }
            let mut values = [X::ALL_ZERO; MAX_CHAINS];
            for coefficient in self.coefficients.chunks_exact(F::DEGREE).rev() {
                for (value, x) in values.iter_mut().zip(x).take(X::CHAINS) {
                    let shifted = value.product(x);
                    let mut planes = [shifted.plane(0); MAX_DEGREE];
                    for (d, plane) in planes.iter_mut().enumerate().take(X::DEGREE) {
                        *plane = shifted.plane(d);
                    }
                    for (plane, &c) in planes.iter_mut().zip(coefficient) {
                        *plane = plane.add_canonical(V::splat(token, c));
                    }
                    *value = X::from_planes(planes);
                }
            }
            for (value, out) in values.into_iter().zip(out.chunks_mut(X::WORDS)) {
                value.store_any(out);
            }
        }
    }
}

// What all fields share, compiled once and here.

fn fill(backend: Backend, degree: usize, kernel: Series<'_>) {
    dispatch(backend, OfDegree(degree, kernel));
}

fn horner(backend: Backend, (from, to): (usize, usize), kernel: Horner<'_>) {
    dispatch(backend, OfDegrees(from, to, kernel));
}

impl Slices {
    /// Fills `out` with `start * ratio^i`, as `winter_math::get_power_series_with_offset`.
    ///
    /// ```
    /// use winter_math::{FieldElement, fields::f64::BaseElement};
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// let mut powers = vec![BaseElement::ZERO; 64];
    /// Slices::current().power_series(&mut powers, BaseElement::ONE, BaseElement::new(2))?;
    /// assert_eq!(powers[63], BaseElement::new(1 << 63));
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn power_series<E>(self, out: &mut [E], start: E, ratio: E) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        check_field::<E>()?;
        if !out.is_empty() {
            let kernel = Series {
                out: extension_words_mut(out),
                start: coordinates(start),
                ratio: coordinates(ratio),
            };
            fill(self.backend, E::EXTENSION_DEGREE, kernel);
        }
        Ok(())
    }

    /// The value at `x` of a polynomial, given by its coefficients over the base field or the field
    /// of `x`, lowest first; as `winter_math::polynom::eval`. The empty polynomial is zero.
    ///
    /// Horner's rule in pieces of 512 coefficients, each an inner product with the same powers: one
    /// reduction instead of one for each coefficient, and no coefficient waits for the one before.
    /// Coefficients may be loose.
    ///
    /// ```
    /// use winter_math::{polynom, fields::{CubeExtension, f64::BaseElement}};
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// let p: Vec<_> = (0..1000).map(BaseElement::new).collect();
    /// let x = CubeExtension::new(p[3], p[5], p[7]);
    /// assert_eq!(Slices::current().evaluate(&p, x)?, polynom::eval(&p, x));
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn evaluate<F, E>(self, p: &[F], x: E) -> Result<E, SliceError>
    where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let mut powers = vec![E::ZERO; p.len().min(PIECE)];
        self.power_series(&mut powers, E::ONE, x)?;
        let mut step = x;
        if p.len() > PIECE {
            step = (0..PIECE.ilog2()).fold(x, |power, _| product(power, power));
        }
        p.chunks(PIECE).rev().try_fold(E::ZERO, |value, piece| {
            Ok(product(value, step) + self.dot(piece, &powers[..piece.len()])?)
        })
    }

    /// `out[i]` becomes the value at `points[i]` of a polynomial, given by its coefficients over the
    /// base field or the field of the points, lowest first; as `winter_math::polynom::eval_many`.
    /// For a polynomial of some length and points of a coset, a transform is faster.
    ///
    /// ```
    /// use winter_math::{FieldElement, fields::f64::BaseElement};
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// let p = [1, 2, 3].map(BaseElement::new);
    /// let points: Vec<_> = (0..20).map(BaseElement::new).collect();
    /// let mut out = vec![BaseElement::ZERO; 20];
    /// Slices::current().evaluate_many(&p, &points, &mut out)?;
    /// assert_eq!(out[10], BaseElement::new(321));
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if there is not one place in `out` for each point.
    pub fn evaluate_many<F, E>(self, p: &[F], points: &[E], out: &mut [E]) -> Result<(), SliceError>
    where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        check_field::<F>()?;
        check_field::<E>()?;
        check_lengths(points.len(), out.len())?;
        let kernel = Horner {
            coefficients: extension_words(p),
            points: extension_words(points),
            out: extension_words_mut(out),
        };
        let degrees = (F::EXTENSION_DEGREE, E::EXTENSION_DEGREE);
        horner(self.backend, degrees, kernel);
        Ok(())
    }
}
