//! Every cell of a statement by itself: changed, it breaks a constraint, or it is one that means nothing.

use std::collections::BTreeSet;

use winter_math::FieldElement;
use winterlane_air::private::{
    Schedule, Selector as S, Violation,
    columns::{BITS, CARRY, INDEX, PERMUTATION, RANGE, SIDE, TRACE_WIDTH},
    constraints::{NUM_CONSTRAINTS, constraint_name},
    violations,
};
use winterlane_ledger::BaseElement;

use super::world::honest;

/// Whether a changed cell breaks nothing.
fn is_free(table: &Schedule, row: usize, column: usize, value: BaseElement) -> bool {
    let on = |selector| table.is_on(selector, row);
    let before = |selector| row > 0 && table.is_on(selector, row - 1);
    let is_bit = value == BaseElement::ZERO || value == BaseElement::ONE;
    if CARRY.contains(&column) {
        // nothing comes before the first row
        return row == 0 && ![S::LoCarry, S::HiCarry, S::Path].into_iter().any(on);
    }
    match column {
        SIDE => is_bit && !on(S::Path),
        INDEX => {
            !on(S::IndexStart) && !on(S::IndexShift) && !on(S::IndexEnd) && !before(S::IndexShift)
        }
        column if RANGE.contains(&column) => {
            let loaded = [S::RangeTail, S::RangeGap, S::AddRange]
                .into_iter()
                .any(before);
            let moves = on(S::RangeShift) || before(S::RangeShift);
            let ends = on(S::RangeEnd) || on(S::RangeEndHigh);
            !loaded && !moves && !ends
        }
        column if BITS.contains(&column) => {
            let lane = column - BITS.start;
            let used = on(S::RangeShift) || ((on(S::SumEnd) || on(S::Scopes)) && lane < 4);
            is_bit && !used
        }
        _ => false,
    }
}

/// Cells of the permutation are alike in all rows: these few stand for them.
fn is_swept(row: usize, column: usize) -> bool {
    !PERMUTATION.contains(&column) || column < 8 || [0, 37].contains(&row)
}

#[test]
fn every_cell_is_bound_or_means_nothing() {
    let mut broken = BTreeSet::new();
    // one of each kind: a withdrawal and a transfer with a set, a balance within two bounds
    for number in [1, 5, 7] {
        let case = &honest()[number];
        let (air, mut trace) = (case.air(), case.trace());
        let table = air.schedule();
        for row in 0..table.rows() {
            for column in (0..TRACE_WIDTH).filter(|&column| is_swept(row, column)) {
                let honest = trace[column][row];
                let mutants = [honest + BaseElement::ONE, BaseElement::ONE - honest];
                for mutant in mutants {
                    if mutant == honest {
                        continue;
                    }
                    trace[column][row] = mutant;
                    let found = violations(&air, &trace, (row.saturating_sub(1), row + 1));
                    let free = is_free(table, row, column, mutant);
                    assert_eq!(
                        found.is_empty(),
                        free,
                        "statement {number}, row {row}, column {column}: {found:?}"
                    );
                    let constraints = found.iter().filter_map(|violation| match violation {
                        Violation::Transition { constraint, .. } => Some(*constraint),
                        _ => None,
                    });
                    broken.extend(constraints);
                }
                trace[column][row] = honest;
            }
        }
    }
    let never = (0..NUM_CONSTRAINTS).filter(|constraint| !broken.contains(constraint));
    let never: Vec<_> = never.map(constraint_name).collect();
    assert_eq!(
        never,
        [("", 0); 0],
        "constraints that no changed cell breaks"
    );
}

/// What holds one value over many rows, changed in all of them at once.
#[test]
fn every_register_is_bound() {
    use winterlane_air::private::columns::{
        ASSET, KEPT, POSITION, REAL, ROOT, SECRET, SET, SLOT, SUM,
    };
    for number in [1, 5, 7] {
        let case = &honest()[number];
        let (air, trace) = (case.air(), case.trace());
        let mut columns: Vec<usize> = [KEPT, SECRET, ROOT, SUM].into_iter().flatten().collect();
        columns.extend([ASSET, POSITION, REAL, SLOT]);
        if number != 7 {
            columns.extend(SET);
        }
        for column in columns {
            // a transfer without a fee says nothing of its asset, but all notes have it
            // lanes of registers that a statement does not use
            let unused = match number {
                7 => [SECRET.start + 2, SECRET.start + 3].contains(&column),
                _ => column == SLOT,
            };
            let mut changed = trace.clone();
            for cell in &mut changed[column] {
                *cell = BaseElement::ONE - *cell;
            }
            let found = violations(&air, &changed, (0, usize::MAX));
            assert!(
                unused || !found.is_empty(),
                "statement {number}, column {column}"
            );
        }
    }
}
