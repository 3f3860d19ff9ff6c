//! The proof-of-work search.

use rayon::prelude::*;
use winter_crypto::RandomCoin;

use super::ProverError;

/// Nonces tried before looking whether one was found.
const ROUND: u64 = 1 << 14;

/// The smallest nonce, from 1 on, that gives `grinding_factor` trailing zero bits: the one that
/// single-threaded winterfell finds.
pub(super) fn smallest_nonce<R: RandomCoin>(
    coin: &R,
    grinding_factor: u32,
) -> Result<u64, ProverError> {
    let found = |nonce: &u64| coin.check_leading_zeros(*nonce) >= grinding_factor;
    // A few tries in line spare small factors the cost of a parallel round.
    if let Some(nonce) = (1..=16).find(found) {
        return Ok(nonce);
    }
    let mut start = 17;
    while start < u64::MAX - ROUND {
        if let Some(nonce) = (start..start + ROUND).into_par_iter().find_first(found) {
            return Ok(nonce);
        }
        start += ROUND;
    }
    Err(ProverError::NonceNotFound { grinding_factor })
}
