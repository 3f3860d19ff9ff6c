//! What is measured: sections of jobs, each interleaved among its contenders.

use std::time::Duration;

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_benches::{
    Build, FieldOperation, Fleet, Job, Options, Rounds, Setup, Statement, WitnessStep, check_equal,
    interleave,
};
use winterlane_field_simd::Backend;

use crate::record::Record;

/// Runs that a median is taken of.
const RUNS: usize = 5;

/// A batch that is compared with nobody's is not proven again after so long.
const ALONE: Duration = Duration::from_secs(5);

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
pub(crate) const ALL: [Section; 13] = [
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
    Section::new("verify", "verification", verify),
    Section::new("presets", "the presets", presets),
    Section::new("sizes", "batches from 64 operations up", sizes),
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

/// One job for some contenders.
pub(crate) struct Entry {
    pub(crate) label: String,
    job: Job,
    setups: Vec<Setup>,
    runs: usize,
    /// A contender that has run for so long is not run again.
    budget: Duration,
    /// The same job for which the outputs are compared, if any is comparable. Counts as warm-up.
    check: Option<Job>,
    /// Whether a run that does not count comes first where nothing is compared.
    warm_up: bool,
}

impl Entry {
    fn new(label: impl Into<String>, job: Job, setups: Vec<Setup>) -> Self {
        let setups = setups
            .into_iter()
            .filter(|setup| job.is_for(setup.contender));
        Self {
            label: label.into(),
            job,
            setups: setups.collect(),
            runs: RUNS,
            budget: Duration::MAX,
            check: Some(job),
            warm_up: true,
        }
    }

    fn unchecked(self) -> Self {
        Self {
            check: None,
            ..self
        }
    }

    /// A proof, its bytes compared without proof of work: a parallel search finds another nonce.
    fn proof(label: &str, statement: Statement, options: Options, setups: Vec<Setup>) -> Self {
        let check = Job::Prove {
            statement,
            options: options.without_grinding(),
        };
        Self {
            check: Some(check),
            ..Self::new(label, Job::Prove { statement, options }, setups)
        }
    }

    /// Everyone whose programs must be there.
    pub(crate) fn setups(&self) -> &[Setup] {
        &self.setups
    }

    /// Measures it, in fresh processes, so that their memory is this job's alone. What fails is told
    /// and left out.
    pub(crate) fn measure(&self) -> (Vec<Record>, Vec<String>) {
        let mut fleet = Fleet::default();
        if let Some(check) = self.check
            && let Err(error) = check_equal(&mut fleet, &self.setups, check)
        {
            return (Vec::new(), vec![error.to_string()]);
        }
        let rounds = Rounds {
            warm_up: self.warm_up && self.check.is_none(),
            most: self.runs,
            budget: self.budget,
        };
        let (samples, failures) = interleave(&mut fleet, &self.setups, self.job, rounds);
        let record = |sample| Record::new(sample, &self.label, self.job);
        let failures = failures.iter().map(ToString::to_string).collect();
        (samples.iter().map(record).collect(), failures)
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

const BUILDS: [Build; 3] = [Build::Default, Build::V3, Build::Native];

/// Stock winterfell in its builds.
fn stock(threads: usize) -> impl Iterator<Item = Setup> {
    BUILDS
        .map(|build| Setup::winterfell(build, threads))
        .into_iter()
}

/// Plonky3 in its builds.
fn plonky3(threads: usize) -> impl Iterator<Item = Setup> {
    [Build::V3, Build::Native]
        .map(|build| Setup::plonky3(build, threads))
        .into_iter()
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
            entries.push(Entry {
                runs: 5 * RUNS,
                check: (!dependent).then_some(job),
                ..Entry::new(format!("{}, {kind}", operation.name()), job, setups.clone())
            });
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
        (14, 128, 8),
        (16, 32, 2),
        (16, 32, 4),
    ];
    let entry = |threads, (log_rows, columns, blowup)| {
        extension(size.log(log_rows), columns, blowup, everyone(threads))
    };
    let mut entries: Vec<_> = shapes.iter().map(|shape| entry(1, *shape)).collect();
    if all_threads() > 1 {
        entries.push(entry(all_threads(), shapes[0]));
    }
    entries
}

/// Eight columns at blowup 4, so that four processes hold the largest at once.
fn lde_sizes(size: Size) -> Vec<Entry> {
    let setups = || {
        let mut setups = vectors(1);
        setups.push(Setup::winterfell(Build::Native, 1));
        setups.push(Setup::plonky3(Build::Native, 1));
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

fn commit(size: Size) -> Vec<Entry> {
    let mut entries = Vec::new();
    for threads in ends_of_threads() {
        for (log_rows, columns) in [(20, 32), (18, 226)] {
            let log_rows = size.log(log_rows);
            let mut setups = vectors(threads);
            setups.push(Setup::winterfell(Build::Default, threads));
            setups.push(Setup::winterfell(Build::Native, threads));
            setups.push(Setup::plonky3(Build::Native, threads));
            let job = Job::Commit { log_rows, columns };
            entries.push(Entry::new(format!("2^{log_rows} x {columns}"), job, setups));
        }
    }
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
    setups.push(preferred(all_threads()));
    setups.dedup();
    WitnessStep::ALL
        .into_iter()
        .map(|step| {
            let count = size.operations(256);
            let job = Job::Witness { step, count };
            Entry::new(step.name(), job, setups.clone()).unchecked()
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
            // Stock provers of these are a minute a round: on one thread only.
            let others = if threads == 1 { BUILDS.len() } else { 0 };
            let setups = vectors(threads).into_iter();
            let setups = setups.chain(stock(threads).take(others)).collect();
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

/// The large batch on all threads; on one, where a stock proof of it takes half a minute, a quarter of
/// it. The bytes are compared at 64 operations.
fn batch(size: Size) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (threads, operations) in [(all_threads(), 1024), (1, 256)] {
        let setups = vectors(threads).into_iter().chain(stock(threads));
        let setups: Vec<_> = setups.collect();
        let small = batch_of(PresetName::Fast, size.operations(64), setups.clone());
        let large = batch_of(PresetName::Fast, size.operations(operations), setups);
        entries.extend(large.zip(small).map(|(large, small)| Entry {
            check: small.check,
            ..large
        }));
        if threads == 1 {
            break;
        }
    }
    entries
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

fn verify(size: Size) -> Vec<Entry> {
    let setups = || vec![preferred(1), Setup::winterfell_verifier()];
    let batches = [PresetName::Fast, PresetName::Compact]
        .into_iter()
        .filter_map(|name| {
            let operations = size.operations(1024);
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
        setups.push(Setup::plonky3(Build::Native, 1));
        let label = format!("poseidon2, 2^{log_rows} permutations, 84 queries");
        Entry::new(label, Job::Verify { statement, options }, setups).unchecked()
    };
    batches
        .chain([poseidon2])
        .map(|entry| Entry {
            runs: 5 * RUNS,
            ..entry
        })
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
                entries.push(Entry {
                    runs: 3,
                    ..Entry::proof(&label, statement, options, setups).unchecked()
                });
            }
        }
    }
    entries
}

/// Against stock winterfell up to 256 operations, then alone up to the largest that fits.
fn sizes(size: Size) -> Vec<Entry> {
    let all = all_threads();
    let mut entries = Vec::new();
    for operations in [64, 128, 256, 512, 1024, 2048, 4096, 8192] {
        let mut setups = vec![preferred(all)];
        if operations <= 256 {
            setups = vectors(all);
            if operations == 64 {
                setups.push(Setup::winterlane(all).on(Backend::Scalar));
            }
            setups.push(Setup::winterfell(Build::Native, all));
        }
        let mut names = vec![(PresetName::Fast, setups)];
        if operations <= 512 {
            let others = [PresetName::Balanced, PresetName::Compact];
            names.extend(others.map(|name| (name, vec![preferred(all)])));
        }
        for (name, setups) in names {
            let budget = if setups.len() > 1 {
                Duration::MAX
            } else {
                ALONE
            };
            let entry = batch_of(name, size.operations(operations), setups);
            entries.extend(entry.map(|entry| Entry {
                budget,
                ..entry.unchecked()
            }));
        }
    }
    entries
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
