//! What documents name exists: files and folders in backticks, targets of links, and names of the code.

use std::{collections::HashSet, fs, path::Path};

use super::root;

/// Folders that nobody commits.
const MADE: &[&str] = &[".git", "target", "node_modules", "pkg"];

/// Paths in other people's trees, and folders that a node makes.
const ELSEWHERE: &[&str] = &[
    "field/src/arch/x86_64/",
    "field/src/goldilocks_field.rs",
    "goldilocks/src/x86_64_avx2/packing.rs",
    "goldilocks/src/x86_64_avx512/packing.rs",
    "math/src/field/f64/mod.rs",
    "settled/",
    "target/",
    "witness/",
];

/// Names of winterfell's and of formulas.
const NOT_OURS: &[&str] = &[
    "BatchMerkleProof",
    "DeepComposer",
    "FriProof",
    "FriVerifier",
    "ProvenSecurity",
    "get_query_values",
    "get_root",
    "num_partitions",
    "read_from",
    "read_layer_queries",
    "read_many",
    "verify_generic",
];

/// The tree, as it is on the disk.
#[derive(Default)]
struct Tree {
    /// Files and folders, from the root, with `/` between.
    paths: HashSet<String>,
    /// Every end of a path that begins at a folder: `run/` of `node/src/run/`.
    ends: HashSet<String>,
    documents: Vec<String>,
    /// Words of everything that is no document and no data.
    words: HashSet<String>,
}

impl Tree {
    fn read() -> Self {
        let mut tree = Self::default();
        tree.walk(&root(), "");
        tree
    }

    fn walk(&mut self, folder: &Path, name: &str) {
        for entry in fs::read_dir(folder).expect("a folder of the tree") {
            let entry = entry.expect("an entry");
            let Ok(last) = entry.file_name().into_string() else {
                continue;
            };
            if MADE.contains(&last.as_str()) {
                continue;
            }
            let path = [name, &last].concat();
            self.insert(&path);
            if entry.path().is_dir() {
                self.walk(&entry.path(), &[&path, "/"].concat());
            } else {
                self.file(&entry.path(), path);
            }
        }
    }

    fn insert(&mut self, path: &str) {
        self.paths.insert(path.to_owned());
        let mut end = path;
        self.ends.insert(end.to_owned());
        while let Some((_, rest)) = end.split_once('/') {
            end = rest;
            self.ends.insert(end.to_owned());
        }
    }

    fn file(&mut self, file: &Path, path: String) {
        let ending = path.rsplit('.').next().unwrap_or_default();
        match ending {
            "md" => self.documents.push(path),
            "csv" | "svg" | "lock" | "wasm" | "proof" => {}
            // this list of exceptions is no code that has the names
            "rs" if path.ends_with("house/documents.rs") => {}
            _ => {
                let text = fs::read_to_string(file).unwrap_or_default();
                let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                self.words
                    .extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            }
        }
    }

    /// Whether the code has this word, or the variant that serde spells so.
    fn knows(&self, word: &str) -> bool {
        let variant = word.split('_').map(|part| {
            let (first, rest) = part.split_at(part.len().min(1));
            first.to_ascii_uppercase() + rest
        });
        self.words.contains(word) || self.words.contains(&variant.collect::<String>())
    }

    /// Whether there is such a file or folder, from the root or from the folder `here` of a document.
    fn has(&self, here: &str, path: &str) -> bool {
        let mut parts: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let relative = parts.join("/");
        relative.is_empty() || self.paths.contains(&relative) || self.paths.contains(path)
    }
}

/// The text without its blocks of code.
fn prose(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Targets of links, without what comes after `#`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split([')', ' ', '\n']).next());
    let targets = targets.filter_map(|target| target.split('#').next());
    // neither another site nor an item of the code, which rustdoc looks after
    targets.filter(|target| !target.is_empty() && !target.contains("//") && !target.contains("::"))
}

fn is_path(token: &str) -> bool {
    let of_paths = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    // a route of an interface begins with `/`
    !token.is_empty() && !token.starts_with('/') && token.chars().all(of_paths)
}

/// Whether a quoted path must exist: it begins at a folder of the root, is a folder, or a file of Rust. Other names
/// of files are of those that commands write.
fn missing(tree: &Tree, here: &str, token: &str) -> bool {
    if !is_path(token) || ELSEWHERE.contains(&token) {
        return false;
    }
    let path = token.trim_end_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if path.contains('/') && tree.paths.contains(first) && root().join(first).is_dir() {
        return !tree.has(here, path) && !tree.ends.contains(path);
    }
    let of_rust = Path::new(path).extension().is_some_and(|end| end == "rs");
    (of_rust || token.ends_with('/')) && !tree.ends.contains(path)
}

/// The words of a name of the code, `like_this`, `LikeThis` or `like::this`; none of anything else.
fn words_of_name(token: &str) -> Vec<&str> {
    let of_names = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let token = token.trim_end_matches("()");
    let starts = token.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || !token.chars().all(of_names) {
        return Vec::new();
    }
    let names = token.split("::").filter(|word| word.len() > 6);
    names
        .filter(|word| {
            let camel = word
                .as_bytes()
                .windows(2)
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            word.contains('_') || camel || token.contains("::")
        })
        .collect()
}

#[test]
fn what_documents_name_exists() {
    let tree = Tree::read();
    assert!(tree.documents.len() > 40 && tree.words.len() > 10_000);
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for document in &tree.documents {
        let text = fs::read_to_string(root().join(document)).expect("a document");
        let text = prose(&text);
        let here = document.rsplit_once('/').map_or("", |(folder, _)| folder);
        for token in quoted(&text) {
            if missing(&tree, here, token) {
                wrong.push(format!("{document}: `{token}` is not in the tree"));
            }
            for word in words_of_name(token) {
                seen += 1;
                if !tree.knows(word) && !NOT_OURS.contains(&word) {
                    wrong.push(format!("{document}: no code has the name `{word}`"));
                }
            }
        }
        for target in links(&text) {
            seen += 1;
            if !tree.has(here, target) {
                wrong.push(format!("{document}: the link to {target} leads nowhere"));
            }
        }
    }
    assert!(seen > 500, "only {seen} names and links were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The test above sees what it is there for.
#[test]
fn a_name_without_a_thing_is_noticed() {
    let mut tree = Tree::default();
    for path in [
        "ledger",
        "ledger/src",
        "ledger/src/tree",
        "ledger/src/tree/mod.rs",
        "docs",
    ] {
        tree.insert(path);
    }
    for (token, expected) in [
        ("ledger/src/tree/", false),
        ("ledger/src/tree.rs", true),
        ("src/tree/mod.rs", false),
        ("mod.rs", false),
        ("batch.rs", true),
        ("tree/", false),
        ("batch/", true),
        ("settled/", false),
        ("node.toml", false),
        ("n / 2", false),
    ] {
        assert_eq!(missing(&tree, "docs", token), expected, "{token}");
    }
    assert!(tree.has("docs", "../ledger/src") && !tree.has("docs", "../ledger/bin"));
    assert_eq!(words_of_name("verify_batch"), ["verify_batch"]);
    assert_eq!(
        words_of_name("FriProof::read_from"),
        ["FriProof", "read_from"]
    );
    tree.words.insert("ProofHeld".into());
    assert!(tree.knows("proof_held") && !tree.knows("proof_lost"));
    assert!(words_of_name("x = y").is_empty() && words_of_name("balance").is_empty());
    let text = "a [b](c.md#d) `e`\n```\n`f`\n```\n[g](https://h)";
    let text = prose(text);
    assert_eq!(quoted(&text).collect::<Vec<_>>(), ["e"]);
    assert_eq!(links(&text).collect::<Vec<_>>(), ["c.md"]);
}
