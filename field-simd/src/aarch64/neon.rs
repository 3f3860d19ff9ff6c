//! Two lanes: NEON.

mod words;

use core::arch::aarch64::*;

use crate::{
    goldilocks::EPSILON,
    instruction_set::InstructionSet,
    vector::{Kernel, Sealed, Vector},
};

/// Proof that the CPU has NEON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NeonToken(());

impl Sealed for NeonToken {}

impl InstructionSet for NeonToken {
    type Vector = Neon;

    #[inline]
    fn detect() -> Option<Self> {
        // Miri has no vector instructions, whatever the CPU it pretends to be.
        (std::arch::is_aarch64_feature_detected!("neon") && !cfg!(miri)).then_some(Self(()))
    }

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves NEON.
        unsafe { run(self, kernel) }
    }
}

#[inline(never)]
#[target_feature(enable = "neon")]
fn run<K: Kernel>(token: NeonToken, kernel: K) -> K::Output {
    kernel.run::<Neon>(token)
}

/// Two values.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Neon(uint64x2_t);

impl Sealed for Neon {}

impl Neon {
    /// All ones in the lanes where `a < b` (unsigned), otherwise zeros.
    #[inline(always)]
    fn less(a: Self, b: Self) -> uint64x2_t {
        // SAFETY: the values prove NEON.
        unsafe { vcltq_u64(a.0, b.0) }
    }

    /// `2^32 - 1` in the lanes where `a < b` (unsigned), otherwise zero.
    #[inline(always)]
    fn epsilon_if_less(a: Self, b: Self) -> uint64x2_t {
        // SAFETY: the values prove NEON.
        unsafe { vandq_u64(Self::less(a, b), vdupq_n_u64(EPSILON)) }
    }
}

// Every safety argument below is the same: the methods take a token, or a value that was made from
// one, and the token proves that the CPU has the instructions.
impl Vector for Neon {
    type Token = NeonToken;

    const LANES: usize = 2;

    #[inline(always)]
    fn splat(_: NeonToken, x: u64) -> Self {
        // SAFETY: the token proves NEON.
        Self(unsafe { vdupq_n_u64(x) })
    }

    // SAFETY: the caller vouches for two values to read at `src`, as the trait asks.
    #[inline(always)]
    unsafe fn load_ptr(_: NeonToken, src: *const u64) -> Self {
        // SAFETY: the token proves NEON; the caller vouches for two readable values.
        Self(unsafe { vld1q_u64(src) })
    }

    // SAFETY: the caller vouches for room for two values at `dst`, as the trait asks.
    #[inline(always)]
    unsafe fn store_ptr(self, dst: *mut u64) {
        // SAFETY: the value proves NEON; the caller vouches for room for two values.
        unsafe { vst1q_u64(dst, self.0) }
    }

    #[inline(always)]
    fn wrapping_add(self, rhs: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vaddq_u64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn wrapping_sub(self, rhs: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vsubq_u64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn and(self, rhs: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vandq_u64(self.0, rhs.0) })
    }

    #[inline(always)]
    fn shl(self, k: u32) -> Self {
        // SAFETY: the value proves NEON.
        Self(unsafe { vshlq_u64(self.0, vdupq_n_s64(i64::from(k))) })
    }

    #[inline(always)]
    fn shr(self, k: u32) -> Self {
        // A negative count shifts right.
        // SAFETY: the value proves NEON.
        Self(unsafe { vshlq_u64(self.0, vdupq_n_s64(-i64::from(k))) })
    }

    #[inline(always)]
    fn mul_lo32(self, rhs: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vmull_u32(vmovn_u64(self.0), vmovn_u64(rhs.0)) })
    }

    #[inline(always)]
    fn dup_hi32(self) -> Self {
        // SAFETY: the value proves NEON.
        Self(unsafe { vshrq_n_u64::<32>(self.0) })
    }

    #[inline(always)]
    fn product_low(self, _rhs: Self, ll: Self, middle: Self) -> Self {
        // Shift left and insert: the low 32 bits of `ll` stay.
        // SAFETY: the values prove NEON.
        Self(unsafe { vsliq_n_u64::<32>(ll.0, middle.0) })
    }

    #[inline(always)]
    fn add_epsilon_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vaddq_u64(self.0, Self::epsilon_if_less(a, b)) })
    }

    #[inline(always)]
    fn sub_epsilon_if_less(self, a: Self, b: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vsubq_u64(self.0, Self::epsilon_if_less(a, b)) })
    }

    #[inline(always)]
    fn add_one_if_less(self, a: Self, b: Self) -> Self {
        // All ones is -1.
        // SAFETY: the values prove NEON.
        Self(unsafe { vsubq_u64(self.0, Self::less(a, b)) })
    }

    #[inline(always)]
    fn sub_one_if_less(self, a: Self, b: Self) -> Self {
        // All ones is -1.
        // SAFETY: the values prove NEON.
        Self(unsafe { vaddq_u64(self.0, Self::less(a, b)) })
    }

    #[inline(always)]
    fn min(self, rhs: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vbslq_u64(Self::less(self, rhs), self.0, rhs.0) })
    }

    #[inline(always)]
    fn interleave(self, rhs: Self, _block: usize) -> (Self, Self) {
        // SAFETY: the values prove NEON.
        unsafe {
            (
                Self(vzip1q_u64(self.0, rhs.0)),
                Self(vzip2q_u64(self.0, rhs.0)),
            )
        }
    }

    #[inline(always)]
    fn reverse(self) -> Self {
        // SAFETY: the value proves NEON.
        Self(unsafe { vextq_u64::<1>(self.0, self.0) })
    }

    #[inline(always)]
    fn shift_in(self, next: Self) -> Self {
        // SAFETY: the values prove NEON.
        Self(unsafe { vextq_u64::<1>(self.0, next.0) })
    }

    #[inline(always)]
    fn unzip<const D: usize>(words: [Self; D]) -> [Self; D] {
        let mut planes = words;
        // SAFETY: the values prove NEON.
        unsafe {
            if D == 2 {
                planes[0].0 = vuzp1q_u64(words[0].0, words[1].0);
                planes[1].0 = vuzp2q_u64(words[0].0, words[1].0);
            } else if D == 3 {
                // a0 b0 | c0 a1 | b1 c1
                let (v0, v1, v2) = (words[0].0, words[1].0, words[2].0);
                planes[0].0 = vcopyq_laneq_u64::<1, 1>(v0, v1);
                planes[1].0 = vextq_u64::<1>(v0, v2);
                planes[2].0 = vcopyq_laneq_u64::<1, 1>(v1, v2);
            }
        }
        planes
    }

    #[inline(always)]
    fn zip<const D: usize>(planes: [Self; D]) -> [Self; D] {
        let mut words = planes;
        // SAFETY: the values prove NEON.
        unsafe {
            if D == 2 {
                words[0].0 = vzip1q_u64(planes[0].0, planes[1].0);
                words[1].0 = vzip2q_u64(planes[0].0, planes[1].0);
            } else if D == 3 {
                let (a, b, c) = (planes[0].0, planes[1].0, planes[2].0);
                words[0].0 = vzip1q_u64(a, b);
                words[1].0 = vcopyq_laneq_u64::<1, 1>(c, a);
                words[2].0 = vzip2q_u64(b, c);
            }
        }
        words
    }

    #[inline(always)]
    fn token(self) -> NeonToken {
        NeonToken(())
    }
}
