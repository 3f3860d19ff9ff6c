//! Four lanes on NEON.

use core::arch::aarch64::*;

use super::NeonToken;
use crate::hashing::words::{BLOCK, MAX_LANES, Words, check_reach};

const LANES: usize = 4;

impl NeonToken {
    #[inline(always)]
    fn ror<const RIGHT: i32, const LEFT: i32>(self, a: uint32x4_t) -> uint32x4_t {
        // Shift left, then shift right and insert below: the inserted bits leave the upper ones.
        // SAFETY: the token proves NEON.
        unsafe { vsriq_n_u32::<RIGHT>(vshlq_n_u32::<LEFT>(a), a) }
    }
}

impl Words for NeonToken {
    type V = uint32x4_t;
    /// All ones where true.
    type Mask = uint32x4_t;
    const LANES: usize = LANES;

    #[inline(always)]
    fn splat(self, word: u32) -> uint32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vdupq_n_u32(word) }
    }

    #[inline(always)]
    fn load(self, words: &[u32; MAX_LANES]) -> uint32x4_t {
        // SAFETY: the token proves NEON; the array has four times the vector's 16 bytes.
        unsafe { vld1q_u32(words.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: uint32x4_t, words: &mut [u32; MAX_LANES]) {
        // SAFETY: the token proves NEON; the array has four times the vector's 16 bytes.
        unsafe { vst1q_u32(words.as_mut_ptr(), v) }
    }

    #[inline(always)]
    fn add(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vaddq_u32(a, b) }
    }

    #[inline(always)]
    fn xor(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { veorq_u32(a, b) }
    }

    #[inline(always)]
    fn ror16(self, a: uint32x4_t) -> uint32x4_t {
        // Swapping the 16-bit halves is the rotation.
        // SAFETY: the token proves NEON.
        unsafe { vreinterpretq_u32_u16(vrev32q_u16(vreinterpretq_u16_u32(a))) }
    }

    #[inline(always)]
    fn ror12(self, a: uint32x4_t) -> uint32x4_t {
        self.ror::<12, 20>(a)
    }

    #[inline(always)]
    fn ror8(self, a: uint32x4_t) -> uint32x4_t {
        self.ror::<8, 24>(a)
    }

    #[inline(always)]
    fn ror7(self, a: uint32x4_t) -> uint32x4_t {
        self.ror::<7, 25>(a)
    }

    #[inline(always)]
    fn lt(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vcltq_u32(a, b) }
    }

    #[inline(always)]
    fn eq(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vceqq_u32(a, b) }
    }

    #[inline(always)]
    fn inc_if(self, mask: uint32x4_t, a: uint32x4_t) -> uint32x4_t {
        // A true lane is -1.
        // SAFETY: the token proves NEON.
        unsafe { vsubq_u32(a, mask) }
    }

    #[inline(always)]
    fn select(self, mask: uint32x4_t, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
        // SAFETY: the token proves NEON.
        unsafe { vbslq_u32(mask, a, b) }
    }

    #[inline(always)]
    fn load_block(self, bytes: &[u8], stride: usize) -> [uint32x4_t; 16] {
        check_reach(bytes, stride, LANES, BLOCK);
        let mut words = [self.splat(0); 16];
        for (quarter, words) in words.chunks_exact_mut(4).enumerate() {
            let mut rows = [self.splat(0); LANES];
            for (lane, row) in rows.iter_mut().enumerate() {
                // SAFETY: the token proves NEON; the check above bounds all four loads.
                *row = unsafe {
                    let at = bytes.as_ptr().add(lane * stride + 16 * quarter);
                    vreinterpretq_u32_u8(vld1q_u8(at))
                };
            }
            words.copy_from_slice(&transpose(self, rows));
        }
        words
    }

    #[inline(always)]
    fn store_digests(self, v: [uint32x4_t; 8], digests: &mut [[u8; 32]]) {
        let low = transpose(self, [v[0], v[1], v[2], v[3]]);
        let high = transpose(self, [v[4], v[5], v[6], v[7]]);
        for ((digest, low), high) in digests[..LANES].iter_mut().zip(low).zip(high) {
            // SAFETY: the token proves NEON; a digest has the 32 bytes of both vectors.
            unsafe {
                vst1q_u8(digest.as_mut_ptr(), vreinterpretq_u8_u32(low));
                vst1q_u8(digest.as_mut_ptr().add(16), vreinterpretq_u8_u32(high));
            }
        }
    }
}

/// Four rows of four words to four columns.
#[inline(always)]
fn transpose(_: NeonToken, rows: [uint32x4_t; 4]) -> [uint32x4_t; 4] {
    // SAFETY: the token proves NEON.
    unsafe {
        // Words 0 and 2, or 1 and 3, of two rows in turn.
        let ab_even = vreinterpretq_u64_u32(vtrn1q_u32(rows[0], rows[1]));
        let ab_odd = vreinterpretq_u64_u32(vtrn2q_u32(rows[0], rows[1]));
        let cd_even = vreinterpretq_u64_u32(vtrn1q_u32(rows[2], rows[3]));
        let cd_odd = vreinterpretq_u64_u32(vtrn2q_u32(rows[2], rows[3]));
        [
            vreinterpretq_u32_u64(vtrn1q_u64(ab_even, cd_even)),
            vreinterpretq_u32_u64(vtrn1q_u64(ab_odd, cd_odd)),
            vreinterpretq_u32_u64(vtrn2q_u64(ab_even, cd_even)),
            vreinterpretq_u32_u64(vtrn2q_u64(ab_odd, cd_odd)),
        ]
    }
}
