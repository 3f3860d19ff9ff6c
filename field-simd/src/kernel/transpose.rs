//! Squares of `LANES` x `LANES` values, turned in registers.

use crate::vector::{MAX_LANES, Vector};

/// Transposes the first `LANES` vectors as the rows of a square; the others stay as they are.
#[inline(always)]
pub(crate) fn transpose<V: Vector>(mut x: [V; MAX_LANES]) -> [V; MAX_LANES] {
    let mut block = 1;
    while block < V::LANES {
        for i in 0..V::LANES {
            if i & block == 0 {
                (x[i], x[i + block]) = x[i].interleave(x[i + block], block);
            }
        }
        block *= 2;
    }
    x
}

/// Turns `W` values of each of `W` sources: writes the `t`-th values of all sources, those at
/// `sources[l].add(offset + t)`, to `target + t * stride`, for `t < W`. `W` is a multiple of the
/// lanes and at most [`MAX_LANES`].
///
/// # Safety
/// The values must be valid for reads, and the places for writes of `W` words.
#[inline(always)]
pub(crate) unsafe fn turn<V: Vector, const W: usize>(
    token: V::Token,
    sources: &[*const u64; MAX_LANES],
    offset: usize,
    target: *mut u64,
    stride: usize,
) {
    for from in (0..W).step_by(V::LANES) {
        for t in (0..W).step_by(V::LANES) {
            let mut x = [V::splat(token, 0); MAX_LANES];
            for l in 0..V::LANES {
                // SAFETY: the caller vouches for the values.
                x[l] = unsafe { V::load_ptr(token, sources[from + l].add(offset + t)) };
            }
            let x = transpose(x);
            for (i, x) in x.into_iter().take(V::LANES).enumerate() {
                // SAFETY: the caller vouches for the places.
                unsafe { x.store_ptr(target.add((t + i) * stride + from)) }
            }
        }
    }
}
