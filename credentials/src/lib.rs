//! What issuers, holders and verifiers of credentials say to one another, without secrets and without proofs.
//!
//! | who | says |
//! |---|---|
//! | the *issuer* | publishes a [`Schema`] and its keys ([`Issuer`]), signs attributes for a holder ([`Credential`]) |
//! | the *verifier* | asks ([`Challenge::new`]), and checks that a proof answers its own question ([`Challenge::question`]) |
//! | the *holder* | answers ([`Challenge::answer`]): public inputs and the witness, from which a prover makes the proof |
//!
//! A proof shows that an issuer's credential, which the prover holds, satisfies a [`Predicate`]. It shows
//! neither the values nor which credential it is. The challenge, drawn for this one question, and an expiry
//! keep a proof from being shown twice or to another verifier.
//!
//! *Values* are numbers in the proof: an integer is shifted by 2^53, a date is its day, a text the first 128
//! bits of its BLAKE3 hash. Two texts of the same hash take 2^64 tries of somebody who may choose both. An issuer
//! who lets holders choose a text freely should know that.
//!
//! A verifier asks about the balance of an account of the rollup in the same way ([`BalanceChallenge`]).
//!
//! The crate needs `alloc` alone: a browser asks and checks with the code that the command has.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
// The clock, and tests.
#[cfg(any(feature = "std", test))]
extern crate std;

mod balance;
mod challenge;
mod code;
pub mod derive;
mod error;
mod files;
pub mod predicate;
mod schema;
mod value;

pub use balance::{AskedBalance, BalanceChallenge, BalanceChallengeError};
pub use challenge::{Challenge, Known, MAX_SET_VALUES, Question, Showing, verifier_digest};
pub use code::Code;
pub use error::CredentialError;
pub use files::{Credential, Issuer, Stated};
pub use predicate::{Condition, Mistake, Predicate, PredicateError, Requirement};
pub use schema::{MAX_NAME_BYTES, Schema, SchemaAttribute, SchemaError};
pub use value::{Day, DayError, Kind, MAX_INTEGER, MAX_TEXT_BYTES, Value, ValueError};
