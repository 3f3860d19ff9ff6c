//! Sixteen lanes on AVX-512.

use core::arch::x86_64::*;

use super::Avx512Token;
use crate::hashing::words::{BLOCK, MAX_LANES, Words, check_reach};

const LANES: usize = 16;

impl Words for Avx512Token {
    type V = __m512i;
    type Mask = __mmask16;
    const LANES: usize = LANES;

    #[inline(always)]
    fn splat(self, word: u32) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_set1_epi32(word.cast_signed()) }
    }

    #[inline(always)]
    fn load(self, words: &[u32; MAX_LANES]) -> __m512i {
        // SAFETY: the token proves AVX-512 F; the array has the vector's 64 bytes.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, v: __m512i, words: &mut [u32; MAX_LANES]) {
        // SAFETY: the token proves AVX-512 F; the array has the vector's 64 bytes.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), v) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_xor_si512(a, b) }
    }

    #[inline(always)]
    fn ror16(self, a: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_ror_epi32::<16>(a) }
    }

    #[inline(always)]
    fn ror12(self, a: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_ror_epi32::<12>(a) }
    }

    #[inline(always)]
    fn ror8(self, a: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_ror_epi32::<8>(a) }
    }

    #[inline(always)]
    fn ror7(self, a: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_ror_epi32::<7>(a) }
    }

    #[inline(always)]
    fn lt(self, a: __m512i, b: __m512i) -> __mmask16 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_cmplt_epu32_mask(a, b) }
    }

    #[inline(always)]
    fn eq(self, a: __m512i, b: __m512i) -> __mmask16 {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_cmpeq_epi32_mask(a, b) }
    }

    #[inline(always)]
    fn inc_if(self, mask: __mmask16, a: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_mask_add_epi32(a, mask, a, _mm512_set1_epi32(1)) }
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the token proves AVX-512 F.
        unsafe { _mm512_mask_blend_epi32(mask, b, a) }
    }

    #[inline(always)]
    fn load_block(self, bytes: &[u8], stride: usize) -> [__m512i; 16] {
        check_reach(bytes, stride, LANES, BLOCK);
        let mut rows = [self.splat(0); 16];
        for (lane, row) in rows.iter_mut().enumerate() {
            // SAFETY: the token proves AVX-512 F; the check above bounds all sixteen loads.
            *row = unsafe { _mm512_loadu_si512(bytes.as_ptr().add(lane * stride).cast()) };
        }
        transpose(self, rows)
    }

    #[inline(always)]
    fn load_short(self, bytes: &[u8], stride: usize, words: usize) -> [__m512i; 16] {
        assert!(words <= 8);
        check_reach(bytes, stride, LANES, 8 * words);
        let mask = ((1_u32 << words) - 1) as __mmask8;
        let mut rows = [self.splat(0); 16];
        for (lane, row) in rows.iter_mut().enumerate() {
            // SAFETY: the token proves AVX-512 F; a masked load touches no byte outside the mask,
            // and the check above bounds the rest.
            *row =
                unsafe { _mm512_maskz_loadu_epi64(mask, bytes.as_ptr().add(lane * stride).cast()) };
        }
        transpose(self, rows)
    }

    #[inline(always)]
    fn prefetch(self, at: *const u8) {
        // SAFETY: a prefetch may be given any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    fn store_digests(self, v: [__m512i; 8], digests: &mut [[u8; 32]]) {
        let digests = &mut digests[..LANES];
        // Now vector i of `low` has words 0 to 3 of messages i, 4 + i, 8 + i and 12 + i in its
        // four quarters, and `high` words 4 to 7.
        let low = quarters(self, [v[0], v[1], v[2], v[3]]);
        let high = quarters(self, [v[4], v[5], v[6], v[7]]);
        for i in 0..4 {
            // SAFETY: the token proves AVX-512 F; each store writes the 32 bytes of one digest,
            // and the slice has sixteen.
            unsafe {
                let near = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
                let far = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
                let a = _mm512_permutex2var_epi64(low[i], near, high[i]);
                let b = _mm512_permutex2var_epi64(low[i], far, high[i]);
                let to = digests.as_mut_ptr().cast::<__m256i>();
                _mm256_storeu_si256(to.add(i), _mm512_castsi512_si256(a));
                _mm256_storeu_si256(to.add(4 + i), _mm512_extracti64x4_epi64::<1>(a));
                _mm256_storeu_si256(to.add(8 + i), _mm512_castsi512_si256(b));
                _mm256_storeu_si256(to.add(12 + i), _mm512_extracti64x4_epi64::<1>(b));
            }
        }
    }
}

/// Transposes the 4 x 4 words of every 128-bit quarter.
#[inline(always)]
fn quarters(_: Avx512Token, v: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: the token proves AVX-512 F.
    unsafe {
        let ab_low = _mm512_unpacklo_epi32(v[0], v[1]);
        let ab_high = _mm512_unpackhi_epi32(v[0], v[1]);
        let cd_low = _mm512_unpacklo_epi32(v[2], v[3]);
        let cd_high = _mm512_unpackhi_epi32(v[2], v[3]);
        [
            _mm512_unpacklo_epi64(ab_low, cd_low),
            _mm512_unpackhi_epi64(ab_low, cd_low),
            _mm512_unpacklo_epi64(ab_high, cd_high),
            _mm512_unpackhi_epi64(ab_high, cd_high),
        ]
    }
}

/// Sixteen rows of sixteen words to sixteen columns.
#[inline(always)]
fn transpose(token: Avx512Token, rows: [__m512i; 16]) -> [__m512i; 16] {
    // q[g][i], quarter k: word 4k + i of rows 4g to 4g + 3.
    let q = [
        quarters(token, [rows[0], rows[1], rows[2], rows[3]]),
        quarters(token, [rows[4], rows[5], rows[6], rows[7]]),
        quarters(token, [rows[8], rows[9], rows[10], rows[11]]),
        quarters(token, [rows[12], rows[13], rows[14], rows[15]]),
    ];
    let mut columns = [token.splat(0); 16];
    for i in 0..4 {
        // A 4 x 4 transpose of the quarters: k becomes the column's group, g its quarter.
        // SAFETY: the token proves AVX-512 F.
        unsafe {
            let low01 = _mm512_shuffle_i32x4::<0x44>(q[0][i], q[1][i]);
            let high01 = _mm512_shuffle_i32x4::<0xee>(q[0][i], q[1][i]);
            let low23 = _mm512_shuffle_i32x4::<0x44>(q[2][i], q[3][i]);
            let high23 = _mm512_shuffle_i32x4::<0xee>(q[2][i], q[3][i]);
            columns[i] = _mm512_shuffle_i32x4::<0x88>(low01, low23);
            columns[4 + i] = _mm512_shuffle_i32x4::<0xdd>(low01, low23);
            columns[8 + i] = _mm512_shuffle_i32x4::<0x88>(high01, high23);
            columns[12 + i] = _mm512_shuffle_i32x4::<0xdd>(high01, high23);
        }
    }
    columns
}
