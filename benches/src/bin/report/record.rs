//! What was measured, as kept in `results.json`.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use serde::{Deserialize, Serialize};
use winterlane_benches::{Contender, Job, Sample, Statement};

use crate::{
    entry::RUNS,
    machine::{Facts, MEASURED},
};

/// A spread over this is marked wherever a ratio of the row is quoted.
const UNQUIET: f64 = 1.25;

/// What the marks mean.
pub(crate) const MARKS: &str =
    "\\* a run took over 1.25 times the fastest of the same contender. † fewer than 5 runs.";

/// The median of some runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Who, without threads: `Winterlane avx512`.
    pub(crate) name: String,
    pub(crate) contender: Contender,
    pub(crate) threads: usize,
    /// A label of the job within the section, such as the preset.
    pub(crate) label: String,
    pub(crate) job: Job,
    pub(crate) seconds: f64,
    /// The slowest run over the fastest.
    pub(crate) spread: f64,
    pub(crate) runs: usize,
    /// Seconds of phases (`3 constraints`), and other numbers by name.
    pub(crate) values: BTreeMap<String, f64>,
    pub(crate) peak_rss: Option<u64>,
}

impl Record {
    pub(crate) fn new(sample: &Sample, label: &str, job: Job) -> Self {
        let median = sample.median();
        Self {
            name: sample.setup.name(),
            contender: sample.setup.contender,
            threads: sample.setup.threads,
            label: label.to_owned(),
            job,
            seconds: median.time.as_secs_f64(),
            spread: sample.spread(),
            runs: sample.runs.len(),
            values: median.values.clone(),
            peak_rss: sample.peak_rss,
        }
    }

    pub(crate) fn value(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(0.0)
    }

    /// Transfers per second of a batch.
    pub(crate) fn rate(&self) -> f64 {
        self.value("transfers") / self.seconds
    }

    pub(crate) fn kibibytes(&self) -> f64 {
        self.value("proof_bytes") / 1024.0
    }

    /// The most memory held.
    pub(crate) fn mebibytes(&self) -> f64 {
        self.peak_rss.unwrap_or(0) as f64 / f64::from(1 << 20)
    }

    /// The operations of a batch.
    pub(crate) const fn operations(&self) -> Option<usize> {
        match self.job {
            Job::Prove {
                statement: Statement::Batch { operations },
                ..
            } => Some(operations),
            _ => None,
        }
    }

    /// How many times longer `other` takes, with marks where either is doubtful.
    pub(crate) fn ratio(&self, other: &Self) -> String {
        let pair = [self, other];
        let unquiet = pair.iter().any(|record| record.spread > UNQUIET);
        let few = pair.iter().any(|record| record.runs < RUNS);
        format!(
            "{:.2}{}{}",
            other.seconds / self.seconds,
            if unquiet { "\\*" } else { "" },
            if few { "†" } else { "" },
        )
    }

    /// The phases in order: name without its rank, and seconds.
    pub(crate) fn phases(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().filter_map(|(name, seconds)| {
            let (rank, phase) = name.split_once(' ')?;
            (rank.len() == 1).then_some((phase, *seconds))
        })
    }
}

/// The labels and threads of some records, each pair once, in order.
pub(crate) fn rows(records: &[Record]) -> Vec<(&str, usize)> {
    let mut rows = Vec::new();
    for record in records {
        let row = (record.label.as_str(), record.threads);
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows
}

/// A section's measurements and where they were made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) machine: Facts,
    /// How long it took, with preparation and comparison, but without building.
    #[serde(default)]
    pub(crate) seconds: f64,
    pub(crate) records: Vec<Record>,
}

/// All sections of one machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results(BTreeMap<String, Measured>);

const FILE: &str = "results.json";

impl Results {
    pub(crate) fn load(directory: &Path) -> Result<Self, Box<dyn Error>> {
        match fs::read(directory.join(FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn save(&self, directory: &Path) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(directory)?;
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(directory.join(FILE), text)?;
        Ok(())
    }

    pub(crate) fn replace(&mut self, section: &str, measured: Measured) {
        self.0.insert(section.to_owned(), measured);
    }

    /// The records of a section; none if it was not measured.
    pub(crate) fn section(&self, name: &str) -> &[Record] {
        self.0.get(name).map_or(&[], |measured| &measured.records)
    }

    /// The record of that name in a row of a section.
    pub(crate) fn find(
        &self,
        section: &str,
        (label, threads): (&str, usize),
        name: &str,
    ) -> Option<&Record> {
        self.section(section).iter().find(|record| {
            record.label == label && record.threads == threads && record.name == name
        })
    }

    /// Names of sections, and how long each took.
    pub(crate) fn durations(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0
            .iter()
            .map(|(name, measured)| (name.as_str(), measured.seconds))
    }

    /// The facts of each run, with the sections measured in it.
    pub(crate) fn runs(&self) -> Vec<(&Facts, Vec<&str>)> {
        let mut runs: Vec<(&Facts, Vec<&str>)> = Vec::new();
        for (name, measured) in &self.0 {
            match runs
                .iter_mut()
                .find(|(facts, _)| *facts == &measured.machine)
            {
                Some((_, names)) => names.push(name),
                None => runs.push((&measured.machine, vec![name])),
            }
        }
        runs
    }

    /// The facts of the latest run.
    pub(crate) fn latest(&self) -> Option<&Facts> {
        let facts = self.0.values().map(|measured| &measured.machine);
        facts.max_by_key(|facts| facts.get(MEASURED))
    }

    /// The vector backends that were measured, the best first.
    pub(crate) fn backends(&self) -> Vec<&'static str> {
        let is_measured = |backend: &&str| {
            let name = format!("Winterlane {backend}");
            let mut records = self.0.values().flat_map(|measured| &measured.records);
            records.any(|record| record.name == name)
        };
        let backends = ["avx512", "avx2", "neon"].into_iter();
        backends.filter(is_measured).collect()
    }
}

/// The results of all machines, by folder: whoever has most sections last, since the README shows
/// numbers and plots of all of them, and of those the latest.
pub(crate) fn load_all(root: &Path) -> Result<Vec<(String, Results)>, Box<dyn Error>> {
    let mut machines = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.path().join(FILE).is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            machines.push((name, Results::load(&entry.path())?));
        }
    }
    let time = |results: &Results| {
        results
            .latest()
            .and_then(|facts| facts.get(MEASURED))
            .cloned()
    };
    machines.sort_by_key(|(name, results)| (results.0.len(), time(results), name.clone()));
    Ok(machines)
}
