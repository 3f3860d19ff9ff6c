//! Field arithmetic in the first-level cache: throughput over arrays and latency of chains, on every
//! backend, beside stock winterfell and Plonky3.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_benches::{Build, FieldOperation, Fleet, Job, Setup};
use winterlane_field_simd::Backend;

fn field(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    let mut setups = common::everyone(1);
    setups.insert(0, Setup::winterlane(1).on(Backend::Scalar));
    setups.push(Setup::plonky3(Build::V3, 1));
    for (dependent, kind) in [(false, "throughput"), (true, "latency")] {
        for operation in FieldOperation::ALL {
            let job = Job::Field {
                operation,
                dependent,
            };
            let setups: Vec<_> = setups
                .iter()
                .copied()
                .filter(|setup| job.is_for(setup.contender))
                .collect();
            common::compare(
                criterion,
                &fleet,
                &format!("field/{kind}"),
                operation.name(),
                &setups,
                job,
                (FieldOperation::ELEMENTS * operation.passes()) as u64,
            );
        }
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = field }
criterion_main!(benches);
