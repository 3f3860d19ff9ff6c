//! Key trees: the Merkle tree over one-time public keys, and signing with one of them.

use alloc::{vec, vec::Vec};

use thiserror::Error;
use winter_math::fields::f64::BaseElement;

use super::{
    Digits, KEY_HEIGHT, KeyIndex, Signature,
    chain::{SecretSource, one_time_public_keys, start_of, walk},
    message::{digits, find_randomizer, message_input},
};
use crate::{
    Digest, Nonce, Root,
    hash::{self, Compressor, tag},
};

/// The public half of a key: its one-time public keys and the tree over them.
///
/// A short key has 2^k leaves, k < 10. Its tree is completed to height 10 with fixed zero digests on
/// the right, so that its root looks like any other and the missing leaves cost nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTree {
    seed: [BaseElement; 2],
    /// Level 0 are the leaves, the last one has a single node.
    levels: Vec<Vec<Digest>>,
}

/// Why there is no such key, or no such signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key tree has a power of two of leaves, at most 1,024.
    #[error("a key has a power of two of one-time keys, at most 1024, not {leaves}")]
    Leaves {
        /// What was asked for.
        leaves: usize,
    },
    /// A key tree has height 10 at most.
    #[error("a key tree of height {height}; at most 10 is possible")]
    Height {
        /// What was asked for.
        height: u32,
    },
    /// The key has no one-time key of this number.
    #[error("one-time key {index} of a key that has {capacity}")]
    Exhausted {
        /// The one-time key asked for.
        index: u32,
        /// How many there are.
        capacity: u32,
    },
    /// No randomiser was found in 2^20 tries, where one in 1,500 succeeds.
    #[error("no randomiser brings this message to the target sum")]
    NoRandomizer,
}

impl KeyTree {
    /// Generates a key of `2^height` one-time keys: 224 compressions each, and the tree.
    ///
    /// # Errors
    /// [`KeyError::Height`] when `height` is above 10.
    pub fn generate<S: SecretSource + ?Sized, C: Compressor + ?Sized>(
        secrets: &S,
        seed: [BaseElement; 2],
        height: u32,
        compressor: &C,
    ) -> Result<Self, KeyError> {
        if height as usize > KEY_HEIGHT {
            return Err(KeyError::Height { height });
        }
        let leaves = one_time_public_keys(secrets, &seed, 0..1 << height, compressor);
        Self::from_leaves(seed, leaves, compressor)
    }

    /// The tree over one-time public keys made elsewhere ([`one_time_public_keys`], in parallel).
    ///
    /// # Errors
    /// [`KeyError::Leaves`] when their number is no power of two from 1 to 1,024.
    pub fn from_leaves<C: Compressor + ?Sized>(
        seed: [BaseElement; 2],
        leaves: Vec<Digest>,
        compressor: &C,
    ) -> Result<Self, KeyError> {
        if !leaves.len().is_power_of_two() || leaves.len() > 1 << KEY_HEIGHT {
            return Err(KeyError::Leaves {
                leaves: leaves.len(),
            });
        }
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let (pairs, _) = below.as_chunks::<2>();
            let inputs: Vec<_> = pairs
                .iter()
                .map(|[l, r]| hash::input(tag::XMSS, &l.0, &r.0))
                .collect();
            let mut level = vec![Digest::ZERO; inputs.len()];
            compressor.compress_many(&inputs, &mut level);
            levels.push(level);
        }
        Ok(Self { seed, levels })
    }

    /// The public seed.
    #[must_use]
    pub const fn seed(&self) -> &[BaseElement; 2] {
        &self.seed
    }

    /// How many one-time keys there are.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        1 << (self.levels.len() - 1)
    }

    /// The root at height 10, which a key slot holds.
    #[must_use]
    pub fn root(&self) -> Root {
        let top = self.levels[self.levels.len() - 1][0];
        let root = (self.levels.len()..=KEY_HEIGHT).fold(top, |node, _| {
            hash::compress(tag::XMSS, &node, &Digest::ZERO)
        });
        Root(root)
    }

    /// The leaves: the one-time public keys.
    #[must_use]
    pub fn leaves(&self) -> &[Digest] {
        &self.levels[0]
    }

    /// The ten siblings from a leaf to the root; `None` when there is no such leaf.
    #[must_use]
    pub fn auth_path(&self, key_index: u32) -> Option<[Digest; KEY_HEIGHT]> {
        (key_index < self.capacity()).then(|| {
            core::array::from_fn(|height| {
                let sibling = (key_index as usize >> height) ^ 1;
                let level = self.levels.get(height);
                level
                    .and_then(|level| level.get(sibling))
                    .copied()
                    .unwrap_or(Digest::ZERO)
            })
        })
    }

    /// Signs with one one-time key. `bound` is [`super::bound_message`] of the record's digest.
    ///
    /// The same arguments give the same signature. *Different messages with one key index give
    /// the key away*: whoever calls this must remember what each index has signed.
    ///
    /// # Errors
    /// [`KeyError::Exhausted`] when the key has no such index.
    pub fn sign<S: SecretSource + ?Sized, C: Compressor + ?Sized>(
        &self,
        secrets: &S,
        KeyIndex(key_index): KeyIndex,
        bound: &Digest,
        nonce: Nonce,
        compressor: &C,
    ) -> Result<Signature, KeyError> {
        self.has(key_index)?;
        let base = secrets.randomizer_base(key_index, bound, nonce);
        let found = find_randomizer(bound, nonce, &base, compressor);
        let (rho, digits) = found.ok_or(KeyError::NoRandomizer)?;
        self.reveal(secrets, key_index, rho, &digits, compressor)
    }

    /// Signs with a randomiser that a signature of this message has already: the same signature
    /// again, without a search.
    ///
    /// # Errors
    /// [`KeyError::Exhausted`] when the key has no such index, [`KeyError::NoRandomizer`] when the
    /// randomiser does not bring this message to the target sum.
    pub fn sign_again<S: SecretSource + ?Sized, C: Compressor + ?Sized>(
        &self,
        secrets: &S,
        KeyIndex(key_index): KeyIndex,
        bound: &Digest,
        nonce: Nonce,
        rho: &[BaseElement; 2],
        compressor: &C,
    ) -> Result<Signature, KeyError> {
        self.has(key_index)?;
        let message = hash::compress_input(&message_input(bound, rho, nonce));
        let digits = digits(&message).map_err(|_| KeyError::NoRandomizer)?;
        self.reveal(secrets, key_index, *rho, &digits, compressor)
    }

    fn has(&self, key_index: u32) -> Result<(), KeyError> {
        let capacity = self.capacity();
        if key_index < capacity {
            return Ok(());
        }
        Err(KeyError::Exhausted {
            index: key_index,
            capacity,
        })
    }

    /// The signature that reveals these positions of the chains.
    fn reveal<S: SecretSource + ?Sized, C: Compressor + ?Sized>(
        &self,
        secrets: &S,
        key_index: u32,
        rho: [BaseElement; 2],
        digits: &Digits,
        compressor: &C,
    ) -> Result<Signature, KeyError> {
        let auth = self.auth_path(key_index).ok_or(KeyError::Exhausted {
            index: key_index,
            capacity: self.capacity(),
        })?;
        let mut key = [start_of(secrets, &self.seed, key_index)];
        walk(&mut key, |_, c| digits[c], compressor);
        let [key] = key;
        Ok(Signature {
            seed: self.seed,
            key_index,
            rho,
            chains: key.values,
            auth,
        })
    }
}
