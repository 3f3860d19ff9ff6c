//! Medians of interleaved runs, and the check that everyone computed the same.

use std::time::Duration;

use crate::{Fleet, Job, Run, Setup, WorkerError};

/// The runs of one setup.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Who.
    pub setup: Setup,
    /// The runs in the order of their times; never empty.
    pub runs: Vec<Run>,
    /// The most memory the process had held after the last run, in bytes.
    pub peak_rss: Option<u64>,
}

impl Sample {
    /// The run in the middle.
    #[must_use]
    pub fn median(&self) -> &Run {
        &self.runs[self.runs.len() / 2]
    }

    /// Seconds of the run in the middle.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.median().time.as_secs_f64()
    }

    /// The slowest run over the fastest: how quiet the machine was.
    #[must_use]
    pub fn spread(&self) -> f64 {
        let last = self.runs.last().map_or(Duration::ZERO, |run| run.time);
        last.as_secs_f64() / self.runs[0].time.as_secs_f64()
    }
}

/// How often a job is run.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// Whether a run that does not count comes first.
    pub warm_up: bool,
    /// The fewest timed runs of a contender.
    pub least: usize,
    /// The most.
    pub most: usize,
    /// A contender that has spent this much in timed runs is not run more often than `least`.
    pub budget: Duration,
}

/// Runs `job` in every setup in turn, so that whatever else the machine does hits all of them. A
/// setup that has no such piece, or that fails, is left out; the failures are returned.
pub fn interleave(
    fleet: &mut Fleet,
    setups: &[Setup],
    job: Job,
    rounds: Rounds,
) -> (Vec<Sample>, Vec<WorkerError>) {
    let mut failures = Vec::new();
    let mut samples: Vec<_> = setups
        .iter()
        .map(|&setup| Sample {
            setup,
            runs: Vec::new(),
            peak_rss: None,
        })
        .collect();
    for round in 0..rounds.most.max(1) + usize::from(rounds.warm_up) {
        let counts = round > 0 || !rounds.warm_up;
        samples.retain_mut(|sample| {
            let spent: Duration = sample.runs.iter().map(|run| run.time).sum();
            if sample.runs.len() >= rounds.least && spent > rounds.budget {
                return true;
            }
            let outcome = fleet.get(sample.setup).and_then(|worker| {
                let runs = worker.run(job, 1)?;
                sample.peak_rss = worker.peak_rss();
                Ok(runs)
            });
            match outcome {
                Ok(runs) => {
                    if counts {
                        sample.runs.extend(runs);
                    }
                    true
                }
                Err(WorkerError::Unsupported(_)) => false,
                Err(error) => {
                    failures.push(error);
                    false
                }
            }
        });
    }
    for sample in &mut samples {
        sample.runs.sort_by_key(|run| run.time);
    }
    (samples, failures)
}

/// Checks that all setups whose outputs are comparable computed the same, and returns how many
/// were compared.
///
/// # Errors
/// When two digests differ, or a worker fails.
pub fn check_equal(fleet: &mut Fleet, setups: &[Setup], job: Job) -> Result<usize, WorkerError> {
    let mut first: Option<(Setup, String)> = None;
    let mut compared = 0;
    for &setup in setups {
        let digest = match fleet.get(setup)?.digest(job) {
            Ok(digest) => digest,
            Err(WorkerError::Unsupported(_)) => None,
            Err(error) => return Err(error),
        };
        let Some(digest) = digest else { continue };
        compared += 1;
        match &first {
            None => first = Some((setup, digest)),
            Some((other, expected)) if *expected != digest => {
                return Err(WorkerError::Failed(format!(
                    "{setup} and {other} computed different results for {job:?}"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(compared)
}
