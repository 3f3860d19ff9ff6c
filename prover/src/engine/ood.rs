//! Out-of-domain evaluation, by the barycentric formula over one coset of the extended trace.
//!
//! Over the points `x_t = s w^t`, `t < n`, a polynomial of degree below `n` satisfies
//!
//! `T(z) = (z^n - s^n) / (n s^n) * sum of T(x_t) x_t / (z - x_t)`.
//!
//! Since `z w - x_t = w (z - x_(t-1))`, the weights at `z w` are those at `z`, one row later: a single
//! batch of inverses serves both points, and the DEEP composition after them. No coefficients are
//! kept: the extended trace holds all that is needed.

use rayon::prelude::*;
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::PackedElement;
use winterlane_field_simd::{Backend, Kernel, Vector, dispatch};

use super::domain::{Domain, task_rows};
use super::kernels::Columns;
use super::planes::{ExtensionKernel, OfDegree, Planes};
use super::segment::{Coset, Extended};
use winterlane_field_simd::packed_element::{Dot, MAX_TERMS, Weight};

/// The most rows worked on by one task: a vector's width of them stays in the first cache.
const TASK_ROWS: usize = 256;
const _: () = assert!(TASK_ROWS <= MAX_TERMS);

/// One coset of the extended domain seen from the out-of-domain points.
pub(super) struct OodCoset<E> {
    /// Index of the coset.
    pub(super) coset: usize,
    /// Coordinates of `1 / (z - x_t)` for every row.
    pub(super) inverses: Columns,
    /// Coordinates of `x_t / (z - x_t)` for every row, as weights.
    weights: Vec<Vec<Weight>>,
    /// `(z^n - s^n) / (n s^n)`.
    scale: E,
}

impl<E: FieldElement<BaseField = BaseElement>> OodCoset<E> {
    /// Picks a coset that does not contain `z` and inverts all distances.
    pub(super) fn new(z: E, domain: &Domain) -> Self {
        let n = domain.rows() as u64;
        let power = |x: E| (0..n.ilog2()).fold(x, |y, _| y.square());
        // z lies in at most one coset, and there are at least two.
        let coset = usize::from(power(z) == E::from(domain.coset_offset(0).exp(n)));
        let offset = domain.coset_offset(coset);
        let offset_power = offset.exp(n);
        let scale =
            (power(z) - E::from(offset_power)).mul_base((offset_power * BaseElement::new(n)).inv());

        let backend = Backend::current();
        let task_rows = task_rows(domain.rows(), TASK_ROWS);
        let mut inverses = Columns::unspecified(E::EXTENSION_DEGREE, domain.rows());
        let mut weights = vec![vec![Weight::default(); domain.rows()]; E::EXTENSION_DEGREE];
        let mut parts: Vec<_> = weights
            .iter_mut()
            .map(|column| column.chunks_mut(task_rows))
            .collect();
        let weight_blocks: Vec<Vec<_>> =
            core::iter::from_fn(|| parts.iter_mut().map(Iterator::next).collect()).collect();
        inverses
            .blocks(task_rows)
            .into_par_iter()
            .zip(weight_blocks)
            .enumerate()
            .for_each(|(task, (inverses, weights))| {
                let first = offset * domain.trace_root().exp((task * task_rows) as u64);
                let points = winter_math::get_power_series_with_offset(
                    domain.trace_root(),
                    first,
                    inverses[0].len(),
                );
                let distances = Distances {
                    z,
                    points: &points,
                    inverses,
                    weights,
                };
                dispatch(backend, OfDegree(E::EXTENSION_DEGREE, distances));
            });
        Self {
            coset,
            inverses,
            weights,
            scale,
        }
    }

    /// Values of all columns at `z` and at `z w`.
    pub(super) fn evaluate(&self, segment: &Extended, domain: &Domain) -> (Vec<E>, Vec<E>) {
        let degree = E::EXTENSION_DEGREE;
        let backend = Backend::current();
        let coset = segment.coset(self.coset, domain);
        let task_rows = task_rows(domain.rows(), TASK_ROWS);
        let sums = (0..domain.rows())
            .into_par_iter()
            .step_by(task_rows)
            .map(|start| {
                dispatch(
                    backend,
                    WeightedRows {
                        coset,
                        weights: &self.weights,
                        start,
                        count: task_rows,
                    },
                )
            })
            .reduce(
                || vec![BaseElement::ZERO; 2 * degree * segment.width()],
                |mut a, b| {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                    a
                },
            );
        let (current, next) = sums.split_at(degree * segment.width());
        let degree = segment.degree();
        (self.join(current, degree), self.join(next, degree))
    }

    /// Values of columns of elements of degree `degree` from the sums of their base columns.
    fn join(&self, sums: &[BaseElement], degree: usize) -> Vec<E> {
        E::slice_from_base_elements(sums)
            .chunks_exact(degree)
            .map(|cell| {
                let value = cell
                    .iter()
                    .enumerate()
                    .fold(E::ZERO, |sum, (d, &v)| sum + v * basis(d));
                value * self.scale
            })
            .collect()
    }
}

/// Inverts the distances of some points to `z`.
struct Distances<'a, E> {
    z: E,
    points: &'a [BaseElement],
    inverses: Vec<&'a mut [BaseElement]>,
    weights: Vec<&'a mut [Weight]>,
}

impl<E: FieldElement<BaseField = BaseElement>> ExtensionKernel for Distances<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, X: Planes<PackedElement<V>>>(mut self) {
        let z = X::splat(self.z);
        let mut distances = vec![X::ZERO; self.points.len().div_ceil(V::LANES)];
        for (distance, points) in distances.iter_mut().zip(self.points.chunks(V::LANES)) {
            *distance = z - X::from(PackedElement::<V>::load(points));
        }
        // One inversion for all: of the product, taken apart from the end.
        let mut product = X::ONE;
        let mut products = Vec::with_capacity(distances.len());
        for &distance in &distances {
            products.push(product);
            product *= distance;
        }
        let mut inverse = product.inverse();
        for (i, (&before, &distance)) in products.iter().zip(&distances).enumerate().rev() {
            let result = inverse * before;
            inverse *= distance;
            let rows = i * V::LANES;
            let x = PackedElement::<V>::load(&self.points[rows..]);
            for (d, (inverses, weights)) in
                self.inverses.iter_mut().zip(&mut self.weights).enumerate()
            {
                result.plane(d).store(&mut inverses[rows..]);
                let weight = result.plane(d) * x;
                for (lane, cell) in weights[rows..].iter_mut().take(V::LANES).enumerate() {
                    *cell = Weight::new(weight.lane(lane));
                }
            }
        }
    }
}

/// Adds up rows `start..`, `count` of them at most: each times its weight, and each times the
/// weight of the row before it. Gives the coordinates of the first sum for every column, then those
/// of the second.
struct WeightedRows<'a> {
    coset: Coset<'a>,
    weights: &'a [Vec<Weight>],
    start: usize,
    count: usize,
}

impl Kernel for WeightedRows<'_> {
    type Output = Vec<BaseElement>;

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) -> Vec<BaseElement> {
        let Self {
            coset,
            weights,
            start,
            count,
        } = self;
        let rows = coset.rows();
        let end = rows.min(start + count);
        let degree = weights.len();
        let width = coset.width();
        let mut sums = vec![BaseElement::ZERO; 2 * degree * width];
        let (current, next) = sums.split_at_mut(degree * width);
        for column in (0..width).step_by(V::LANES) {
            for (d, weights) in weights.iter().enumerate() {
                let (mut here, mut after) = (Dot::<V>::new(), Dot::<V>::new());
                let mut before = &weights[(start + rows - 1) % rows];
                for (t, weight) in weights[start..end].iter().enumerate() {
                    let row = &coset.row(start + t)[column..];
                    if d == 0 {
                        PackedElement::<V>::prefetch(&row[row.len().min(V::LANES)..]);
                    }
                    let value = PackedElement::<V>::load(row).vector();
                    here.add(value, weight);
                    after.add(value, before);
                    before = weight;
                }
                let (here, after) = (here.reduce(), after.reduce());
                for lane in 0..V::LANES.min(width - column) {
                    current[(column + lane) * degree + d] = here.lane(lane);
                    next[(column + lane) * degree + d] = after.lane(lane);
                }
            }
        }
        sums
    }
}

/// Element `d` of the basis in which extension elements are written.
pub(super) fn basis<E: FieldElement<BaseField = BaseElement>>(d: usize) -> E {
    let mut bases = [BaseElement::ZERO; 3];
    bases[d] = BaseElement::ONE;
    E::slice_from_base_elements(&bases[..E::EXTENSION_DEGREE])[0]
}

/// Whether winterfell's verifier can square `z` so often without a sum that comes out wrong: the cubic
/// extension's square adds a square and a product, doubled, and winter-math leaves some doubled elements
/// unreduced. About one point in 2^28 fails; our verifier refuses these.
pub(super) fn winterfell_squares<E>(mut z: E, times: u32) -> bool
where
    E: FieldElement<BaseField = BaseElement>,
{
    if E::EXTENSION_DEGREE != 3 {
        return true;
    }
    (0..times).all(|_| {
        let product = z.base_element(1) * z.base_element(2);
        let doubled = product.inner().checked_mul(2);
        z = z.square();
        // Left unreduced: from the modulus up, yet below 2^64.
        doubled.is_none_or(|doubled| doubled < BaseElement::MODULUS)
    })
}
