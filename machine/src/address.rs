//! Addresses as they are shown: without what may be a secret.
//!
//! An address can carry a user and a password before its host, and a token in its path or its question. Whoever gives such
//! an address to a program that takes none finds it again in the program's error, and with that in logs, on other people's
//! screens and in reports. So an address that cannot be used is shown by its scheme, host and port alone, and a message with
//! addresses in it loses what stands before their hosts, and what stands in the place of a port and is none.
//!
//! A user and a password whose host was forgotten look like a host and a port, and with a port like a host and two of them. So
//! outside of the brackets of an address of the sixth version one colon begins the port, and whatever is after it is the port.

use std::net::Ipv6Addr;

/// In the place of what is not shown.
const HIDDEN: &str = "\u{2026}";

/// An address as it may be shown: scheme, host and port. An ellipsis stands for a user and a password, for a port that is no
/// number, and for a path or a question.
///
/// ```
/// use winterlane_machine::address::shown;
///
/// assert_eq!(shown("http://127.0.0.1:8650/"), "http://127.0.0.1:8650/");
/// assert_eq!(shown("https://me:hush@node.example/hook"), "https://…@node.example/…");
/// ```
#[must_use]
pub fn shown(address: &str) -> String {
    let (mut text, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{}://", scheme_shown(scheme)), rest),
        None => (String::new(), address),
    };
    // The last one: a password may hold that sign, and whatever else ends the part before the path.
    let rest = match rest.rsplit_once('@') {
        Some((_, rest)) => {
            text.push_str(HIDDEN);
            text.push('@');
            rest
        }
        None => rest,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, after) = rest.split_at(end);
    match with_secret_port(place) {
        Some(host) => {
            text.push_str(host);
            text.push(':');
            text.push_str(HIDDEN);
        }
        None => text.push_str(place),
    }
    match after {
        "" | "/" => text.push_str(after),
        // All of these signs are one byte.
        _ => {
            text.push_str(&after[..1]);
            text.push_str(HIDDEN);
        }
    }
    text
}

/// The host, where what is in the place of the port may be a secret: it is there, and no port.
fn with_secret_port(place: &str) -> Option<&str> {
    let (host, port) = host_and_port(place)?;
    // One of the sixth version whose brackets were forgotten is all colons, and no secret.
    let is_bare = place.parse::<Ipv6Addr>().is_ok();
    (!port.is_empty() && !is_port(port) && !is_bare).then_some(host)
}

/// What is before and after the colon of a port, if there is one: the first that is not in the brackets of an address of the
/// sixth version, since neither a host nor a port has another.
fn host_and_port(authority: &str) -> Option<(&str, &str)> {
    let bracketed = match authority.find(']') {
        Some(end) if authority.starts_with('[') => end,
        _ => 0,
    };
    let colon = bracketed + authority[bracketed..].find(':')?;
    Some((&authority[..colon], &authority[colon + 1..]))
}

/// Whether a text is a port: digits alone, where numbers may have a sign.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Whether the port of a host is one, where there is any: a user and a password whose host was forgotten are none, and none
/// either where a port follows them.
///
/// ```
/// use winterlane_machine::address::has_good_port;
///
/// assert!(has_good_port("[::1]:8650") && has_good_port("node.example"));
/// assert!(!has_good_port("me:hush") && !has_good_port("me:hush:8650"));
/// ```
#[must_use]
pub fn has_good_port(authority: &str) -> bool {
    host_and_port(authority).is_none_or(|(_, port)| is_port(port))
}

fn scheme_shown(scheme: &str) -> &str {
    let is_name = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if is_name { scheme } else { HIDDEN }
}

/// A message without what stands before the host of any address in it, and without what is in the place of a port there: a
/// parser repeats what it was given at the wrong place, which may be an address with a password.
#[must_use]
pub fn without_passwords(message: &str) -> String {
    let mut parts = message.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |character: char| "/\"`'?# ".contains(character) || character.is_control();
        let authority = &part[..part.find(ends).unwrap_or(part.len())];
        // A password may hold what ends an address; then all of it up to the last sign of a host goes. After a host and a port, as
        // which a password of digits may begin, the message goes on with the next word, and may say whose file it is.
        let within = match is_place(authority) {
            true => &part[..end_of_word(part)],
            false => part,
        };
        let host = within
            .rfind('@')
            .filter(|at| authority.contains('@') || authority.contains(':') || *at == 0)
            // What an error calls the user is a word of ours.
            .filter(|at| within[..*at] != *"USER");
        shown.push_str("://");
        match host {
            Some(at) => {
                shown.push_str(HIDDEN);
                shown.push('@');
                push_without_port(&mut shown, &part[at + 1..]);
            }
            None => push_without_port(&mut shown, part),
        }
    }
    shown
}

/// Where the word ends that a part of a message begins with.
fn end_of_word(part: &str) -> usize {
    let ends = |character: char| "\"`' ".contains(character) || character.is_control();
    part.find(ends).unwrap_or(part.len())
}

/// A word without the marks that a message goes on with after an address: they are not of its port.
fn without_marks(word: &str) -> &str {
    word.trim_end_matches([':', ',', ';', '.', ')'])
}

/// Whether it is a host and a port, and no user and password.
fn is_place(authority: &str) -> bool {
    host_and_port(without_marks(authority)).is_some_and(|(_, port)| is_port(port))
}

/// Adds what begins with a host. What is in the place of its port and is none goes to its end: a password may have the signs
/// that begin a path.
fn push_without_port(shown: &mut String, part: &str) {
    let address = without_marks(&part[..end_of_word(part)]);
    let place = &address[..address.find(['/', '?', '#']).unwrap_or(address.len())];
    match with_secret_port(place) {
        // So is what it calls the port.
        Some(host) if &place[host.len()..] != ":PORT" => {
            shown.push_str(host);
            shown.push(':');
            shown.push_str(HIDDEN);
            shown.push_str(&part[address.len()..]);
        }
        _ => shown.push_str(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_a_secret() {
        for (address, expected) in [
            ("http://127.0.0.1:8650", "http://127.0.0.1:8650"),
            ("https://[::1]", "https://[::1]"),
            ("https://[::1]:8650/", "https://[::1]:8650/"),
            ("127.0.0.1:8650", "127.0.0.1:8650"),
            ("nowhere", "nowhere"),
            ("", ""),
            ("https://me:hush@node", "https://…@node"),
            ("https://hush@node:1/path", "https://…@node:1/…"),
            ("https://me:hu/sh@node?x", "https://…@node?…"),
            ("https://me:hu@sh@node", "https://…@node"),
            ("https://me:hush", "https://me:…"),
            ("me:hush@node:1", "…@node:1"),
            ("me:hush", "me:…"),
            ("https://node/hush", "https://node/…"),
            ("https://node?token=hush", "https://node?…"),
            ("me:hush@x://node", "…://node"),
            ("https://me:hush@", "https://…@"),
            // a host that was forgotten, and a port that was not
            ("https://me:hush:8650", "https://me:…"),
            ("https://me:hush:8650/x", "https://me:…/…"),
            ("https://x@me:hush:8650", "https://…@me:…"),
            ("me:hush:8650", "me:…"),
            ("https://me:123456", "https://me:…"),
            ("https://me:+1234", "https://me:…"),
            ("https://[::1]:hush", "https://[::1]:…"),
            ("https://[::1]:hush:1", "https://[::1]:…"),
            ("https://[me:hush", "https://[me:…"),
            ("https://::1", "https://::1"),
            ("https://node:", "https://node:"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }

    #[test]
    fn a_port_is_a_number() {
        for good in ["node", "node:1", "127.0.0.1:65535", "[::1]", "[::1]:1"] {
            assert!(has_good_port(good), "{good}");
        }
        for bad in [
            "me:hush",
            "node:",
            "node:65536",
            "node:+1",
            "[::1]:x",
            "me:hush:8650",
            "me:1:8650",
            "[::1]:1:1",
            "::1",
            "::1:8650",
        ] {
            assert!(!has_good_port(bad), "{bad}");
        }
    }

    #[test]
    fn a_message_loses_what_stands_before_a_host() {
        for (message, expected) in [
            ("see http://host/a@b", "see http://host/a@b"),
            ("no address", "no address"),
            (
                "invalid value 'https://me:hush@host/' for --x",
                "invalid value 'https://…@host/' for --x",
            ),
            ("postgres://me:hu/sh@db/x", "postgres://…@db/x"),
            (
                "invalid value 'https://me:hush' for '--x'",
                "invalid value 'https://me:…' for '--x'",
            ),
            (
                "invalid value 'https://me:hu/sh:8650' for '--x'",
                "invalid value 'https://me:…' for '--x'",
            ),
            (
                "\"https://me:hush:8650/\", not http://b:1",
                "\"https://me:…\", not http://b:1",
            ),
            // a host and a port: what follows is the message's own
            (
                "no answer from http://node:8650: look at /home/me@corp/x",
                "no answer from http://node:8650: look at /home/me@corp/x",
            ),
            ("postgres://me:12/sh@db/x", "postgres://…@db/x"),
            ("postgres://me:hu sh@db/x", "postgres://…@db/x"),
            ("https://x@me:hush", "https://…@me:…"),
            ("https://x@[::1]:1/y", "https://…@[::1]:1/y"),
            (
                "http://[::1]:1/x: no answer, http://node:8650: none, http://::1",
                "http://[::1]:1/x: no answer, http://node:8650: none, http://::1",
            ),
            (
                "expected http://HOST:PORT or https://HOST:PORT, not so",
                "expected http://HOST:PORT or https://HOST:PORT, not so",
            ),
            (
                "it is like postgres://USER@HOST/DATABASE",
                "it is like postgres://USER@HOST/DATABASE",
            ),
        ] {
            assert_eq!(without_passwords(message), expected);
        }
    }
}
