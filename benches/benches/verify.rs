//! Verification: winterfell's verifier from bytes, the same behind Winterlane's door, and Plonky3's. The size of
//! each proof is printed before its times.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_benches::{Contender, Fleet, Job, Options, Setup, Statement};

fn verify(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    let batch = Statement::Batch { operations: 64 };
    let presets = PresetName::ALL.into_iter().filter_map(|name| {
        let preset = Preset::new(name, SecurityLevel::Bits128);
        let options = Options::of_preset(preset, batch.rows())?;
        Some((batch, options, name.as_str()))
    });
    let poseidon2 = Statement::Poseidon2 { log_rows: 14 };
    let others = [(poseidon2, Options::quadratic(84, 2, 16), "84 queries")];
    for (statement, options, label) in presets.chain(others) {
        let job = Job::Verify { statement, options };
        let peers = common::everyone(1);
        let setups: Vec<_> = [Setup::winterlane(1), Setup::winterfell_verifier()]
            .into_iter()
            .chain(
                peers
                    .into_iter()
                    .filter(|setup| setup.contender == Contender::Plonky3),
            )
            .filter(|setup| job.is_for(setup.contender))
            .collect();
        let group = format!("verify/{}", statement.name());
        common::compare(criterion, &fleet, &group, label, &setups, job, 1);
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = verify }
criterion_main!(benches);
