//! Sums of products, reduced once: inner products and linear combinations.

use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};

use super::{
    SliceError, Slices,
    block::{Block, MAX_DEGREE, OfDegrees, PairKernel, element},
    check_field, check_lengths,
    elementwise::product,
};
use crate::{
    Backend,
    convert::{extension_words, extension_words_mut},
    dispatch, goldilocks,
    packed_element::{Dot, MAX_TERMS, Weight},
    vector::Vector,
};

/// Coefficients of a product of two polynomials of degree below [`MAX_DEGREE`].
const PRODUCT: usize = 2 * MAX_DEGREE - 1;

/// The sum of the products of elements, as coordinates.
struct Inner<'a> {
    a: &'a [u64],
    b: &'a [u64],
}

/// Sums of the products of coordinates of `F` and of `X`, by the sum of their indices.
///
/// No sum has more than `F::DEGREE` products of a pair of elements.
struct Products<V: Vector>([Dot<V>; PRODUCT]);

impl<V: Vector> Products<V> {
    /// Pairs of elements that may be added.
    const MAX_PAIRS: usize = MAX_TERMS / MAX_DEGREE;

    #[inline(always)]
    fn new() -> Self {
        Self([Dot::new(); PRODUCT])
    }

    #[inline(always)]
    fn add<F: Block<V>, X: Block<V>>(&mut self, a: F, b: X) {
        for j in 0..X::DEGREE {
            for i in 0..F::DEGREE {
                self.0[i + j].add_product(a.plane(i), b.plane(j));
            }
        }
    }

    /// The sums as elements of `X`, lane by lane.
    #[inline(always)]
    fn reduce<F: Block<V>, X: Block<V>>(self, token: V::Token) -> X {
        let mut c = [V::splat(token, 0); PRODUCT];
        for (c, sum) in c.iter_mut().zip(self.0).take(F::DEGREE + X::DEGREE - 1) {
            *c = sum.reduce().vector();
        }
        if F::DEGREE == 2 {
            // phi^2 = phi - 2.
            c[0] = c[0].sub(c[2].double());
            c[1] = c[1].add_canonical(c[2]);
        } else if F::DEGREE == 3 {
            // phi^3 = phi + 1 and phi^4 = phi^2 + phi.
            c[0] = c[0].add_canonical(c[3]);
            c[1] = c[1].add_canonical(c[3]).add_canonical(c[4]);
            c[2] = c[2].add_canonical(c[4]);
        }
        X::from_planes([c[0], c[1], c[2]])
    }
}

impl PairKernel for Inner<'_> {
    type Output = [u64; MAX_DEGREE];

    #[inline(always)]
    fn run<V: Vector, F: Block<V>, X: Block<V>>(self, token: V::Token) -> Self::Output {
        let pairs = Products::<V>::MAX_PAIRS;
        let pieces = self.a.chunks(pairs * F::WORDS);
        let pieces = pieces.zip(self.b.chunks(pairs * X::WORDS));
        let mut total = X::ALL_ZERO;
        for (a, b) in pieces {
            let mut sum = Products::new();
            let mut a = a.chunks_exact(F::WORDS);
            let mut b = b.chunks_exact(X::WORDS);
            for (a, b) in a.by_ref().zip(b.by_ref()) {
                sum.add(F::load(token, a), X::load(token, b));
            }
            let (a, b) = (a.remainder(), b.remainder());
            if !a.is_empty() {
                sum.add(F::load_partial(token, a), X::load_partial(token, b));
            }
            total = total.sum(sum.reduce::<F, X>(token));
        }
        let mut coordinates = [0; MAX_DEGREE];
        for (d, coordinate) in coordinates.iter_mut().enumerate().take(X::DEGREE) {
            for lane in &total.plane(d).to_array()[..V::LANES] {
                *coordinate = goldilocks::add(*coordinate, *lane);
            }
        }
        coordinates
    }
}

/// The sum of rows, each times its coefficient.
struct Combination<'a> {
    out: &'a mut [u64],
    rows: &'a [&'a [u64]],
    /// For each row and each coordinate of the sum, the weights of the row's coordinates.
    weights: &'a [Weight],
}

impl PairKernel for Combination<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, F: Block<V>, X: Block<V>>(self, token: V::Token) {
        let per_row = F::DEGREE * X::DEGREE;
        // A sum takes a product from each coordinate of a row.
        let rows_at_once = MAX_TERMS / F::DEGREE;
        for (i, out) in self.out.chunks_mut(X::WORDS).enumerate() {
            let mut total = X::ALL_ZERO;
            let groups = self.rows.chunks(rows_at_once);
            for (rows, weights) in groups.zip(self.weights.chunks(rows_at_once * per_row)) {
                let mut sums = [Dot::new(); MAX_DEGREE];
                for (row, weights) in rows.iter().zip(weights.chunks_exact(per_row)) {
                    let value = F::load_any(token, &row[i * F::WORDS..]);
                    for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(F::DEGREE)) {
                        for (j, weight) in weights.iter().enumerate() {
                            sum.add(value.plane(j), weight);
                        }
                    }
                }
                let mut planes = [V::splat(token, 0); MAX_DEGREE];
                for (plane, sum) in planes.iter_mut().zip(sums).take(X::DEGREE) {
                    *plane = sum.reduce().vector();
                }
                total = total.sum(X::from_planes(planes));
            }
            total.store_any(out);
        }
    }
}

// What all fields share, compiled once and here.

fn inner(backend: Backend, (from, to): (usize, usize), kernel: Inner<'_>) -> [u64; MAX_DEGREE] {
    dispatch(backend, OfDegrees(from, to, kernel))
}

fn combine(backend: Backend, (from, to): (usize, usize), kernel: Combination<'_>) {
    dispatch(backend, OfDegrees(from, to, kernel));
}

/// Element `d` of the basis in which elements of `F` are written.
fn basis<F: FieldElement<BaseField = BaseElement>>(d: usize) -> F {
    let mut coordinates = [0; MAX_DEGREE];
    coordinates[d] = BaseElement::ONE.inner();
    element(coordinates)
}

impl Slices {
    /// The sum of `b[i]` times `a[i]`, where `a` is over the base field or the field of `b`.
    /// Coordinates may be loose.
    ///
    /// Products are added up in 64-bit words without carries and reduced once for 341 of each lane.
    ///
    /// ```
    /// use winter_math::fields::f64::BaseElement;
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// let numbers: Vec<_> = (0..=100).map(BaseElement::new).collect();
    /// let sum = Slices::current().dot(&numbers, &numbers)?;
    /// assert_eq!(sum, BaseElement::new(100 * 101 * 201 / 6));
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn dot<F, E>(self, a: &[F], b: &[E]) -> Result<E, SliceError>
    where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        check_field::<F>()?;
        check_field::<E>()?;
        check_lengths(a.len(), b.len())?;
        let kernel = Inner {
            a: extension_words(a),
            b: extension_words(b),
        };
        let degrees = (F::EXTENSION_DEGREE, E::EXTENSION_DEGREE);
        Ok(element(inner(self.backend, degrees, kernel)))
    }

    /// `out[j]` becomes the sum over all rows of `coefficients[i]` times `rows[i][j]`, where rows are
    /// over the base field or the field of the coefficients. Coordinates may be loose.
    ///
    /// Products are added up in 64-bit words without carries and reduced once for every 341 rows or
    /// more; coefficients are cut into pieces once for all columns.
    ///
    /// ```
    /// use winter_math::{FieldElement, fields::f64::BaseElement};
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// let row = |first| (first..first + 10).map(BaseElement::new).collect::<Vec<_>>();
    /// let (a, b) = (row(5), row(10));
    /// let mut out = vec![BaseElement::ZERO; 10];
    /// // 2 a - b
    /// let coefficients = [BaseElement::new(2), -BaseElement::ONE];
    /// Slices::current().linear_combination(&coefficients, &[&a, &b], &mut out)?;
    /// assert_eq!(out, row(0));
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if there is not one coefficient for each row, or if a row is not as
    /// long as `out`.
    pub fn linear_combination<F, E>(
        self,
        coefficients: &[E],
        rows: &[&[F]],
        out: &mut [E],
    ) -> Result<(), SliceError>
    where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        check_field::<F>()?;
        check_field::<E>()?;
        check_lengths(coefficients.len(), rows.len())?;
        for row in rows {
            check_lengths(out.len(), row.len())?;
        }
        let mut canonical = coefficients.to_vec();
        self.canonicalize(&mut canonical)?;
        let (from, to) = (F::EXTENSION_DEGREE, E::EXTENSION_DEGREE);
        let mut weights = vec![Weight::default(); rows.len() * from * to];
        for (&c, weights) in canonical.iter().zip(weights.chunks_exact_mut(from * to)) {
            // Coordinate d of c times basis element j.
            for j in 0..from {
                let image = [product(c, E::from(basis::<F>(j)))];
                let image = E::slice_as_base_elements(&image);
                for (d, &x) in image.iter().enumerate() {
                    weights[d * from + j] = Weight::new(x);
                }
            }
        }
        let rows: Vec<&[u64]> = rows.iter().map(|row| extension_words(row)).collect();
        let kernel = Combination {
            out: extension_words_mut(out),
            rows: &rows,
            weights: &weights,
        };
        combine(self.backend, (from, to), kernel);
        Ok(())
    }
}
