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
use winter_math::{FieldElement, batch_inversion, fields::f64::BaseElement};

use super::domain::Domain;
use super::segment::Extended;

/// Rows worked on by one task.
const TASK_ROWS: usize = 512;

/// One coset of the extended domain seen from the out-of-domain points.
pub(super) struct OodCoset<E> {
    /// Index of the coset.
    pub(super) coset: usize,
    /// `1 / (z - x_t)` for every row.
    pub(super) inverses: Vec<E>,
    /// `x_t / (z - x_t)` for every row.
    weights: Vec<E>,
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

        let (inverses, weights) = (0..domain.rows().div_ceil(TASK_ROWS))
            .into_par_iter()
            .map(|task| {
                let start = task * TASK_ROWS;
                let points = winter_math::get_power_series_with_offset(
                    domain.trace_root(),
                    offset * domain.trace_root().exp(start as u64),
                    TASK_ROWS.min(domain.rows() - start),
                );
                let distances: Vec<_> = points.iter().map(|&x| z - E::from(x)).collect();
                let inverses = batch_inversion(&distances);
                let weights: Vec<_> = inverses
                    .iter()
                    .zip(&points)
                    .map(|(i, &x)| i.mul_base(x))
                    .collect();
                (inverses, weights)
            })
            .reduce(Default::default, |(mut a, mut b), (c, d)| {
                a.extend(c);
                b.extend(d);
                (a, b)
            });
        Self {
            coset,
            inverses,
            weights,
            scale,
        }
    }

    /// Values of all columns at `z` and at `z w`.
    pub(super) fn evaluate<F>(&self, segment: &Extended<F>, domain: &Domain) -> (Vec<E>, Vec<E>)
    where
        F: FieldElement<BaseField = BaseElement>,
    {
        let width = segment.width();
        let rows = domain.rows();
        let zero = || (vec![E::ZERO; width], vec![E::ZERO; width]);
        let coset = segment.coset(self.coset, domain);
        let (current, next) = (0..rows.div_ceil(TASK_ROWS))
            .into_par_iter()
            .map(|task| {
                let (mut current, mut next) = zero();
                for t in task * TASK_ROWS..rows.min((task + 1) * TASK_ROWS) {
                    let here = self.weights[t];
                    let before = self.weights[(t + rows - 1) % rows];
                    let row = coset.row(t);
                    for ((current, next), &value) in current.iter_mut().zip(&mut next).zip(row) {
                        *current += here.mul_base(value);
                        *next += before.mul_base(value);
                    }
                }
                (current, next)
            })
            .reduce(zero, |(mut a, mut b), (c, d)| {
                a.iter_mut().zip(c).for_each(|(a, c)| *a += c);
                b.iter_mut().zip(d).for_each(|(b, d)| *b += d);
                (a, b)
            });
        (self.join::<F>(&current), self.join::<F>(&next))
    }

    /// Values of extension columns from the values of their base columns.
    fn join<F: FieldElement>(&self, bases: &[E]) -> Vec<E> {
        bases
            .chunks_exact(F::EXTENSION_DEGREE)
            .map(|cell| {
                let value = cell
                    .iter()
                    .enumerate()
                    .fold(E::ZERO, |acc, (d, &v)| acc + v * basis(d));
                value * self.scale
            })
            .collect()
    }
}

/// Element `d` of the basis in which extension elements are written.
pub(super) fn basis<E: FieldElement<BaseField = BaseElement>>(d: usize) -> E {
    let mut bases = [BaseElement::ZERO; 3];
    bases[d] = BaseElement::ONE;
    E::slice_from_base_elements(&bases[..E::EXTENSION_DEGREE])[0]
}
