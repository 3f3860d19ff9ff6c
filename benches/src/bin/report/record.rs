//! What was measured, as kept in `results.json`.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use serde::{Deserialize, Serialize};
use winterlane_benches::{Contender, Job, Sample};

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

    /// The phases in order: name without its rank, and seconds.
    pub(crate) fn phases(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().filter_map(|(name, seconds)| {
            let (rank, phase) = name.split_once(' ')?;
            (rank.len() == 1).then_some((phase, *seconds))
        })
    }
}

/// A section's measurements and where they were made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) machine: BTreeMap<String, String>,
    pub(crate) records: Vec<Record>,
}

/// All sections.
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

    pub(crate) fn replace(
        &mut self,
        section: &str,
        machine: BTreeMap<String, String>,
        records: Vec<Record>,
    ) {
        self.0
            .insert(section.to_owned(), Measured { machine, records });
    }

    /// The records of a section; none if it was not measured.
    pub(crate) fn section(&self, name: &str) -> &[Record] {
        self.0.get(name).map_or(&[], |measured| &measured.records)
    }

    /// Machines of the sections, each once, with the sections measured on it.
    pub(crate) fn machines(&self) -> Vec<(&BTreeMap<String, String>, Vec<&str>)> {
        let mut machines: Vec<(&BTreeMap<String, String>, Vec<&str>)> = Vec::new();
        for (name, measured) in &self.0 {
            match machines
                .iter_mut()
                .find(|(machine, _)| *machine == &measured.machine)
            {
                Some((_, names)) => names.push(name),
                None => machines.push((&measured.machine, vec![name])),
            }
        }
        machines
    }
}
