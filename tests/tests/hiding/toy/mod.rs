//! A model of a hiding proof, small enough to count everything.
//!
//! The field has 97 elements (or 17, with its quadratic extension), the trace 16 rows, and the statement
//! two witnesses. [`Protocol`] says what a proof opens, as plain polynomial arithmetic that shares no line
//! with the prover; [`exact`] runs over *all* random tails, takes views modulo what the veil adds, and
//! compares the two distributions count by count. Whatever is left out of the construction is a switch of
//! [`Design`].

pub(crate) mod exact;
pub(crate) mod field;
pub(crate) mod poly;
pub(crate) mod protocol;

pub(crate) use self::exact::{Distance, distance};
pub(crate) use self::protocol::{Design, Protocol, Tail};
