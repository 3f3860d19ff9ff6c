//! The pages.

use std::{collections::BTreeMap, error::Error, fmt::Write as _, fs, path::Path};

use winterlane_benches::{Contender, Job, Statement};

use crate::record::{Record, Results};

const COMMAND: &str = "cargo run --release -p winterlane-benches --bin report";

pub(crate) fn write(results: &Results, directory: &Path) -> Result<(), Box<dyn Error>> {
    fs::write(directory.join("README.md"), main_page(results)?)?;
    if let Some(page) = sizing_page(results)? {
        fs::write(directory.join("sizing.md"), page)?;
    }
    Ok(())
}

fn main_page(results: &Results) -> Result<String, std::fmt::Error> {
    let mut page = format!(
        "# Benchmarks\n\nWritten by `{COMMAND}`; [METHOD.md](../../benches/METHOD.md) says what is \
         compared with what and why that is fair. All numbers are in [results.json](results.json). \
         [sizing.md](sizing.md): what a machine buys.\n\n"
    );
    for (machine, sections) in results.machines() {
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
    page.push_str(
        "Winterlane is built by Cargo's defaults and picks its instructions at run time. `default`, \
         `x86-64-v3` and `native` are the flags of the others. Times are medians; the ratio in \
         brackets is how many times longer than the fastest Winterlane of the row's threads. The last \
         column is the largest ratio of the slowest to the fastest run of one contender.\n\n",
    );
    let tables = [
        (
            "field",
            "Field arithmetic, ns per operation, throughput",
            false,
        ),
        (
            "field",
            "Field arithmetic, ns per dependent operation",
            true,
        ),
    ];
    for (section, title, dependent) in tables {
        let records: Vec<_> = results
            .section(section)
            .iter()
            .filter(
                |record| matches!(record.job, Job::Field { dependent: d, .. } if d == dependent),
            )
            .collect();
        table(&mut page, title, &records)?;
    }
    let sections = [
        (
            "lde",
            "Low-degree extension (inverse transform included), ns per extended element",
        ),
        ("commit", "BLAKE3 row hashing and Merkle tree, ns per row"),
        ("witness", "Work before a proof, us per thing (256 of each)"),
        ("prove", "Proofs of a wide and a narrow AIR, seconds"),
        (
            "stock",
            "A batch of 1,024 operations, `fast`, signed orders to proof bytes, seconds",
        ),
        (
            "equal",
            "The same Poseidon2 AIR (2^16 permutations, 180 columns), seconds",
        ),
        ("presets", "Presets, 256 operations, seconds"),
        ("sizes", "Batches by size, `fast`, seconds"),
    ];
    for (section, title) in sections {
        let records: Vec<_> = results.section(section).iter().collect();
        table(&mut page, title, &records)?;
        match section {
            "lde" => page.push_str("![LDE time per element](lde.svg)\n\n"),
            "equal" => rates(&mut page, &records)?,
            "presets" => page.push_str(
                "![Time per phase](phases.svg)\n\n![Proof size against time](frontier.svg)\n\n",
            ),
            "sizes" => page.push_str(
                "![Transfers per second](throughput.svg)\n\n![Memory](memory.svg)\n\n\
                 ![Strong scaling](scaling.svg)\n\n",
            ),
            _ => {}
        }
    }
    Ok(page)
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
        Job::Prove { .. } | Job::Verify { .. } => 1.0,
    }
}

/// One row a job and number of threads, one column a contender.
fn table(page: &mut String, title: &str, records: &[&Record]) -> std::fmt::Result {
    if records.is_empty() {
        return Ok(());
    }
    let mut names: Vec<&str> = Vec::new();
    let mut rows: Vec<(String, usize)> = Vec::new();
    for record in records {
        if !names.contains(&record.name.as_str()) {
            names.push(&record.name);
        }
        let row = (label(record), record.threads);
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    writeln!(
        page,
        "## {title}\n\n| | threads | {} | spread |",
        names.join(" | ")
    )?;
    writeln!(page, "|---|---|{}---|", "---|".repeat(names.len()))?;
    for (row, threads) in rows {
        let of_row = || {
            records
                .iter()
                .filter(|record| label(record) == row && record.threads == threads)
        };
        let best = of_row()
            .filter(|record| record.contender == Contender::Winterlane)
            .map(|record| record.seconds)
            .fold(f64::INFINITY, f64::min);
        write!(page, "| {row} | {threads} |")?;
        for name in &names {
            match of_row().find(|record| record.name == *name) {
                None => page.push_str(" |"),
                Some(record) => {
                    let value = significant(record.seconds * scale(record.job));
                    let ratio = record.seconds / best;
                    if ratio.is_finite() && record.seconds > best {
                        write!(page, " {value} ({ratio:.2} x) |")?;
                    } else {
                        write!(page, " **{value}** |")?;
                    }
                }
            }
        }
        let spread = of_row().map(|record| record.spread).fold(0.0, f64::max);
        writeln!(page, " {spread:.2} |")?;
    }
    page.push('\n');
    Ok(())
}

fn label(record: &Record) -> String {
    match record.job {
        Job::Prove {
            statement: Statement::Batch { operations },
            ..
        } => {
            format!("{}, {operations} operations", record.label)
        }
        _ => record.label.clone(),
    }
}

fn significant(x: f64) -> String {
    let digits = (2 - x.abs().log10().floor() as i32).clamp(0, 4) as usize;
    format!("{x:.digits$}")
}

/// Permutations and cells per second of the equal-work proofs.
fn rates(page: &mut String, records: &[&Record]) -> std::fmt::Result {
    if records.is_empty() {
        return Ok(());
    }
    page.push_str(
        "| | | threads | thousand permutations/s | million cells/s |\n|---|---|---|---|---|\n",
    );
    for record in records {
        if let Job::Prove { statement, .. } = record.job {
            let rows = statement.rows() as f64 / record.seconds;
            writeln!(
                page,
                "| {} | {} | {} | {:.0} | {:.1} |",
                record.name,
                record.label,
                record.threads,
                rows / 1e3,
                rows * statement.columns() as f64 / 1e6
            )?;
        }
    }
    page.push('\n');
    Ok(())
}

/// Threads and seconds of the 512-operation batch on the preferred backend.
pub(crate) fn scaling(results: &Results) -> Vec<(usize, f64)> {
    let of_size = |record: &&Record| {
        matches!(
            record.job,
            Job::Prove {
                statement: Statement::Batch { operations: 512 },
                ..
            }
        )
    };
    let mut points = BTreeMap::new();
    let preferred = winterlane_field_simd::Backend::detect().name();
    for record in results.section("sizes").iter().filter(of_size) {
        if record.name == "Winterlane" || record.name.ends_with(preferred) {
            points.insert(record.threads, record.seconds);
        }
    }
    points.into_iter().collect()
}

/// Least squares in the relative error: `y = a + b x`, each point weighted by `1 / y^2`.
fn fit(points: &[(f64, f64)]) -> (f64, f64) {
    let [mut s, mut sx, mut sxx, mut sy, mut sxy] = [0.0; 5];
    for &(x, y) in points {
        let weight = 1.0 / (y * y);
        s += weight;
        sx += weight * x;
        sxx += weight * x * x;
        sy += weight * y;
        sxy += weight * x * y;
    }
    let b = (s * sxy - sx * sy) / (s * sxx - sx * sx);
    ((sy - b * sx) / s, b)
}

fn sizing_page(results: &Results) -> Result<Option<String>, std::fmt::Error> {
    let preferred = winterlane_field_simd::Backend::detect().name();
    let records: Vec<(f64, &Record)> = results
        .section("sizes")
        .iter()
        .filter(|record| record.name.ends_with(preferred))
        .filter_map(|record| match record.job {
            Job::Prove {
                statement: Statement::Batch { operations },
                ..
            } => Some((operations as f64, record)),
            _ => None,
        })
        .collect();
    let scaling = scaling(results);
    let (Some(&(1, one)), Some(&(most, all))) = (scaling.first(), scaling.last()) else {
        return Ok(None);
    };
    if records.len() < 3 || most < 2 {
        return Ok(None);
    }
    let (a, b) = fit(&records
        .iter()
        .map(|(n, r)| (*n, r.seconds))
        .collect::<Vec<_>>());
    let memory: Vec<_> = records
        .iter()
        .filter_map(|(n, r)| Some((*n, r.peak_rss? as f64 / f64::from(1 << 20))))
        .collect();
    let (m0, m1) = fit(&memory);
    let mut page = format!(
        "# Sizing\n\nMeasured on the machine named in [README.md](README.md), {most} threads, backend \
         {preferred}, preset `fast`, 128 provable bits, from signed orders to proof bytes. Written by \
         `{COMMAND}`.\n\n| operations | seconds | fit | transfers/s | proof KiB | peak MiB | fit |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for (n, record) in &records {
        writeln!(
            page,
            "| {n} | {:.3} | {:+.0}% | {:.0} | {:.0} | {:.0} | {:+.0}% |",
            record.seconds,
            100.0 * ((a + b * n) / record.seconds - 1.0),
            record.value("transfers") / record.seconds,
            record.value("proof_bytes") / 1024.0,
            record.peak_rss.unwrap_or(0) as f64 / f64::from(1 << 20),
            100.0
                * ((m0 + m1 * n) * f64::from(1 << 20) / record.peak_rss.unwrap_or(1) as f64 - 1.0),
        )?;
    }
    // Two points of Amdahl's law: t(p) / t(1) = s + (1 - s) / p.
    let p = most as f64;
    let serial = ((all / one - 1.0 / p) / (1.0 - 1.0 / p)).max(0.0);
    write!(
        page,
        "\n**The fits**, least squares of the relative error, n operations: seconds = {a:.3} + \
         {:.3} n / 1000; MiB = {m0:.0} + {:.0} n / 1000. The columns *fit* say by how much the model \
         is off at each size. The constant is what every batch pays (grinding, queries, start-up); \
         per operation the transforms add a factor log n, which over this range is below the noise. \
         The model bends where the traces leave the last cache level ({:.1} MiB of extended trace an \
         operation), and ends at the memory.\n\n",
        1000.0 * b,
        1000.0 * m1,
        251.0 * 512.0 * 8.0 / f64::from(1 << 20),
    )?;
    page.push_str(
        "![Transfers per second](throughput.svg)\n\n![Memory](memory.svg)\n\n## More cores\n\n**An \
         estimate, not a measurement.** By Amdahl's law, with s the share of the work that is serial,\n\n\
         ```text\nt(p) = t(1) (s + (1 - s) / p)\n```\n\n",
    );
    writeln!(
        page,
        "s = {serial:.3}, from t(1) = {one:.3} s and t({most}) = {all:.3} s at 512 operations. It takes \
         memory bandwidth to grow with the cores, as it does over the sockets of a server but not \
         within one, so read it as an upper bound. What the formula leaves out cuts the other way too: \
         a rollup proves its batches side by side, one for every few cores, and is then bound by \
         memory size and bandwidth and not by s (last column: one batch for every {most} cores).\n\n\
         | cores | speed-up, one batch | transfers/s, batches of 1,024 | one batch per {most} cores |\n\
         |---|---|---|---|",
    )?;
    let rate = records
        .iter()
        .find(|(n, _)| *n == 1024.0)
        .or(records.last())
        .map_or(0.0, |(_, record)| {
            record.value("transfers") / record.seconds
        });
    let speedup = |cores: f64| 1.0 / (serial + (1.0 - serial) / cores);
    for cores in [16.0, 64.0, 192.0] {
        writeln!(
            page,
            "| {cores} | {:.1} | {:.0} | {:.0} |",
            speedup(cores),
            rate * speedup(cores) / speedup(p),
            rate * cores / p,
        )?;
    }
    Ok(Some(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_fitted_exactly() {
        let (a, b) = fit(&[(1.0, 5.0), (2.0, 7.0), (10.0, 23.0)]);
        assert!((a - 3.0).abs() < 1e-9 && (b - 2.0).abs() < 1e-9);
    }

    #[test]
    fn three_digits() {
        assert_eq!(
            [0.0123, 0.2567, 1.005, 12.34, 123.4, 5678.0].map(significant),
            ["0.0123", "0.257", "1.00", "12.3", "123", "5678"]
        );
    }
}
