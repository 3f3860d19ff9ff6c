//! The short answer: how many times faster, line by line.

use std::fmt::{self, Write as _};

use winterlane_benches::Contender;

use crate::record::{Record, Results};

/// Sections whose contenders do the same work, and so have a ratio.
const SECTIONS: [&str; 7] = [
    "field", "lde", "commit", "rescue", "prove", "batch", "equal",
];

/// The backends of a column, and the peers' build for the same instructions.
const BACKENDS: [(&str, &str); 2] = [("avx512", "native"), ("avx2", "x86-64-v3")];

/// One row a job and number of threads.
pub(crate) fn write(page: &mut String, results: &Results) -> fmt::Result {
    page.push_str(
        "## How many times faster\n\nThe median time of the other over the median time of Winterlane, on the \
         same data and threads.\n\n\
         | | threads | AVX-512: stock default | stock native | Plonky3 native | AVX2: stock default | stock \
         x86-64-v3 | Plonky3 x86-64-v3 |\n|---|---|---|---|---|---|---|---|\n",
    );
    for section in SECTIONS {
        let records = results.section(section);
        let mut rows: Vec<(&str, usize)> = Vec::new();
        for record in records {
            let row = (record.label.as_str(), record.threads);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        for (label, threads) in rows {
            let of_row = |name: &str| {
                records.iter().find(|record| {
                    record.label == label && record.threads == threads && record.name == name
                })
            };
            let mut ratios = String::new();
            for (backend, build) in BACKENDS {
                let ours = of_row(&format!("Winterlane {backend}"));
                for other in [
                    "winterfell default",
                    &format!("winterfell {build}"),
                    &format!("Plonky3 {build}"),
                ] {
                    match (ours, of_row(other)) {
                        (Some(ours), Some(other)) => {
                            write!(ratios, " {:.2} |", other.seconds / ours.seconds)?;
                        }
                        _ => ratios.push_str(" |"),
                    }
                }
            }
            if ratios.contains('.') {
                writeln!(page, "| {section}: {label} | {threads} |{ratios}")?;
            }
        }
    }
    page.push('\n');
    threads(page, results)
}

/// What more threads give, where one and more were measured.
fn threads(page: &mut String, results: &Results) -> fmt::Result {
    let mut lines = String::new();
    for section in SECTIONS {
        let records = results.section(section);
        let ours = |record: &&Record| record.contender == Contender::Winterlane;
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
                    "| {section}: {} | {} | {} | {:.2} |",
                    one.label,
                    one.name,
                    more.threads,
                    one.seconds / more.seconds
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
