//! Why an operation, a genesis state or a batch is refused.

use core::convert::Infallible;

use thiserror::Error;

use crate::{
    AccountId, Amount, AssetId, BatchNumber, Digest, Nonce, Root, Scope, SlotIndex,
    signature::SignatureError,
};

/// Why an operation is refused. A refused operation leaves the batch as it was.
///
/// `E` is what the state says when it cannot be read ([`crate::state::ReadState::Error`]); the state in memory never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LedgerError<E = Infallible> {
    /// The state could not be read: nothing is said about the operation.
    #[error("the state could not be read")]
    State(#[source] E),
    /// Every slot of the batch is taken.
    #[error("the batch has all its {capacity} operation slots taken")]
    BatchFull {
        /// Slots there are.
        capacity: u32,
    },
    /// The leaf of a signer or receiver is empty.
    #[error("account {account} does not exist")]
    UnknownAccount {
        /// The account's id.
        account: AccountId,
    },
    /// A deposit brought keys for an account that exists.
    #[error("account {account} exists already")]
    AccountExists {
        /// The account's id.
        account: AccountId,
    },
    /// An account does not hold the asset that the operation moves.
    #[error("account {account} holds asset {held}, not asset {moved}")]
    WrongAsset {
        /// The account's id.
        account: AccountId,
        /// The asset it holds.
        held: AssetId,
        /// The asset that moves.
        moved: AssetId,
    },
    /// The signer's balance is below amount plus fee.
    #[error("account {account} has {balance}, less than {amount} and a fee of {fee}")]
    InsufficientFunds {
        /// The account's id.
        account: AccountId,
        /// What it has.
        balance: Amount,
        /// What it would pay out.
        amount: Amount,
        /// The fee on top.
        fee: Amount,
    },
    /// The receiver's balance would reach 2^128.
    #[error("{amount} more would lift the balance of account {account} to 2^128")]
    BalanceOverflow {
        /// The receiver's id.
        account: AccountId,
        /// What it would get.
        amount: Amount,
    },
    /// The fee pool would reach 2^128.
    #[error("a fee of {fee} would lift the fee pool to 2^128")]
    PoolOverflow {
        /// The fee.
        fee: Amount,
    },
    /// The fee pool holds another asset; collect it first.
    #[error("the fee pool holds asset {pool}, the operation concerns asset {asset}")]
    PoolAssetConflict {
        /// What the pool holds.
        pool: AssetId,
        /// The asset of the fee, or of the account that collects.
        asset: AssetId,
    },
    /// The order was signed for a nonce that is over.
    #[error("signed for nonce {signed}, but account {account} is at {current}: a replay")]
    StaleNonce {
        /// The signer.
        account: AccountId,
        /// The nonce signed for.
        signed: Nonce,
        /// The account's nonce.
        current: Nonce,
    },
    /// The order was signed for a nonce that has not come.
    #[error("signed for nonce {signed}, but account {account} is at {current} only")]
    FutureNonce {
        /// The signer.
        account: AccountId,
        /// The nonce signed for.
        signed: Nonce,
        /// The account's nonce.
        current: Nonce,
    },
    /// The account has signed 2^32 - 1 operations, and its nonce cannot grow.
    #[error("account {account} has no nonce left")]
    NonceExhausted {
        /// The signer.
        account: AccountId,
    },
    /// The batch comes after the last one the order may run in.
    #[error("valid until batch {valid_until}, this is batch {batch_number}")]
    Expired {
        /// The last batch allowed.
        valid_until: BatchNumber,
        /// This batch.
        batch_number: BatchNumber,
    },
    /// The order is valid for 2^62 batches or more: beyond what the proof can compare.
    #[error("valid until batch {valid_until}, 2^62 or more after batch {batch_number}")]
    ValidTooLong {
        /// The last batch allowed.
        valid_until: BatchNumber,
        /// This batch.
        batch_number: BatchNumber,
    },
    /// The signature cannot be one.
    #[error("bad signature of account {account}: {reason}")]
    BadSignature {
        /// The signer.
        account: AccountId,
        /// What is wrong with it.
        #[source]
        reason: SignatureError,
    },
    /// The signature does not lead to the key in the signer's slot: forged, altered, or by a key
    /// since replaced.
    #[error("bad signature: not by the key in slot {slot:?} of account {account}")]
    UnknownKey {
        /// The signer.
        account: AccountId,
        /// The slot that the order names.
        slot: SlotIndex,
    },
    /// The order was checked against another rollup's domain.
    #[error("the order was checked for another domain")]
    WrongDomain,
    /// The key that signed may not sign such an operation.
    #[error("key slot {slot:?} of account {account} has scope {held:?}, {needed:?} is needed")]
    WrongScope {
        /// The signer.
        account: AccountId,
        /// The slot of the key that signed.
        slot: SlotIndex,
        /// What it may sign.
        held: Scope,
        /// What it should.
        needed: Scope,
    },
    /// All 1,024 one-time keys of the slot are used up, or skipped.
    #[error(
        "key slot {slot:?} of account {account} is used up: rotate it with the other slot's key"
    )]
    KeyExhausted {
        /// The signer.
        account: AccountId,
        /// The slot of the key that signed.
        slot: SlotIndex,
    },
    /// The one-time key has signed already, or a later one has.
    #[error(
        "account {account} signed with one-time key {used} of slot {slot:?}; {next_index} is next"
    )]
    UsedOneTimeKey {
        /// The signer.
        account: AccountId,
        /// The slot of the key that signed.
        slot: SlotIndex,
        /// The number of the one-time key used.
        used: u16,
        /// The first that may still sign.
        next_index: u16,
    },
}

impl<E> LedgerError<E> {
    /// Whether the rules refuse the operation; otherwise the state has failed, and the operation may be tried
    /// again.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::State(_))
    }

    /// The refusal alone, which says nothing of the state and can be stored and sent.
    ///
    /// ```
    /// use winterlane_ledger::{AccountId, LedgerError};
    /// let failed: LedgerError<&str> = LedgerError::State("disk");
    /// assert_eq!(failed.refusal(), Err("disk"));
    /// let refused: LedgerError<&str> = LedgerError::UnknownAccount { account: AccountId::new(1) };
    /// assert_eq!(refused.refusal(), Ok(LedgerError::UnknownAccount { account: AccountId::new(1) }));
    /// ```
    ///
    /// # Errors
    /// What the state says, when it has failed.
    pub fn refusal(self) -> Result<LedgerError, E> {
        Ok(match self {
            Self::State(error) => return Err(error),
            Self::BatchFull { capacity } => LedgerError::BatchFull { capacity },
            Self::UnknownAccount { account } => LedgerError::UnknownAccount { account },
            Self::AccountExists { account } => LedgerError::AccountExists { account },
            Self::WrongAsset {
                account,
                held,
                moved,
            } => LedgerError::WrongAsset {
                account,
                held,
                moved,
            },
            Self::InsufficientFunds {
                account,
                balance,
                amount,
                fee,
            } => LedgerError::InsufficientFunds {
                account,
                balance,
                amount,
                fee,
            },
            Self::BalanceOverflow { account, amount } => {
                LedgerError::BalanceOverflow { account, amount }
            }
            Self::PoolOverflow { fee } => LedgerError::PoolOverflow { fee },
            Self::PoolAssetConflict { pool, asset } => {
                LedgerError::PoolAssetConflict { pool, asset }
            }
            Self::StaleNonce {
                account,
                signed,
                current,
            } => LedgerError::StaleNonce {
                account,
                signed,
                current,
            },
            Self::FutureNonce {
                account,
                signed,
                current,
            } => LedgerError::FutureNonce {
                account,
                signed,
                current,
            },
            Self::NonceExhausted { account } => LedgerError::NonceExhausted { account },
            Self::Expired {
                valid_until,
                batch_number,
            } => LedgerError::Expired {
                valid_until,
                batch_number,
            },
            Self::ValidTooLong {
                valid_until,
                batch_number,
            } => LedgerError::ValidTooLong {
                valid_until,
                batch_number,
            },
            Self::BadSignature { account, reason } => LedgerError::BadSignature { account, reason },
            Self::UnknownKey { account, slot } => LedgerError::UnknownKey { account, slot },
            Self::WrongDomain => LedgerError::WrongDomain,
            Self::WrongScope {
                account,
                slot,
                held,
                needed,
            } => LedgerError::WrongScope {
                account,
                slot,
                held,
                needed,
            },
            Self::KeyExhausted { account, slot } => LedgerError::KeyExhausted { account, slot },
            Self::UsedOneTimeKey {
                account,
                slot,
                used,
                next_index,
            } => LedgerError::UsedOneTimeKey {
                account,
                slot,
                used,
                next_index,
            },
        })
    }
}

/// Why a state cannot be the start of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// An id occurs twice.
    #[error("account {account} occurs twice")]
    Duplicate {
        /// The id.
        account: AccountId,
    },
    /// A key slot's next index is above 1,024: no key has so many one-time keys.
    #[error("a key of account {account} has a next index above 1024")]
    NextIndex {
        /// The id.
        account: AccountId,
    },
    /// The batch number is not below 2^62.
    #[error("batch number {batch_number} is not below 2^62")]
    BatchNumber {
        /// The number.
        batch_number: BatchNumber,
    },
}

/// Why a batch cannot be sealed. It stays open as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SealError<E = Infallible> {
    /// The state could not be read or written.
    #[error("the state could not be read or written")]
    State(#[source] E),
    /// There are fees in the pool: a batch ends with an operation that collects them.
    #[error("the fee pool holds {amount} of asset {asset}; collect it first")]
    PoolNotEmpty {
        /// The asset.
        asset: AssetId,
        /// How much.
        amount: Amount,
    },
    /// A batch has a power of two of slots, at least as many as operations, at most 8,192.
    #[error("{operations} operations cannot be sealed into {slots} slots")]
    Slots {
        /// Slots asked for.
        slots: u32,
        /// Operations applied.
        operations: u32,
    },
    /// Batch numbers have run out.
    #[error("batch number {batch_number} is not below 2^62")]
    BatchNumber {
        /// The number.
        batch_number: BatchNumber,
    },
}

impl<E> SealError<E> {
    /// The refusal alone, which says nothing of the state and can be stored and sent.
    ///
    /// # Errors
    /// What the state says, when it has failed.
    pub fn refusal(self) -> Result<SealError, E> {
        Ok(match self {
            Self::State(error) => return Err(error),
            Self::PoolNotEmpty { asset, amount } => SealError::PoolNotEmpty { asset, amount },
            Self::Slots { slots, operations } => SealError::Slots { slots, operations },
            Self::BatchNumber { batch_number } => SealError::BatchNumber { batch_number },
        })
    }
}

/// A batch that was set aside belongs to another state than the ledger has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("batch {number} was opened on another state; the ledger is at batch {expected}")]
pub struct ResumeError {
    /// The number of the batch.
    pub number: BatchNumber,
    /// The ledger's next batch.
    pub expected: BatchNumber,
}

/// Why a ledger cannot follow a published batch. It stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FollowError<E = Infallible> {
    /// The state could not be read or written.
    #[error("the state could not be read or written")]
    State(#[source] E),
    /// The batch is one of another rollup.
    #[error("the batch is of another domain")]
    Domain,
    /// The batch is not the next one.
    #[error("batch {got} cannot follow here, {expected} is the next one")]
    BatchNumber {
        /// The ledger's next batch.
        expected: BatchNumber,
        /// The batch's number.
        got: BatchNumber,
    },
    /// The batch begins in another state.
    #[error("the batch begins at root {got}, the ledger is at {expected}")]
    OldRoot {
        /// The ledger's root.
        expected: Root,
        /// The batch's old root.
        got: Root,
    },
    /// The records are not those of the batch.
    #[error("{records} records with digest {got}; the batch has {operations} with {expected}")]
    Records {
        /// Slots of the batch.
        operations: u32,
        /// Digest of its records.
        expected: Digest,
        /// How many records were given.
        records: usize,
        /// Their digest.
        got: Digest,
    },
    /// A record cannot be applied.
    #[error("record {position}: {error}")]
    Record {
        /// Which record.
        position: usize,
        /// Why not.
        #[source]
        error: LedgerError<E>,
    },
    /// The records lead to another state than the batch says.
    #[error("the records lead to root {got}, the batch to {expected}")]
    NewRoot {
        /// The batch's new root.
        expected: Root,
        /// Where the records lead.
        got: Root,
    },
}
