//! Threads by rayon, or none without the `parallel` feature; the same results either way.

use core::ops::Range;

/// Runs `f` over consecutive ranges that make up `0..count`, each a multiple of `grain` long but
/// for the last, on as many threads as the current pool has.
pub(crate) fn for_each_range(count: usize, grain: usize, f: impl Fn(Range<usize>) + Sync + Send) {
    if count == 0 {
        return;
    }
    match pieces(count, grain) {
        #[cfg(feature = "parallel")]
        pieces @ 2.. => {
            use rayon::prelude::*;

            let grains = count.div_ceil(grain);
            (0..pieces).into_par_iter().for_each(|i| {
                let start = grains * i / pieces * grain;
                let end = (grains * (i + 1) / pieces * grain).min(count);
                f(start..end);
            });
        }
        _ => f(0..count),
    }
}

/// Into how many ranges work is cut: a few for each thread, so that an early one can help a late.
fn pieces(count: usize, grain: usize) -> usize {
    let threads = threads();
    if threads == 1 {
        1
    } else {
        count.div_ceil(grain).min(4 * threads)
    }
}

/// The threads of the current pool.
pub(crate) fn threads() -> usize {
    #[cfg(feature = "parallel")]
    {
        rayon::current_num_threads()
    }
    #[cfg(not(feature = "parallel"))]
    {
        1
    }
}

/// A pointer that threads share, each writing its own places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared(pub(crate) *mut u64);

// SAFETY: a pointer is but a number; every use of it is an unsafe block that must argue that no
// two threads touch one place.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The place `i` words on.
    #[inline(always)]
    pub(crate) const fn at(self, i: usize) -> *mut u64 {
        self.0.wrapping_add(i)
    }
}
