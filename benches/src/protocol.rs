//! What a driver and a worker say to each other: one JSON object a line, over the worker's standard
//! input and output.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{Contender, Job};

/// Do this job so often.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Whose code.
    pub contender: Contender,
    /// What.
    pub job: Job,
    /// Runs to time.
    pub runs: u64,
    /// Whether to return a digest of the output.
    pub digest: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done.
    Done {
        /// One entry a run.
        runs: Vec<Run>,
        /// A digest of the output, equal for everyone whose output is comparable.
        digest: Option<String>,
        /// The most memory this process has held so far, in bytes.
        peak_rss: Option<u64>,
    },
    /// This contender has no such piece.
    Unsupported(String),
    /// It went wrong.
    Failed(String),
}

/// One timed run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    /// The time of the whole timed part.
    pub time: Duration,
    /// Seconds of its phases, and other numbers (bytes, elements), by name.
    pub values: BTreeMap<String, f64>,
}

impl Run {
    /// A run without details.
    #[must_use]
    pub const fn new(time: Duration) -> Self {
        Self {
            time,
            values: BTreeMap::new(),
        }
    }

    /// With one more number.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }
}

/// A job that is ready to run: its data is in memory.
pub trait Workload {
    /// Does the job once and times the part that counts.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn run(&mut self) -> Result<Run, String>;

    /// A digest of the output of the last run, in a form that does not depend on the contender.
    ///
    /// # Errors
    /// When there was no run.
    fn digest(&mut self) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// Why there is no workload.
#[derive(Clone, Debug)]
pub enum Failure {
    /// This contender has no such piece.
    Unsupported(String),
    /// The job could not be prepared.
    Failed(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Answers requests until standard input ends. The data of the latest job is kept for the next
/// request of the same.
///
/// # Errors
/// When standard input or output break.
pub fn serve(
    mut prepare: impl FnMut(Contender, Job) -> Result<Box<dyn Workload>, Failure>,
) -> io::Result<()> {
    let mut kept: Option<((Contender, Job), Box<dyn Workload>)> = None;
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let reply = match serde_json::from_str::<Request>(&line?) {
            Err(error) => Reply::Failed(format!("unreadable request: {error}")),
            Ok(request) => {
                let key = (request.contender, request.job);
                if kept.as_ref().is_none_or(|(other, _)| *other != key) {
                    // The old data goes before the new is made.
                    drop(kept.take());
                    match prepare(request.contender, request.job) {
                        Ok(workload) => kept = Some((key, workload)),
                        Err(failure) => {
                            respond(&mut output, &failure.into())?;
                            continue;
                        }
                    }
                }
                match &mut kept {
                    Some((_, workload)) => answer(workload.as_mut(), &request),
                    None => Reply::Failed("no workload".into()),
                }
            }
        };
        respond(&mut output, &reply)?;
    }
    Ok(())
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unsupported(reason) => Self::Unsupported(reason),
            Failure::Failed(reason) => Self::Failed(reason),
        }
    }
}

fn answer(workload: &mut dyn Workload, request: &Request) -> Reply {
    let runs: Result<Vec<_>, _> = (0..request.runs).map(|_| workload.run()).collect();
    let digest = |workload: &mut dyn Workload| {
        if request.digest {
            workload.digest()
        } else {
            Ok(None)
        }
    };
    match runs.and_then(|runs| Ok((runs, digest(workload)?))) {
        Ok((runs, digest)) => Reply::Done {
            runs,
            digest,
            peak_rss: peak_rss(),
        },
        Err(reason) => Reply::Failed(reason),
    }
}

fn respond(output: &mut impl Write, reply: &Reply) -> io::Result<()> {
    serde_json::to_writer(&mut *output, reply)?;
    output.write_all(b"\n")?;
    output.flush()
}

/// The most memory this process has held, in bytes, where the system tells.
fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kilobytes)
}
