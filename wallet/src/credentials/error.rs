//! Why a credential is not issued, or a question not asked.

use thiserror::Error;

use super::{BalanceChallengeError, CredentialError};
use crate::WalletError;

/// Why a credential is not issued, or a question not asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IssueError {
    /// What was to be signed or asked is wrong.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// An attribute that the schema does not have, or of another kind.
    #[error("attribute {name:?}: {reason}")]
    Attribute {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The issuer has no key, or has signed all it can.
    #[error("the issuer has no key left: make another one")]
    NoKey,
    /// Trouble of the wallet.
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

/// Why a question about a balance is not asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AskBalanceError {
    /// Nobody can answer it.
    #[error(transparent)]
    Question(#[from] BalanceChallengeError),
    /// Trouble of the wallet: no randomness.
    #[error(transparent)]
    Wallet(#[from] WalletError),
}
