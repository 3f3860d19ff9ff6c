//! The page for people, as it is served.

use std::collections::BTreeSet;

use super::*;

fn raw(served: &Served, path: &str) -> (String, String) {
    use std::io::{Read as _, Write as _};
    let mut stream =
        std::net::TcpStream::connect(served.address.strip_prefix("http://").unwrap()).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[test]
fn the_page_runs_nothing_that_is_written_into_it() {
    let served = Served::new();
    let (head, page) = raw(&served, "/");
    for wanted in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(head.contains(wanted), "{wanted}\n{head}");
    }
    assert!(!head.contains("unsafe-"), "{head}");
    // No script, style or handler inside the page, nothing from elsewhere.
    assert!(
        !page.contains("<style")
            && !page.contains(" style=")
            && !page.contains("http://")
            && !page.contains("https://")
    );
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script src=\"/").count()
    );
    assert!(
        !page.contains(" on")
            || !page
                .split(" on")
                .skip(1)
                .any(|rest| rest.split('=').next().is_some_and(
                    |name| name.len() < 12 && name.chars().all(|c| c.is_ascii_lowercase())
                ))
    );
    let (head, script) = raw(&served, "/dashboard.js");
    assert!(head.contains("text/javascript"));
    // What comes from the node is set as text alone.
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "setAttribute",
        ".href",
        ".src",
    ] {
        assert!(!script.contains(way), "{way}");
    }
    assert!(raw(&served, "/dashboard.css").0.contains("text/css"));
}

/// For keyboards, screen readers, phones and the dark.
#[test]
fn the_page_is_for_everyone() {
    let served = Served::new();
    let (_, page) = raw(&served, "/");
    let (_, style) = raw(&served, "/dashboard.css");
    let (_, script) = raw(&served, "/dashboard.js");
    assert!(
        page.contains("<html lang=\"en\">")
            && page.contains("name=\"viewport\"")
            && page.contains("<noscript>")
    );
    assert!(
        page.contains("<main>")
            && page.contains("<caption>")
            && page.contains("scope=\"col\"")
            && page.contains("aria-live")
    );
    let attribute = |name: &str| -> Vec<String> {
        let pattern = format!(" {name}=\"");
        page.split(&pattern)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    let ids = attribute("id");
    let unique: BTreeSet<_> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), unique.len());
    for target in attribute("for").iter().chain(&attribute("aria-labelledby")) {
        assert!(unique.contains(target), "{target}");
    }
    for input in page.split("<input").skip(1) {
        let id = input
            .split("id=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        assert!(
            attribute("for").iter().any(|target| target == id),
            "the input {id} has no label"
        );
    }
    for call in ["byId(\"", "say(\""] {
        for rest in script.split(call).skip(1) {
            let id = rest.split('"').next().unwrap();
            assert!(unique.contains(id), "the script looks for {id}");
        }
    }
    assert!(
        style.contains("prefers-color-scheme: dark")
            && style.contains(":focus-visible")
            && style.contains("max-width: 30rem")
    );
}
