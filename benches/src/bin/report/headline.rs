//! The short answer of a machine: how many times longer others take for the same work.

use std::fmt::{self, Write as _};

use winterlane_benches::{Contender, Job, Options, Statement};

use crate::record::{Record, Results, rows};

/// Sections with lines here; on one thread, and batches on all.
const SECTIONS: [&str; 4] = ["batch", "prove", "equal", "lde"];

/// How a column is called, and the peers' builds whose fastest it has.
type Column = (&'static str, &'static [&'static str]);

/// The columns of the best backend of a machine: no flags are kept from the others.
const BEST: [Column; 3] = [
    ("stock default", &["winterfell default"]),
    (
        "stock's best",
        &[
            "winterfell default",
            "winterfell x86-64-v3",
            "winterfell native",
        ],
    ),
    ("Plonky3's best", &["Plonky3 x86-64-v3", "Plonky3 native"]),
];

/// Those of AVX2 where there is more: the others are held to AVX2 too.
const LESS: [Column; 3] = [
    ("stock default", &["winterfell default"]),
    ("stock v3", &["winterfell x86-64-v3"]),
    ("Plonky3 v3", &["Plonky3 x86-64-v3"]),
];

/// A line for each job and number of threads that is worth one.
pub(crate) fn table(results: &Results) -> Result<String, fmt::Error> {
    let columns: Vec<(&str, Column)> = results
        .backends()
        .into_iter()
        .enumerate()
        .flat_map(|(i, backend)| {
            let columns = if i == 0 { BEST } else { LESS };
            columns.map(|column| (backend, column))
        })
        .collect();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for section in SECTIONS {
        for row in rows(results.section(section)) {
            for any_air in [true, false] {
                let line = line(results, section, row, any_air, &columns);
                lines.extend(line.filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty())));
            }
        }
    }
    let used = |i: usize| lines.iter().any(|(_, cells)| !cells[i].is_empty());
    let used: Vec<usize> = (0..columns.len()).filter(|i| used(*i)).collect();
    let mut text = String::from("| |");
    for &i in &used {
        let (backend, (name, _)) = columns[i];
        write!(text, " {backend}: {name} |")?;
    }
    writeln!(text, "\n|---|{}", "---|".repeat(used.len()))?;
    for (title, cells) in &lines {
        write!(text, "| {title} |")?;
        for &i in &used {
            write!(text, " {} |", cells[i])?;
        }
        text.push('\n');
    }
    Ok(text)
}

/// Title and cells of a row, by `prove` or by `prove_inlined`.
fn line(
    results: &Results,
    section: &str,
    row: (&str, usize),
    any_air: bool,
    columns: &[(&str, Column)],
) -> Option<(String, Vec<String>)> {
    let records = results.section(section);
    let first = records
        .iter()
        .find(|record| (record.label.as_str(), record.threads) == row)?;
    if section != "batch" && row.1 > 1 {
        return None;
    }
    let title = title(first.job, any_air)?;
    let kind = if any_air {
        "Winterlane `prove`"
    } else {
        "Winterlane"
    };
    let cell = |(backend, (_, builds)): &(&str, Column)| {
        let ours = results.find(section, row, &format!("{kind} {backend}"))?;
        let others = builds
            .iter()
            .filter_map(|name| results.find(section, row, name));
        Some(ours.ratio(others.min_by(|x, y| x.seconds.total_cmp(&y.seconds))?))
    };
    let threads = if row.1 == 1 {
        "1 thread"
    } else {
        "all threads"
    };
    let cells = columns
        .iter()
        .map(|column| cell(column).unwrap_or_default());
    Some((format!("{title}, {threads}"), cells.collect()))
}

/// What is done, for people; `None` of jobs without a line.
fn title(job: Job, any_air: bool) -> Option<String> {
    let name = match job {
        Job::Prove {
            statement,
            options: Options { blowup, .. },
        } => {
            let air = |shape: &str| {
                let call = if any_air {
                    "any AIR, `prove`"
                } else {
                    "an AIR that inlines"
                };
                format!(
                    "{call}: {shape}, 2^{} rows, blowup {blowup}",
                    statement.rows().ilog2()
                )
            };
            match statement {
                Statement::Wide { .. } => air("94 columns of degree 7"),
                Statement::Narrow { .. } => air("12 columns of degree 3"),
                Statement::Poseidon2 { log_rows } => {
                    format!("Plonky3's Poseidon2 AIR, 2^{log_rows} permutations, blowup {blowup}")
                }
                Statement::Batch { operations } => {
                    format!("**{operations} operations**, signed orders to proof, 128 bits")
                }
            }
        }
        Job::Lde {
            log_rows: 18,
            columns: columns @ (2 | 32),
            blowup: 8,
        } => {
            format!("low-degree extension, 2^18 x {columns}, blowup 8")
        }
        _ => return None,
    };
    Some(name)
}

/// The fastest of some records.
pub(crate) fn fastest<'a>(records: impl Iterator<Item = &'a Record>) -> Option<&'a Record> {
    records.min_by(|x, y| x.seconds.total_cmp(&y.seconds))
}

/// The largest batch of preset `fast` that was measured beside others or alone, up to 1,024 operations,
/// on the most threads.
pub(crate) fn batch(results: &Results) -> Option<&Record> {
    let records = ["batch", "sizes"].map(|section| results.section(section));
    let batches = records.into_iter().flatten().filter(|record| {
        record.contender == Contender::Winterlane
            && record.label.starts_with("fast-128")
            && record
                .operations()
                .is_some_and(|operations| operations <= 1024)
    });
    let size = |record: &Record| (record.operations(), record.threads);
    let largest = batches.clone().map(size).max()?;
    fastest(batches.filter(|record| size(record) == largest))
}
