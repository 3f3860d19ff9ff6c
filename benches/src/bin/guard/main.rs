//! Counts instructions of kernels and of a small proof, and compares them with `baseline.json`:
//! repeatable where seconds are not. Needs valgrind.
//!
//! ```text
//! guard              compare with the baseline; fails if a count grew by more than 3 per cent
//! guard --update     write the baseline
//! ```
//!
//! Each job runs under callgrind twice, with one and with three repetitions in one process; half the
//! difference is one repetition without start-up and preparation. Valgrind knows AVX2 but not
//! AVX-512, so the backends counted are `scalar` and `avx2`, on one thread.

#![forbid(unsafe_code)]

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use winterlane_benches::{Contender, Job, Options, Reply, Request, Statement, WitnessStep, ours};
use winterlane_field_simd::{BACKEND_VARIABLE, Backend};

/// How much a count may differ: memory allocators and hash maps are not the same everywhere.
const TOLERANCE: f64 = 0.03;

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
    let fill = WitnessStep::FillTrace;
    vec![
        (
            "lde 2^12 x 8, blowup 4",
            Job::Lde {
                log_rows: 12,
                columns: 8,
                blowup: 4,
            },
        ),
        (
            "lde 2^12 x 1, blowup 8",
            Job::Lde {
                log_rows: 12,
                columns: 1,
                blowup: 8,
            },
        ),
        (
            "commit 2^12 x 32",
            Job::Commit {
                log_rows: 12,
                columns: 32,
            },
        ),
        (
            "prove narrow 2^10",
            Job::Prove {
                statement: narrow,
                options,
            },
        ),
        (
            "prove wide 2^8",
            Job::Prove {
                statement: wide,
                options,
            },
        ),
        (
            "fill the traces of 8 operations",
            Job::Witness {
                step: fill,
                count: 8,
            },
        ),
    ]
}

fn baseline() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json")
}

fn measure() -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let mut counts = BTreeMap::new();
    for backend in [Backend::Scalar, Backend::Avx2] {
        if !backend.is_available() {
            return Err(format!("the baseline is for x86-64 with {backend}").into());
        }
        for (name, job) in jobs() {
            let (one, three) = (count(backend, job, 1)?, count(backend, job, 3)?);
            counts.insert(format!("{name}, {backend}"), three.saturating_sub(one) / 2);
        }
    }
    Ok(counts)
}

/// Instructions of a process that does `job` so often.
fn count(backend: Backend, job: Job, runs: u64) -> Result<u64, Box<dyn Error>> {
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
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
        writeln!(input, "{}", serde_json::to_string(&request)?)?;
    }
    let output = child.wait_with_output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    match serde_json::from_slice(&output.stdout) {
        Ok(Reply::Done { .. }) => {}
        other => return Err(format!("{job:?} on {backend}: {other:?}\n{log}").into()),
    }
    let line = log.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = line.ok_or_else(|| format!("valgrind printed no count:\n{log}"))?;
    Ok(count.trim().parse()?)
}

fn update() -> Result<(), Box<dyn Error>> {
    let mut text = serde_json::to_string_pretty(&measure()?)?;
    text.push('\n');
    fs::write(baseline(), text)?;
    Ok(())
}

fn check() -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(baseline()).map_err(|error| format!("baseline: {error}"))?;
    let expected: BTreeMap<String, u64> = serde_json::from_str(&text)?;
    let (mut worse, mut better) = (0, 0);
    for (name, count) in measure()? {
        let Some(&expected) = expected.get(&name) else {
            return Err(format!("`{name}` has no baseline: run guard --update").into());
        };
        let change = count as f64 / expected as f64 - 1.0;
        println!("{name}: {count} instructions, {:+.2}%", 100.0 * change);
        worse += usize::from(change > TOLERANCE);
        better += usize::from(change < -TOLERANCE);
    }
    if better > 0 {
        println!("{better} counts fell by more than the tolerance: run guard --update");
    }
    if worse > 0 {
        return Err(format!("{worse} counts grew by more than {}%", 100.0 * TOLERANCE).into());
    }
    Ok(())
}
