//! What is measured: sections of jobs, each interleaved among its contenders.

use winterlane_air::{
    batch::columns::TRACE_WIDTH,
    batch::schedule::BLOCK_ROWS,
    presets::{Preset, PresetName, SecurityLevel},
};
use winterlane_benches::{Build, FieldOperation, Job, Options, Setup, Statement, WitnessStep};
use winterlane_field_simd::Backend;

use crate::{
    entry::{Entry, RUNS},
    machine,
};

/// A part of the report.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    jobs: fn(Size) -> Vec<Entry>,
}

impl Section {
    const fn new(name: &'static str, title: &'static str, jobs: fn(Size) -> Vec<Entry>) -> Self {
        Self { name, title, jobs }
    }

    /// The jobs of this section.
    pub(crate) fn entries(&self, size: Size) -> Vec<Entry> {
        (self.jobs)(size)
    }
}

/// All, in the order of the page.
pub(crate) const ALL: [Section; 14] = [
    Section::new("field", "field arithmetic", field),
    Section::new("lde", "low-degree extension", lde),
    Section::new("lde-sizes", "low-degree extension by size", lde_sizes),
    Section::new("commit", "row hashing and trees", commit),
    Section::new("rescue", "Rescue-Jive compressions", rescue),
    Section::new("witness", "keys, signatures, trees, traces", witness),
    Section::new("prove", "proofs of a wide and a narrow AIR", prove),
    Section::new(
        "batch",
        "a batch of transfers, beside stock winterfell",
        batch,
    ),
    Section::new("equal", "the same AIR by Plonky3", equal),
    Section::new(
        "hiding",
        "hiding proofs, beside plain ones and Plonky3",
        hiding,
    ),
    Section::new("verify", "verification", verify),
    Section::new("presets", "the presets", presets),
    Section::new("sizes", "batches from 8 operations up", sizes),
    Section::new("scaling", "threads", scaling),
];

/// How large the jobs are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// So small that all of them take a minute, to see that everything works.
    pub(crate) smoke: bool,
}

impl Size {
    fn log(self, log_rows: u32) -> u32 {
        if self.smoke { log_rows / 2 } else { log_rows }
    }

    fn operations(self, operations: usize) -> usize {
        if self.smoke {
            (operations / 128).max(2)
        } else {
            operations
        }
    }
}

fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One and all.
fn ends_of_threads() -> Vec<usize> {
    let mut counts = vec![1, all_threads()];
    counts.dedup();
    counts
}

/// Winterlane on the vector backends.
fn vectors(threads: usize) -> Vec<Setup> {
    Backend::available()
        .filter(|backend| *backend != Backend::Scalar)
        .map(|backend| Setup::winterlane(threads).on(backend))
        .collect()
}

/// Winterlane on the backend that it picks by itself.
fn preferred(threads: usize) -> Setup {
    Setup::winterlane(threads).on(Backend::detect())
}

const BUILDS: &[Build] = if cfg!(target_arch = "x86_64") {
    &[Build::Default, Build::V3, Build::Native]
} else {
    &[Build::Default, Build::Native]
};

/// Stock winterfell in its builds.
fn stock(threads: usize) -> impl Iterator<Item = Setup> {
    BUILDS
        .iter()
        .map(move |build| Setup::winterfell(*build, threads))
}

/// The same where a round takes half a minute: without `x86-64-v3` where `native` has no more.
fn stock_briefly(threads: usize) -> impl Iterator<Item = Setup> {
    let more = Backend::detect() == Backend::Avx512;
    stock(threads).filter(move |setup| more || setup.build != Build::V3)
}

/// Plonky3 in its builds.
fn plonky3(threads: usize) -> impl Iterator<Item = Setup> {
    BUILDS
        .iter()
        .filter(|build| **build != Build::Default)
        .map(move |build| Setup::plonky3(*build, threads))
}

/// All contenders and builds.
fn everyone(threads: usize) -> Vec<Setup> {
    let mut setups = vectors(threads);
    setups.extend(stock(threads).chain(plonky3(threads)));
    setups
}

fn field(_: Size) -> Vec<Entry> {
    let mut setups = everyone(1);
    setups.insert(0, Setup::winterlane(1).on(Backend::Scalar));
    let mut entries = Vec::new();
    for dependent in [false, true] {
        for operation in FieldOperation::ALL {
            let job = Job::Field {
                operation,
                dependent,
            };
            let kind = if dependent { "latency" } else { "throughput" };
            let label = format!("{}, {kind}", operation.name());
            let entry = Entry::new(label, job, setups.clone()).runs(5 * RUNS);
            // A chain has a result of as many lanes as the contender's vectors have.
            entries.push(if dependent { entry.unchecked() } else { entry });
        }
    }
    entries
}

fn extension(log_rows: u32, columns: usize, blowup: usize, setups: Vec<Setup>) -> Entry {
    let job = Job::Lde {
        log_rows,
        columns,
        blowup,
    };
    let label = format!("2^{log_rows} x {columns}, blowup {blowup}");
    Entry::new(label, job, setups)
}

fn lde(size: Size) -> Vec<Entry> {
    let shapes = [
        (18, 32, 8),
        (18, 2, 8),
        (18, 6, 8),
        (16, 1, 8),
        (13, 128, 8),
        (16, 32, 2),
        (16, 32, 4),
    ];
    let entry = |threads, (log_rows, columns, blowup)| {
        let setups = vectors(threads).into_iter();
        let setups = setups.chain(stock_briefly(threads)).chain(plonky3(threads));
        extension(size.log(log_rows), columns, blowup, setups.collect())
    };
    let mut entries: Vec<_> = shapes.iter().map(|shape| entry(1, *shape)).collect();
    if all_threads() > 1 {
        entries.push(entry(all_threads(), shapes[0]));
    }
    entries
}

/// Eight columns at blowup 4, so that all processes hold the largest at once.
fn lde_sizes(size: Size) -> Vec<Entry> {
    let setups = || {
        let mut setups = vectors(1);
        setups.push(Setup::winterfell(Build::Native, 1));
        setups.extend(plonky3(1));
        setups
    };
    let logs: &[u32] = if size.smoke {
        &[6, 8]
    } else {
        &[10, 12, 14, 16, 18, 20]
    };
    logs.iter()
        .map(|&log_rows| extension(log_rows, 8, 4, setups()))
        .collect()
}

/// The wide matrix has 1.8 GiB: fewer contenders, on all threads only.
fn commit(size: Size) -> Vec<Entry> {
    let all = all_threads();
    let entry = |columns, setups| {
        let log_rows = size.log(20);
        let job = Job::Commit { log_rows, columns };
        Entry::new(format!("2^{log_rows} x {columns}"), job, setups)
    };
    let mut entries: Vec<_> = ends_of_threads()
        .into_iter()
        .map(|threads| entry(32, everyone(threads)))
        .collect();
    let mut wide = vectors(all);
    wide.push(Setup::winterfell(Build::Default, all));
    wide.extend(plonky3(all));
    entries.push(entry(226, wide));
    entries
}

fn rescue(size: Size) -> Vec<Entry> {
    let count = 1 << size.log(16);
    ends_of_threads()
        .into_iter()
        .map(|threads| {
            let setups = vectors(threads).into_iter().chain(stock(threads)).collect();
            Entry::new(format!("{count} pairs"), Job::Rescue { count }, setups)
        })
        .collect()
}

fn witness(size: Size) -> Vec<Entry> {
    let mut setups = vectors(1);
    setups.push(Setup::winterlane(1).on(Backend::Scalar));
    setups.push(Setup::winterfell(Build::Default, 1));
    if all_threads() > 1 {
        setups.push(preferred(all_threads()));
    }
    WitnessStep::ALL
        .into_iter()
        .map(|step| {
            let count = size.operations(256);
            let job = Job::Witness { step, count };
            Entry::new(step.name(), job, setups.clone())
        })
        .collect()
}

fn prove(size: Size) -> Vec<Entry> {
    let options = Options::quadratic(64, 8, 16);
    let statements = [
        Statement::Wide {
            log_rows: size.log(16),
        },
        Statement::Narrow {
            log_rows: size.log(18),
        },
    ];
    let mut entries = Vec::new();
    for threads in ends_of_threads() {
        for statement in statements {
            let mut setups = vectors(threads);
            setups.push(preferred(threads).for_any_air());
            // Rounds of stock provers of these take half a minute: on one thread only.
            if threads == 1 {
                setups.extend(stock_briefly(threads));
            }
            let rows = statement.rows().ilog2();
            let label = format!("{}, 2^{rows} x {}", statement.name(), statement.columns());
            entries.push(Entry::proof(&label, statement, options, setups));
        }
    }
    entries
}

fn preset(
    name: PresetName,
    level: SecurityLevel,
    operations: usize,
) -> Option<(Statement, Options)> {
    let statement = Statement::Batch { operations };
    let preset = Preset::new(name, level);
    Some((statement, Options::of_preset(preset, statement.rows())?))
}

/// A batch with a preset of 128 bits.
fn batch_of(name: PresetName, operations: usize, setups: Vec<Setup>) -> Option<Entry> {
    let (statement, options) = preset(name, SecurityLevel::Bits128, operations)?;
    let label = format!("{}-128, {operations} operations", name.as_str());
    Some(Entry::proof(&label, statement, options, setups))
}

/// The large batch on all threads, in three rounds; on one, where a stock proof of it takes half a
/// minute, an eighth of it.
fn batch(size: Size) -> Vec<Entry> {
    let mut shapes = vec![(all_threads(), 1024, 3), (1, 128, RUNS)];
    shapes.dedup_by_key(|(threads, ..)| *threads);
    shapes
        .into_iter()
        .filter_map(|(threads, operations, runs)| {
            let setups = vectors(threads).into_iter().chain(stock_briefly(threads));
            let operations = size.operations(operations);
            Some(batch_of(PresetName::Fast, operations, setups.collect())?.runs(runs))
        })
        .collect()
}

fn equal(size: Size) -> Vec<Entry> {
    let log_rows = size.log(16);
    let statement = Statement::Poseidon2 { log_rows };
    let mut entries = Vec::new();
    for threads in ends_of_threads() {
        for (queries, blowup) in [(84, 2), (28, 8)] {
            let options = Options::quadratic(queries, blowup, 16);
            let label = format!("2^{log_rows} permutations, blowup {blowup}, {queries} queries");
            let setups = vectors(threads)
                .into_iter()
                .chain(plonky3(threads))
                .collect();
            entries.push(Entry::proof(&label, statement, options, setups));
        }
    }
    entries
}

/// The options of `equal` at blowup 8, with FRI down to a remainder that the shortest trace has.
fn hiding(size: Size) -> Vec<Entry> {
    let options = Options::quadratic(28, 8, 0);
    let mut entries = Vec::new();
    for threads in ends_of_threads() {
        for log_rows in [8, size.log(16)] {
            for in_place in [true, false] {
                let job = Job::Hide {
                    log_rows,
                    options,
                    in_place,
                };
                let mode = if in_place { "in place" } else { "doubling" };
                let label = format!("2^{log_rows} rows, {mode}");
                let setups = vectors(threads).into_iter().chain(plonky3(threads));
                entries.push(Entry::new(label, job, setups.collect()).unchecked());
            }
        }
    }
    entries
}

fn verify(size: Size) -> Vec<Entry> {
    let setups = || vec![preferred(1), Setup::winterfell_verifier()];
    let batches = [(PresetName::Fast, 1024), (PresetName::Compact, 256)]
        .into_iter()
        .filter_map(|(name, operations)| {
            let operations = size.operations(operations);
            let (statement, options) = preset(name, SecurityLevel::Bits128, operations)?;
            let label = format!("{}-128, {operations} operations", name.as_str());
            let job = Job::Verify { statement, options };
            Some(Entry::new(label, job, setups()).unchecked())
        });
    let log_rows = size.log(16);
    let poseidon2 = {
        let statement = Statement::Poseidon2 { log_rows };
        let options = Options::quadratic(84, 2, 16);
        let mut setups = setups();
        setups.extend(plonky3(1));
        let label = format!("poseidon2, 2^{log_rows} permutations, 84 queries");
        Entry::new(label, Job::Verify { statement, options }, setups).unchecked()
    };
    batches
        .chain([poseidon2])
        .map(|entry| entry.runs(5 * RUNS))
        .collect()
}

fn presets(size: Size) -> Vec<Entry> {
    let mut entries = Vec::new();
    for level in [SecurityLevel::Bits128, SecurityLevel::Bits100] {
        for name in PresetName::ALL {
            let operations = size.operations(256);
            let setups = vec![preferred(all_threads())];
            if let Some((statement, options)) = preset(name, level, operations) {
                let label = Preset::new(name, level).to_string();
                let entry = Entry::proof(&label, statement, options, setups);
                entries.push(entry.unchecked().runs(3));
            }
        }
    }
    entries
}

/// Against stock winterfell at 64 and 256 operations, else alone, up to the largest that fits. The smallest
/// show where caches end.
fn sizes(size: Size) -> Vec<Entry> {
    let all = all_threads();
    let mut entries = Vec::new();
    // Smoke: 2 to 32 operations, as those of 64 to 1,024.
    let (logarithms, smaller) = if size.smoke { (6..=10, 5) } else { (3..=13, 0) };
    for logarithm in logarithms {
        let operations = 1 << logarithm;
        let mut names = vec![PresetName::Fast];
        if matches!(operations, 256 | 1024) {
            names.extend([PresetName::Balanced, PresetName::Compact]);
        }
        if operations == 1024 {
            names.push(PresetName::Smallest);
        }
        for name in names {
            let mut setups = vec![preferred(all)];
            let compared = name == PresetName::Fast && matches!(operations, 64 | 256);
            if compared {
                setups = vectors(all);
                setups.push(Setup::winterfell(Build::Native, all));
                if operations == 64 {
                    setups.push(Setup::winterlane(all).on(Backend::Scalar));
                }
            }
            if !fits(operations, name.blowup_factor()) {
                continue;
            }
            let entry = batch_of(name, operations >> smaller, setups);
            entries.extend(entry.map(|entry| if compared { entry } else { entry.alone() }));
        }
    }
    entries
}

/// Whether the memory that is free holds the extended trace, its coefficients, and a half more.
fn fits(operations: usize, blowup: usize) -> bool {
    let cells = operations * BLOCK_ROWS * TRACE_WIDTH * (blowup + 1);
    machine::free_memory().is_none_or(|free| 1.5 * 8.0 * cells as f64 <= free)
}

/// One size by powers of two of threads.
fn scaling(size: Size) -> Vec<Entry> {
    let all = all_threads();
    let mut counts: Vec<_> = core::iter::successors(Some(1), |n| Some(2 * n))
        .take_while(|n| *n < all)
        .collect();
    counts.push(all);
    let setups = counts.into_iter().map(preferred).collect();
    batch_of(PresetName::Fast, size.operations(512), setups)
        .map(Entry::unchecked)
        .into_iter()
        .collect()
}
