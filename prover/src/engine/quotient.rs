//! From composition values to the quotient columns.
//!
//! The composition `H` has degree below `n q`, for `q` quotient columns, and splits as the sum of
//! `x^(n m) H_m(x)` over `m < q`. On constraint coset `k`, with offset `s_k`, `x^n` is the constant
//! `s_k^n`, so there `H` agrees with `R_k`, the sum of `s_k^(n m) H_m`, of degree below `n`: one batch
//! of size-`n` interpolations finds every `R_k`, and one small interpolation across the cosets, whose
//! offsets are in geometric progression, finds every `H_m`.

use rayon::prelude::*;
use winter_math::{FieldElement, fft, fields::f64::BaseElement};

use super::ProverError;
use super::domain::Domain;
use super::kernels::{self, Column};

/// Rows worked on by one task.
const TASK_ROWS: usize = 1024;

/// Interpolates the composition, given coset by coset in `degree` base columns each, into the base
/// columns of `columns` quotient columns.
pub(super) fn interpolate(
    mut composition: Vec<Column>,
    degree: usize,
    columns: usize,
    domain: &Domain,
) -> Result<Vec<Column>, ProverError> {
    for (k, coset) in composition.chunks_exact_mut(degree).enumerate() {
        kernels::interpolate(coset, domain.coset_offset(domain.ce_coset(k)));
    }
    split(&mut composition, degree, domain);
    let beyond = composition.split_off((columns * degree).min(composition.len()));
    match beyond
        .iter()
        .position(|column| column.iter().any(|&c| c != BaseElement::ZERO))
    {
        Some(column) => Err(ProverError::UnsatisfiedConstraints {
            degree: (columns + column / degree) * domain.rows(),
            bound: columns * domain.rows(),
        }),
        None => Ok(composition),
    }
}

/// Replaces coefficient `t` of every `R_k` by coefficient `t` of every `H_m`.
fn split(columns: &mut [Column], degree: usize, domain: &Domain) {
    let cosets = columns.len() / degree;
    let twiddles = fft::get_inv_twiddles::<BaseElement>(cosets);
    let ratio = domain.offset().exp(domain.rows() as u64);
    let mut parts: Vec<_> = columns
        .iter_mut()
        .map(|column| column.chunks_mut(TASK_ROWS))
        .collect();
    let tasks: Vec<Vec<&mut [BaseElement]>> =
        core::iter::from_fn(|| parts.iter_mut().map(Iterator::next).collect()).collect();
    tasks.into_par_iter().for_each(|mut task| {
        let mut values = vec![BaseElement::ZERO; cosets];
        for t in 0..task[0].len() {
            for d in 0..degree {
                for (value, column) in values.iter_mut().zip(task[d..].iter().step_by(degree)) {
                    *value = column[t];
                }
                fft::interpolate_poly_with_offset(&mut values, &twiddles, ratio);
                for (value, column) in values.iter().zip(task[d..].iter_mut().step_by(degree)) {
                    column[t] = *value;
                }
            }
        }
    });
}
