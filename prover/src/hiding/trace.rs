//! The main segment of a hiding trace: the statement's rows, then the random tail.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use winter_air::{Assertion, EvaluationFrame, TraceInfo};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_prover::{Trace, matrix::ColMatrix};
use winterlane_air::HidingParameters;

use super::randomness::{ProofKey, Purpose};

/// The main segment of a hiding trace, and the trace that it hides, from which an auxiliary segment is
/// built.
///
/// The engine has its columns made while it extends them. Winterfell's prover asks for all of them at once,
/// and it is then that they are made.
pub struct HidingTrace<T> {
    info: TraceInfo,
    pub(super) inner: Arc<T>,
    parameters: HidingParameters,
    /// Those on the main segment that fix cells of the tail.
    assertions: Vec<Assertion<BaseElement>>,
    key: Arc<ProofKey>,
    main: OnceLock<ColMatrix<BaseElement>>,
}

impl<T: Trace<BaseField = BaseElement>> HidingTrace<T> {
    /// The statement's rows of `inner` with a random tail, in which the cells of `assertions` hold what is
    /// asserted, and columns of padding.
    pub(super) const fn new(
        inner: Arc<T>,
        info: TraceInfo,
        parameters: HidingParameters,
        assertions: Vec<Assertion<BaseElement>>,
        key: Arc<ProofKey>,
    ) -> Self {
        Self {
            info,
            inner,
            parameters,
            assertions,
            key,
            main: OnceLock::new(),
        }
    }

    /// Writes the cells of column `c`. The same call writes the same cells.
    pub(super) fn columns(&self) -> impl Fn(usize, &mut [BaseElement]) + Sync {
        let Self {
            parameters,
            assertions,
            key,
            ..
        } = self;
        let segment = self.inner.main_segment();
        move |c, mut column| {
            let known = if c < segment.num_cols() {
                let known = parameters.statement_rows();
                column[..known].copy_from_slice(&segment.get_column(c)[..known]);
                known
            } else {
                0
            };
            key.stream(Purpose::Main, c).fill(&mut column[known..]);
            assert_tail(core::slice::from_mut(&mut column), c, assertions, known);
        }
    }
}

/// Writes into the rows from `tail` on of the column `index`, which is given by its coordinates, what
/// `assertions` say they hold.
pub(super) fn assert_tail<E: FieldElement<BaseField = BaseElement>>(
    coordinates: &mut [&mut [BaseElement]],
    index: usize,
    assertions: &[Assertion<E>],
    tail: usize,
) {
    let rows = coordinates[0].len();
    for assertion in assertions.iter().filter(|a| a.column() == index) {
        assertion.apply(rows, |row, value| {
            if row >= tail {
                for (d, cells) in coordinates.iter_mut().enumerate() {
                    cells[row] = value.base_element(d);
                }
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
        self.main.get_or_init(|| {
            let fill = self.columns();
            let (width, rows) = (self.parameters.main_width(), self.parameters.rows());
            let columns = (0..width).into_par_iter().map(|c| {
                let mut column = vec![BaseElement::ZERO; rows];
                fill(c, &mut column);
                column
            });
            ColMatrix::new(columns.collect())
        })
    }

    fn read_main_frame(&self, row: usize, frame: &mut EvaluationFrame<BaseElement>) {
        let next = (row + 1) % self.info.length();
        let main = self.main_segment();
        main.read_row_into(row, frame.current_mut());
        main.read_row_into(next, frame.next_mut());
    }
}
