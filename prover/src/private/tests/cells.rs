//! Every cell of a statement by itself: changed, it breaks a constraint, or it is one that means nothing.

use std::collections::BTreeSet;

use winter_math::FieldElement;
use winterlane_air::private::{
    Schedule, Selector as S, Violation,
    columns::{
        BITS, CARRY, INDEX, KEPT, PERMUTATION, RANGE, SIDE, SUM, TRACE_WIDTH, signature as signed,
    },
    constraints::{CREDENTIAL_GROUPS, NUM_SIGNED_CONSTRAINTS},
    violations,
};
use winterlane_ledger::BaseElement;

use super::{
    people,
    world::{Case, honest},
};

/// One of each kind: a withdrawal and a transfer with a set, a balance within two bounds, credentials with every
/// form of a test.
fn one_of_each() -> Vec<Case> {
    let (mut all, mut credentials) = (honest(), people::honest());
    let credentials = [3, 1].map(|number| credentials.swap_remove(number));
    let others = [7, 5, 1].map(|number| all.swap_remove(number));
    others.into_iter().chain(credentials).collect()
}

/// Whether a changed cell of the signature's columns breaks nothing.
fn is_free_in_signature(
    table: &Schedule,
    trace: &[Vec<BaseElement>],
    row: usize,
    column: usize,
    is_bit: bool,
) -> bool {
    let is_phase = |row: usize| table.is_on(S::Chains, row);
    let closes = |row: usize| trace[signed::CLOSE][row] == BaseElement::ONE;
    let opens = row > 0 && (table.is_on(S::Sign, row - 1) || closes(row - 1));
    match column {
        // the row after the phase opens no pair, but is asked for digits as if it did
        column if signed::PLACE.contains(&column) || signed::WORD.contains(&column) => {
            !is_phase(row) && !opens
        }
        column if signed::EVEN.contains(&column) || signed::ODD.contains(&column) => !is_phase(row),
        column if signed::DIGITS.contains(&column) => is_bit && !opens,
        column if signed::HINT.contains(&column) => {
            let first = column == signed::HINT.start;
            !(closes(row) && first) && trace[signed::MIDWAY][row] == BaseElement::ZERO
        }
        _ => false,
    }
}

/// Whether a changed cell breaks nothing.
fn is_free(
    table: &Schedule,
    trace: &[Vec<BaseElement>],
    row: usize,
    column: usize,
    value: BaseElement,
) -> bool {
    let is_public = |column| {
        let mut cells = table.assertions().iter();
        cells.any(|&(c, r, _)| (c, r) == (column, row))
    };
    let on = |selector| table.is_on(selector, row);
    let before = |selector| row > 0 && table.is_on(selector, row - 1);
    let is_bit = value == BaseElement::ZERO || value == BaseElement::ONE;
    if CARRY.contains(&column) {
        // nothing comes before the first row
        return row == 0 && ![S::LoCarry, S::HiCarry, S::Path].into_iter().any(on);
    }
    if row == 0 && on(S::KeepHi) && KEPT.contains(&column) {
        return true;
    }
    if row == 0 && on(S::SumFree) && SUM.contains(&column) {
        return true;
    }
    if column >= TRACE_WIDTH {
        return is_free_in_signature(table, trace, row, column, is_bit);
    }
    match column {
        SIDE => is_bit && !on(S::Path),
        INDEX => {
            let pair = on(S::Chains) || before(S::Sign);
            let path = on(S::IndexStart) || on(S::IndexShift) || on(S::IndexEnd);
            !pair && !path && !before(S::IndexShift) && !is_public(INDEX)
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
    for (number, case) in one_of_each().iter().enumerate() {
        let (air, mut trace) = (case.air(), case.trace());
        let table = air.schedule();
        for row in 0..table.rows() {
            for column in (0..table.width()).filter(|&column| is_swept(row, column)) {
                let honest = trace[column][row];
                let mutants = [honest + BaseElement::ONE, BaseElement::ONE - honest];
                for mutant in mutants {
                    if mutant == honest {
                        continue;
                    }
                    trace[column][row] = mutant;
                    let found = violations(&air, &trace, (row.saturating_sub(1), row + 1));
                    trace[column][row] = honest;
                    let free = is_free(table, &trace, row, column, mutant);
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
    let never = (0..NUM_SIGNED_CONSTRAINTS).filter(|constraint| !broken.contains(constraint));
    let never: Vec<_> = never.map(|one| CREDENTIAL_GROUPS.name_of(one)).collect();
    assert_eq!(
        never,
        [("", 0); 0],
        "constraints that no changed cell breaks"
    );
}

/// What holds one value over many rows, changed in all of them at once.
#[test]
fn every_register_is_bound() {
    use winterlane_air::private::columns::{ASSET, KEPT, POSITION, REAL, SECRET, SUM};
    for (number, case) in one_of_each().iter().enumerate() {
        let (air, trace) = (case.air(), case.trace());
        let is_credential = number > 2;
        let mut columns: Vec<usize> = [KEPT, SECRET, SUM].into_iter().flatten().collect();
        columns.push(POSITION);
        if is_credential {
            columns.extend(signed::ROOT.chain(signed::SEED));
        } else {
            // a transfer without a fee says nothing of its asset, but all notes have it
            columns.extend([ASSET, REAL]);
        }
        for column in columns {
            let mut changed = trace.clone();
            for cell in &mut changed[column] {
                *cell = BaseElement::ONE - *cell;
            }
            let found = violations(&air, &changed, (0, usize::MAX));
            assert!(!found.is_empty(), "statement {number}, column {column}");
        }
    }
}
