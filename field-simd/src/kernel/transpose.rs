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

/// For each lane `l`, `LANES` values at `sources[l].add(offset)`, transposed: vector `t` holds
/// value `t` of every lane.
///
/// # Safety
/// Those values must be valid for reads.
#[inline(always)]
pub(crate) unsafe fn load_transposed<V: Vector>(
    token: V::Token,
    sources: &[*const u64; MAX_LANES],
    offset: usize,
) -> [V; MAX_LANES] {
    let mut x = [V::splat(token, 0); MAX_LANES];
    for l in 0..V::LANES {
        // SAFETY: the caller vouches for the values.
        x[l] = unsafe { V::load_ptr(token, sources[l].add(offset)) };
    }
    transpose(x)
}
