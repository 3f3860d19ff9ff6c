//! The linearised constraints of a trace: in which directions its wiring can move to first order.
//!
//! The sweep of `cells` changes cells one by one. A change of several cells at once may pass where
//! none of them passes alone: a bit here that makes up for a limb there. To first order such a change is
//! a *null vector* of the Jacobian, the matrix of the derivatives of all constraints of all steps by all
//! cells. The cells of the list that take any value are null vectors, each by itself. If the null space has
//! no more dimensions than there are such cells, no combination of cells moves either.
//!
//! Cells of the permutation are held fixed. What is hashed could be exchanged by whoever finds collisions,
//! of which the tangent space knows nothing, and what is left is exactly the wiring: what a row keeps
//! of the rows before, given what all rows hash. A cell that takes two values, a bit, cannot move: the
//! derivative of `b^2 - b` is 1 or -1 at a bit.

use rayon::prelude::*;
use winter_math::FieldElement;
use winterlane_air::batch::{
    columns::{PERMUTATION, RANGE, TRACE_WIDTH},
    constraints::NUM_CONSTRAINTS,
    schedule::BLOCK_ROWS,
};
use winterlane_ledger::BaseElement;

use winterlane_tests::{
    cells::{FREE, Subject, Values, listed},
    constraint_check::Checker,
    linear::Span,
};

/// The first column of the wiring.
const FIRST: usize = PERMUTATION.end;

/// Columns of the wiring.
const WIRING: usize = TRACE_WIDTH - FIRST;

/// The one documented direction over several rows of a block: the window of a collection's carries loads two of
/// three lanes, and the third may hold any value and its halves, which nothing reads.
const HALVES: (usize, core::ops::Range<usize>) = (RANGE.start + 2, 174..188);

/// The derivatives of one constraint in one step, those that are not zero. Entries from [`WIRING`] on are
/// by the cells of the next row.
#[derive(Clone, Debug)]
struct Gradient {
    constraint: usize,
    entries: Vec<(usize, BaseElement)>,
}

impl Gradient {
    fn dense(&self) -> Vec<BaseElement> {
        let mut row = vec![BaseElement::ZERO; 2 * WIRING];
        for &(column, value) in &self.entries {
            row[column] = value;
        }
        row
    }
}

/// The Jacobian of a trace's wiring.
pub(crate) struct Tangent<'a> {
    subject: &'a Subject,
    /// By row: the constraints of the step from it.
    steps: Vec<Vec<Gradient>>,
    /// By row: columns of the wiring that an assertion fixes.
    asserted: Vec<Vec<usize>>,
}

/// A row in which more cells, or fewer, are free than the list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slack {
    /// Row of the trace.
    pub(crate) row: usize,
    /// Dimensions of the null space that end in this row.
    pub(crate) found: usize,
    /// As the list has it.
    pub(crate) expected: usize,
}

impl<'a> Tangent<'a> {
    /// Differentiates all constraints of all steps.
    pub(crate) fn new(subject: &'a Subject) -> Self {
        let rows = subject.rows.len();
        let checker = Checker::new(subject.inputs);
        let steps = (0..rows - 1).into_par_iter();
        let steps = steps
            .map(|row| differentiate(subject, &checker, row))
            .collect();
        let asserted = (0..rows).map(|row| {
            let mut columns = Vec::new();
            for assertion in checker.assertions() {
                assertion.apply(rows, |at, _| {
                    if at == row && assertion.column() >= FIRST {
                        columns.push(assertion.column() - FIRST);
                    }
                });
            }
            columns
        });
        Self {
            subject,
            steps,
            asserted: asserted.collect(),
        }
    }

    /// By row, the dimensions of the null space that end there, without one of the constraints or with all.
    ///
    /// The rows are eliminated in order: equations that a row's own cells do not solve are equations on the
    /// next row's. A null vector over several rows counts in the last of them.
    pub(crate) fn nullity(&self, without: Option<usize>) -> Vec<usize> {
        let mut pending: Vec<Vec<BaseElement>> = Vec::new();
        let rows = self.subject.rows.len();
        let mut nullity = Vec::with_capacity(rows);
        for row in 0..rows {
            let unit = |&column: &usize| {
                let mut unit = vec![BaseElement::ZERO; 2 * WIRING];
                unit[column] = BaseElement::ONE;
                unit
            };
            let asserted = self.asserted[row].iter().map(unit);
            let step = self.steps.get(row).into_iter().flatten();
            let step = step.filter(|gradient| Some(gradient.constraint) != without);
            let equations = pending.drain(..).chain(asserted);
            let span = Span::of(2 * WIRING, equations.chain(step.map(Gradient::dense)));
            // An echelon form: those that begin in the next row are all equations on that row alone.
            let (own, next): (Vec<_>, Vec<_>) =
                span.into_basis().partition(|(pivot, _)| *pivot < WIRING);
            nullity.push(WIRING - own.len());
            pending = next
                .into_iter()
                .map(|(_, mut equation)| {
                    equation.drain(..WIRING);
                    equation.resize(2 * WIRING, BaseElement::ZERO);
                    equation
                })
                .collect();
        }
        nullity
    }

    /// By row, the dimensions that the document has, each counted in the last row of its vector: listed cells
    /// of any value, stretches that nothing reads, and [`HALVES`].
    ///
    /// # Panics
    /// When one of these is no null vector.
    pub(crate) fn expected(&self) -> Vec<usize> {
        let rows = self.subject.rows.len();
        let mut expected = vec![0; rows];
        let mut expect = |vector: &[(usize, BaseElement)], column: usize| {
            self.assert_null(vector, column);
            if let Some(&(last, _)) = vector.last() {
                expected[last] += 1;
            }
        };
        for row in 0..rows {
            let place = self.subject.place(row);
            for column in FIRST..TRACE_WIDTH {
                let entry = listed(&place, column).map(|entry| &FREE[entry]);
                if entry.is_some_and(|entry| entry.values == Values::Any) {
                    expect(&[(row, BaseElement::ONE)], column);
                }
            }
        }
        for stretch in self.subject.stretches() {
            if stretch.is_free {
                let vector: Vec<_> = stretch.rows.map(|row| (row, BaseElement::ONE)).collect();
                expect(&vector, stretch.column);
            }
        }
        let half = BaseElement::from(2_u32).inv();
        for start in (0..rows).step_by(BLOCK_ROWS) {
            let (column, window) = HALVES;
            let halves =
                core::iter::successors(Some(BaseElement::ONE), |&value| Some(value * half));
            let vector: Vec<_> = window.map(|row| start + row).zip(halves).collect();
            expect(&vector, column);
        }
        expected
    }

    /// The changes of one column in ascending rows keep every constraint, to first order.
    fn assert_null(&self, vector: &[(usize, BaseElement)], column: usize) {
        let column = column - FIRST;
        let value = |row: usize| {
            let found = vector.binary_search_by_key(&row, |&(row, _)| row);
            found.map_or(BaseElement::ZERO, |at| vector[at].1)
        };
        let (first, last) = (vector[0].0, vector[vector.len() - 1].0);
        let mut holds = (first..=last).all(|row| !self.asserted[row].contains(&column));
        for row in first.saturating_sub(1)..=last {
            for gradient in self.steps.get(row).into_iter().flatten() {
                let derivative = |at| {
                    let entry = gradient.entries.iter().find(|(entry, _)| *entry == at);
                    entry.map_or(BaseElement::ZERO, |&(_, value)| value)
                };
                let change =
                    derivative(column) * value(row) + derivative(WIRING + column) * value(row + 1);
                holds &= change == BaseElement::ZERO;
            }
        }
        assert!(
            holds,
            "{}: column {} of rows {first} to {last} is said to be free",
            self.subject.name,
            FIRST + column
        );
    }

    /// The rows in which the null space is not as the list has it.
    pub(crate) fn slack(&self) -> Vec<Slack> {
        let pairs = self.nullity(None).into_iter().zip(self.expected());
        let slack = pairs.enumerate().map(|(row, (found, expected))| Slack {
            row,
            found,
            expected,
        });
        slack
            .filter(|slack| slack.found != slack.expected)
            .collect()
    }
}

/// The derivatives of the constraints of the step from `row`.
fn differentiate(subject: &Subject, checker: &Checker, row: usize) -> Vec<Gradient> {
    let cells = [subject.rows[row], subject.rows[row + 1]];
    let mut gradients: Vec<_> = (0..NUM_CONSTRAINTS)
        .map(|constraint| Gradient {
            constraint,
            entries: Vec::new(),
        })
        .collect();
    let [two, six] = [2_u32, 6].map(BaseElement::from);
    let (half, sixth) = (two.inv(), six.inv());
    for column in 0..2 * WIRING {
        // A constraint is a polynomial of degree 3 at most in this cell, and zero where the cell is: its
        // values at three other places give its coefficients, the first of which is the derivative.
        let at = |step: BaseElement| {
            let mut moved = cells;
            moved[column / WIRING][FIRST + column % WIRING] += step;
            checker.evaluate(row, &moved[0], &moved[1])
        };
        let [up, down, far] = [BaseElement::ONE, -BaseElement::ONE, two].map(at);
        for (i, gradient) in gradients.iter_mut().enumerate() {
            let (even, odd) = ((up[i] + down[i]) * half, (up[i] - down[i]) * half);
            let cubic = (far[i] - two * two * even - two * odd) * sixth;
            let derivative = odd - cubic;
            if derivative != BaseElement::ZERO {
                gradient.entries.push((column, derivative));
            }
        }
    }
    gradients.retain(|gradient| !gradient.entries.is_empty());
    gradients
}
