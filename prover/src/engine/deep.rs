//! The DEEP composition polynomial.
//!
//! With `P` the combination of all trace and quotient columns, it is
//!
//! `D(x) = (P(x) - P(z)) / (x - z) + (P(x) - P(z w)) / (x - z w)`,
//!
//! of degree at most `n - 2`. It is evaluated on the one coset where the distances to the
//! out-of-domain points are already inverted, interpolated there and extended.

use rayon::prelude::*;
use winter_air::DeepCompositionCoefficients;
use winter_air::proof::{QuotientOodFrame, TraceOodFrame};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::PackedElement;
use winterlane_field_simd::vector::MAX_LANES;
use winterlane_field_simd::{Backend, Matrix, Vector, dispatch};

use super::domain::{Domain, task_rows};
use super::kernels::Columns;
use super::ood::{OodCoset, basis};
use super::planes::{ExtensionKernel, MAX_DEGREE, OfDegree, Planes};
use super::segment::{Coset, Extended, gather};
use winterlane_field_simd::packed_element::{Weight, dots};

/// The most rows worked on by one task.
const TASK_ROWS: usize = 512;

/// What the composition is made of.
pub(super) struct DeepInputs<'a, E: FieldElement> {
    /// The extended main segment.
    pub(super) main: &'a Extended,
    /// The extended auxiliary segment.
    pub(super) aux: Option<&'a Extended>,
    /// The extended quotient columns.
    pub(super) quotient: &'a Extended,
    /// All trace columns at the out-of-domain points.
    pub(super) trace_frame: &'a TraceOodFrame<E>,
    /// The quotient columns at the out-of-domain points.
    pub(super) quotient_frame: &'a QuotientOodFrame<E>,
    /// The composition coefficients.
    pub(super) coefficients: &'a DeepCompositionCoefficients<E>,
}

impl<E: FieldElement<BaseField = BaseElement>> DeepInputs<'_, E> {
    /// Evaluates the composition polynomial over the extended domain: a row of base elements for
    /// each point.
    pub(super) fn evaluate(&self, ood: &OodCoset<E>, domain: &Domain) -> Matrix {
        let mut columns = self.evaluate_coset(ood, domain);
        columns.interpolate(0..columns.len(), domain.coset_offset(ood.coset));
        columns.extend(columns.len(), domain.blowup(), domain.offset())
    }

    /// The composition over one coset, in base columns.
    fn evaluate_coset(&self, ood: &OodCoset<E>, domain: &Domain) -> Columns {
        let (main, aux) = self.coefficients.trace.split_at(self.main.columns());
        let mut parts = vec![(self.main.coset(ood.coset, domain), Weight::planes(main))];
        if let Some(segment) = self.aux {
            parts.push((
                segment.coset(ood.coset, domain),
                Weight::planes(&spread_basis(aux)),
            ));
        }
        let quotient = spread_basis(&self.coefficients.constraints);
        parts.push((
            self.quotient.coset(ood.coset, domain),
            Weight::planes(&quotient),
        ));

        let at_z = self.combined(
            self.trace_frame.current_row(),
            self.quotient_frame.current_row(),
        );
        let at_next = self.combined(self.trace_frame.next_row(), self.quotient_frame.next_row());
        let root_inv = domain.trace_root().inv();

        let backend = Backend::current();
        let task_rows = task_rows(domain.rows(), TASK_ROWS);
        let mut values = Columns::unspecified(E::EXTENSION_DEGREE, domain.rows());
        values
            .blocks(task_rows)
            .into_par_iter()
            .enumerate()
            .for_each(|(task, block)| {
                let rows = Rows {
                    parts: &parts,
                    inverses: &ood.inverses,
                    at_z,
                    at_next,
                    root_inv,
                    start: task * task_rows,
                    block,
                };
                dispatch(backend, OfDegree(E::EXTENSION_DEGREE, rows));
            });
        values
    }

    /// `P` at an out-of-domain point, from the values of all columns there.
    fn combined(&self, trace: &[E], quotient: &[E]) -> E {
        let trace = self.coefficients.trace.iter().zip(trace);
        let quotient = self.coefficients.constraints.iter().zip(quotient);
        trace
            .chain(quotient)
            .fold(E::ZERO, |acc, (&c, &v)| acc + c * v)
    }
}

/// Coefficients of the base columns of extension columns.
fn spread_basis<E: FieldElement<BaseField = BaseElement>>(coefficients: &[E]) -> Vec<E> {
    coefficients
        .iter()
        .flat_map(|&c| (0..E::EXTENSION_DEGREE).map(move |d| c * basis::<E>(d)))
        .collect()
}

/// Evaluates the composition at rows `start` and on.
struct Rows<'a, E> {
    /// Columns and their coefficients, by coordinate.
    parts: &'a [(Coset<'a>, Vec<Vec<Weight>>)],
    /// Coordinates of `1 / (z - x_t)`.
    inverses: &'a Columns,
    at_z: E,
    at_next: E,
    root_inv: BaseElement,
    start: usize,
    block: Vec<&'a mut [BaseElement]>,
}

impl<E: FieldElement<BaseField = BaseElement>> ExtensionKernel for Rows<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, X: Planes<PackedElement<V>>>(mut self) {
        let inverses = self.inverses;
        let (at_z, at_next) = (X::splat(self.at_z), X::splat(self.at_next));
        let widest = self
            .parts
            .iter()
            .map(|(coset, _)| coset.width())
            .max()
            .unwrap_or(0);
        let mut columns = vec![PackedElement::<V>::ZERO; widest];
        for from in (0..self.block[0].len()).step_by(V::LANES) {
            let t = self.start + from;
            let mut sum = X::ZERO;
            let mut planes = [PackedElement::<V>::ZERO; MAX_DEGREE];
            for (coset, weights) in self.parts {
                let columns = &mut columns[..coset.width()];
                gather::<V, _>(*coset, t, columns, 0);
                sum += X::from_planes(&dots(weights, columns, 0));
            }
            // 1/(z - x_t), and 1/(z - x_(t-1)) = w/(z w - x_t).
            for (plane, column) in planes.iter_mut().zip(inverses.iter()) {
                *plane = PackedElement::load(&column[t..]);
            }
            let here = X::from_planes(&planes);
            for (plane, column) in planes.iter_mut().zip(inverses.iter()) {
                *plane = if t > 0 {
                    PackedElement::load(&column[t - 1..])
                } else {
                    let mut lanes = [BaseElement::ZERO; MAX_LANES];
                    lanes[0] = column[column.len() - 1];
                    lanes[1..V::LANES].copy_from_slice(&column[..V::LANES - 1]);
                    PackedElement::load(&lanes)
                };
            }
            let before = X::from_planes(&planes);
            let value = (at_z - sum) * here + (at_next - sum) * before.mul_base(self.root_inv);
            for (d, column) in self.block.iter_mut().enumerate() {
                value.plane(d).store(&mut column[from..]);
            }
        }
    }
}
