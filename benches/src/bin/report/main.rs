//! Measures a bounded set of jobs and writes `docs/benchmarks`.
//!
//! ```text
//! report                      measure everything, then write the pages and plots
//! report --only lde,prove     measure these sections again; the others keep their results
//! report --render             only write the pages and plots, from the results on disk
//! ```

#![forbid(unsafe_code)]

mod machine;
mod pages;
mod plots;
mod record;
mod sections;

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use record::Results;

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
    let directory: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let chosen: Vec<&str> = match arguments.as_slice() {
        [] => sections::ALL.iter().map(|section| section.name).collect(),
        ["--render"] => Vec::new(),
        ["--only", names] => names.split(',').collect(),
        _ => return Err("usage: report [--render | --only SECTION,...]".into()),
    };
    let mut results = Results::load(&directory)?;
    for name in chosen {
        let section = sections::ALL
            .iter()
            .find(|section| section.name == name)
            .ok_or_else(|| {
                let names: Vec<_> = sections::ALL.iter().map(|section| section.name).collect();
                format!("no section `{name}`; there are {}", names.join(", "))
            })?;
        let start = Instant::now();
        eprintln!("{name}: {}", section.title);
        let records = section.measure()?;
        results.replace(name, machine::describe(), records);
        results.save(&directory)?;
        eprintln!("{name}: {:.0} s", start.elapsed().as_secs_f64());
    }
    plots::write(&results, &directory)?;
    pages::write(&results, &directory)?;
    Ok(())
}
