//! Low-degree extension: 2^14 to 2^22 rows, 1 to 240 columns, blowup 2, 4 and 8. Where the workers of all
//! contenders do not fit in memory together, one runs at a time; where not even that fits, it is said.

#![allow(missing_docs, reason = "Criterion's macros")]

mod common;

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use winterlane_benches::{Fleet, Job};

/// Bytes that a worker holds for each cell of input and of result, at most: winterfell's own transform
/// has its segments and its result at once, and all keep a copy of the input.
const INPUT: usize = 3 * 8;
const RESULT: usize = 2 * 8;

fn lde(criterion: &mut Criterion) {
    let fleet = RefCell::new(Fleet::default());
    let free = common::free_memory();
    for threads in common::threads() {
        let setups = common::everyone(threads);
        for log_rows in [14, 16, 18, 20, 22] {
            for columns in [1, 8, 32, 128, 240] {
                for blowup in [2, 4, 8] {
                    let cells = (columns * blowup) << log_rows;
                    let job = Job::Lde {
                        log_rows,
                        columns,
                        blowup,
                    };
                    let label = format!("2^{log_rows} x {columns}, blowup {blowup}");
                    let bytes = RESULT * cells + INPUT * (columns << log_rows);
                    if bytes > free {
                        println!(
                            "lde/{label}: left out, a worker holds up to {} GiB",
                            bytes >> 30
                        );
                        continue;
                    }
                    let compare = if setups.len() * bytes > free {
                        common::compare_alone
                    } else {
                        common::compare
                    };
                    compare(criterion, &fleet, "lde", &label, &setups, job, cells as u64);
                }
            }
        }
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = lde }
criterion_main!(benches);
