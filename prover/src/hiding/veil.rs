//! The veil: the last columns of the auxiliary segment of a hiding trace.

use rayon::prelude::*;
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_air::HidingParameters;

use super::randomness::{ProofKey, Purpose};

/// Writes the columns N, A_1 .. A_(q-1), M of the veil, drawn with `key`: each is given by its `degree`
/// coordinates.
///
/// All are uniform, but for A_(q-1) in row 0, where it is zero, and for N in the rows that the constraint
/// binds, where it is minus the sum of the columns A_t.
pub(super) fn fill(
    parameters: &HidingParameters,
    key: &ProofKey,
    degree: usize,
    coordinates: &mut [&mut [BaseElement]],
) {
    let columns = coordinates.par_chunks_mut(degree).enumerate();
    columns.for_each(|(c, column)| key.stream(Purpose::Veil, c).fill_coordinates(column, 0));

    let (n, rest) = coordinates.split_at_mut(degree);
    let (constrained, _mask) = rest.split_at_mut((parameters.quotients() - 1) * degree);
    for cells in constrained.iter_mut().rev().take(degree) {
        cells[0] = BaseElement::ZERO;
    }
    let bound = parameters.veil_bound_rows();
    n.par_iter_mut().enumerate().for_each(|(d, n)| {
        let n = &mut n[bound.clone()];
        n.fill(BaseElement::ZERO);
        for a in constrained.iter().skip(d).step_by(degree) {
            for (n, &a) in n.iter_mut().zip(&a[bound.clone()]) {
                *n -= a;
            }
        }
    });
}
