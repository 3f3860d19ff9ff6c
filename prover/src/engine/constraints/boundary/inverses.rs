//! Inverse divisors, tabulated once for all groups with as many rows.
//!
//! At row `t` of a coset of offset `s`, `x` is `s w^t`, where `w` generates the trace domain. The divisor of the
//! `a` rows `f`, `f + n/a`, and so on is `x^a - b` with `b = w^(a f)`, and so
//!
//! ```text
//! 1 / (x^a - b)  =  1/b * 1 / (s^a w^(a (t - f)) - 1)
//! ```
//!
//! The last factor is that of the group that starts in row 0, read `f` rows earlier: one table, which repeats
//! every `n/a` rows, serves all groups of `a` rows. The constant `1/b` goes into their coefficients.

use rayon::prelude::*;
use winter_air::ConstraintDivisor;
use winter_math::{
    FieldElement, batch_inversion, fields::f64::BaseElement, get_power_series_with_offset,
};
use winterlane_field_simd::packed_element::PackedElement;
use winterlane_field_simd::{Vector, vector::MAX_LANES};

use crate::engine::domain::Domain;

/// Entries of a table that one task computes.
const TASK: usize = 1 << 12;

/// A group's divisor, by its place in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Divisor {
    /// Which table.
    table: usize,
    /// The first row, below the period.
    pub(super) first: usize,
    /// So many rows: `a`.
    pub(super) rows: usize,
    /// `1/b`.
    pub(super) scale: BaseElement,
}

impl Divisor {
    /// Of a boundary divisor, whose numerator has exactly one term and which has no exemptions; its table is
    /// made if there is none.
    pub(super) fn of(
        divisor: &ConstraintDivisor<BaseElement>,
        inverses: &mut Inverses,
        domain: &Domain,
    ) -> Self {
        let (rows, b) = divisor.numerator()[0];
        Self {
            table: inverses.table(rows, domain),
            first: first_row(rows, b, domain),
            rows,
            scale: b.inv(),
        }
    }
}

/// The row `f`, below `n/a`, with `w^(a f) = b`: bit by bit, since `w^a` has an order that is a power of two.
fn first_row(a: usize, b: BaseElement, domain: &Domain) -> usize {
    let root = domain.trace_root().exp(a as u64);
    let bits = (domain.rows() / a).ilog2();
    let mut first = 0;
    // The powers of root with the bits that are known taken away.
    let (mut rest, mut step) = (b, root.inv());
    for bit in 0..bits {
        if rest.exp(1 << (bits - 1 - bit)) != BaseElement::ONE {
            first |= 1 << bit;
            rest *= step;
        }
        step = step.square();
    }
    first
}

/// The tables.
#[derive(Default)]
pub(in crate::engine::constraints) struct Inverses {
    tables: Vec<Table>,
}

/// `1/(s^a w^(a t) - 1)` for some `a`.
struct Table {
    rows: usize,
    /// After so many rows the values repeat.
    period: usize,
    /// The values of a period and, again, the first of the next, coset by coset.
    values: Vec<BaseElement>,
}

impl Inverses {
    /// The table of groups of `rows` rows.
    fn table(&mut self, rows: usize, domain: &Domain) -> usize {
        let known = self.tables.iter().position(|table| table.rows == rows);
        known.unwrap_or_else(|| {
            self.tables.push(Table::new(rows, domain));
            self.tables.len() - 1
        })
    }

    /// The inverse divisors, but for their scale, in rows `row` and on of constraint coset `coset`.
    #[inline(always)]
    pub(super) fn at<V: Vector>(
        &self,
        divisor: Divisor,
        coset: usize,
        row: usize,
    ) -> PackedElement<V> {
        let Table { period, values, .. } = &self.tables[divisor.table];
        // The period is a power of two.
        let at = row.wrapping_sub(divisor.first) & (period - 1);
        PackedElement::load(&values[coset * (period + MAX_LANES) + at..])
    }
}

impl Table {
    fn new(rows: usize, domain: &Domain) -> Self {
        let period = domain.rows() / rows;
        let root = domain.trace_root().exp(rows as u64);
        let mut values = vec![BaseElement::ZERO; domain.ce_blowup() * (period + MAX_LANES)];
        let cosets = values.par_chunks_exact_mut(period + MAX_LANES).enumerate();
        cosets.for_each(|(k, coset)| {
            let offset = domain.coset_offset(domain.ce_coset(k)).exp(rows as u64);
            let (values, again) = coset.split_at_mut(period);
            values
                .par_chunks_mut(TASK)
                .enumerate()
                .for_each(|(task, values)| {
                    let first = offset * root.exp((task * TASK) as u64);
                    fill(values, first, root);
                });
            for (i, again) in again.iter_mut().enumerate() {
                *again = values[i % period];
            }
        });
        Self {
            rows,
            period,
            values,
        }
    }
}

/// Fills in `1/(first root^i - 1)`.
fn fill(values: &mut [BaseElement], first: BaseElement, root: BaseElement) {
    let mut differences = get_power_series_with_offset(root, first, values.len());
    for difference in &mut differences {
        *difference -= BaseElement::ONE;
    }
    values.copy_from_slice(&batch_inversion(&differences));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_turned_inverses() {
        let domain = Domain::of_rows(64);
        for a in [1, 2, 8, 64] {
            let table = Table::new(a, &domain);
            for first in 0..64 / a {
                let b = domain.trace_root().exp((a * first) as u64);
                assert_eq!(first_row(a, b, &domain), first, "{a}");
                for k in 0..domain.ce_blowup() {
                    let offset = domain.coset_offset(domain.ce_coset(k));
                    for row in 0..64 {
                        let x = offset * domain.trace_root().exp(row as u64);
                        let expected = (x.exp(a as u64) - b).inv();
                        for lane in 0..MAX_LANES.min(row + 1) {
                            let at = (row - lane).wrapping_sub(first) & (table.period - 1);
                            let at = k * (table.period + MAX_LANES) + at + lane;
                            assert_eq!(table.values[at] * b.inv(), expected, "{a}, {first}");
                        }
                    }
                }
            }
        }
    }
}
