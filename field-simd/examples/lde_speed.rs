//! Times extensions and interpolations: `lde_speed [log2 rows] [columns] [blowup] [threads]`.
//!
//! Prints the median of several runs, and nanoseconds per element and layer of the transform.

use std::time::Instant;

use winter_math::{StarkField, fields::f64::BaseElement};
use winterlane_field_simd::{Backend, interpolate_columns, lde_rows};

/// The median time of some runs in milliseconds, the first two not counted.
fn median(runs: usize, mut f: impl FnMut()) -> f64 {
    let mut times = Vec::new();
    for _ in 0..runs + 2 {
        let start = Instant::now();
        f();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.drain(..2);
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .map(|arg| arg.parse().expect("a number"));
    let mut arg = |default| args.next().unwrap_or(default);
    let (log_n, width, blowup, threads) = (arg(18), arg(32), arg(8), arg(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads");
    let n = 1usize << log_n;
    let mut columns: Vec<Vec<BaseElement>> = (0..width)
        .map(|c| {
            (0..n)
                .map(|i| BaseElement::new((i * i + c) as u64 * 0x9e37_79b9_7f4a))
                .collect()
        })
        .collect();
    pool.install(|| {
        let layers = (n * width * log_n) as f64;
        let lde = median(7, || {
            drop(lde_rows(&columns, blowup, BaseElement::GENERATOR));
        });
        let inverse = median(7, || interpolate_columns(&mut columns));
        println!(
            "{}: 2^{log_n} x {width}, blowup {blowup}, {threads} threads: extension {lde:.1} ms \
             ({:.3} ns), interpolation {inverse:.1} ms ({:.3} ns)",
            Backend::current(),
            lde * 1e6 / layers / blowup as f64,
            inverse * 1e6 / layers,
        );
    });
}
