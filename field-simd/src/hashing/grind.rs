//! Proof of work: the nonce search of winter-crypto's `DefaultRandomCoin`, many nonces at once.

use core::ops::Range;

#[cfg(feature = "parallel")]
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{
    assert_digest_size,
    compress::{CHUNK_END, CHUNK_START, Parameters, ROOT, compress, count_from, initial},
    words::{MAX_LANES, Words},
};
use crate::{Backend, Kernel, Vector, dispatch};

/// The fewest and the most nonces that a task of a parallel search tries: enough for the lanes of a vector, few
/// enough to look soon whether somebody has found one.
#[cfg(feature = "parallel")]
const TASK: (u64, u64) = (64, 1 << 13);

/// The smallest nonce from `from` up (`u64::MAX` excluded, as in winterfell) for which
/// `DefaultRandomCoin::check_leading_zeros` of a coin with this seed is at least `bits`.
///
/// That is: the first 8 bytes of `merge_with_int(seed, nonce)`, as a little-endian integer, end
/// in at least `bits` zeros. A seed of 32 bytes means `Blake3_256`, one of 24 `Blake3_192`.
/// Winterfell's prover starts from 1. `None` if no such nonce exists, which for `bits` over 64 is
/// known at once and otherwise after an impossibly long search.
pub fn grind<const N: usize>(seed: &[u8; N], bits: u32, from: u64) -> Option<u64> {
    search(
        Backend::current(),
        GrindJob::new(seed, bits)?,
        from,
        u64::MAX,
    )
}

/// [`grind`] of some nonces: the smallest of them that will do, if one does.
pub fn grind_range<const N: usize>(seed: &[u8; N], bits: u32, nonces: Range<u64>) -> Option<u64> {
    let job = GrindJob::new(seed, bits)?;
    search(Backend::current(), job, nonces.start, nonces.end)
}

/// [`grind`] on the threads of the current rayon pool; the same nonce.
#[cfg(feature = "parallel")]
pub fn par_grind<const N: usize>(seed: &[u8; N], bits: u32, from: u64) -> Option<u64> {
    let job = GrindJob::new(seed, bits)?;
    let backend = Backend::current();
    par_first(from, bits, &|nonces| {
        search(backend, job, nonces.start, nonces.end)
    })
}

/// The smallest good number from `from` up (`u64::MAX` excluded), on the threads of the current rayon pool. `first`
/// gives the smallest good number of a range; about one in `2^bits` is good.
///
/// Each thread takes the next range when it is done with its last one. Nobody waits for the others but at the end:
/// rounds of ranges would have all threads woken again and again.
///
/// ```
/// use winterlane_field_simd::hashing::par_first;
///
/// let multiple_of_1001 = |range: core::ops::Range<u64>| range.into_iter().find(|n| n % 1001 == 0);
/// assert_eq!(par_first(1, 10, &multiple_of_1001), Some(1001));
/// assert_eq!(par_first(u64::MAX - 5, 10, &|_| None), None);
/// ```
#[cfg(feature = "parallel")]
pub fn par_first(
    from: u64,
    bits: u32,
    first: &(dyn Fn(Range<u64>) -> Option<u64> + Sync),
) -> Option<u64> {
    let threads = rayon::current_num_threads() as u64;
    // So many are tried until one is good, give or take.
    let tries = 1_u64.checked_shl(bits).unwrap_or(u64::MAX);
    let size = (tries / (4 * threads)).clamp(TASK.0, TASK.1);
    let (next, best) = (AtomicU64::new(from), AtomicU64::new(u64::MAX));
    let take = || {
        let below = |start| (start < best.load(Relaxed)).then(|| u64::saturating_add(start, size));
        next.fetch_update(Relaxed, Relaxed, below).ok()
    };
    let work = || {
        while let Some(start) = take() {
            if let Some(found) = first(start..start.saturating_add(size)) {
                // What is below is with those who took it.
                best.fetch_min(found, Relaxed);
                return;
            }
        }
    };
    rayon::scope(|scope| {
        for _ in 0..threads.min(tries.div_ceil(size)) {
            scope.spawn(|_| work());
        }
    });
    Some(best.into_inner()).filter(|&found| found < u64::MAX)
}

/// The one instance of the kernels: not generic, so that it is compiled here and only once.
fn search(backend: Backend, job: GrindJob, from: u64, end: u64) -> Option<u64> {
    dispatch(backend, GrindJob { from, end, ..job })
}

/// A search of `from..end`.
#[derive(Clone, Copy)]
struct GrindJob {
    /// The seed's words, then zeros.
    seed: [u32; 8],
    seed_words: usize,
    bits: u32,
    from: u64,
    end: u64,
}

impl GrindJob {
    fn new<const N: usize>(seed: &[u8; N], bits: u32) -> Option<Self> {
        assert_digest_size::<N>();
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(seed.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        (bits <= 64).then_some(Self {
            seed: words,
            seed_words: N / 4,
            bits,
            from: 0,
            end: 0,
        })
    }
}

impl Kernel for GrindJob {
    type Output = Option<u64>;

    #[inline(always)]
    fn run<V: Vector>(self, w: V::Token) -> Option<u64> {
        let Self {
            seed,
            seed_words,
            bits,
            mut from,
            end,
        } = self;
        let lanes = <V::Token as Words>::LANES;
        let mask = u64::MAX.checked_shr(64 - bits).unwrap_or(0);
        let (mask_low, mask_high) = (mask as u32, (mask >> 32) as u32);
        let flags = CHUNK_START | CHUNK_END | ROOT;
        let parameters = Parameters {
            counter: 0,
            len: 4 * seed_words as u32 + 8,
            flags,
        };
        // The last six words are zero for both seed lengths, and known to be when this is
        // compiled, so that their additions vanish.
        let mut m = [w.splat(0); 16];
        for (m, word) in m.iter_mut().zip(seed) {
            *m = w.splat(word);
        }
        while from < end {
            let [low, high] = count_from(w, from);
            if seed_words == 8 {
                [m[8], m[9]] = [low, high];
            } else {
                [m[6], m[7]] = [low, high];
            }
            let digest = compress(w, initial(w), &m, parameters);
            let (mut low, mut high) = ([0; MAX_LANES], [0; MAX_LANES]);
            w.store(digest[0], &mut low);
            w.store(digest[1], &mut high);
            let hit = |i: &usize| (low[*i] & mask_low) | (high[*i] & mask_high) == 0;
            if let Some(lane) = (0..lanes).find(hit) {
                return from.checked_add(lane as u64).filter(|&nonce| nonce < end);
            }
            from = from.saturating_add(lanes as u64);
        }
        None
    }
}
