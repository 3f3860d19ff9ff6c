//! The short answer: how many times faster, line by line.

use std::fmt::{self, Write as _};

use winterlane_benches::Contender;

use crate::record::{MARKS, Record, Results, rows};

/// Sections whose contenders do the same work, and so have a ratio.
const SECTIONS: [&str; 8] = [
    "field", "lde", "commit", "rescue", "witness", "prove", "batch", "equal",
];

/// The peers beside the best backend of a machine, and beside AVX2 where there is more.
const PEERS: [&[&str]; 2] = [
    &[
        "winterfell default",
        "winterfell x86-64-v3",
        "winterfell native",
        "Plonky3 x86-64-v3",
        "Plonky3 native",
    ],
    &[
        "winterfell default",
        "winterfell x86-64-v3",
        "Plonky3 x86-64-v3",
    ],
];

/// One row a job and number of threads, one column a peer that has any ratio.
pub(crate) fn write(page: &mut String, results: &Results) -> fmt::Result {
    let columns: Vec<(&str, &str)> = results
        .backends()
        .into_iter()
        .zip(PEERS)
        .flat_map(|(backend, peers)| peers.iter().map(move |peer| (backend, *peer)))
        .collect();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for section in SECTIONS {
        for row in rows(results.section(section)) {
            for kind in ["Winterlane", "Winterlane `prove`"] {
                let cell = |(backend, peer): &(&str, &str)| {
                    let ours = results.find(section, row, &format!("{kind} {backend}"))?;
                    Some(ours.ratio(results.find(section, row, peer)?))
                };
                let cells: Vec<_> = columns
                    .iter()
                    .map(|column| cell(column).unwrap_or_default())
                    .collect();
                if cells.iter().any(|cell| !cell.is_empty()) {
                    let how = kind.strip_prefix("Winterlane").unwrap_or_default();
                    lines.push((format!("{section}{how}: {} | {}", row.0, row.1), cells));
                }
            }
        }
    }
    writeln!(
        page,
        "## How many times faster\n\nThe median time of the other over the median time of Winterlane, on the \
         same data and threads. {MARKS}\n"
    )?;
    let used = |i: &usize| lines.iter().any(|(_, cells)| !cells[*i].is_empty());
    let used: Vec<usize> = (0..columns.len()).filter(used).collect();
    page.push_str("| | threads |");
    for &i in &used {
        let (backend, peer) = columns[i];
        write!(page, " {backend}: {peer} |")?;
    }
    writeln!(page, "\n|---|---|{}", "---|".repeat(used.len()))?;
    for (title, cells) in &lines {
        write!(page, "| {title} |")?;
        for &i in &used {
            write!(page, " {} |", cells[i])?;
        }
        page.push('\n');
    }
    page.push('\n');
    threads(page, results)
}

/// What more threads give, where one and more were measured.
fn threads(page: &mut String, results: &Results) -> fmt::Result {
    let mut lines = String::new();
    for section in SECTIONS {
        let records = results.section(section);
        let ours = |record: &&Record| {
            let contender = record.contender;
            matches!(
                contender,
                Contender::Winterlane | Contender::WinterlaneAnyAir
            )
        };
        for one in records
            .iter()
            .filter(ours)
            .filter(|record| record.threads == 1)
        {
            let same = |record: &&Record| record.label == one.label && record.name == one.name;
            for more in records
                .iter()
                .filter(same)
                .filter(|record| record.threads > 1)
            {
                writeln!(
                    lines,
                    "| {section}: {} | {} | {} | {} |",
                    one.label,
                    one.name,
                    more.threads,
                    more.ratio(one)
                )?;
            }
        }
    }
    if !lines.is_empty() {
        page.push_str("| one thread over more | | threads | ratio |\n|---|---|---|---|\n");
        page.push_str(&lines);
        page.push('\n');
    }
    Ok(())
}
