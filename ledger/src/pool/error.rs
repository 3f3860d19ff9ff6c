//! Why the pool refuses an operation.

use alloc::boxed::Box;

use thiserror::Error;

use super::{Payment, PolicyRefusal};
use crate::{
    Amount, Anchor, AssetId, BatchNumber, Domain,
    private::{Nullifier, PrivateInputsError},
};

/// Why a verifier refused a proof: an error of the proof system.
pub type ProofRefusal = dyn core::error::Error + Send + Sync;

/// Why an operation of the pool is refused. It changes nothing then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PoolError {
    /// An amount of zero makes a note that is worth nothing.
    #[error("nothing is shielded: the amount is 0")]
    NothingShielded,
    /// The withdrawal from the rollup pays somebody else, another amount or another asset.
    #[error("the withdrawal from the rollup does not pay for this note: {what} differs")]
    NotPaid {
        /// Which field differs.
        what: &'static str,
    },
    /// The withdrawal from the rollup has paid for a note, or one after it has.
    #[error(
        "the withdrawal in batch {}, record {}, has paid before: notes come in the order of their payments, and \
         the last one was batch {}, record {}",
        .payment.batch, .payment.record, .last.batch, .last.record
    )]
    PaidBefore {
        /// The payment that was named.
        payment: Payment,
        /// The last one that paid.
        last: Payment,
    },
    /// The statement is one about something else than notes.
    #[error("the statement is not one of the pool")]
    NotOfThePool,
    /// Public inputs that no statement has.
    #[error("the public inputs: {0}")]
    Inputs(#[from] PrivateInputsError),
    /// What the [policy](super::PoolPolicy) of this batch asks for is not there.
    #[error(transparent)]
    Policy(#[from] PolicyRefusal),
    /// For another rollup, or another chain.
    #[error(
        "the operation is for the domain {found}, and this pool is of {domain}: make it for this one"
    )]
    WrongDomain {
        /// The domain of the operation.
        found: Domain,
        /// The domain of the pool.
        domain: Domain,
    },
    /// Too late.
    #[error("valid until batch {valid_until}, and this is batch {batch_number}: prove it again")]
    Expired {
        /// The last batch that the operation may run in.
        valid_until: BatchNumber,
        /// This batch.
        batch_number: BatchNumber,
    },
    /// The root of the note tree is none of the last ones.
    #[error(
        "the anchor {anchor} is none of the last {kept} roots of the note tree: scan the pool and prove against \
         the present one"
    )]
    UnknownAnchor {
        /// The anchor.
        anchor: Anchor,
        /// How many roots are kept.
        kept: usize,
    },
    /// The note was spent before, in an earlier batch or in this one.
    #[error("the note with nullifier {} is spent already", .nullifier.0)]
    SpentNullifier {
        /// The nullifier.
        nullifier: Nullifier,
        /// Whether it was spent in this batch.
        in_this_batch: bool,
    },
    /// The pool does not hold so much of the asset. With sound proofs this does not occur.
    #[error("{wanted} of asset {asset} were to leave, and the pool holds {held}")]
    TooMuch {
        /// The asset.
        asset: AssetId,
        /// What was to leave, fee included.
        wanted: Amount,
        /// What there is.
        held: Amount,
    },
    /// The pool would hold 2^128 of the asset or more.
    #[error("the pool would hold 2^128 of asset {asset} or more")]
    Overflow {
        /// The asset.
        asset: AssetId,
    },
    /// The encrypted notes are not those that the proof is bound to.
    #[error("the encrypted notes are not those that the proof was made for")]
    Ciphertexts,
    /// More encrypted notes than new notes, or one that is too long.
    #[error("encrypted notes: at most {most} with {bytes} bytes each")]
    Sealed {
        /// How many.
        most: usize,
        /// How long.
        bytes: usize,
    },
    /// The note tree is full.
    #[error("the note tree has no position left")]
    Full,
    /// The proof is not one of this statement.
    #[error("the proof does not hold: {source}")]
    Proof {
        /// What the verifier said.
        source: Box<ProofRefusal>,
    },
}
