//! Where the rows of a tile's transform go.
//!
//! A sink holds raw pointers, so that making one is unsafe: its constructor lists what they must be
//! good for, and [`put`](Sink::put) relies on that.

use super::tile::Sink;
use crate::vector::Vector;

/// Stores a vector, past the caches if `STREAM`.
///
/// # Safety
/// `dst` must be valid for writes of a vector, and aligned to one if `STREAM`.
#[inline(always)]
unsafe fn write<V: Vector, const STREAM: bool>(x: V, dst: *mut u64) {
    if STREAM {
        // SAFETY: the caller vouches for the place and its alignment.
        unsafe { x.stream_ptr(dst) }
    } else {
        // SAFETY: the caller vouches for the place.
        unsafe { x.store_ptr(dst) }
    }
}

/// Row `k`, times a factor that all lanes share, to `target + k * stride`.
pub(crate) struct Scaled<const STREAM: bool> {
    /// Canonical integers, that of row `k` at `k * factor_stride`.
    factors: *const u64,
    factor_stride: usize,
    target: *mut u64,
    stride: usize,
}

impl<const STREAM: bool> Scaled<STREAM> {
    /// A sink for every row `k` of a transform, of `W` words.
    ///
    /// # Safety
    /// For every `k`, as long as the sink is put to:
    /// - `factors.add(k * factor_stride)` is valid for reads of a word;
    /// - `target.add(k * stride)` is valid for writes of `W` words, by this thread alone;
    /// - and it is aligned to `W` words if `STREAM`.
    #[inline(always)]
    pub(crate) const unsafe fn new(
        (factors, factor_stride): (*const u64, usize),
        target: *mut u64,
        stride: usize,
    ) -> Self {
        Self {
            factors,
            factor_stride,
            target,
            stride,
        }
    }
}

impl<V: Vector, const STREAM: bool> Sink<V> for Scaled<STREAM> {
    const CANONICAL: bool = false;

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn put(&self, k: usize, part: usize, row: V) {
        // SAFETY: whoever made the sink vouches for a factor for every row.
        let row = unsafe { row.mul_plain_at(self.factors.add(k * self.factor_stride)) };
        // SAFETY: and for a place, aligned if streamed to.
        unsafe {
            write::<V, STREAM>(row, self.target.add(k * self.stride + part * V::LANES));
        }
    }
}

/// Row `k`, times a row of factors of `W` words, to `target + k * stride`.
pub(crate) struct ScaledLanes<V: Vector, const STREAM: bool, const W: usize> {
    token: V::Token,
    /// Canonical integers, one row of them a row.
    factors: *const u64,
    target: *mut u64,
    stride: usize,
}

impl<V: Vector, const STREAM: bool, const W: usize> ScaledLanes<V, STREAM, W> {
    /// A sink for every row `k` of a transform.
    ///
    /// # Safety
    /// For every `k`, as long as the sink is put to:
    /// - `factors.add(k * W)` is valid for reads of `W` words;
    /// - `target.add(k * stride)` is valid for writes of `W` words, by this thread alone;
    /// - and it is aligned to `W` words if `STREAM`.
    #[inline(always)]
    pub(crate) const unsafe fn new(
        token: V::Token,
        factors: *const u64,
        target: *mut u64,
        stride: usize,
    ) -> Self {
        Self {
            token,
            factors,
            target,
            stride,
        }
    }
}

impl<V: Vector, const STREAM: bool, const W: usize> Sink<V> for ScaledLanes<V, STREAM, W> {
    const CANONICAL: bool = false;

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn put(&self, k: usize, part: usize, row: V) {
        let at = part * V::LANES;
        // SAFETY: whoever made the sink vouches for factors for every row.
        let factor = unsafe { V::load_ptr(self.token, self.factors.add(k * W + at)) };
        // SAFETY: and for a place, aligned if streamed to.
        unsafe {
            write::<V, STREAM>(row.mul_plain(factor), self.target.add(k * self.stride + at));
        }
    }
}

/// Row `k` to `target + k * stride`, canonical.
pub(crate) struct Plain<const STREAM: bool> {
    target: *mut u64,
    stride: usize,
}

impl<const STREAM: bool> Plain<STREAM> {
    /// A sink for every row `k` of a transform, of `W` words.
    ///
    /// # Safety
    /// For every `k`, as long as the sink is put to, `target.add(k * stride)` is valid for writes of
    /// `W` words, by this thread alone, and aligned to `W` words if `STREAM`.
    #[inline(always)]
    pub(crate) const unsafe fn new(target: *mut u64, stride: usize) -> Self {
        Self { target, stride }
    }
}

impl<V: Vector, const STREAM: bool> Sink<V> for Plain<STREAM> {
    const CANONICAL: bool = true;

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn put(&self, k: usize, part: usize, row: V) {
        // SAFETY: whoever made the sink vouches for a place for every row, aligned if streamed to.
        unsafe {
            write::<V, STREAM>(row, self.target.add(k * self.stride + part * V::LANES));
        }
    }
}

/// The first `lanes` words of row `k` to `target + k * stride`, canonical.
pub(crate) struct Partial {
    target: *mut u64,
    stride: usize,
    lanes: usize,
}

impl Partial {
    /// A sink for every row `k` of a transform.
    ///
    /// # Safety
    /// For every `k`, as long as the sink is put to, `target.add(k * stride)` is valid for writes of
    /// `lanes` words, by this thread alone.
    #[inline(always)]
    pub(crate) const unsafe fn new(target: *mut u64, stride: usize, lanes: usize) -> Self {
        Self {
            target,
            stride,
            lanes,
        }
    }
}

impl<V: Vector> Sink<V> for Partial {
    const CANONICAL: bool = true;

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn put(&self, k: usize, part: usize, row: V) {
        let from = (part * V::LANES).min(self.lanes);
        let count = (self.lanes - from).min(V::LANES);
        // SAFETY: whoever made the sink vouches for `lanes` places for every row.
        let target = unsafe {
            core::slice::from_raw_parts_mut(self.target.add(k * self.stride + from), count)
        };
        row.store_partial(target);
    }
}

/// Another sink, asking for the line at `next + k * stride` with every row `k`: spread over the
/// work, so that requests do not wait for each other.
pub(crate) struct Ahead<S> {
    sink: S,
    /// Never read, only asked for: it may point anywhere.
    next: *const u64,
    stride: isize,
}

impl<S> Ahead<S> {
    /// `sink`, asking for lines from `next` on meanwhile.
    #[inline(always)]
    pub(crate) const fn new(sink: S, next: *const u64, stride: isize) -> Self {
        Self { sink, next, stride }
    }
}

impl<V: Vector, S: Sink<V>> Sink<V> for Ahead<S> {
    const CANONICAL: bool = S::CANONICAL;

    // SAFETY: the contract is the trait's.
    #[inline(always)]
    unsafe fn put(&self, k: usize, part: usize, row: V) {
        if part == 0 {
            let line = self.next.wrapping_offset(k as isize * self.stride);
            V::prefetch_far(row.token(), line);
        }
        // SAFETY: as the caller and whoever made the sink vouch.
        unsafe { self.sink.put(k, part, row) }
    }
}
