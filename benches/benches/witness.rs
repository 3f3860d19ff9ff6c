//! What comes before a proof: keys, signatures, the account tree, sealing, trace filling. The scalar
//! backend shows what one permutation after another costs, by winter-crypto's own code.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_benches::{Fleet, Job, Setup, WitnessStep};
use winterlane_field_simd::Backend;

const COUNT: usize = 256;

fn witness(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    for threads in common::threads() {
        let scalar = Setup::winterlane(threads).on(Backend::Scalar);
        let setups: Vec<_> = common::vectors(threads).chain([scalar]).collect();
        for step in WitnessStep::ALL {
            let job = Job::Witness { step, count: COUNT };
            let name = step.name();
            common::compare(
                criterion,
                &fleet,
                "witness",
                name,
                &setups,
                job,
                COUNT as u64,
            );
        }
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = witness }
criterion_main!(benches);
