//! The proof-of-work search.

use core::ops::Range;

use rayon::prelude::*;

use super::ProverError;

/// The fewest and the most nonces that one task tries: enough for the lanes of a vector, few enough to look
/// soon whether somebody has found one.
const TASK: (u64, u64) = (64, 1 << 13);

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
    let threads = rayon::current_num_threads() as u64;
    // So many are tried until one is good, give or take.
    let tries = 1_u64.checked_shl(grinding_factor).unwrap_or(u64::MAX);
    let size = (tries / (4 * threads)).clamp(TASK.0, TASK.1);
    // Two tasks a thread keep the threads busy and waste little beyond the first hit.
    let tasks = (2 * threads).min(tries.div_ceil(size));
    let mut start = 1_u64;
    while start < u64::MAX - tasks * size {
        let starts = (0..tasks).into_par_iter().map(|task| start + task * size);
        let found = starts.find_map_first(|first| first_good(first..first + size));
        if found.is_some() {
            return found;
        }
        start += tasks * size;
    }
    None
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
