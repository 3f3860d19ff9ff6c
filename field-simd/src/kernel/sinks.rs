//! Where the rows of a tile's transform go.

use super::tile::Sink;
use crate::vector::Vector;

/// Row `k`, times a factor that all lanes share, to `target + k * stride`.
pub(crate) struct Scaled<V: Vector> {
    pub(crate) token: V::Token,
    /// Canonical integers, one a row.
    pub(crate) factors: *const u64,
    pub(crate) target: *mut u64,
    pub(crate) stride: usize,
}

impl<V: Vector> Sink<V> for Scaled<V> {
    const CANONICAL: bool = false;

    #[inline(always)]
    unsafe fn put(&self, k: usize, row: V) {
        // SAFETY: whoever made the sink vouches for a factor and a place for every row.
        unsafe {
            let factor = V::splat(self.token, self.factors.add(k).read());
            row.mul_plain(factor)
                .store_ptr(self.target.add(k * self.stride));
        }
    }
}

/// Row `k`, times a vector of factors, to `target + k * stride`.
pub(crate) struct ScaledLanes<V: Vector> {
    pub(crate) token: V::Token,
    /// Canonical integers, one vector a row.
    pub(crate) factors: *const u64,
    pub(crate) target: *mut u64,
    pub(crate) stride: usize,
}

impl<V: Vector> Sink<V> for ScaledLanes<V> {
    const CANONICAL: bool = false;

    #[inline(always)]
    unsafe fn put(&self, k: usize, row: V) {
        // SAFETY: whoever made the sink vouches for factors and a place for every row.
        unsafe {
            let factor = V::load_ptr(self.token, self.factors.add(k * V::LANES));
            row.mul_plain(factor)
                .store_ptr(self.target.add(k * self.stride));
        }
    }
}

/// Row `k` to `target + k * stride`, canonical.
pub(crate) struct Plain {
    pub(crate) target: *mut u64,
    pub(crate) stride: usize,
}

impl<V: Vector> Sink<V> for Plain {
    const CANONICAL: bool = true;

    #[inline(always)]
    unsafe fn put(&self, k: usize, row: V) {
        // SAFETY: whoever made the sink vouches for a place for every row.
        unsafe { row.store_ptr(self.target.add(k * self.stride)) }
    }
}

/// The first `lanes` lanes of row `k` to `target + k * stride`, canonical.
pub(crate) struct Partial {
    pub(crate) target: *mut u64,
    pub(crate) stride: usize,
    pub(crate) lanes: usize,
}

impl<V: Vector> Sink<V> for Partial {
    const CANONICAL: bool = true;

    #[inline(always)]
    unsafe fn put(&self, k: usize, row: V) {
        // SAFETY: whoever made the sink vouches for `lanes` places for every row.
        let target = unsafe {
            core::slice::from_raw_parts_mut(self.target.add(k * self.stride), self.lanes)
        };
        row.store_partial(target);
    }
}
