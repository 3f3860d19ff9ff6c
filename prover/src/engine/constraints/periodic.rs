//! Values of the periodic columns over the constraint evaluation domain.

use winter_air::Air;
use winter_math::{FieldElement, fft, fields::f64::BaseElement};

use crate::engine::domain::Domain;

/// Periodic columns, coset by coset.
///
/// A column of cycle length \\(m\\) is a polynomial of degree below \\(m\\) in \\(x^{n/m}\\), so on one
/// coset of the trace domain it repeats every \\(m\\) rows. One common cycle, that of the longest
/// column, is tabulated.
pub(super) struct PeriodicTable {
    values: Vec<BaseElement>,
    columns: usize,
    cycle: usize,
}

impl PeriodicTable {
    /// Tabulates the periodic columns of `air`.
    pub(super) fn new<A: Air<BaseField = BaseElement>>(air: &A, domain: &Domain) -> Self {
        let polys = air.get_periodic_column_polys();
        let columns = polys.len();
        let cycle = polys.iter().map(Vec::len).max().unwrap_or(1);
        let mut values = vec![BaseElement::ZERO; domain.ce_blowup() * columns * cycle];
        for k in 0..domain.ce_blowup() {
            let offset = domain.coset_offset(domain.ce_coset(k));
            for (i, poly) in polys.iter().enumerate() {
                let stretched = offset.exp((domain.rows() / poly.len()) as u64);
                let twiddles = fft::get_twiddles(poly.len());
                let cycle_values = fft::evaluate_poly_with_offset(poly, &twiddles, stretched, 1);
                let start = (k * columns + i) * cycle;
                for (value, &v) in values[start..start + cycle]
                    .iter_mut()
                    .zip(cycle_values.iter().cycle())
                {
                    *value = v;
                }
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

    /// Writes the values at row `t` of constraint coset `k`.
    pub(super) fn read_row(&self, k: usize, t: usize, row: &mut [BaseElement]) {
        let coset = &self.values[k * self.columns * self.cycle..];
        for (value, column) in row.iter_mut().zip(coset.chunks_exact(self.cycle)) {
            *value = column[t % self.cycle];
        }
    }
}
