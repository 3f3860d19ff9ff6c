//! How much memory the tables of a proof's constraints take, known before it starts.

use winter_air::{Air, Assertion};
use winter_math::fields::f64::BaseElement;

use super::constraints::{FEW_GROUPS, SMALL_POLY, periodic_cycle, tabulated_columns, tabulates};

/// Bytes of a base field element.
const ELEMENT: u64 = 8;

/// What an AIR tabulates, in base elements: tables and, for a moment, what they are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tabulated {
    /// Base elements for each point of the constraint evaluation domain, counted together.
    elements: u64,
}

impl Tabulated {
    /// The tables of `air`: those of its periodic columns, of its assertions and of its exempt points.
    ///
    /// The assertions on its auxiliary segment are not known yet: they count as single cells, spread over as few
    /// columns as there may be tables for.
    pub(crate) fn of<A: Air<BaseField = BaseElement>>(air: &A) -> Self {
        let cycles: Vec<usize> = air
            .get_periodic_column_values()
            .iter()
            .map(Vec::len)
            .collect();
        let context = air.context();
        let main = air.get_assertions();
        Self::count(Counted {
            rows: air.trace_length(),
            cosets: air.ce_domain_size() / air.trace_length(),
            degree: air.options().field_extension().degree() as usize,
            exempt: context.num_transition_exemptions(),
            cycles: &cycles,
            aux: context.num_assertions().saturating_sub(main.len()),
            main: &main,
            aux_width: context.trace_info().aux_segment_width(),
        })
    }

    /// Bytes.
    pub(crate) const fn bytes(self) -> u64 {
        self.elements * ELEMENT
    }

    /// [`of`](Self::of), out of the caller's crate.
    fn count(air: Counted<'_>) -> Self {
        let Counted {
            rows,
            cosets,
            degree,
            exempt,
            cycles,
            main,
            aux,
            aux_width,
        } = air;
        let points = cosets * rows;
        let mut elements = cosets * cycles.len() * periodic_cycle(cycles.iter().copied());
        if tabulates(exempt, rows) {
            elements += points + 2 * rows;
        }
        // Inverse divisors: for each number of asserted rows, which halve.
        elements += 2 * points;
        let polynomials = |columns: usize| degree * (columns + 1) * (points + rows);

        let groups = groups(main);
        elements += if groups.len() <= FEW_GROUPS {
            let long = groups.iter().filter(|group| group.values > SMALL_POLY);
            long.count() * degree * (points + 2 * rows)
        } else {
            let mut counts = vec![0; main.iter().map(|a| a.column() + 1).max().unwrap_or(0)];
            for assertion in main {
                counts[assertion.column()] += 1;
            }
            polynomials(tabulated_columns(&counts).len())
        };
        if aux > FEW_GROUPS {
            let most = (1..=aux_width)
                .rev()
                .find(|&columns| !tabulated_columns(&[aux / columns]).is_empty());
            elements += polynomials(most.unwrap_or(0) * degree);
        }
        Self {
            elements: elements as u64,
        }
    }
}

/// What is counted of an AIR.
struct Counted<'a> {
    rows: usize,
    /// Cosets of the constraint evaluation domain.
    cosets: usize,
    /// Coordinates of a challenge.
    degree: usize,
    /// Exempt points.
    exempt: usize,
    /// Cycles of the periodic columns.
    cycles: &'a [usize],
    /// Assertions on the main segment.
    main: &'a [Assertion<BaseElement>],
    /// Assertions on the auxiliary segment.
    aux: usize,
    aux_width: usize,
}

/// Assertions with one divisor.
struct Group {
    stride: usize,
    first: usize,
    /// Values of the longest sequence.
    values: usize,
}

fn groups(assertions: &[Assertion<BaseElement>]) -> Vec<Group> {
    let mut groups: Vec<_> = assertions
        .iter()
        .map(|assertion| Group {
            stride: assertion.stride(),
            first: assertion.first_step(),
            values: assertion.values().len(),
        })
        .collect();
    groups.sort_by_key(|group| (group.stride, group.first, core::cmp::Reverse(group.values)));
    groups.dedup_by_key(|group| (group.stride, group.first));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: usize = 1 << 10;
    const POINTS: u64 = 4 * ROWS as u64;

    fn count(main: &[Assertion<BaseElement>], cycles: &[usize], aux: usize) -> u64 {
        let counted = Counted {
            rows: ROWS,
            cosets: 4,
            degree: 2,
            exempt: 1,
            cycles,
            main,
            aux,
            aux_width: 3,
        };
        Tabulated::count(counted).elements
    }

    #[test]
    fn what_is_tabulated_counts() {
        let one = BaseElement::new(1);
        let single = |row| Assertion::single(row % 2, row, one);
        let plain = count(&[single(0)], &[], 0);
        assert_eq!(plain, 2 * POINTS);
        // Three columns over the longest cycle.
        let periodic = count(&[single(0)], &[2, 512, 8], 0);
        assert_eq!(periodic - plain, 4 * 3 * 512);
        // A short sequence is a polynomial; a long one is tabulated, once for both of a group.
        let sequence = |column, values: usize| {
            Assertion::sequence(column, 0, ROWS / values, vec![one; values])
        };
        assert_eq!(count(&[sequence(0, 8)], &[], 0), plain);
        let long = count(&[sequence(0, 64), sequence(1, 64)], &[], 0);
        assert_eq!(long - plain, 2 * (POINTS + 2 * ROWS as u64));
        // Sixty-four rows of two columns: a table for each, and one for the values.
        let many: Vec<_> = (0..64).map(single).collect();
        assert_eq!(count(&many, &[], 0) - plain, 2 * 3 * (POINTS + ROWS as u64));
        // On three auxiliary columns of two coordinates.
        assert_eq!(count(&[single(0)], &[], 8), plain);
        assert_eq!(
            count(&[single(0)], &[], 96) - plain,
            2 * 7 * (POINTS + ROWS as u64)
        );
    }
}
