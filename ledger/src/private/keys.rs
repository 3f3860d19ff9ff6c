//! The keys of a shielded pool: one that spends, one that watches, and the address that names both.

use core::fmt;

use crate::{
    Digest,
    hash::{compress, tag},
};

/// The secret that spends: whoever knows it can spend the notes of its address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpendKey(pub Digest);

// A secret does not belong into a log.
impl fmt::Debug for SpendKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpendKey(..)")
    }
}

impl SpendKey {
    /// `ak`, what an address says of the spend key.
    #[must_use]
    pub fn authority(&self) -> Digest {
        compress(tag::AUTHORITY, &self.0, &Digest::ZERO)
    }
}

/// Where notes are sent: the owner of a note, as its commitment has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub Digest);

impl Address {
    /// `b`, the owner that a commitment shows nobody: address and randomness compressed.
    #[must_use]
    pub fn blinded(&self, rho: &Digest) -> Digest {
        compress(tag::OWNER, &self.0, rho)
    }
}

/// The keys of one address.
///
/// The two secrets are independent: whoever is shown `nk` and `ak` (an auditor) recognises every
/// nullifier of the address and cannot spend.
///
/// ```
/// use winterlane_ledger::{BaseElement, Digest, private::{NoteKeys, SpendKey}};
/// let digest = |n: u32| Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from));
/// let keys = NoteKeys { spend: SpendKey(digest(1)), nullifier: digest(9) };
/// let other = NoteKeys { nullifier: digest(5), ..keys };
/// assert_ne!(keys.address(), other.address());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NoteKeys {
    /// The spend key `sk`.
    pub spend: SpendKey,
    /// The nullifier key `nk`: watches, and never spends.
    pub nullifier: Digest,
}

impl fmt::Debug for NoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteKeys(..)")
    }
}

impl NoteKeys {
    /// `pk`, the address of these keys.
    #[must_use]
    pub fn address(&self) -> Address {
        address(&self.spend.authority(), &self.nullifier)
    }
}

/// The address of an authority and a nullifier key: what an auditor, who has no spend key, computes.
#[must_use]
pub fn address(authority: &Digest, nullifier: &Digest) -> Address {
    Address(compress(tag::ADDRESS, authority, nullifier))
}
