//! The statements of Winterlane as AIRs (algebraic intermediate representations), and their presets.
//!
//! An *AIR* says by polynomial equations between neighbouring rows of a table, the *trace*, what a valid computation
//! is. A *preset* is a named set of proof options with a level of security.
//!
//! | module | what it holds |
//! |---|---|
//! | [`batch`] | one batch of the rollup: columns, schedule, constraints, winterfell's `Air` |
//! | [`private`] | private statements: what people prove without showing it |
//! | [`hiding`] | zero knowledge for any AIR: its statement, in proofs that hide the witness |
//! | [`groups`] | how constraints are declared: once, beside their functions |
//! | [`limits`] | what winterfell can verify |
//! | [`statement`] | a statement as one thing, for prover, verifier and chains |
//! | [`presets`] | proof options by name and level of security |
//!
//! What the statements are about (accounts, signatures, records, public inputs) is in `winterlane-ledger`.
//!
//! The crate is `no_std` and knows nothing of threads, vectors or provers.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod arithmetic;
pub mod batch;
pub mod groups;
pub mod hiding;
pub mod limits;
mod permutation;
pub mod presets;
pub mod private;
pub mod statement;

pub use batch::{BatchAir, BatchStatement};
pub use hiding::{Hiding, HidingError, HidingParameters};
pub use private::{PrivateAir, PrivateStatement};
pub use statement::Statement;
