//! Credentials: what an issuer says of a person or a thing, proven in part and shown to nobody.
//!
//! | who | does |
//! |---|---|
//! | the *issuer* | publishes a [`Schema`] and its keys ([`Issuer`]), signs attributes for a holder ([`Wallet::issue`](crate::Wallet::issue)), revokes |
//! | the *holder* | keeps the [`Credential`] and a secret; answers a challenge ([`Challenge::answer`]) with a proof |
//! | the *verifier* | asks ([`ask`]), and checks that a proof answers its own question ([`Challenge::question`]) |
//!
//! What they say to one another is `winterlane-credentials`, which needs neither secrets nor a disk. Here is what
//! takes a wallet: signing, holders' secrets, randomness.

mod error;
mod issue;
#[cfg(test)]
mod tests;

pub use error::{AskBalanceError, IssueError};
pub use issue::attributes;
pub use winterlane_credentials::{
    AskedBalance, BalanceChallenge, BalanceChallengeError, Challenge, Code, Condition, Credential,
    CredentialError, Day, DayError, Issuer, Kind, Known, MAX_INTEGER, MAX_NAME_BYTES,
    MAX_SET_VALUES, MAX_TEXT_BYTES, Mistake, Predicate, PredicateError, Question, Requirement,
    Schema, SchemaAttribute, SchemaError, Showing, Stated, Value, ValueError, predicate,
};

/// A challenge for a question that can be answered, with 256 bits of the system's randomness.
///
/// # Errors
/// [`IssueError::Credential`] for a question that nobody can answer ([`Challenge::new`]), [`IssueError::Wallet`]
/// when the system has no randomness.
pub fn ask(question: Question) -> Result<Challenge, IssueError> {
    let random = crate::notes::random_digest()?.to_bytes();
    Ok(Challenge::new(question, &random)?)
}

/// A challenge for a question about a balance, with 256 bits of the system's randomness.
///
/// # Errors
/// [`AskBalanceError`].
pub fn ask_balance(asked: AskedBalance) -> Result<BalanceChallenge, AskBalanceError> {
    let random = crate::notes::random_digest()?.to_bytes();
    Ok(BalanceChallenge::new(asked, &random)?)
}
