//! The polynomial that is zero on the points exempt from the transition constraints.

use rayon::prelude::*;
use winter_math::{FieldElement, batch_inversion, fft, fields::f64::BaseElement};
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::PackedElement;

use crate::engine::domain::Domain;

/// So many points are multiplied out at every point; from here on it is faster to tabulate.
const FEW: usize = 4;

/// Whether the polynomial of so many exempt points is tabulated, once for each coset.
pub(in crate::engine) const fn tabulates(points: usize, rows: usize) -> bool {
    points > FEW && points < rows
}

/// `e(x)`, the product of `x - y` over the exempt points `y`.
pub(super) enum Exempted {
    /// Few points.
    Points(Vec<BaseElement>),
    /// The values of `e` on every constraint coset.
    Table(Vec<Vec<BaseElement>>),
}

impl Exempted {
    /// Of the exempt `points`, the last ones of the trace domain, in order.
    pub(super) fn new(points: &[BaseElement], domain: &Domain) -> Self {
        if !tabulates(points.len(), domain.rows()) {
            return Self::Points(points.to_vec());
        }
        let coefficients = coefficients(points.len(), domain);
        let twiddles = fft::get_twiddles::<BaseElement>(domain.rows());
        let cosets = (0..domain.ce_blowup()).into_par_iter().map(|k| {
            let offset = domain.coset_offset(domain.ce_coset(k));
            fft::evaluate_poly_with_offset(&coefficients, &twiddles, offset, 1)
        });
        Self::Table(cosets.collect())
    }

    /// At points `x`, which are rows `row` and on of constraint coset `k`.
    #[inline(always)]
    pub(super) fn at<V: Vector>(
        &self,
        k: usize,
        row: usize,
        x: PackedElement<V>,
    ) -> PackedElement<V> {
        match self {
            Self::Points(points) => {
                let mut product = PackedElement::ONE;
                for &point in points {
                    product *= x - PackedElement::splat(point);
                }
                product
            }
            Self::Table(cosets) => PackedElement::load(&cosets[k][row..]),
        }
    }
}

/// The coefficients of the product of `x - v^i` for `i` from 1 to `count`, lowest first, as many as the
/// trace has rows; `v` is the inverse of the domain's generator.
///
/// By the q-binomial theorem the one of `x^(count - j)` is `(-1)^j v^(j (j + 1) / 2)` times the Gaussian
/// binomial of `count` over `j`, which is the product of `(1 - v^(count - m + 1)) / (1 - v^m)` for `m` from 1 to `j`.
fn coefficients(count: usize, domain: &Domain) -> Vec<BaseElement> {
    let v = domain.trace_root().inv();
    let powers = winter_math::get_power_series(v, count + 1);
    let differences: Vec<_> = powers
        .iter()
        .map(|&power| BaseElement::ONE - power)
        .collect();
    // Entry 0 is zero, and stays so.
    let inverses = batch_inversion(&differences);
    let mut coefficients = vec![BaseElement::ZERO; domain.rows()];
    let mut value = BaseElement::ONE;
    coefficients[count] = value;
    for j in 1..=count {
        value *= -powers[j] * differences[count - j + 1] * inverses[j];
        coefficients[count - j] = value;
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coefficients_are_those_of_the_product() {
        for rows in [8, 16, 64] {
            let domain = Domain::of_rows(rows);
            let root = domain.trace_root();
            for count in 1..=rows / 2 + 1 {
                let coefficients = coefficients(count, &domain);
                for x in [3, 5, 1 << 40].map(BaseElement::new) {
                    let points = (rows - count..rows).map(|i| root.exp(i as u64));
                    let product = points.fold(BaseElement::ONE, |p, y| p * (x - y));
                    let value = coefficients
                        .iter()
                        .rev()
                        .fold(BaseElement::ZERO, |s, &c| s * x + c);
                    assert_eq!(value, product, "{count} of {rows}");
                }
            }
        }
    }
}
