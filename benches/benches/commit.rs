//! Row hashing and Merkle trees.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_benches::{Fleet, Job};

fn commit(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    for threads in common::threads() {
        let setups = common::everyone(threads);
        for (log_rows, columns) in [(16, 8), (18, 32), (20, 32), (16, 226), (20, 226)] {
            let job = Job::Commit { log_rows, columns };
            let label = format!("2^{log_rows} x {columns}");
            let rows = 1 << log_rows;
            // Plonky3 takes a copy of its input.
            let bytes = (2 * 8 * columns) << log_rows;
            let compare = if setups.len() * bytes > common::free_memory() {
                common::compare_alone
            } else {
                common::compare
            };
            compare(criterion, &fleet, "commit", &label, &setups, job, rows);
        }
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = commit }
criterion_main!(benches);
