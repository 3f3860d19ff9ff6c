//! Counts instructions of kernels and of a small proof, and compares them with `baseline.json`:
//! repeatable where seconds are not. Needs valgrind.
//!
//! ```text
//! guard              compare with the baseline; fails if a count grew by more than 3 per cent
//! guard --update     write the baseline
//! ```
//!
//! Each job runs under callgrind twice, with one and with three repetitions in one process; half the
//! difference is one repetition without start-up and preparation. Valgrind shows every program the
//! same CPU with AVX2 and without AVX-512, so that neither the backends counted (`scalar` and `avx2`,
//! on one thread) nor what libraries detect for themselves depend on the machine. On one without AVX2
//! nothing is compared. Another compiler generates other code: the tolerance is wider then.

#![forbid(unsafe_code)]

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use winterlane_benches::{
    Contender, FieldOperation, Job, Options, Reply, Request, Statement, WitnessStep, ours,
};
use winterlane_field_simd::{BACKEND_VARIABLE, Backend};

/// How much a count may grow: memory allocators and hash maps are not the same everywhere.
const TOLERANCE: f64 = 0.03;

/// The same when the baseline was made by another compiler.
const TOLERANCE_OF_ANOTHER_COMPILER: f64 = 0.15;

/// The argument that makes this program the process that is counted.
const COUNTED: &str = "--counted";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] => check(),
        ["--update"] => update(),
        [COUNTED] => winterlane_benches::serve(ours::prepare).map_err(Into::into),
        _ => Err("usage: guard [--update]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("guard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn jobs() -> Vec<(&'static str, Job)> {
    let options = Options::quadratic(20, 8, 0);
    let narrow = Statement::Narrow { log_rows: 10 };
    let wide = Statement::Wide { log_rows: 8 };
    let batch = Statement::Batch { operations: 2 };
    // The cubic extension, in whose field constraints are merged, DEEP composed and FRI folded.
    let cubic = Options {
        extension: 3,
        blowup: 2,
        ..options
    };
    let lde = |log_rows, columns, blowup| Job::Lde {
        log_rows,
        columns,
        blowup,
    };
    let commit = Job::Commit {
        log_rows: 12,
        columns: 32,
    };
    let field = |operation| Job::Field {
        operation,
        dependent: false,
    };
    let prove = |statement, options| Job::Prove { statement, options };
    let verify = Job::Verify {
        statement: narrow,
        options,
    };
    let fill = Job::Witness {
        step: WitnessStep::FillTrace,
        count: 8,
    };
    vec![
        ("mul", field(FieldOperation::Mul)),
        (
            "mul of canonical integers",
            field(FieldOperation::MulCanonical),
        ),
        ("cubic mul", field(FieldOperation::CubicMul)),
        ("rescue, 512 pairs", Job::Rescue { count: 512 }),
        ("lde 2^12 x 8, blowup 4", lde(12, 8, 4)),
        ("lde 2^12 x 1, blowup 8", lde(12, 1, 8)),
        ("commit 2^12 x 32", commit),
        ("prove narrow 2^10", prove(narrow, options)),
        ("prove narrow 2^10, cubic", prove(narrow, cubic)),
        ("prove wide 2^8", prove(wide, options)),
        ("prove 2 operations, cubic", prove(batch, cubic)),
        ("verify narrow 2^10", verify),
        ("fill the traces of 8 operations", fill),
    ]
}

/// What is committed.
#[derive(Serialize, Deserialize)]
struct Baseline {
    compiler: String,
    counts: BTreeMap<String, u64>,
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json")
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    version.map_or_else(
        |_| "unknown".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Counts all jobs on both backends, as many at once as there are cores.
fn measure() -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let jobs: Vec<(String, Backend, Job)> = [Backend::Scalar, Backend::Avx2]
        .into_iter()
        .flat_map(|backend| {
            jobs()
                .into_iter()
                .map(move |(name, job)| (format!("{name}, {backend}"), backend, job))
        })
        .collect();
    jobs.into_par_iter()
        .map(|(name, backend, job)| {
            let (one, three) = (count(backend, job, 1)?, count(backend, job, 3)?);
            Ok((name, three.saturating_sub(one) / 2))
        })
        .collect::<Result<_, String>>()
        .map_err(Into::into)
}

/// Instructions of a process that does `job` so often.
fn count(backend: Backend, job: Job, runs: u64) -> Result<u64, String> {
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().map_err(text)?)
        .arg(COUNTED)
        .env(BACKEND_VARIABLE, backend.name())
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("valgrind: {error}"))?;
    let contender = Contender::Winterlane;
    let request = Request {
        contender,
        job,
        runs,
        digest: false,
    };
    if let Some(mut input) = child.stdin.take() {
        let request = serde_json::to_string(&request).map_err(text)?;
        writeln!(input, "{request}").map_err(text)?;
    }
    let output = child.wait_with_output().map_err(text)?;
    let log = String::from_utf8_lossy(&output.stderr);
    match serde_json::from_slice(&output.stdout) {
        Ok(Reply::Done { .. }) => {}
        other => return Err(format!("{job:?} on {backend}: {other:?}\n{log}")),
    }
    let line = log.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = line.ok_or_else(|| format!("valgrind printed no count:\n{log}"))?;
    count.trim().parse().map_err(text)
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

fn update() -> Result<(), Box<dyn Error>> {
    let baseline = Baseline {
        compiler: compiler(),
        counts: measure()?,
    };
    let mut text = serde_json::to_string_pretty(&baseline)?;
    text.push('\n');
    fs::write(path(), text)?;
    Ok(())
}

fn check() -> Result<(), Box<dyn Error>> {
    if !Backend::Avx2.is_available() {
        println!("skipped: the baseline is of a CPU with AVX2");
        return Ok(());
    }
    let text = fs::read_to_string(path()).map_err(|error| format!("baseline: {error}"))?;
    let baseline: Baseline = serde_json::from_str(&text)?;
    let compiler = compiler();
    let tolerance = if compiler == baseline.compiler {
        TOLERANCE
    } else {
        println!("{compiler}, the baseline was made by {}", baseline.compiler);
        TOLERANCE_OF_ANOTHER_COMPILER
    };
    let counts = measure()?;
    if let Some(gone) = baseline
        .counts
        .keys()
        .find(|name| !counts.contains_key(*name))
    {
        return Err(format!("`{gone}` is not counted any more: run guard --update").into());
    }
    let (mut worse, mut better) = (0, 0);
    for (name, count) in counts {
        let Some(&expected) = baseline.counts.get(&name) else {
            return Err(format!("`{name}` has no baseline: run guard --update").into());
        };
        let change = count as f64 / expected as f64 - 1.0;
        println!("{name}: {count} instructions, {:+.2}%", 100.0 * change);
        worse += usize::from(change > tolerance);
        better += usize::from(change < -tolerance);
    }
    if better > 0 {
        println!("{better} counts fell by more than the tolerance: run guard --update");
    }
    if worse > 0 {
        return Err(format!("{worse} counts grew by more than {}%", 100.0 * tolerance).into());
    }
    Ok(())
}
