//! Numbers with a meaning of their own: who, of what, how much, how often, in which batch.
//!
//! Each is an integer and has its digits and bytes. A type of its own keeps two of them from changing places, and
//! none of them has arithmetic that wraps or panics: what can leave the range answers `None`.

use core::{fmt, num::ParseIntError, str::FromStr};

use crate::public::BATCH_NUMBER_BITS;

/// An integer under another name: made, read and shown as the integer is.
macro_rules! named_number {
    ($(#[$about:meta])* $name:ident($integer:ty)) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $name(pub $integer);

        impl $name {
            /// The least.
            pub const ZERO: Self = Self(0);
            /// The greatest that the integer can hold.
            pub const MAX: Self = Self(<$integer>::MAX);

            /// The number as what it counts or names.
            #[must_use]
            pub const fn new(number: $integer) -> Self {
                Self(number)
            }

            /// The bare number: for bytes, for field elements and for arithmetic that has its own checks.
            #[must_use]
            pub const fn get(self) -> $integer {
                self.0
            }
        }

        impl From<$integer> for $name {
            fn from(number: $integer) -> Self {
                Self(number)
            }
        }

        impl From<$name> for $integer {
            fn from(named: $name) -> Self {
                named.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            /// Reads decimal digits, as the integer does.
            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }
    };
}

named_number! {
    /// An account: the index of its leaf in the account tree. All 2^32 are leaves.
    ///
    /// ```
    /// use winterlane_ledger::AccountId;
    /// let account = AccountId::new(3);
    /// assert_eq!((account.get(), account.to_string().parse()), (3, Ok(account)));
    /// ```
    ///
    /// An account is no asset, and neither is a bare number:
    ///
    /// ```compile_fail,E0308
    /// use winterlane_ledger::{Account, AccountId};
    /// let _ = Account::of(AccountId::new(3));
    /// ```
    ///
    /// ```compile_fail,E0308
    /// use winterlane_ledger::Account;
    /// let _ = Account::of(3);
    /// ```
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(transparent))]
    AccountId(u32)
}

named_number! {
    /// What an [`Amount`] counts: a number that the settlement layer gives to a coin. Any `u32`.
    ///
    /// ```compile_fail,E0308
    /// use winterlane_ledger::{AccountId, Amount, AssetId, Deposit};
    /// let _ = Deposit { to: AssetId::new(1), asset: AccountId::new(2), amount: Amount::new(3), keys: None };
    /// ```
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(transparent))]
    AssetId(u32)
}

named_number! {
    /// How many operations an account has signed: what an order is signed for, so that it counts once. Any `u32`.
    ///
    /// ```
    /// use winterlane_ledger::Nonce;
    /// assert_eq!(Nonce::new(6).next(), Some(Nonce::new(7)));
    /// assert_eq!(Nonce::MAX.next(), None);
    /// ```
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(transparent))]
    Nonce(u32)
}

named_number! {
    /// Which batch: the first of a rollup has the number of its genesis, each next one is one more.
    ///
    /// A batch that can be sealed is below 2^62 ([`BATCH_NUMBER_BITS`]); what an order names as its last batch may
    /// be any `u64`.
    ///
    /// ```
    /// use winterlane_ledger::BatchNumber;
    /// assert_eq!(BatchNumber::new(6).next(), Some(BatchNumber::new(7)));
    /// assert_eq!(BatchNumber::MAX.next(), None);
    /// ```
    ///
    /// A batch is no amount:
    ///
    /// ```compile_fail,E0308
    /// use winterlane_ledger::{AccountId, Amount, BatchNumber, RotateKey, SlotIndex};
    /// let (fee, last) = (Amount::new(1), BatchNumber::new(9));
    /// let _ = RotateKey::close(AccountId::new(3), SlotIndex::One, last, fee);
    /// ```
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(transparent))]
    BatchNumber(u64)
}

named_number! {
    /// Which chain settles a rollup, by the number that it is known by. Any `u64`.
    ///
    /// A chain is no rollup, so that the two of a [domain](crate::hash::domain_digest) cannot change places:
    ///
    /// ```compile_fail,E0308
    /// use winterlane_ledger::{ChainId, RollupId, hash::domain_digest};
    /// let _ = domain_digest(RollupId::new(7), ChainId::new(1));
    /// ```
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(transparent))]
    ChainId(u64)
}

named_number! {
    /// Which rollup of a [chain](ChainId). Any `u64`.
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    #[cfg_attr(feature = "serde", serde(transparent))]
    RollupId(u64)
}

named_number! {
    /// How much, in the smallest unit of an asset. Any `u128`.
    ///
    /// ```
    /// use winterlane_ledger::Amount;
    /// let (some, more) = (Amount::new(3), Amount::new(5));
    /// assert_eq!(some.checked_add(more), Some(Amount::new(8)));
    /// assert_eq!(some.checked_sub(more), None);
    /// assert_eq!(Amount::checked_sum([some, more]), Some(Amount::new(8)));
    /// assert_eq!(Amount::checked_sum([some, Amount::MAX]), None);
    /// ```
    ///
    /// With serde it is a string of decimal digits, since a number in JSON is a double in half of the world.
    Amount(u128)
}

#[cfg(feature = "serde")]
impl serde::Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::text::amount(from).map(Self)
    }
}

impl AccountId {
    /// The accounts from this one on.
    pub fn onwards(self) -> impl Iterator<Item = Self> {
        (self.0..=u32::MAX).map(Self)
    }
}

impl Nonce {
    /// The nonce after this one; `None` after the last.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }
}

impl BatchNumber {
    /// The batch after this one; `None` after the last of a `u64`.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    /// The batch before this one; `None` before 0.
    #[must_use]
    pub const fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }

    /// So many batches later.
    #[must_use]
    pub const fn checked_add(self, batches: u64) -> Option<Self> {
        match self.0.checked_add(batches) {
            Some(later) => Some(Self(later)),
            None => None,
        }
    }

    /// So many batches earlier.
    #[must_use]
    pub const fn checked_sub(self, batches: u64) -> Option<Self> {
        match self.0.checked_sub(batches) {
            Some(earlier) => Some(Self(earlier)),
            None => None,
        }
    }

    /// So many batches later, or the last of a `u64`.
    #[must_use]
    pub const fn saturating_add(self, batches: u64) -> Self {
        Self(self.0.saturating_add(batches))
    }

    /// So many batches earlier, or 0.
    #[must_use]
    pub const fn saturating_sub(self, batches: u64) -> Self {
        Self(self.0.saturating_sub(batches))
    }

    /// How many batches this one comes after `earlier`; `None` when it comes before it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }

    /// Whether a batch of this number can be sealed.
    #[must_use]
    pub const fn in_range(self) -> bool {
        self.0 >> BATCH_NUMBER_BITS == 0
    }
}

impl Amount {
    /// Both together; `None` at 2^128 and above.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// What is left; `None` when `other` is more.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// Both together, or [`MAX`](Self::MAX).
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left, or nothing.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// All together; `None` at 2^128 and above.
    #[must_use]
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut amounts = amounts.into_iter();
        amounts.try_fold(Self::ZERO, Self::checked_add)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}
