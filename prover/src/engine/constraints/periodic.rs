//! Values of the periodic columns over the constraint evaluation domain.

use winter_math::{FieldElement, fft, fields::f64::BaseElement};
use winterlane_field_simd::vector::MAX_LANES;

use crate::engine::domain::Domain;

/// Periodic columns, coset by coset.
///
/// A column of cycle length `m` is a polynomial of degree below `m` in `x^(n/m)`, so on one coset
/// of the trace domain it repeats every `m` rows. All columns are tabulated over one common cycle,
/// that of the longest and no shorter than a vector.
pub(super) struct PeriodicTable {
    /// Coset by coset, column by column.
    values: Vec<BaseElement>,
    columns: usize,
    cycle: usize,
}

/// The common cycle of columns with these cycles.
pub(in crate::engine) fn cycle(cycles: impl Iterator<Item = usize>) -> usize {
    cycles.fold(MAX_LANES, usize::max)
}

impl PeriodicTable {
    /// Tabulates periodic columns, given as coefficients of polynomials in ascending order.
    pub(super) fn new(polys: &[Vec<BaseElement>], domain: &Domain) -> Self {
        let columns = polys.len();
        let cycle = cycle(polys.iter().map(Vec::len));
        let mut values = Vec::with_capacity(domain.ce_blowup() * columns * cycle);
        for k in 0..domain.ce_blowup() {
            let offset = domain.coset_offset(domain.ce_coset(k));
            for poly in polys {
                let stretched = offset.exp((domain.rows() / poly.len()) as u64);
                let twiddles = fft::get_twiddles(poly.len());
                let cell = fft::evaluate_poly_with_offset(poly, &twiddles, stretched, 1);
                values.extend(cell.iter().cycle().take(cycle));
            }
        }
        Self {
            values,
            columns,
            cycle,
        }
    }

    /// Number of periodic columns.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// For each column, its values on constraint coset `k` from row `t` (a multiple of the vector
    /// length) on, at least a vector of them.
    #[inline(always)]
    pub(super) fn rows_from(&self, k: usize, t: usize) -> impl Iterator<Item = &[BaseElement]> {
        let coset = self.columns * self.cycle;
        let start = t % self.cycle;
        self.values[k * coset..(k + 1) * coset]
            .chunks_exact(self.cycle)
            .map(move |column| &column[start..])
    }
}
