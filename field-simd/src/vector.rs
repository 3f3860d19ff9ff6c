//! The sealed trait that every kernel is written in.
//!
//! # How to write a kernel
//!
//! A kernel is a type that implements [`Kernel`]: its fields are the arguments, and its `run` is
//! generic over the [`Vector`]. [`dispatch`](crate::dispatch()) calls `run` under the
//! `#[target_feature]` entry point of a [`Backend`](crate::Backend); since every method here is
//! `#[inline(always)]`, the whole kernel is compiled for that instruction set, with no `RUSTFLAGS`.
//! `run` and every helper it calls with vectors must be `#[inline(always)]` too: a helper that is
//! not inlined would turn each intrinsic in it into a call.
//!
//! ```
//! use winterlane_field_simd::{Backend, Kernel, Vector, dispatch};
//!
//! /// `a[i] += b[i]` for canonical values.
//! struct AddAssign<'a>(&'a mut [u64], &'a [u64]);
//!
//! impl Kernel for AddAssign<'_> {
//!     type Output = ();
//!     #[inline(always)]
//!     fn run<V: Vector>(self, token: V::Token) {
//!         let mut a = self.0.chunks_exact_mut(V::LANES);
//!         let mut b = self.1.chunks_exact(V::LANES);
//!         for (a, b) in a.by_ref().zip(b.by_ref()) {
//!             V::load(token, a).add_canonical(V::load(token, b)).store(a);
//!         }
//!         let (a, b) = (a.into_remainder(), b.remainder());
//!         V::load_partial(token, a).add_canonical(V::load_partial(token, b)).store_partial(a);
//!     }
//! }
//!
//! let (mut a, b) = (vec![1; 13], vec![41; 13]);
//! for backend in Backend::available() {
//!     a.fill(1);
//!     dispatch(backend, AddAssign(&mut a, &b));
//!     assert_eq!(a, vec![42; 13]);
//! }
//! ```
//!
//! # Proof of capability
//!
//! A vector can only be made from a [`Vector::Token`], and a token only by
//! [`InstructionSet::detect`], which has asked the CPU. A kernel runs another as a function of its own by
//! [`token.run`](InstructionSet::run): for code that several kernels share, and that is too long to be inlined in each. So a value of a vector type proves that its instructions exist, and the methods
//! that take one need no `unsafe` of their caller.
//!
//! # Ranges
//!
//! Lanes are `u64`. *Canonical* means below `p = 2^64 - 2^32 + 1`; *loose* means any `u64`, read
//! modulo `p`. Every operation says what it takes and gives. Loose values exist since a correction
//! costs instructions: a sum of a loose and a canonical value never needs more than one.

use core::{cell::UnsafeCell, fmt::Debug};

use crate::{
    goldilocks::{EPSILON, P},
    instruction_set::InstructionSet,
};

mod sealed {
    pub trait Sealed {}
}
pub(crate) use sealed::Sealed;

/// Work that is generic over the vector; see the [module](self) for how to write one.
pub trait Kernel {
    /// What the work gives back.
    type Output;

    /// Does the work. Implementations must be `#[inline(always)]`.
    fn run<V: Vector>(self, token: V::Token) -> Self::Output;
}

/// [`LANES`](Self::LANES) values of 64 bits, with the arithmetic of Goldilocks on them.
///
/// Sealed: the implementations are the crate's own. All methods are `#[inline(always)]`.
pub trait Vector: Sealed + Copy + Debug {
    /// Proof that the CPU has the instructions.
    type Token: InstructionSet<Vector = Self>;

    /// Values in a vector; a power of two, at most [`MAX_LANES`].
    const LANES: usize;

    /// `x` in every lane.
    fn splat(token: Self::Token, x: u64) -> Self;

    /// `x` in the low half of every lane; the high half is anything. To feed
    /// [`mul_lo32`](Self::mul_lo32): a broadcast of 32 bits is part of a load, while the compiler
    /// takes one of 64, of which only the low half counts, apart.
    #[inline(always)]
    fn splat_lo32(token: Self::Token, x: u32) -> Self {
        Self::splat(token, u64::from(x))
    }

    /// Lane `i` is what `src.add(i)` points at; no alignment is needed.
    ///
    /// # Safety
    /// `src` must be valid for reads of `LANES` values.
    unsafe fn load_ptr(token: Self::Token, src: *const u64) -> Self;

    /// Writes lane `i` to `dst.add(i)`; no alignment is needed.
    ///
    /// # Safety
    /// `dst` must be valid for writes of `LANES` values.
    unsafe fn store_ptr(self, dst: *mut u64);

    /// `2^32 - 1` in every lane, for products: from memory, so that the compiler does not know it
    /// and replace a product with it, one operation, by two or three.
    #[inline(always)]
    fn epsilon(token: Self::Token) -> Self {
        // SAFETY: the table has MAX_LANES values, which nobody writes.
        unsafe { Self::load_ptr(token, EPSILONS.0.get().cast()) }
    }

    /// 1 in every lane, from memory, so that the compiler does not know it: it would replace the
    /// addition of 1 under a mask by that of the mask, made a vector first.
    #[inline(always)]
    fn one(token: Self::Token) -> Self {
        // SAFETY: as in `epsilon`.
        unsafe { Self::load_ptr(token, ONES.0.get().cast()) }
    }

    /// The first `LANES` values of `src`.
    ///
    /// # Panics
    /// Panics if `src` is shorter.
    #[inline(always)]
    fn load(token: Self::Token, src: &[u64]) -> Self {
        assert!(src.len() >= Self::LANES, "slice shorter than a vector");
        // SAFETY: the slice holds LANES values, as was just checked.
        unsafe { Self::load_ptr(token, src.as_ptr()) }
    }

    /// Writes the lanes to the first `LANES` places of `dst`.
    ///
    /// # Panics
    /// Panics if `dst` is shorter.
    #[inline(always)]
    fn store(self, dst: &mut [u64]) {
        assert!(dst.len() >= Self::LANES, "slice shorter than a vector");
        // SAFETY: the slice has room for LANES values, as was just checked.
        unsafe { self.store_ptr(dst.as_mut_ptr()) }
    }

    /// The first `min(src.len(), LANES)` values of `src`, then zeros.
    #[inline(always)]
    fn load_partial(token: Self::Token, src: &[u64]) -> Self {
        let mut lanes = [0; MAX_LANES];
        let n = src.len().min(Self::LANES);
        lanes[..n].copy_from_slice(&src[..n]);
        Self::load(token, &lanes)
    }

    /// Writes the first `min(dst.len(), LANES)` lanes.
    #[inline(always)]
    fn store_partial(self, dst: &mut [u64]) {
        let mut lanes = [0; MAX_LANES];
        self.store(&mut lanes);
        let n = dst.len().min(Self::LANES);
        dst[..n].copy_from_slice(&lanes[..n]);
    }

    /// The lanes, followed by zeros.
    #[inline(always)]
    fn to_array(self) -> [u64; MAX_LANES] {
        let mut lanes = [0; MAX_LANES];
        self.store(&mut lanes);
        lanes
    }

    // INTEGER OPERATIONS
    // --------------------------------------------------------------------------------------------

    /// Sum modulo `2^64`.
    fn wrapping_add(self, rhs: Self) -> Self;
    /// Difference modulo `2^64`.
    fn wrapping_sub(self, rhs: Self) -> Self;
    /// Bitwise and.
    fn and(self, rhs: Self) -> Self;
    /// Shift left by `k < 64` bits, shifting in zeros. `k` should be a constant.
    fn shl(self, k: u32) -> Self;
    /// Shift right by `k < 64` bits, shifting in zeros. `k` should be a constant.
    fn shr(self, k: u32) -> Self;
    /// The 64-bit product of the low 32 bits of both; the high 32 bits are ignored.
    fn mul_lo32(self, rhs: Self) -> Self;
    /// The high 32 bits in the low half; the high half is anything. To feed
    /// [`mul_lo32`](Self::mul_lo32).
    fn dup_hi32(self) -> Self;
    /// The low 64 bits of `self^2`, of which `ll` and `lh` are the products of the low half with itself
    /// and with the high half.
    #[inline(always)]
    fn square_low(self, ll: Self, lh: Self) -> Self {
        ll.wrapping_add(lh.shl(33))
    }
    /// The low 64 bits of `self * rhs`: the low half of `ll`, the product of their low halves, below
    /// that of `middle`; a backend takes whichever is cheaper.
    fn product_low(self, rhs: Self, ll: Self, middle: Self) -> Self;
    /// `self + 2^32 - 1` modulo `2^64` in the lanes where `a < b` (unsigned), otherwise `self`.
    fn add_epsilon_if_less(self, a: Self, b: Self) -> Self;
    /// `self - (2^32 - 1)` modulo `2^64` in the lanes where `a < b` (unsigned), otherwise `self`.
    fn sub_epsilon_if_less(self, a: Self, b: Self) -> Self;
    /// `self + 1` modulo `2^64` in the lanes where `a < b` (unsigned), otherwise `self`.
    fn add_one_if_less(self, a: Self, b: Self) -> Self;
    /// `self - 1` modulo `2^64` in the lanes where `a < b` (unsigned), otherwise `self`.
    fn sub_one_if_less(self, a: Self, b: Self) -> Self;
    /// The smaller, as unsigned integers.
    fn min(self, rhs: Self) -> Self;

    /// Treats both as rows of blocks of `block` lanes and transposes each 2 x 2 square of blocks:
    /// of `a0 a1 a2 a3 ..` and `b0 b1 b2 b3 ..` it makes `a0 b0 a2 b2 ..` and `a1 b1 a3 b3 ..`.
    ///
    /// `block` must be a power of two below `LANES`, and should be a constant.
    fn interleave(self, rhs: Self, block: usize) -> (Self, Self);

    /// The lanes in reverse order.
    fn reverse(self) -> Self;

    /// Lanes 1 and on, then lane 0 of `next`: the row after each, if `next` holds the rows that
    /// follow.
    fn shift_in(self, next: Self) -> Self;

    /// Takes `LANES` items of `D` words, one after the other in `words`, apart: lane `l` of vector
    /// `d` is word `d` of item `l`. `D` is 1, 2 or 3.
    #[inline(always)]
    fn unzip<const D: usize>(words: [Self; D]) -> [Self; D] {
        const { assert!(1 <= D && D <= 3) }
        if D == 1 || Self::LANES == 1 {
            return words;
        }
        let mut flat = [0; 3 * MAX_LANES];
        for (v, words) in words.iter().zip(flat.chunks_exact_mut(Self::LANES)) {
            v.store(words);
        }
        let mut planes = words;
        for (d, plane) in planes.iter_mut().enumerate() {
            let mut lanes = [0; MAX_LANES];
            for (lane, item) in lanes.iter_mut().zip(flat.chunks_exact(D)).take(Self::LANES) {
                *lane = item[d];
            }
            *plane = Self::load(words[0].token(), &lanes);
        }
        planes
    }

    /// The inverse of [`unzip`](Self::unzip).
    #[inline(always)]
    fn zip<const D: usize>(planes: [Self; D]) -> [Self; D] {
        const { assert!(1 <= D && D <= 3) }
        if D == 1 || Self::LANES == 1 {
            return planes;
        }
        let mut flat = [0; 3 * MAX_LANES];
        for (d, plane) in planes.iter().enumerate() {
            let lanes = plane.to_array();
            for (item, lane) in flat.chunks_exact_mut(D).zip(&lanes[..Self::LANES]) {
                item[d] = *lane;
            }
        }
        let mut words = planes;
        for (v, words) in words.iter_mut().zip(flat.chunks_exact(Self::LANES)) {
            *v = Self::load(v.token(), words);
        }
        words
    }

    /// As [`store_ptr`](Self::store_ptr), past the caches where the CPU can: for what is written
    /// once and not read soon. Other threads see it after a [`fence`](Self::fence).
    ///
    /// # Safety
    /// As [`store_ptr`](Self::store_ptr), and `dst` must be aligned to the size of a vector.
    #[inline(always)]
    unsafe fn stream_ptr(self, dst: *mut u64) {
        // SAFETY: as the caller vouches.
        unsafe { self.store_ptr(dst) }
    }

    /// Puts all of [`stream_ptr`](Self::stream_ptr) before what follows.
    #[inline(always)]
    fn fence(_token: Self::Token) {}

    /// Asks for the cache line at `src`. A hint: any address will do.
    #[inline(always)]
    fn prefetch(_token: Self::Token, _src: *const u64) {}

    /// As [`prefetch`](Self::prefetch), for what is wanted later: not into the first level.
    #[inline(always)]
    fn prefetch_far(_token: Self::Token, _src: *const u64) {}

    /// The token, which the value's existence proves.
    fn token(self) -> Self::Token;

    // FIELD OPERATIONS
    // --------------------------------------------------------------------------------------------

    /// The canonical value of a loose one.
    #[inline(always)]
    fn canonical(self) -> Self {
        // For x < p, x - p wraps to x + 2^32 - 1, which is larger and below 2^64.
        self.min(self.wrapping_sub(Self::splat(self.token(), P)))
    }

    /// `self + rhs`, loose, for a loose `self` and a canonical `rhs`.
    #[inline(always)]
    fn add(self, rhs: Self) -> Self {
        // Sum <= 2^64 - 1 + p - 1; less 2^64, plus 2^32 - 1 is at most 2^64 - 2: one carry at most.
        let sum = self.wrapping_add(rhs);
        sum.add_epsilon_if_less(sum, rhs)
    }

    /// `self - rhs` for a canonical `rhs`; canonical if `self` is, and loose otherwise.
    #[inline(always)]
    fn sub(self, rhs: Self) -> Self {
        // On a borrow the true value is at least -(p - 1), and p is added.
        self.wrapping_sub(rhs).sub_epsilon_if_less(self, rhs)
    }

    /// `self + rhs`, canonical, for canonical `self` and `rhs`.
    #[inline(always)]
    fn add_canonical(self, rhs: Self) -> Self {
        self.sub(Self::splat(self.token(), P).wrapping_sub(rhs))
    }

    /// `-self`, canonical, for a canonical `self`.
    #[inline(always)]
    fn neg(self) -> Self {
        Self::splat(self.token(), 0).sub(self)
    }

    /// `2 self`, canonical, for a canonical `self`.
    #[inline(always)]
    fn double(self) -> Self {
        self.add_canonical(self)
    }

    /// The 128-bit product of loose values, as `(low, high)`.
    #[inline(always)]
    fn mul_wide(self, rhs: Self) -> (Self, Self) {
        self.mul_wide_halves(rhs, rhs.dup_hi32())
    }

    /// [`mul_wide`](Self::mul_wide), where the low 32 bits of `y1` are the high ones of `rhs`.
    #[inline(always)]
    fn mul_wide_halves(self, rhs: Self, y1: Self) -> (Self, Self) {
        // With x = x0 + 2^32 x1 and y likewise; no sum below exceeds 2^64 - 1, since
        // (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
        let epsilon = Self::splat(self.token(), EPSILON);
        let x1 = self.dup_hi32();
        let ll = self.mul_lo32(rhs);
        let lh = self.mul_lo32(y1);
        let hl = x1.mul_lo32(rhs);
        let hh = x1.mul_lo32(y1);
        let t0 = hl.wrapping_add(ll.shr(32));
        let t1 = lh.wrapping_add(t0.and(epsilon));
        let high = hh.wrapping_add(t0.shr(32)).wrapping_add(t1.shr(32));
        (self.product_low(rhs, ll, t1), high)
    }

    /// The 128-bit square of a loose value, as `(low, high)`.
    #[inline(always)]
    fn square_wide(self) -> (Self, Self) {
        let x1 = self.dup_hi32();
        let ll = self.mul_lo32(self);
        let lh = self.mul_lo32(x1);
        let hh = x1.mul_lo32(x1);
        // x0^2 + 2^33 x0 x1 + 2^64 x1^2; lh + (ll >> 33) <= (2^32 - 1)^2 + 2^31 does not overflow.
        let t = lh.wrapping_add(ll.shr(33));
        (self.square_low(ll, lh), hh.wrapping_add(t.shr(31)))
    }

    /// `low + 2^64 high mod p`, canonical, for any `low` and `high`; see
    /// [`reduce_plain`](crate::goldilocks::reduce_plain).
    #[inline(always)]
    fn reduce_plain(low: Self, high: Self) -> Self {
        let t = low.sub(high.shr(32));
        let mid = high.mul_lo32(Self::epsilon(low.token()));
        // t + mid <= 2p - 2, so that one correction gives a canonical value.
        t.sub(Self::splat(low.token(), P).wrapping_sub(mid))
    }

    /// `(low + 2^64 high) / 2^64 mod p`; canonical if `high < p`, loose otherwise; see
    /// [`reduce_mont`](crate::goldilocks::reduce_mont).
    #[inline(always)]
    fn reduce_mont(low: Self, high: Self) -> Self {
        let a = low.wrapping_add(low.shl(32));
        // b = a - (a >> 32) - carry, at most p - 1.
        let b = a.wrapping_sub(a.shr(32)).sub_one_if_less(a, low);
        high.sub(b)
    }

    /// `self * rhs`, canonical, of loose values: canonical integers give a canonical integer, and a
    /// canonical integer times a Montgomery form gives a Montgomery form.
    #[inline(always)]
    fn mul_plain(self, rhs: Self) -> Self {
        let (low, high) = self.mul_wide(rhs);
        Self::reduce_plain(low, high)
    }

    /// [`mul_plain`](Self::mul_plain) by the one value at `factor` in every lane.
    ///
    /// # Safety
    /// `factor` must be valid for reads of a value.
    #[inline(always)]
    unsafe fn mul_plain_at(self, factor: *const u64) -> Self {
        // SAFETY: the caller vouches for the value.
        self.mul_plain(Self::splat(self.token(), unsafe { factor.read() }))
    }

    /// `self * 2^k mod p`, canonical, of a loose value, for `k < 96`. `k` should be a constant: the
    /// formula depends on it, and costs 5 to 11 operations where a product costs 24 or more.
    #[inline(always)]
    fn mul_pow2(self, k: u32) -> Self {
        debug_assert!(k < 96);
        let p = Self::splat(self.token(), P);
        let epsilon = Self::epsilon(self.token());
        if k == 0 {
            self.canonical()
        } else if k <= 32 {
            // lo + 2^64 mid, mid < 2^32: lo + mid * EPSILON < 2p, so one correction is enough.
            let mid = self.shr(64 - k).mul_lo32(epsilon);
            self.shl(k).sub(p.wrapping_sub(mid))
        } else if k < 64 {
            // lo + 2^64 (mid + 2^32 top), as in reduce_plain.
            let low = self.shl(k).sub(self.shr(96 - k));
            let mid = self.shr(64 - k).mul_lo32(epsilon);
            low.sub(p.wrapping_sub(mid))
        } else {
            // x = low + 2^(96-k) high: x 2^k = 2^64 (2^(k-64) low) - high, both terms below p.
            self.shl(k - 64).mul_lo32(epsilon).sub(self.shr(96 - k))
        }
    }

    /// `self * rhs / 2^64` of loose values: Montgomery forms give a Montgomery form. Canonical if
    /// `self` or `rhs` is, loose otherwise.
    #[inline(always)]
    fn mul_mont(self, rhs: Self) -> Self {
        let (low, high) = self.mul_wide(rhs);
        Self::reduce_mont(low, high)
    }

    /// `self^2`, canonical, of a loose value.
    #[inline(always)]
    fn square_plain(self) -> Self {
        let (low, high) = self.square_wide();
        Self::reduce_plain(low, high)
    }

    /// `self^2 / 2^64`; canonical if `self` is, loose otherwise.
    #[inline(always)]
    fn square_mont(self) -> Self {
        let (low, high) = self.square_wide();
        Self::reduce_mont(low, high)
    }
}

/// The same in all lanes, of which the compiler cannot know that nobody changes it.
#[repr(C, align(64))]
struct Same(UnsafeCell<[u64; MAX_LANES]>);

// SAFETY: nobody writes to it.
unsafe impl Sync for Same {}

#[used]
static EPSILONS: Same = Same(UnsafeCell::new([EPSILON; MAX_LANES]));

#[used]
static ONES: Same = Same(UnsafeCell::new([1; MAX_LANES]));

/// The largest number of lanes of any backend.
pub const MAX_LANES: usize = 8;
