//! Secrets: one master seed, and everything else derived from it with BLAKE3.
//!
//! ```text
//! master seed --derive_key(context; number, height)--> key secret
//!             --derive_key(context; number)----------> secret of a note account ([`crate::notes`])
//!             --derive_key(other contexts)-----------> checksum, fingerprint, key of the journal
//! key secret  --keyed XOF("seed")--------------------> public seed of the key tree
//!             --keyed XOF("ots ", index)-------------> starts of the 64 chains
//!             --keyed XOF("rho ", index, nonce, M1)--> where the search for a randomiser starts
//! ```
//!
//! Seeds and key secrets are overwritten when they are dropped, are compared in constant time, show
//! nothing when printed, and are not `Clone`: a copy is one more place to forget. What a signature
//! is computed in passes through the buffers of the hash function, which are not overwritten.

use std::fmt;

use subtle::ConstantTimeEq;
pub(crate) use winterlane_credentials::derive::digest_of;
use winterlane_credentials::derive::stream_elements;
use winterlane_ledger::{
    BaseElement, Digest, Nonce,
    signature::{CHAINS, ChainValue, SecretSource},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{WalletError, error::BackupProblem};

// The purposes of the derivations from the master seed; each is used for nothing else, for ever.
const KEY_CONTEXT: &str = "winterlane 2026-07-01 wallet: secret of one key";
const CHECKSUM_CONTEXT: &str = "winterlane 2026-11-28 wallet: checksum of a seed";
const FINGERPRINT_CONTEXT: &str = "winterlane 2026-11-28 wallet: fingerprint of a seed";
const JOURNAL_CONTEXT: &str = "winterlane 2026-11-28 wallet: checks of a journal";

/// Bytes of checksum in a seed's backup text.
const BACKUP_CHECK: usize = 8;

/// 32 bytes that all keys of a wallet come from. Printing it shows nothing.
pub struct MasterSeed([u8; 32]);

impl MasterSeed {
    /// Takes a seed made elsewhere. It must have 256 bits of entropy. (The caller's own copy of the
    /// bytes is the caller's to overwrite.)
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A seed from the system's randomness.
    ///
    /// # Errors
    /// [`WalletError::NoRandomness`] when the system has none.
    pub fn random() -> Result<Self, WalletError> {
        let mut seed = Self([0; 32]);
        getrandom::fill(&mut seed.0).map_err(WalletError::NoRandomness)?;
        Ok(seed)
    }

    /// The seed as text for a backup on paper: 80 hexadecimal digits in groups of eight, the last 16
    /// of them a checksum.
    ///
    /// A backup of the seed restores keys, never what they have signed: a wallet made from it may
    /// sign only for keys that have not signed yet.
    #[must_use]
    pub fn backup_text(&self) -> Zeroizing<String> {
        let check = self.checksum();
        let mut text = Zeroizing::new(String::with_capacity(90));
        for (i, byte) in self.0.iter().chain(&check[..BACKUP_CHECK]).enumerate() {
            if i > 0 && i % 4 == 0 {
                text.push(' ');
            }
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
            }
        }
        text
    }

    /// Reads what [`Self::backup_text`] wrote, in either case, with spaces and hyphens anywhere.
    ///
    /// ```
    /// use winterlane_wallet::MasterSeed;
    /// let seed = MasterSeed::from_bytes([7; 32]);
    /// let text = seed.backup_text();
    /// assert_eq!(MasterSeed::parse_backup(&text)?, seed);
    /// assert!(MasterSeed::parse_backup(&text.replacen('7', "8", 1)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WalletError::Backup`], which does not repeat the text.
    pub fn parse_backup(text: &str) -> Result<Self, WalletError> {
        let refuse = |problem| WalletError::Backup { problem };
        let mut bytes = Zeroizing::new([0u8; 32 + BACKUP_CHECK]);
        let mut digits = 0;
        for (position, character) in (1..).zip(text.chars()) {
            if character == '-' || character.is_whitespace() {
                continue;
            }
            let digit = character
                .to_digit(16)
                .ok_or(refuse(BackupProblem::Character { position }))?;
            if let Some(byte) = bytes.get_mut(digits / 2) {
                // A hexadecimal digit is below 16, so the cast keeps its value.
                *byte = *byte << 4 | digit as u8;
            }
            digits += 1;
        }
        if digits != 2 * bytes.len() {
            return Err(refuse(BackupProblem::Length { digits }));
        }
        let mut seed = Self([0; 32]);
        seed.0.copy_from_slice(&bytes[..32]);
        let expected = seed.checksum();
        if !bool::from(expected[..BACKUP_CHECK].ct_eq(&bytes[32..])) {
            return Err(refuse(BackupProblem::Checksum));
        }
        Ok(seed)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a stored seed is checked with.
    pub(crate) fn checksum(&self) -> [u8; 32] {
        blake3::derive_key(CHECKSUM_CONTEXT, &self.0)
    }

    /// What a journal names its seed by: says nothing about it, and no other seed has it.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        blake3::derive_key(FINGERPRINT_CONTEXT, &self.0)
    }

    /// The key that the checks in a journal are computed with.
    pub(crate) fn journal_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(JOURNAL_CONTEXT, &self.0))
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
        let mut key = deriver.finalize();
        deriver.zeroize();
        let secret = KeySecret {
            key: *key.as_bytes(),
            height,
        };
        key.zeroize();
        secret
    }
}

impl Drop for MasterSeed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for MasterSeed {}

impl PartialEq for MasterSeed {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for MasterSeed {}

impl fmt::Debug for MasterSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSeed(..)")
    }
}

/// The secret of one key: a source of chain starts and randomisers. Printing it shows nothing.
pub struct KeySecret {
    key: [u8; 32],
    height: u32,
}

impl Drop for KeySecret {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl ZeroizeOnDrop for KeySecret {}

impl PartialEq for KeySecret {
    fn eq(&self, other: &Self) -> bool {
        bool::from(self.key.ct_eq(&other.key)) && self.height == other.height
    }
}

impl Eq for KeySecret {}

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

    /// `N` pairs of elements for one purpose.
    fn elements<const N: usize>(&self, purpose: &[u8; 4], data: &[u8]) -> [[BaseElement; 2]; N] {
        stream_elements(&self.key, purpose, data)
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

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: Nonce) -> [BaseElement; 2] {
        let mut data = [0; 40];
        data[..4].copy_from_slice(&key_index.to_le_bytes());
        data[4..8].copy_from_slice(&nonce.get().to_le_bytes());
        data[8..].copy_from_slice(&bound.to_bytes());
        self.elements::<1>(b"rho ", &data)[0]
    }
}
