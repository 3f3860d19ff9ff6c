//! Signatures: a Merkle tree (XMSS) of target-sum Winternitz one-time keys, at most 1,024 of them.

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
