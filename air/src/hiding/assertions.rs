//! Assertions of the inner AIR on the hiding trace.

use alloc::{vec, vec::Vec};

use winter_air::Assertion;
use winter_math::FieldElement;

use super::{HidingError, HidingParameters};

/// A segment of the inner AIR's trace.
pub(super) struct Segment {
    pub(super) name: &'static str,
    pub(super) width: usize,
}

/// The assertions on the hiding trace: single and periodic ones as they are, a sequence as often as it
/// takes to fill the trace. On the rows of the statement they say what they said.
pub(super) fn stretch<E: FieldElement>(
    assertions: Vec<Assertion<E>>,
    parameters: &HidingParameters,
) -> Vec<Assertion<E>> {
    let times = parameters.rows() / parameters.inner_rows();
    let stretch = |assertion: Assertion<E>| {
        if assertion.is_sequence() && times > 1 {
            Assertion::sequence(
                assertion.column(),
                assertion.first_step(),
                assertion.stride(),
                assertion.values().repeat(times),
            )
        } else {
            assertion
        }
    };
    assertions.into_iter().map(stretch).collect()
}

/// Checks that the assertions lie on the statement's rows and columns, and leave every column that is not
/// public throughout enough random cells in the tail. Gives the number of columns with random cells.
pub(super) fn check<E: FieldElement>(
    assertions: &[Assertion<E>],
    segment: &Segment,
    parameters: &HidingParameters,
) -> Result<usize, HidingError> {
    let &Segment { name, width } = segment;
    let (rows, inner_rows) = (parameters.rows(), parameters.inner_rows());
    let statement = parameters.statement_rows();
    // Asserted cells of each column: of the tail, and of all rows. Winterfell refuses overlaps.
    let mut fixed = vec![(0_usize, 0_usize); width];
    for assertion in assertions {
        let (column, row) = (assertion.column(), assertion.first_step());
        let outside = HidingError::Assertion {
            segment: name,
            column,
            row,
            rows: statement,
            width,
        };
        let (Some((tail, all)), Ok(())) = (
            fixed.get_mut(column),
            assertion.validate_trace_length(inner_rows),
        ) else {
            return Err(outside);
        };
        // Of whatever kind: a value asserted in the tail alone says nothing of the statement.
        if row >= statement {
            return Err(outside);
        }
        if assertion.is_single() {
            *all += 1;
        } else {
            let stride = assertion.stride();
            // Asserted rows below a row.
            let below = |end: usize| end.saturating_sub(row).div_ceil(stride);
            *tail += below(rows) - below(statement);
            *all += below(rows);
        }
    }
    let needed = super::min_tail(parameters.queries());
    let mut random = 0;
    for (column, &(in_tail, in_all)) in fixed.iter().enumerate() {
        let free = parameters.tail().saturating_sub(in_tail);
        if free >= needed {
            random += 1;
        } else if in_all < rows {
            return Err(HidingError::FreeCells {
                segment: name,
                column,
                free,
                needed,
            });
        }
    }
    Ok(random)
}
