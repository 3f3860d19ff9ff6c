//! Proofs, end to end, and Winterlane's by phase.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::{cell::RefCell, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_benches::{Fleet, Job, Options, Setup, Statement};
use winterlane_prover::engine::Phase;

fn prove(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    let fast = Preset::new(PresetName::Fast, SecurityLevel::Bits128);
    for threads in common::threads() {
        // Without proof of work: a parallel search gives another nonce, and with it another proof.
        for (statement, options) in [
            (
                Statement::Wide { log_rows: 16 },
                Some(Options::quadratic(64, 8, 0)),
            ),
            (
                Statement::Narrow { log_rows: 18 },
                Some(Options::quadratic(64, 8, 0)),
            ),
            (
                Statement::Poseidon2 { log_rows: 15 },
                Some(Options::quadratic(84, 2, 0)),
            ),
            (
                Statement::Poseidon2 { log_rows: 15 },
                Some(Options::quadratic(28, 8, 0)),
            ),
            (
                Statement::Batch { operations: 64 },
                Options::of_preset(fast, Statement::Batch { operations: 64 }.rows())
                    .map(Options::without_grinding),
            ),
        ] {
            let Some(options) = options else { continue };
            let job = Job::Prove { statement, options };
            let mut setups = common::everyone(threads);
            setups.push(Setup::winterlane(threads).for_any_air());
            let label = format!("blowup {}, {} rows", options.blowup, statement.rows());
            let group = format!("prove/{}", statement.name());
            let rows = statement.rows() as u64;
            common::compare(criterion, &fleet, &group, &label, &setups, job, rows);
            phases(
                criterion,
                &fleet,
                statement,
                Setup::winterlane(threads),
                job,
            );
        }
    }
}

/// The phases of a proof, in groups of their own. Each is taken from proofs that are made for it.
fn phases(
    criterion: &mut Criterion,
    fleet: &RefCell<Fleet>,
    statement: Statement,
    setup: Setup,
    job: Job,
) {
    let mut group = criterion.benchmark_group(format!("prove/{}/phases", statement.name()));
    let Job::Prove { options, .. } = job else {
        return;
    };
    // What these proofs do not have would be measured as nothing.
    let phases = Phase::ALL
        .into_iter()
        .filter(|phase| !matches!(phase, Phase::Auxiliary | Phase::Grind));
    let before: &[&str] = match statement {
        Statement::Batch { .. } => &["seal", "fill trace"],
        _ => &[],
    };
    for phase in before.iter().copied().chain(phases.map(Phase::name)) {
        let id = BenchmarkId::new(
            setup.to_string(),
            format!("{phase}, blowup {}", options.blowup),
        );
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|runs| {
                let runs = common::timed(&mut fleet.borrow_mut(), setup, job, runs);
                let values = runs.iter().flat_map(|run| &run.values);
                let seconds = values.filter(|(name, _)| name.get(2..) == Some(phase));
                Duration::from_secs_f64(seconds.map(|(_, seconds)| seconds).sum())
            });
        });
    }
    group.finish();
    fleet.borrow_mut().clear();
}

criterion_group! { name = benches; config = common::criterion(); targets = prove }
criterion_main!(benches);
