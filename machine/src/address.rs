//! Addresses as they are shown: without what may be a secret.
//!
//! An address can carry a user and a password before its host, and a token in its path or its question. Whoever gives such
//! an address to a program that takes none finds it again in the program's error, and with that in logs, on other people's
//! screens and in reports. So an address that cannot be used is shown by its scheme, host and port alone, and a message with
//! addresses in it loses what stands before their hosts.

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
    match place.rsplit_once(':') {
        // A user and a password whose host was forgotten look like a host and a port.
        Some((host, port))
            if !port.bytes().all(|byte| byte.is_ascii_digit()) && !is_ipv6(place) =>
        {
            text.push_str(host);
            text.push(':');
            text.push_str(HIDDEN);
        }
        _ => text.push_str(place),
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

/// An address of the sixth version without a port, whose last group is none.
fn is_ipv6(place: &str) -> bool {
    place.starts_with('[') && place.ends_with(']')
}

/// Whether the port of a host is one, where there is any: a user and a password whose host was forgotten are none.
#[must_use]
pub fn has_good_port(authority: &str) -> bool {
    match authority.rsplit_once(':') {
        Some((_, port)) if !is_ipv6(authority) => port.parse::<u16>().is_ok(),
        _ => true,
    }
}

fn scheme_shown(scheme: &str) -> &str {
    let is_name = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if is_name { scheme } else { HIDDEN }
}

/// A message without what stands before the host of any address in it: a parser repeats what it was given at the wrong
/// place, which may be an address with a password.
#[must_use]
pub fn without_passwords(message: &str) -> String {
    let mut parts = message.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |character: char| "/\"`'?# ".contains(character) || character.is_control();
        let authority = &part[..part.find(ends).unwrap_or(part.len())];
        // A password may hold what ends an address; then all of it up to the last sign of a host goes.
        let host = part
            .rfind('@')
            .filter(|at| authority.contains('@') || authority.contains(':') || *at == 0);
        shown.push_str("://");
        match host {
            Some(at) => {
                shown.push_str(HIDDEN);
                shown.push_str(&part[at..]);
            }
            None => shown.push_str(part),
        }
    }
    shown
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
        ] {
            assert_eq!(shown(address), expected);
        }
    }

    #[test]
    fn a_port_is_a_number() {
        for good in ["node", "node:1", "127.0.0.1:65535", "[::1]", "[::1]:1"] {
            assert!(has_good_port(good), "{good}");
        }
        for bad in ["me:hush", "node:", "node:65536", "[::1]:x"] {
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
        ] {
            assert_eq!(without_passwords(message), expected);
        }
    }
}
