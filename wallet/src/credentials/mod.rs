//! Credentials: what an issuer says of a person or a thing, proven in part and shown to nobody.
//!
//! | who | does |
//! |---|---|
//! | the *issuer* | publishes a [`Schema`] and its keys ([`Issuer`]), signs attributes for a holder ([`Wallet::issue`](crate::Wallet::issue)), revokes |
//! | the *holder* | keeps the [`Credential`] and a secret; answers a challenge ([`Challenge::answer`]) with a proof |
//! | the *verifier* | asks ([`Challenge::new`]), and checks that a proof answers its own question ([`Challenge::question`]) |
//!
//! A proof shows that an issuer's credential, which the prover holds, satisfies a [`Predicate`]. It shows
//! neither the values nor which credential it is. The challenge, drawn for this one question, and an expiry
//! keep a proof from being shown twice or to another verifier.
//!
//! *Values* are numbers in the proof: an integer is shifted by 2^53, a date is its day, a text the first 128
//! bits of its BLAKE3 hash. Two texts of the same hash take 2^64 tries of somebody who may choose both. An issuer
//! who lets holders choose a text freely should know that.

mod error;
mod files;
mod issue;
pub mod predicate;
mod schema;
mod show;
#[cfg(test)]
mod tests;
mod value;

pub use error::CredentialError;
pub use files::{Credential, Issuer, Stated};
pub use issue::attributes;
pub use predicate::{Condition, Mistake, Predicate, PredicateError, Requirement};
pub use schema::{MAX_NAME_BYTES, Schema, SchemaAttribute, SchemaError};
pub use show::{Challenge, Known, MAX_SET_VALUES, Question, Showing};
pub use value::{Day, DayError, Kind, MAX_INTEGER, MAX_TEXT_BYTES, Value, ValueError};
