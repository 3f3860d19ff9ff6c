//! The proof-of-work search.

use core::ops::Range;

use rayon::prelude::*;
use winterlane_field_simd::hashing;

use super::ProverError;
use super::coin::BlakeSeed;

/// Nonces that one task tries.
const TASK: u64 = 1 << 8;

/// Tasks before looking whether a nonce was found.
const ROUND: u64 = 1 << 6;

/// The smallest nonce, from 1 on, that gives `grinding_factor` trailing zero bits: the one that
/// single-threaded winterfell finds.
///
/// `first_good` asks the caller's coin for the first such nonce of a range. Where the coin's seed is
/// known, it is only asked whether it agrees.
pub(super) fn smallest_nonce(
    seed: Option<BlakeSeed>,
    grinding_factor: u32,
    first_good: &(dyn Fn(Range<u64>) -> Option<u64> + Sync),
) -> Result<u64, ProverError> {
    let found = match seed {
        Some(BlakeSeed::Blake256(seed)) => hashing::par_grind(&seed, grinding_factor, 1),
        Some(BlakeSeed::Blake192(seed)) => hashing::par_grind(&seed, grinding_factor, 1),
        None => None,
    };
    if let Some(nonce) = found.and_then(|nonce| first_good(nonce..nonce + 1)) {
        return Ok(nonce);
    }
    let mut start = 1;
    while start < u64::MAX - ROUND * TASK {
        let tasks = (0..ROUND).into_par_iter().map(|task| start + task * TASK);
        if let Some(nonce) = tasks.find_map_first(|first| first_good(first..first + TASK)) {
            return Ok(nonce);
        }
        start += ROUND * TASK;
    }
    Err(ProverError::NonceNotFound { grinding_factor })
}
