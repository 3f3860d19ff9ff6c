//! Why a credential is not shown or not accepted.

use alloc::{string::String, vec::Vec};

use thiserror::Error;

use crate::{Day, Kind, MAX_SET_VALUES, PredicateError, Requirement};

/// Why a credential is not shown or not accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The predicate has a mistake.
    #[error("the predicate: {0}")]
    Predicate(#[from] PredicateError),
    /// The predicate names an attribute that these credentials do not have.
    #[error("the issuer's credentials have no {name:?}; they have {}", .known.join(", "))]
    UnknownAttribute {
        /// The attribute.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The predicate compares an attribute with another kind of value.
    #[error("{name} is {kind}, and the predicate compares it with {found}")]
    WrongKind {
        /// The attribute.
        name: String,
        /// Its kind.
        kind: Kind,
        /// The kind of the value.
        found: Kind,
    },
    /// A set that the predicate names is not there.
    #[error("the set {name:?} is not there")]
    NoSet {
        /// Its name.
        name: String,
    },
    /// A set is empty or too large.
    #[error("the set {name:?} has {count} values: 1 to {MAX_SET_VALUES} are possible")]
    SetSize {
        /// Its name.
        name: String,
        /// How many values it has.
        count: usize,
    },
    /// A file is not what was signed or written.
    #[error("the credential or challenge is damaged or of another version: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
    /// A day before 1970 where none can be.
    #[error("the day is before 1970")]
    LastDay,
    /// The credential is of another issuer.
    #[error("the credential is of {found:?}, and one of {wanted:?} is asked for")]
    OtherIssuer {
        /// Whose it is.
        found: String,
        /// Whose is asked for.
        wanted: String,
    },
    /// The credential is of another schema.
    #[error(
        "the credential's schema is {found:?}, and {wanted:?} is asked for, or of another version"
    )]
    OtherSchema {
        /// The credential's.
        found: String,
        /// What is asked for.
        wanted: String,
    },
    /// The issuer did not publish the credential's key or schema.
    #[error(
        "the issuer did not publish the key that signed this credential, or has another schema: get the issuer's \
         file again, from where others get it; if it still has not got them, a proof would tell who you are"
    )]
    Marked,
    /// The wallet is not the holder's.
    #[error(
        "the credential belongs to another holder: use the wallet whose holder key the issuer got"
    )]
    OtherHolder,
    /// Too late for the credential.
    #[error("the credential was valid until {last_day}, and this is {today}: get a new one")]
    Expired {
        /// The last day.
        last_day: Day,
        /// The day of the question or the holder's, whichever is later.
        today: Day,
    },
    /// The challenge has revoked credentials that the issuer did not publish.
    #[error(
        "the challenge names revoked credentials that the issuer did not publish: get the issuer's file from the \
         issuer again; if it still has not got them, the verifier is finding out the number of your credential"
    )]
    MadeUpRevocation,
    /// The challenge asks about a day to come.
    #[error(
        "the challenge asks for a credential that is valid on {asked}, and today is {today}: such a question \
         finds out how long yours is valid"
    )]
    FutureDay {
        /// The day of the question.
        asked: Day,
        /// Today.
        today: Day,
    },
    /// The credential is revoked.
    #[error("the issuer has revoked this credential")]
    Revoked,
    /// The credential does not say so.
    #[error(
        "the credential {}: {requirement}",
        if *.missing { "says nothing about this" } else { "does not satisfy this" }
    )]
    NotSatisfied {
        /// What does not hold.
        requirement: Requirement,
        /// Whether the attribute is missing.
        missing: bool,
    },
}
