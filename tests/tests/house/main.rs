//! The invariants of the tree that no compiler looks at: which crate may use which, where unsafe code may be, what
//! errors and public values look like, and that documents name what exists. `docs/ARCHITECTURE.md` draws them.

mod documents;
mod errors;
mod values;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Each crate with the crates of ours that it may use. A new arrow is drawn in `docs/ARCHITECTURE.md` first.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("ledger", &[]),
    ("air", &["ledger"]),
    ("field-simd", &[]),
    ("prover", &["ledger", "air", "field-simd"]),
    ("verifier", &["ledger", "air"]),
    ("credentials", &["ledger"]),
    (
        "verifier/wasm",
        &["ledger", "air", "credentials", "verifier"],
    ),
    ("machine", &[]),
    (
        "wallet",
        &["ledger", "credentials", "field-simd", "machine"],
    ),
    ("settlement", &["ledger", "machine", "verifier"]),
    (
        "node",
        &[
            "ledger",
            "air",
            "field-simd",
            "machine",
            "prover",
            "settlement",
            "verifier",
            "wallet",
        ],
    ),
    (
        "cli",
        &[
            "ledger",
            "air",
            "field-simd",
            "machine",
            "prover",
            "settlement",
            "verifier",
            "wallet",
        ],
    ),
];

/// Crates that need `alloc` alone.
const NO_STD: &[&str] = &["ledger", "air", "credentials", "verifier"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The crates of ours in `[dependencies]` of a manifest; tests and examples may use more.
fn used_by(directory: &str) -> Vec<String> {
    read(format!("{directory}/Cargo.toml"))
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.strip_prefix("winterlane-"))
        .filter_map(|line| line.split([' ', '.', '=']).next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn dependencies_point_downwards() {
    for (directory, allowed) in DIRECTIONS {
        for used in used_by(directory) {
            assert!(
                allowed.contains(&used.as_str()),
                "{directory} uses {used}: not as docs/ARCHITECTURE.md draws it"
            );
        }
    }
}

/// A member that is not in the list would not be looked at.
#[test]
fn every_crate_is_looked_at() {
    let manifest = read("Cargo.toml");
    let members = manifest
        .lines()
        .find(|line| line.starts_with("members"))
        .expect("the workspace has members");
    let known = |name: &str| {
        ["tests", "benches"].contains(&name) || DIRECTIONS.iter().any(|(crate_, _)| *crate_ == name)
    };
    let mut found = 0;
    for member in members.split('"').skip(1).step_by(2) {
        assert!(known(member), "{member} has no row in DIRECTIONS");
        found += 1;
    }
    assert_eq!(found, DIRECTIONS.len() + 2);
}

#[test]
fn unsafe_code_is_in_one_crate() {
    for (directory, _) in DIRECTIONS {
        let front = read(format!("{directory}/src/lib.rs"));
        match *directory {
            "field-simd" => {}
            // One signature that a trait of winterfell's calls unsafe has a safe body.
            // The names of a module's exports are unsafe attributes, and no code of its exports is unsafe.
            "verifier" | "verifier/wasm" => {
                assert!(front.contains("#![deny(unsafe_code)]"), "{directory}");
            }
            _ => assert!(front.contains("#![forbid(unsafe_code)]"), "{directory}"),
        }
    }
    assert!(read("cli/src/main.rs").contains("#![forbid(unsafe_code)]"));
}

#[test]
fn small_crates_need_no_standard_library() {
    for directory in NO_STD {
        let front = read(format!("{directory}/src/lib.rs"));
        assert!(front.contains("#![no_std]"), "{directory}");
    }
}
