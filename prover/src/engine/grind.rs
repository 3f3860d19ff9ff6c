//! The proof-of-work search.

use rayon::prelude::*;
use winter_crypto::RandomCoin;
use winterlane_field_simd::hashing;

use super::ProverError;
use super::coin::{BlakeSeed, TrackedCoin};

/// Nonces tried before looking whether one was found.
const ROUND: u64 = 1 << 14;

/// The smallest nonce, from 1 on, that gives `grinding_factor` trailing zero bits: the one that
/// single-threaded winterfell finds.
pub(super) fn smallest_nonce<R: RandomCoin>(
    coin: &TrackedCoin<R>,
    grinding_factor: u32,
) -> Result<u64, ProverError> {
    let good = |nonce: &u64| coin.check_leading_zeros(*nonce) >= grinding_factor;
    let found = match coin.seed() {
        Some(BlakeSeed::Blake256(seed)) => hashing::par_grind(&seed, grinding_factor, 1),
        Some(BlakeSeed::Blake192(seed)) => hashing::par_grind(&seed, grinding_factor, 1),
        None => None,
    };
    if let Some(nonce) = found.filter(good) {
        return Ok(nonce);
    }
    let mut start = 1;
    while start < u64::MAX - ROUND {
        if let Some(nonce) = (start..start + ROUND).into_par_iter().find_first(good) {
            return Ok(nonce);
        }
        start += ROUND;
    }
    Err(ProverError::NonceNotFound { grinding_factor })
}
