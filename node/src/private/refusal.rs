//! Why an operation of the pool is refused.

use thiserror::Error;
use winterlane_ledger::{
    AccountId, Amount, Anchor, AssetId, Domain,
    pool::{PolicyRefusal, PoolError},
    private::{Nullifier, PrivateInputsError},
};

use crate::OrderId;

/// The rule that refuses an operation of the pool. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrivateRefusal {
    /// The statement is one about something else than notes.
    #[error(
        "the statement is not one of the pool: send a private withdrawal or a private transfer"
    )]
    NotOfThePool,
    /// Public inputs that no statement has.
    #[error("the public inputs: {0}")]
    Inputs(#[from] PrivateInputsError),
    /// For another rollup, or another chain.
    #[error("the operation is for the domain {found}, and this rollup is {domain}")]
    WrongDomain {
        /// The domain of the operation.
        found: Domain,
        /// The domain of the rollup.
        domain: Domain,
    },
    /// The root of the note tree is none of the last ones.
    #[error(
        "the anchor {anchor} is none of the last {kept} roots of the note tree: scan the pool and prove against the \
         present one"
    )]
    UnknownAnchor {
        /// The anchor.
        anchor: Anchor,
        /// How many roots are kept.
        kept: usize,
    },
    /// The note was spent before: in a sealed batch, in one that is pending, or twice in this operation.
    #[error("the note with nullifier {} is spent already{}", .nullifier.0, .by.map(|by| format!(", by {by}")).unwrap_or_default())]
    SpentNullifier {
        /// The nullifier.
        nullifier: Nullifier,
        /// What spent it, where the node says.
        by: Option<OrderId>,
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
    /// The proof is not one of this statement.
    #[error("the proof does not hold: {reason}")]
    Proof {
        /// What the verifier said.
        reason: String,
    },
    /// The order that is to pay for a note does not pay for this one.
    #[error("the order does not pay for this note: {what} differs")]
    NotPaid {
        /// What differs: the kind of the order, the recipient, the amount or the asset.
        what: &'static str,
    },
    /// The withdrawal was taken before without its note, and its money was paid to the recipient that it names.
    #[error(
        "order {first} was taken before without the note, and paid the recipient that it names"
    )]
    PaidWithoutNote {
        /// The order.
        first: OrderId,
    },
    /// An amount of zero makes a note that is worth nothing.
    #[error("nothing is shielded: the amount is 0")]
    NothingShielded,
    /// The pool does not hold so much of the asset. With sound proofs this does not occur.
    #[error("{wanted} of asset {asset} were to leave the pool, which holds {held}")]
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
    /// What this node asks for besides is not there: a fee, or an association set.
    #[error(transparent)]
    Policy(#[from] PolicyRefusal),
    /// The account that is to be paid cannot be.
    #[error("account {account} cannot be paid {amount} of asset {asset}: {what}")]
    Payee {
        /// The account.
        account: AccountId,
        /// The asset.
        asset: AssetId,
        /// How much.
        amount: Amount,
        /// Why.
        what: &'static str,
    },
    /// The note tree is full.
    #[error("the note tree has no position left")]
    Full,
    /// Another rule of the pool.
    #[error("{0}")]
    Other(String),
}

impl From<PoolError> for PrivateRefusal {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::NothingShielded => Self::NothingShielded,
            PoolError::NotPaid { what } => Self::NotPaid { what },
            PoolError::NotOfThePool => Self::NotOfThePool,
            PoolError::Policy(refusal) => Self::Policy(refusal),
            PoolError::Inputs(error) => Self::Inputs(error),
            PoolError::WrongDomain { found, domain } => Self::WrongDomain { found, domain },
            PoolError::UnknownAnchor { anchor, kept } => Self::UnknownAnchor { anchor, kept },
            PoolError::SpentNullifier { nullifier, .. } => Self::SpentNullifier {
                nullifier,
                by: None,
            },
            PoolError::TooMuch {
                asset,
                wanted,
                held,
            } => Self::TooMuch {
                asset,
                wanted,
                held,
            },
            PoolError::Overflow { asset } => Self::Overflow { asset },
            PoolError::Ciphertexts => Self::Ciphertexts,
            PoolError::Sealed { most, bytes } => Self::Sealed { most, bytes },
            PoolError::Full => Self::Full,
            PoolError::Proof { source } => Self::Proof {
                reason: source.to_string(),
            },
            other => Self::Other(other.to_string()),
        }
    }
}
