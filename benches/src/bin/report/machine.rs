//! On what, and of what, the numbers are.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use winterlane_field_simd::Backend;

/// Facts by name, for the head of a page.
pub(crate) type Facts = BTreeMap<String, String>;

/// The name of the fact when it was measured, which sorts by time.
pub(crate) const MEASURED: &str = "measured";

/// The facts of this machine, now.
pub(crate) fn describe() -> Facts {
    let backends: Vec<_> = Backend::available().map(Backend::name).collect();
    let facts = [
        ("CPU", cpu()),
        (
            "threads",
            std::thread::available_parallelism().map_or_else(|_| "?".into(), |n| n.to_string()),
        ),
        ("memory", memory()),
        (
            "last-level cache",
            last_level_cache().unwrap_or_else(|| "?".into()),
        ),
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
        (MEASURED, output("date", &["-u", "+%F %R UTC"])),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The name of this machine's folder: maker, family, model and best vector backend.
pub(crate) fn slug() -> String {
    let backend = Backend::detect();
    let fact = |name| line_of("/proc/cpuinfo", name);
    match (fact("vendor_id"), fact("cpu family"), fact("model\t")) {
        (Some(vendor), Some(family), Some(model)) => {
            let vendor = match vendor.as_str() {
                "AuthenticAMD" => "amd".to_owned(),
                "GenuineIntel" => "intel".to_owned(),
                other => other.to_lowercase(),
            };
            format!("{vendor}-family-{family}-model-{model}-{backend}")
        }
        _ => format!("{}-{backend}", std::env::consts::ARCH),
    }
}

/// Bytes that a process may take, where the system tells.
pub(crate) fn free_memory() -> Option<f64> {
    let line = line_of("/proc/meminfo", "MemAvailable")?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(1024.0 * kibibytes)
}

/// The number in mebibytes of a fact such as `24 GiB`.
pub(crate) fn mebibytes(facts: &Facts, name: &str) -> Option<f64> {
    let (number, unit) = facts.get(name)?.split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    match unit {
        "MiB" => Some(number),
        "GiB" => Some(1024.0 * number),
        _ => None,
    }
}

/// The size of the first core's outermost cache.
fn last_level_cache() -> Option<String> {
    let caches = Path::new("/sys/devices/system/cpu/cpu0/cache");
    let outermost = fs::read_dir(caches)
        .ok()?
        .filter_map(|cache| {
            let read = |name| fs::read_to_string(cache.as_ref().ok()?.path().join(name)).ok();
            let level: u32 = read("level")?.trim().parse().ok()?;
            let kibibytes: f64 = read("size")?.trim().strip_suffix('K')?.parse().ok()?;
            Some((level, kibibytes))
        })
        .max_by(|x, y| x.0.cmp(&y.0))?;
    Some(format!("{} MiB", outermost.1 / 1024.0))
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

/// Files that differ from the commit and have a part in what is measured; none in a clean tree.
///
/// The report's own pages and plots are no such files: it writes them section by section.
pub(crate) fn changes() -> String {
    let status = [
        "status",
        "--porcelain",
        "--",
        ":/*.rs",
        ":/*.toml",
        ":/*.lock",
        ":/*.csv",
    ];
    output("git", &status)
}

fn commit() -> String {
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"]);
    if changes().is_empty() {
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
