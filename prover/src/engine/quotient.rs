//! From composition values to the quotient columns.
//!
//! The composition `H` has degree below `n q`, for `q` quotient columns, and splits as the sum of
//! `x^(n m) H_m(x)` over `m < q`. On constraint coset `k`, with offset `s_k`, `x^n` is the constant
//! `y_k = s_k^n`, so there `H` agrees with `R_k`, the sum of `y_k^m H_m`, of degree below `n`: one batch
//! of size-`n` interpolations finds `R_k` on `q` cosets, and a `q` by `q` matrix, the same for all coefficients, makes
//! every `H_m` of them. A constraint evaluation domain has a power of two of cosets: those beyond `q` would say the
//! same again. One point of the next one is asked, since it says so only if the constraints hold.
//!
//! *A false trace.* Its composition is no polynomial, and a proof of what is found in its place does not verify. A plain
//! proof may be made all the same, as stock winterfell makes it. A hiding one must not: the veil covers a quotient, and not
//! how far the composition is from one, which a single false row shows by itself. Where the composition has as many
//! cosets as columns, no point is left to ask. So the degree is looked at, too: if the constraints hold, the last
//! column has zeros from some coefficient on, and in a false trace all of these are zero by chance alone.

use rayon::prelude::*;
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::{Dot, PackedElement, Weight};
use winterlane_field_simd::{Backend, Kernel, Vector, dispatch};

use super::ProverError;
use super::domain::Domain;
use super::kernels::Columns;

/// Rows worked on by one task.
const TASK_ROWS: usize = 1024;

/// Interpolates the composition, given coset by coset in `degree` base columns each: the first base
/// columns of the result are those of the quotient columns, as many as cosets are evaluated throughout. `most` is the
/// degree that the quotient has at most, if that is to be looked at.
pub(super) fn interpolate(
    mut composition: Columns,
    degree: usize,
    domain: &Domain,
    most: Option<usize>,
) -> Result<Columns, ProverError> {
    let cosets = domain.whole_cosets();
    for k in 0..cosets {
        let offset = domain.coset_offset(domain.ce_coset(k));
        composition.interpolate(k * degree..(k + 1) * degree, offset);
    }
    let beyond = composition.iter().skip(cosets * degree);
    let beyond: Vec<_> = beyond.map(|column| column[0]).collect();
    split(&mut composition, degree, domain);
    if let Some(most) = most {
        check_degree(&composition, degree, domain, most)?;
    }
    if beyond.is_empty() || beyond == at_next_coset(&composition, degree, domain) {
        Ok(composition)
    } else {
        let bound = cosets * domain.rows();
        Err(ProverError::UnsatisfiedConstraints {
            degree: bound,
            bound,
        })
    }
}

/// Refuses a quotient of a degree above `most`.
fn check_degree(
    quotients: &Columns,
    degree: usize,
    domain: &Domain,
    most: usize,
) -> Result<(), ProverError> {
    let (rows, bound) = (domain.rows(), most.saturating_add(1));
    let columns = quotients.iter().take(domain.whole_cosets() * degree);
    let places = columns.enumerate().filter_map(|(base_column, column)| {
        let first = base_column / degree * rows;
        // From the end: of a true statement all that is looked at is zero.
        let beyond = column.get(bound.saturating_sub(first)..)?;
        let place = beyond.iter().rposition(|&c| c != BaseElement::ZERO)?;
        Some(first.max(bound) + place)
    });
    match places.max() {
        Some(degree) => Err(ProverError::UnsatisfiedConstraints { degree, bound }),
        None => Ok(()),
    }
}

/// The composition, by coordinate, at the first point of the first coset on which it is not evaluated throughout.
fn at_next_coset(quotients: &Columns, degree: usize, domain: &Domain) -> Vec<BaseElement> {
    let cosets = domain.whole_cosets();
    let x = domain.coset_offset(domain.ce_coset(cosets));
    let columns: Vec<_> = quotients.iter().take(cosets * degree).collect();
    let values = columns.into_par_iter().map(|column| {
        let horner = |sum: BaseElement, &c: &BaseElement| sum * x + c;
        column.iter().rev().fold(BaseElement::ZERO, horner)
    });
    let values: Vec<BaseElement> = values.collect();
    let y = x.exp(domain.rows() as u64);
    let mut sums = vec![BaseElement::ZERO; degree];
    for values in values.chunks_exact(degree).rev() {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum = *sum * y + value;
        }
    }
    sums
}

/// Replaces coefficient `t` of every `R_k` by coefficient `t` of every `H_m`.
fn split(columns: &mut Columns, degree: usize, domain: &Domain) {
    let nodes = (0..domain.whole_cosets()).map(|k| {
        let offset = domain.coset_offset(domain.ce_coset(k));
        offset.exp(domain.rows() as u64)
    });
    let matrix = inverse_vandermonde(&nodes.collect::<Vec<_>>());
    let weights: Vec<Vec<Weight>> = matrix
        .iter()
        .map(|row| row.iter().copied().map(Weight::new).collect())
        .collect();
    let backend = Backend::current();
    columns.blocks(TASK_ROWS).into_par_iter().for_each(|block| {
        dispatch(
            backend,
            Split {
                weights: &weights,
                degree,
                block,
            },
        );
    });
}

/// The matrix that makes the coefficients of a polynomial, lowest first, of its values at the nodes: column `k` has those
/// of the polynomial that is one at node `k` and zero at the others.
fn inverse_vandermonde(nodes: &[BaseElement]) -> Vec<Vec<BaseElement>> {
    let mut matrix = vec![vec![BaseElement::ZERO; nodes.len()]; nodes.len()];
    for (k, &node) in nodes.iter().enumerate() {
        let mut product = vec![BaseElement::ONE];
        let mut at_node = BaseElement::ONE;
        for (_, &other) in nodes.iter().enumerate().filter(|&(j, _)| j != k) {
            product.push(BaseElement::ZERO);
            for m in (0..product.len()).rev() {
                let below = if m > 0 {
                    product[m - 1]
                } else {
                    BaseElement::ZERO
                };
                product[m] = below - other * product[m];
            }
            at_node *= node - other;
        }
        let scale = at_node.inv();
        for (row, coefficient) in matrix.iter_mut().zip(product) {
            row[k] = coefficient * scale;
        }
    }
    matrix
}

/// Solves for the columns, row by row.
struct Split<'a> {
    /// Row `m` of the matrix makes `H_m`.
    weights: &'a [Vec<Weight>],
    degree: usize,
    block: Vec<&'a mut [BaseElement]>,
}

impl Kernel for Split<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) {
        let Self {
            weights,
            degree,
            mut block,
        } = self;
        let mut values = vec![PackedElement::<V>::ZERO; weights.len()];
        for from in (0..block[0].len()).step_by(V::LANES) {
            for d in 0..degree {
                for (k, value) in values.iter_mut().enumerate() {
                    *value = PackedElement::load(&block[k * degree + d][from..]);
                }
                for (m, weights) in weights.iter().enumerate() {
                    let mut sum = Dot::<V>::new();
                    for (value, weight) in values.iter().zip(weights) {
                        sum.add(value.vector(), weight);
                    }
                    sum.reduce().store(&mut block[m * degree + d][from..]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_from_values() {
        for count in 1..=6_u64 {
            let nodes: Vec<_> = (0..count)
                .map(|i| BaseElement::new(7 * i * i + 3))
                .collect();
            let matrix = inverse_vandermonde(&nodes);
            let coefficients: Vec<_> = (0..count).map(|i| BaseElement::new(5 + i)).collect();
            let value = |&node: &BaseElement| {
                let terms = coefficients.iter().rev();
                terms.fold(BaseElement::ZERO, |sum, &c| sum * node + c)
            };
            let values: Vec<_> = nodes.iter().map(value).collect();
            for (row, &coefficient) in matrix.iter().zip(&coefficients) {
                let terms = row.iter().zip(&values);
                let found = terms.fold(BaseElement::ZERO, |sum, (&a, &b)| sum + a * b);
                assert_eq!(found, coefficient, "{count}");
            }
        }
    }
}
