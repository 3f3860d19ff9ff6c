//! Every cell of a trace by itself: changed, it breaks a constraint, or it is on the list.

use std::collections::BTreeMap;

use rayon::prelude::*;
use winterlane_air::{
    batch::columns::TRACE_WIDTH,
    batch::schedule::{BLOCK_ROWS, NUM_SELECTORS, periodic_columns},
};
use winterlane_ledger::BaseElement;
use winterlane_tests::{
    cells::{FREE, Judge, Subject, Tally, listed, subjects, sweep},
    forge::{REFUSAL, table},
    stock::{Attempt, attempt},
};

const DOCUMENT: &str = include_str!("../../../air/docs/constraints.md");

/// Every cell of every row of blocks of every kind, changed in five ways.
#[test]
fn every_cell_is_bound_or_listed() {
    let tally = subjects()
        .iter()
        .map(sweep)
        .fold(Tally::default(), Tally::with);
    winterlane_tests::report!(
        "{} mutants of {} cells: {} satisfied, all of them in the {} cells that are listed as free",
        tally.tried,
        tally.cells,
        tally.satisfied,
        tally.free_cells
    );
    let mut kinds = BTreeMap::new();
    for surprise in &tally.surprises {
        let row = surprise.row % BLOCK_ROWS;
        let kind = (surprise.column, row, surprise.is_satisfied);
        kinds.entry(kind).or_insert((0, surprise)).0 += 1;
    }
    for ((column, row, _), (count, surprise)) in kinds.iter().take(100) {
        winterlane_tests::report!(
            "column {column}, row {row} of a block: {count} surprises, as {surprise:?}"
        );
    }
    assert!(
        tally.surprises.is_empty(),
        "{} mutants are not as listed",
        tally.surprises.len()
    );
    let unused: Vec<_> = (0..FREE.len())
        .filter(|entry| !tally.used.contains(entry))
        .collect();
    assert!(unused.is_empty(), "entries that no mutant used: {unused:?}");
}

/// What holds one value over many rows, changed in all of them at once.
#[test]
fn every_register_is_bound() {
    let (mut tried, mut satisfied) = (0, 0);
    for subject in subjects() {
        let wrong: Vec<String> = subject
            .stretches()
            .par_iter()
            .map_init(
                || Judge::new(&subject),
                |judge, stretch| {
                    let mutants = subject.mutants(stretch.rows.start, stretch.column);
                    let passed: Vec<u64> = mutants
                        .iter()
                        .copied()
                        .filter(|&value| {
                            judge.is_stretch_satisfied(stretch, BaseElement::new(value))
                        })
                        .collect();
                    let expected = if stretch.is_free { mutants.len() } else { 0 };
                    let wrong = (passed.len() != expected)
                        .then(|| format!("{}: {stretch:?} may be {passed:?}", subject.name));
                    (mutants.len(), passed.len(), wrong)
                },
            )
            .collect::<Vec<_>>()
            .into_iter()
            .filter_map(|(mutants, passed, wrong)| {
                tried += mutants;
                satisfied += passed;
                wrong
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    winterlane_tests::report!(
        "{tried} mutants of stretches: {satisfied} satisfied, all of an empty pool's asset"
    );
    assert!(satisfied > 0, "no subject has an empty pool");
}

/// The trace with one cell changed, to winterfell's prover and verifier.
fn proof_of(subject: &Subject, row: usize, column: usize, value: u64) -> Attempt {
    let mut rows = subject.rows.clone();
    rows[row][column] = BaseElement::new(value);
    attempt(subject.inputs, table(&rows))
}

/// A sample of cells that are bound, two of each kind of row: no proof of a mutant verifies.
#[test]
fn proofs_of_changed_cells_are_refused() {
    let subjects = subjects();
    let subject = subjects
        .iter()
        .find(|subject| subject.name == "a transfer")
        .expect("a transfer is among the subjects");
    // rows of a kind have the same selectors
    let periodic = periodic_columns();
    let mut kinds: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
    for row in 0..subject.rows.len() {
        let selectors = periodic.iter().map(|column| column[row].as_int());
        kinds.entry(selectors.collect()).or_default().push(row);
    }
    assert!(kinds.len() >= NUM_SELECTORS / 2, "{} kinds", kinds.len());
    let sample: Vec<(usize, usize, u64)> = kinds
        .values()
        .enumerate()
        .flat_map(|(kind, rows)| {
            [0, rows.len() - 1].map(|i| {
                let row = rows[i];
                let place = subject.place(row);
                // columns all over the trace, another one for each row
                let column = (0..)
                    .map(|n| (kind * 37 + row * 101 + n) % TRACE_WIDTH)
                    .find(|&column| listed(&place, column).is_none());
                let column = column.expect("registers are bound in every row");
                let mutants = subject.mutants(row, column);
                let value = mutants.iter().nth(kind % mutants.len());
                (row, column, *value.expect("there are mutants"))
            })
        })
        .collect();
    // the prover looks at no constraint: no proof at all is no refusal
    let refused = Attempt::Refused(REFUSAL.to_string());
    let wrong: Vec<_> = sample
        .par_iter()
        .filter_map(|&(row, column, value)| {
            let attempt = proof_of(subject, row, column, value);
            (attempt != refused).then_some((row, column, value, attempt))
        })
        .collect();
    winterlane_tests::report!(
        "{} proofs of changed cells, {} kinds of rows: {} refused",
        sample.len(),
        kinds.len(),
        sample.len() - wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// One cell of each entry of the list: the proof verifies, as the direct evaluation says.
#[test]
fn proofs_of_changed_free_cells_verify() {
    let subjects = subjects();
    let wrong: Vec<String> = (0..FREE.len())
        .into_par_iter()
        .filter_map(|entry| {
            let found = subjects.iter().find_map(|subject| {
                (0..subject.rows.len()).find_map(|row| {
                    let place = subject.place(row);
                    let column = FREE[entry].columns.start;
                    let mutants = subject.mutants(row, column);
                    let mut values = mutants.into_iter();
                    let value = values.find(|&value| FREE[entry].values.contains(value))?;
                    (listed(&place, column) == Some(entry)).then_some((subject, row, column, value))
                })
            });
            let Some((subject, row, column, value)) = found else {
                return Some(format!("no row for {}", FREE[entry]));
            };
            let attempt = proof_of(subject, row, column, value);
            (attempt != Attempt::Accepted).then(|| format!("{}: {attempt:?}", FREE[entry]))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The document has the list, all of it and nothing else.
#[test]
fn the_document_lists_the_free_cells() {
    let section = DOCUMENT
        .split("\n## ")
        .find(|section| section.starts_with("Free cells"))
        .expect("the document has the section");
    let listed: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let expected: Vec<String> = FREE.iter().map(ToString::to_string).collect();
    assert_eq!(listed, expected, "\n{}", expected.join("\n"));
}
