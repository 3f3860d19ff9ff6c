//! Times extensions: `lde_speed [log2 rows] [columns] [blowup] [threads] [runs]`.
//!
//! From columns of values to rows of values on the larger coset: prints the median of several runs
//! of both steps, and nanoseconds per element of the result and layer.

use std::time::Instant;

use winter_math::{StarkField, fields::f64::BaseElement};
use winterlane_field_simd::{Backend, interpolate_columns, lde_rows};

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .map(|arg| arg.parse().expect("a number"));
    let mut arg = |default| args.next().unwrap_or(default);
    let (log_n, width, blowup, threads, runs) = (arg(18), arg(32), arg(8), arg(1), arg(7));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads");
    let n = 1usize << log_n;
    let columns: Vec<Vec<BaseElement>> = (0..width)
        .map(|c| {
            (0..n)
                .map(|i| BaseElement::new((i * i + c) as u64 * 0x9e37_79b9_7f4a))
                .collect()
        })
        .collect();
    let mut work = columns.clone();
    let (mut inverse, mut extension, mut both) = (Vec::new(), Vec::new(), Vec::new());
    pool.install(|| {
        for _ in 0..runs + 2 {
            for (to, from) in work.iter_mut().zip(&columns) {
                to.copy_from_slice(from);
            }
            let start = Instant::now();
            interpolate_columns(&mut work);
            let half = start.elapsed().as_secs_f64() * 1e3;
            let matrix = lde_rows(&work, blowup, BaseElement::GENERATOR);
            let whole = start.elapsed().as_secs_f64() * 1e3;
            drop(matrix);
            inverse.push(half);
            extension.push(whole - half);
            both.push(whole);
        }
    });
    // The first two runs touch the memory.
    let median = |times: &mut Vec<f64>| {
        times.drain(..2);
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let both = median(&mut both);
    println!(
        "{} 2^{log_n} x {width}, blowup {blowup}, {threads} threads: {both:.2} ms, of which \
         interpolation {:.2}, extension {:.2}; {:.4} ns an element and layer",
        Backend::current(),
        median(&mut inverse),
        median(&mut extension),
        both * 1e6 / (n * width * (blowup + 1) * log_n) as f64,
    );
}
