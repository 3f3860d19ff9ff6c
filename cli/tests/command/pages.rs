//! Pages with sessions: every command in them runs as it stands there, from an empty directory.
//!
//! A fenced block `json NAME` or `text NAME` is a file; `console` is commands, one a line. `# exits 1` after a command says
//! how it ends, where that is not 0.

use std::{fs, path::Path};

use super::{command, words};

/// The fenced blocks of a page: what stands after the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (head, body) = after.split_once('\n').unwrap();
        let (text, after) = body.split_once("```").unwrap();
        blocks.push((head.trim(), text));
        rest = after;
    }
    blocks
}

/// Runs a page, and returns how many commands it had.
fn run(name: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    let page = fs::read_to_string(&path).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut commands = 0;
    for (head, text) in blocks(&page) {
        let file = head.strip_prefix("json ");
        if let Some(file) = file.or_else(|| head.strip_prefix("text ")) {
            fs::write(directory.path().join(file), text).unwrap();
            // The data beside the page is that of the page.
            let beside = path.with_extension("").join(file);
            assert_eq!(fs::read_to_string(&beside).unwrap(), text, "{beside:?}");
        }
        if head != "console" {
            continue;
        }
        for line in text.lines() {
            let (line, status) = match line.split_once(" # exits ") {
                Some((line, status)) => (line, status.trim().parse().unwrap()),
                None => (line, 0),
            };
            let words = words(line);
            assert_eq!(words[0], "winterlane", "{line}");
            let output = command()
                .args(&words[1..])
                .current_dir(directory.path())
                .output()
                .unwrap();
            assert_eq!(
                output.status.code(),
                Some(status),
                "{name}: {line}: {output:?}"
            );
            commands += 1;
        }
    }
    commands
}

#[test]
fn private_payments() {
    assert!(run("private-payments.md") >= 11);
}

#[test]
fn association_sets_of_private_payments() {
    assert!(run("examples/association.md") >= 14);
}

#[test]
fn worked_examples_of_credentials() {
    for page in ["age", "income", "origin", "membership", "location"] {
        assert!(run(&format!("examples/{page}.md")) >= 6, "{page}");
    }
}
