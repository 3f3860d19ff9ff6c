//! `docs/first-rollup.md`: its ten commands run as they stand there.

use std::{path::Path, process::Command};

use super::served::{free_ports, winterlane};

#[cfg(unix)]
#[test]
fn the_ten_commands_of_the_page_run() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/first-rollup.md");
    let page = std::fs::read_to_string(page).unwrap();
    let commands: Vec<&str> = page
        .split("```console\n")
        .skip(1)
        .flat_map(|rest| rest.split("```").next().unwrap().lines())
        .collect();
    assert_eq!(commands.len(), 10, "{commands:#?}");
    // The first builds both commands and puts them into the path; here they are built.
    let build = "cargo build --release -p winterlane -p winterlane-node && export PATH=$PWD/target/release:$PATH";
    assert_eq!(commands[0], build);
    let [port, health] = free_ports();
    let script = commands[1..]
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
    assert!(output.status.success(), "{script}\n{printed}\n{said}");
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
