//! Proof of work: the nonce search of winter-crypto's `DefaultRandomCoin`, many nonces at once.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::{
    assert_digest_size,
    compress::{CHUNK_END, CHUNK_START, Parameters, ROOT, compress, count_from, initial},
    words::{MAX_LANES, Words},
};
use crate::{Backend, Kernel, Vector, dispatch};

/// Nonces searched by a task of [`par_grind`].
#[cfg(feature = "parallel")]
const TASK: u64 = 1 << 13;

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

/// [`grind`] on the threads of the current rayon pool; the same nonce.
#[cfg(feature = "parallel")]
pub fn par_grind<const N: usize>(seed: &[u8; N], bits: u32, mut from: u64) -> Option<u64> {
    let job = GrindJob::new(seed, bits)?;
    let backend = Backend::current();
    // Two tasks a thread keep the threads busy and waste little beyond the first hit.
    let tasks = 2 * rayon::current_num_threads() as u64;
    while from < u64::MAX {
        let end = from.saturating_add(tasks * TASK);
        let found = (0..tasks).into_par_iter().find_map_first(|task| {
            let from = from.saturating_add(task * TASK);
            search(backend, job, from, from.saturating_add(TASK))
        });
        if found.is_some() {
            return found;
        }
        from = end;
    }
    None
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
