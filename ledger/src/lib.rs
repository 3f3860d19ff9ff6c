//! The protocol of Winterlane: what a payment rollup is, before anything is proven about it.
//!
//! | module | what it holds |
//! |---|---|
//! | [`digest`], [`hash`] | digests, the tagged compression, many at once; [`Root`], [`Anchor`] and [`Domain`] |
//! | [`AccountId`], [`AssetId`], [`Amount`], [`Nonce`], [`BatchNumber`] | numbers that cannot change places |
//! | [`amount`], [`account`], [`tree`] | balances, accounts, the account tree |
//! | [`state`] | where accounts and tree are kept: in memory, or behind a trait in a store; versions and undo |
//! | [`signature`] | keys of one-time keys: generation, signing, verification |
//! | [`operation`], [`record`], [`receipt`], [`wire`] | operations, their public records and receipts, the published bytes |
//! | [`codec`] | the stored and sent bytes of single values and of witnesses |
//! | [`ledger`] | the state machine and the witness of each operation |
//! | [`exit`] | leaving a frozen rollup: what an account signs for it |
//! | [`pool`] | the shielded pool: note tree, anchors, nullifiers, what it holds |
//! | [`private`] | notes, credentials, and the public inputs of private statements |
//! | [`public`] | what a batch says of itself: the public inputs of its proof |
//!
//! A *statement* (in `winterlane-air`) says the same as constraints; nothing here knows of one. The
//! crate is `no_std` and knows nothing of threads, vectors or provers.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod account;
pub mod amount;
pub mod codec;
pub mod digest;
pub mod exit;
pub mod hash;
pub mod ledger;
#[cfg(feature = "serde")]
pub mod maps;
mod named;
mod numbers;
#[cfg(feature = "serde")]
pub mod objects;
pub mod operation;
pub mod pool;
pub mod private;
mod proof;
pub mod public;
pub mod receipt;
pub mod record;
pub mod signature;
pub mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(feature = "serde")]
mod text;
pub mod tree;
pub mod wire;

pub use account::{Account, KeySlot, KeyUse, Scope, ScopeError, SlotError, SlotIndex};
pub use digest::{Digest, DigestError};
pub use hash::{Compressor, ScalarCompressor};
pub use ledger::{
    Batch, CheckedOrder, Draft, GenesisError, Ledger, LedgerError, OperationWitness,
    ReceiverWitness, SealError, SealedBatch, SignerWitness, check_orders,
};
pub use named::{Anchor, Domain, Root};
pub use numbers::{AccountId, Amount, AssetId, BatchNumber, ChainId, Nonce, RollupId};
pub use operation::{Deposit, NewKeys, Order, RotateKey, SignedOrder, Transfer, Withdraw};
pub use proof::{AccountProof, AccountProofError};
pub use public::{MAX_OPERATIONS, PublicInputs};
pub use receipt::{Receipt, ReceiptError};
pub use record::{OperationKind, Record, RecordDigest};
pub use signature::Signature;
pub use state::{MemoryState, ReadState, State};
/// The Goldilocks field, p = 2^64 - 2^32 + 1, in winterfell's Montgomery form.
pub use winter_math::fields::f64::BaseElement;
