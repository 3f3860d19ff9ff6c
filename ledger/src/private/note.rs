//! Notes: values with an owner, known to the public as commitments, and as nullifiers when they are spent.

use core::fmt;

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::keys::Address;
use crate::{
    Amount, AssetId, Digest,
    amount::limb_elements,
    hash::{self, Input, compress, tag},
};

/// What is published of a note when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Commitment(pub Digest);

/// What is published of a note when it is spent. One note in the tree has one nullifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Nullifier(pub Digest);

/// A note: a value of an asset, and who may spend it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// The owner's address.
    pub owner: Address,
    /// The asset.
    pub asset: AssetId,
    /// How much, in the asset's smallest unit.
    pub value: Amount,
    /// 256 random bits, as a digest: they keep commitments of equal notes apart.
    pub rho: Digest,
}

// What a note is worth, and whose it is, is its owner's.
impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}

impl Note {
    /// The commitment.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        Commitment::new(&self.owner.blinded(&self.rho), self.asset, self.value)
    }

    /// The nullifier of this note at `position` of the note tree.
    ///
    /// The position is part of it: two equal notes, which have the same commitment, are spent one by one.
    #[must_use]
    pub fn nullifier(&self, nullifier_key: &Digest, position: u32) -> Nullifier {
        self.commitment().nullifier(nullifier_key, position)
    }
}

impl Commitment {
    /// The commitment to `value` of `asset` for the blinded owner `b` ([`Address::blinded`]).
    ///
    /// Whoever shields publishes `b`, asset and value, and the node computes the commitment: so a
    /// commitment in the tree never says more than went in.
    #[must_use]
    pub fn new(blinded: &Digest, asset: AssetId, value: Amount) -> Self {
        Self(hash::compress_input(&Self::input(blinded, asset, value)))
    }

    /// The input that compresses to the commitment.
    #[must_use]
    pub fn input(blinded: &Digest, asset: AssetId, value: Amount) -> Input {
        hash::input(
            tag::COMMITMENT,
            &blinded.0,
            &value_lanes(asset.get(), value.get()),
        )
    }

    /// The note id: this commitment at `position`.
    #[must_use]
    pub fn id(&self, position: u32) -> Digest {
        let zero = BaseElement::ZERO;
        let place = Digest([BaseElement::from(position), zero, zero, zero]);
        compress(tag::NOTE, &self.0, &place)
    }

    /// The nullifier of this commitment at `position`, for the owner's nullifier key.
    #[must_use]
    pub fn nullifier(&self, nullifier_key: &Digest, position: u32) -> Nullifier {
        Nullifier(compress(tag::NULLIFIER, nullifier_key, &self.id(position)))
    }
}

/// A small number and the limbs of a value, as the right half of an input.
pub(crate) fn value_lanes(number: u32, value: u128) -> [BaseElement; 4] {
    let [low, middle, high] = limb_elements(value);
    [BaseElement::from(number), low, middle, high]
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::private::{NoteKeys, SpendKey};

    fn digest(n: u32) -> Digest {
        Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
    }

    fn note() -> (NoteKeys, Note) {
        let keys = NoteKeys {
            spend: SpendKey(digest(10)),
            nullifier: digest(20),
        };
        let note = Note {
            owner: keys.address(),
            asset: AssetId::new(3),
            value: Amount::new(1 | 2 << 50 | 3 << 100),
            rho: digest(30),
        };
        (keys, note)
    }

    #[test]
    fn digests_follow_the_definition() {
        let (keys, note) = note();
        let numbers = |lanes: [u32; 4]| Digest(lanes.map(BaseElement::from));
        let ak = compress(tag::AUTHORITY, &digest(10), &Digest::ZERO);
        let pk = compress(tag::ADDRESS, &ak, &digest(20));
        let b = compress(tag::OWNER, &pk, &digest(30));
        let cm = compress(tag::COMMITMENT, &b, &numbers([3, 1, 2, 3]));
        let id = compress(tag::NOTE, &cm, &numbers([7, 0, 0, 0]));
        let nf = compress(tag::NULLIFIER, &digest(20), &id);
        assert_eq!(keys.address().0, pk);
        assert_eq!(note.commitment().0, cm);
        assert_eq!(note.nullifier(&keys.nullifier, 7).0, nf);
    }

    #[test]
    fn a_note_in_a_log_shows_nothing() {
        let (_, note) = note();
        for shown in [format!("{note:?}"), format!("{note:#?}")] {
            assert_eq!(shown, "Note(..)");
        }
    }

    #[test]
    fn everything_reaches_commitment_and_nullifier() {
        let (keys, honest) = note();
        let changes: [fn(&mut Note); 6] = [
            |n| n.owner.0.0[0] += BaseElement::ONE,
            |n| n.asset.0 += 1,
            |n| n.value.0 += 1,
            |n| n.value.0 += 1 << 50,
            |n| n.value.0 += 1 << 100,
            |n| n.rho.0[3] += BaseElement::ONE,
        ];
        for change in changes {
            let mut changed = honest;
            change(&mut changed);
            assert_ne!(changed.commitment(), honest.commitment());
        }
        let nullifier = honest.nullifier(&keys.nullifier, 7);
        assert_ne!(nullifier, honest.nullifier(&keys.nullifier, 8));
        assert_ne!(nullifier, honest.nullifier(&digest(21), 7));
    }
}
