//! Every constraint earns its place: for each one there is a false trace that breaks it alone, so
//! that the trace would be proven if the constraint were not there.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use winterfell::Air;
use winterlane_air::{batch_air::NUM_ASSERTIONS, constraints::CONSTRAINT_GROUPS};
use winterlane_tests::{
    catalogue::{self, Case},
    constraint_check::batch_air,
    forge::Rule,
    implied::IMPLIED,
    masked::attempt_without,
    stock::Attempt,
};

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
    let covering: BTreeSet<Rule> = covering().into_keys().collect();
    let implied: BTreeSet<Rule> = IMPLIED
        .iter()
        .map(|&(group, index, _)| Rule::Constraint(group, index))
        .collect();
    let missing: Vec<_> = everything
        .iter()
        .filter(|rule| !covering.contains(rule) && !implied.contains(rule))
        .collect();
    println!(
        "constraints and assertions broken alone by a false trace: {} / {}, and {} implied by others",
        covering.len(),
        everything.len(),
        implied.len()
    );
    assert!(missing.is_empty(), "without a false trace: {missing:?}");
    assert!(implied.is_disjoint(&covering), "implied, yet broken alone");
    assert!(covering.is_subset(&everything) && implied.is_subset(&everything));
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
