//! Public values: enums of the crates that grow can grow, and what a value is asked for is not dropped.

use super::errors::sources;

/// Crates whose enums name what others do: stages, roles, events. Those of the protocol, such as its orders and
/// records, are closed: whoever matches one of them must have thought of all.
const GROWING: &[&str] = &["wallet/", "settlement/", "node/"];

/// Enums there whose variants are all that there can be: a caller that leaves one out has forgotten it.
const CLOSED: &[(&str, &str)] = &[
    // a note can be spent, is on its way, or is spent
    ("wallet/src/notes/book.rs", "State"),
    ("node/src/handle/pool.rs", "NullifierState"),
    // an order that had no answer was taken or was not
    ("wallet/src/account/orders.rs", "Resumed"),
    // an account is there or is created
    ("settlement/src/call/mod.rs", "DepositTo"),
    // a proof holds or is refused
    ("node/src/panel/verdict.rs", "Verdict"),
    // exit statuses 1 and 2
    ("node/src/command.rs", "Failure"),
];

/// The attributes and comments right before a line.
fn before<'a>(lines: &'a [&str], at: usize) -> impl Iterator<Item = &'a str> {
    let above = lines[..at].iter().rev().map(|line| line.trim());
    above.take_while(|line| !line.is_empty() && !line.ends_with(['{', '}', ';']))
}

#[test]
fn enums_of_what_grows_can_grow() {
    let (mut closed, mut forgotten) = (Vec::new(), CLOSED.to_vec());
    let mut found = 0;
    for (file, text) in sources() {
        if !GROWING.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("pub enum ") else {
                continue;
            };
            found += 1;
            let name = rest.split(|c: char| !c.is_alphanumeric()).next();
            let name = name.unwrap_or_default();
            let expected = CLOSED.contains(&(file.as_str(), name));
            forgotten.retain(|row| *row != (file.as_str(), name));
            let open = before(&lines, at).any(|line| line == "#[non_exhaustive]");
            if open == expected {
                closed.push(format!("{file}: {name}"));
            }
        }
    }
    // that they are found at all
    assert!(found > 40, "{found} enums");
    assert!(
        closed.is_empty(),
        "#[non_exhaustive] or CLOSED: {closed:#?}"
    );
    assert!(
        forgotten.is_empty(),
        "CLOSED, and not there: {forgotten:#?}"
    );
}

/// A method that changes nothing is called for what it returns.
#[test]
fn answers_must_be_used() {
    let mut dropped = Vec::new();
    let mut found = 0;
    for (file, text) in sources() {
        // lanes and kernels: arithmetic, as `+` is
        if file.starts_with("field-simd/") {
            continue;
        }
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let line = line.trim();
            if !line.starts_with("pub fn ") && !line.starts_with("pub const fn ") {
                continue;
            }
            let mut signature = String::new();
            for line in &lines[at..] {
                signature.push_str(line.trim());
                if line.ends_with(['{', ';']) {
                    break;
                }
            }
            let Some((_, arguments)) = signature.split_once('(') else {
                continue;
            };
            let Some((arguments, answer)) = arguments.rsplit_once("-> ") else {
                continue;
            };
            // what must be used by its own type
            let by_type = ["Result<", "impl ", "io::Result<", "std::io::Result<"];
            let by_type = by_type.iter().any(|kind| answer.starts_with(kind));
            if !arguments.starts_with("&self")
                || arguments.contains("&mut")
                || by_type
                || answer.contains("Guard<")
            {
                continue;
            }
            found += 1;
            if !before(&lines, at).any(|line| line.starts_with("#[must_use")) {
                dropped.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(found > 200, "{found} methods");
    assert!(dropped.is_empty(), "not #[must_use]: {dropped:#?}");
}
