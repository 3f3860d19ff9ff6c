//! A model of a hiding proof, small enough to count everything.
//!
//! The field has 97 elements (or 17, with its quadratic extension), the trace 16 rows, and the statement
//! two witnesses. [`Protocol`] says what a proof opens, as plain polynomial arithmetic that shares no line
//! with the prover; [`exact`] runs over *all* random tails, takes views modulo what the veil adds, and
//! compares the two distributions count by count. Whatever is left out of the construction is a switch of
//! [`Design`].

pub mod exact;
pub mod field;
pub mod poly;
pub mod protocol;

pub use self::exact::{Distance, distance, relations};
pub use self::field::Toy;
pub use self::protocol::{Challenges, Design, Protocol, Tail};
