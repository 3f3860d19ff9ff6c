//! Digests with a meaning of their own: roots of trees, and the domain that binds to one rollup.
//!
//! Each is a [`Digest`] and has its bytes, digits and JSON. A type of its own keeps two of them from changing
//! places: a root where a domain is asked for does not compile.

use alloc::string::String;
use core::{fmt, str::FromStr};

use crate::{Digest, DigestError, digest::DIGEST_BYTES};

/// A digest under another name: declared, shown and read as the digest is.
macro_rules! named_digest {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(transparent))]
        pub struct $name(pub Digest);

        impl $name {
            /// Four zeros: no known input of the hash leads to it.
            pub const ZERO: Self = Self(Digest::ZERO);

            /// Reads the canonical outer form ([`Digest::from_bytes`]).
            ///
            /// # Errors
            /// [`DigestError::NotCanonical`] when an element is at or above the modulus.
            pub fn from_bytes(bytes: &[u8; DIGEST_BYTES]) -> Result<Self, DigestError> {
                Digest::from_bytes(bytes).map(Self)
            }

            /// The canonical outer form ([`Digest::to_bytes`]).
            #[must_use]
            pub fn to_bytes(&self) -> [u8; DIGEST_BYTES] {
                self.0.to_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            /// Reads 64 hexadecimal digits of either case, without a prefix.
            fn from_str(text: &str) -> Result<Self, DigestError> {
                text.parse().map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = DigestError;

            fn try_from(text: String) -> Result<Self, DigestError> {
                text.parse()
            }
        }
    };
}

named_digest! {
    /// The root of a Merkle tree: of the accounts, of a key's one-time keys, or of a [sparse
    /// tree](crate::private::SparseTree).
    ///
    /// The note tree's is an [`Anchor`].
    ///
    /// ```
    /// use winterlane_ledger::{Account, AccountId, BatchNumber, ChainId, Ledger, RollupId, Root, hash::domain_digest};
    /// let ledger = Ledger::genesis(domain_digest(ChainId::new(1), RollupId::new(1)), BatchNumber::ZERO, [(AccountId::new(3), Account::default())])?;
    /// let text = ledger.root().to_string();
    /// assert_eq!(text.parse::<Root>()?, ledger.root());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Root
}

named_digest! {
    /// A root of the note tree, against which a private operation is proven.
    Anchor
}

named_digest! {
    /// What signatures and proofs are bound to: one rollup on one chain
    /// ([`domain_digest`](crate::hash::domain_digest)), one rollup frozen at a root
    /// ([`exit_domain`](crate::exit::exit_domain)), or one schema of credentials
    /// ([`schema_domain`](crate::private::schema_domain)).
    ///
    /// A root is no domain, so that the two cannot change places:
    ///
    /// ```compile_fail,E0308
    /// use winterlane_ledger::{ChainId, RollupId, Root, exit::exit_domain, hash::domain_digest};
    /// let _ = exit_domain(&Root::ZERO, &domain_digest(ChainId::new(1), RollupId::new(1)));
    /// ```
    Domain
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;
    use crate::BaseElement;

    fn digest() -> Digest {
        Digest([1u32, 2, 3, 4].map(BaseElement::from))
    }

    #[test]
    fn bytes_and_digits_are_those_of_the_digest() {
        let (bytes, text) = (digest().to_bytes(), digest().to_string());
        macro_rules! check {
            ($($name:ident)*) => {$(
                let named = $name(digest());
                assert_eq!(named.to_bytes(), bytes);
                assert_eq!($name::from_bytes(&bytes), Ok(named));
                assert!($name::from_bytes(&[0xff; DIGEST_BYTES]).is_err());
                assert_eq!(named.to_string(), text);
                assert_eq!(text.parse(), Ok(named));
                assert_eq!($name::try_from(text.clone()), Ok(named));
                assert_eq!("0".parse::<$name>(), Err(DigestError::NotHex));
                assert_eq!(format!("{named:?}"), format!(concat!(stringify!($name), "({})"), text));
                assert_eq!($name::default(), $name::ZERO);
                #[cfg(feature = "serde")]
                {
                    let json = serde_json::to_string(&named).unwrap();
                    assert_eq!(json, serde_json::to_string(&digest()).unwrap());
                    assert_eq!(serde_json::from_str::<$name>(&json).unwrap(), named);
                }
            )*};
        }
        check!(Root Anchor Domain);
    }
}
