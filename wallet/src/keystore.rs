//! The encrypted form of a seed's file, and the passphrase that opens it.
//!
//! One line of JSON, in the manner of EIP-2335:
//!
//! ```json
//! {"format":"winterlane-keystore-1",
//!  "kdf":{"function":"argon2id","memory_kib":65536,"passes":3,"lanes":1,"salt":"64 digits"},
//!  "cipher":{"function":"xchacha20-poly1305","nonce":"48 digits"},
//!  "ciphertext":"96 digits","check":"32 digits"}
//! ```
//!
//! - *Argon2id* (RFC 9106) makes a key of the passphrase. It is slow and takes 64 MiB, so that guessing is dear; what it
//!   costs is in the file, so that later versions can ask for more.
//! - *XChaCha20-Poly1305* encrypts the seed with that key. Everything above the ciphertext is authenticated with it, in
//!   fixed positions: a file whose costs were lowered does not open.
//! - `check` is a hash of all of it and of nothing secret. It tells a damaged file from a wrong passphrase, which to the cipher
//!   are the same.
//!
//! Salt and nonce are fresh each time that a file is written. Nothing here says which seed it is.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{self, Read as _},
    path::Path,
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use winterlane_machine::small;
use zeroize::{Zeroize, Zeroizing};

use winterlane_ledger::objects::from_json;

use crate::{
    MasterSeed, WalletError,
    error::KeystoreProblem,
    hex::{hex, unhex},
};

const FORMAT: &str = "winterlane-keystore-1";
const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20-poly1305";
const CHECK_CONTEXT: &str = "winterlane 2026-11-29 wallet: whether a keystore is damaged";

/// How such a file begins, which no other form of a seed does.
pub(crate) const START: &[u8] = b"{\"format\":";

/// The longest such file that is read.
pub(crate) const MAX_BYTES: usize = 4096;

/// The longest passphrase that is read from a file.
const MAX_PASSPHRASE: usize = 4096;

/// What a passphrase is made a key with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// Of files that are written: RFC 9106's second recommendation, about a quarter of a second. The tests write many.
    const WRITTEN: Self = if cfg!(test) {
        Self {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        }
    } else {
        Self {
            memory_kib: 64 << 10,
            passes: 3,
            lanes: 1,
        }
    };

    /// The most that a file may ask for: what it says is not ours to trust, and a process must not die of it.
    const MOST: Self = Self {
        memory_kib: 1 << 20,
        passes: 64,
        lanes: 16,
    };

    /// The parameters, if they are in range.
    fn params(self) -> Option<Params> {
        let most = Self::MOST;
        let fits = self.memory_kib <= most.memory_kib
            && self.passes <= most.passes
            && self.lanes <= most.lanes;
        let params = || Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok();
        fits.then(params).flatten()
    }
}

/// A passphrase: overwritten when it is dropped, not shown when it is printed, and not `Clone`.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// A passphrase from what somebody typed. Every character counts, spaces too.
    ///
    /// # Errors
    /// [`WalletError::EmptyPassphrase`].
    pub fn new(text: Zeroizing<String>) -> Result<Self, WalletError> {
        if text.is_empty() {
            return Err(WalletError::EmptyPassphrase);
        }
        Ok(Self(Zeroizing::new(text.as_bytes().to_vec())))
    }

    /// A passphrase from a file: all of it but one end of line.
    ///
    /// # Errors
    /// [`WalletError::Io`] when it cannot be read or has more than 4,096 bytes; [`WalletError::EmptyPassphrase`].
    pub fn from_file(path: &Path) -> Result<Self, WalletError> {
        // As long as it may become: a buffer that grew would leave copies.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PASSPHRASE + 3));
        let limit = MAX_PASSPHRASE as u64 + 3;
        small::open(path)
            .and_then(|file| file.take(limit).read_to_end(&mut bytes))
            .map_err(WalletError::io(path))?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.len() > MAX_PASSPHRASE {
            let message = "a passphrase has at most 4096 bytes";
            let error = io::Error::new(io::ErrorKind::InvalidData, message);
            return Err(WalletError::io(path)(error));
        }
        if bytes.is_empty() {
            return Err(WalletError::EmptyPassphrase);
        }
        Ok(Self(bytes))
    }

    /// The key that a file of this salt and cost is encrypted with.
    fn key(&self, salt: &[u8; 32], params: Params) -> Result<Zeroizing<[u8; 32]>, Keyless> {
        // A limit on the address space refuses it, where an allocation that must not fail ends the process.
        let mut memory = Vec::new();
        let blocks = params.block_count();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| Keyless::Memory)?;
        memory.resize(blocks, Block::default());
        let mut key = Zeroizing::new([0; 32]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let made = argon2.hash_password_into_with_memory(&self.0, salt, &mut *key, &mut memory[..]);
        memory.iter_mut().for_each(Zeroize::zeroize);
        made.map(|()| key).map_err(|_| Keyless::Cipher)
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.0.as_slice(), other.0.as_slice()).into()
    }
}

impl Eq for Passphrase {}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// A file as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
    check: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    function: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    function: String,
    nonce: String,
}

/// A seed that is encrypted, not yet opened.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sealed {
    cost: Cost,
    salt: [u8; 32],
    nonce: [u8; 24],
    ciphertext: [u8; 48],
}

impl Sealed {
    /// Everything that is authenticated: names, costs, salt and nonce.
    fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        for name in [FORMAT, KDF, CIPHER] {
            header.extend_from_slice(name.as_bytes());
            header.push(0);
        }
        let Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        for number in [memory_kib, passes, lanes] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        header.extend_from_slice(&self.salt);
        header.extend_from_slice(&self.nonce);
        header
    }

    fn check(&self) -> String {
        let bytes = [&self.header()[..], &self.ciphertext].concat();
        hex(&blake3::derive_key(CHECK_CONTEXT, &bytes)[..16])
    }

    fn seal(
        seed: &MasterSeed,
        passphrase: &Passphrase,
        cost: Cost,
        (salt, nonce): ([u8; 32], [u8; 24]),
    ) -> Result<Self, Keyless> {
        let key = passphrase.key(&salt, cost.params().ok_or(Keyless::Cipher)?)?;
        let mut sealed = Self {
            cost,
            salt,
            nonce,
            ciphertext: [0; 48],
        };
        let header = sealed.header();
        let mut body = Zeroizing::new(*seed.as_bytes());
        let tag = XChaCha20Poly1305::new((&*key).into())
            .encrypt_inout_detached(&XNonce::from(nonce), &header, body.as_mut_slice().into())
            .map_err(|_| Keyless::Cipher)?;
        sealed.ciphertext[..32].copy_from_slice(&*body);
        sealed.ciphertext[32..].copy_from_slice(&tag);
        Ok(sealed)
    }

    /// The seed; [`Keyless::Cipher`] when the passphrase is another.
    fn open(&self, passphrase: &Passphrase, params: Params) -> Result<MasterSeed, Keyless> {
        let key = passphrase.key(&self.salt, params)?;
        let mut body = Zeroizing::new([0; 32]);
        body.copy_from_slice(&self.ciphertext[..32]);
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.ciphertext[32..]);
        XChaCha20Poly1305::new((&*key).into())
            .decrypt_inout_detached(
                &XNonce::from(self.nonce),
                &self.header(),
                body.as_mut_slice().into(),
                &Tag::from(tag),
            )
            .map_err(|_| Keyless::Cipher)?;
        Ok(MasterSeed::from_bytes(*body))
    }

    fn to_text(&self) -> String {
        let file = File {
            format: FORMAT.to_owned(),
            kdf: Kdf {
                function: KDF.to_owned(),
                memory_kib: self.cost.memory_kib,
                passes: self.cost.passes,
                lanes: self.cost.lanes,
                salt: hex(&self.salt),
            },
            cipher: Cipher {
                function: CIPHER.to_owned(),
                nonce: hex(&self.nonce),
            },
            ciphertext: hex(&self.ciphertext),
            check: self.check(),
        };
        // Strings and numbers alone: it cannot fail.
        serde_json::to_string(&file).unwrap_or_default() + "\n"
    }

    /// Reads a file that is not damaged, of this format.
    fn from_text(bytes: &[u8]) -> Result<Self, Unreadable> {
        let damaged = Unreadable::Damaged;
        let file: File = match from_json(bytes) {
            Ok(file) => file,
            // A later format may have other fields.
            Err(_) => {
                #[derive(Deserialize)]
                struct Named {
                    format: String,
                }
                let named: Named = from_json(bytes).map_err(|_| damaged)?;
                return Err(if named.format == FORMAT {
                    damaged
                } else {
                    Unreadable::Problem(KeystoreProblem::Format)
                });
            }
        };
        let known = [&file.format, &file.kdf.function, &file.cipher.function];
        if known != [FORMAT, KDF, CIPHER] {
            return Err(Unreadable::Problem(KeystoreProblem::Format));
        }
        fn bytes_of<const N: usize>(text: &str) -> Result<[u8; N], Unreadable> {
            let bytes = unhex(text).and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or(Unreadable::Damaged)
        }
        let sealed = Self {
            cost: Cost {
                memory_kib: file.kdf.memory_kib,
                passes: file.kdf.passes,
                lanes: file.kdf.lanes,
            },
            salt: bytes_of(&file.kdf.salt)?,
            nonce: bytes_of(&file.cipher.nonce)?,
            ciphertext: bytes_of(&file.ciphertext)?,
        };
        if sealed.check() != file.check {
            return Err(damaged);
        }
        Ok(sealed)
    }
}

/// Why a passphrase opens or seals nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyless {
    /// The system does not give what it takes.
    Memory,
    /// The cipher refuses: it is another passphrase.
    Cipher,
}

impl Keyless {
    /// Of a seed in that file: `None` for the cipher's refusal.
    fn of_memory(self, path: &Path, cost: Cost) -> Option<WalletError> {
        let words = format!(
            "a passphrase needs {} MiB of memory, and the system does not give them",
            cost.memory_kib >> 10
        );
        let error = || io::Error::new(io::ErrorKind::OutOfMemory, words);
        (self == Self::Memory).then(|| WalletError::io(path)(error()))
    }
}

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unreadable {
    Damaged,
    Problem(KeystoreProblem),
}

/// The file of a seed that this passphrase opens; `path` is where it goes.
pub(crate) fn encrypt(
    seed: &MasterSeed,
    passphrase: &Passphrase,
    path: &Path,
) -> Result<String, WalletError> {
    let (mut salt, mut nonce) = ([0; 32], [0; 24]);
    getrandom::fill(&mut salt).map_err(WalletError::NoRandomness)?;
    getrandom::fill(&mut nonce).map_err(WalletError::NoRandomness)?;
    let sealed = Sealed::seal(seed, passphrase, Cost::WRITTEN, (salt, nonce));
    // The costs are ours and in range, and the seed is as long as it is: but for memory this does not happen.
    let failed = || WalletError::io(path)(io::Error::other("the seed cannot be encrypted"));
    let sealed = sealed.map_err(|keyless| {
        let memory = keyless.of_memory(path, Cost::WRITTEN);
        memory.unwrap_or_else(failed)
    })?;
    Ok(sealed.to_text())
}

/// The seed of an encrypted file; `path` is where it was found.
pub(crate) fn decrypt(
    bytes: &[u8],
    passphrase: Option<&Passphrase>,
    path: &Path,
) -> Result<MasterSeed, WalletError> {
    let path = || path.to_owned();
    let problem = |problem| WalletError::Keystore {
        path: path(),
        problem,
    };
    let sealed = Sealed::from_text(bytes).map_err(|unreadable| match unreadable {
        Unreadable::Damaged => WalletError::Corrupt {
            path: path(),
            offset: 0,
        },
        Unreadable::Problem(found) => problem(found),
    })?;
    let Cost {
        memory_kib, passes, ..
    } = sealed.cost;
    let params = sealed
        .cost
        .params()
        .ok_or_else(|| problem(KeystoreProblem::Cost { memory_kib, passes }))?;
    let passphrase = passphrase.ok_or_else(|| WalletError::Encrypted { path: path() })?;
    sealed.open(passphrase, params).map_err(|keyless| {
        let memory = keyless.of_memory(&path(), sealed.cost);
        memory.unwrap_or_else(|| WalletError::WrongPassphrase { path: path() })
    })
}
