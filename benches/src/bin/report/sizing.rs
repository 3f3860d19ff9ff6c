//! What a machine buys: how cost grows with the batch, and an estimate for more cores.

use std::fmt::{self, Write as _};

use winterlane_benches::{Job, Statement};

use crate::{
    pages::COMMAND,
    record::{Record, Results},
};

const MEBIBYTE: f64 = 1_048_576.0;

/// Cores that the estimate is made for.
const CORES: [f64; 3] = [16.0, 64.0, 192.0];

/// Threads and the record of one batch by threads, from one thread up.
pub(crate) fn scaling(results: &Results) -> Vec<(usize, &Record)> {
    let mut points: Vec<_> = results
        .section("scaling")
        .iter()
        .map(|record| (record.threads, record))
        .collect();
    points.sort_by_key(|(threads, _)| *threads);
    points
}

/// Operations and records of batches by size, of one preset, by the contender of that name.
fn by_size<'a>(results: &'a Results, preset: &str, name: &str) -> Vec<(f64, &'a Record)> {
    let of_preset = |record: &&Record| record.name == name && record.label.starts_with(preset);
    results
        .section("sizes")
        .iter()
        .filter(of_preset)
        .filter_map(|record| Some((operations(record)? as f64, record)))
        .collect()
}

/// The operations of a batch.
pub(crate) fn operations(record: &Record) -> Option<usize> {
    match record.job {
        Job::Prove {
            statement: Statement::Batch { operations },
            ..
        } => Some(operations),
        _ => None,
    }
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

/// The page, if enough was measured.
pub(crate) fn page(results: &Results) -> Result<Option<String>, fmt::Error> {
    let scaling = scaling(results);
    let (Some((_, one)), Some((most, all))) = (scaling.first(), scaling.last()) else {
        return Ok(None);
    };
    let records = by_size(results, "fast-128", &all.name);
    if records.len() < 3 {
        return Ok(None);
    }
    let mut page = format!(
        "# Sizing\n\nMeasured on the machine named in [README.md](README.md), {most} threads, {}, from \
         signed orders to proof bytes, 128 provable bits. Written by `{COMMAND}`.\n\n",
        all.name
    );
    growth(&mut page, &records)?;
    page.push_str(
        "![Transfers per second](throughput.svg)\n\n![Memory](memory.svg)\n\n## Smaller proofs\n\n\
         | preset | operations | seconds | transfers/s | proof KiB | peak MiB |\n|---|---|---|---|---|---|\n",
    );
    for preset in ["balanced-128", "compact-128"] {
        for (n, record) in by_size(results, preset, &all.name) {
            writeln!(
                page,
                "| {preset} | {n} | {:.3} | {:.0} | {:.0} | {:.0} |",
                record.seconds,
                rate(record),
                record.value("proof_bytes") / 1024.0,
                mebibytes(record),
            )?;
        }
    }
    more_cores(&mut page, one, all, &records)?;
    Ok(Some(page))
}

fn rate(record: &Record) -> f64 {
    record.value("transfers") / record.seconds
}

fn mebibytes(record: &Record) -> f64 {
    record.peak_rss.unwrap_or(0) as f64 / MEBIBYTE
}

/// Batches by size, and the lines through them.
fn growth(page: &mut String, records: &[(f64, &Record)]) -> fmt::Result {
    let points = |y: fn(&Record) -> f64| -> Vec<_> {
        records.iter().map(|(n, record)| (*n, y(record))).collect()
    };
    let (a, b) = fit(&points(|record| record.seconds));
    let (m0, m1) = fit(&points(mebibytes));
    page.push_str(
        "## How cost grows, preset `fast`\n\n| operations | seconds | fit | ms/operation | transfers/s | \
         proof KiB | peak MiB | fit |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (n, record) in records {
        writeln!(
            page,
            "| {n} | {:.3} | {:+.0}% | {:.2} | {:.0} | {:.0} | {:.0} | {:+.0}% |",
            record.seconds,
            100.0 * ((a + b * n) / record.seconds - 1.0),
            1e3 * record.seconds / n,
            rate(record),
            record.value("proof_bytes") / 1024.0,
            mebibytes(record),
            100.0 * ((m0 + m1 * n) / mebibytes(record) - 1.0),
        )?;
    }
    let per_operation = |(n, record): &(f64, &Record)| record.seconds / n;
    let Some(least) = records
        .iter()
        .min_by(|x, y| per_operation(x).total_cmp(&per_operation(y)))
    else {
        return Ok(());
    };
    let largest = records.last().unwrap_or(least);
    writeln!(
        page,
        "\n**The fits**, least squares of the relative error over n operations: seconds = {a:.3} + {:.3} \
         n / 1000, MiB = {m0:.0} + {:.0} n / 1000; the columns *fit* say by how much the line misses each \
         size. The constant is what every batch pays: grinding, queries, start-up. The transforms add a \
         factor log n to their share, and an operation has {:.1} MiB of extended trace, so that all but the \
         smallest batches are larger than the last cache level and memory bandwidth is already in the slope. \
         **Where it bends**: an operation costs least in batches of {} ({:.2} ms), and {:+.0}% against that \
         at {}, the largest measured; memory starts from \
         what every process holds (the program, tables of roots, stacks), bends no more, and ends the line at about \
         {:.0} operations a GiB.\n",
        1e3 * b,
        1e3 * m1,
        251.0 * 512.0 * 8.0 / MEBIBYTE,
        least.0,
        1e3 * per_operation(least),
        100.0 * (per_operation(largest) / per_operation(least) - 1.0),
        largest.0,
        1024.0 / m1,
    )
}

/// Amdahl's law from one and from all threads.
fn more_cores(
    page: &mut String,
    one: &Record,
    all: &Record,
    records: &[(f64, &Record)],
) -> fmt::Result {
    let p = all.threads as f64;
    if p < 2.0 {
        return Ok(());
    }
    // t(p) / t(1) = s + (1 - s) / p, solved for s.
    let serial = ((all.seconds / one.seconds - 1.0 / p) / (1.0 - 1.0 / p)).max(0.0);
    let speedup = |cores: f64| 1.0 / (serial + (1.0 - serial) / cores);
    let base = records
        .iter()
        .find(|(n, _)| *n == 1024.0)
        .or(records.last())
        .map_or(0.0, |(_, record)| rate(record));
    write!(
        page,
        "\n## More cores\n\n![Strong scaling](scaling.svg)\n\n**An estimate, not a measurement.** By \
         Amdahl's law, with s the share of the work that is serial,\n\n```text\nt(p) = t(1) (s + (1 - s) / \
         p)\n```\n\ns = {serial:.3}, from t(1) = {:.3} s and t({p}) = {:.3} s at {} operations. From two \
         points it is rough, and it takes memory bandwidth to grow with the cores, as it does over the sockets \
         of a server but not within one: read the first columns as an upper bound for one batch. A rollup \
         rather proves its batches side by side, one for every {p} cores (last column): s does not matter \
         then, memory size and bandwidth do.\n\n| cores | speed-up of one batch | transfers/s, batches of \
         1,024 | one batch for every {p} cores |\n|---|---|---|---|\n",
        one.seconds,
        all.seconds,
        operations(all).unwrap_or(0),
    )?;
    for cores in CORES {
        writeln!(
            page,
            "| {cores} | {:.1} | {:.0} | {:.0} |",
            speedup(cores),
            base * speedup(cores) / speedup(p),
            base * cores / p,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_fitted_exactly() {
        let (a, b) = fit(&[(1.0, 5.0), (2.0, 7.0), (10.0, 23.0)]);
        assert!((a - 3.0).abs() < 1e-9 && (b - 2.0).abs() < 1e-9);
    }
}
