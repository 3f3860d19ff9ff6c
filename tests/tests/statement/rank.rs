//! No combination of wiring cells moves, to first order, but those that are listed as free; and a constraint
//! that is left out is missed.

use std::collections::BTreeSet;

use rayon::prelude::*;
use winterlane_air::batch::constraints::{CONSTRAINT_GROUPS, NUM_CONSTRAINTS};
use winterlane_tests::cells::{Subject, subjects};

use super::tangent::Tangent;

/// Constraints that the rank does not miss, by group: of the permutation, whose cells are held fixed, and those
/// that say of the wiring what others say too once it is given what is hashed. `cells`, `coverage` and the
/// forged batches are about these.
const UNSEEN: &[(&str, &[usize])] = &[
    ("input-lo", &[0, 1, 2, 3]),
    ("next-lo", &[0, 1, 2, 3]),
    ("next-hi", &[0, 1, 2, 3]),
    ("root-before", &[0, 1, 2, 3]),
    ("key-root", &[0, 1, 2, 3]),
    ("key-index", &[1, 2]),
    ("scopes", &[0, 1, 2, 3]),
    ("creation", &[0, 1, 2, 3]),
    ("new-keys", &[0, 1, 2, 3]),
    ("step-flags", &[0, 1, 2, 3]),
    ("chain-input", &[2, 3]),
    ("chain-positions", &[4, 5]),
    ("pairs", &[1, 2]),
    ("key-tree", &[0, 1, 2, 3]),
    ("path", &[0, 1, 2, 3]),
    ("siblings", &[0, 1, 2, 3]),
    ("side", &[0]),
    ("index", &[1]),
    ("limbs-end", &[2]),
    ("nonce", &[1]),
    ("flags", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    (
        "record",
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
    ),
    ("pool-asset", &[1, 2, 3]),
    ("collection", &[0, 1, 2]),
];

/// The null space of each of these traces is what the document has.
fn nothing_moves_in(subjects: &[&Subject]) {
    for subject in subjects {
        let tangent = Tangent::new(subject);
        let slack = tangent.slack();
        assert!(
            slack.is_empty(),
            "{}: {} rows, at first {:?}",
            subject.name,
            slack.len(),
            &slack[..slack.len().min(20)]
        );
        let free: usize = tangent.expected().iter().sum();
        winterlane_tests::report!(
            "rank: {}: {} rows, null space of {free} dimensions, all of them listed",
            subject.name,
            subject.rows.len()
        );
    }
}

/// Blocks of every kind, each a trace of its own.
fn short(subjects: &[Subject]) -> Vec<&Subject> {
    let short = subjects.iter().filter(|subject| subject.kinds.len() <= 2);
    short.collect()
}

#[test]
fn nothing_moves_but_the_free_cells() {
    nothing_moves_in(&short(&subjects()));
}

/// Sixteen blocks of all kinds behind one another.
#[test]
#[ignore = "takes a minute"]
fn nothing_moves_in_a_long_trace() {
    let subjects = subjects();
    nothing_moves_in(&subjects.iter().collect::<Vec<_>>());
}

/// Without one constraint of the wiring something more moves, in a block of some kind.
#[test]
fn a_constraint_that_is_left_out_is_missed() {
    let permutation = CONSTRAINT_GROUPS.find("permutation");
    let wiring = permutation.map_or(0, |(_, numbers)| numbers.end)..NUM_CONSTRAINTS;
    let mut seen: BTreeSet<usize> = wiring
        .filter(|&constraint| {
            let (group, number) = CONSTRAINT_GROUPS.name_of(constraint);
            let mut unseen = UNSEEN.iter();
            !unseen.any(|(name, numbers)| *name == group && numbers.contains(&number))
        })
        .collect();
    assert!(seen.len() > 60, "{} constraints", seen.len());
    for subject in short(&subjects()) {
        let tangent = Tangent::new(subject);
        let whole: usize = tangent.nullity(None).iter().sum();
        let missed: Vec<usize> = seen
            .par_iter()
            .copied()
            .filter(|&constraint| {
                let left: usize = tangent.nullity(Some(constraint)).iter().sum();
                left > whole
            })
            .collect();
        for constraint in missed {
            seen.remove(&constraint);
        }
        if seen.is_empty() {
            break;
        }
    }
    let names: Vec<_> = seen
        .into_iter()
        .map(|constraint| CONSTRAINT_GROUPS.name_of(constraint))
        .collect();
    assert!(names.is_empty(), "not missed: {names:?}");
}
