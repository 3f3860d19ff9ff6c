//! One lane: the oracle, and what a CPU without vector units gets.

mod words;

use crate::{
    goldilocks,
    instruction_set::InstructionSet,
    vector::{Kernel, Sealed, Vector},
};

/// The token of the scalar backend. Every CPU has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScalarToken(());

impl ScalarToken {
    /// Needs nothing of the CPU.
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl Sealed for ScalarToken {}

impl InstructionSet for ScalarToken {
    type Vector = Scalar;

    #[inline]
    fn detect() -> Option<Self> {
        Some(Self::new())
    }

    #[inline(never)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run::<Scalar>(self)
    }
}

/// One value.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Scalar(u64);

impl Sealed for Scalar {}

impl Vector for Scalar {
    type Token = ScalarToken;

    const LANES: usize = 1;

    #[inline(always)]
    fn splat(_: ScalarToken, x: u64) -> Self {
        Self(x)
    }

    // SAFETY: the caller vouches for one value to read at `src`, as the trait asks.
    #[inline(always)]
    unsafe fn load_ptr(_: ScalarToken, src: *const u64) -> Self {
        // SAFETY: the caller vouches for one readable value; pointers to u64 here come from slices
        // of u64, but alignment is not part of this function's contract.
        Self(unsafe { src.read_unaligned() })
    }

    // SAFETY: the caller vouches for room for one value at `dst`, as the trait asks.
    #[inline(always)]
    unsafe fn store_ptr(self, dst: *mut u64) {
        // SAFETY: the caller vouches for room for one value.
        unsafe { dst.write_unaligned(self.0) }
    }

    #[inline(always)]
    fn wrapping_add(self, rhs: Self) -> Self {
        Self(self.0.wrapping_add(rhs.0))
    }

    #[inline(always)]
    fn wrapping_sub(self, rhs: Self) -> Self {
        Self(self.0.wrapping_sub(rhs.0))
    }

    #[inline(always)]
    fn and(self, rhs: Self) -> Self {
        Self(self.0 & rhs.0)
    }

    #[inline(always)]
    fn shl(self, k: u32) -> Self {
        Self(self.0 << k)
    }

    #[inline(always)]
    fn shr(self, k: u32) -> Self {
        Self(self.0 >> k)
    }

    #[inline(always)]
    fn mul_lo32(self, rhs: Self) -> Self {
        Self((self.0 & goldilocks::EPSILON) * (rhs.0 & goldilocks::EPSILON))
    }

    #[inline(always)]
    fn dup_hi32(self) -> Self {
        Self(self.0 >> 32)
    }

    #[inline(always)]
    fn product_low(self, rhs: Self, _ll: Self, _middle: Self) -> Self {
        Self(self.0.wrapping_mul(rhs.0))
    }

    #[inline(always)]
    fn add_epsilon_if_less(self, a: Self, b: Self) -> Self {
        Self(
            self.0
                .wrapping_add(goldilocks::EPSILON * u64::from(a.0 < b.0)),
        )
    }

    #[inline(always)]
    fn sub_epsilon_if_less(self, a: Self, b: Self) -> Self {
        Self(
            self.0
                .wrapping_sub(goldilocks::EPSILON * u64::from(a.0 < b.0)),
        )
    }

    #[inline(always)]
    fn add_one_if_less(self, a: Self, b: Self) -> Self {
        Self(self.0.wrapping_add(u64::from(a.0 < b.0)))
    }

    #[inline(always)]
    fn sub_one_if_less(self, a: Self, b: Self) -> Self {
        Self(self.0.wrapping_sub(u64::from(a.0 < b.0)))
    }

    #[inline(always)]
    fn min(self, rhs: Self) -> Self {
        Self(self.0.min(rhs.0))
    }

    #[inline(always)]
    fn interleave(self, rhs: Self, _block: usize) -> (Self, Self) {
        // There is no power of two below one lane; the identity keeps generic loops total.
        (self, rhs)
    }

    #[inline(always)]
    fn reverse(self) -> Self {
        self
    }

    #[inline(always)]
    fn shift_in(self, next: Self) -> Self {
        next
    }

    #[inline(always)]
    fn token(self) -> ScalarToken {
        ScalarToken::new()
    }

    #[inline(always)]
    fn mul_wide(self, rhs: Self) -> (Self, Self) {
        let product = u128::from(self.0) * u128::from(rhs.0);
        (Self(product as u64), Self((product >> 64) as u64))
    }

    #[inline(always)]
    fn square_wide(self) -> (Self, Self) {
        self.mul_wide(self)
    }
}
