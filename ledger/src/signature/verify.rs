//! Verification: from a signature to the key root it proves, or to nothing.

use alloc::vec::Vec;

use thiserror::Error;
use winter_math::fields::f64::BaseElement;

use super::{
    Digits, KEY_CAPACITY, Signature,
    chain::{Chains, public_keys},
    message::{DigitError, digits, message_input},
};
use crate::{
    Digest, Nonce, Root,
    hash::{self, Compressor, tag},
};

/// Signatures verified at once: enough lanes for any compressor, and the work set stays small.
const SIGNATURES_AT_ONCE: usize = 64;

/// Why a signature leads to no root at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The one-time key's number is beyond any key's capacity.
    #[error("one-time key {key_index} is beyond the capacity of any key")]
    KeyIndex {
        /// The number found.
        key_index: u32,
    },
    /// The signed digits are not those of a signable message.
    #[error(transparent)]
    Digits(#[from] DigitError),
}

/// What a signature is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The message without randomiser and nonce ([`super::bound_message`]).
    pub bound: Digest,
    /// The nonce it was signed for.
    pub nonce: Nonce,
    /// The signature.
    pub signature: &'a Signature,
}

/// The root of the key tree that made each signature, which the caller must compare with the root
/// it trusts. A false signature leads to a root that nobody has.
///
/// 1 + 70 + 32 + 10 compressions a signature, in calls of many.
///
/// # Errors
/// Per claim: [`SignatureError`] when the digits or the key index are out of range.
#[must_use]
pub fn recover_roots<C: Compressor + ?Sized>(
    claims: &[Claim<'_>],
    compressor: &C,
) -> Vec<Result<Root, SignatureError>> {
    claims
        .chunks(SIGNATURES_AT_ONCE)
        .flat_map(|chunk| recover_chunk(chunk, compressor))
        .collect()
}

/// The root of the key tree that made one signature ([`recover_roots`]).
///
/// # Errors
/// [`SignatureError`] when the digits or the key index are out of range.
pub fn recover_root<C: Compressor + ?Sized>(
    claim: Claim<'_>,
    compressor: &C,
) -> Result<Root, SignatureError> {
    let roots = recover_chunk(&[claim], compressor);
    roots
        .into_iter()
        .next()
        .unwrap_or(Err(DigitError::Sum { sum: 0 }.into()))
}

fn recover_chunk<C: Compressor + ?Sized>(
    claims: &[Claim<'_>],
    compressor: &C,
) -> Vec<Result<Root, SignatureError>> {
    let inputs: Vec<_> = claims
        .iter()
        .map(|claim| message_input(&claim.bound, &claim.signature.rho, claim.nonce))
        .collect();
    let mut messages = alloc::vec![Digest::ZERO; inputs.len()];
    compressor.compress_many(&inputs, &mut messages);

    // Claims whose digits are out of range drop out here; the others go on in step.
    let mut results = Vec::with_capacity(claims.len());
    let mut keys = Vec::new();
    let mut going = Vec::new();
    for (claim, message) in claims.iter().zip(&messages) {
        results.push(check(claim.signature, message).map(|positions| {
            let Signature {
                seed,
                key_index,
                chains,
                ..
            } = claim.signature;
            keys.push(Chains {
                seed: *seed,
                key_index: *key_index,
                values: *chains,
                positions,
            });
            going.push(claim.signature);
            Root::ZERO
        }));
    }
    let mut nodes = public_keys(&mut keys, compressor);
    climb(&going, &mut nodes, compressor);
    let mut nodes = nodes.into_iter();
    for root in results.iter_mut().flatten() {
        root.0 = nodes.next().unwrap_or_default();
    }
    results
}

/// The positions of a signature's chain values.
fn check(signature: &Signature, message: &Digest) -> Result<Digits, SignatureError> {
    if signature.key_index >= KEY_CAPACITY {
        return Err(SignatureError::KeyIndex {
            key_index: signature.key_index,
        });
    }
    Ok(digits(message)?)
}

/// From the leaves to the roots, level by level.
fn climb<C: Compressor + ?Sized>(signatures: &[&Signature], nodes: &mut [Digest], compressor: &C) {
    let mut inputs = alloc::vec![[BaseElement::default(); 8]; nodes.len()];
    for height in 0..super::KEY_HEIGHT {
        for ((input, node), signature) in inputs.iter_mut().zip(&*nodes).zip(signatures) {
            let sibling = &signature.auth[height];
            let is_right = signature.key_index >> height & 1 == 1;
            let [left, right] = if is_right {
                [sibling, node]
            } else {
                [node, sibling]
            };
            *input = hash::input(tag::XMSS, &left.0, &right.0);
        }
        compressor.compress_many(&inputs, nodes);
    }
}
