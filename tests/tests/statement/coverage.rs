//! Every constraint earns its place: for each one there is a false trace that breaks it alone, so
//! that the trace would be proven if the constraint were not there.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use winterfell::Air;
use winterlane_air::{batch::NUM_ASSERTIONS, batch::constraints::CONSTRAINT_GROUPS};
use winterlane_tests::{
    catalogue::{self, Case},
    constraint_check::batch_air,
    forge::Rule,
    implied::IMPLIED,
    masked::attempt_without,
    stock::Attempt,
};

const DOCUMENT: &str = include_str!("../../../air/docs/constraints.md");

/// Every constraint and every assertion.
fn everything() -> BTreeSet<Rule> {
    let constraints = CONSTRAINT_GROUPS
        .iter()
        .flat_map(|group| (0..group.len).map(|index| Rule::Constraint(group.name, index)));
    let air = batch_air(catalogue::padding().inputs);
    let assertions = air.get_assertions();
    assert_eq!(assertions.len(), NUM_ASSERTIONS);
    let assertions = assertions.iter().map(|assertion| Rule::Boundary {
        column: assertion.column(),
        last: assertion.first_step() > 0,
    });
    constraints.chain(assertions).collect()
}

/// A case that breaks nothing but this rule, for each rule that has one.
fn covering() -> BTreeMap<Rule, Case> {
    let mut covering = BTreeMap::new();
    for case in catalogue::all() {
        if case.breaks.len() == 1 {
            let rule = case.breaks.iter().copied().next();
            rule.map(|rule| covering.insert(rule, case));
        }
    }
    covering
}

/// All cases are what they say: they break what they name and nothing else.
#[test]
fn every_false_trace_breaks_what_it_says() {
    let cases = catalogue::all();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases of one name");
    let wrong: Vec<String> = cases
        .par_iter()
        .filter_map(|case| {
            let broken = case.make().broken();
            (broken != case.breaks)
                .then(|| format!("{}: breaks {broken:?}, not {:?}", case.name, case.breaks))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every constraint and assertion has a case that breaks it alone, or a reason why none can.
#[test]
fn every_constraint_has_a_false_trace() {
    let everything = everything();
    let broken: BTreeSet<Rule> = covering().into_keys().collect();
    let implied: BTreeSet<Rule> = IMPLIED
        .iter()
        .map(|&(group, index)| Rule::Constraint(group, index))
        .collect();
    let covered: BTreeSet<Rule> = broken.union(&implied).copied().collect();
    winterlane_tests::report!(
        "{} / {} constraints and assertions: {} broken alone by a false trace, {} implied by others: {}",
        covered.intersection(&everything).count(),
        everything.len(),
        broken.len(),
        implied.len(),
        names(IMPLIED).join(", ")
    );
    let missing: Vec<_> = everything.difference(&covered).collect();
    assert!(missing.is_empty(), "without a false trace: {missing:?}");
    let unknown: Vec<_> = covered.difference(&everything).collect();
    assert!(unknown.is_empty(), "no constraints: {unknown:?}");
    let both: Vec<_> = broken.intersection(&implied).collect();
    assert!(both.is_empty(), "implied, yet broken alone: {both:?}");
}

fn names(rules: &[(&str, usize)]) -> Vec<String> {
    rules
        .iter()
        .map(|(group, index)| format!("`{group}` {index}"))
        .collect()
}

/// The document has every implied constraint, no other, and a reason for each.
#[test]
fn the_document_says_why_constraints_are_implied() {
    let section = DOCUMENT
        .split("\n## ")
        .find(|section| section.starts_with("Implied constraints"))
        .expect("the document has the section");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let (listed, reasons): (Vec<String>, Vec<&str>) = rows
        .map(|row| {
            let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
            let name = cells.next().unwrap_or_default().to_owned();
            (name, cells.next().unwrap_or_default())
        })
        .unzip();
    assert_eq!(listed, names(IMPLIED));
    for (name, reason) in listed.iter().zip(reasons) {
        let words = reason.split_whitespace().count();
        assert!(words >= 10, "{name} has no reason: {reason:?}");
    }
}

/// With winterfell's prover and verifier: without the constraint the false trace is accepted, with
/// it refused.
#[test]
fn false_traces_verify_exactly_without_their_constraint() {
    let wrong: Vec<String> = covering()
        .into_par_iter()
        .filter_map(|(rule, case)| {
            let batch = case.make();
            let without = attempt_without(rule, &batch);
            let with = batch.attempt();
            (without != Attempt::Accepted || with == Attempt::Accepted).then(|| {
                format!(
                    "{}: {without:?} without {rule:?}, {with:?} with it",
                    case.name
                )
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
