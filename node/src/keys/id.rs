//! Names: of keys, of proposals, of clients and of environments.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::KeysError;

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('?'));
            }
            text
        })
}

/// The bytes of exactly `2 N` lower-case hexadecimal digits.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| KeysError::NoRandomness)?;
    Ok(bytes)
}

macro_rules! hex_name {
    ($(#[$doc:meta])* $name:ident, $length:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The name with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The bytes that the hexadecimal digits say.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = KeysError;

            fn from_str(text: &str) -> Result<Self, KeysError> {
                unhex(text).map(Self).ok_or(KeysError::BadName { what: $what })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

hex_name! {
    /// The name of a key: 24 hexadecimal digits, random, not secret.
    KeyId, 12, "id of a key: 24 lower-case hexadecimal digits"
}
hex_name! {
    /// The name of a proposal: 24 hexadecimal digits, random, not secret.
    ProposalId, 12, "id of a proposal: 24 lower-case hexadecimal digits"
}
hex_name! {
    /// A number used once: 32 hexadecimal digits, chosen at random by who signs.
    Nonce, 16, "nonce: 32 lower-case hexadecimal digits"
}
hex_name! {
    /// The public half of an Ed25519 key: 64 hexadecimal digits.
    PublicKey, 32, "public key: 64 lower-case hexadecimal digits"
}
hex_name! {
    /// The hash of a bearer secret: 64 hexadecimal digits.
    SecretHash, 32, "hash of a secret: 64 lower-case hexadecimal digits"
}
hex_name! {
    /// An Ed25519 signature: 128 hexadecimal digits.
    SignatureBytes, 64, "signature: 128 lower-case hexadecimal digits"
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The word itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = KeysError;

            fn from_str(text: &str) -> Result<Self, KeysError> {
                let fits = (1..=40).contains(&text.len())
                    && text.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
                    });
                if fits { Ok(Self(text.to_owned())) } else { Err(KeysError::BadName { what: $what }) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

word! {
    /// Who uses a key: a person, a service. 1 to 40 of `a-z`, `0-9` and `-`.
    ClientName, "name of a client: 1 to 40 of a-z, 0-9 and -"
}
word! {
    /// Where keys count: `production`, `staging`. A node has one environment, and refuses keys and signatures of
    /// any other. 1 to 40 of `a-z`, `0-9` and `-`.
    Environment, "name of an environment: 1 to 40 of a-z, 0-9 and -"
}

impl Environment {
    /// `development`: that of a node whose configuration names none.
    #[must_use]
    pub fn development() -> Self {
        Self(String::from("development"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let id = KeyId::from_bytes([0xab; 12]);
        assert_eq!(id.to_string().parse::<KeyId>().unwrap(), id);
        for bad in [
            "",
            "ab",
            &"AB".repeat(12),
            &"ab".repeat(13),
            &"zz".repeat(12),
            &"ä".repeat(12),
        ] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
        for bad in ["", "A", "a b", "a_b", "ä", "a\n", &"a".repeat(41)] {
            assert!(bad.parse::<ClientName>().is_err(), "{bad}");
        }
        assert_eq!("desk-7".parse::<ClientName>().unwrap().as_str(), "desk-7");
    }
}
