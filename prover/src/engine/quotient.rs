//! From composition values to the quotient columns.
//!
//! The composition \\(H\\) has degree below \\(n q\\), for \\(q\\) quotient columns, and splits as
//! \\(H(x) = \sum_{m < q} x^{n m} H_m(x)\\). On constraint coset \\(k\\), with offset \\(s_k\\), \\(x^n\\) is
//! the constant \\(s_k^n\\), so there \\(H\\) agrees with \\(R_k = \sum_m s_k^{n m} H_m\\), of degree below
//! \\(n\\): one batch of size-\\(n\\) transforms finds every \\(R_k\\), and one small transform across the
//! cosets, whose offsets are in geometric progression, finds every \\(H_m\\).

use rayon::prelude::*;
use winter_math::{FieldElement, fft, fields::f64::BaseElement};

use super::domain::Domain;
use super::segment::Extended;
use super::{ProverError, kernels};

/// Rows worked on by one task.
const TASK_ROWS: usize = 256;

/// Interpolates the composition (in constraint evaluation domain order) and extends its columns.
pub(super) fn extend<E>(
    mut composition: Vec<BaseElement>,
    columns: usize,
    domain: &Domain,
) -> Result<Extended<E>, ProverError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    let cosets = domain.ce_blowup();
    let degree = E::EXTENSION_DEGREE;
    let width = cosets * degree;
    kernels::interpolate(&mut composition, width);
    let inverse_offsets: Vec<_> = (0..cosets)
        .map(|k| domain.coset_offset(domain.ce_coset(k)).inv())
        .collect();
    kernels::scale_rows(
        &mut composition,
        width,
        &vec![BaseElement::ONE; cosets],
        &inverse_offsets,
    );
    split(&mut composition, cosets, degree, domain);
    check_degree::<E>(&composition, cosets, columns, domain.rows())?;

    let kept = columns * degree;
    Ok(Extended::build(columns, domain, |coefficients| {
        coefficients
            .par_chunks_mut(TASK_ROWS * kept)
            .zip(composition.par_chunks(TASK_ROWS * width))
            .for_each(|(to, from)| {
                for (to, from) in to.chunks_exact_mut(kept).zip(from.chunks_exact(width)) {
                    to.copy_from_slice(&from[..kept]);
                }
            });
    }))
}

/// In each row, replaces coefficient \\(t\\) of every \\(R_k\\) by coefficient \\(t\\) of every \\(H_m\\).
fn split(matrix: &mut [BaseElement], cosets: usize, degree: usize, domain: &Domain) {
    let width = cosets * degree;
    let twiddles = fft::get_inv_twiddles::<BaseElement>(cosets);
    let ratio = domain.offset().exp(domain.rows() as u64);
    matrix.par_chunks_mut(TASK_ROWS * width).for_each(|block| {
        let mut values = vec![BaseElement::ZERO; cosets];
        for row in block.chunks_exact_mut(width) {
            for d in 0..degree {
                for (value, cell) in values.iter_mut().zip(row[d..].iter().step_by(degree)) {
                    *value = *cell;
                }
                fft::interpolate_poly_with_offset(&mut values, &twiddles, ratio);
                for (value, cell) in values.iter().zip(row[d..].iter_mut().step_by(degree)) {
                    *cell = *value;
                }
            }
        }
    });
}

/// Coefficients beyond the declared columns must vanish.
fn check_degree<E: FieldElement>(
    matrix: &[BaseElement],
    cosets: usize,
    columns: usize,
    rows: usize,
) -> Result<(), ProverError> {
    let degree = E::EXTENSION_DEGREE;
    let width = cosets * degree;
    if columns >= cosets {
        return Ok(());
    }
    let beyond = matrix
        .par_chunks(width)
        .enumerate()
        .find_map_first(|(t, row)| {
            let cell = row[columns * degree..]
                .iter()
                .position(|&c| c != BaseElement::ZERO)?;
            Some((columns + cell / degree) * rows + t)
        });
    match beyond {
        Some(degree) => Err(ProverError::UnsatisfiedConstraints {
            degree,
            bound: columns * rows,
        }),
        None => Ok(()),
    }
}
