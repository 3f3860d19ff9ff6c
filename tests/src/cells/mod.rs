//! Cell mutation: one cell of a valid trace changed, and every constraint that could notice.
//!
//! A mutant is the trace of a valid batch with one cell set to another value. It is *satisfied*
//! when all constraints of the two steps that the cell is part of, and all assertions on it, still
//! hold. Cells of which a mutant is satisfied are *free*: [`FREE`] lists them, and the sweep expects
//! exactly those, with exactly the values that the list says.

mod free;

use std::{collections::BTreeSet, ops::Range};

use rayon::prelude::*;
use winter_math::FieldElement;
use winterfell::Trace;
use winterlane_air::{
    batch::columns::{
        CLOSE, FEE, MIDWAY, OPERATIONS, POOL, POOL_ASSET, REGISTERS, ROOT, SEED, STEP, TRACE_WIDTH,
    },
    batch::schedule::{BLOCK_ROWS, CHAIN_END, CHAIN_START},
};
use winterlane_ledger::{BaseElement, OperationKind, PublicInputs, Scope, SealedBatch, SlotIndex};
use winterlane_prover::trace::fill_trace;

pub use free::{FREE, FreeCells, Values, When, listed};

use crate::{
    catalogue::{GOLD, NEW, world},
    constraint_check::{Checker, row_of},
    forge::Cells,
    scenario::{Op, by_first, by_second, create, rotate, top_up, transfer, withdraw},
};

/// A valid trace whose cells are changed.
pub struct Subject {
    /// What it is a batch of.
    pub name: String,
    /// The claim.
    pub inputs: PublicInputs,
    /// The rows.
    pub rows: Vec<Cells>,
    /// The operations, a block each.
    pub kinds: Vec<OperationKind>,
}

/// Where in a trace a row is, as far as the list of free cells tells rows apart.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Row of the block.
    pub row: usize,
    /// What the block is.
    pub kind: OperationKind,
    /// Whether this is the first row of the trace.
    pub is_first: bool,
    /// Whether this is the last row of the trace, where no transition constraint holds.
    pub is_last: bool,
    /// Whether the row before steps no chain, so that a pair opens here if the phase is on.
    pub opens: bool,
    /// Whether the row closes a pair of chains.
    pub closes: bool,
    /// Whether that pair is the one after which half of the message is used up.
    pub is_midway: bool,
}

impl Subject {
    /// The trace of a batch.
    ///
    /// # Panics
    /// When the batch has no trace.
    pub fn new(name: impl Into<String>, batch: &SealedBatch) -> Self {
        let trace = fill_trace(batch).expect("a sealed batch fills");
        Self {
            name: name.into(),
            inputs: batch.public_inputs,
            rows: (0..trace.length()).map(|row| row_of(&trace, row)).collect(),
            kinds: batch
                .operations
                .iter()
                .map(|operation| operation.record.kind())
                .collect(),
        }
    }

    /// Where a row is.
    pub fn place(&self, row: usize) -> Place {
        let cells = &self.rows[row];
        Place {
            row: row % BLOCK_ROWS,
            kind: self.kinds[row / BLOCK_ROWS],
            is_first: row == 0,
            is_last: row + 1 == self.rows.len(),
            opens: row == 0
                || STEP
                    .clone()
                    .all(|column| self.rows[row - 1][column] == BaseElement::ZERO),
            closes: cells[CLOSE] == BaseElement::ONE,
            is_midway: cells[MIDWAY] == BaseElement::ONE,
        }
    }

    /// The values that a cell is changed to: one more, 0, p - 1, the value of the cell below (above
    /// in the last row), that of the cell to the right (to the left in the last column).
    pub fn mutants(&self, row: usize, column: usize) -> BTreeSet<u64> {
        let cells = &self.rows[row];
        let value = cells[column];
        let below = if row + 1 < self.rows.len() {
            row + 1
        } else {
            row - 1
        };
        let beside = if column + 1 < TRACE_WIDTH {
            column + 1
        } else {
            column - 1
        };
        let mutants = [
            value + BaseElement::ONE,
            BaseElement::ZERO,
            -BaseElement::ONE,
            self.rows[below][column],
            cells[beside],
        ];
        let mutants = mutants.into_iter().filter(|&mutant| mutant != value);
        mutants.map(|mutant| mutant.as_int()).collect()
    }
}

/// The traces of the sweep: a batch of every operation alone, so that its block is the first and the
/// last, and one of sixteen slots with all of them, in both slots of keys, and padding.
///
/// # Panics
/// When the ledger refuses an operation.
pub fn subjects() -> Vec<Subject> {
    let slots = [(NEW, Scope::SPEND), (NEW, Scope::ROTATE)];
    let single: [(&str, Vec<Op>, u32); 10] = [
        ("padding", vec![], 1),
        ("a transfer", vec![by_first(transfer(1, 2, 300, 0))], 1),
        ("a withdrawal", vec![by_first(withdraw(2, 200, 0))], 1),
        (
            "a rotation of slot 0",
            vec![by_second(rotate(1, SlotIndex::Zero, NEW, Scope::SPEND, 0))],
            1,
        ),
        (
            "a rotation of slot 1",
            vec![by_first(rotate(1, SlotIndex::One, NEW, Scope::BOTH, 0))],
            1,
        ),
        ("a deposit", vec![top_up(2, GOLD, 12)], 1),
        ("a creation", vec![create(5, GOLD, 12, slots)], 1),
        ("a collection of nothing", vec![Op::Collect(0)], 1),
        (
            "a collection",
            vec![by_first(transfer(1, 2, 300, (3 << 50) + 5)), Op::Collect(0)],
            2,
        ),
        (
            "all operations",
            vec![
                by_first(transfer(1, 2, 300, 3)),
                by_first(withdraw(2, 200, 1)),
                by_second(rotate(1, SlotIndex::Zero, NEW, Scope::SPEND, 2)),
                by_first(rotate(2, SlotIndex::One, NEW, Scope::BOTH, 0)),
                top_up(2, GOLD, 12),
                create(5, GOLD, 12, slots),
                Op::Collect(0),
                by_first(transfer(9, 9, 5, 1)),
                Op::Collect(9),
                Op::Noop,
                by_second(transfer(2, 1, 5, 0)),
                by_second(withdraw(2, 5, 0)),
            ],
            16,
        ),
    ];
    single
        .into_iter()
        .map(|(name, ops, slots)| {
            let batch = world()
                .knowing(&[NEW])
                .seal(&ops, Some(slots))
                .unwrap_or_else(|(number, refusal)| {
                    panic!("{name}, operation {number}: {refusal:?}")
                });
            Subject::new(name, &batch)
        })
        .collect()
}

/// Evaluates what a cell is part of: the step to its row and the step from it, and its assertion.
pub struct Judge<'a> {
    checker: Checker,
    subject: &'a Subject,
}

impl<'a> Judge<'a> {
    /// For this trace.
    pub fn new(subject: &'a Subject) -> Self {
        Self {
            checker: Checker::new(subject.inputs),
            subject,
        }
    }

    /// Whether everything holds that could notice the cells of `row` being `cells`.
    pub fn is_satisfied(&self, row: usize, cells: &Cells) -> bool {
        let rows = &self.subject.rows;
        self.checker.assertions_hold(row, rows.len(), cells)
            && (row + 1 == rows.len() || self.checker.holds(row, cells, &rows[row + 1]))
            && (row == 0 || self.checker.holds(row - 1, &rows[row - 1], cells))
    }
}

/// Cells of one column that hold one value by design, in a row.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The column.
    pub column: usize,
    /// The rows.
    pub rows: Range<usize>,
    /// Whether nothing reads the value: the asset of a pool that stays empty.
    pub is_free: bool,
}

impl Subject {
    /// The registers of every block, seeds, and runs of the pool's asset, roots, digests and pool.
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let mut add = |column, rows, is_free| {
            stretches.push(Stretch {
                column,
                rows,
                is_free,
            });
        };
        let mut pool_start = 0;
        for block in 0..self.kinds.len() {
            let start = block * BLOCK_ROWS;
            let end = start + BLOCK_ROWS;
            for column in REGISTERS {
                add(column, start..end, false);
            }
            for column in SEED {
                add(column, start + CHAIN_START..start + CHAIN_END + 2, false);
            }
            // the pool's asset may change after a collection
            let collects = self.kinds[block] == OperationKind::CollectFees;
            if collects || block + 1 == self.kinds.len() {
                let rows = pool_start..end;
                let fees = FEE.flat_map(|column| rows.clone().map(move |row| (row, column)));
                let is_free = !collects
                    && fees
                        .clone()
                        .all(|(row, column)| self.rows[row][column] == BaseElement::ZERO);
                add(POOL_ASSET, rows, is_free);
                pool_start = end;
            }
        }
        for column in ROOT.chain(OPERATIONS).chain(POOL) {
            let mut start = 0;
            for row in 1..=self.rows.len() {
                let ends =
                    row == self.rows.len() || self.rows[row][column] != self.rows[row - 1][column];
                if ends {
                    add(column, start..row, false);
                    start = row;
                }
            }
        }
        stretches
    }
}

impl Judge<'_> {
    /// Whether everything holds that could notice a stretch being `value`.
    pub fn is_stretch_satisfied(&self, stretch: &Stretch, value: BaseElement) -> bool {
        let rows = &self.subject.rows;
        let changed = |row: usize| {
            let mut cells = rows[row];
            if stretch.rows.contains(&row) {
                cells[stretch.column] = value;
            }
            cells
        };
        let Range { start, end } = stretch.rows;
        (start..end).all(|row| self.checker.assertions_hold(row, rows.len(), &changed(row)))
            && (start.saturating_sub(1)..end.min(rows.len() - 1))
                .all(|row| self.checker.holds(row, &changed(row), &changed(row + 1)))
    }
}

/// A mutant that fared otherwise than the list says.
#[derive(Clone, Debug)]
pub struct Surprise {
    /// The trace.
    pub subject: String,
    /// Row of the trace.
    pub row: usize,
    /// Column.
    pub column: usize,
    /// The changed value.
    pub value: u64,
    /// Whether the constraints are satisfied.
    pub is_satisfied: bool,
}

/// What came of a sweep.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Cells.
    pub cells: usize,
    /// Cells of the list.
    pub free_cells: usize,
    /// Mutants.
    pub tried: usize,
    /// Mutants that are satisfied.
    pub satisfied: usize,
    /// Mutants that are satisfied and not by the list, or the other way around.
    pub surprises: Vec<Surprise>,
    /// The entries of [`FREE`] that a satisfied mutant used.
    pub used: BTreeSet<usize>,
}

impl Tally {
    /// The two together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.cells += other.cells;
        self.free_cells += other.free_cells;
        self.tried += other.tried;
        self.satisfied += other.satisfied;
        self.surprises.extend(other.surprises);
        self.used.extend(other.used);
        self
    }
}

/// Changes every cell of a trace to each of its mutants.
pub fn sweep(subject: &Subject) -> Tally {
    (0..subject.rows.len())
        .into_par_iter()
        .map_init(|| Judge::new(subject), |judge, row| sweep_row(judge, row))
        .reduce(Tally::default, Tally::with)
}

fn sweep_row(judge: &Judge<'_>, row: usize) -> Tally {
    let subject = judge.subject;
    let place = subject.place(row);
    let mut cells = subject.rows[row];
    let mut tally = Tally::default();
    for column in 0..TRACE_WIDTH {
        let listed = listed(&place, column);
        tally.cells += 1;
        tally.free_cells += usize::from(listed.is_some());
        for value in subject.mutants(row, column) {
            cells[column] = BaseElement::new(value);
            let is_satisfied = judge.is_satisfied(row, &cells);
            tally.tried += 1;
            tally.satisfied += usize::from(is_satisfied);
            if is_satisfied != listed.is_some_and(|entry| FREE[entry].values.contains(value)) {
                tally.surprises.push(Surprise {
                    subject: subject.name.clone(),
                    row,
                    column,
                    value,
                    is_satisfied,
                });
            } else if is_satisfied {
                tally.used.extend(listed);
            }
        }
        cells[column] = subject.rows[row][column];
    }
    tally
}
