//! Criterion over workers.

#![allow(dead_code, reason = "no bench uses all of it")]

use std::{cell::RefCell, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use winterlane_benches::{Build, Fleet, Job, Run, Setup, check_equal};
use winterlane_field_simd::Backend;

/// Criterion for jobs that take milliseconds to seconds.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args()
}

/// Threads to measure with: one, and all that there are.
pub(crate) fn threads() -> Vec<usize> {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    if all == 1 { vec![1] } else { vec![1, all] }
}

/// Winterlane on every backend of this CPU but the scalar one.
pub(crate) fn vectors(threads: usize) -> impl Iterator<Item = Setup> {
    Backend::available()
        .filter(|backend| *backend != Backend::Scalar)
        .map(move |backend| Setup::winterlane(threads).on(backend))
}

/// Winterlane on its vector backends, stock winterfell as people build it and at its best, and
/// Plonky3 at its best.
pub(crate) fn everyone(threads: usize) -> Vec<Setup> {
    vectors(threads)
        .chain([
            Setup::winterfell(Build::Default, threads),
            Setup::winterfell(Build::Native, threads),
            Setup::plonky3(Build::Native, threads),
        ])
        .collect()
}

/// Measures `job` in every setup, after a check that those with comparable outputs agree.
/// `elements` is the number of things (elements, rows, operations) that a run works on.
pub(crate) fn compare(
    criterion: &mut Criterion,
    fleet: &RefCell<Fleet>,
    group: &str,
    label: &str,
    setups: &[Setup],
    job: Job,
    elements: u64,
) {
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(elements));
    let checked = RefCell::new(false);
    for &setup in setups {
        let id = BenchmarkId::new(setup.to_string(), label);
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|runs| {
                let mut fleet = fleet.borrow_mut();
                // Here, so that benches that are filtered out prepare nothing.
                if !checked.replace(true) {
                    check_equal(&mut fleet, setups, job).unwrap_or_else(|error| panic!("{error}"));
                }
                match fleet.get(setup).and_then(|worker| worker.run(job, runs)) {
                    Ok(times) => times.iter().map(|Run { time, .. }| *time).sum(),
                    Err(error) => panic!("{error}"),
                }
            });
        });
    }
    group.finish();
    // Idle workers keep their data, so that only those of one job are alive.
    fleet.borrow_mut().clear();
}
