//! Eight lanes on AVX2.

use core::arch::x86_64::*;

use super::Avx2Token;
use crate::hashing::words::{BLOCK, MAX_LANES, Words, check_reach};

const LANES: usize = 8;

impl Avx2Token {
    #[inline(always)]
    fn ror<const RIGHT: i32, const LEFT: i32>(self, a: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(a), _mm256_slli_epi32::<LEFT>(a)) }
    }
}

impl Words for Avx2Token {
    type V = __m256i;
    /// All ones where true.
    type Mask = __m256i;
    const LANES: usize = LANES;

    #[inline(always)]
    fn splat(self, word: u32) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_set1_epi32(word.cast_signed()) }
    }

    #[inline(always)]
    fn load(self, words: &[u32; MAX_LANES]) -> __m256i {
        // SAFETY: the token proves AVX2; the array has twice the vector's 32 bytes.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, v: __m256i, words: &mut [u32; MAX_LANES]) {
        // SAFETY: the token proves AVX2; the array has twice the vector's 32 bytes.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), v) }
    }

    #[inline(always)]
    fn add(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_xor_si256(a, b) }
    }

    // Rotations by whole bytes are one shuffle instead of two shifts and an or.

    #[inline(always)]
    fn ror16(self, a: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe {
            let bytes = _mm_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2);
            _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(bytes))
        }
    }

    #[inline(always)]
    fn ror12(self, a: __m256i) -> __m256i {
        self.ror::<12, 20>(a)
    }

    #[inline(always)]
    fn ror8(self, a: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe {
            let bytes = _mm_set_epi8(12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1);
            _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(bytes))
        }
    }

    #[inline(always)]
    fn ror7(self, a: __m256i) -> __m256i {
        self.ror::<7, 25>(a)
    }

    #[inline(always)]
    fn lt(self, a: __m256i, b: __m256i) -> __m256i {
        // AVX2 compares signed words only: a < b where the larger of both is not a.
        // SAFETY: the token proves AVX2.
        unsafe {
            let not_less = _mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a);
            _mm256_xor_si256(not_less, _mm256_set1_epi32(-1))
        }
    }

    #[inline(always)]
    fn eq(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_cmpeq_epi32(a, b) }
    }

    #[inline(always)]
    fn inc_if(self, mask: __m256i, a: __m256i) -> __m256i {
        // A true lane is -1.
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_sub_epi32(a, mask) }
    }

    #[inline(always)]
    fn select(self, mask: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_blendv_epi8(b, a, mask) }
    }

    #[inline(always)]
    fn load_block(self, bytes: &[u8], stride: usize) -> [__m256i; 16] {
        check_reach(bytes, stride, LANES, BLOCK);
        let mut halves = [[self.splat(0); LANES]; 2];
        for (half, rows) in halves.iter_mut().enumerate() {
            for (lane, row) in rows.iter_mut().enumerate() {
                // SAFETY: the token proves AVX2; the check above bounds all sixteen loads.
                *row = unsafe {
                    _mm256_loadu_si256(bytes.as_ptr().add(lane * stride + 32 * half).cast())
                };
            }
        }
        join(transpose(self, halves[0]), transpose(self, halves[1]))
    }

    #[inline(always)]
    fn load_short(self, bytes: &[u8], stride: usize, words: usize) -> [__m256i; 16] {
        assert!(words <= 8);
        check_reach(bytes, stride, LANES, 8 * words);
        let mut halves = [[self.splat(0); LANES]; 2];
        for (half, rows) in halves.iter_mut().enumerate() {
            let left = words.saturating_sub(4 * half) as i64;
            for (lane, row) in rows.iter_mut().enumerate() {
                // SAFETY: the token proves AVX2; a masked load touches no byte outside the mask,
                // and the check above bounds the rest. The pointer of a half without a single
                // word may lie past the end, hence `wrapping_add`.
                *row = unsafe {
                    let index = _mm256_set_epi64x(3, 2, 1, 0);
                    let mask = _mm256_cmpgt_epi64(_mm256_set1_epi64x(left), index);
                    let at = bytes.as_ptr().wrapping_add(lane * stride + 32 * half);
                    _mm256_maskload_epi64(at.cast(), mask)
                };
            }
        }
        join(transpose(self, halves[0]), transpose(self, halves[1]))
    }

    #[inline(always)]
    fn prefetch(self, at: *const u8) {
        // SAFETY: a prefetch may be given any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    fn store_digests(self, v: [__m256i; 8], digests: &mut [[u8; 32]]) {
        for (digest, row) in digests[..LANES].iter_mut().zip(transpose(self, v)) {
            // SAFETY: the token proves AVX2; a digest has the vector's 32 bytes.
            unsafe { _mm256_storeu_si256(digest.as_mut_ptr().cast(), row) }
        }
    }
}

#[inline(always)]
fn join(low: [__m256i; 8], high: [__m256i; 8]) -> [__m256i; 16] {
    let mut all = [low[0]; 16];
    all[..8].copy_from_slice(&low);
    all[8..].copy_from_slice(&high);
    all
}

/// Transposes the 4 x 4 words of both 128-bit halves.
#[inline(always)]
fn halves(_: Avx2Token, v: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: the token proves AVX2.
    unsafe {
        let ab_low = _mm256_unpacklo_epi32(v[0], v[1]);
        let ab_high = _mm256_unpackhi_epi32(v[0], v[1]);
        let cd_low = _mm256_unpacklo_epi32(v[2], v[3]);
        let cd_high = _mm256_unpackhi_epi32(v[2], v[3]);
        [
            _mm256_unpacklo_epi64(ab_low, cd_low),
            _mm256_unpackhi_epi64(ab_low, cd_low),
            _mm256_unpacklo_epi64(ab_high, cd_high),
            _mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// Eight rows of eight words to eight columns.
#[inline(always)]
fn transpose(token: Avx2Token, rows: [__m256i; 8]) -> [__m256i; 8] {
    let near = halves(token, [rows[0], rows[1], rows[2], rows[3]]);
    let far = halves(token, [rows[4], rows[5], rows[6], rows[7]]);
    let mut columns = rows;
    for i in 0..4 {
        // SAFETY: the token proves AVX2.
        unsafe {
            columns[i] = _mm256_permute2x128_si256::<0x20>(near[i], far[i]);
            columns[4 + i] = _mm256_permute2x128_si256::<0x31>(near[i], far[i]);
        }
    }
    columns
}
