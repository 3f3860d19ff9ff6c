//! Errors: each enum of them can grow, each says what lies below it, and none is a string.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{DIRECTIONS, root};

/// Errors of other crates that ours carry.
const FOREIGN: &[&str] = &[
    "io::Error",
    "serde_json::Error",
    "getrandom::Error",
    "redb::Error",
    "RandomCoinError",
    "ProverError",
];

/// Errors with a field whose type is no error, but has the name of one elsewhere.
const NAMESAKES: &[(&str, &str)] = &[("AuthError", "Refusal")];

/// Conversions of serde's, whose errors nobody sees but serde: it writes them into its own.
const SERDE_ONLY: &[&str] = &["node/src/config"];

/// A type that derives `Error`: where it is, and its lines from the attributes on.
struct ErrorType {
    file: String,
    name: String,
    public: bool,
    is_enum: bool,
    attributes: Vec<String>,
    body: Vec<String>,
}

/// The sources of our crates, but for tests.
pub(super) fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        for entry in entries {
            let path = entry.expect("a folder's entry").path();
            let name = path.file_name().and_then(|name| name.to_str());
            match name {
                Some("tests" | "testing" | "tests.rs") => {}
                _ if path.is_dir() => walk(&path, found),
                Some(name) if name.ends_with(".rs") => found.push(path),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    for (directory, _) in DIRECTIONS {
        walk(&root().join(directory).join("src"), &mut found);
    }
    found.sort();
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        // unit tests at the end of a file
        let text = text.split("#[cfg(test)]\nmod tests {").next();
        let name = path.strip_prefix(root()).unwrap_or(&path);
        let name = name.to_string_lossy().replace('\\', "/");
        (name, text.unwrap_or_default().to_owned())
    };
    found.into_iter().map(text).collect()
}

fn error_types(sources: &[(String, String)]) -> Vec<ErrorType> {
    let mut found = Vec::new();
    for (file, text) in sources {
        let mut attributes: Vec<String> = Vec::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("#[") || !attributes.is_empty() && !declares(line) {
                // an attribute, its further lines, or what stands between attributes
                attributes.push(line.to_owned());
                if line.is_empty() || line.starts_with("impl") || line.starts_with("fn") {
                    attributes.clear();
                }
                continue;
            }
            if !declares(line) {
                continue;
            }
            let attributes = std::mem::take(&mut attributes);
            let derives = |line: &String| line.contains("derive(") && word(line, "Error");
            if !attributes.iter().any(derives) {
                continue;
            }
            let name = line
                .split(" enum ")
                .nth(1)
                .or(line.split(" struct ").nth(1));
            let name = name.unwrap_or_default();
            let end = |c: char| !c.is_alphanumeric() && c != '_';
            let mut body = vec![line.to_owned()];
            if line.ends_with('{') {
                body.extend(
                    lines
                        .by_ref()
                        .take_while(|line| *line != "}")
                        .map(str::to_owned),
                );
            }
            found.push(ErrorType {
                file: file.clone(),
                name: name.split(end).next().unwrap_or_default().to_owned(),
                public: line.starts_with("pub "),
                is_enum: line.contains(" enum "),
                attributes,
                body,
            });
        }
    }
    found
}

/// Whether a line begins a type at the outermost level.
fn declares(line: &str) -> bool {
    line.starts_with("pub") && (line.contains(" enum ") || line.contains(" struct "))
}

/// Whether a line has a word, as one.
fn word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !before.ends_with(inside) && !after.starts_with(inside)
    })
}

#[test]
fn enums_of_errors_can_grow() {
    let types = error_types(&sources());
    // that the types are found at all
    assert!(types.len() > 60, "{} types of errors", types.len());
    for name in [
        "LedgerError",
        "VerifyError",
        "ProverError",
        "WalletError",
        "StoreError",
    ] {
        assert!(
            types.iter().any(|found| found.name == name),
            "{name} is not found"
        );
    }
    let closed = types.iter().filter(|found| {
        let open = found
            .attributes
            .iter()
            .any(|line| line == "#[non_exhaustive]");
        found.public && found.is_enum && !open
    });
    let closed: Vec<_> = closed
        .map(|found| format!("{}: {}", found.file, found.name))
        .collect();
    assert!(closed.is_empty(), "not #[non_exhaustive]: {closed:#?}");
}

/// An error that carries another gives it as its source, so that whoever writes down the chain has it.
#[test]
fn errors_say_what_lies_below_them() {
    let types = error_types(&sources());
    let mut errors: BTreeSet<&str> = types.iter().map(|found| found.name.as_str()).collect();
    errors.extend(FOREIGN);
    let mut silent = Vec::new();
    for found in &types {
        let (mut transparent, mut marked) = (false, false);
        for line in &found.body {
            let line = line.trim();
            let nothing = line.starts_with("///") || line.starts_with('"') || line.ends_with('{');
            if nothing && !line.starts_with("#[") {
                continue;
            }
            transparent |= line.contains("transparent");
            let marks = ["#[source]", "#[from]", "source:"];
            marked |= marks.iter().any(|mark| line.contains(mark));
            if line.starts_with("#[") && !line.ends_with(',') {
                continue;
            }
            // the type of a field, or those in a variant's parentheses
            let kind = line.split_once(": ").or(line.split_once('('));
            let carries = |error: &&&str| kind.is_some_and(|(_, kind)| word(kind, error));
            let carried = errors.iter().find(carries);
            if let Some(error) = carried
                && !marked
                && !transparent
                && !NAMESAKES.contains(&(found.name.as_str(), error))
            {
                silent.push(format!(
                    "{}: {} carries {error}: {line}",
                    found.file, found.name
                ));
            }
            // what was said of a field or a variant ends with it
            marked = false;
            transparent &= !line.ends_with(',');
        }
    }
    assert!(silent.is_empty(), "no source(): {silent:#?}");
}

/// What is a string cannot be told apart by a caller.
#[test]
fn no_error_is_a_string() {
    let mut strings = Vec::new();
    for (file, text) in sources() {
        if SERDE_ONLY.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        for line in text.lines().map(str::trim) {
            let result = line.starts_with("pub ") && line.contains("-> Result<");
            let associated = line.starts_with("type Err");
            let string = [
                ", String>",
                ", &'static str>",
                "= String;",
                "= &'static str;",
            ];
            if (result || associated) && string.iter().any(|string| line.contains(string)) {
                strings.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(strings.is_empty(), "{strings:#?}");
}
