//! Proofs, end to end. The phases of each are in the `report`.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_benches::{Fleet, Job, Options, Statement};

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
            let setups: Vec<_> = common::everyone(threads)
                .into_iter()
                .filter(|setup| job.is_for(setup.contender))
                .collect();
            let label = format!("blowup {}, {} rows", options.blowup, statement.rows());
            let group = format!("prove/{}", statement.name());
            let rows = statement.rows() as u64;
            common::compare(criterion, &fleet, &group, &label, &setups, job, rows);
        }
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = prove }
criterion_main!(benches);
