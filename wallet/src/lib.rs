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
//! | the same message again | the same signature again, bit for bit: the journal has its randomiser |
//! | the same key on two chains, or in a slot twice | one journal entry per one-time key: refused |
//! | two processes with one wallet, a process and its fork | the second cannot open it, the fork cannot sign |
//! | a crash between writing and signing | that message may be signed, no other |
//! | a failed write or synchronisation | nothing more is signed until the wallet is opened again, which writes all anew |
//! | the journal of one seed beside another seed | refused: it is bound to the seed's fingerprint |
//! | the journal moved, replaced, rolled back or deleted while the wallet is open | the open wallet signs nothing more |
//! | a copy of the journal, or one restored from a backup | refused, unless [adopted](Wallet::adopt) |
//! | a fault while signing | each signature is verified by the scalar hash before it is released |
//! | a mistyped or damaged seed | refused: it has a checksum |
//! | whoever reads the disk, or a backup of it | the seed can be encrypted by a [`Passphrase`] |
//! | other users of the machine | directory 0700, files 0600, whatever the umask; a seed they could read is refused |
//!
//! *What it cannot see*: a seed imported twice, and an older state of the disk itself (an image of a
//! virtual machine, a snapshot of the file system), which has the same files with the same marks.
//! Both forget what was signed since; rotate to a fresh key number instead. Nor can it see a medium
//! that lies about having written, or keeps no locks, as some network file systems do. Journals of
//! version 1 did not name their seed: opened once, they belong to the seed they lie beside.
//!
//! On Windows the directory's access list decides who may read the files, the names of new files
//! are as durable as NTFS makes them, and copies are told by their time of creation alone.
//!
//! ```
//! use winterlane_ledger::{AccountId, Amount, BatchNumber, ChainId, Nonce, Order, RollupId, SlotIndex, Transfer, hash::domain_digest};
//! use winterlane_wallet::{Request, Wallet, WalletError};
//!
//! let place = tempfile::tempdir()?;
//! let mut wallet = Wallet::create(place.path())?;
//! let key = wallet.add_key(0, 4)?; // key number 0, of 2^4 one-time keys
//!
//! let pay = |amount| Request {
//!     key,
//!     order: Order::Transfer(Transfer {
//!         from: AccountId::new(1),
//!         to: AccountId::new(2),
//!         amount: amount,
//!         fee: Amount::new(1),
//!         valid_until: BatchNumber::new(9),
//!     }),
//!     nonce: Nonce::ZERO,
//!     slot: SlotIndex::Zero,
//!     index: 0,
//! };
//! let domain = domain_digest(ChainId::new(1), RollupId::new(1));
//! let signed = wallet.sign(&pay(Amount::new(10)), &domain)?;
//! drop(wallet);
//!
//! let mut wallet = Wallet::open(place.path())?;
//! assert_eq!(wallet.add_key(0, 4)?, key);
//! assert_eq!(wallet.sign(&pay(Amount::new(10)), &domain)?, signed);
//! assert!(matches!(wallet.sign(&pay(Amount::new(11)), &domain), Err(WalletError::AlreadySigned { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

//!
//! | module | what it holds |
//! |---|---|
//! | [`account`] | the wallet of a person: one account at a node, its keys in time, orders, restoring |
//! | [`client`] | what is asked of a node, and a client over HTTP (feature `client`) |
//! | [`notes`] | notes of the shielded pool |
//! | [`credentials`] | credentials |

#![forbid(unsafe_code)]

pub mod account;
pub mod client;
mod control;
pub mod credentials;
mod error;
mod exit;
mod hex;
mod journal;
mod keygen;
mod keystore;
mod medium;
pub mod notes;
mod place;
mod secret;
mod signer;
#[cfg(test)]
mod tests;

pub use control::Control;
pub use error::{BackupProblem, KeystoreProblem, WalletError};
pub use journal::{Journal, Signed};
pub use keygen::generate_key;
pub use keystore::Passphrase;
pub use secret::{KeySecret, MasterSeed};
pub use signer::{Request, Wallet};
