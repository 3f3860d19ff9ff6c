//! Pages whose commands take a node: they run as they stand there.
#![cfg(unix)]

use std::{path::Path, process::Command};

use super::served::{free_ports, winterlane};

/// The commands of a page, one a line.
fn commands(name: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```console\n").skip(1);
    let lines = blocks.flat_map(|rest| rest.split("```").next().unwrap().lines());
    lines.map(str::to_owned).collect()
}

/// A line as the shell takes it; `# exits 1` says how a command ends, where that is not 0.
fn line(line: &str) -> String {
    match line.split_once(" # exits ") {
        None => line.to_owned(),
        Some((command, status)) => {
            format!("ended=0; {command} || ended=$?; test \"$ended\" = {status}")
        }
    }
}

/// Runs commands in a shell, on ports of their own, and returns what they print. Another process may have such a port by the
/// time that the node asks for it: then they run again, from the beginning.
fn run(commands: &[String]) -> String {
    for _ in 0..20 {
        if let Some(printed) = run_once(commands) {
            return printed;
        }
    }
    panic!("another process has each port that was free a moment ago");
}

fn run_once(commands: &[String]) -> Option<String> {
    let [port, health] = free_ports();
    let script = commands.iter().map(|command| line(command));
    let script = script
        .collect::<Vec<_>>()
        .join("\n")
        .replace("8650", &port.to_string())
        .replace("8651", &health.to_string());
    let script = format!("set -eu\ntrap 'kill $(jobs -p) && wait' EXIT\n{script}\n");
    let folder = tempfile::tempdir().unwrap();
    let binaries = winterlane().parent().unwrap().to_owned();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths =
        std::env::join_paths([binaries].into_iter().chain(std::env::split_paths(&paths))).unwrap();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", paths)
        .env("RUST_LOG", "warn")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, said) = (text(&output.stdout), text(&output.stderr));
    let taken = !output.status.success() && said.contains("(os error 98)");
    assert!(
        taken || output.status.success(),
        "{script}\n{printed}\n{said}"
    );
    (!taken).then_some(printed)
}

#[test]
fn the_ten_commands_of_the_page_run() {
    let commands = commands("first-rollup.md");
    assert_eq!(commands.len(), 10, "{commands:#?}");
    // The first builds both commands and puts them into the path; here they are built.
    let build = "cargo build --release -p winterlane -p winterlane-node && export PATH=$PWD/target/release:$PATH";
    assert_eq!(commands[0], build);
    let printed = run(&commands[1..]);
    // What the page says of them.
    let plain = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["which is published", "verified: 1 transfer in 2 batches"] {
        assert!(plain.contains(words), "{words}\n{printed}");
    }
    let value = |name: &str| {
        let line = printed
            .lines()
            .rev()
            .find(|line| line.split("  ").next() == Some(name));
        line.map(|line| line[name.len()..].trim().to_owned())
    };
    assert_eq!(value("balance").as_deref(), Some("250"), "{printed}");
    assert_eq!(
        value("root"),
        value("last root"),
        "bob's proof leads to the root that was verified\n{printed}"
    );
}

#[test]
fn a_balance_is_shown_as_the_page_says() {
    let commands = commands("examples/balance.md");
    assert_eq!(commands.len(), 14, "{commands:#?}");
    let printed = run(&commands);
    let verified = printed
        .lines()
        .find(|line| line.starts_with("verified ") && line.contains("an account holds"));
    let verified = verified.unwrap_or_else(|| panic!("{printed}"));
    // No more than was asked: neither the account nor what it holds.
    let said = verified.trim_start_matches("verified").trim();
    assert_eq!(said, "an account holds at least 500 of asset 0");
}
