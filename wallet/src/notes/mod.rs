//! Notes: private money that its owner alone can find and spend.
//!
//! The pool ([`winterlane_ledger::pool`]) publishes commitments, nullifiers and encrypted notes. A wallet
//! makes of that what its owner has:
//!
//! 1. *Scan*: try to open every encrypted note ([`NoteBook::scan`]); what opens is the account's.
//! 2. *Choose*: one or two notes that are worth enough ([`select`]), of those that an [`AssociationSet`] admits where one is
//!    to be shown.
//! 3. *Spend*: notes, paths, change and public inputs of an operation ([`NoteBook::withdrawal`],
//!    [`NoteBook::transfer`]). A prover makes the proof of them.
//!
//! The seed and the pool give everything back. What is kept on the disk ([`NoteStore`]) saves scanning again.
//!
//! ```
//! use winterlane_ledger::{Amount, AssetId, BatchNumber, ChainId, RollupId, hash::domain_digest, pool::{Payment, PoolOperation}};
//! use winterlane_wallet::{MasterSeed, notes::{NoteBook, shield}};
//!
//! let domain = domain_digest(ChainId::new(1), RollupId::new(1));
//! let alice = MasterSeed::from_bytes([1; 32]).note_secret(0);
//! let (published, _) = shield(&alice.payment_address(), AssetId::new(7), Amount::new(100))?;
//! // ... the node has seen the withdrawal that pays for it:
//! let published = [PoolOperation::Shield(published, Payment { batch: BatchNumber::ZERO, record: 3 })];
//!
//! let mut book = NoteBook::new(domain);
//! book.scan(&alice.viewing_key(), &published);
//! assert_eq!(book.balances(), [(AssetId::new(7), Amount::new(100))]);
//!
//! let eve = MasterSeed::from_bytes([2; 32]).note_secret(0);
//! let mut nothing = NoteBook::new(domain);
//! nothing.scan(&eve.viewing_key(), &published);
//! assert_eq!(nothing.balances(), []);
//! # Ok::<(), winterlane_wallet::WalletError>(())
//! ```

mod association;
mod book;
mod cipher;
mod keys;
mod select;
mod spend;
mod store;
#[cfg(test)]
mod tests;

pub use association::{AssociationSet, AssociationSetError, LineProblem};
pub use book::{Found, NoteBook, State};
pub use keys::{
    KeyTextError, NoteSecret, PaymentAddress, SEALED_NOTE_BYTES, ViewingKey, random_digest,
};
pub use select::{SelectError, select};
pub use spend::{
    EXPIRY_STEP, Input, SpendError, Terms, Transfer, Withdrawal, expiry_after, shield,
};
pub(crate) use store::BOOK;
pub use store::NoteStore;
