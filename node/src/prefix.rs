//! Networks, each by the bits that its addresses begin with (CIDR): `10.0.0.0/8`.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A network, or one address. A network of version 6 has no addresses of version 4: those that are written as ones of version 6
/// (`::ffff:192.0.2.1`) count as what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// The first address, in its canonical form.
    address: IpAddr,
    /// How many of its bits all addresses share.
    length: u8,
}

/// Why a text is no [`Prefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// It is neither an address nor a network.
    #[error("expected an address, such as ::1, or a network, such as 10.0.0.0/8")]
    Form,
    /// The number behind the slash is larger than an address has bits, or no number.
    #[error("expected a number of bits behind the slash, from 1 to {most}")]
    Length {
        /// How many bits such an address has.
        most: u8,
    },
    /// Every address is in it. Nobody means that who names some.
    #[error("every address is in this network")]
    Everything,
    /// The address is one inside the network, so that a digit of either may be wrong.
    #[error("the network of so many bits begins at {first}")]
    Inside {
        /// The first address of that network.
        first: IpAddr,
    },
}

/// How many bits an address has.
const fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with all bits behind the first `length` cleared.
fn first(address: IpAddr, length: u8) -> IpAddr {
    let cleared = u32::from(bits(address).saturating_sub(length));
    // a shift by all bits is none
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(cleared).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(cleared).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

impl Prefix {
    /// Whether an address is in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && first(address, self.length) == self.address
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| PrefixError::Form)?;
        let most = bits(address);
        let length = match length {
            None => most,
            Some(text) => {
                let length = text.parse::<u8>().ok();
                // one spelling: neither a sign nor zeros before it
                let length = length.filter(|length| *length <= most && length.to_string() == text);
                length.ok_or(PrefixError::Length { most })?
            }
        };
        // a network of version 4 that is written as one of version 6
        let mapped = bits(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) - 32;
        let (address, length) = match address.to_canonical() {
            v4 if v4 != address && length >= mapped => (v4, length - mapped),
            _ => (address, length),
        };
        let first = first(address, length);
        if length == 0 {
            Err(PrefixError::Everything)
        } else if first == address {
            Ok(Self { address, length })
        } else {
            Err(PrefixError::Inside { first })
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, length } = self;
        if *length == bits(*address) {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{length}")
        }
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// By hand: what is refused inside of a visitor is told with its own line, also in a list of many.
impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Prefix;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, such as ::1, or a network, such as 10.0.0.0/8")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Prefix, E> {
                let prefix = text.parse::<Prefix>();
                prefix.map_err(|error| E::custom(format!("{text:?}: {error}")))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        for (network, inside, outside) in [
            (
                "10.0.0.0/8",
                &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"][..],
                &["9.255.255.255", "11.0.0.0", "::10.0.0.1", "a00::"][..],
            ),
            (
                "192.0.2.128/25",
                &["192.0.2.128", "192.0.2.255"],
                &["192.0.2.127", "192.0.3.128"],
            ),
            ("128.0.0.0/1", &["128.0.0.0", "255.1.1.1"], &["127.0.0.1"]),
            ("192.0.2.1", &["192.0.2.1"], &["192.0.2.0", "192.0.2.2"]),
            ("192.0.2.1/32", &["192.0.2.1"], &["192.0.2.2"]),
            (
                "2001:db8::/32",
                &["2001:db8::", "2001:db8:ffff::1"],
                &["2001:db9::", "2001:db7:ffff::", "32.1.13.184"],
            ),
            (
                "2001:db8:0:1::/64",
                &["2001:db8:0:1:ffff:ffff:ffff:ffff"],
                &["2001:db8:0:2::", "2001:db8::"],
            ),
            ("::1", &["::1"], &["::2", "::", "127.0.0.1", "0.0.0.1"]),
            ("8000::/1", &["ffff::"], &["7fff::", "255.0.0.1"]),
            (
                "::ffff:10.0.0.0/104",
                &["10.9.9.9", "::ffff:10.9.9.9"],
                &["11.0.0.0"],
            ),
            ("::ffff:192.0.2.1", &["192.0.2.1"], &["192.0.2.2"]),
        ] {
            let prefix = prefix(network);
            for address in inside {
                assert!(
                    prefix.contains(address.parse().unwrap()),
                    "{network} {address}"
                );
            }
            for address in outside {
                assert!(
                    !prefix.contains(address.parse().unwrap()),
                    "{network} {address}"
                );
            }
            assert_eq!(prefix.to_string().parse::<Prefix>(), Ok(prefix));
        }
        assert_eq!(prefix("192.0.2.1/32").to_string(), "192.0.2.1");
        assert_eq!(prefix("::ffff:10.0.0.0/104").to_string(), "10.0.0.0/8");
    }

    #[test]
    fn what_is_no_network_is_told() {
        let most = |most| PrefixError::Length { most };
        let inside = |first: &str| PrefixError::Inside {
            first: first.parse().unwrap(),
        };
        for (text, expected) in [
            ("", PrefixError::Form),
            ("proxy", PrefixError::Form),
            ("10.0.0.0:80", PrefixError::Form),
            ("[::1]", PrefixError::Form),
            (" ::1", PrefixError::Form),
            ("010.0.0.0/8", PrefixError::Form),
            ("10.0.0/8", PrefixError::Form),
            ("/8", PrefixError::Form),
            ("10.0.0.0/", most(32)),
            ("10.0.0.0/33", most(32)),
            ("10.0.0.0/256", most(32)),
            ("10.0.0.0/+8", most(32)),
            ("10.0.0.0/08", most(32)),
            ("10.0.0.0/-8", most(32)),
            ("10.0.0.0/8/8", most(32)),
            ("10.0.0.0/255.0.0.0", most(32)),
            ("::1/129", most(128)),
            ("0.0.0.0/0", PrefixError::Everything),
            ("::/0", PrefixError::Everything),
            ("::ffff:0.0.0.0/96", PrefixError::Everything),
            ("10.0.0.1/8", inside("10.0.0.0")),
            ("192.0.2.255/25", inside("192.0.2.128")),
            ("2001:db8::1/32", inside("2001:db8::")),
            ("::ffff:10.0.0.1/104", inside("10.0.0.0")),
            ("::ffff:10.0.0.0/80", inside("::")),
        ] {
            assert_eq!(text.parse::<Prefix>(), Err(expected), "{text:?}");
        }
    }
}
