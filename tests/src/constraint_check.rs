//! Direct evaluation of the batch constraints on a trace, without a proof.

use std::fmt;

use winter_math::FieldElement;
use winterfell::{Air, Assertion, EvaluationFrame, ProofOptions, Trace, TraceTable};
use winterlane_air::{
    BatchAir,
    batch::columns::TRACE_WIDTH,
    batch::constraints::{CONSTRAINT_GROUPS, NUM_CONSTRAINTS},
    batch::schedule::{BLOCK_ROWS, periodic_columns},
};
use winterlane_ledger::{BaseElement, PublicInputs};

use crate::erased::Over;

/// A constraint that a trace breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    /// A transition constraint, by its number, in the step from `row` to the next.
    Transition {
        /// Row of the trace.
        row: usize,
        /// Number of the constraint.
        constraint: usize,
    },
    /// A boundary assertion.
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
                let (group, index) = CONSTRAINT_GROUPS.name_of(constraint);
                write!(
                    f,
                    "{group}[{index}] at block {} row {}",
                    row / BLOCK_ROWS,
                    row % BLOCK_ROWS
                )
            }
            Self::Boundary { row, column } => write!(f, "boundary of column {column} at row {row}"),
        }
    }
}

/// The AIR of a batch, with options that matter for nothing here.
pub fn batch_air(inputs: PublicInputs) -> BatchAir {
    let options = ProofOptions::new(
        1,
        2,
        0,
        winterfell::FieldExtension::Cubic,
        2,
        0,
        winterfell::BatchingMethod::Linear,
        winterfell::BatchingMethod::Linear,
    );
    BatchAir::new(BatchAir::trace_info(&inputs), inputs, options)
}

/// Evaluates constraints on rows of a trace.
pub struct Checker {
    air: BatchAir,
    periodic: Vec<Vec<BaseElement>>,
    assertions: Vec<Assertion<BaseElement>>,
}

impl Checker {
    /// A checker for batches with these public inputs.
    pub fn new(inputs: PublicInputs) -> Self {
        let air = batch_air(inputs);
        Self {
            periodic: periodic_columns(),
            assertions: air.get_assertions(),
            air,
        }
    }

    /// The boundary assertions.
    pub fn assertions(&self) -> &[Assertion<BaseElement>] {
        &self.assertions
    }

    /// The values of all transition constraints in the step from `row` to the next.
    pub fn evaluate(
        &self,
        row: usize,
        current: &[BaseElement; TRACE_WIDTH],
        next: &[BaseElement; TRACE_WIDTH],
    ) -> Vec<BaseElement> {
        let mut result = vec![BaseElement::ZERO; NUM_CONSTRAINTS];
        let periodic: Vec<BaseElement> = self
            .periodic
            .iter()
            .map(|column| column[row % BLOCK_ROWS])
            .collect();
        let frame = EvaluationFrame::from_rows(current.to_vec(), next.to_vec());
        // The instance that the erased AIR has.
        Over::transition(&self.air, &frame, &periodic, &mut result);
        result
    }

    /// Whether all transition constraints hold in the step from `row` to the next.
    pub fn holds(
        &self,
        row: usize,
        current: &[BaseElement; TRACE_WIDTH],
        next: &[BaseElement; TRACE_WIDTH],
    ) -> bool {
        let values = self.evaluate(row, current, next);
        values.iter().all(|&value| value == BaseElement::ZERO)
    }

    /// Whether `cells` keep the assertions on row `row` of a trace of `rows` rows.
    pub fn assertions_hold(
        &self,
        row: usize,
        rows: usize,
        cells: &[BaseElement; TRACE_WIDTH],
    ) -> bool {
        let mut hold = true;
        for assertion in &self.assertions {
            assertion.apply(rows, |at, value| {
                hold &= at != row || cells[assertion.column()] == value;
            });
        }
        hold
    }

    /// Every constraint that `trace` breaks.
    pub fn violations(&self, trace: &TraceTable<BaseElement>) -> Vec<Violation> {
        let rows = trace.length();
        let mut violations = Vec::new();
        let mut current = row_of(trace, 0);
        for row in 0..rows - 1 {
            let next = row_of(trace, row + 1);
            let values = self.evaluate(row, &current, &next);
            violations.extend(
                values
                    .iter()
                    .enumerate()
                    .filter(|(_, value)| **value != BaseElement::ZERO)
                    .map(|(constraint, _)| Violation::Transition { row, constraint }),
            );
            current = next;
        }
        for assertion in &self.assertions {
            assertion.apply(rows, |row, value| {
                if trace.get(assertion.column(), row) != value {
                    violations.push(Violation::Boundary {
                        row,
                        column: assertion.column(),
                    });
                }
            });
        }
        violations
    }
}

/// One row of a trace.
pub fn row_of(trace: &TraceTable<BaseElement>, row: usize) -> [BaseElement; TRACE_WIDTH] {
    std::array::from_fn(|column| trace.get(column, row))
}
