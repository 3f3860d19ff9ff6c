//! The DEEP values, in exact arithmetic: the first step of [`low_degree`](super::low_degree).

use alloc::vec::Vec;

use winter_math::{ExtensionOf, FieldElement, batch_inversion, fields::f64::BaseElement};

use super::{
    exact::Exact,
    layout::Dimensions,
    low_degree::{Points, exact, row_of},
    rows::{Positions, Rows},
    sum::dot_base,
    transcript::Transcript,
};

/// The DEEP values at the query positions.
///
/// The columns have one coefficient each. So the sum over the columns of the opened row is taken once,
/// for both points: with `S` for it, `U` and `V` for the sums at `z` and `zg`, the value is
/// `(S - U) / (x - z) + (S - V) / (x - zg)`.
pub(super) fn values<E, H, const D: usize>(
    rows: &Rows,
    positions: &Positions,
    dims: &Dimensions,
    transcript: &Transcript<E, H>,
) -> Vec<Exact<D>>
where
    E: FieldElement<BaseField = BaseElement>,
    H: winter_crypto::Hasher,
{
    // Main columns, auxiliary columns, quotients: the order of the evaluations, too.
    let coefficients: Vec<Exact<D>> = exact(&transcript.deep_coefficients);
    let evaluations: Vec<Exact<D>> = exact(&transcript.evaluations);
    let (at_z, at_zg) = evaluations
        .split_at_checked(coefficients.len())
        .unwrap_or_default();
    let (sum_z, sum_zg) = (dot(&coefficients, at_z), dot(&coefficients, at_zg));
    let (of_main, rest) = coefficients
        .split_at_checked(dims.main_width)
        .unwrap_or_default();
    let (of_aux, of_quotients) = rest.split_at_checked(dims.aux_width).unwrap_or_default();

    let z = Exact::<D>::new(transcript.z);
    let zg = z.mul_base(transcript.trace_generator);
    let positions = &positions.domain.positions;
    let points = Points::of(dims.lde_size);
    let mut numerators = Vec::with_capacity(positions.len());
    let mut denominators = Vec::with_capacity(positions.len());
    for (row, &position) in positions.iter().enumerate() {
        let sum = dot_base(of_main.iter(), row_of(&rows.main, row, dims.main_width))
            + dot_coordinates(of_aux, &rows.aux, row)
            + dot_coordinates(of_quotients, &rows.quotients, row);
        let x = Exact::from(points.at(position));
        let (to_z, to_zg) = (x - z, x - zg);
        numerators.push((sum - sum_z) * to_zg + (sum - sum_zg) * to_z);
        denominators.push(to_z * to_zg);
    }
    // A point of the domain is not drawn, but with a chance of its size over that of the field: the
    // inverse is zero then, as in winterfell.
    let inverses = batch_inversion(&denominators);
    let values = numerators.into_iter().zip(inverses);
    values
        .map(|(numerator, inverse)| numerator * inverse)
        .collect()
}

fn dot<const D: usize>(a: &[Exact<D>], b: &[Exact<D>]) -> Exact<D> {
    a.iter()
        .zip(b)
        .fold(Exact::ZERO, |sum, (&a, &b)| sum + a * b)
}

/// The same with row `row` of a table whose elements are given by their coordinates.
fn dot_coordinates<const D: usize>(a: &[Exact<D>], table: &[BaseElement], row: usize) -> Exact<D> {
    let row = row_of(table, row, a.len().saturating_mul(D));
    let (elements, _) = row.as_chunks::<D>();
    let products = a.iter().zip(elements);
    products.fold(Exact::ZERO, |sum, (&a, &b)| sum + a * Exact::of(b))
}
