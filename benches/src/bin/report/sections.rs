//! What is measured: sections of jobs, each interleaved among its contenders.

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_benches::{
    Build, FieldOperation, Fleet, Job, Options, Setup, Statement, WitnessStep, WorkerError,
    check_equal, interleave,
};
use winterlane_field_simd::Backend;

use crate::record::Record;

/// Runs a median is taken of, and of jobs that take a stock prover most of a minute.
const RUNS: usize = 5;
const RUNS_OF_LONG: usize = 3;

/// A part of the report.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    jobs: fn() -> Vec<Entry>,
}

/// One job for some contenders.
struct Entry {
    label: String,
    job: Job,
    setups: Vec<Setup>,
    runs: usize,
    /// The same job for which the outputs are compared, if any is comparable.
    check: Option<Job>,
}

pub(crate) const ALL: [Section; 9] = [
    Section {
        name: "field",
        title: "field arithmetic",
        jobs: field,
    },
    Section {
        name: "lde",
        title: "low-degree extension",
        jobs: lde,
    },
    Section {
        name: "commit",
        title: "row hashing and trees",
        jobs: commit,
    },
    Section {
        name: "witness",
        title: "keys, signatures, trees, traces",
        jobs: witness,
    },
    Section {
        name: "prove",
        title: "proofs of three AIRs",
        jobs: prove,
    },
    Section {
        name: "stock",
        title: "a batch of 1,024 by stock winterfell",
        jobs: stock,
    },
    Section {
        name: "equal",
        title: "the same AIR by Plonky3",
        jobs: equal,
    },
    Section {
        name: "presets",
        title: "the presets",
        jobs: presets,
    },
    Section {
        name: "sizes",
        title: "batches from 64 operations up",
        jobs: sizes,
    },
];

impl Section {
    /// Measures all jobs. Workers live for one job, so that memory is that job's alone.
    pub(crate) fn measure(&self) -> Result<Vec<Record>, WorkerError> {
        let mut records = Vec::new();
        for Entry {
            label,
            job,
            setups,
            runs,
            check,
        } in (self.jobs)()
        {
            let setups: Vec<_> = setups
                .into_iter()
                .filter(|setup| job.is_for(setup.contender))
                .collect();
            let mut fleet = Fleet::default();
            if let Some(check) = check {
                let compared = check_equal(&mut fleet, &setups, check)?;
                eprintln!("  {label}: {compared} equal outputs");
            }
            for sample in interleave(&mut fleet, &setups, job, runs)? {
                let record = Record::new(&sample, &label, job);
                eprintln!("  {label}: {}: {:.6} s", sample.setup, record.seconds);
                records.push(record);
            }
        }
        Ok(records)
    }
}

fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn thread_counts() -> Vec<usize> {
    let all = all_threads();
    let mut counts: Vec<_> = core::iter::successors(Some(1), |n| Some(2 * n))
        .take_while(|n| *n < all)
        .collect();
    counts.push(all);
    counts
}

/// One and all.
fn ends_of_threads() -> Vec<usize> {
    let mut counts = vec![1, all_threads()];
    counts.dedup();
    counts
}

/// Winterlane on the vector backends.
fn vectors(threads: usize) -> impl Iterator<Item = Setup> {
    Backend::available()
        .filter(|backend| *backend != Backend::Scalar)
        .map(move |backend| Setup::winterlane(threads).on(backend))
}

/// All contenders and builds.
fn everyone(threads: usize) -> Vec<Setup> {
    let builds = [Build::Default, Build::V3, Build::Native];
    vectors(threads)
        .chain(builds.map(|build| Setup::winterfell(build, threads)))
        .chain([Build::V3, Build::Native].map(|build| Setup::plonky3(build, threads)))
        .collect()
}

fn field() -> Vec<Entry> {
    let mut setups = everyone(1);
    setups.insert(0, Setup::winterlane(1).on(Backend::Scalar));
    let mut entries = Vec::new();
    for dependent in [false, true] {
        for operation in FieldOperation::ALL {
            let job = Job::Field {
                operation,
                dependent,
            };
            entries.push(Entry {
                label: operation.name().into(),
                job,
                setups: setups.clone(),
                runs: 5 * RUNS,
                check: (!dependent).then_some(job),
            });
        }
    }
    entries
}

fn lde() -> Vec<Entry> {
    let entry = |log_rows, columns, setups| {
        let job = Job::Lde {
            log_rows,
            columns,
            blowup: 8,
        };
        Entry {
            label: format!("2^{log_rows} x {columns}"),
            job,
            setups,
            runs: RUNS,
            check: Some(job),
        }
    };
    let mut entries: Vec<_> = [12, 14, 16, 18, 20]
        .map(|log_rows| entry(log_rows, 32, everyone(1)))
        .into();
    for columns in [1, 2, 6, 128] {
        entries.push(entry(16, columns, everyone(1)));
    }
    if all_threads() > 1 {
        entries.push(entry(18, 32, everyone(all_threads())));
    }
    entries
}

fn commit() -> Vec<Entry> {
    let mut entries = Vec::new();
    for threads in ends_of_threads() {
        for (log_rows, columns) in [(20, 32), (18, 226)] {
            let job = Job::Commit { log_rows, columns };
            entries.push(Entry {
                label: format!("2^{log_rows} x {columns}"),
                job,
                setups: everyone(threads),
                runs: RUNS,
                check: Some(job),
            });
        }
    }
    entries
}

fn witness() -> Vec<Entry> {
    let setups = || {
        let scalar = Setup::winterlane(1).on(Backend::Scalar);
        vectors(1)
            .chain([scalar])
            .chain([Setup::winterlane(all_threads())])
            .collect()
    };
    WitnessStep::ALL
        .into_iter()
        .map(|step| Entry {
            label: step.name().into(),
            job: Job::Witness { step, count: 256 },
            setups: setups(),
            runs: RUNS,
            check: None,
        })
        .collect()
}

/// A proof, its bytes compared without proof of work: a parallel search finds another nonce.
fn proof(label: &str, statement: Statement, options: Options, setups: Vec<Setup>) -> Entry {
    Entry {
        label: label.into(),
        job: Job::Prove { statement, options },
        setups,
        runs: RUNS,
        check: Some(Job::Prove {
            statement,
            options: options.without_grinding(),
        }),
    }
}

fn prove() -> Vec<Entry> {
    let options = Options::quadratic(64, 8, 16);
    let statements = [
        Statement::Wide { log_rows: 16 },
        Statement::Narrow { log_rows: 18 },
    ];
    let mut entries = Vec::new();
    for threads in ends_of_threads() {
        for statement in statements {
            entries.push(proof(
                statement.name(),
                statement,
                options,
                everyone(threads),
            ));
        }
    }
    entries
}

fn fast(operations: usize) -> Option<(Statement, Options)> {
    preset(PresetName::Fast, operations)
}

fn preset(name: PresetName, operations: usize) -> Option<(Statement, Options)> {
    let statement = Statement::Batch { operations };
    let preset = Preset::new(name, SecurityLevel::Bits128);
    Some((statement, Options::of_preset(preset, statement.rows())?))
}

fn stock() -> Vec<Entry> {
    let entry = |(statement, options)| Entry {
        runs: RUNS_OF_LONG,
        ..proof("fast", statement, options, everyone(all_threads()))
    };
    fast(1024).map(entry).into_iter().collect()
}

fn equal() -> Vec<Entry> {
    let statement = Statement::Poseidon2 { log_rows: 16 };
    let setups = |threads| {
        let mut setups: Vec<_> = vectors(threads).collect();
        setups.extend([Build::V3, Build::Native].map(|build| Setup::plonky3(build, threads)));
        setups
    };
    let mut entries = Vec::new();
    for threads in ends_of_threads() {
        for (queries, blowup) in [(84, 2), (28, 8)] {
            let options = Options::quadratic(queries, blowup, 16);
            let label = format!("blowup {blowup}, {queries} queries");
            entries.push(proof(&label, statement, options, setups(threads)));
        }
    }
    entries
}

fn presets() -> Vec<Entry> {
    let setups = vec![Setup::winterlane(all_threads())];
    PresetName::ALL
        .into_iter()
        .filter_map(|name| {
            let (statement, options) = preset(name, 256)?;
            Some(Entry {
                check: None,
                ..proof(name.as_str(), statement, options, setups.clone())
            })
        })
        .collect()
}

fn sizes() -> Vec<Entry> {
    let mut entries = Vec::new();
    for operations in [64, 128, 256, 512, 1024, 2048] {
        let Some((statement, options)) = fast(operations) else {
            continue;
        };
        let mut setups: Vec<_> = vectors(all_threads()).collect();
        // Strong scaling at one size.
        if operations == 512 {
            setups.extend(
                thread_counts()
                    .iter()
                    .rev()
                    .skip(1)
                    .map(|&n| Setup::winterlane(n)),
            );
        }
        if operations <= 256 {
            setups.push(Setup::winterlane(all_threads()).on(Backend::Scalar));
            setups.push(Setup::winterfell(Build::Native, all_threads()));
        }
        entries.push(Entry {
            check: None,
            ..proof("fast", statement, options, setups)
        });
    }
    entries
}
