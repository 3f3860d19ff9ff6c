//! On what, and of what, the numbers are.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use winterlane_field_simd::Backend;

/// Facts by name, for the head of the page.
pub(crate) fn describe() -> BTreeMap<String, String> {
    let backends: Vec<_> = Backend::available().map(Backend::name).collect();
    let facts = [
        ("CPU", cpu()),
        (
            "threads",
            std::thread::available_parallelism().map_or_else(|_| "?".into(), |n| n.to_string()),
        ),
        ("memory", memory()),
        ("vector backends", backends.join(", ")),
        ("system", output("uname", &["-sr"])),
        (
            "huge pages",
            fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
                .map_or_else(|_| "?".into(), |text| text.trim().to_owned()),
        ),
        ("compiler", output("rustc", &["--version"])),
        ("peers", peers()),
        (
            "flags",
            "Winterlane none; peers `-Ctarget-cpu` as in their names, thin LTO".into(),
        ),
        ("commit", commit()),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

/// What Winterlane is measured beside, by the lock file of its build.
fn peers() -> String {
    let lock = include_str!("../../../peers/Cargo.lock");
    let version = |package: &str| {
        let name = format!("name = \"{package}\"");
        let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
        let version = lines.next().and_then(|line| line.split('"').nth(1));
        version.unwrap_or("?").to_owned()
    };
    format!(
        "winterfell {} (concurrent), Plonky3 {} (parallel)",
        version("winterfell"),
        version("p3-uni-stark")
    )
}

fn output(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .map_or_else(
            |_| "?".into(),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
}

fn commit() -> String {
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"]);
    let changed = output(
        "git",
        &[
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            ":/*.rs",
        ],
    );
    if changed.is_empty() {
        commit
    } else {
        format!("{commit} with changes")
    }
}

fn line_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn cpu() -> String {
    let field = |name| line_of("/proc/cpuinfo", name).unwrap_or_else(|| "?".into());
    format!(
        "{} (family {}, model {})",
        field("model name"),
        field("cpu family"),
        field("model\t")
    )
}

fn memory() -> String {
    let kilobytes = line_of("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or_else(
        || "?".into(),
        |kilobytes| format!("{:.0} GiB", kilobytes / 1048576.0),
    )
}
