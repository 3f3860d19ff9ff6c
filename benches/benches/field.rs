//! Field arithmetic in the first-level cache: throughput over arrays and latency of chains, on every
//! backend, beside stock winterfell and Plonky3.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_benches::{FieldOperation, Fleet, Job, Setup};
use winterlane_field_simd::Backend;

fn field(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    let mut setups = common::everyone(1);
    setups.insert(0, Setup::winterlane(1).on(Backend::Scalar));
    for (dependent, kind) in [(false, "throughput"), (true, "latency")] {
        for operation in FieldOperation::ALL {
            let job = Job::Field {
                operation,
                dependent,
            };
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
