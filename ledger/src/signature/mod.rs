//! Signatures: a Merkle tree (XMSS) of target-sum Winternitz one-time keys, at most 1,024 of them.
//!
//! A message digest of 128 bits is 64 base-4 digits, each the position of a value on a hash chain
//! of four. Two digit vectors of the same sum are never comparable, so whoever sees a signature
//! cannot walk its chains forward to another message: no checksum chains are needed. The signer
//! searches for a randomiser that brings the digits to that sum.
//!
//! ```
//! use winterlane_ledger::{BaseElement, Digest, Nonce, ScalarCompressor, signature::*};
//!
//! struct Toy; // a real source derives these from a secret seed
//! impl SecretSource for Toy {
//!     fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
//!         core::array::from_fn(|c| [BaseElement::from(key_index), BaseElement::from(c as u32)])
//!     }
//!     fn randomizer_base(&self, _: u32, bound: &Digest, _: Nonce) -> [BaseElement; 2] {
//!         [bound.0[0], bound.0[1]]
//!     }
//! }
//!
//! let seed = [3u32, 4].map(BaseElement::from);
//! let key = KeyTree::generate(&Toy, seed, 1, &ScalarCompressor)?;
//! let (bound, nonce) = (Digest::ZERO, 1);
//! let signature = key.sign(&Toy, KeyIndex(1), &bound, Nonce::new(nonce), &ScalarCompressor)?;
//! let claim = Claim { bound, nonce: Nonce::new(nonce), signature: &signature };
//! assert_eq!(recover_root(claim, &ScalarCompressor)?, key.root());
//! assert_ne!(recover_root(Claim { nonce: Nonce::new(2), ..claim }, &ScalarCompressor).ok(), Some(key.root()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
mod chain;
mod key_tree;
mod message;
#[cfg(test)]
mod tests;
mod verify;

pub use bytes::{SIGNATURE_BYTES, SignatureBytesError};
pub use chain::{SecretSource, chain_step_input, one_time_public_keys};
pub use key_tree::{KeyError, KeyTree};
pub(crate) use message::bound_messages;
pub use message::{DigitError, Digits, bound_message, digits, find_randomizer, message_input};
pub use verify::{Claim, SignatureError, recover_root, recover_roots};

use winter_math::fields::f64::BaseElement;

use crate::Digest;

/// Hash chains of a one-time key: one per base-4 digit of a 128-bit message digest.
pub const CHAINS: usize = 64;
/// Values of a chain: positions 0 (secret) to 3 (public end).
pub const CHAIN_LENGTH: u8 = 4;
/// What the digits of a signed message add up to.
pub const TARGET_SUM: u32 = 122;
/// Chain steps the verifier takes: the digits' complements add up to this.
pub const CHAIN_STEPS: usize = CHAINS * 3 - TARGET_SUM as usize;
/// Height of a key tree.
pub const KEY_HEIGHT: usize = 10;
/// The number of a one-time key in its key tree, from 0.
///
/// A type of its own where something is signed, so that it cannot change places with the nonce: a one-time key
/// that signs two messages is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyIndex(pub u32);

impl From<u16> for KeyIndex {
    fn from(index: u16) -> Self {
        Self(index.into())
    }
}

/// One-time keys of a full key tree.
pub const KEY_CAPACITY: u32 = 1 << KEY_HEIGHT;

/// The value of a chain at some position: two elements, 128 bits.
pub type ChainValue = [BaseElement; 2];

/// A signature by one one-time key of a key tree. Plain data: nothing in it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The public seed of the key tree, which tweaks every chain step.
    pub seed: [BaseElement; 2],
    /// Which one-time key signed.
    pub key_index: u32,
    /// The randomiser that brings the digits to their target sum.
    pub rho: [BaseElement; 2],
    /// The value of each chain at the position of the message's digit.
    pub chains: [ChainValue; CHAINS],
    /// The siblings from the one-time public key to the root, leaf level first.
    pub auth: [Digest; KEY_HEIGHT],
}
