//! Measures a bounded set of jobs and writes `docs/benchmarks`, a folder a machine, and the numbers of
//! the README.
//!
//! ```text
//! report                      measure everything, then write the pages and plots
//! report --only lde,prove     measure these sections again; the others keep their results
//! report --render             only write the pages and plots, from the results on disk
//! report --smoke              everything at tiny sizes, into the target directory
//! ```
//!
//! What fails is told, and the rest is measured all the same; results are written after each job.

#![forbid(unsafe_code)]

mod entry;
mod fit;
mod headline;
mod index;
mod lde;
mod machine;
mod pages;
mod plots;
mod progress;
mod ratios;
mod record;
mod sections;
mod sizing;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use entry::Entry;
use progress::Progress;
use record::{Measured, Results};
use sections::{Section, Size};

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<(), Box<dyn Error>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut root: PathBuf = project.join("docs/benchmarks");
    let mut readme = project.join("README.md");
    let mut chosen: Vec<&Section> = sections::ALL.iter().collect();
    let mut size = Size { smoke: false };
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "--render" => chosen.clear(),
            "--only" => chosen = sections_of(arguments.next().unwrap_or_default())?,
            "--smoke" => {
                size.smoke = true;
                root = winterlane_benches::target_directory().join("benchmarks-smoke");
                fs::create_dir_all(&root)?;
                let copy = root.join("PROJECT.md");
                fs::copy(&readme, &copy)?;
                readme = copy;
            }
            _ => return Err("usage: report [--render | --only SECTION,...] [--smoke]".into()),
        }
    }
    // A number belongs to a commit. What is tried out on the way to one is tried with --smoke.
    let changes = machine::changes();
    if !(chosen.is_empty() || size.smoke || changes.is_empty()) {
        return Err(
            format!("commit these first, so that the numbers have a commit:\n{changes}").into(),
        );
    }
    let failures = measure(&chosen, size, &root.join(machine::slug()))?;
    let machines = record::load_all(&root)?;
    for (folder, results) in &machines {
        let folder = root.join(folder);
        plots::write(results, &folder)?;
        pages::write(results, &folder)?;
    }
    index::write(&machines, &root, &readme)?;
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("left out:\n{}", failures.join("\n")).into())
}

fn sections_of(names: &str) -> Result<Vec<&'static Section>, String> {
    let find = |name| {
        let section = sections::ALL.iter().find(|section| section.name == name);
        section.ok_or_else(|| {
            let names: Vec<_> = sections::ALL.iter().map(|section| section.name).collect();
            format!("no section `{name}`; there are {}", names.join(", "))
        })
    };
    names.split(',').map(find).collect()
}

/// Measures sections and keeps the results of each on disk; returns what failed.
fn measure(chosen: &[&Section], size: Size, folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut results = Results::load(folder)?;
    let sections: Vec<(&Section, Vec<Entry>)> = chosen
        .iter()
        .map(|section| (*section, section.entries(size)))
        .collect();
    let entries = || sections.iter().flat_map(|(_, entries)| entries);
    // Nothing is built between two measurements.
    for setup in entries().flat_map(Entry::setups) {
        winterlane_benches::build(*setup)?;
    }
    let facts = machine::describe();
    let mut progress = Progress::new(entries().count());
    let mut failures = Vec::new();
    for (section, entries) in &sections {
        let start = Instant::now();
        let mut records = Vec::new();
        for entry in entries {
            progress.show(&format!("{}: {}", section.title, entry.label));
            let (measured, failed) = entry.measure();
            records.extend(measured);
            failures.extend(failed);
            if !records.is_empty() {
                let measured = Measured {
                    machine: facts.clone(),
                    seconds: start.elapsed().as_secs_f64(),
                    records: records.clone(),
                };
                results.replace(section.name, measured);
                results.save(folder)?;
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        progress.note(&format!("{}: {seconds:.0} s", section.name));
    }
    progress.finish();
    Ok(failures)
}
