//! The heavy loops over whole columns and matrices: where the engine meets `field-simd`.
//!
//! Polynomials and evaluations over one coset are *columns* of base elements; what is extended over
//! the whole domain is a row-major [`Matrix`] in domain order. A column of elements of an extension
//! of degree `d` is `d` base columns, so that one kernel serves all fields.

use rayon::prelude::*;
use winter_math::{FieldElement, fft, fields::f64::BaseElement};
use winterlane_field_simd::{Matrix, lde_rows};

/// A column of base elements.
pub(super) type Column = Vec<BaseElement>;

/// The base columns of columns of `F` elements.
pub(super) fn base_columns<F>(columns: &[&[F]]) -> Vec<Column>
where
    F: FieldElement<BaseField = BaseElement>,
{
    let degree = F::EXTENSION_DEGREE;
    (0..columns.len() * degree)
        .into_par_iter()
        .map(|i| {
            let bases = F::slice_as_base_elements(columns[i / degree]);
            bases[i % degree..]
                .iter()
                .step_by(degree)
                .copied()
                .collect()
        })
        .collect()
}

/// Turns evaluations over `offset * <w>` into coefficients, in each column; `w` generates the
/// subgroup of the column's length.
pub(super) fn interpolate(columns: &mut [Column], offset: BaseElement) {
    let Some(rows) = columns.first().map(Vec::len) else {
        return;
    };
    let twiddles = fft::get_inv_twiddles(rows);
    columns.par_iter_mut().for_each(|column| {
        fft::interpolate_poly_with_offset(column, &twiddles, offset);
    });
}

/// Evaluates polynomials over the domain of `blowup` times their length, at `offset`.
pub(super) fn extend(columns: &[Column], blowup: usize, offset: BaseElement) -> Matrix {
    lde_rows(columns, blowup, offset)
}

/// The inverse of a small integer.
pub(super) fn inverse_of(n: usize) -> BaseElement {
    BaseElement::new(n as u64).inv()
}
