//! Private statements on traces and in proofs.

mod alone;
mod cells;
mod completeness;
mod false_credentials;
mod forged;
mod people;
mod proofs;
mod secrets;
mod world;
