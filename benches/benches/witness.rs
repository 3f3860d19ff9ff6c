//! What comes before a proof: keys, signatures, the account tree, sealing, trace filling, and the hash
//! function below them. Stock is the same code over winter-crypto's own Rescue, one permutation after
//! another, as anyone builds it; traces, which have Winterlane's filling alone, are beside its scalar backend.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_benches::{Build, Fleet, Job, Setup, WitnessStep};
use winterlane_field_simd::Backend;

const COUNT: usize = 256;

/// Pairs that are compressed.
const PAIRS: usize = 1 << 14;

fn witness(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    for threads in common::threads() {
        let stock = Setup::winterfell(Build::Default, threads);
        let scalar = Setup::winterlane(threads).on(Backend::Scalar);
        let setups: Vec<_> = common::vectors(threads).chain([scalar, stock]).collect();
        let steps =
            WitnessStep::ALL.map(|step| (step.name(), Job::Witness { step, count: COUNT }, COUNT));
        let rescue = Job::Rescue { count: PAIRS };
        for (name, job, count) in steps.into_iter().chain([("rescue", rescue, PAIRS)]) {
            let count = count as u64;
            common::compare(criterion, &fleet, "witness", name, &setups, job, count);
        }
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = witness }
criterion_main!(benches);
