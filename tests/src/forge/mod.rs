//! False traces: a lie in chosen cells, and everything else as the constraints want it.
//!
//! [`Forgery`] takes the trace of a valid batch, pins cells to false values, and walks the trace row
//! by row: whatever the constraints determine from the rows so far is computed again from what
//! stands there, lies included; whatever they leave free (accounts as found, siblings, randomisers,
//! chain values) stays as it was or as it was set. So a lie breaks the constraint it is about and no
//! other, if that is possible at all: this is what a dishonest prover would do. The public inputs
//! are read off the finished trace.
//!
//! The walk knows the constraints' equations and shares no code with the prover's trace filling. On
//! a valid trace without lies it changes nothing, which a test of the suite checks.

mod chains;
mod operation;
mod path;
mod permutation;
mod verdict;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use winter_math::FieldElement;
use winterfell::{Trace, TraceTable};
use winterlane_air::{
    batch::columns::{OPERATIONS, ROOT, TRACE_WIDTH},
    batch::constraints::CONSTRAINT_GROUPS,
    batch::schedule::BLOCK_ROWS,
};
use winterlane_ledger::{BaseElement, Digest, PublicInputs, Root, SealedBatch};
use winterlane_prover::trace::fill_trace;

pub use chains::{ChainRow, FREE_DIGITS, ReadDigits, Signer, split};
pub use permutation::output;
pub use verdict::{REFUSAL, prove_in_full};

use crate::{
    constraint_check::{Checker, Violation, row_of},
    scenario::TestKey,
};

/// One row of a trace.
pub type Cells = [BaseElement; TRACE_WIDTH];

/// A false value, perhaps made from the rows above it and from its own row so far.
type Lie = Box<dyn Fn(&[Cells], usize) -> BaseElement>;

/// A false trace in the making.
pub struct Forgery {
    /// What the proof will claim: domain and batch number are used as they stand here, the rest is
    /// read off the trace in the end.
    pub inputs: PublicInputs,
    rows: Vec<Cells>,
    /// The trace it began with.
    base: Vec<Cells>,
    lies: BTreeMap<(usize, usize), Lie>,
    /// Who signs again, by block.
    signers: BTreeMap<usize, Signer>,
    /// Nodes of the account tree that blocks so far have put there, by height and index.
    nodes: BTreeMap<(usize, u64), [BaseElement; 4]>,
    /// The root that the first update opens.
    opened: Option<[BaseElement; 4]>,
}

/// A finished false trace, with the public inputs that suit it best.
#[derive(Clone)]
pub struct FalseBatch {
    /// The claim.
    pub inputs: PublicInputs,
    /// The trace.
    pub trace: TraceTable<BaseElement>,
}

/// The element `value`.
pub fn element(value: u64) -> BaseElement {
    BaseElement::new(value)
}

/// The element `-value`.
pub fn minus(value: u64) -> BaseElement {
    -BaseElement::new(value)
}

impl Forgery {
    /// Begins with the valid trace of a batch.
    ///
    /// # Panics
    /// When the batch has no trace.
    pub fn of(batch: &SealedBatch) -> Self {
        let trace = fill_trace(batch).expect("a sealed batch fills");
        let rows: Vec<Cells> = (0..trace.length()).map(|row| row_of(&trace, row)).collect();
        Self {
            inputs: batch.public_inputs,
            base: rows.clone(),
            rows,
            lies: BTreeMap::new(),
            signers: BTreeMap::new(),
            nodes: BTreeMap::new(),
            opened: None,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows; there always are.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The cell of the trace as it began.
    pub fn cell(&self, block: usize, row: usize, column: usize) -> BaseElement {
        self.base[block * BLOCK_ROWS + row][column]
    }

    /// Pins a cell to `value`; what follows from it follows.
    #[must_use]
    pub fn lie(self, block: usize, row: usize, column: usize, value: BaseElement) -> Self {
        self.lie_with(block, row, column, move |_, _| value)
    }

    /// Pins cells side by side.
    #[must_use]
    pub fn lie_lanes(
        mut self,
        block: usize,
        row: usize,
        columns: Range<usize>,
        values: &[BaseElement],
    ) -> Self {
        for (column, &value) in columns.zip(values) {
            self = self.lie(block, row, column, value);
        }
        self
    }

    /// Pins a cell to what `value` makes of all rows (those from this one on as they began) and the
    /// cell's row.
    #[must_use]
    pub fn lie_with(
        mut self,
        block: usize,
        row: usize,
        column: usize,
        value: impl Fn(&[Cells], usize) -> BaseElement + 'static,
    ) -> Self {
        self.lies
            .insert((block * BLOCK_ROWS + row, column), Box::new(value));
        self
    }

    /// Pins a cell to one more than it was.
    #[must_use]
    pub fn off_by_one(self, block: usize, row: usize, column: usize) -> Self {
        let value = self.cell(block, row, column) + BaseElement::ONE;
        self.lie(block, row, column, value)
    }

    /// Gives a cell another value to begin with. It stays if nothing determines the cell.
    #[must_use]
    pub fn set(mut self, block: usize, row: usize, column: usize, value: BaseElement) -> Self {
        self.rows[block * BLOCK_ROWS + row][column] = value;
        self
    }

    /// Sets a register for a whole block.
    #[must_use]
    pub fn register(self, block: usize, column: usize, value: BaseElement) -> Self {
        self.set(block, 0, column, value)
    }

    /// Has the operation of `block` signed again, by this one-time key, once its message is known.
    #[must_use]
    pub fn signed_by(self, block: usize, key: &Arc<TestKey>, index: u32) -> Self {
        self.signed(block, Signer::new(key, index))
    }

    /// As [`Forgery::signed_by`], in any way.
    #[must_use]
    pub fn signed(mut self, block: usize, signer: Signer) -> Self {
        self.signers.insert(block, signer);
        self
    }

    /// Walks the trace and reads the public inputs off it.
    pub fn finish(mut self) -> FalseBatch {
        for row in 0..self.rows.len() {
            self.walk(row);
        }
        self.walk_roots();
        let lanes = |row: &Cells, range: Range<usize>| {
            Digest(core::array::from_fn(|lane| row[range.start + lane]))
        };
        let last = &self.rows[self.rows.len() - 1];
        let mut inputs = self.inputs;
        inputs.old_root = Root(lanes(&self.rows[0], ROOT));
        inputs.new_root = Root(lanes(last, ROOT));
        inputs.operations_digest = lanes(last, OPERATIONS);
        FalseBatch {
            inputs,
            trace: table(&self.rows),
        }
    }
}

/// Rows as a trace table.
pub fn table(rows: &[Cells]) -> TraceTable<BaseElement> {
    TraceTable::init(
        (0..TRACE_WIDTH)
            .map(|column| rows.iter().map(|row| row[column]).collect())
            .collect(),
    )
}

/// A constraint or an assertion, wherever it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Transition constraint: its group, and its number in the group.
    Constraint(&'static str, usize),
    /// Assertion on this column, in the first row or in the last.
    Boundary {
        /// Column of the trace.
        column: usize,
        /// Whether it is about the last row.
        last: bool,
    },
}

impl FalseBatch {
    /// The constraints and assertions that the trace breaks.
    pub fn broken(&self) -> BTreeSet<Rule> {
        Checker::new(self.inputs)
            .violations(&self.trace)
            .into_iter()
            .map(|violation| match violation {
                Violation::Transition { constraint, .. } => {
                    let (group, index) = CONSTRAINT_GROUPS.name_of(constraint);
                    Rule::Constraint(group, index)
                }
                Violation::Boundary { row, column } => Rule::Boundary {
                    column,
                    last: row > 0,
                },
            })
            .collect()
    }

    /// The cell of a column.
    pub fn cell(&self, block: usize, row: usize, column: usize) -> BaseElement {
        self.trace.get(column, block * BLOCK_ROWS + row)
    }
}

/// `numerator / denominator`, or `None` if nothing divides.
fn quotient(numerator: BaseElement, denominator: BaseElement) -> Option<BaseElement> {
    (denominator != BaseElement::ZERO).then(|| numerator / denominator)
}

/// The lowest bit of an element.
fn low_bit(value: BaseElement) -> BaseElement {
    element(value.as_int() & 1)
}

/// An element without its lowest bit `bit`, halved: the next value down a range check.
fn halved(value: BaseElement, bit: BaseElement) -> BaseElement {
    (value - bit) / element(2)
}
