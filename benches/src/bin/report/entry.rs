//! One job and who does it.

use std::time::Duration;

use winterlane_benches::{Fleet, Job, Options, Rounds, Setup, Statement, check_equal, interleave};

use crate::record::Record;

/// Runs that a median is taken of, wherever ratios are claimed.
pub(crate) const RUNS: usize = 5;

/// The fewest, of a contender that is slow.
const LEAST: usize = 3;

/// How much time makes a contender slow.
const SLOW: Duration = Duration::from_secs(15);

/// A job that is compared with nobody's is not done again after so long.
const ALONE: Duration = Duration::from_secs(5);

/// One job for some contenders.
pub(crate) struct Entry {
    pub(crate) label: String,
    job: Job,
    setups: Vec<Setup>,
    least: usize,
    runs: usize,
    /// A contender that has run for so long is run no more than `least` times.
    budget: Duration,
    /// The jobs whose outputs are compared before the clock starts.
    checks: Vec<Job>,
}

impl Entry {
    pub(crate) fn new(label: impl Into<String>, job: Job, setups: Vec<Setup>) -> Self {
        let setups = setups
            .into_iter()
            .filter(|setup| job.is_for(setup.contender));
        Self {
            label: label.into(),
            job,
            setups: setups.collect(),
            least: LEAST,
            runs: RUNS,
            budget: SLOW,
            checks: vec![job],
        }
    }

    pub(crate) fn unchecked(self) -> Self {
        Self {
            checks: Vec::new(),
            ..self
        }
    }

    pub(crate) fn runs(self, runs: usize) -> Self {
        Self { runs, ..self }
    }

    /// Compared with nobody's: once is enough of what takes long.
    pub(crate) fn alone(self) -> Self {
        Self {
            least: 1,
            budget: ALONE,
            ..self.unchecked()
        }
    }

    /// A proof, its bytes compared without proof of work: a parallel search finds another nonce.
    pub(crate) fn proof(
        label: &str,
        statement: Statement,
        options: Options,
        setups: Vec<Setup>,
    ) -> Self {
        let job = Job::Prove { statement, options };
        let check = Job::Prove {
            statement,
            options: options.without_grinding(),
        };
        Self {
            checks: job.trace().into_iter().chain([check]).collect(),
            ..Self::new(label, job, setups)
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
        for check in &self.checks {
            if let Err(error) = check_equal(&mut fleet, &self.setups, *check) {
                return (Vec::new(), vec![error.to_string()]);
            }
        }
        let rounds = Rounds {
            warm_up: !self.checks.last().is_some_and(|last| last.warms(self.job)),
            least: self.least,
            most: self.runs,
            budget: self.budget,
        };
        let (samples, failures) = interleave(&mut fleet, &self.setups, self.job, rounds);
        let record = |sample| Record::new(sample, &self.label, self.job);
        let failures = failures.iter().map(ToString::to_string).collect();
        (samples.iter().map(record).collect(), failures)
    }
}
