//! Eight lanes: AVX-512 F, DQ, BW and VL.
//!
//! Comparisons give mask registers and additions take them, so that a carry is put right by one
//! compare and one masked add.

mod words;

use core::arch::x86_64::*;

use crate::{
    goldilocks::EPSILON,
    instruction_set::InstructionSet,
    vector::{Kernel, Sealed, Vector},
};

/// Proof that the CPU has AVX-512 F, DQ, BW and VL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512Token(());

impl Sealed for Avx512Token {}

impl InstructionSet for Avx512Token {
    type Vector = Avx512;

    #[inline]
    fn detect() -> Option<Self> {
        let has = std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512vl");
        // Miri has no vector instructions, whatever the CPU it pretends to be.
        (has && !cfg!(miri)).then_some(Self(()))
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX-512.
        unsafe { run(self, kernel) }
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn run<K: Kernel>(token: Avx512Token, kernel: K) -> K::Output {
    kernel.run::<Avx512>(token)
}

/// Eight values.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Avx512(__m512i);

impl Sealed for Avx512 {}

/// `u64` as the signed type that the intrinsics take.
#[inline(always)]
const fn signed(x: u64) -> i64 {
    x as i64
}

// Every safety argument below is the same: the methods take a token, or a value that was made from
// one, and the token proves that the CPU has the instructions.
impl Vector for Avx512 {
    type Token = Avx512Token;

    const LANES: usize = 8;

    #[inline(always)]
    fn splat(_: Avx512Token, x: u64) -> Self {
        // SAFETY: the token proves AVX-512.
        Self(unsafe { _mm512_set1_epi64(signed(x)) })
    }

    #[inline(always)]
    fn splat_lo32(_: Avx512Token, x: u32) -> Self {
        // SAFETY: the token proves AVX-512.
        Self(unsafe { _mm512_set1_epi32(x.cast_signed()) })
    }

    // SAFETY: the caller vouches for eight values to read at `src`, as the trait asks.
    #[inline(always)]
    unsafe fn load_ptr(_: Avx512Token, src: *const u64) -> Self {
        // SAFETY: the token proves AVX-512; the caller vouches for eight readable values.
        Self(unsafe { _mm512_loadu_si512(src.cast()) })
    }

    // SAFETY: the caller vouches for room for eight values at `dst`, as the trait asks.
    #[inline(always)]
    unsafe fn store_ptr(self, dst: *mut u64) {
        // SAFETY: the value proves AVX-512; the caller vouches for room for eight values.
        unsafe { _mm512_storeu_si512(dst.cast(), self.0) }
    }

    #[inline(always)]
    fn load_partial(_: Avx512Token, src: &[u64]) -> Self {
        let mask = ((1u32 << src.len().min(8)) - 1) as u8;
        // SAFETY: the token proves AVX-512; only lanes inside the slice are read.
        Self(unsafe { _mm512_maskz_loadu_epi64(mask, src.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store_partial(self, dst: &mut [u64]) {
        let mask = ((1u32 << dst.len().min(8)) - 1) as u8;
        // SAFETY: the value proves AVX-512; only lanes inside the slice are written.
        unsafe { _mm512_mask_storeu_epi64(dst.as_mut_ptr().cast(), mask, self.0) }
    }

    #[inline(always)]
    fn wrapping_add(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe { _mm512_add_epi64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn wrapping_sub(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe { _mm512_sub_epi64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn and(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe { _mm512_and_si512(self.0, rhs.0) })
    }

    #[inline(always)]
    fn shl(self, k: u32) -> Self {
        // SAFETY: the value proves AVX-512.
        Self(unsafe { _mm512_sll_epi64(self.0, _mm_cvtsi32_si128(k as i32)) })
    }

    #[inline(always)]
    fn shr(self, k: u32) -> Self {
        // SAFETY: the value proves AVX-512.
        Self(unsafe { _mm512_srl_epi64(self.0, _mm_cvtsi32_si128(k as i32)) })
    }

    #[inline(always)]
    fn mul_lo32(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe { _mm512_mul_epu32(self.0, rhs.0) })
    }

    #[inline(always)]
    fn dup_hi32(self) -> Self {
        // A shuffle, to keep the shift ports free where those are fewer.
        // SAFETY: the value proves AVX-512.
        Self(unsafe { _mm512_castps_si512(_mm512_movehdup_ps(_mm512_castsi512_ps(self.0))) })
    }

    #[inline(always)]
    fn product_low(self, rhs: Self, _ll: Self, _middle: Self) -> Self {
        // One operation: the compiler makes two of a merging `vmovsldup`.
        // SAFETY: the values prove AVX-512 DQ.
        Self(unsafe { _mm512_mullo_epi64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn square_low(self, ll: Self, lh: Self) -> Self {
        // One operation for a shift and an addition.
        self.product_low(self, ll, lh)
    }

    #[inline(always)]
    fn add_epsilon_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe {
            let mask = _mm512_cmplt_epu64_mask(a.0, b.0);
            let epsilon = _mm512_set1_epi64(signed(EPSILON));
            _mm512_mask_add_epi64(self.0, mask, self.0, epsilon)
        })
    }

    #[inline(always)]
    fn sub_epsilon_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe {
            let mask = _mm512_cmplt_epu64_mask(a.0, b.0);
            let epsilon = _mm512_set1_epi64(signed(EPSILON));
            _mm512_mask_sub_epi64(self.0, mask, self.0, epsilon)
        })
    }

    #[inline(always)]
    fn add_one_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe {
            let mask = _mm512_cmplt_epu64_mask(a.0, b.0);
            _mm512_mask_add_epi64(self.0, mask, self.0, Self::one(self.token()).0)
        })
    }

    #[inline(always)]
    fn sub_one_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe {
            let mask = _mm512_cmplt_epu64_mask(a.0, b.0);
            _mm512_mask_sub_epi64(self.0, mask, self.0, Self::one(self.token()).0)
        })
    }

    #[inline(always)]
    fn min(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe { _mm512_min_epu64(self.0, rhs.0) })
    }

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn mul_plain_at(self, factor: *const u64) -> Self {
        // Both halves are loads, which cost no arithmetic.
        // SAFETY: the value proves AVX-512; the caller vouches for the factor, whose high half
        // comes last.
        let (y, y1) = unsafe {
            (
                Self(_mm512_set1_epi64(factor.cast::<i64>().read())),
                Self(_mm512_set1_epi32(factor.cast::<i32>().add(1).read())),
            )
        };
        let (low, high) = self.mul_wide_halves(y, y1);
        Self::reduce_plain(low, high)
    }

    #[inline(always)]
    fn interleave(self, rhs: Self, block: usize) -> (Self, Self) {
        let (a, b) = (self.0, rhs.0);
        // SAFETY: the values prove AVX-512.
        unsafe {
            match block {
                1 => (
                    Self(_mm512_unpacklo_epi64(a, b)),
                    Self(_mm512_unpackhi_epi64(a, b)),
                ),
                2 => {
                    let low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
                    let high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
                    (
                        Self(_mm512_permutex2var_epi64(a, low, b)),
                        Self(_mm512_permutex2var_epi64(a, high, b)),
                    )
                }
                _ => (
                    Self(_mm512_shuffle_i64x2::<0b01_00_01_00>(a, b)),
                    Self(_mm512_shuffle_i64x2::<0b11_10_11_10>(a, b)),
                ),
            }
        }
    }

    #[inline(always)]
    fn reverse(self) -> Self {
        // SAFETY: the value proves AVX-512.
        Self(unsafe { _mm512_permutexvar_epi64(_mm512_setr_epi64(7, 6, 5, 4, 3, 2, 1, 0), self.0) })
    }

    #[inline(always)]
    fn shift_in(self, next: Self) -> Self {
        // SAFETY: the values prove AVX-512.
        Self(unsafe { _mm512_alignr_epi64::<1>(next.0, self.0) })
    }

    #[inline(always)]
    fn unzip<const D: usize>(words: [Self; D]) -> [Self; D] {
        let mut planes = words;
        // SAFETY: the values prove AVX-512.
        unsafe {
            if D == 2 {
                let even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
                let odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
                planes[0].0 = _mm512_permutex2var_epi64(words[0].0, even, words[1].0);
                planes[1].0 = _mm512_permutex2var_epi64(words[0].0, odd, words[1].0);
            } else if D == 3 {
                // First what the first two vectors hold, then the rest from the third.
                let (v0, v1, v2) = (words[0].0, words[1].0, words[2].0);
                let a = _mm512_setr_epi64(0, 3, 6, 9, 12, 15, 0, 0);
                let b = _mm512_setr_epi64(1, 4, 7, 10, 13, 0, 0, 0);
                let c = _mm512_setr_epi64(2, 5, 8, 11, 14, 0, 0, 0);
                let a = _mm512_permutex2var_epi64(v0, a, v1);
                let b = _mm512_permutex2var_epi64(v0, b, v1);
                let c = _mm512_permutex2var_epi64(v0, c, v1);
                let a_rest = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 10, 13);
                let b_rest = _mm512_setr_epi64(0, 1, 2, 3, 4, 8, 11, 14);
                let c_rest = _mm512_setr_epi64(0, 1, 2, 3, 4, 9, 12, 15);
                planes[0].0 = _mm512_permutex2var_epi64(a, a_rest, v2);
                planes[1].0 = _mm512_permutex2var_epi64(b, b_rest, v2);
                planes[2].0 = _mm512_permutex2var_epi64(c, c_rest, v2);
            }
        }
        planes
    }

    #[inline(always)]
    fn zip<const D: usize>(planes: [Self; D]) -> [Self; D] {
        let mut words = planes;
        // SAFETY: the values prove AVX-512.
        unsafe {
            if D == 2 {
                let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
                let high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
                words[0].0 = _mm512_permutex2var_epi64(planes[0].0, low, planes[1].0);
                words[1].0 = _mm512_permutex2var_epi64(planes[0].0, high, planes[1].0);
            } else if D == 3 {
                // First the words of a and b, with gaps, then those of c.
                let (a, b, c) = (planes[0].0, planes[1].0, planes[2].0);
                let low = _mm512_setr_epi64(0, 8, 0, 1, 9, 0, 2, 10);
                let middle = _mm512_setr_epi64(0, 3, 11, 0, 4, 12, 0, 5);
                let high = _mm512_setr_epi64(13, 0, 6, 14, 0, 7, 15, 0);
                let low = _mm512_permutex2var_epi64(a, low, b);
                let middle = _mm512_permutex2var_epi64(a, middle, b);
                let high = _mm512_permutex2var_epi64(a, high, b);
                let low_c = _mm512_setr_epi64(0, 1, 8, 3, 4, 9, 6, 7);
                let middle_c = _mm512_setr_epi64(10, 1, 2, 11, 4, 5, 12, 7);
                let high_c = _mm512_setr_epi64(0, 13, 2, 3, 14, 5, 6, 15);
                words[0].0 = _mm512_permutex2var_epi64(low, low_c, c);
                words[1].0 = _mm512_permutex2var_epi64(middle, middle_c, c);
                words[2].0 = _mm512_permutex2var_epi64(high, high_c, c);
            }
        }
        words
    }

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn stream_ptr(self, dst: *mut u64) {
        // SAFETY: the value proves AVX-512; the caller vouches for room for eight values, aligned.
        unsafe { _mm512_stream_si512(dst.cast(), self.0) }
    }

    #[inline(always)]
    fn fence(_: Avx512Token) {
        // SAFETY: SSE is part of x86-64.
        unsafe { _mm_sfence() }
    }

    #[inline(always)]
    fn prefetch(_: Avx512Token, src: *const u64) {
        // SAFETY: SSE is part of x86-64, and a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(src.cast()) }
    }

    #[inline(always)]
    fn prefetch_far(_: Avx512Token, src: *const u64) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(src.cast()) }
    }

    #[inline(always)]
    fn token(self) -> Avx512Token {
        Avx512Token(())
    }
}
