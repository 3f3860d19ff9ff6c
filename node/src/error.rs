//! Why the node refuses.

use std::time::Duration;

use thiserror::Error;
use winterlane_ledger::{AccountId, Amount, AssetId, BatchNumber, LedgerError, wire::DecodeError};

use crate::OrderId;

/// Why an order or a deposit is not taken. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The bytes are no signed order.
    #[error("the bytes are no signed order: {0}")]
    Malformed(#[from] DecodeError),
    /// The bytes are no operation of the shielded pool.
    #[error("the bytes are no operation of the pool: {0}")]
    MalformedPrivate(#[from] crate::private::FormError),
    /// A rule refuses the order; it would be refused again.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much is waiting. Try again later, with the same order.
    #[error("too much is pending; try again in {} ms", .retry_after.as_millis())]
    Busy {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// An operator has paused the node.
    #[error("the node is paused by its operator; try again later")]
    Paused,
    /// Settlement has ended the rollup: what would be taken now would never be settled.
    #[error(
        "the rollup has ended: settlement has frozen it, and no batch follows. What an account holds leaves by `winterlane exit leave` \
         (docs/exit.md)"
    )]
    Frozen,
    /// The disk is nearly full, and the node takes nothing more.
    #[error("the node's disk is nearly full, so that it only answers questions; try again later")]
    ReadOnly,
    /// Settlement lacks so many of the node's batches that more could not be settled in time: an order that somebody forces
    /// there meanwhile would expire before the node could take it.
    #[error(
        "settlement does not have the last {batches} batches, as many as there may be; orders are taken again when it has caught up"
    )]
    Unsettled {
        /// How many batches.
        batches: u64,
    },
    /// The node is stopping or has stopped. *Whether the order was taken is unknown*: send it again once
    /// the node is back, and it answers as it would have.
    #[error("the node is stopping; whether the order was taken is unknown: send the same again")]
    Stopped,
}

/// The rule that refuses an order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A rule of the ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The one-time key signed another order that the node has. One that signs two messages is given
    /// away: the account must rotate the slot.
    #[error(
        "one-time key {index} of slot {slot} of account {account} signed order {first} before: \
         the key is given away; rotate the slot"
    )]
    KeyReuse {
        /// The signer.
        account: AccountId,
        /// The slot, 0 or 1.
        slot: u8,
        /// The number of the one-time key.
        index: u16,
        /// The order that the node has.
        first: OrderId,
    },
    /// A rule of the shielded pool.
    #[error(transparent)]
    Private(#[from] crate::private::PrivateRefusal),
    /// A deposit with this reference was taken before, and was another one.
    #[error("a deposit with this reference was taken before, and was another one")]
    DepositConflict,
    /// This node takes the deposits that settlement has, by itself, and no others: nobody would have paid for them.
    #[error(
        "deposits of this rollup are made at settlement, from where the node takes them by itself"
    )]
    DepositsElsewhere,
    /// There would be 2^128 of an asset, or more.
    #[error("the deposit would lift the supply of asset {asset} to 2^128")]
    Supply {
        /// The asset.
        asset: AssetId,
    },
    /// The fee is below the least.
    #[error("the fee is {fee}, the least is {minimum} of asset {asset}")]
    FeeTooLow {
        /// The fee offered.
        fee: Amount,
        /// The least fee.
        minimum: Amount,
        /// The asset of the signer's account.
        asset: AssetId,
    },
    /// Nobody collects fees in the signer's asset.
    #[error("no fees are taken in asset {asset}, which the signer's account holds")]
    FeeAsset {
        /// The asset of the signer's account.
        asset: AssetId,
    },
    /// The order expires too soon.
    #[error(
        "valid until batch {valid_until}; orders of now must be valid until batch {earliest} at least"
    )]
    ExpiresTooSoon {
        /// Its last batch.
        valid_until: BatchNumber,
        /// The least that is accepted now.
        earliest: BatchNumber,
    },
    /// The account has as many orders pending as an account may have.
    #[error("account {account} has {limit} orders pending, as many as it may; wait for a batch")]
    TooManyPending {
        /// The signer.
        account: AccountId,
        /// The most.
        limit: u32,
    },
}

/// Why a question is not answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The node has stopped.
    #[error("the node has stopped")]
    Stopped,
    /// The store cannot be read, or holds what no node wrote. The process ends after this.
    #[error("the store cannot be read: {0}")]
    Store(String),
}

/// Why an operator's request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The node is stopping or has stopped.
    #[error("the node is stopping")]
    Stopped,
    /// Too many commands are waiting.
    #[error("the node has too much to do; try again")]
    Busy,
    /// There is no such batch.
    #[error("batch {batch} is not sealed")]
    UnknownBatch {
        /// The number asked for.
        batch: BatchNumber,
    },
    /// The batch needs no proof.
    #[error("batch {batch} is proven already")]
    Proven {
        /// The number asked for.
        batch: BatchNumber,
    },
    /// Settlement has ended the rollup.
    #[error(
        "the rollup has ended: settlement has frozen it, and what the node took would never be settled"
    )]
    Frozen,
    /// The open batch has no operations.
    #[error("the open batch is empty")]
    Empty,
    /// Settlement lacks as many batches as it may: another would be one too many.
    #[error(
        "settlement does not have the last {batches} batches, as many as there may be; a batch is closed when it has caught up"
    )]
    Unsettled {
        /// How many batches.
        batches: u64,
    },
}
