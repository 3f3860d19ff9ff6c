//! `docs/command.md`: its commands run, and it has every option.

use std::fs;

use super::{command, expect};

/// The page, which is not a part of this package.
fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/command.md");
    fs::read_to_string(path).unwrap()
}

/// The fenced blocks of a language that follow a line.
fn block<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_session_of_the_page_runs() {
    let page = page();
    let (_, session) = page.split_once("## A session").unwrap();
    let session = session.split("\n## ").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let csv = block(session, "csv")[0];
    fs::write(directory.path().join("transfers.csv"), csv).unwrap();
    let lines: Vec<_> = block(session, "console")
        .into_iter()
        .flat_map(str::lines)
        .collect();
    assert!(lines.len() >= 5, "{lines:?}");
    let root = {
        let json = {
            let open = "open --transfers transfers.csv --batch-size 4 --json";
            let output = command()
                .args(open.split(' '))
                .current_dir(directory.path())
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let opening: serde_json::Value = serde_json::from_str(&json).unwrap();
        opening["opening_root"].as_str().unwrap().to_owned()
    };
    for line in lines {
        let line = line.replace("$ROOT", &root);
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("winterlane"), "{line}");
        let output = command()
            .args(words)
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }
}

/// The commands that a help text lists.
fn commands_in(help: &str) -> Vec<String> {
    let Some((_, commands)) = help.split_once("Commands:\n") else {
        return vec![];
    };
    let lines = commands.split("\n\n").next().unwrap().lines();
    lines
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_has_every_option_and_every_command() {
    let page = page();
    let help = expect(0, &["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.split("\n\n").next().unwrap();
    let names: Vec<_> = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() == 12, "{names:?}");
    for name in names {
        let heading = format!("\n## `{name}`");
        let (_, section) = page
            .split_once(&heading)
            .unwrap_or_else(|| panic!("no {heading}"));
        let section = section.split("\n## ").next().unwrap();
        let mut help = expect(0, &[name, "--help"]);
        for command in commands_in(&help) {
            help += &expect(0, &[name, &command, "--help"]);
            assert!(
                section.contains(&format!("`{name} {command} ")),
                "{name} {command} is not in docs/command.md"
            );
        }
        for option in help
            .split_whitespace()
            .filter(|word| word.starts_with("--"))
        {
            let option = option.trim_end_matches([',', ';', '.', ')', '`']);
            if option != "--help" {
                assert!(
                    section.contains(option),
                    "{name}: {option} is not in docs/command.md"
                );
            }
        }
    }
}
