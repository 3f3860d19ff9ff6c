//! Accounts: what a leaf of the account tree commits to.

use core::fmt;

use thiserror::Error;
use winter_math::fields::f64::BaseElement;

use crate::{
    Amount, AssetId, Digest, Nonce, Root,
    amount::limb_elements,
    hash::{self, Input, tag},
};

/// What a key may sign. Least privilege: a hot key that can spend, a cold key that can only rotate.
///
/// ```
/// use winterlane_ledger::Scope;
/// assert!(Scope::BOTH.allows(Scope::SPEND) && !Scope::ROTATE.allows(Scope::SPEND));
/// assert_eq!(Scope::from_bits(4), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
pub struct Scope(u8);

impl Scope {
    /// Nothing: the slot is closed.
    pub const NONE: Self = Self(0);
    /// Transfers and withdrawals.
    pub const SPEND: Self = Self(1);
    /// Key rotations.
    pub const ROTATE: Self = Self(2);
    /// Everything.
    pub const BOTH: Self = Self(3);

    /// The scope of these bits (1 = spend, 2 = rotate); `None` above 3.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 4 { Some(Self(bits)) } else { None }
    }

    /// The bits: 1 = spend, 2 = rotate.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every right in `needed` is in `self`.
    #[must_use]
    pub const fn allows(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["NONE", "SPEND", "ROTATE", "BOTH"][usize::from(self.0)])
    }
}

impl From<Scope> for u8 {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

impl TryFrom<u8> for Scope {
    type Error = ScopeError;

    fn try_from(bits: u8) -> Result<Self, ScopeError> {
        Self::from_bits(bits).ok_or(ScopeError { bits })
    }
}

/// A number is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a scope is 0 to 3, not {bits}")]
pub struct ScopeError {
    /// The number.
    pub bits: u8,
}

/// A number is no key slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a slot is 0 or 1, not {index}")]
pub struct SlotError {
    /// The number.
    pub index: u8,
}

/// One of the two key slots of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
pub enum SlotIndex {
    /// Slot 0.
    Zero,
    /// Slot 1.
    One,
}

impl SlotIndex {
    /// Both slots, in order.
    pub const ALL: [Self; 2] = [Self::Zero, Self::One];

    /// 0 or 1.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Slot 0 or 1; `None` for any other index.
    #[must_use]
    pub const fn from_index(index: u8) -> Option<Self> {
        match index {
            0 => Some(Self::Zero),
            1 => Some(Self::One),
            _ => None,
        }
    }
}

/// A key an account accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct KeySlot {
    /// Root of the key tree.
    pub root: Root,
    /// The first of its one-time keys that may still sign: 0 for a new key, 1,024 for one used up.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::next_index"))]
    pub next_index: u16,
    /// What the key may sign.
    pub scope: Scope,
}

/// Which one-time key signs: the slot of the signer that holds the key, and the number in it.
///
/// It is part of the public record, so that whoever has the records knows every slot's
/// [`KeySlot::next_index`] without seeing a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct KeyUse {
    /// The slot.
    pub slot: SlotIndex,
    /// The number of the one-time key, below 1,024.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::text::key_index"))]
    pub index: u16,
}

/// The state of one account. Its id is the index of its leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Account {
    /// What the balance counts.
    pub asset: AssetId,
    /// The balance, in the asset's smallest unit.
    pub balance: Amount,
    /// How many operations this account has signed.
    pub nonce: Nonce,
    /// The two keys.
    pub slots: [KeySlot; 2],
}

impl Account {
    /// An account of this asset that holds nothing, with both slots closed: it can receive, and collect fees.
    #[must_use]
    pub fn of(asset: AssetId) -> Self {
        Self {
            asset,
            ..Self::default()
        }
    }

    /// The four scope bits as the leaf carries them: spend0 + 2 rotate0 + 4 spend1 + 8 rotate1.
    #[must_use]
    pub const fn scope_bits(&self) -> u8 {
        self.slots[0].scope.bits() | self.slots[1].scope.bits() << 2
    }

    /// `K`: the two key roots compressed.
    #[must_use]
    pub fn keys_digest(&self) -> Digest {
        keys_digest(&[self.slots[0].root, self.slots[1].root])
    }

    /// `B`: keys, asset, nonce and next indices compressed, given `K`.
    #[must_use]
    pub fn meta_digest(&self, keys: &Digest) -> Digest {
        hash::compress_input(&self.meta_input(keys))
    }

    /// The account's leaf of the tree: three compressions.
    ///
    /// ```
    /// use winterlane_ledger::{Account, Amount, Digest};
    /// let account = Account { balance: Amount::new(1), ..Account::default() };
    /// assert_ne!(account.leaf_digest(), Account::default().leaf_digest());
    /// assert_ne!(account.leaf_digest(), Digest::ZERO);
    /// ```
    #[must_use]
    pub fn leaf_digest(&self) -> Digest {
        let meta = self.meta_digest(&self.keys_digest());
        hash::compress_input(&self.leaf_input(&meta))
    }

    /// The input that compresses to `B`.
    #[must_use]
    pub fn meta_input(&self, keys: &Digest) -> Input {
        let numbers = [
            self.asset.get(),
            self.nonce.get(),
            u32::from(self.slots[0].next_index),
            u32::from(self.slots[1].next_index),
        ];
        hash::input(tag::META, &keys.0, &numbers.map(BaseElement::from))
    }

    /// The input that compresses to the leaf, given `B`.
    #[must_use]
    pub fn leaf_input(&self, meta: &Digest) -> Input {
        let [low, middle, high] = limb_elements(self.balance.get());
        let numbers = [BaseElement::from(self.scope_bits()), low, middle, high];
        hash::input(tag::LEAF, &meta.0, &numbers)
    }
}

/// `K`: two key roots compressed.
#[must_use]
pub fn keys_digest(roots: &[Root; 2]) -> Digest {
    hash::compress(tag::KEYS, &roots[0].0, &roots[1].0)
}

#[cfg(test)]
mod tests {
    use winter_math::FieldElement;

    use super::*;
    use crate::hash::compress;

    fn account() -> Account {
        let slot = |n: u32, scope| KeySlot {
            root: Root(Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))),
            next_index: n as u16,
            scope,
        };
        let slots = [slot(10, Scope::BOTH), slot(20, Scope::ROTATE)];
        Account {
            asset: AssetId::new(1),
            balance: Amount::new(2 | 3 << 50 | 4 << 100),
            nonce: Nonce::new(30),
            slots,
        }
    }

    #[test]
    fn the_leaf_follows_the_definition() {
        let account = account();
        let numbers = |lanes: [u32; 4]| Digest(lanes.map(BaseElement::from));
        let [first, second] = account.slots.map(|slot| slot.root.0);
        let keys = compress(tag::KEYS, &first, &second);
        let meta = compress(tag::META, &keys, &numbers([1, 30, 10, 20]));
        let leaf = compress(tag::LEAF, &meta, &numbers([1 + 2 + 8, 2, 3, 4]));
        assert_eq!(account.keys_digest(), keys);
        assert_eq!(account.meta_digest(&keys), meta);
        assert_eq!(account.leaf_digest(), leaf);
    }

    #[test]
    fn every_field_reaches_the_leaf() {
        let changes: [fn(&mut Account); 11] = [
            |a| a.asset.0 += 1,
            |a| a.balance.0 += 1,
            |a| a.balance.0 += 1 << 50,
            |a| a.balance.0 += 1 << 100,
            |a| a.nonce.0 += 1,
            |a| a.slots[0].root.0.0[0] += BaseElement::ONE,
            |a| a.slots[1].root.0.0[3] += BaseElement::ONE,
            |a| a.slots[0].next_index += 1,
            |a| a.slots[1].next_index += 1,
            |a| a.slots[0].scope = Scope::SPEND,
            |a| a.slots[1].scope = Scope::SPEND,
        ];
        for change in changes {
            let mut changed = account();
            change(&mut changed);
            assert_ne!(changed.leaf_digest(), account().leaf_digest());
        }
    }

    #[test]
    fn scopes_have_numbers_and_names() {
        let names = [
            (Scope::NONE, 0, "NONE"),
            (Scope::SPEND, 1, "SPEND"),
            (Scope::ROTATE, 2, "ROTATE"),
            (Scope::BOTH, 3, "BOTH"),
        ];
        for (scope, number, name) in names {
            assert_eq!(u8::from(scope), number);
            assert_eq!(alloc::format!("{scope:?}"), name);
        }
    }

    #[test]
    fn scopes_and_slots() {
        for bits in 0..4 {
            let scope = Scope::from_bits(bits).unwrap();
            assert_eq!((scope.bits(), Scope::try_from(bits)), (bits, Ok(scope)));
            assert_eq!(scope.allows(Scope::SPEND), bits & 1 == 1);
            assert_eq!(scope.allows(Scope::ROTATE), bits & 2 == 2);
            assert!(scope.allows(Scope::NONE) && scope.allows(scope));
        }
        assert!(Scope::try_from(4).is_err());
        assert_eq!(
            [0, 1, 2].map(SlotIndex::from_index),
            [Some(SlotIndex::Zero), Some(SlotIndex::One), None]
        );
        assert_eq!(SlotIndex::ALL.map(SlotIndex::index), [0, 1]);
    }
}
