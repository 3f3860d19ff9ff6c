//! One-time keys: 64 hash chains of four values, and the public key that absorbs their ends.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{CHAIN_LENGTH, CHAINS, ChainValue, Digits};
use crate::{
    Digest, Nonce,
    hash::{self, Compressor, Input, tag},
};

/// Position of a chain's public end.
const END: u8 = CHAIN_LENGTH - 1;
/// One-time keys worked on at once: enough lanes for any compressor, and the work set stays small.
const KEYS_AT_ONCE: u32 = 32;

/// Where the secret of a key comes from. Given twice the same arguments it must answer the same.
pub trait SecretSource: Sync {
    /// The secret values at position 0 of all chains of a one-time key.
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS];

    /// Where the search for the randomiser of a message starts. It must be unpredictable without
    /// the secret, and depend on the message: an attacker who knew it could prepare collisions.
    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: Nonce) -> [BaseElement; 2];
}

impl<S: SecretSource + ?Sized> SecretSource for &S {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        (**self).chain_starts(key_index)
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: Nonce) -> [BaseElement; 2] {
        (**self).randomizer_base(key_index, bound, nonce)
    }
}

/// The input of one step along chain `chain` of key `key_index`, from position `position`.
#[must_use]
pub fn chain_step_input(
    seed: &[BaseElement; 2],
    key_index: u32,
    chain: usize,
    position: u8,
    value: &ChainValue,
) -> Input {
    let place = BaseElement::new(u64::from(CHAIN_LENGTH) * chain as u64 + u64::from(position));
    hash::input(
        tag::CHAIN,
        &[value[0], value[1], seed[0], seed[1]],
        &[
            BaseElement::from(key_index),
            place,
            BaseElement::ZERO,
            BaseElement::ZERO,
        ],
    )
}

/// The 64 chains of one key, somewhere on their way to their ends.
#[derive(Clone, Debug)]
pub(super) struct Chains {
    pub(super) seed: [BaseElement; 2],
    pub(super) key_index: u32,
    pub(super) values: [ChainValue; CHAINS],
    /// The position each value is at.
    pub(super) positions: Digits,
}

/// Walks every chain up to its position in `targets` (a chain already there stays).
///
/// One call of the compressor a position, for all keys and chains together.
pub(super) fn walk<C: Compressor + ?Sized>(
    keys: &mut [Chains],
    targets: impl Fn(usize, usize) -> u8,
    compressor: &C,
) {
    let mut moving = Vec::new();
    let mut inputs = Vec::new();
    let mut out = Vec::new();
    for position in 0..END {
        moving.clear();
        inputs.clear();
        for (k, key) in keys.iter().enumerate() {
            for (c, value) in key.values.iter().enumerate() {
                if key.positions[c] == position && targets(k, c) > position {
                    moving.push((k, c));
                    inputs.push(chain_step_input(
                        &key.seed,
                        key.key_index,
                        c,
                        position,
                        value,
                    ));
                }
            }
        }
        out.resize(inputs.len(), Digest::ZERO);
        compressor.compress_many(&inputs, &mut out);
        for (&(k, c), digest) in moving.iter().zip(&out) {
            keys[k].values[c] = [digest.0[0], digest.0[1]];
            keys[k].positions[c] = position + 1;
        }
    }
}

/// Walks all chains to their ends and absorbs these, two at a time, into one-time public keys.
pub(super) fn public_keys<C: Compressor + ?Sized>(
    keys: &mut [Chains],
    compressor: &C,
) -> Vec<Digest> {
    walk(keys, |_, _| END, compressor);
    let start = |key: &Chains| {
        [
            key.seed[0],
            key.seed[1],
            BaseElement::from(key.key_index),
            BaseElement::ZERO,
        ]
    };
    let mut digests: Vec<Digest> = keys.iter().map(|key| Digest(start(key))).collect();
    let mut inputs = vec![[BaseElement::ZERO; 8]; keys.len()];
    for pair in 0..CHAINS / 2 {
        for ((input, digest), key) in inputs.iter_mut().zip(&digests).zip(&*keys) {
            let [left, right] = [key.values[2 * pair], key.values[2 * pair + 1]];
            let ends = [left[0], left[1], right[0], right[1]];
            *input = hash::input(tag::OTS, &digest.0, &ends);
        }
        compressor.compress_many(&inputs, &mut digests);
    }
    digests
}

/// The one-time public keys of a range of indices: the leaves of a key tree.
///
/// 224 compressions a key. Ranges are independent: that is where threads come in.
#[must_use]
pub fn one_time_public_keys<S: SecretSource + ?Sized, C: Compressor + ?Sized>(
    secrets: &S,
    seed: &[BaseElement; 2],
    indices: Range<u32>,
    compressor: &C,
) -> Vec<Digest> {
    let mut leaves = Vec::with_capacity(indices.len());
    let mut first = indices.start;
    while first < indices.end {
        let last = indices.end.min(first.saturating_add(KEYS_AT_ONCE));
        let mut keys: Vec<Chains> = (first..last)
            .map(|key_index| start_of(secrets, seed, key_index))
            .collect();
        leaves.extend(public_keys(&mut keys, compressor));
        first = last;
    }
    leaves
}

/// The chains of a key at position 0.
pub(super) fn start_of<S: SecretSource + ?Sized>(
    secrets: &S,
    seed: &[BaseElement; 2],
    key_index: u32,
) -> Chains {
    Chains {
        seed: *seed,
        key_index,
        values: secrets.chain_starts(key_index),
        positions: [0; CHAINS],
    }
}
