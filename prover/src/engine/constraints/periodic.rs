//! Values of the periodic columns over the constraint evaluation domain.

use std::collections::BTreeMap;

use rayon::prelude::*;
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::lde_rows;
use winterlane_field_simd::vector::MAX_LANES;

use crate::engine::domain::Domain;

/// Cells of a coset that are tabulated beside those of other cosets.
const SMALL: usize = 1 << 16;

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
        // Columns of one cycle are one transform, of which each coset has its own. A selector that is nowhere on is zero
        // everywhere.
        let mut of_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (column, poly) in polys.iter().enumerate() {
            if poly
                .iter()
                .any(|&coefficient| coefficient != BaseElement::ZERO)
            {
                of_length.entry(poly.len()).or_default().push(column);
            }
        }
        let mut values = vec![BaseElement::ZERO; domain.ce_blowup() * columns * cycle];
        let size = (columns * cycle).max(1);
        // Each has a matrix of its size besides, which is in no estimate: large ones are made one after the other.
        let at_least = if size > SMALL { usize::MAX } else { 1 };
        let cosets = values.par_chunks_mut(size).enumerate();
        cosets.with_min_len(at_least).for_each(|(k, values)| {
            let offset = domain.coset_offset(domain.ce_coset(k));
            for (&length, same) in &of_length {
                let polys: Vec<_> = same.iter().map(|&column| &polys[column]).collect();
                let stretched = offset.exp((domain.rows() / length) as u64);
                let rows = lde_rows(&polys, 1, stretched);
                for (i, column) in same.iter().enumerate() {
                    let cells = &mut values[column * cycle..][..cycle];
                    let (first, again) = cells.split_at_mut(length);
                    for (t, cell) in first.iter_mut().enumerate() {
                        *cell = rows.row(t)[i];
                    }
                    for again in again.chunks_exact_mut(length) {
                        again.copy_from_slice(first);
                    }
                }
            }
        });
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

#[cfg(test)]
mod tests {
    use winter_math::fft;

    use super::*;

    /// Cycles from the shortest to the trace, each beside the others and with a twin.
    #[test]
    fn the_values_are_winter_maths() {
        let domain = Domain::of_rows(64);
        let lengths = [2, 64, 8, 2, 16, 64, 4, 32];
        let polys: Vec<Vec<BaseElement>> = lengths
            .iter()
            .enumerate()
            .map(|(i, &length)| {
                (0..length)
                    .map(|j| BaseElement::new(i as u64 + 7 * j))
                    .collect()
            })
            // Those of selectors that are nowhere on.
            .chain([vec![BaseElement::ZERO; 64], vec![BaseElement::ZERO; 2]])
            .collect();
        let table = PeriodicTable::new(&polys, &domain);
        for k in 0..domain.ce_blowup() {
            let offset = domain.coset_offset(domain.ce_coset(k));
            for t in (0..domain.rows()).step_by(MAX_LANES) {
                for (poly, values) in polys.iter().zip(table.rows_from(k, t)) {
                    let stretched = offset.exp((domain.rows() / poly.len()) as u64);
                    let twiddles = fft::get_twiddles(poly.len());
                    let cycle = fft::evaluate_poly_with_offset(poly, &twiddles, stretched, 1);
                    for (i, value) in values[..MAX_LANES].iter().enumerate() {
                        assert_eq!(*value, cycle[(t + i) % poly.len()]);
                    }
                }
            }
        }
    }
}
