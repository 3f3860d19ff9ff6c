//! A table of small AIRs, and a prover for all of them, to hold the engine against winterfell.
//!
//! Each AIR exercises something different: width, degree, periodic columns, every kind of
//! assertion, exemptions, an auxiliary segment. [`AnyProver`] runs all of them as one type, [`AnyAir`], with any hash
//! function and vector commitment; [`TestProver`] runs one of them.

#[cfg(feature = "prover")]
mod any;
mod chain;
#[cfg(feature = "prover")]
mod cubes;
mod degree;
mod doubling;
mod fibonacci;
mod flat;
mod periodic;
#[cfg(feature = "prover")]
mod power;
#[cfg(feature = "prover")]
mod private;
#[cfg(feature = "prover")]
mod prover;
mod rap;
#[cfg(feature = "prover")]
mod secret;
mod sequences;
mod wide;

use winterfell::crypto::{Digest, Hasher};
use winterfell::math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{Air, EvaluationFrame, Trace, TraceInfo};

#[cfg(feature = "prover")]
pub use self::any::{AnyAir, Small};
pub use self::chain::Chain;
#[cfg(feature = "prover")]
pub use self::cubes::Cubes;
pub use self::degree::DegreeNine;
pub use self::doubling::Doubling;
pub use self::fibonacci::Fibonacci;
pub use self::flat::FlatCommitment;
pub use self::periodic::Periodic;
#[cfg(feature = "prover")]
pub use self::power::Power;
#[cfg(feature = "prover")]
pub use self::private::Private;
#[cfg(feature = "prover")]
pub use self::prover::{AnyProver, TestProver};
pub use self::rap::Rap;
#[cfg(feature = "prover")]
pub use self::secret::Secret;
pub use self::sequences::Sequences;
pub use self::wide::Wide;

/// An AIR that knows how to fill a valid trace of its own.
pub trait TestAir: Air<BaseField = BaseElement, PublicInputs = Inputs> + 'static {
    /// Fills a trace of `rows` rows; `width` is a wish that AIRs of fixed width ignore.
    fn trace(width: usize, rows: usize, seed: u64) -> TestTrace;

    /// The public inputs of a trace.
    fn public_inputs(trace: &TestTrace) -> Inputs;

    /// Columns of the auxiliary segment.
    fn aux_columns<E: FieldElement<BaseField = BaseElement>>(
        _trace: &TestTrace,
        _rand: &[E],
    ) -> Vec<Vec<E>> {
        Vec::new()
    }
}

/// Public inputs: plain field elements.
#[derive(Clone, Debug)]
pub struct Inputs(pub Vec<BaseElement>);

impl ToElements<BaseElement> for Inputs {
    fn to_elements(&self) -> Vec<BaseElement> {
        self.0.clone()
    }
}

/// A trace that may announce an auxiliary segment.
#[derive(Clone, Debug)]
pub struct TestTrace {
    info: TraceInfo,
    main: ColMatrix<BaseElement>,
}

impl TestTrace {
    /// A trace without auxiliary segment.
    #[must_use]
    pub fn new(columns: Vec<Vec<BaseElement>>) -> Self {
        let info = TraceInfo::new(columns.len(), columns[0].len());
        Self {
            info,
            main: ColMatrix::new(columns),
        }
    }

    /// A trace with `aux_width` auxiliary columns built from `num_rands` random elements, and with
    /// metadata.
    #[must_use]
    pub fn with_aux(columns: Vec<Vec<BaseElement>>, aux_width: usize, num_rands: usize) -> Self {
        let info = TraceInfo::new_multi_segment(
            columns.len(),
            aux_width,
            num_rands,
            columns[0].len(),
            b"winterlane test".to_vec(),
        );
        Self {
            info,
            main: ColMatrix::new(columns),
        }
    }

    /// A trace of these columns under this description.
    #[must_use]
    pub const fn of_matrix(info: TraceInfo, main: ColMatrix<BaseElement>) -> Self {
        Self { info, main }
    }

    /// The same trace with other metadata.
    #[must_use]
    pub fn with_meta(self, meta: Vec<u8>) -> Self {
        let info = TraceInfo::new_multi_segment(
            self.info.main_trace_width(),
            self.info.aux_segment_width(),
            self.info.get_num_aux_segment_rand_elements(),
            self.info.length(),
            meta,
        );
        self.with_info(info)
    }

    /// The same columns under another description.
    #[must_use]
    pub fn with_info(self, info: TraceInfo) -> Self {
        Self { info, ..self }
    }

    /// Cell of a column and row.
    #[must_use]
    pub fn get(&self, column: usize, row: usize) -> BaseElement {
        self.main.get(column, row)
    }

    /// The last row.
    #[must_use]
    pub fn last(&self) -> usize {
        self.main.num_rows() - 1
    }

    /// Overwrites a cell, so that the trace is (in general) no longer valid.
    pub fn set(&mut self, column: usize, row: usize, value: BaseElement) {
        self.main.set(column, row, value);
    }
}

impl Trace for TestTrace {
    type BaseField = BaseElement;

    fn info(&self) -> &TraceInfo {
        &self.info
    }

    fn main_segment(&self) -> &ColMatrix<BaseElement> {
        &self.main
    }

    fn read_main_frame(&self, row: usize, frame: &mut EvaluationFrame<BaseElement>) {
        self.main.read_row_into(row, frame.current_mut());
        self.main
            .read_row_into((row + 1) % self.main.num_rows(), frame.next_mut());
    }
}

/// A field element from a seed, well spread.
#[must_use]
pub fn element(seed: u64) -> BaseElement {
    let bytes = winterfell::crypto::hashers::Blake3_256::<BaseElement>::hash(&seed.to_le_bytes())
        .as_bytes();
    let mut head = [0; 8];
    head.copy_from_slice(&bytes[..8]);
    BaseElement::new(u64::from_le_bytes(head))
}

/// Columns from an update rule applied row after row to a state of `width` cells.
pub(crate) fn run(
    width: usize,
    rows: usize,
    seed: u64,
    update: impl Fn(usize, &[BaseElement]) -> Vec<BaseElement>,
) -> Vec<Vec<BaseElement>> {
    let mut state: Vec<_> = (0..width as u64)
        .map(|i| element(seed.wrapping_mul(1009).wrapping_add(i)))
        .collect();
    let mut columns = vec![Vec::with_capacity(rows); width];
    for row in 0..rows {
        for (column, &cell) in columns.iter_mut().zip(&state) {
            column.push(cell);
        }
        state = update(row, &state);
    }
    columns
}
