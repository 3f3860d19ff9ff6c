//! Load figures of this machine: what `winterlane-node bench` prints.
//!
//! | measure | what is timed |
//! |---|---|
//! | [`orders`] | from when a request is due until its answer, over HTTP on the loopback interface |
//! | [`panel`] | private operations verified by the node alone, and by workers through the queue |
//! | [`restart`] | starting a node that has so many orders pending |
//! | [`sign`] | signing orders for the two above, into a file |
//! | [`updates`] | changing accounts of a large store: reading, hashing, writing, synchronising |
//!
//! Each report begins with the machine and the settings, since a figure without them says nothing. Sizes are options; a
//! small run is a test.

pub mod orders;
pub mod panel;
mod payers;
pub mod restart;
pub mod sign;
#[cfg(test)]
mod tests;
pub mod updates;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use thiserror::Error;
use winterlane_ledger::signature::KeyError;

use crate::{
    StartError, StopError, StoreError, client::ClientError, queue::QueueError, serve::ServeError,
};

/// Why nothing was measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A setting that makes no sense.
    #[error("--{setting}: {what}")]
    Setting {
        /// The option.
        setting: &'static str,
        /// What it must be.
        what: &'static str,
    },
    /// A file or a folder.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file of signed orders is none.
    #[error("{}: no file that `bench sign` has written, or damaged: sign the orders again", .path.display())]
    Signed {
        /// Which.
        path: PathBuf,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The node ended.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// The interface does not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A key cannot be made or has no one-time key left.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The node refused what it should have taken.
    #[error("the node refused: {0}")]
    Refused(String),
    /// A part of the measurement itself failed.
    #[error("the measurement failed: {0}")]
    Broken(String),
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What, in a sentence.
    pub title: &'static str,
    /// Settings by name.
    pub settings: Vec<(&'static str, String)>,
    /// Figures by name, with their units.
    pub figures: Vec<(&'static str, String)>,
}

impl Report {
    /// The figure with this name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<&str> {
        let found = self.figures.iter().find(|(found, _)| *found == name);
        found.map(|(_, figure)| figure.as_str())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        writeln!(f, "  machine: {}", machine())?;
        writeln!(f, "  version: {}", env!("CARGO_PKG_VERSION"))?;
        for (name, value) in &self.settings {
            writeln!(f, "  {name}: {value}")?;
        }
        for (name, figure) in &self.figures {
            writeln!(f, "{name}: {figure}")?;
        }
        Ok(())
    }
}

/// The machine, as far as the system says.
fn machine() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("processor unknown", |(_, model)| model.trim());
    let system = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{model}, {threads} threads, {} {}", system.0, system.1)
}

/// A folder of the measurement alone, which is removed with everything in it.
pub(crate) struct Place(PathBuf);

impl Place {
    /// A new folder below `parent`, by default below the system's folder for temporary files.
    pub(crate) fn new(parent: Option<&Path>) -> Result<Self, BenchError> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let path = parent.join(format!("winterlane-bench-{}", std::process::id()));
        let at = |source| BenchError::Io {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(&parent).map_err(at)?;
        fs::create_dir(&path).map_err(at)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // what stays is in the folder for temporary files, and named after this program
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A duration in milliseconds, with three digits after the point.
fn millis(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}

/// The least of the durations that so many per thousand do not exceed; they are sorted.
fn percentile(sorted: &[Duration], per_mille: usize) -> Duration {
    let rank = (sorted.len() * per_mille).div_ceil(1000);
    let found = sorted.get(rank.saturating_sub(1)).or(sorted.last());
    found.copied().unwrap_or_default()
}

/// The most memory that the process had since it was asked to forget, in bytes, where the system says.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Asks the system to forget the most memory that the process had.
fn forget_peak() {
    // where it cannot be asked, the peak is of the whole process
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown here".to_owned(),
        |bytes| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    )
}

/// How many a second.
fn rate(count: u64, took: Duration) -> String {
    format!(
        "{:.0} a second",
        count as f64 / took.as_secs_f64().max(1e-9)
    )
}
