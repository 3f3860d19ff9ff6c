//! From composition values to the quotient columns.
//!
//! The composition `H` has degree below `n q`, for `q` quotient columns, and splits as the sum of
//! `x^(n m) H_m(x)` over `m < q`. On constraint coset `k`, with offset `s_k`, `x^n` is the constant
//! `s_k^n`, so there `H` agrees with `R_k`, the sum of `s_k^(n m) H_m`, of degree below `n`: one batch
//! of size-`n` interpolations finds every `R_k`, and one small interpolation across the cosets, whose
//! offsets are in geometric progression, finds every `H_m`.

use rayon::prelude::*;
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::PackedElement;
use winterlane_field_simd::{Backend, Kernel, Vector, dispatch};

use super::ProverError;
use super::domain::Domain;
use super::kernels::{self, Columns};

/// Rows worked on by one task.
const TASK_ROWS: usize = 1024;

/// Interpolates the composition, given coset by coset in `degree` base columns each: the first base
/// columns of the result are those of the `columns` quotient columns.
pub(super) fn interpolate(
    mut composition: Columns,
    degree: usize,
    columns: usize,
    domain: &Domain,
) -> Result<Columns, ProverError> {
    for k in 0..domain.ce_blowup() {
        let offset = domain.coset_offset(domain.ce_coset(k));
        composition.interpolate(k * degree..(k + 1) * degree, offset);
    }
    split(&mut composition, degree, domain);
    let mut beyond = composition.iter().skip(columns * degree);
    match beyond.position(|column| column.par_iter().any(|&c| c != BaseElement::ZERO)) {
        Some(column) => Err(ProverError::UnsatisfiedConstraints {
            degree: (columns + column / degree) * domain.rows(),
            bound: columns * domain.rows(),
        }),
        None => {
            drop(beyond);
            Ok(composition)
        }
    }
}

/// Replaces coefficient `t` of every `R_k` by coefficient `t` of every `H_m`.
fn split(columns: &mut Columns, degree: usize, domain: &Domain) {
    let cosets = columns.len() / degree;
    let root_inv = BaseElement::get_root_of_unity(cosets.ilog2()).inv();
    let roots = winter_math::get_power_series(root_inv, cosets);
    let ratio_inv = domain.offset().exp(domain.rows() as u64).inv();
    let scale = kernels::inverse_of(cosets);
    let scales = winter_math::get_power_series_with_offset(ratio_inv, scale, cosets);
    let backend = Backend::current();
    columns.blocks(TASK_ROWS).into_par_iter().for_each(|block| {
        dispatch(
            backend,
            Split {
                roots: &roots,
                scales: &scales,
                degree,
                block,
            },
        );
    });
}

/// Interpolates across the cosets, row by row.
struct Split<'a> {
    /// Powers of the inverse root of unity of the order that there are cosets.
    roots: &'a [BaseElement],
    /// Factors of the coefficients found.
    scales: &'a [BaseElement],
    degree: usize,
    block: Vec<&'a mut [BaseElement]>,
}

impl Kernel for Split<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) {
        let Self {
            roots,
            scales,
            degree,
            mut block,
        } = self;
        let cosets = roots.len();
        let bits = cosets.ilog2();
        let mut values = vec![PackedElement::<V>::ZERO; cosets];
        for from in (0..block[0].len()).step_by(V::LANES) {
            for d in 0..degree {
                for (k, value) in values.iter_mut().enumerate() {
                    let k = k.reverse_bits() >> (usize::BITS - bits);
                    *value = PackedElement::load(&block[k * degree + d][from..]);
                }
                let mut half = 1;
                while half < cosets {
                    for start in (0..cosets).step_by(2 * half) {
                        for j in 0..half {
                            let root = PackedElement::splat(roots[j * (cosets / (2 * half))]);
                            let a = values[start + j];
                            let b = values[start + j + half] * root;
                            values[start + j] = a + b;
                            values[start + j + half] = a - b;
                        }
                    }
                    half *= 2;
                }
                for (m, (&value, &scale)) in values.iter().zip(scales).enumerate() {
                    let value = value * PackedElement::splat(scale);
                    value.store(&mut block[m * degree + d][from..]);
                }
            }
        }
    }
}
