//! Lines and the hashes that link them.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::keys::{hex, unhex};

const CONTEXT: &str = "winterlane 2026 audit log v1";

/// The hash of a line and of everything before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link([u8; 32]);

impl Link {
    /// The hash that the first line builds on.
    #[must_use]
    pub fn genesis() -> Self {
        Self(blake3::derive_key(CONTEXT, b""))
    }

    /// The hash of a line with this body after a line with this hash.
    #[must_use]
    pub fn next(self, body: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.0).update(body);
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

/// A text is no hash of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a hash is 64 lower-case hexadecimal digits")]
pub struct LinkError;

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        unhex(text).map(Self).ok_or(LinkError)
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The end of a chain: how many lines it has, and the hash of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many lines there are; the number of the next one.
    pub length: u64,
    /// The hash of the last line; [`Link::genesis`] without any.
    pub link: Link,
}

/// The hash and the body of a line without its newline.
pub(super) fn split(line: &[u8]) -> Option<(Link, &[u8])> {
    let (hash, rest) = line.split_at_checked(64)?;
    let hash = core::str::from_utf8(hash).ok()?.parse().ok()?;
    Some((hash, rest.strip_prefix(b" ")?))
}

/// A line, newline included.
pub(super) fn join(link: Link, body: &[u8]) -> Vec<u8> {
    let mut line = link.to_string().into_bytes();
    line.push(b' ');
    line.extend_from_slice(body);
    line.push(b'\n');
    line
}
