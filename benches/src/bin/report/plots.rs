//! The plots, as SVG.

use std::{collections::BTreeMap, error::Error, ops::Range, path::Path};

use plotters::{coord::Shift, prelude::*};
use winterlane_benches::{Contender, Job};

use crate::{
    record::{Record, Results},
    sizing,
};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Outcome = Result<(), Box<dyn Error>>;

/// Named points.
type Series = BTreeMap<String, Vec<(f64, f64)>>;

/// Axes and names of a plot of lines.
struct Axes<'a> {
    title: &'a str,
    x: &'a str,
    y: &'a str,
}

pub(crate) fn write(results: &Results, directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory)?;
    lde(results, directory)?;
    throughput(results, directory)?;
    memory(results, directory)?;
    scaling(results, directory)?;
    phases(results, directory)?;
    frontier(results, directory)
}

fn lde(results: &Results, directory: &Path) -> Outcome {
    let mut series = Series::new();
    for record in results.section("lde-sizes") {
        if let Job::Lde {
            log_rows,
            columns,
            blowup,
        } = record.job
        {
            let elements = (columns * blowup) as f64 * f64::from(1u32 << log_rows);
            let point = (f64::from(1u32 << log_rows), 1e9 * record.seconds / elements);
            series.entry(record.name.clone()).or_default().push(point);
        }
    }
    let axes = Axes {
        title: "Low-degree extension of 8 columns, blowup 4, 1 thread",
        x: "rows",
        y: "ns per extended element",
    };
    lines(&directory.join("lde.svg"), &axes, &series)
}

/// Name, operations and record of batches of real transfers by size.
fn batches(results: &Results) -> impl Iterator<Item = (String, f64, &Record)> {
    results.section("sizes").iter().filter_map(|record| {
        let (preset, _) = record.label.split_once(',')?;
        let name = format!("{}, {preset}", record.name);
        Some((name, record.operations()? as f64, record))
    })
}

fn throughput(results: &Results, directory: &Path) -> Outcome {
    let mut series = Series::new();
    for (name, operations, record) in batches(results) {
        let point = (operations, record.rate());
        series.entry(name).or_default().push(point);
    }
    let axes = Axes {
        title: "From signed orders to proof bytes, 128 provable bits, all threads",
        x: "operations in the batch",
        y: "transfers per second",
    };
    lines(&directory.join("throughput.svg"), &axes, &series)
}

fn memory(results: &Results, directory: &Path) -> Outcome {
    let mut series = Series::new();
    for (name, operations, record) in batches(results) {
        if record.peak_rss.is_some() {
            let point = (operations, record.mebibytes());
            series.entry(name).or_default().push(point);
        }
    }
    let axes = Axes {
        title: "Most memory held from signed orders to proof bytes, 128 provable bits, all threads",
        x: "operations in the batch",
        y: "MiB",
    };
    lines(&directory.join("memory.svg"), &axes, &series)
}

fn scaling(results: &Results, directory: &Path) -> Outcome {
    let points = sizing::scaling(results);
    let Some((1, one)) = points.first() else {
        return Ok(());
    };
    let speedup = points
        .iter()
        .map(|&(threads, record)| (threads as f64, one.seconds / record.seconds));
    let ideal = points
        .iter()
        .map(|&(threads, _)| (threads as f64, threads as f64));
    let series = Series::from([
        ("ideal".to_owned(), ideal.collect()),
        ("Winterlane".to_owned(), speedup.collect()),
    ]);
    let axes = Axes {
        title: "Strong scaling, 512 operations, preset fast",
        x: "threads",
        y: "speed-up over one thread",
    };
    lines(&directory.join("scaling.svg"), &axes, &series)
}

/// Colors of lines, each dark enough for white ground.
const COLORS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 135, 90),
    RGBColor(170, 50, 130),
    RGBColor(90, 90, 90),
    RGBColor(190, 140, 0),
    RGBColor(70, 60, 200),
    RGBColor(160, 30, 40),
];

/// Lines over axes that are logarithmic to the base 2, so that sizes fall on the marks. The legend has
/// the right quarter for itself.
fn lines(path: &Path, axes: &Axes<'_>, series: &Series) -> Outcome {
    let points = || series.values().flatten();
    let (Some(x), Some(y)) = (
        span(points().map(|p| p.0.log2())),
        span(points().map(|p| p.1.log2())),
    ) else {
        return Ok(());
    };
    let area = SVGBackend::new(path, (860, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let room = x.start..x.end + 0.4 * (x.end - x.start);
    let mut chart = ChartBuilder::on(&area)
        .caption(axes.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d(room, y.clone())?;
    chart
        .configure_mesh()
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_label_formatter(&|at| mark(*at, &x, 2.0))
        .y_label_formatter(&|at| mark(*at, &y, 4.0))
        .light_line_style(WHITE)
        .draw()?;
    for (i, (name, points)) in series.iter().enumerate() {
        let color = COLORS[i % COLORS.len()];
        let logarithms = points.iter().map(|(x, y)| (x.log2(), y.log2()));
        let line = LineSeries::new(logarithms, color.stroke_width(2)).point_size(3);
        chart
            .draw_series(line)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// The range of some values with some room; `None` of no values.
fn span(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    (low <= high).then_some(low - 0.3..high + 0.3)
}

/// What stands at a mark of a logarithmic axis: the powers of two, or all when there are fewer than
/// `least` of those; nothing beyond the values.
fn mark(logarithm: f64, range: &Range<f64>, least: f64) -> String {
    let whole = (logarithm - logarithm.round()).abs() < 1e-9;
    let few = range.end.floor() - range.start.ceil() + 1.0 < least;
    if (whole || few) && logarithm <= range.end {
        number(logarithm.exp2())
    } else {
        String::new()
    }
}

fn number(x: f64) -> String {
    let logarithm = x.log2();
    if x >= 10_000.0 && (logarithm - logarithm.round()).abs() < 1e-9 {
        return format!("2^{logarithm:.0}");
    }
    let decimals = if x >= 10.0 { 0 } else { 2 };
    let text = format!("{x:.decimals$}");
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

/// Time per phase, stacked, a bar a preset.
fn phases(results: &Results, directory: &Path) -> Outcome {
    let records: Vec<&Record> = results
        .section("presets")
        .iter()
        .filter(|record| record.contender == Contender::Winterlane && record.label.ends_with("128"))
        .collect();
    let most = records
        .iter()
        .map(|record| record.seconds)
        .fold(0.0, f64::max);
    if most == 0.0 {
        return Ok(());
    }
    let path = directory.join("phases.svg");
    let area: Area<'_> = SVGBackend::new(&path, (860, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let labels: Vec<String> = records.iter().map(|record| record.label.clone()).collect();
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "Seconds per phase, 256 operations, all threads",
            ("sans-serif", 18),
        )
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..records.len() as f64 * 1.45, 0.0..most * 1.05)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_desc("seconds")
        .light_line_style(WHITE)
        .draw()?;
    let names: Vec<&str> = records[0].phases().map(|(name, _)| name).collect();
    for (i, name) in names.iter().enumerate() {
        let color = Palette99::pick(i).to_rgba();
        let bars = records.iter().enumerate().filter_map(|(at, record)| {
            let phases: Vec<_> = record.phases().collect();
            let below: f64 = phases.iter().take(i).map(|(_, seconds)| seconds).sum();
            let (_, seconds) = phases.get(i)?;
            let at = at as f64;
            Some(Rectangle::new(
                [(at + 0.15, below), (at + 0.85, below + seconds)],
                color.filled(),
            ))
        });
        chart
            .draw_series(bars)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled()));
    }
    let texts = records
        .iter()
        .zip(&labels)
        .enumerate()
        .map(|(at, (record, label))| {
            let place = (at as f64 + 0.2, record.seconds + most * 0.03);
            Text::new(label.clone(), place, ("sans-serif", 15))
        });
    chart.draw_series(texts)?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Proof size against prover time: the presets' frontier.
fn frontier(results: &Results, directory: &Path) -> Outcome {
    let mut series = Series::new();
    for record in results.section("presets") {
        let bits = record.label.rsplit('-').next().unwrap_or_default();
        series
            .entry(format!("{bits} provable bits"))
            .or_default()
            .push((record.seconds, record.kibibytes()));
    }
    let axes = Axes {
        title: "Proof size against prover time, 256 operations: fast, balanced, compact, smallest",
        x: "seconds, all threads",
        y: "KiB",
    };
    lines(&directory.join("frontier.svg"), &axes, &series)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_powers_of_two_within_the_values() {
        let range = 5.7..13.3;
        let at = |logarithm| mark(logarithm, &range, 2.0);
        assert_eq!(
            [at(6.0), at(6.5), at(13.0), at(14.0)],
            ["64", "", "8192", ""]
        );
        assert_eq!(mark(0.5, &(0.3..0.9), 2.0), "1.41");
        assert_eq!(
            [0.25, 1.0, 10.0, 65536.0].map(number),
            ["0.25", "1", "10", "2^16"]
        );
    }
}
