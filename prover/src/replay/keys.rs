//! Simulated secrets: every address's keys, derived from the address itself.

use winterlane_air::{
    BaseElement, Digest,
    signature::{CHAINS, SecretSource},
};

use super::csv::Address;

/// The secrets of one simulated key.
///
/// BLAKE3 in its three-stage use: a context string, key material, and an extendable output for
/// each purpose and index.
#[derive(Clone)]
pub(super) struct SimulatedSecrets {
    key: [u8; 32],
}

impl SimulatedSecrets {
    pub(super) fn new(address: Option<Address>, key: usize) -> Self {
        let mut material = [0; 28];
        if let Some(Address(bytes)) = address {
            material[..20].copy_from_slice(&bytes);
        }
        material[20..].copy_from_slice(&(key as u64).to_le_bytes());
        Self {
            key: blake3::derive_key("winterlane 2026 replay: simulated key", &material),
        }
    }

    /// The public seed of the key.
    pub(super) fn public_seed(&self) -> [BaseElement; 2] {
        self.elements(b"seed", &[])
    }

    /// Elements from a stream of bytes, each from its own 8. Reduction modulo the field's prime
    /// biases them by less than 2^-32.
    fn elements<const N: usize>(&self, purpose: &[u8; 4], data: &[u8]) -> [BaseElement; N] {
        let mut stream = blake3::Hasher::new_keyed(&self.key)
            .update(purpose)
            .update(data)
            .finalize_xof();
        core::array::from_fn(|_| {
            let mut word = [0; 8];
            stream.fill(&mut word);
            BaseElement::new(u64::from_le_bytes(word))
        })
    }
}

impl SecretSource for SimulatedSecrets {
    fn chain_starts(&self, key_index: u32) -> [[BaseElement; 2]; CHAINS] {
        let flat: [BaseElement; 2 * CHAINS] = self.elements(b"ots ", &key_index.to_le_bytes());
        core::array::from_fn(|chain| [flat[2 * chain], flat[2 * chain + 1]])
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: u32) -> [BaseElement; 2] {
        let mut data = [0; 40];
        data[..4].copy_from_slice(&key_index.to_le_bytes());
        data[4..8].copy_from_slice(&nonce.to_le_bytes());
        data[8..].copy_from_slice(&bound.to_bytes());
        self.elements(b"rand", &data)
    }
}
