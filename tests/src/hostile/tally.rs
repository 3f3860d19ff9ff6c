//! Runs mutants and counts what became of them.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use winterlane_verifier::{Mismatch, VerifyError};

use super::Case;

/// Bytes that verifying may take beyond four times the proof.
pub const MEMORY_FLOOR: usize = 16 << 20;

/// What became of the mutants.
///
/// The figures of memory are right when the calling binary uses [`PeakAlloc`] as its global
/// allocator and runs nothing beside; without it they are zero.
#[derive(Debug, Default)]
pub struct Tally {
    /// Mutants tried.
    pub tried: usize,
    /// Mutants tried, by what was done to them.
    pub by_kind: BTreeMap<&'static str, usize>,
    /// Mutants refused by another check.
    pub by_shape: usize,
    /// Mutants refused since opened rows are not those that were committed to.
    pub by_commitment: usize,
    /// Panics.
    pub panics: Vec<String>,
    /// Mutants accepted.
    pub accepted: Vec<String>,
    /// Mutants that took more memory than allowed.
    pub over_memory: Vec<String>,
    /// Most memory that a mutant took, in bytes.
    pub peak: usize,
    /// Longest time that a mutant took.
    pub slowest: Duration,
}

impl Tally {
    /// Runs one mutant of a case. Mutants equal to the valid proof are passed over.
    pub fn run(&mut self, case: &Case, kind: &'static str, mutant: &[u8]) {
        if mutant == case.proof {
            return;
        }
        self.tried += 1;
        *self.by_kind.entry(kind).or_default() += 1;
        let before = PeakAlloc.current_usage();
        PeakAlloc.reset_peak_usage();
        // A panic is a failure of the verifier: it is caught to be counted.
        let began = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (case.verify)(mutant)));
        self.slowest = self.slowest.max(began.elapsed());
        let used = PeakAlloc.peak_usage().saturating_sub(before);
        self.peak = self.peak.max(used);
        let name = || format!("{}, {kind}, mutant {}", case.name, self.tried);
        if used > 4 * mutant.len() + MEMORY_FLOOR {
            self.over_memory.push(name());
        }
        match result {
            Err(_) => self.panics.push(name()),
            Ok(Ok(_)) => self.accepted.push(name()),
            Ok(Err(VerifyError::Mismatch(Mismatch::NotCommitted(_)))) => self.by_commitment += 1,
            Ok(Err(_)) => self.by_shape += 1,
        }
    }

    /// Nothing happened that must not happen.
    ///
    /// # Panics
    /// When a mutant panicked, was accepted, or took too much memory.
    pub fn assert_clean(&self) {
        assert!(self.panics.is_empty(), "panics: {:#?}", self.panics);
        assert!(self.accepted.is_empty(), "accepted: {:#?}", self.accepted);
        assert!(
            self.over_memory.is_empty(),
            "too much memory: {:#?}",
            self.over_memory
        );
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} mutants: {} panics, {} accepted, {} over memory; {} refused by shape or \
             transcript, {} by a commitment; peak memory {} bytes, slowest {:?}",
            self.tried,
            self.panics.len(),
            self.accepted.len(),
            self.over_memory.len(),
            self.by_shape,
            self.by_commitment,
            self.peak,
            self.slowest,
        )?;
        for (kind, count) in &self.by_kind {
            write!(f, "\n  {count:>7} {kind}")?;
        }
        Ok(())
    }
}
