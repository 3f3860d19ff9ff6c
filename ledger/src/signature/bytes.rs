//! The outer form of a signature: how it travels from a wallet to whoever makes batches.

use alloc::vec::Vec;

use thiserror::Error;
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{CHAINS, KEY_CAPACITY, KEY_HEIGHT, Signature};
use crate::{Digest, digest::element};

/// Elements of a signature: seed, randomiser, chain values, siblings.
const ELEMENTS: usize = 2 + 2 + 2 * CHAINS + 4 * KEY_HEIGHT;

/// Bytes of a signature in its outer form: the key index (2), then elements of 8 bytes.
pub const SIGNATURE_BYTES: usize = 2 + 8 * ELEMENTS;

/// Why bytes are not a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureBytesError {
    /// Not [`SIGNATURE_BYTES`] long.
    #[error("a signature is {SIGNATURE_BYTES} bytes, not {got}")]
    Length {
        /// Bytes found.
        got: usize,
    },
    /// The key index is at or above 1,024.
    #[error("one-time key {key_index} is beyond the capacity of any key")]
    KeyIndex {
        /// The index found.
        key_index: u16,
    },
    /// An element is not below the modulus.
    #[error("element {position} of a signature is {value:#x}, not below the field's modulus")]
    NotCanonical {
        /// Which element.
        position: usize,
        /// The integer found.
        value: u64,
    },
}

impl Signature {
    /// The outer form: key index, then seed, randomiser, chains and siblings, all little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIGNATURE_BYTES);
        bytes.extend_from_slice(&(self.key_index as u16).to_le_bytes());
        let auth = self.auth.iter().flat_map(|digest| &digest.0);
        let elements = self
            .seed
            .iter()
            .chain(&self.rho)
            .chain(self.chains.as_flattened());
        for element in elements.chain(auth) {
            bytes.extend_from_slice(&element.as_int().to_le_bytes());
        }
        bytes
    }

    /// Reads the outer form. Every signature has one only.
    ///
    /// # Errors
    /// [`SignatureBytesError`] when the length, the key index or an element is out of range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureBytesError> {
        if bytes.len() != SIGNATURE_BYTES {
            return Err(SignatureBytesError::Length { got: bytes.len() });
        }
        let (index, words) = bytes.split_at(2);
        let key_index = u16::from_le_bytes([index[0], index[1]]);
        if u32::from(key_index) >= KEY_CAPACITY {
            return Err(SignatureBytesError::KeyIndex { key_index });
        }
        let (words, _) = words.as_chunks::<8>();
        let mut elements = [BaseElement::ZERO; ELEMENTS];
        for (position, (out, word)) in elements.iter_mut().zip(words).enumerate() {
            let value = u64::from_le_bytes(*word);
            *out = element(value).ok_or(SignatureBytesError::NotCanonical { position, value })?;
        }
        const AUTH: usize = 4 + 2 * CHAINS;
        let pair = |at: usize| [elements[at], elements[at + 1]];
        Ok(Self {
            seed: pair(0),
            key_index: u32::from(key_index),
            rho: pair(2),
            chains: core::array::from_fn(|c| pair(4 + 2 * c)),
            auth: core::array::from_fn(|h| {
                Digest(core::array::from_fn(|i| elements[AUTH + 4 * h + i]))
            }),
        })
    }
}
