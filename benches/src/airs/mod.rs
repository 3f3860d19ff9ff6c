//! The AIRs that are measured.

mod narrow;
mod poseidon2;
mod wide;

use winterfell::crypto::hashers::Blake3_256;
use winterfell::math::{ToElements, fields::f64::BaseElement};
use winterfell::{Air, ProofOptions, Trace, TraceTable};
use winterlane_prover::PlainProver;

pub use narrow::Narrow;
pub use poseidon2::{FULL_CONSTANTS, PARTIAL_CONSTANTS, Poseidon2, Poseidon2Constants};
pub use wide::Wide;

pub use crate::columns::{NARROW_COLUMNS, POSEIDON2_COLUMNS, WIDE_COLUMNS};

/// The hash function of all proofs here.
pub type Hash = Blake3_256<BaseElement>;

/// An AIR that fills a trace of its own and is told the first and last cell of column 0.
pub trait BenchAir: Air<BaseField = BaseElement, PublicInputs = Ends> + Sync + 'static {
    /// A valid trace.
    fn trace(log_rows: u32) -> TraceTable<BaseElement>;
}

/// Public inputs: the first and the last cell of column 0 of the rows that are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Row 0.
    pub first: BaseElement,
    /// The last row.
    pub last: BaseElement,
    /// Which row is the last.
    pub last_row: usize,
}

impl Ends {
    /// Those of a trace.
    #[must_use]
    pub fn of(trace: &TraceTable<BaseElement>) -> Self {
        Self::of_rows(trace, trace.length())
    }

    /// Those of its first `rows` rows, 1 or more.
    #[must_use]
    pub fn of_rows(trace: &TraceTable<BaseElement>, rows: usize) -> Self {
        Self {
            first: trace.get(0, 0),
            last: trace.get(0, rows - 1),
            last_row: rows - 1,
        }
    }

    /// The two assertions.
    fn assertions(self) -> Vec<winterfell::Assertion<BaseElement>> {
        vec![
            winterfell::Assertion::single(0, 0, self.first),
            winterfell::Assertion::single(0, self.last_row, self.last),
        ]
    }
}

impl ToElements<BaseElement> for Ends {
    fn to_elements(&self) -> Vec<BaseElement> {
        vec![self.first, self.last]
    }
}

/// A plain winterfell prover of this trace.
#[must_use]
pub fn plain_prover<A: BenchAir>(
    options: ProofOptions,
    trace: &TraceTable<BaseElement>,
) -> PlainProver<A, Hash> {
    PlainProver::new(options, Ends::of(trace))
}

/// A trace from a first row and a rule for the next.
fn iterate(
    columns: usize,
    log_rows: u32,
    next: impl Fn(&[BaseElement], &mut [BaseElement]),
) -> TraceTable<BaseElement> {
    let mut table = vec![Vec::with_capacity(1 << log_rows); columns];
    let mut row: Vec<_> = (0..columns as u64)
        .map(|c| BaseElement::new(crate::data::value(c)))
        .collect();
    let mut following = row.clone();
    for _ in 0..1 << log_rows {
        for (column, &cell) in table.iter_mut().zip(&row) {
            column.push(cell);
        }
        next(&row, &mut following);
        core::mem::swap(&mut row, &mut following);
    }
    TraceTable::init(table)
}
