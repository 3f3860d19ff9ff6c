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
use winterlane_field_simd::Matrix;

use super::domain::Domain;
use super::kernels::{self, Column};
use super::ood::{OodCoset, basis};
use super::segment::{Coset, Extended};

/// Rows worked on by one task.
const TASK_ROWS: usize = 512;

/// What the composition is made of.
pub(super) struct DeepInputs<'a, E: FieldElement> {
    /// The extended main segment.
    pub(super) main: &'a Extended<BaseElement>,
    /// The extended auxiliary segment.
    pub(super) aux: Option<&'a Extended<E>>,
    /// The extended quotient columns.
    pub(super) quotient: &'a Extended<E>,
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
        kernels::interpolate(&mut columns, domain.coset_offset(ood.coset));
        kernels::extend(&columns, domain.blowup(), domain.offset())
    }

    /// The composition over one coset, in base columns.
    fn evaluate_coset(&self, ood: &OodCoset<E>, domain: &Domain) -> Vec<Column> {
        let degree = E::EXTENSION_DEGREE;
        let main_width = self.main.columns();
        let (main, aux) = self.coefficients.trace.split_at(main_width);
        let parts: Vec<(Vec<E>, Coset<'_>)> = [
            Some((main.to_vec(), self.main.coset(ood.coset, domain))),
            self.aux
                .map(|segment| (spread_basis(aux), segment.coset(ood.coset, domain))),
            Some((
                spread_basis(&self.coefficients.constraints),
                self.quotient.coset(ood.coset, domain),
            )),
        ]
        .into_iter()
        .flatten()
        .collect();
        let at_z = self.combined(
            self.trace_frame.current_row(),
            self.quotient_frame.current_row(),
        );
        let at_next = self.combined(self.trace_frame.next_row(), self.quotient_frame.next_row());
        let root_inv = domain.trace_root().inv();
        let rows = domain.rows();

        let mut values = vec![BaseElement::ZERO; rows * degree];
        values
            .par_chunks_mut(TASK_ROWS * degree)
            .enumerate()
            .for_each(|(task, chunk)| {
                for (i, result) in chunk.chunks_exact_mut(degree).enumerate() {
                    let t = task * TASK_ROWS + i;
                    let mut sum = E::ZERO;
                    for (coefficients, coset) in &parts {
                        for (c, &value) in coefficients.iter().zip(coset.row(t)) {
                            sum += c.mul_base(value);
                        }
                    }
                    // 1/(x - z) and 1/(x - z w); the latter's distance is w (x_{t-1} - z).
                    let here = -ood.inverses[t];
                    let before = -ood.inverses[(t + rows - 1) % rows].mul_base(root_inv);
                    let value = (sum - at_z) * here + (sum - at_next) * before;
                    result.copy_from_slice(E::slice_as_base_elements(&[value]));
                }
            });
        kernels::base_columns(&[E::slice_from_base_elements(&values)])
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
