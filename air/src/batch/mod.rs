//! The statement of one batch: the ledger's rules as constraints on a trace.
//!
//! | module | what it holds |
//! |---|---|
//! | [`columns`], [`schedule`] | the trace: its columns, and what each row of a block does |
//! | [`constraints`] | the constraints in groups |
//! | [`BatchAir`] | winterfell's `Air` over them |
//! | [`BatchStatement`] | the batch as a [`Statement`](crate::statement::Statement) |
//!
//! `docs/constraints.md` beside this crate's sources lists every column, constraint and free cell.

mod air;
pub mod columns;
pub mod constraints;
pub mod schedule;
mod statement;

pub use air::{BatchAir, NUM_ASSERTIONS, constraint_degrees};
pub use statement::{BatchStatement, InputsError};
