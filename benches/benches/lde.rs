//! Low-degree extension: 2^14 to 2^22 rows, 1 to 240 columns, blowup 2, 4 and 8.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_benches::{Fleet, Job};

/// Extensions of more cells than this (2 GiB) are left out: five workers hold theirs at once.
const MAX_CELLS: usize = 1 << 28;

fn lde(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    for threads in common::threads() {
        let setups = common::everyone(threads);
        for log_rows in [14, 16, 18, 20, 22] {
            for columns in [1, 8, 32, 128, 240] {
                for blowup in [2, 4, 8] {
                    let cells = (columns * blowup) << log_rows;
                    if cells > MAX_CELLS {
                        continue;
                    }
                    let job = Job::Lde {
                        log_rows,
                        columns,
                        blowup,
                    };
                    let label = format!("2^{log_rows} x {columns}, blowup {blowup}");
                    common::compare(criterion, &fleet, "lde", &label, &setups, job, cells as u64);
                }
            }
        }
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = lde }
criterion_main!(benches);
