//! The pages.

use std::{error::Error, fmt::Write as _, fs, path::Path};

use winterlane_benches::{Contender, Job};

use crate::{
    lde, ratios,
    record::{MARKS, Record, Results},
    sizing,
};

pub(crate) const COMMAND: &str = "cargo run --release -p winterlane-benches --bin report";

/// Sections, their titles and the unit, and the plots below them.
const TABLES: [(&str, &str, &[&str]); 13] = [
    ("field", "Field arithmetic, ns per element", &[]),
    (
        "lde",
        "Low-degree extension (inverse transform included), ns per extended element",
        &[],
    ),
    (
        "lde-sizes",
        "Low-degree extension by size, 1 thread, ns per extended element",
        &["![Time per extended element](lde.svg)"],
    ),
    (
        "commit",
        "BLAKE3 row hashing and Merkle tree, ns per row",
        &[],
    ),
    (
        "rescue",
        "Rescue-Jive compressions of independent pairs, ns per compression",
        &[],
    ),
    (
        "witness",
        "Work before a proof, us per thing (256 of each); stock is winter-crypto's Rescue in the same code",
        &[],
    ),
    (
        "prove",
        "Proofs of a wide and a narrow AIR, filled trace to proof bytes, seconds",
        &[],
    ),
    (
        "batch",
        "A batch of transfers, signed orders to proof bytes, seconds",
        &[],
    ),
    ("equal", "The same Poseidon2 AIR, 180 columns, seconds", &[]),
    (
        "hiding",
        "Hiding proofs of that AIR, filled trace to proof bytes, seconds",
        &[],
    ),
    ("verify", "Verification, from proof bytes, ms", &[]),
    (
        "presets",
        "Presets, 256 operations, signed orders to proof bytes, seconds",
        &[
            "![Time per phase](phases.svg)",
            "![Proof size against time](frontier.svg)",
        ],
    ),
    (
        "sizes",
        "Batches by size, signed orders to proof bytes, seconds",
        &[
            "![Transfers per second](throughput.svg)",
            "![Memory](memory.svg)",
        ],
    ),
];

pub(crate) fn write(results: &Results, directory: &Path) -> Result<(), Box<dyn Error>> {
    let sizing = sizing::page(results)?;
    let mut page = main_page(results)?;
    if let Some(sizing) = sizing {
        fs::write(directory.join("sizing.md"), sizing)?;
        page.push_str("What a machine buys: [sizing.md](sizing.md).\n");
    }
    if let Some(lde) = lde::page(results)? {
        fs::write(directory.join("lde.md"), lde)?;
    }
    fs::write(directory.join("README.md"), page)?;
    Ok(())
}

fn main_page(results: &Results) -> Result<String, std::fmt::Error> {
    let mut page = format!(
        "# Benchmarks of one machine\n\nWritten by `{COMMAND}`; \
         [METHOD.md](../../../benches/METHOD.md) says what is compared with what and why that is fair, \
         [the index](../README.md) has other machines. All numbers are in [results.json](results.json).\n\n"
    );
    for (machine, sections) in results.runs() {
        writeln!(
            page,
            "Sections {}:\n\n| | |\n|---|---|",
            sections.join(", ")
        )?;
        for (name, value) in machine {
            writeln!(page, "| {name} | {value} |")?;
        }
        page.push('\n');
    }
    durations(&mut page, results)?;
    page.push_str(
        "Winterlane is built by Cargo's defaults and picks its instructions at run time. `default`, \
         `x86-64-v3` and `native` are the flags of the others.\n\n",
    );
    ratios::write(&mut page, results)?;
    page.push_str(
        "Below, times are medians; the ratio in brackets is how many times longer than the fastest \
         Winterlane of the row. *Spread* is the largest ratio of the slowest to the fastest run of one \
         contender, *runs* how many there were, of the contender with the fewest. ",
    );
    writeln!(page, "{MARKS}\n")?;
    for (section, title, plots) in TABLES {
        let records: Vec<_> = results.section(section).iter().collect();
        if records.is_empty() {
            continue;
        }
        table(&mut page, title, &records)?;
        match section {
            "batch" => phases(&mut page, &records)?,
            "equal" => rates(&mut page, &records)?,
            "hiding" => costs(&mut page, &records)?,
            "presets" | "verify" => proofs(&mut page, &records)?,
            _ => {}
        }
        for plot in plots {
            writeln!(page, "{plot}\n")?;
        }
    }
    Ok(page)
}

/// How long the sections took.
fn durations(page: &mut String, results: &Results) -> std::fmt::Result {
    let total: f64 = results.durations().map(|(_, seconds)| seconds).sum();
    if total == 0.0 {
        return Ok(());
    }
    writeln!(
        page,
        "Measuring took {:.1} minutes, preparation and comparison included, building not. In seconds:\n",
        total / 60.0
    )?;
    let sections: Vec<_> = results.durations().collect();
    for (name, _) in &sections {
        write!(page, "| {name} ")?;
    }
    writeln!(page, "|\n{}|", "|---".repeat(sections.len()))?;
    for (_, seconds) in &sections {
        write!(page, "| {seconds:.0} ")?;
    }
    page.push_str("|\n\n");
    Ok(())
}

/// What the seconds of a record are divided by and multiplied with to be in the table's unit.
fn scale(job: Job) -> f64 {
    match job {
        Job::Field { operation, .. } => {
            1e9 / (operation.passes() * winterlane_benches::FieldOperation::ELEMENTS) as f64
        }
        Job::Lde {
            log_rows,
            columns,
            blowup,
        } => 1e9 / ((columns * blowup) as f64 * f64::from(1u32 << log_rows)),
        Job::Commit { log_rows, .. } => 1e9 / f64::from(1u32 << log_rows),
        Job::Witness { count, .. } => 1e6 / count as f64,
        Job::Rescue { count } => 1e9 / count as f64,
        Job::Prove { .. } | Job::Trace { .. } | Job::Hide { .. } => 1.0,
        Job::Verify { .. } => 1e3,
    }
}

/// One row a job and number of threads, one column a contender.
fn table(page: &mut String, title: &str, records: &[&Record]) -> std::fmt::Result {
    let mut names: Vec<&str> = Vec::new();
    let mut rows: Vec<(String, usize)> = Vec::new();
    for record in records {
        if !names.contains(&record.name.as_str()) {
            names.push(&record.name);
        }
        let row = (record.label.clone(), record.threads);
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    writeln!(
        page,
        "## {title}\n\n| | threads | {} | spread | runs |",
        names.join(" | ")
    )?;
    writeln!(page, "|---|---|{}---|---|", "---|".repeat(names.len()))?;
    for (row, threads) in rows {
        let of_row = || {
            records
                .iter()
                .filter(|record| record.label == row && record.threads == threads)
        };
        let ours = of_row().filter(|record| record.contender == Contender::Winterlane);
        let best = ours.min_by(|x, y| x.seconds.total_cmp(&y.seconds));
        write!(page, "| {row} | {threads} |")?;
        for name in &names {
            let Some(record) = of_row().find(|record| record.name == *name) else {
                page.push_str(" |");
                continue;
            };
            let value = significant(record.seconds * scale(record.job));
            match best {
                Some(best) if record.seconds > best.seconds => {
                    write!(page, " {value} ({} x) |", best.ratio(record))?;
                }
                _ => write!(page, " **{value}** |")?,
            }
        }
        let spread = of_row().map(|record| record.spread).fold(0.0, f64::max);
        let runs = of_row().map(|record| record.runs).min().unwrap_or(0);
        writeln!(page, " {spread:.2} | {runs} |")?;
    }
    page.push('\n');
    Ok(())
}

fn significant(x: f64) -> String {
    let digits = (2 - x.abs().log10().floor() as i32).clamp(0, 4) as usize;
    format!("{x:.digits$}")
}

/// Permutations and cells per second of the equal-work proofs, and their sizes.
fn rates(page: &mut String, records: &[&Record]) -> std::fmt::Result {
    page.push_str(
        "| | | threads | thousand permutations/s | million cells/s | proof KiB |\n|---|---|---|---|---|---|\n",
    );
    for record in records {
        if let Job::Prove { statement, .. } = record.job {
            let rows = statement.rows() as f64 / record.seconds;
            writeln!(
                page,
                "| {} | {} | {} | {:.0} | {:.1} | {:.0} |",
                record.name,
                record.label,
                record.threads,
                rows / 1e3,
                rows * statement.columns() as f64 / 1e6,
                record.kibibytes(),
            )?;
        }
    }
    page.push('\n');
    Ok(())
}

/// What hiding costs beside the plain proof that took turns with it.
fn costs(page: &mut String, records: &[&Record]) -> std::fmt::Result {
    page.push_str(
        "Each hiding proof took turns with a plain one of the same trace and options. Memory is the most that \
         either of them held.\n\n| | | threads | ms | x plain | proof KiB | plain KiB | verified in ms | plain | \
         peak MiB |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for record in records {
        writeln!(
            page,
            "| {} | {} | {} | {:.1} | {:.2} | {:.1} | {:.1} | {:.2} | {:.2} | {:.0} |",
            record.label,
            record.name,
            record.threads,
            record.seconds * 1e3,
            record.seconds / record.value("plain"),
            record.kibibytes(),
            record.value("plain_bytes") / 1024.0,
            record.value("verify") * 1e3,
            record.value("verify_plain") * 1e3,
            record.mebibytes(),
        )?;
    }
    page.push('\n');
    Ok(())
}

/// Where the time of a batch goes.
fn phases(page: &mut String, records: &[&Record]) -> std::fmt::Result {
    let ours: Vec<_> = records
        .iter()
        .filter(|record| record.contender == Contender::Winterlane)
        .collect();
    let Some(first) = ours.first() else {
        return Ok(());
    };
    page.push_str("Seconds by phase, with transfers per second and the most memory held:\n\n| |");
    for record in &ours {
        write!(page, " {}, {}T |", record.name, record.threads)?;
    }
    writeln!(page, "\n|---|{}", "---|".repeat(ours.len()))?;
    for (phase, _) in first.phases() {
        write!(page, "| {phase} |")?;
        for record in &ours {
            let seconds = record.phases().find(|(name, _)| *name == phase);
            let seconds = seconds.map_or(0.0, |(_, seconds)| seconds);
            let share = 100.0 * seconds / record.seconds;
            write!(page, " {seconds:.3} ({share:.0}%) |")?;
        }
        page.push('\n');
    }
    page.push_str("| **transfers/s** |");
    for record in &ours {
        write!(page, " **{:.0}** |", record.rate())?;
    }
    page.push_str("\n| MiB |");
    for record in &ours {
        write!(page, " {:.0} |", record.mebibytes())?;
    }
    page.push_str("\n\n");
    Ok(())
}

/// Sizes of proofs beside times.
fn proofs(page: &mut String, records: &[&Record]) -> std::fmt::Result {
    page.push_str("| | | seconds | proof KiB | peak MiB |\n|---|---|---|---|---|\n");
    for record in records {
        writeln!(
            page,
            "| {} | {} | {:.3} | {:.1} | {:.0} |",
            record.label,
            record.name,
            record.seconds,
            record.kibibytes(),
            record.mebibytes(),
        )?;
    }
    page.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        assert_eq!(
            [0.0123, 0.2567, 1.005, 12.34, 123.4, 5678.0].map(significant),
            ["0.0123", "0.257", "1.00", "12.3", "123", "5678"]
        );
    }
}
