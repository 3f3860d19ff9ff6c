//! Secrets: one master seed, and everything else derived from it with BLAKE3.
//!
//! ```text
//! master seed --derive_key(context; number, height)--> key secret
//! key secret  --keyed XOF("seed")--------------------> public seed of the key tree
//!             --keyed XOF("ots ", index)-------------> starts of the 64 chains
//!             --keyed XOF("rho ", index, nonce, M1)--> where the search for a randomiser starts
//! ```

use std::fmt;

use winterlane_ledger::{
    BaseElement, Digest,
    signature::{CHAINS, ChainValue, SecretSource},
};

/// The purpose of the derivation from master seed to key secret; never used for anything else.
const KEY_CONTEXT: &str = "winterlane 2026-07-01 wallet: secret of one key";

/// 32 bytes that all keys of a wallet come from. Printing it shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterSeed([u8; 32]);

impl MasterSeed {
    /// Takes a seed made elsewhere. It must have 256 bits of entropy.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A seed from the system's randomness.
    ///
    /// # Errors
    /// [`crate::WalletError::NoRandomness`] when the system has none.
    pub fn random() -> Result<Self, crate::WalletError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(crate::WalletError::NoRandomness)?;
        Ok(Self(bytes))
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The secret of key `number` with 2^`height` one-time keys.
    ///
    /// The height counts: keys of one number and two heights share nothing. If they did, one
    /// one-time key would live under two roots, and no journal would see it sign twice.
    #[must_use]
    pub fn key_secret(&self, number: u64, height: u32) -> KeySecret {
        let mut deriver = blake3::Hasher::new_derive_key(KEY_CONTEXT);
        deriver
            .update(&self.0)
            .update(&number.to_le_bytes())
            .update(&height.to_le_bytes());
        KeySecret {
            key: *deriver.finalize().as_bytes(),
            height,
        }
    }
}

impl fmt::Debug for MasterSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSeed(..)")
    }
}

/// The secret of one key: a source of chain starts and randomisers. Printing it shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret {
    key: [u8; 32],
    height: u32,
}

impl KeySecret {
    /// The public seed of the key's tree.
    #[must_use]
    pub fn public_seed(&self) -> [BaseElement; 2] {
        self.elements::<1>(b"seed", &[])[0]
    }

    /// The height of the key's tree.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// `N` pairs of elements for one purpose, each element from 16 bytes of its own: the bias of
    /// the reduction is then below 2^-64.
    fn elements<const N: usize>(&self, purpose: &[u8; 4], data: &[u8]) -> [[BaseElement; 2]; N] {
        let mut stream = blake3::Hasher::new_keyed(&self.key)
            .update(purpose)
            .update(data)
            .finalize_xof();
        // 2^64 modulo the prime 2^64 - 2^32 + 1.
        let shift = BaseElement::new((1 << 32) - 1);
        [(); N].map(|()| {
            [(); 2].map(|()| {
                let mut words = [[0; 8]; 2];
                stream.fill(words.as_flattened_mut());
                let [low, high] = words.map(|word| BaseElement::new(u64::from_le_bytes(word)));
                low + high * shift
            })
        })
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySecret(height {}, ..)", self.height)
    }
}

impl SecretSource for KeySecret {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        self.elements(b"ots ", &key_index.to_le_bytes())
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: u32) -> [BaseElement; 2] {
        let mut data = [0; 40];
        data[..4].copy_from_slice(&key_index.to_le_bytes());
        data[4..8].copy_from_slice(&nonce.to_le_bytes());
        data[8..].copy_from_slice(&bound.to_bytes());
        self.elements::<1>(b"rho ", &data)[0]
    }
}
