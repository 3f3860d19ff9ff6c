//! What a run measured, as a table for people or as one JSON object for programs.

use std::{fmt::Write as _, fs};

use serde::Serialize;
use winterlane_prover::BatchProof;

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

    /// Fills the figures that follow from others.
    pub(crate) fn finish(&mut self) {
        let transfers = self.transfers as f64;
        self.public_bytes_per_transfer = self.public_bytes as f64 / transfers;
        self.transfers_per_second = transfers / (self.trace_seconds + self.prove_seconds);
        self.peak_rss_bytes = peak_rss_bytes();
    }

    /// One JSON object on one line.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self).map(|json| json + "\n")
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let seconds = |value: f64| format!("{value:.2} s");
        let each = |count: usize, what: &str| {
            format!(
                "{} {what}{}",
                grouped(count as u64),
                if count == 1 { "" } else { "s" }
            )
        };
        let padding = self.slots - self.operations;
        let lines = [
            (
                "transfers",
                grouped(self.transfers as u64),
                each(self.accounts, "account"),
            ),
            (
                "operations",
                grouped(self.operations as u64),
                format!(
                    "{}, {}, {padding} padding",
                    each(self.rotations, "key rotation"),
                    each(self.batches, "fee collection"),
                ),
            ),
            (
                "batches",
                grouped(self.batches as u64),
                format!("preset {}", self.preset),
            ),
            ("trace rows", grouped(self.rows as u64), String::new()),
            ("trace columns", grouped(self.columns as u64), String::new()),
            ("keys", seconds(self.keygen_seconds), String::new()),
            (
                "opening state",
                seconds(self.genesis_seconds),
                String::new(),
            ),
            ("signing", seconds(self.sign_seconds), String::new()),
            (
                "checking, trace",
                seconds(self.trace_seconds),
                String::new(),
            ),
            (
                "proving",
                seconds(self.prove_seconds),
                format!(
                    "{} engine, {}, {}",
                    self.engine,
                    self.backend,
                    each(self.threads, "thread")
                ),
            ),
            ("verifying", seconds(self.verify_seconds), String::new()),
            (
                "transfers per second",
                format!("{:.1}", self.transfers_per_second),
                "from signed operations to proof bytes".into(),
            ),
            (
                "proof bytes",
                grouped(self.proof_bytes as u64),
                format!(
                    "{} a batch",
                    grouped((self.proof_bytes / self.batches.max(1)) as u64)
                ),
            ),
            (
                "public bytes per transfer",
                format!("{:.1}", self.public_bytes_per_transfer),
                String::new(),
            ),
            (
                "provable bits",
                self.security_bits.to_string(),
                String::new(),
            ),
            (
                "peak memory",
                self.peak_rss_bytes
                    .map_or("unknown".into(), |bytes| format!("{} MiB", bytes >> 20)),
                String::new(),
            ),
        ];
        let mut table = String::new();
        for (name, value, note) in lines {
            let line = format!("{name:<26}{value:>14}  {note}");
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{}", line.trim_end());
        }
        table
    }
}

/// A number with commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
    fn thousands_are_grouped() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
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
            serde_json::from_str(&Report::default().json().unwrap()).unwrap();
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
