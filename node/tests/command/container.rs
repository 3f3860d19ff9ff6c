//! The container file and the unit of systemd, which no test builds or starts: what they copy exists, what they run is a
//! command of ours, and the document's words for both are words that the command knows.
#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::output;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Lines, those that end with `\` joined with the next one, without comments.
fn lines(text: &str) -> Vec<String> {
    let whole = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("\\\n", " ");
    let lines = whole.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// What follows the instructions of this name.
fn instructions<'a>(lines: &'a [String], name: &str) -> Vec<&'a str> {
    let named = |line: &'a String| line.strip_prefix(name)?.strip_prefix(' ');
    lines.iter().filter_map(named).map(str::trim).collect()
}

/// The one instruction of this name.
fn instruction<'a>(lines: &'a [String], name: &str) -> &'a str {
    let found = instructions(lines, name);
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0]
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// The word after each of these options.
fn after<'a>(words: &[&'a str], option: &str) -> Vec<&'a str> {
    let pairs = words.windows(2);
    let found = pairs.filter(|pair| pair[0] == option);
    found.map(|pair| pair[1]).collect()
}

/// A command in the form of JSON.
fn command_of(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Runs a command of the container or the unit on another folder; says how it ended and what it said.
fn run(folder: &Path, command: &[&str]) -> (i32, String) {
    let (program, arguments) = command.split_first().unwrap();
    assert!(program.ends_with("winterlane-node"), "{program}");
    assert_eq!(arguments[0], "--data");
    let (status, printed, said) = output(folder, &arguments[2..]);
    (status, printed + &said)
}

/// The folder of each member of the workspace, with the name of its package.
fn packages() -> Vec<(String, String)> {
    let manifest = read("Cargo.toml");
    let members = manifest.lines().find(|line| line.starts_with("members"));
    let members = members.unwrap().split('"').skip(1).step_by(2);
    let name = |member: &str| {
        let manifest = read(&format!("{member}/Cargo.toml"));
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = "));
        name.unwrap().trim_matches('"').to_owned()
    };
    members
        .map(|member| (member.to_owned(), name(member)))
        .collect()
}

/// The programs of a package.
fn programs(folder: &str, package: &str) -> Vec<String> {
    let mut found = Vec::new();
    if root().join(folder).join("src/main.rs").exists() {
        found.push(package.to_owned());
    }
    let more = fs::read_dir(root().join(folder).join("src/bin"));
    for entry in more.into_iter().flatten() {
        let path = entry.unwrap().path();
        found.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    found
}

fn containerfile() -> Vec<String> {
    lines(&read("node/deploy/Containerfile"))
}

#[test]
fn what_the_container_file_builds_and_copies_is_there() {
    let file = containerfile();
    let runs = instructions(&file, "RUN");
    let build = words(runs.iter().find(|run| run.contains("cargo build")).unwrap());
    assert!(build.contains(&"--locked") && root().join("Cargo.lock").exists());
    for removed in after(&build, "rm") {
        assert!(root().join(removed).exists(), "{removed}");
    }
    let packages = packages();
    let mut made = Vec::new();
    for package in after(&build, "-p") {
        let found = packages.iter().find(|(_, name)| name == package);
        let (folder, _) = found.unwrap_or_else(|| panic!("{package} is no package"));
        made.extend(programs(folder, package));
    }
    let copies = instructions(&file, "COPY");
    let copied = copies.iter().find(|copy| copy.starts_with("--from=build"));
    let copied = words(copied.unwrap());
    let (to, copied) = copied[1..].split_last().unwrap();
    assert_eq!(*to, "/usr/local/bin/");
    let source = format!("{}/target/release/", instructions(&file, "WORKDIR")[0]);
    let copied = copied.iter().map(|path| path.strip_prefix(&source));
    let mut copied: Vec<&str> = copied.map(Option::unwrap).collect();
    copied.sort_unstable();
    made.sort_unstable();
    assert_eq!(copied, made, "what is built is copied");
    // the user of the last stage is the one that is made there, and the folder is his
    let user = instruction(&file, "USER").split_once(':').unwrap();
    let made = words(runs.iter().find(|run| run.contains("useradd")).unwrap());
    assert_eq!(after(&made, "--uid"), [user.0]);
    assert_eq!(after(&made, "--gid"), [user.1, user.1]);
    assert_eq!(made.last(), Some(&instruction(&file, "VOLUME")));
}

/// What `.dockerignore` hides would be missing in the image.
#[test]
fn nothing_that_is_built_is_hidden_from_the_container() {
    let hidden = |path: &str, pattern: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        match (pattern.strip_prefix("**/"), pattern.strip_suffix('*')) {
            (Some(name), _) => parts.contains(&name),
            (None, Some(start)) => parts[0].starts_with(start),
            (None, None) => parts[0] == pattern,
        }
    };
    let patterns = lines(&read(".dockerignore"));
    let is_hidden = |path: &str| patterns.iter().any(|pattern| hidden(path, pattern));
    // the patterns do what they are there for
    for path in [
        ".git/config",
        "target/release",
        "fuzz/target/x",
        "target-2/x",
    ] {
        assert!(is_hidden(path), "{path}");
    }
    for path in [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "README.md",
    ] {
        assert!(root().join(path).exists() && !is_hidden(path), "{path}");
    }
    let mut folders: Vec<String> = packages().into_iter().map(|(folder, _)| folder).collect();
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        assert!(!is_hidden(&folder), "{folder}");
        seen += 1;
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let made = ["target", "node_modules"].contains(&name.as_str());
            if entry.file_type().unwrap().is_dir() && !made {
                folders.push(format!("{folder}/{name}"));
            }
        }
    }
    assert!(seen > 50, "only {seen} folders");
}

#[test]
fn what_the_container_runs_is_a_command() {
    let file = containerfile();
    let folder = tempfile::tempdir().unwrap();
    let entry = command_of(instruction(&file, "ENTRYPOINT"));
    let entry: Vec<&str> = entry.iter().map(String::as_str).collect();
    let data = instruction(&file, "VOLUME");
    assert_eq!(entry, ["winterlane-node", "--data", data]);
    assert_eq!(instructions(&file, "WORKDIR").last(), Some(&data));
    assert_eq!(instruction(&file, "STOPSIGNAL"), "SIGTERM");
    // the port is the one that a node has unless it is told another
    let (status, defaults, _) = output(folder.path(), &["config"]);
    let port = format!("address = \"127.0.0.1:{}\"", instruction(&file, "EXPOSE"));
    assert!(status == 0 && defaults.contains(&port), "{port}");

    // as the document begins a rollup
    let page = lines(&read("docs/operate/deploy.md"));
    let of_image = |line: &String| {
        let (_, command) = line
            .strip_prefix("docker run ")?
            .split_once(" winterlane-node ")?;
        Some(command.to_owned())
    };
    let begin = page.iter().find_map(of_image).unwrap();
    let begin = words(&begin);
    let account = begin.iter().position(|word| *word == "--account").unwrap();
    let settings = [&begin[..account], &begin[account + 2..]].concat();
    let (status, said) = run(folder.path(), &[&entry[..], &settings].concat());
    assert_eq!(status, 0, "{said}");
    let (status, said) = run(folder.path(), &[&entry[..], &["check"]].concat());
    assert_eq!(status, 0, "{said}");
    for file in page.iter().flat_map(|line| after(&words(line), "-f")) {
        assert!(root().join(file).exists(), "{file}");
    }

    // nobody lives there: that is 1, and a command that is none would be 2
    let other = tempfile::tempdir().unwrap();
    let settings = "[listen]\nhealth = \"127.0.0.1:1\"\n";
    fs::write(other.path().join("node.toml"), settings).unwrap();
    let (_, probe) = instruction(&file, "HEALTHCHECK")
        .split_once("CMD ")
        .unwrap();
    let probe = command_of(probe);
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    assert_eq!(probe[..3], entry[..]);
    let (status, said) = run(other.path(), &probe);
    assert_eq!(status, 1, "{said}");
    let (status, _) = run(other.path(), &[&entry[..], &["probe", "breath"]].concat());
    assert_eq!(status, 2);
}

#[test]
fn what_the_unit_runs_is_a_command() {
    let unit = lines(&read("node/deploy/winterlane-node.service"));
    let line = |name: &str| {
        let found = unit.iter().find_map(|line| line.strip_prefix(name));
        words(found.unwrap_or_else(|| panic!("{name}")))
    };
    let folder = tempfile::tempdir().unwrap();
    let (status, said) = run(folder.path(), &line("ExecStartPre="));
    assert_eq!(status, 0, "{said}");
    let start = line("ExecStart=");
    let state = format!("/var/lib/{}", line("StateDirectory=")[0]);
    assert_eq!(start, ["/usr/local/bin/winterlane-node", "--data", &state]);
    assert_eq!(line("ExecStartPre=")[..3], start[..]);
}
