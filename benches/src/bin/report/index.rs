//! What is said of all machines: the index of the folders, and the numbers of the README.

use std::{
    error::Error,
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use winterlane_benches::Contender;

use crate::{
    headline::{batch, fastest, table},
    machine::{Facts, MEASURED},
    pages::COMMAND,
    record::{MARKS, Record, Results},
};

const BEGIN: &str = "<!-- benchmarks -->\n";
const END: &str = "<!-- /benchmarks -->";

const PEERS: &str = "Winterlane is built by Cargo's defaults and picks its instructions at run time; \
     stock is winterfell 0.13.1 with `concurrent`. *Default* is Cargo's default build of it, *best* the \
     fastest of all builds, with the flags of this very CPU among them; beside AVX2 on a CPU that has \
     AVX-512, *v3* is `-Ctarget-cpu=x86-64-v3`.";

pub(crate) fn write(
    machines: &[(String, Results)],
    root: &Path,
    readme: &Path,
) -> Result<(), Box<dyn Error>> {
    fs::write(root.join("README.md"), index(machines)?)?;
    let text = fs::read_to_string(readme)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or_else(|| format!("no {BEGIN} .. {END} in the README"))?;
    fs::write(
        readme,
        format!("{before}{BEGIN}{}{END}{after}", numbers(machines)?),
    )?;
    Ok(())
}

fn index(machines: &[(String, Results)]) -> Result<String, fmt::Error> {
    let mut page = format!(
        "# Benchmarks\n\nA folder for each machine that was measured, written by `{COMMAND}`. \
         [METHOD.md](../../benches/METHOD.md) says what is compared with what and why that is fair.\n\n\
         How many times longer others take for the same work. {PEERS} {MARKS}\n\n"
    );
    for (folder, results) in machines.iter().rev() {
        writeln!(
            page,
            "## [{folder}]({folder}/README.md)\n\n{}\n",
            origin(results)
        )?;
        writeln!(page, "{}", table(results)?)?;
    }
    Ok(page)
}

/// The machine, and for each run its sections, commit and date: numbers are credited to the code that they
/// were measured of.
fn origin(results: &Results) -> String {
    let Some(latest) = results.latest() else {
        return String::new();
    };
    let of = |facts: &Facts, name: &str| facts.get(name).cloned().unwrap_or_else(|| "?".into());
    let mut runs = results.runs();
    runs.sort_by_key(|(facts, _)| of(facts, MEASURED));
    let one = runs.len() == 1;
    let runs = runs.iter().map(|(facts, sections)| {
        let (commit, measured) = (of(facts, "commit"), of(facts, MEASURED));
        if one {
            format!("commit {commit}, {measured}")
        } else {
            format!("{} at commit {commit}, {measured}", sections.join(", "))
        }
    });
    wrapped(&format!(
        "{} threads of {}, {}; {}.",
        of(latest, "threads"),
        of(latest, "CPU"),
        results.backends().join(", "),
        runs.collect::<Vec<_>>().join("; ")
    ))
}

/// Prose in lines as long as the rest of the README's.
fn wrapped(prose: &str) -> String {
    let mut text = String::new();
    let mut length = 0;
    for word in prose.split_whitespace() {
        if length > 0 && length + 1 + word.len() > 110 {
            text.push('\n');
            length = 0;
        } else if length > 0 {
            text.push(' ');
            length += 1;
        }
        text.push_str(word);
        length += word.len();
    }
    text
}

/// What stands in the README.
fn numbers(machines: &[(String, Results)]) -> Result<String, fmt::Error> {
    let mut text = wrapped(&format!(
        "How many times longer others take, on the same data, threads and pages, in interleaved runs \
         (`{COMMAND}`). {PEERS}"
    ));
    text.push_str("\n\n");
    for (_, results) in machines.iter().rev() {
        writeln!(text, "{}\n\n{}", origin(results), table(results)?)?;
    }
    writeln!(text, "{MARKS}\n")?;
    let Some((folder, latest)) = machines.last() else {
        return Ok(text);
    };
    if machines.len() > 1 {
        text.push_str("Of the first of these machines:\n\n");
    }
    writeln!(text, "{}\n", wrapped(&rates(latest)?))?;
    sizes(&mut text, latest)?;
    let plots = [
        ("Seconds by phase", "phases"),
        ("Proof size against time", "frontier"),
    ];
    for (name, plot) in plots {
        writeln!(text, "![{name}](docs/benchmarks/{folder}/{plot}.svg)\n")?;
    }
    text.push_str(
        "[docs/benchmarks](docs/benchmarks/README.md) has all rows, the losses too;\n\
         [benches/METHOD.md](benches/METHOD.md) says why it is fair.\n",
    );
    Ok(text)
}

/// Transfers per second, and what threads and verification take.
fn rates(results: &Results) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let Some(ours) = batch(results) else {
        return Ok(text);
    };
    let operations = ours.operations().unwrap_or(0);
    write!(
        text,
        "**{:.0} transfers a second** ({}) on {} threads in batches of {operations} operations, signature \
         checks, ledger, trace and proof, at 128 provable bits.",
        ours.rate(),
        ours.name,
        ours.threads,
    )?;
    let same = |threads: usize| {
        results.section("batch").iter().filter(move |record| {
            record.operations() == Some(operations) && record.threads == threads
        })
    };
    let stock = || same(ours.threads).filter(|record| record.contender == Contender::Winterfell);
    let default = stock().find(|record| record.name.ends_with("default"));
    if let (Some(default), Some(best)) = (default, fastest(stock())) {
        write!(
            text,
            " Stock winterfell reaches {:.0}, or {:.0} in its best build.",
            default.rate(),
            best.rate()
        )?;
    }
    let scaled = results.section("scaling").iter().chain(same(1));
    let one = scaled
        .clone()
        .find(|record| record.threads == 1 && record.name == ours.name);
    let all = |one: &Record| {
        let records = results.section("scaling").iter().chain(same(ours.threads));
        records.clone().find(|record| {
            record.threads == ours.threads && record.label == one.label && record.name == one.name
        })
    };
    if let Some((one, all)) = one.and_then(|one| Some((one, all(one)?))) {
        write!(
            text,
            " {} threads take {} times less than one.",
            all.threads,
            all.ratio(one)
        )?;
    }
    let verified = results.section("verify").iter().find(|record| {
        record.contender == Contender::Winterlane && record.label.starts_with("fast-128")
    });
    if let Some(record) = verified {
        write!(
            text,
            " The proof of {} is verified in {:.1} ms.",
            record.label,
            1e3 * record.seconds
        )?;
    }
    let public = ours.value("public_bytes");
    if public > 0.0 {
        write!(
            text,
            " A transfer takes {:.1} public bytes.",
            public / ours.value("transfers")
        )?;
    }
    Ok(text)
}

/// Proof sizes of the presets: of the largest batch up to 1,024 operations that has all that were measured.
fn sizes(text: &mut String, results: &Results) -> fmt::Result {
    let sections = ["sizes", "batch", "presets"].map(|section| results.section(section));
    let proofs = || {
        sections.into_iter().flatten().filter_map(|record| {
            let preset = record.label.split(',').next()?;
            let operations = record.operations().filter(|n| *n <= 1024)?;
            (record.contender == Contender::Winterlane).then_some((preset, operations, record))
        })
    };
    text.push_str("| preset | operations | proof, KiB |\n|---|---|---|\n");
    for preset in ["fast-128", "balanced-128", "compact-128", "smallest-128"] {
        let of_preset = proofs().filter(|(name, ..)| *name == preset);
        if let Some((_, operations, record)) = of_preset.max_by_key(|(_, n, _)| *n) {
            writeln!(
                text,
                "| `{preset}` | {operations} | {:.1} |",
                record.kibibytes()
            )?;
        }
    }
    text.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Measured;

    /// A section measured at that commit and time.
    fn measured(commit: &str, time: &str) -> Measured {
        let facts = [
            ("threads", "2"),
            ("CPU", "Z80"),
            ("commit", commit),
            (MEASURED, time),
        ];
        Measured {
            machine: facts
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            ..Measured::default()
        }
    }

    #[test]
    fn each_section_is_credited_to_its_own_commit() {
        let mut results = Results::default();
        results.replace("batch", measured("aaaa with changes", "2026-01-01"));
        results.replace("lde", measured("aaaa with changes", "2026-01-01"));
        assert!(origin(&results).ends_with("; commit aaaa with changes, 2026-01-01."));
        results.replace("sizes", measured("bbbb", "2026-01-02"));
        assert!(origin(&results).replace('\n', " ").ends_with(
            "; batch, lde at commit aaaa with changes, 2026-01-01; sizes at commit bbbb, 2026-01-02."
        ));
        results.replace("batch", measured("cccc", "2026-01-03"));
        let origin = origin(&results).replace('\n', " ");
        assert!(
            origin.ends_with(
                "; lde at commit aaaa with changes, 2026-01-01; sizes at commit bbbb, 2026-01-02; batch at \
                 commit cccc, 2026-01-03."
            ),
            "{origin}"
        );
    }
}
