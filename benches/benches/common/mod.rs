//! Criterion over workers.

#![allow(dead_code, reason = "no bench uses all of it")]

use std::{cell::RefCell, fs, time::Duration};

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

/// The flags of the peers' fast builds: those for AVX2 alone beside this CPU's own.
const FLAGS: &[Build] = if cfg!(target_arch = "x86_64") {
    &[Build::V3, Build::Native]
} else {
    &[Build::Native]
};

/// Winterlane on its vector backends, stock winterfell as people build it, and both peers with flags.
pub(crate) fn everyone(threads: usize) -> Vec<Setup> {
    let flagged = FLAGS.iter().flat_map(|build| {
        let peers = [Setup::winterfell, Setup::plonky3];
        peers.map(|peer| peer(*build, threads))
    });
    vectors(threads)
        .chain([Setup::winterfell(Build::Default, threads)])
        .chain(flagged)
        .collect()
}

/// Bytes that are free now, where the system tells; all that can be otherwise.
pub(crate) fn free_memory() -> usize {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kibibytes.map_or(usize::MAX, |kibibytes| 1024 * kibibytes)
}

/// Measures `job` in every setup that has such a piece, after a check that those with comparable outputs
/// agree. `elements` is the number of things (elements, rows, operations) that a run works on.
pub(crate) fn compare(
    criterion: &mut Criterion,
    fleet: &RefCell<Fleet>,
    group: &str,
    label: &str,
    setups: &[Setup],
    job: Job,
    elements: u64,
) {
    let setups: Vec<_> = setups
        .iter()
        .copied()
        .filter(|setup| job.is_for(setup.contender))
        .collect();
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(elements));
    let mut checked = false;
    for &setup in &setups {
        let id = BenchmarkId::new(setup.to_string(), label);
        let mut shown = false;
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|runs| {
                let mut fleet = fleet.borrow_mut();
                // Here, so that benches that are filtered out prepare nothing.
                if !core::mem::replace(&mut checked, true) {
                    check(&mut fleet, &setups, job);
                }
                let runs = timed(&mut fleet, setup, job, runs);
                let bytes = runs.first().and_then(|run| run.values.get("proof_bytes"));
                if let Some(bytes) = bytes
                    && !core::mem::replace(&mut shown, true)
                {
                    println!("{setup}, {label}: a proof of {:.1} KiB", bytes / 1024.0);
                }
                runs.iter().map(|run| run.time).sum()
            });
        });
    }
    group.finish();
    // Idle workers keep their data, so that only those of one job are alive.
    fleet.borrow_mut().clear();
}

/// The same of a job so large that only one worker at a time fits.
pub(crate) fn compare_alone(
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
    let mut first = None;
    for &setup in setups {
        let id = BenchmarkId::new(setup.to_string(), label);
        let mut checked = false;
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|runs| {
                let mut fleet = fleet.borrow_mut();
                if !core::mem::replace(&mut checked, true) {
                    let digest = fleet.get(setup).and_then(|worker| worker.digest(job));
                    // None of what is not comparable.
                    if let Some(digest) = digest.unwrap_or_else(|error| panic!("{error}")) {
                        let first = first.get_or_insert_with(|| digest.clone());
                        assert_eq!(*first, digest, "{setup}");
                    }
                }
                timed(&mut fleet, setup, job, runs)
                    .iter()
                    .map(|run| run.time)
                    .sum()
            });
        });
        fleet.borrow_mut().clear();
    }
    group.finish();
}

/// Compares the outputs, and before those of proofs the traces.
pub(crate) fn check(fleet: &mut Fleet, setups: &[Setup], job: Job) {
    for job in job.trace().into_iter().chain([job]) {
        check_equal(fleet, setups, job).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Runs of a job.
pub(crate) fn timed(fleet: &mut Fleet, setup: Setup, job: Job, runs: u64) -> Vec<Run> {
    let done = fleet.get(setup).and_then(|worker| worker.run(job, runs));
    done.unwrap_or_else(|error| panic!("{error}"))
}
