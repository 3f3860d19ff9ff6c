//! The low-degree extension against others, in milliseconds: a page that the crate's documentation of the
//! transform refers to.

use std::fmt::{self, Write as _};

use crate::{
    headline::fastest,
    pages::COMMAND,
    record::{MARKS, Results, rows},
};

/// The page, if anything was measured.
pub(crate) fn page(results: &Results) -> Result<Option<String>, fmt::Error> {
    let records = results.section("lde");
    if records.is_empty() {
        return Ok(None);
    }
    let mut page = format!(
        "# The low-degree extension against others\n\nInterpolation included, milliseconds, on the machine \
         named in [README.md](README.md); medians of interleaved runs of `{COMMAND} -- --only lde`. In \
         brackets, how many times longer than Winterlane; *v3* is the build for AVX2, *best* the fastest of \
         all builds. {MARKS}\n"
    );
    for (i, backend) in results.backends().into_iter().enumerate() {
        let builds: &[&str] = if i == 0 {
            &["x86-64-v3", "native"]
        } else {
            &["x86-64-v3"]
        };
        let name = if i == 0 { "best" } else { "v3" };
        writeln!(
            page,
            "\n| | threads | Winterlane {backend} | Plonky3 {name} | winterfell {name} | winterfell \
             default |\n|---|---|---|---|---|---|"
        )?;
        for row in rows(records) {
            let Some(ours) = results.find("lde", row, &format!("Winterlane {backend}")) else {
                continue;
            };
            write!(
                page,
                "| {} | {} | **{:.1}** |",
                row.0,
                row.1,
                1e3 * ours.seconds
            )?;
            for (peer, builds) in [
                ("Plonky3", builds),
                ("winterfell", builds),
                ("winterfell", &["default"]),
            ] {
                let builds = builds
                    .iter()
                    .filter_map(|build| results.find("lde", row, &format!("{peer} {build}")));
                match fastest(builds) {
                    Some(other) => {
                        let (time, ratio) = (1e3 * other.seconds, ours.ratio(other));
                        write!(page, " {time:.1} ({ratio} x) |")?;
                    }
                    None => page.push_str(" |"),
                }
            }
            page.push('\n');
        }
    }
    Ok(Some(page))
}
