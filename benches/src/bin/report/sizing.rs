//! What a machine buys: how cost grows with the batch, and an estimate for more cores.

use std::fmt::{self, Write as _};

use winterlane_air::{batch::columns::TRACE_WIDTH, batch::schedule::BLOCK_ROWS};

use crate::{
    fit::{Fit, MODELS, bend},
    machine::{Facts, mebibytes},
    pages::COMMAND,
    record::{Record, Results},
};

/// Of the extended trace of an operation at blowup 2.
const MEBIBYTES_PER_OPERATION: f64 = (TRACE_WIDTH * BLOCK_ROWS * 2 * 8) as f64 / 1_048_576.0;

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
        .filter_map(|record| Some((record.operations()? as f64, record)))
        .collect()
}

/// The page, if enough was measured.
pub(crate) fn page(results: &Results) -> Result<Option<String>, fmt::Error> {
    let scaling = scaling(results);
    let (Some((most, all)), Some(facts)) = (scaling.last(), results.latest()) else {
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
    growth(&mut page, &records, facts)?;
    page.push_str(
        "![Transfers per second](throughput.svg)\n\n![Memory](memory.svg)\n\n## Smaller proofs\n\n\
         | preset | operations | seconds | transfers/s | proof KiB | peak MiB | runs |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for preset in ["balanced-128", "compact-128", "smallest-128"] {
        for (n, record) in by_size(results, preset, &all.name) {
            writeln!(
                page,
                "| {preset} | {n} | {:.3} | {:.0} | {:.0} | {:.0} | {} |",
                record.seconds,
                record.rate(),
                record.kibibytes(),
                record.mebibytes(),
                record.runs,
            )?;
        }
    }
    more_cores(&mut page, &scaling, &records)?;
    Ok(Some(page))
}

/// Batches by size, the lines through them, and where those bend.
fn growth(page: &mut String, records: &[(f64, &Record)], facts: &Facts) -> fmt::Result {
    let points = |y: fn(&Record) -> f64| -> Vec<_> {
        records.iter().map(|(n, record)| (*n, y(record))).collect()
    };
    let seconds = points(|record| record.seconds);
    let memory = points(Record::mebibytes);
    let (time, held) = (Fit::best(&seconds), Fit::new(MODELS[0], &memory));
    page.push_str(
        "## How cost grows, preset `fast`\n\n| operations | seconds | fit | ms/operation | transfers/s | \
         proof KiB | peak MiB | fit | runs |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for (n, record) in records {
        writeln!(
            page,
            "| {n} | {:.3} | {:+.0}% | {:.2} | {:.0} | {:.0} | {:.0} | {:+.0}% | {} |",
            record.seconds,
            100.0 * time.miss((*n, record.seconds)),
            1e3 * record.seconds / n,
            record.rate(),
            record.kibibytes(),
            record.mebibytes(),
            100.0 * held.miss((*n, record.mebibytes())),
            record.runs,
        )?;
    }
    page.push_str(
        "\nThe lines have the least squares of the relative error; the columns *fit* say by how much a line \
         misses a size. A line bends where two, each through three sizes at least, have a quarter of the \
         squares of one.\n\n",
    );
    let cache = mebibytes(facts, "last-level cache");
    describe(page, "Time, seconds", time, &seconds, cache)?;
    describe(page, "Memory, MiB", held, &memory, None)?;
    let cheapest = seconds
        .iter()
        .min_by(|x, y| (x.1 / x.0).total_cmp(&(y.1 / y.0)));
    if let (Some(cheapest), Some(largest)) = (cheapest, seconds.last()) {
        let each = |(n, y): &(f64, f64)| 1e3 * y / n;
        writeln!(
            page,
            "- **An operation** costs least in batches of {}: {:.2} ms, and {:+.0}% against that at {}, the \
             largest measured.",
            cheapest.0,
            each(cheapest),
            100.0 * (each(largest) / each(cheapest) - 1.0),
            largest.0,
        )?;
    }
    if let Some(memory) = mebibytes(facts, "memory") {
        let most = (memory - held.a) / held.b;
        let power = most.max(1.0).log2().floor().exp2();
        writeln!(
            page,
            "- **The end**: by its line, {:.0} GiB hold {most:.0} operations, so that the largest batch is one \
             of {power:.0}; presets end at 8192.",
            memory / 1024.0
        )?;
    }
    page.push('\n');
    Ok(())
}

/// A line in words, with its bend beside the last-level cache, if that matters.
fn describe(
    page: &mut String,
    what: &str,
    fit: Fit,
    points: &[(f64, f64)],
    cache: Option<f64>,
) -> fmt::Result {
    let [linear, other] = MODELS.map(|model| Fit::new(model, points).worst(points));
    write!(
        page,
        "- **{what}** = {:.4} + {:.6} {}; the line misses {:.0}% at most (of the two, in `{}` {:.0}% and in \
         `{}` {:.0}%). ",
        fit.a,
        fit.b,
        fit.model.name,
        100.0 * fit.worst(points),
        MODELS[0].name,
        100.0 * linear,
        MODELS[1].name,
        100.0 * other,
    )?;
    let bend = bend(fit.model, points);
    match bend {
        None => page.push_str("It does not bend."),
        Some(bend) => write!(
            page,
            "It bends between {} and {} operations, to {:.2} times the slope.",
            bend.between.0, bend.between.1, bend.steeper
        )?,
    }
    if let Some(cache) = cache {
        let filled = cache / MEBIBYTES_PER_OPERATION;
        write!(
            page,
            " The extended trace, {MEBIBYTES_PER_OPERATION:.2} MiB an operation, fills the last-level cache \
             ({cache:.0} MiB) at {filled:.0} operations"
        )?;
        let near = bend.map(|bend| (bend.between.0 / 2.0..=bend.between.1 * 2.0).contains(&filled));
        page.push_str(match near {
            Some(true) => ": where the line bends.",
            Some(false) => ", which is not where the line bends.",
            None => ".",
        });
    }
    page.push('\n');
    Ok(())
}

/// The serial share `s` of `t(p) / t(1) = s + (1 - s) / p`: least squares over all points.
fn serial_share(times: &[(f64, f64)]) -> f64 {
    let Some(&(_, one)) = times.first() else {
        return 0.0;
    };
    let (mut over, mut under) = (0.0, 0.0);
    for &(p, t) in &times[1..] {
        over += (t / one - 1.0 / p) * (1.0 - 1.0 / p);
        under += (1.0 - 1.0 / p).powi(2);
    }
    (over / under).clamp(0.0, 1.0)
}

/// Amdahl's law from one thread to all.
fn more_cores(
    page: &mut String,
    scaling: &[(usize, &Record)],
    records: &[(f64, &Record)],
) -> fmt::Result {
    let (Some((1, one)), Some((most, all))) = (scaling.first(), scaling.last()) else {
        return Ok(());
    };
    if *most < 2 {
        return Ok(());
    }
    let times: Vec<_> = scaling
        .iter()
        .map(|(threads, record)| (*threads as f64, record.seconds))
        .collect();
    let serial = serial_share(&times);
    let speedup = |cores: f64| 1.0 / (serial + (1.0 - serial) / cores);
    let Some((n, base)) = records
        .iter()
        .find(|(n, _)| *n == 1024.0)
        .or(records.last())
    else {
        return Ok(());
    };
    writeln!(
        page,
        "\n## More cores\n\n![Strong scaling](scaling.svg)\n\n| threads | seconds, {} operations | times less \
         than one | runs |\n|---|---|---|---|",
        all.operations().unwrap_or(0)
    )?;
    for (threads, record) in scaling {
        let (seconds, ratio, runs) = (record.seconds, record.ratio(one), record.runs);
        writeln!(page, "| {threads} | {seconds:.3} | {ratio} | {runs} |")?;
    }
    write!(
        page,
        "\n**An estimate, not a measurement.** By Amdahl's law, with s the share of the work that is serial,\
         \n\n```text\nt(p) = t(1) (s + (1 - s) / p)\n```\n\ns = {serial:.3}, by least squares over the \
         {} points above. From so few threads it is rough, and it takes memory bandwidth to grow with the cores, \
         as it does over the sockets of a server but not within one: read the first columns as an upper bound \
         for one batch. A rollup rather proves its batches side by side, one for every {most} cores (last \
         column): s does not matter then, memory size and bandwidth do.\n\n| cores | speed-up of one batch | \
         transfers/s, batches of {n} | one batch for every {most} cores |\n|---|---|---|---|\n",
        scaling.len(),
    )?;
    let p = *most as f64;
    for cores in CORES {
        writeln!(
            page,
            "| {cores} | {:.1} | {:.0} | {:.0} |",
            speedup(cores),
            base.rate() * speedup(cores) / speedup(p),
            base.rate() * cores / p,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serial_share_of_exact_times() {
        let times = [1.0, 2.0, 4.0].map(|p| (p, 8.0 * (0.1 + 0.9 / p)));
        assert!((serial_share(&times) - 0.1).abs() < 1e-12);
    }
}
