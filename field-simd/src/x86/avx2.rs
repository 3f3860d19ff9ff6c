//! Four lanes: AVX2.
//!
//! AVX2 compares signed values only. Unsigned comparisons flip the sign bits first; a pair of
//! flips between two operations cancels when they are inlined into one another.

mod words;

use core::arch::x86_64::*;

use crate::{
    goldilocks::EPSILON,
    instruction_set::InstructionSet,
    vector::{Kernel, Sealed, Vector},
};

/// Proof that the CPU has AVX2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2Token(());

impl Sealed for Avx2Token {}

impl InstructionSet for Avx2Token {
    type Vector = Avx2;

    #[inline]
    fn detect() -> Option<Self> {
        // Miri has no vector instructions, whatever the CPU it pretends to be.
        (std::arch::is_x86_feature_detected!("avx2") && !cfg!(miri)).then_some(Self(()))
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves AVX2.
        unsafe { run(self, kernel) }
    }
}

#[inline(never)]
#[target_feature(enable = "avx2")]
fn run<K: Kernel>(token: Avx2Token, kernel: K) -> K::Output {
    kernel.run::<Avx2>(token)
}

/// Four values.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Avx2(__m256i);

impl Sealed for Avx2 {}

impl Avx2 {
    /// The value plus `2^63` modulo `2^64`: unsigned order becomes signed order.
    #[inline(always)]
    fn flip(self) -> __m256i {
        // SAFETY: the value proves AVX2.
        unsafe { _mm256_xor_si256(self.0, _mm256_set1_epi64x(i64::MIN)) }
    }

    /// All ones in the lanes where `a < b` (unsigned), otherwise zeros.
    #[inline(always)]
    fn less(a: Self, b: Self) -> __m256i {
        // SAFETY: the values prove AVX2.
        unsafe { _mm256_cmpgt_epi64(b.flip(), a.flip()) }
    }

    /// `2^32 - 1` in the lanes where `a < b` (unsigned), otherwise zero.
    #[inline(always)]
    fn epsilon_if_less(a: Self, b: Self) -> __m256i {
        // SAFETY: the values prove AVX2.
        unsafe { _mm256_srli_epi64::<32>(Self::less(a, b)) }
    }
}

/// In each half, one word of `a`, then one of `b`: bit i of `WHICH` picks the high one for place i.
///
/// # Safety
/// The CPU must have AVX2.
#[inline(always)]
unsafe fn shuffle<const WHICH: i32>(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: the caller vouches for AVX2.
    unsafe {
        _mm256_castpd_si256(_mm256_shuffle_pd::<WHICH>(
            _mm256_castsi256_pd(a),
            _mm256_castsi256_pd(b),
        ))
    }
}

// Every safety argument below is the same: the methods take a token, or a value that was made from
// one, and the token proves that the CPU has the instructions.
impl Vector for Avx2 {
    type Token = Avx2Token;

    const LANES: usize = 4;

    #[inline(always)]
    fn splat(_: Avx2Token, x: u64) -> Self {
        // SAFETY: the token proves AVX2.
        Self(unsafe { _mm256_set1_epi64x(x as i64) })
    }

    #[inline(always)]
    fn splat_lo32(_: Avx2Token, x: u32) -> Self {
        // SAFETY: the token proves AVX2.
        Self(unsafe { _mm256_set1_epi32(x.cast_signed()) })
    }

    // SAFETY: the caller vouches for four values to read at `src`, as the trait asks.
    #[inline(always)]
    unsafe fn load_ptr(_: Avx2Token, src: *const u64) -> Self {
        // SAFETY: the token proves AVX2; the caller vouches for four readable values.
        Self(unsafe { _mm256_loadu_si256(src.cast()) })
    }

    // SAFETY: the caller vouches for room for four values at `dst`, as the trait asks.
    #[inline(always)]
    unsafe fn store_ptr(self, dst: *mut u64) {
        // SAFETY: the value proves AVX2; the caller vouches for room for four values.
        unsafe { _mm256_storeu_si256(dst.cast(), self.0) }
    }

    #[inline(always)]
    fn wrapping_add(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_add_epi64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn wrapping_sub(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_sub_epi64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn and(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_and_si256(self.0, rhs.0) })
    }

    #[inline(always)]
    fn shl(self, k: u32) -> Self {
        // SAFETY: the value proves AVX2.
        Self(unsafe { _mm256_sll_epi64(self.0, _mm_cvtsi32_si128(k as i32)) })
    }

    #[inline(always)]
    fn shr(self, k: u32) -> Self {
        // SAFETY: the value proves AVX2.
        Self(unsafe { _mm256_srl_epi64(self.0, _mm_cvtsi32_si128(k as i32)) })
    }

    #[inline(always)]
    fn mul_lo32(self, rhs: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_mul_epu32(self.0, rhs.0) })
    }

    #[inline(always)]
    fn dup_hi32(self) -> Self {
        // A shuffle, to keep the shift ports free where those are fewer.
        // SAFETY: the value proves AVX2.
        Self(unsafe { _mm256_castps_si256(_mm256_movehdup_ps(_mm256_castsi256_ps(self.0))) })
    }

    #[inline(always)]
    fn product_low(self, _rhs: Self, ll: Self, middle: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe {
            let high = _mm256_castps_si256(_mm256_moveldup_ps(_mm256_castsi256_ps(middle.0)));
            _mm256_blend_epi32::<0b1010_1010>(ll.0, high)
        })
    }

    #[inline(always)]
    fn add_epsilon_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_add_epi64(self.0, Self::epsilon_if_less(a, b)) })
    }

    #[inline(always)]
    fn sub_epsilon_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_sub_epi64(self.0, Self::epsilon_if_less(a, b)) })
    }

    #[inline(always)]
    fn add_one_if_less(self, a: Self, b: Self) -> Self {
        // All ones is -1.
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_sub_epi64(self.0, Self::less(a, b)) })
    }

    #[inline(always)]
    fn sub_one_if_less(self, a: Self, b: Self) -> Self {
        // All ones is -1.
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_add_epi64(self.0, Self::less(a, b)) })
    }

    #[inline(always)]
    fn min(self, rhs: Self) -> Self {
        let less = Self::less(self, rhs);
        // SAFETY: the values prove AVX2.
        Self(unsafe { _mm256_blendv_epi8(rhs.0, self.0, less) })
    }

    #[inline(always)]
    fn add(self, rhs: Self) -> Self {
        // In the flipped representation: the sum wrapped if it is below the first term.
        // SAFETY: the values prove AVX2.
        unsafe {
            let a = self.flip();
            let sum = _mm256_add_epi64(a, rhs.0);
            let epsilon = _mm256_srli_epi64::<32>(_mm256_cmpgt_epi64(a, sum));
            Self(Self(_mm256_add_epi64(sum, epsilon)).flip())
        }
    }

    #[inline(always)]
    fn sub(self, rhs: Self) -> Self {
        // In the flipped representation: the difference wrapped if it is above the first term.
        // SAFETY: the values prove AVX2.
        unsafe {
            let a = self.flip();
            let difference = _mm256_sub_epi64(a, rhs.0);
            let epsilon = _mm256_srli_epi64::<32>(_mm256_cmpgt_epi64(difference, a));
            Self(Self(_mm256_sub_epi64(difference, epsilon)).flip())
        }
    }

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn mul_plain_at(self, factor: *const u64) -> Self {
        // Both halves are loads, which cost no arithmetic.
        // SAFETY: the value proves AVX2; the caller vouches for the factor, whose high half
        // comes last.
        let (y, y1) = unsafe {
            (
                Self(_mm256_set1_epi64x(factor.cast::<i64>().read())),
                Self(_mm256_set1_epi32(factor.cast::<i32>().add(1).read())),
            )
        };
        let (low, high) = self.mul_wide_halves(y, y1);
        Self::reduce_plain(low, high)
    }

    #[inline(always)]
    fn interleave(self, rhs: Self, block: usize) -> (Self, Self) {
        let (a, b) = (self.0, rhs.0);
        // SAFETY: the values prove AVX2.
        unsafe {
            match block {
                1 => (
                    Self(_mm256_unpacklo_epi64(a, b)),
                    Self(_mm256_unpackhi_epi64(a, b)),
                ),
                _ => (
                    Self(_mm256_permute2x128_si256::<0x20>(a, b)),
                    Self(_mm256_permute2x128_si256::<0x31>(a, b)),
                ),
            }
        }
    }

    #[inline(always)]
    fn reverse(self) -> Self {
        // SAFETY: the value proves AVX2.
        Self(unsafe { _mm256_permute4x64_epi64::<0b00_01_10_11>(self.0) })
    }

    #[inline(always)]
    fn shift_in(self, next: Self) -> Self {
        // SAFETY: the values prove AVX2.
        Self(unsafe {
            _mm256_permute4x64_epi64::<0b00_11_10_01>(_mm256_blend_epi32::<0b11>(self.0, next.0))
        })
    }

    #[inline(always)]
    fn unzip<const D: usize>(words: [Self; D]) -> [Self; D] {
        let mut planes = words;
        // SAFETY: the values prove AVX2.
        unsafe {
            if D == 2 {
                // a0 b0 a1 b1 | a2 b2 a3 b3
                let (v0, v1) = (words[0].0, words[1].0);
                let low = _mm256_permute2x128_si256::<0x20>(v0, v1);
                let high = _mm256_permute2x128_si256::<0x31>(v0, v1);
                planes[0].0 = _mm256_unpacklo_epi64(low, high);
                planes[1].0 = _mm256_unpackhi_epi64(low, high);
            } else if D == 3 {
                // a0 b0 c0 a1 | b1 c1 a2 b2 | c2 a3 b3 c3
                let (v0, v1, v2) = (words[0].0, words[1].0, words[2].0);
                let ab = _mm256_permute2x128_si256::<0x30>(v0, v1);
                let ca = _mm256_permute2x128_si256::<0x21>(v0, v2);
                let bc = _mm256_permute2x128_si256::<0x30>(v1, v2);
                planes[0].0 = shuffle::<0b1010>(ab, ca);
                planes[1].0 = shuffle::<0b0101>(ab, bc);
                planes[2].0 = shuffle::<0b1010>(ca, bc);
            }
        }
        planes
    }

    #[inline(always)]
    fn zip<const D: usize>(planes: [Self; D]) -> [Self; D] {
        let mut words = planes;
        // SAFETY: the values prove AVX2.
        unsafe {
            if D == 2 {
                let (a, b) = (planes[0].0, planes[1].0);
                let even = _mm256_unpacklo_epi64(a, b);
                let odd = _mm256_unpackhi_epi64(a, b);
                words[0].0 = _mm256_permute2x128_si256::<0x20>(even, odd);
                words[1].0 = _mm256_permute2x128_si256::<0x31>(even, odd);
            } else if D == 3 {
                let (a, b, c) = (planes[0].0, planes[1].0, planes[2].0);
                let ab = shuffle::<0b0000>(a, b);
                let ca = shuffle::<0b1010>(c, a);
                let bc = shuffle::<0b1111>(b, c);
                words[0].0 = _mm256_permute2x128_si256::<0x20>(ab, ca);
                words[1].0 = _mm256_permute2x128_si256::<0x30>(bc, ab);
                words[2].0 = _mm256_permute2x128_si256::<0x31>(ca, bc);
            }
        }
        words
    }

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn stream_ptr(self, dst: *mut u64) {
        // SAFETY: the value proves AVX2; the caller vouches for room for four values, aligned.
        unsafe { _mm256_stream_si256(dst.cast(), self.0) }
    }

    #[inline(always)]
    fn fence(_: Avx2Token) {
        // SAFETY: SSE is part of x86-64.
        unsafe { _mm_sfence() }
    }

    #[inline(always)]
    fn prefetch(_: Avx2Token, src: *const u64) {
        // SAFETY: SSE is part of x86-64, and a prefetch never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(src.cast()) }
    }

    #[inline(always)]
    fn prefetch_far(_: Avx2Token, src: *const u64) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(src.cast()) }
    }

    #[inline(always)]
    fn token(self) -> Avx2Token {
        Avx2Token(())
    }

    #[inline(always)]
    fn canonical(self) -> Self {
        // x + 2^32 - 1 wraps exactly if x >= p.
        // SAFETY: the value proves AVX2.
        unsafe {
            let x = self.flip();
            // p - 1 flipped.
            let bound = _mm256_set1_epi64x(0x7fff_ffff_0000_0000);
            let epsilon = _mm256_srli_epi64::<32>(_mm256_cmpgt_epi64(x, bound));
            debug_assert_eq!(EPSILON, u64::from(u32::MAX));
            Self(_mm256_add_epi64(self.0, epsilon))
        }
    }
}
