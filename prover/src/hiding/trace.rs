//! The main segment of a hiding trace: the statement's rows, then the random tail.

use std::sync::Arc;

use rayon::prelude::*;
use winter_air::{Assertion, EvaluationFrame, TraceInfo};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_prover::{Trace, matrix::ColMatrix};
use winterlane_air::HidingParameters;

use super::randomness::{ProofKey, Purpose};

/// The main segment of a hiding trace, and the trace that it hides, from which an auxiliary segment is
/// built.
pub struct HidingTrace<T> {
    info: TraceInfo,
    main: ColMatrix<BaseElement>,
    pub(super) inner: Arc<T>,
}

impl<T: Trace<BaseField = BaseElement>> HidingTrace<T> {
    /// The statement's rows of `inner` with a random tail, in which the cells of `assertions` hold what is
    /// asserted, and columns of padding.
    pub(super) fn new(
        inner: Arc<T>,
        info: TraceInfo,
        parameters: &HidingParameters,
        assertions: &[Assertion<BaseElement>],
        key: &ProofKey,
    ) -> Self {
        let segment = inner.main_segment();
        let width = segment.num_cols();
        let columns = (0..parameters.main_width()).into_par_iter().map(|c| {
            let mut column = vec![BaseElement::ZERO; parameters.rows()];
            let known = if c < width {
                parameters.statement_rows()
            } else {
                0
            };
            if c < width {
                column[..known].copy_from_slice(&segment.get_column(c)[..known]);
            }
            key.stream(Purpose::Main, c).fill(&mut column[known..]);
            assert_tail(&mut column, c, assertions, known);
            column
        });
        let main = ColMatrix::new(columns.collect());
        Self { info, main, inner }
    }
}

/// Writes into the rows from `tail` on of column `index` what `assertions` say they hold.
pub(super) fn assert_tail<E: FieldElement>(
    column: &mut [E],
    index: usize,
    assertions: &[Assertion<E>],
    tail: usize,
) {
    for assertion in assertions.iter().filter(|a| a.column() == index) {
        assertion.apply(column.len(), |row, value| {
            if row >= tail {
                column[row] = value;
            }
        });
    }
}

impl<T: Trace<BaseField = BaseElement>> Trace for HidingTrace<T> {
    type BaseField = BaseElement;

    fn info(&self) -> &TraceInfo {
        &self.info
    }

    fn main_segment(&self) -> &ColMatrix<BaseElement> {
        &self.main
    }

    fn read_main_frame(&self, row: usize, frame: &mut EvaluationFrame<BaseElement>) {
        let next = (row + 1) % self.info.length();
        self.main.read_row_into(row, frame.current_mut());
        self.main.read_row_into(next, frame.next_mut());
    }
}
