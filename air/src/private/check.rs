//! Constraints on the rows of a trace, without a proof.

use alloc::{vec, vec::Vec};
use core::fmt;

use winter_air::{Air, EvaluationFrame};
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{air::PrivateAir, constraints::CREDENTIAL_GROUPS};

/// A constraint that a trace breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A transition constraint, by its number, in the step from `row` to the next.
    Transition {
        /// Row of the trace.
        row: usize,
        /// Number of the constraint.
        constraint: usize,
    },
    /// A public value.
    Boundary {
        /// Row of the trace.
        row: usize,
        /// Column of the trace.
        column: usize,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Transition { row, constraint } => {
                let (group, index) = CREDENTIAL_GROUPS.name_of(constraint);
                write!(f, "constraint {group}[{index}] in row {row}")
            }
            Self::Boundary { row, column } => {
                write!(f, "the public value of column {column} in row {row}")
            }
        }
    }
}

/// Every constraint that the rows of a statement break in the rows `from` to `to`, the last not included:
/// `columns` are those of the trace. What the rows after the statement hold counts for nothing.
#[must_use]
pub fn violations<C: AsRef<[BaseElement]>>(
    air: &PrivateAir,
    columns: &[C],
    rows: (usize, usize),
) -> Vec<Violation> {
    let columns: Vec<&[BaseElement]> = columns.iter().map(AsRef::as_ref).collect();
    found(air, &columns, rows)
}

/// Compiled once, whatever holds the columns: the constraints are inlined into it.
fn found(
    air: &PrivateAir,
    columns: &[&[BaseElement]],
    (from, to): (usize, usize),
) -> Vec<Violation> {
    let schedule = air.schedule();
    let row_of = |row: usize| -> Vec<BaseElement> {
        let cells = columns.iter().map(|column| column.get(row).copied());
        cells.map(Option::unwrap_or_default).collect()
    };
    let mut found = Vec::new();
    for row in from..to.min(schedule.rows()) {
        let periodic: Vec<_> = super::Selector::ALL
            .iter()
            .map(|&selector| schedule.at(selector, row))
            .collect();
        let frame = EvaluationFrame::from_rows(row_of(row), row_of(row + 1));
        let number = air.context().num_main_transition_constraints();
        let mut result = vec![BaseElement::ZERO; number];
        air.evaluate_transition(&frame, &periodic, &mut result);
        let broken = result.iter().enumerate();
        let broken = broken.filter(|(_, value)| **value != BaseElement::ZERO);
        found.extend(broken.map(|(constraint, _)| Violation::Transition { row, constraint }));
    }
    for &(column, row, value) in schedule.assertions() {
        let cell = columns.get(column).and_then(|column| column.get(row));
        if (from..to).contains(&row) && cell != Some(&value) {
            found.push(Violation::Boundary { row, column });
        }
    }
    found
}
