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

/// The median of some values; `None` of none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Runs `job` in every setup once to warm up, then `rounds` times in turn, so that whatever else
/// the machine does hits all of them. A setup that has no such piece is left out.
///
/// # Errors
/// When a worker fails.
pub fn interleave(
    fleet: &mut Fleet,
    setups: &[Setup],
    job: Job,
    rounds: usize,
) -> Result<Vec<Sample>, WorkerError> {
    let mut samples = Vec::new();
    for &setup in setups {
        match fleet.get(setup)?.run(job, 1) {
            Ok(_) => samples.push(Sample {
                setup,
                runs: Vec::new(),
                peak_rss: None,
            }),
            Err(WorkerError::Unsupported(_)) => {}
            Err(error) => return Err(error),
        }
    }
    for _ in 0..rounds.max(1) {
        for sample in &mut samples {
            let worker = fleet.get(sample.setup)?;
            sample.runs.extend(worker.run(job, 1)?);
            sample.peak_rss = worker.peak_rss();
        }
    }
    for sample in &mut samples {
        sample.runs.sort_by_key(|run| run.time);
    }
    Ok(samples)
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
