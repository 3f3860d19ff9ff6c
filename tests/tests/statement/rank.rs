//! No combination of wiring cells moves, to first order, but those that are listed as free; and which
//! constraint holds them.

use std::collections::BTreeSet;

use rayon::prelude::*;
use winterlane_air::batch::constraints::NUM_CONSTRAINTS;
use winterlane_tests::{
    cells::{Subject, subjects},
    constraint_check::constraint_name,
};

use super::tangent::Tangent;

/// Constraints of which the rank knows nothing, by group, and why.
const UNSEEN: &[(&str, &[usize], &str)] = &[];

/// In every row of blocks of every kind the null space is what the list of free cells has.
#[test]
fn nothing_moves_but_the_free_cells() {
    let subjects = subjects();
    for subject in &subjects {
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

/// Each constraint of the wiring, left out, lets something move, or is listed with the reason why not.
#[test]
fn a_constraint_that_is_left_out_is_missed() {
    let subjects = subjects();
    let single: Vec<&Subject> = subjects
        .iter()
        .filter(|subject| subject.kinds.len() <= 2)
        .collect();
    let mut unseen: BTreeSet<usize> = (0..NUM_CONSTRAINTS).collect();
    for subject in single {
        let tangent = Tangent::new(subject);
        let whole: usize = tangent.nullity(None).iter().sum();
        let missed: Vec<usize> = unseen
            .par_iter()
            .copied()
            .filter(|&constraint| {
                let left: usize = tangent.nullity(Some(constraint)).iter().sum();
                left > whole
            })
            .collect();
        for constraint in &missed {
            unseen.remove(constraint);
        }
    }
    let unseen: Vec<_> = unseen.into_iter().map(constraint_name).collect();
    let listed: Vec<_> = UNSEEN
        .iter()
        .flat_map(|(group, numbers, _)| numbers.iter().map(move |&number| (*group, number)))
        .collect();
    assert_eq!(unseen, listed);
}
