//! Memory that stays with the process between proofs.
//!
//! The first touch of fresh memory takes a system longer than most of what a proof then does with it. So the engine
//! keeps its buffers for the next proof, from 16 KiB on, trees of BLAKE3's digests among them: up to [`DEFAULT_LIMIT`] bytes,
//! unless it is told otherwise. Small ones share pages of 2 MiB; a page is given back when no buffer is in it.
//!
//! - A program that proves now and then calls [`release`] after a proof, and has the memory for itself.
//! - A program that only proves calls [`keep_what_there_is`] at its start: a proof that needs more than the limit
//!   otherwise gives back at its end what the next one takes again.
//!
//! ```
//! use winterlane_prover::memory;
//!
//! memory::keep_at_most(1 << 30);
//! // .. proofs ..
//! let bytes = memory::release();
//! println!("{bytes} bytes given back, {} still kept", memory::kept());
//! ```

use winterlane_field_simd::{pool_limit, pooled_bytes, release_pool, set_pool_limit};

use crate::engine::EngineOptions;

/// Bytes that are kept at most unless the program says otherwise.
pub const DEFAULT_LIMIT: u64 = 2 << 30;

/// Keeps `bytes` at most from now on, for the whole process; what is kept beyond that is given back at once.
pub fn keep_at_most(bytes: u64) {
    set_pool_limit(usize::try_from(bytes).unwrap_or(usize::MAX));
}

/// Keeps as much as the system has for this process, and no less than before: the memory of the machine and of the
/// control groups of the process that is available now, and what is kept already. Gives the new limit in bytes.
///
/// Where the system does not say what it has (elsewhere than on Linux), the limit stays. Memory that is kept
/// counts as used: nobody else on the machine can have it.
pub fn keep_what_there_is() -> u64 {
    let available = EngineOptions::default().system().available().memory;
    let limit = available.map_or(0, |bytes| bytes.saturating_add(kept()));
    let limit = limit.max(pool_limit() as u64);
    keep_at_most(limit);
    limit
}

/// Gives all kept memory back to the system; the limit stays. Gives the number of bytes.
pub fn release() -> u64 {
    release_pool() as u64
}

/// Bytes that are kept now.
#[must_use]
pub fn kept() -> u64 {
    pooled_bytes() as u64
}
