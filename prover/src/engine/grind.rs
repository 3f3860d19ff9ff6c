//! The proof-of-work search.

use core::ops::Range;

use winterlane_field_simd::hashing::par_first;

use super::ProverError;

/// The smallest nonce, from 1 on, that gives `grinding_factor` trailing zero bits: the one that
/// single-threaded winterfell finds.
///
/// `first_good` asks the caller's coin for the first such nonce of a range. If one was `found` already, it is
/// only asked whether it agrees.
pub(super) fn smallest_nonce(
    found: Option<u64>,
    grinding_factor: u32,
    first_good: &(dyn Fn(Range<u64>) -> Option<u64> + Sync),
) -> Result<u64, ProverError> {
    found
        .and_then(|nonce| first_good(nonce..nonce + 1))
        .or_else(|| search(grinding_factor, first_good))
        .ok_or(ProverError::NonceNotFound { grinding_factor })
}

/// The first nonce, from 1 on, that `first_good` finds in ranges of them, on all threads.
pub(super) fn search(
    grinding_factor: u32,
    first_good: &(dyn Fn(Range<u64>) -> Option<u64> + Sync),
) -> Option<u64> {
    par_first(1, grinding_factor, first_good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_all_ranges() {
        for good in [1, 2, 63, 64, 65, 1000, 70_000] {
            for factor in [0, 1, 6, 12, 20] {
                let in_range = |nonces: Range<u64>| nonces.into_iter().find(|&n| n >= good);
                assert_eq!(search(factor, &in_range), Some(good), "{factor}");
                assert_eq!(smallest_nonce(None, factor, &in_range), Ok(good));
            }
        }
        // What somebody found is taken if the coin agrees, and looked for otherwise.
        let only = |nonces: Range<u64>| nonces.into_iter().find(|&n| n == 7);
        assert_eq!(smallest_nonce(Some(7), 3, &only), Ok(7));
        assert_eq!(smallest_nonce(Some(5), 3, &only), Ok(7));
    }
}
