//! What a run measured, as a table for people or as one JSON object for programs.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    fs,
    time::Duration,
};

use serde::Serialize;
use winterlane_ledger::{Domain, Root};
use winterlane_prover::{BatchProof, engine::Phase};

use crate::{
    commands::Accepted,
    show::{counted, grouped},
};

/// What a run did and what it cost. Seconds are summed over the batches.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// Transfers proven.
    pub(crate) transfers: usize,
    /// Key rotations that the stream needed.
    pub(crate) rotations: usize,
    /// Operations proven: transfers, rotations and one fee collection a batch.
    pub(crate) operations: usize,
    /// Operation slots proven: the operations and the padding.
    pub(crate) slots: usize,
    /// Batches, each with one proof.
    pub(crate) batches: usize,
    /// Accounts in the opening state.
    pub(crate) accounts: usize,
    /// Trace rows of all batches.
    pub(crate) rows: usize,
    /// Trace columns.
    pub(crate) columns: usize,
    /// Making the wallets' keys.
    pub(crate) keygen_seconds: f64,
    /// Opening the state: the accounts' leaves and the tree.
    pub(crate) genesis_seconds: f64,
    /// Signing.
    pub(crate) sign_seconds: f64,
    /// From signed operations to a filled trace: checks, state changes, witness, trace.
    pub(crate) trace_seconds: f64,
    /// From the trace to the proof's bytes.
    pub(crate) prove_seconds: f64,
    /// What the proving engine's phases took of that; empty for the stock engine.
    pub(crate) phase_seconds: BTreeMap<&'static str, f64>,
    /// Verifying the whole chain of proofs, records included.
    pub(crate) verify_seconds: f64,
    /// Bytes of all proofs.
    pub(crate) proof_bytes: usize,
    /// Bytes of the published records of all batches.
    pub(crate) public_bytes: usize,
    /// Published bytes over transfers.
    pub(crate) public_bytes_per_transfer: f64,
    /// Provable bits, the least of all batches.
    pub(crate) security_bits: u32,
    /// Which rollup on which chain.
    pub(crate) domain: Domain,
    /// The root before the first batch.
    pub(crate) old_root: Root,
    /// The root after the last batch.
    pub(crate) new_root: Root,
    /// Transfers over the seconds from signed operations to proof bytes.
    pub(crate) transfers_per_second: f64,
    /// The most memory the process held; null where the system does not tell.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// The options' preset.
    pub(crate) preset: String,
    /// The vector units in use.
    pub(crate) backend: String,
    /// Who made the proofs.
    pub(crate) engine: String,
    /// Threads.
    pub(crate) threads: usize,
}

impl Report {
    /// Counts a proof.
    pub(crate) fn add(&mut self, proof: &BatchProof) {
        self.rows += proof.rows;
        self.columns = proof.columns;
        self.trace_seconds += proof.trace_time.as_secs_f64();
        self.prove_seconds += proof.prove_time.as_secs_f64();
        self.proof_bytes += proof.proof.len();
    }

    /// Takes what the verifier said.
    pub(crate) fn accept(&mut self, accepted: &Accepted) {
        self.security_bits = accepted.security_bits;
        (self.domain, self.old_root, self.new_root) =
            (accepted.domain, accepted.old_root, accepted.new_root);
    }

    /// Counts the phases of a proof.
    pub(crate) fn add_phases(&mut self, phases: &BTreeMap<Phase, Duration>) {
        for (phase, time) in phases {
            *self.phase_seconds.entry(phase.name()).or_default() += time.as_secs_f64();
        }
    }

    /// Fills the figures that follow from others.
    pub(crate) fn finish(&mut self) {
        let transfers = self.transfers as f64;
        self.public_bytes_per_transfer = self.public_bytes as f64 / transfers;
        self.transfers_per_second = transfers / (self.trace_seconds + self.prove_seconds);
        self.peak_rss_bytes = peak_rss_bytes();
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::default();
        table.row(
            "transfers",
            grouped(self.transfers),
            counted(self.accounts, "account"),
        );
        let rotations = counted(self.rotations, "key rotation");
        let collections = counted(self.batches, "fee collection");
        let padding = grouped(self.slots - self.operations);
        let note = format!("{rotations}, {collections}, {padding} padding");
        table.row("operations", grouped(self.operations), note);
        table.row(
            "batches",
            grouped(self.batches),
            format!("preset {}", self.preset),
        );
        table.row("trace rows", grouped(self.rows), "");
        table.row("trace columns", grouped(self.columns), "");

        table.seconds("keys", self.keygen_seconds, "");
        table.seconds("opening state", self.genesis_seconds, "");
        table.seconds("signing", self.sign_seconds, "");
        table.seconds("checking, trace", self.trace_seconds, "");
        let threads = counted(self.threads, "thread");
        let note = format!("{} engine, {}, {threads}", self.engine, self.backend);
        table.seconds("proving", self.prove_seconds, note);
        for phase in Phase::ALL {
            if let Some(&seconds) = self.phase_seconds.get(phase.name()) {
                table.seconds(&format!("  {phase}"), seconds, "");
            }
        }
        table.seconds("verifying", self.verify_seconds, "");

        let note = "from signed operations to proof bytes";
        table.row(
            "transfers per second",
            format!("{:.1}", self.transfers_per_second),
            note,
        );
        let note = format!(
            "{} a batch",
            grouped(self.proof_bytes / self.batches.max(1))
        );
        table.row("proof bytes", grouped(self.proof_bytes), note);
        let each = format!("{:.1}", self.public_bytes_per_transfer);
        table.row("public bytes per transfer", each, "");
        table.row("provable bits", self.security_bits, "");
        let peak = self
            .peak_rss_bytes
            .map(|bytes| format!("{} MiB", bytes >> 20));
        table.row("peak memory", peak.unwrap_or("unknown".into()), "");
        table.0
    }
}

/// Lines of a name, a value and a note.
#[derive(Default)]
struct Table(String);

impl Table {
    fn row(&mut self, name: &str, value: impl Display, note: impl Display) {
        let value = value.to_string();
        let line = format!("{name:<26}{value:>14}  {note}");
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{}", line.trim_end());
    }

    fn seconds(&mut self, name: &str, seconds: f64, note: impl Display) {
        self.row(name, format!("{seconds:.2} s"), note);
    }
}

/// The most memory this process has held, as Linux reports it; `None` elsewhere.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_phases_under_proving() {
        let mut report = Report {
            batches: 1,
            slots: 2,
            operations: 2,
            ..Report::default()
        };
        report.add_phases(&BTreeMap::from([(Phase::Fri, Duration::from_millis(1500))]));
        let table = report.table();
        let lines: Vec<_> = table.lines().map(str::trim_start).collect();
        let proving = lines
            .iter()
            .position(|line| line.starts_with("proving "))
            .unwrap();
        assert!(lines[proving + 1].starts_with("fri ") && lines[proving + 1].ends_with("1.50 s"));
    }

    #[test]
    fn derived_figures_count_the_time_from_signed_operations_to_proof_bytes() {
        let mut report = Report {
            transfers: 10,
            public_bytes: 330,
            sign_seconds: 100.0,
            trace_seconds: 1.0,
            prove_seconds: 4.0,
            ..Report::default()
        };
        report.finish();
        assert_eq!(
            (
                report.transfers_per_second,
                report.public_bytes_per_transfer
            ),
            (2.0, 33.0)
        );
    }

    #[test]
    fn json_has_every_documented_field() {
        let value: serde_json::Value =
            serde_json::from_str(&crate::show::json(&Report::default()).unwrap()).unwrap();
        for field in [
            "transfers",
            "operations",
            "batches",
            "rows",
            "columns",
            "trace_seconds",
            "prove_seconds",
            "verify_seconds",
            "proof_bytes",
            "public_bytes_per_transfer",
            "security_bits",
            "domain",
            "old_root",
            "new_root",
            "phase_seconds",
            "transfers_per_second",
            "peak_rss_bytes",
            "backend",
            "engine",
            "threads",
        ] {
            assert!(value.get(field).is_some(), "{field}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn peak_memory_grows_with_what_is_touched() {
        let before = peak_rss_bytes().unwrap();
        let block = std::hint::black_box(vec![1u8; 1 << 28]);
        assert!(peak_rss_bytes().unwrap() >= before.max(block.len() as u64));
    }
}
