//! Encryption of a note to its owner: ML-KEM-768 gives a fresh key, ChaCha20-Poly1305 seals with it.
//!
//! A *key encapsulation mechanism* turns a public key into a fresh shared key and a ciphertext that carries
//! it; only the holder of the secret key gets the shared key back. Both parts withstand quantum computers, as
//! the rest of the protocol does: a note that is published today must not be readable in thirty years.
//!
//! - The shared key seals one plaintext and no other, so that the AEAD's nonce may be zero.
//! - ML-KEM ciphertexts are *anonymous*: they do not tell which public key they were made for. All sealed
//!   notes have one length. So a sealed note says nothing about its owner.
//! - The commitment of the note is authenticated with it. A ciphertext that is moved to another note
//!   opens for nobody.
//! - Opening with the wrong key is not an error of ML-KEM (it gives another shared key); the AEAD's tag
//!   tells. A tag of ChaCha20-Poly1305 does not commit to its key, so whoever opens a note also computes
//!   its commitment ([`super::ViewingKey::open`]).

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use libcrux_ml_kem::mlkem768::{
    MlKem768Ciphertext, MlKem768PrivateKey, MlKem768PublicKey, decapsulate, encapsulate,
    generate_key_pair, validate_public_key,
};
use zeroize::{Zeroize, Zeroizing};

use crate::WalletError;

/// Bytes of a public key of ML-KEM-768.
pub(crate) const ENCRYPTION_KEY_BYTES: usize = 1184;
/// Bytes of the seed that a secret key is made from.
pub(crate) const DECRYPTION_SEED_BYTES: usize = 64;
/// Bytes of a ciphertext of ML-KEM-768.
const KEM_BYTES: usize = 1088;
const TAG_BYTES: usize = 16;

/// Bytes that a sealed note has more than its plaintext.
pub(crate) const OVERHEAD: usize = KEM_BYTES + TAG_BYTES;

/// The public half: whoever has it can seal notes for the owner.
#[derive(Clone)]
pub(crate) struct EncryptionKey(Box<MlKem768PublicKey>);

/// The secret half: opens what was sealed for it. Overwritten when it is dropped.
#[derive(Clone)]
pub(crate) struct DecryptionKey {
    secret: Box<MlKem768PrivateKey>,
    public: EncryptionKey,
}

impl Drop for DecryptionKey {
    fn drop(&mut self) {
        self.secret[0..].zeroize();
    }
}

impl EncryptionKey {
    /// Reads a public key; `None` when a coefficient is not below the modulus of ML-KEM.
    pub(crate) fn from_bytes(bytes: &[u8; ENCRYPTION_KEY_BYTES]) -> Option<Self> {
        let key = MlKem768PublicKey::from(bytes);
        validate_public_key(&key).then(|| Self(Box::new(key)))
    }

    /// The bytes of the public key.
    pub(crate) fn to_bytes(&self) -> [u8; ENCRYPTION_KEY_BYTES] {
        *self.0.as_slice()
    }

    /// Seals `plaintext` for the owner; `associated` must be the same when it is opened.
    ///
    /// # Errors
    /// [`WalletError::NoRandomness`].
    pub(crate) fn seal(&self, plaintext: &[u8], associated: &[u8]) -> Result<Vec<u8>, WalletError> {
        let mut coins = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *coins).map_err(WalletError::NoRandomness)?;
        Ok(self.seal_with(&coins, plaintext, associated))
    }

    /// Seals with these 32 random bytes, which must never be used again.
    pub(crate) fn seal_with(
        &self,
        coins: &[u8; 32],
        plaintext: &[u8],
        associated: &[u8],
    ) -> Vec<u8> {
        let (kem, shared) = encapsulate(&self.0, *coins);
        let shared = Zeroizing::new(shared);
        let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD);
        sealed.extend_from_slice(kem.as_slice());
        sealed.extend_from_slice(plaintext);
        let cipher = ChaCha20Poly1305::new((&*shared).into());
        let body = &mut sealed[KEM_BYTES..];
        let tag = cipher.encrypt_inout_detached(&Nonce::default(), associated, body.into());
        let tag = tag.unwrap_or_else(|_| {
            // Only for plaintexts of 2^38 bytes and more. Nothing of them may be left in the clear.
            sealed[KEM_BYTES..].fill(0);
            Tag::default()
        });
        sealed.extend_from_slice(&tag);
        sealed
    }
}

impl DecryptionKey {
    pub(crate) fn from_seed(seed: &[u8; DECRYPTION_SEED_BYTES]) -> Self {
        let (secret, public) = generate_key_pair(*seed).into_parts();
        Self {
            secret: Box::new(secret),
            public: EncryptionKey(Box::new(public)),
        }
    }

    pub(crate) fn encryption_key(&self) -> EncryptionKey {
        self.public.clone()
    }

    /// The plaintext, of `N` bytes; `None` when it was not sealed for this key, or not with `associated`, or
    /// was changed: which of them cannot be told.
    pub(crate) fn open<const N: usize>(
        &self,
        sealed: &[u8],
        associated: &[u8],
    ) -> Option<Zeroizing<[u8; N]>> {
        if sealed.len() != N + OVERHEAD {
            return None;
        }
        let (kem, rest) = sealed.split_at(KEM_BYTES);
        let (body, tag) = rest.split_at(N);
        let kem = MlKem768Ciphertext::try_from(kem).ok()?;
        let tag: &Tag = tag.try_into().ok()?;
        let shared = Zeroizing::new(decapsulate(&self.secret, &kem));
        let cipher = ChaCha20Poly1305::new((&*shared).into());
        let mut plaintext = Zeroizing::new([0; N]);
        plaintext.copy_from_slice(body);
        cipher
            .decrypt_inout_detached(
                &Nonce::default(),
                associated,
                plaintext.as_mut_slice().into(),
                tag,
            )
            .ok()?;
        Some(plaintext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> DecryptionKey {
        DecryptionKey::from_seed(&[byte; DECRYPTION_SEED_BYTES])
    }

    #[test]
    fn only_the_owner_opens_and_only_what_was_sealed() {
        let (owner, other) = (key(1), key(2));
        let sealed = owner.encryption_key().seal(b"five", b"note").unwrap();
        assert_eq!(sealed.len(), 4 + OVERHEAD);
        assert_eq!(*owner.open::<4>(&sealed, b"note").unwrap(), *b"five");
        assert!(other.open::<4>(&sealed, b"note").is_none());
        assert!(owner.open::<4>(&sealed, b"nota").is_none());
        assert!(owner.open::<3>(&sealed, b"note").is_none());
        assert!(owner.open::<5>(&sealed, b"note").is_none());
        assert!(owner.open::<4>(&[], b"note").is_none());
        // Each part is authenticated: both parts of the encapsulation, body, tag.
        for at in [
            0,
            959,
            960,
            KEM_BYTES - 1,
            KEM_BYTES,
            KEM_BYTES + 4,
            sealed.len() - 1,
        ] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(owner.open::<4>(&changed, b"note").is_none(), "{at}");
        }
    }

    #[test]
    fn one_plaintext_is_sealed_in_many_ways() {
        let key = key(1).encryption_key();
        let [one, two] = [(); 2].map(|()| key.seal(b"five", b"note").unwrap());
        // Not even a byte of the body is as it was: the shared key is fresh.
        assert_ne!(one[..KEM_BYTES], two[..KEM_BYTES]);
        assert_ne!(one[KEM_BYTES..], two[KEM_BYTES..]);
    }

    #[test]
    fn public_keys_have_one_form_and_are_checked() {
        let key = key(3).encryption_key();
        let bytes = key.to_bytes();
        assert_eq!(EncryptionKey::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        // A coefficient of 4,095 where the modulus is 3,329.
        let mut large = bytes;
        large[..2].fill(0xff);
        assert!(EncryptionKey::from_bytes(&large).is_none());
    }
}
