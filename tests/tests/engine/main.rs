//! The engine: the same proofs as winterfell's, the same refusals, within its memory.

mod columns;
mod errors;
mod hiding;
mod identity;
mod memory;
mod peculiar;
mod sizes;
