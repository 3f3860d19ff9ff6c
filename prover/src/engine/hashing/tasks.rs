//! Work on many digests on all threads, without a parallel iterator over the caller's type.
//!
//! A parallel iterator is compiled for each type that it goes over. Here tasks are numbers.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use winterlane_field_simd::Backend;

/// Fills `out` in pieces of `size`, each by one call of `fill` with the index of its first entry.
pub(super) fn fill<T: Send>(out: &mut [T], size: usize, fill: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let size = size.max(1);
    let backend = Backend::current();
    if out.len() <= size {
        fill(0, out);
        return;
    }
    // Each task writes to its own piece; the locks, never waited for, say so.
    let pieces: Vec<_> = out.chunks_mut(size).map(Mutex::new).collect();
    for_each_task(pieces.len(), &|task| {
        let mut piece = pieces[task].lock().unwrap_or_else(PoisonError::into_inner);
        // A backend that was chosen for this thread is chosen for the others, too.
        let done = backend.with(|| fill(task * size, &mut piece));
        debug_assert!(done.is_ok(), "a backend that is in force is there");
    });
}

/// Does tasks `0..tasks` on all threads.
fn for_each_task(tasks: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..tasks).into_par_iter().for_each(work);
}
