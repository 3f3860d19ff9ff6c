//! Private statements on traces and in proofs.

mod cells;
mod completeness;
mod forged;
mod proofs;
mod world;
