//! Credentials: what an issuer says of a person or a thing, proven in part and shown to nobody.

pub mod predicate;
mod value;

pub use predicate::{Condition, Mistake, Predicate, PredicateError, Requirement};
pub use value::{Day, DayError, Kind, MAX_INTEGER, MAX_TEXT_BYTES, Value, ValueError};
