//! Tells the command from which commit it was built, for `--version`.
//!
//! Without git, or outside a clone (a package, an archive), the version stands alone.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let version = match commit(&package) {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=WINTERLANE_VERSION={version}");
}

/// The commit, if this package lies in a clone of its own repository.
fn commit(package: &Path) -> Option<String> {
    // An archive unpacked inside some other repository has not that repository's commit.
    let top = PathBuf::from(git(package, &["rev-parse", "--show-toplevel"])?);
    let parent = package.parent()?;
    if top.canonicalize().ok()? != parent.canonicalize().ok()? {
        return None;
    }
    // The files that name the commit: a new one builds again, and nothing else does.
    let branch = git(package, &["symbolic-ref", "-q", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        if let Some(path) = git(package, &["rev-parse", "--git-path", name]) {
            let path = package.join(path);
            if path.exists() {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
    }
    git(package, &["rev-parse", "--short=12", "HEAD"])
}

fn git(directory: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .current_dir(directory)
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
