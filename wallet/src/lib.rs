//! A signing wallet whose one-time state survives restarts.
//!
//! A one-time key that signs two messages gives itself away. The ledger takes each only once, but only
//! the wallet can see that it is about to sign twice with one: because a batch was abandoned, a
//! process restarted, or two programs share a key. So a [`Wallet`] writes what each one-time key
//! signs to a [`Journal`], waits until that is on the disk, and only then releases the signature.
//!
//! | | |
//! |---|---|
//! | two messages for one one-time key | refused, also after a restart |
//! | the same message again | the same signature again, bit for bit |
//! | the same key on two chains, or in a slot twice | one journal entry per one-time key: refused |
//! | two processes with one wallet | the second cannot open it |
//! | a crash between writing and signing | that message may be signed, no other |
//! | a failed write | nothing more is signed until the wallet is opened again |
//!
//! *What it cannot see*: a copy. Restoring an older copy of the directory, or importing its seed
//! elsewhere, forgets what was signed since; rotate to a fresh key number instead.
//!
//! ```
//! use winterlane_ledger::{Order, SlotIndex, Transfer, hash::domain_digest};
//! use winterlane_wallet::{Request, Wallet, WalletError};
//!
//! let place = tempfile::tempdir()?;
//! let mut wallet = Wallet::create(place.path())?;
//! let key = wallet.add_key(0, 4)?; // key number 0, of 2^4 one-time keys
//!
//! let pay = |amount| Request {
//!     key,
//!     order: Order::Transfer(Transfer { from: 1, to: 2, amount, fee: 1, valid_until: 9 }),
//!     nonce: 0,
//!     slot: SlotIndex::Zero,
//!     index: 0,
//! };
//! let domain = domain_digest(1, 1);
//! let signed = wallet.sign(&pay(10), &domain)?;
//! drop(wallet);
//!
//! let mut wallet = Wallet::open(place.path())?;
//! assert_eq!(wallet.add_key(0, 4)?, key);
//! assert_eq!(wallet.sign(&pay(10), &domain)?, signed);
//! assert!(matches!(wallet.sign(&pay(11), &domain), Err(WalletError::AlreadySigned { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod journal;
mod keygen;
mod secret;
mod signer;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf};

use thiserror::Error;
use winterlane_ledger::{Digest, signature::KeyError};

pub use journal::{Journal, Signed};
pub use keygen::generate_key;
pub use secret::{KeySecret, MasterSeed};
pub use signer::{Request, Wallet};

/// Why a wallet cannot be opened, or does not sign.
#[derive(Debug, Error)]
pub enum WalletError {
    /// The operating system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or directory concerned.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process, or another part of this one, has the wallet open.
    #[error("{path} is in use", path = path.display())]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// There is a wallet already.
    #[error("{path} exists already", path = path.display())]
    Exists {
        /// The file found.
        path: PathBuf,
    },
    /// A file is not what a wallet writes, or is damaged.
    #[error("{path} is damaged at byte {offset}", path = path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where the damage begins.
        offset: u64,
    },
    /// The wallet has no key with this root: add it first.
    #[error("the wallet has no key with root {root}")]
    UnknownKey {
        /// The root asked for.
        root: Digest,
    },
    /// The one-time key has signed another message. Signing this one would give it away.
    #[error("one-time key {index} of key {root} has signed another message")]
    AlreadySigned {
        /// Root of the key.
        root: Digest,
        /// Number of the one-time key.
        index: u32,
    },
    /// The key cannot be made, or has no such one-time key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An earlier write failed, so that what is on the disk is not known. Open the wallet again.
    #[error("an earlier write to the journal failed; open the wallet again")]
    Poisoned,
    /// The system has no randomness to make a seed from.
    #[error("no randomness: {0}")]
    NoRandomness(getrandom::Error),
}

impl WalletError {
    /// Says which path an I/O error is about.
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}
