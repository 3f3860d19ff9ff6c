//! Whose request it is that a proxy passes on.
//!
//! Behind a proxy every connection has the proxy's address, and what one address may have would be what all clients may have
//! together. A proxy says in `X-Forwarded-For` for whom it asks. So can anybody: the header is read only where the other end of
//! the connection is a proxy that the operator names, and from the right, since each proxy appends the address that it sees and
//! what stands before that is what it was sent.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::http::HeaderMap;

use crate::prefix::Prefix;

/// The header. `Forwarded` (RFC 7239) is not read: with two headers a client could send the one that its proxy does not replace.
const HEADER: &str = "x-forwarded-for";
/// Entries that are looked at: no chain of proxies is as long.
const HOPS: usize = 16;

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[Prefix]>);

impl Proxies {
    /// Those with an address in one of the networks. Nobody else may be able to connect from there.
    #[must_use]
    pub fn new(networks: Vec<Prefix>) -> Self {
        Self(networks.into())
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether what comes from this address is believed.
    pub(super) fn believes(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Who asks: the other end, or the last one before it that is not believed. An entry that is no address, and the beginning of
    /// the header, end the search at the proxy that wrote what comes after it.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(HEADER).iter().rev();
        let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for _ in 0..HOPS {
            if !self.believes(client) {
                break;
            }
            let Some(before) = entries.next().and_then(address) else {
                break;
            };
            client = before;
        }
        client
    }
}

/// The address of an entry: `192.0.2.1`, `192.0.2.1:567`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:567`.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bracketed = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = match bracketed {
        Some(text) => IpAddr::V6(text.parse::<Ipv6Addr>().ok()?),
        None => match text.parse::<IpAddr>() {
            Ok(address) => address,
            Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
        },
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies() -> Proxies {
        let networks = ["10.0.0.0/8", "::1", "2001:db8:1::/48"];
        Proxies::new(networks.map(|text| text.parse::<Prefix>().unwrap()).into())
    }

    /// Who asks by these lines of the header, at a connection from this address.
    fn client(peer: &str, lines: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HEADER, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        proxies().client(ip(peer), &headers)
    }

    #[test]
    fn a_proxy_says_for_whom_it_asks() {
        for (peer, lines, expected) in [
            ("10.0.0.1", &["192.0.2.1"][..], "192.0.2.1"),
            ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            // with ports, brackets and spaces, and an address of version 4 as one of version 6
            ("10.0.0.1", &["192.0.2.1:567"], "192.0.2.1"),
            ("10.0.0.1", &["[2001:db8::7]:567"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &[" \t192.0.2.1\t "], "192.0.2.1"),
            ("10.0.0.1", &["::ffff:192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["[::ffff:192.0.2.1]:1"], "192.0.2.1"),
            // what a client sent comes first, in the same line or in one before
            ("10.0.0.1", &["203.0.113.9,192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["10.0.0.7, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["", "192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["\u{fc}\"<script>, 192.0.2.1"], "192.0.2.1"),
            // a chain of proxies, in one line or several, of both versions
            ("10.0.0.1", &["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            (
                "10.0.0.1",
                &["203.0.113.9, 192.0.2.1", "2001:db8:1::5", "10.0.0.2"],
                "192.0.2.1",
            ),
            ("::1", &["192.0.2.1, [2001:db8:1::5]:80"], "192.0.2.1"),
        ] {
            assert_eq!(client(peer, lines), ip(expected), "{peer} {lines:?}");
        }
    }

    /// Anybody can send the header.
    #[test]
    fn nobody_else_is_asked() {
        for peer in ["192.0.2.1", "2001:db8::7", "127.0.0.1", "11.0.0.1"] {
            for lines in [&["203.0.113.9"][..], &["203.0.113.9, 10.0.0.1"], &[]] {
                assert_eq!(client(peer, lines), ip(peer), "{lines:?}");
            }
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static("203.0.113.9"));
            let client = Proxies::default().client(ip("10.0.0.1"), &headers);
            assert_eq!(client, ip("10.0.0.1"));
        }
        // no address is read from the other header
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", HeaderValue::from_static("for=203.0.113.9"));
        assert_eq!(proxies().client(ip("10.0.0.1"), &headers), ip("10.0.0.1"));
    }

    /// What is no address ends the search: neither it nor what stands before it was written by who is believed.
    #[test]
    fn what_is_no_address_counts_for_the_proxy() {
        for entry in [
            "",
            " ",
            "unknown",
            "_hidden",
            "example.org",
            "192.0.2.1 192.0.2.2",
            "192.0.2",
            "192.0.2.1:",
            "192.0.2.1:65536",
            "192.0.2.01",
            "[192.0.2.1]",
            "[2001:db8::7",
            "2001:db8::7]",
            "[2001:db8::7]:",
            "[]",
            "fe80::1%eth0",
            "\"192.0.2.1\"",
            "for=192.0.2.1",
            "192.0.2.1/32",
            "\u{fc}",
        ] {
            for lines in [&[entry][..], &["203.0.113.9", entry]] {
                assert_eq!(client("10.0.0.1", lines), ip("10.0.0.1"), "{entry:?}");
            }
            let chain = format!("203.0.113.9,{entry},10.0.0.2");
            assert_eq!(client("10.0.0.1", &[&chain]), ip("10.0.0.2"), "{entry:?}");
        }
        assert_eq!(client("10.0.0.1", &[]), ip("10.0.0.1"));
        // the first of nothing but proxies
        let chain = client("10.0.0.1", &["10.0.0.4, 10.0.0.3", "10.0.0.2"]);
        assert_eq!(chain, ip("10.0.0.4"));
    }

    /// However long a header is, so many entries of it are read.
    #[test]
    fn the_search_has_an_end() {
        let chain = |proxies: usize| {
            let mut entries = vec!["192.0.2.1"];
            entries.resize(1 + proxies, "10.0.0.2");
            client("10.0.0.1", &[&entries.join(",")])
        };
        assert_eq!(chain(HOPS - 1), ip("192.0.2.1"));
        assert_eq!(chain(HOPS), ip("10.0.0.2"));
        assert_eq!(chain(5_000), ip("10.0.0.2"));
    }
}
