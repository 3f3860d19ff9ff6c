//! A STARK verifier that no bytes can crash, and that says exactly what it accepted.
//!
//! A *STARK* is a proof, from hash functions alone, that somebody knows a table of numbers that satisfies an *AIR*:
//! polynomial equations between neighbouring rows. [`verify`] takes the AIR of anybody, [`verify_statement`] all
//! that belongs to one as a [`Statement`](winterlane_air::Statement); a batch of the rollup
//! ([`verify_batch`]), a chain of batches ([`verify_chain`]) and what people prove without showing it
//! ([`verify_private`]) are such.
//!
//! # The door
//! Winterfell 0.13.1 verifies a proof that it trusts to be well formed: a length field in a proof
//! can make it allocate terabytes, a wrong option can make it panic, bytes that it does not use
//! may have any value, and some of its sums and products are wrong. This crate has a door instead: see
//! [`verify`]. What passes the door has the one shape and spelling that it can have, and every check of
//! winterfell's verifier has been made on it, in exact arithmetic.
//!
//! The crate is `no_std` with `alloc`, has no unsafe code, and does not rely on catching panics:
//! it is safe under `panic = "abort"`.
#![no_std]
// Denied and not forbidden for one signature in `door/exact.rs`: a safe body that a trait calls unsafe.
#![deny(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::cast_possible_truncation
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::cast_possible_truncation
    )
)]

extern crate alloc;

mod batch;
mod chain;
mod door;
mod error;
mod hiding;
mod options;
mod policy;
mod private;
#[cfg(feature = "serde")]
mod public_file;
mod records;
mod shape;
mod statement;
mod verify;

pub use batch::{BatchCoin, BatchHash, BatchTree, Policy, verify_batch};
pub use chain::{Batch, ChainError, ChainFault, VerifiedChain, verify_chain, verify_links};
pub use door::{BoundedOpening, OpeningError};
pub use error::{Mismatch, Reason, Section, VerifyError};
pub use options::FoundOptions;
pub use policy::{AirPolicy, DEFAULT_MAX_PROOF_BYTES};
pub use private::{
    PRIVATE_PRESETS, PrivateVerifyError, verify_answer, verify_private, verify_private_bytes,
};
#[cfg(feature = "serde")]
pub use public_file::{PublicFile, UnknownFormat};
pub use records::verify_records;
pub use shape::{MAX_LOG2_LDE_LENGTH, MAX_NUM_QUERIES, MAX_TRACE_WIDTH, PolicyError, TraceShape};
pub use statement::{
    Accepted, Chained, LinkError, Refusal, verify_links_of, verify_statement, verify_statements,
};
pub use verify::{Verified, verify};
pub use winterlane_air::batch::InputsError;
/// The presets that a [`Policy`] is made of.
pub use winterlane_air::presets;
