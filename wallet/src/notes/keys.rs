//! The keys of a note account, all from the wallet's seed.
//!
//! | key | who has it | what it can do |
//! |---|---|---|
//! | [`NoteSecret`] | the owner | spend |
//! | [`ViewingKey`] | the owner, and whom the owner shows everything | find all notes of the account, see which are spent; never spend |
//! | [`PaymentAddress`] | everybody | send notes to the account |
//!
//! The spend key is in none of the others: a viewing key has the hash of it that the address needs.

use std::{fmt, str::FromStr};

use thiserror::Error;
use winterlane_ledger::{
    Amount, AssetId, Digest,
    private::{Address, Commitment, Note, NoteKeys, Nullifier, SpendKey, keys::address},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::cipher::{
    DECRYPTION_SEED_BYTES, DecryptionKey, ENCRYPTION_KEY_BYTES, EncryptionKey, OVERHEAD,
};
use crate::{MasterSeed, WalletError, secret::digest_of};

const NOTE_CONTEXT: &str = "winterlane 2026-11-28 wallet: secret of one note account";
const TEXT_CONTEXT: &str = "winterlane 2026-11-28 wallet: checksum of an address or a viewing key";

/// Bytes of an encrypted note: asset, value and randomness, sealed.
pub const SEALED_NOTE_BYTES: usize = PLAINTEXT + OVERHEAD;
const PLAINTEXT: usize = 4 + 16 + 32;

/// Bytes of the checksum in texts.
const CHECK: usize = 4;

/// The secret of a note account: spends. Printing it shows nothing.
pub struct NoteSecret {
    key: [u8; 32],
    number: u32,
}

impl MasterSeed {
    /// The secret of the note account with this number.
    #[must_use]
    pub fn note_secret(&self, number: u32) -> NoteSecret {
        let mut deriver = blake3::Hasher::new_derive_key(NOTE_CONTEXT);
        deriver
            .update(self.as_bytes())
            .update(&number.to_le_bytes());
        let mut key = deriver.finalize();
        deriver.zeroize();
        let secret = NoteSecret {
            key: *key.as_bytes(),
            number,
        };
        key.zeroize();
        secret
    }
}

impl Drop for NoteSecret {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl ZeroizeOnDrop for NoteSecret {}

impl fmt::Debug for NoteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSecret(account {}, ..)", self.number)
    }
}

impl NoteSecret {
    /// The number of the account.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The keys that a proof of spending takes.
    #[must_use]
    pub fn keys(&self) -> NoteKeys {
        NoteKeys {
            spend: SpendKey(digest_of(&self.key, b"spnd", &[])),
            nullifier: digest_of(&self.key, b"null", &[]),
        }
    }

    /// The key that sees everything and spends nothing.
    #[must_use]
    pub fn viewing_key(&self) -> ViewingKey {
        let keys = self.keys();
        let mut stream = blake3::Hasher::new_keyed(&self.key);
        let mut stream = stream.update(b"view").finalize_xof();
        let mut bytes = Zeroizing::new([0; 32 + DECRYPTION_SEED_BYTES]);
        stream.fill(&mut *bytes);
        stream.zeroize();
        let mut change = [0; 32];
        let mut seed = [0; DECRYPTION_SEED_BYTES];
        change.copy_from_slice(&bytes[..32]);
        seed.copy_from_slice(&bytes[32..]);
        let key = ViewingKey::new(keys.spend.authority(), keys.nullifier, change, &seed);
        seed.zeroize();
        key
    }

    /// Where to send notes to this account.
    #[must_use]
    pub fn payment_address(&self) -> PaymentAddress {
        self.viewing_key().payment_address()
    }
}

/// Reads all notes of an account, and spends none. Its text form is for whom the owner chooses: an auditor, a
/// tax adviser, the owner's other machine. Printing it for debugging shows nothing.
#[derive(Clone)]
pub struct ViewingKey {
    authority: Digest,
    nullifier: Digest,
    /// Where the randomness of change comes from ([`Self::change_rho`]).
    change: Zeroizing<[u8; 32]>,
    seed: Zeroizing<[u8; DECRYPTION_SEED_BYTES]>,
    decryption: DecryptionKey,
}

impl fmt::Debug for ViewingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ViewingKey(..)")
    }
}

impl PartialEq for ViewingKey {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address() && self.change == other.change && self.seed == other.seed
    }
}

impl ViewingKey {
    fn new(
        authority: Digest,
        nullifier: Digest,
        change: [u8; 32],
        seed: &[u8; DECRYPTION_SEED_BYTES],
    ) -> Self {
        Self {
            authority,
            nullifier,
            change: Zeroizing::new(change),
            seed: Zeroizing::new(*seed),
            decryption: DecryptionKey::from_seed(seed),
        }
    }

    /// The owner that the account's notes name.
    #[must_use]
    pub fn address(&self) -> Address {
        address(&self.authority, &self.nullifier)
    }

    /// Where to send notes to this account.
    #[must_use]
    pub fn payment_address(&self) -> PaymentAddress {
        PaymentAddress {
            owner: self.address(),
            encryption: self.decryption.encryption_key(),
        }
    }

    /// The nullifier of a note of this account.
    #[must_use]
    pub fn nullifier(&self, note: &Note, position: u32) -> Nullifier {
        note.nullifier(&self.nullifier, position)
    }

    /// The randomness of the change of a withdrawal, by the nullifier of the note that it spends.
    ///
    /// So the change of a withdrawal need not be encrypted: who has this key and sees the nullifier of a note
    /// of its own computes the change, whose value follows from what is public.
    #[must_use]
    pub fn change_rho(&self, spent: &Nullifier) -> Digest {
        digest_of(&self.change, b"rho ", &spent.0.to_bytes())
    }

    /// Opens an encrypted note; `None` when it is not for this account, or is not what the commitment says.
    #[must_use]
    pub fn open(&self, sealed: &[u8], commitment: &Commitment) -> Option<Note> {
        let plaintext = self
            .decryption
            .open::<PLAINTEXT>(sealed, &commitment.0.to_bytes())?;
        let (asset, rest) = plaintext.split_first_chunk::<4>()?;
        let (value, rho) = rest.split_first_chunk::<16>()?;
        let note = Note {
            owner: self.address(),
            asset: AssetId::new(u32::from_le_bytes(*asset)),
            value: Amount::new(u128::from_le_bytes(*value)),
            rho: Digest::from_bytes(rho.try_into().ok()?).ok()?,
        };
        (note.commitment() == *commitment).then_some(note)
    }

    /// The key that a stored book of this account is checked with.
    pub(super) fn book_key(&self) -> [u8; 32] {
        *blake3::keyed_hash(&self.change, b"book").as_bytes()
    }
}

/// Where notes are sent: the owner that they name, and the key that they are encrypted to.
#[derive(Clone)]
pub struct PaymentAddress {
    owner: Address,
    encryption: EncryptionKey,
}

impl fmt::Debug for PaymentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaymentAddress({}, ..)", self.owner.0)
    }
}

impl PartialEq for PaymentAddress {
    fn eq(&self, other: &Self) -> bool {
        self.owner == other.owner && self.encryption.to_bytes() == other.encryption.to_bytes()
    }
}

impl PaymentAddress {
    /// The owner that notes to this address name.
    #[must_use]
    pub const fn owner(&self) -> Address {
        self.owner
    }

    /// A new note for this address, with fresh randomness.
    ///
    /// # Errors
    /// [`WalletError::NoRandomness`].
    pub fn note(&self, asset: AssetId, value: Amount) -> Result<Note, WalletError> {
        let rho = random_digest()?;
        Ok(Note {
            owner: self.owner,
            asset,
            value,
            rho,
        })
    }

    /// The note, encrypted to its owner: [`SEALED_NOTE_BYTES`].
    ///
    /// # Errors
    /// [`WalletError::NoRandomness`].
    pub fn seal(&self, note: &Note) -> Result<Vec<u8>, WalletError> {
        self.seal_as(note, &note.commitment())
    }

    /// Seals a note beside a commitment, which an honest sender takes from the note.
    pub(super) fn seal_as(
        &self,
        note: &Note,
        commitment: &Commitment,
    ) -> Result<Vec<u8>, WalletError> {
        let mut plaintext = Zeroizing::new([0; PLAINTEXT]);
        plaintext[..4].copy_from_slice(&note.asset.get().to_le_bytes());
        plaintext[4..20].copy_from_slice(&note.value.get().to_le_bytes());
        plaintext[20..].copy_from_slice(&note.rho.to_bytes());
        self.encryption.seal(&*plaintext, &commitment.0.to_bytes())
    }
}

/// 256 bits of the system's randomness.
///
/// # Errors
/// [`WalletError::NoRandomness`].
pub fn random_digest() -> Result<Digest, WalletError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key).map_err(WalletError::NoRandomness)?;
    Ok(winterlane_credentials::derive::random_digest(&key))
}

/// Why a text is no address, or no viewing key. The text itself is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyTextError {
    /// It begins otherwise.
    #[error("it does not begin with {expected}")]
    Prefix {
        /// How such a text begins.
        expected: &'static str,
    },
    /// Not hexadecimal, or of another length.
    #[error(
        "after {prefix} come {digits} hexadecimal digits: some are missing, or too many, or are none"
    )]
    Digits {
        /// How such a text begins.
        prefix: &'static str,
        /// How many follow.
        digits: usize,
    },
    /// A digit is wrong.
    #[error("its checksum does not hold: a digit is wrong")]
    Checksum,
    /// The checksum holds, and it is no key all the same.
    #[error("its parts are no keys: it was not made by this program")]
    NoKey,
}

const ADDRESS_PREFIX: &str = "wlnote-address:";
const VIEWING_PREFIX: &str = "wlnote-viewing:";

/// A prefix, the bytes in hexadecimal, and a checksum of both.
fn write_text(f: &mut fmt::Formatter<'_>, prefix: &str, parts: &[&[u8]]) -> fmt::Result {
    f.write_str(prefix)?;
    let check = check_of(prefix, parts);
    for byte in parts.iter().copied().chain([&check[..]]).flatten() {
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

fn check_of(prefix: &str, parts: &[&[u8]]) -> [u8; CHECK] {
    let mut hasher = blake3::Hasher::new_derive_key(TEXT_CONTEXT);
    hasher.update(prefix.as_bytes());
    for part in parts {
        hasher.update(part);
    }
    let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
    [a, b, c, d]
}

fn read_text<const N: usize>(
    text: &str,
    prefix: &'static str,
) -> Result<Zeroizing<[u8; N]>, KeyTextError> {
    let digits = text.trim().strip_prefix(prefix);
    let digits = digits.ok_or(KeyTextError::Prefix { expected: prefix })?;
    let error = KeyTextError::Digits {
        prefix,
        digits: 2 * (N + CHECK),
    };
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != N + CHECK || !rest.is_empty() {
        return Err(error);
    }
    let mut bytes = Zeroizing::new([0; N]);
    let mut check = [0; CHECK];
    for (byte, pair) in bytes.iter_mut().chain(&mut check).zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        let value = high.zip(low).ok_or(error)?;
        // Two digits below 16.
        *byte = (value.0 << 4 | value.1) as u8;
    }
    if check != check_of(prefix, &[&*bytes]) {
        return Err(KeyTextError::Checksum);
    }
    Ok(bytes)
}

impl fmt::Display for PaymentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: [&[u8]; 2] = [&self.owner.0.to_bytes(), &self.encryption.to_bytes()];
        write_text(f, ADDRESS_PREFIX, &parts)
    }
}

impl FromStr for PaymentAddress {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        let bytes = read_text::<{ 32 + ENCRYPTION_KEY_BYTES }>(text, ADDRESS_PREFIX)?;
        let parts = bytes.split_first_chunk::<32>();
        let (owner, encryption) = parts.ok_or(KeyTextError::NoKey)?;
        let encryption = encryption.try_into().ok();
        let encryption = encryption.and_then(EncryptionKey::from_bytes);
        Ok(Self {
            owner: Address(Digest::from_bytes(owner).map_err(|_| KeyTextError::NoKey)?),
            encryption: encryption.ok_or(KeyTextError::NoKey)?,
        })
    }
}

impl ViewingKey {
    /// The key as text. *Whoever reads it sees all notes of the account, for ever.*
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        struct Shown<'a>(&'a ViewingKey);
        impl fmt::Display for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let key = self.0;
                let (authority, nullifier) = (key.authority.to_bytes(), key.nullifier.to_bytes());
                let parts: [&[u8]; 4] = [&authority, &nullifier, &*key.change, &*key.seed];
                write_text(f, VIEWING_PREFIX, &parts)
            }
        }
        Zeroizing::new(Shown(self).to_string())
    }
}

impl FromStr for ViewingKey {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        let bytes = read_text::<{ 96 + DECRYPTION_SEED_BYTES }>(text, VIEWING_PREFIX)?;
        let (words, _) = bytes.as_chunks::<32>();
        let [authority, nullifier, change, first, second] = words else {
            return Err(KeyTextError::NoKey);
        };
        let digest = |bytes| Digest::from_bytes(bytes).map_err(|_| KeyTextError::NoKey);
        let mut seed = Zeroizing::new([0; DECRYPTION_SEED_BYTES]);
        seed[..32].copy_from_slice(first);
        seed[32..].copy_from_slice(second);
        Ok(Self::new(
            digest(authority)?,
            digest(nullifier)?,
            *change,
            &seed,
        ))
    }
}

#[cfg(test)]
pub(super) fn fixed(secret: &NoteSecret) -> [u64; 8] {
    let keys = secret.keys();
    let lanes = [keys.spend.0.0, keys.nullifier.0];
    std::array::from_fn(|i| lanes[i / 4][i % 4].as_int())
}
