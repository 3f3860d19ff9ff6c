//! Broken proofs, each verified while its memory is counted: a binary apart for the allocator that
//! counts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;

mod batch;
mod small;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Keeps the other suite from allocating while a mutant of this one is verified, and undoes what it
/// did to the messages of panics. To be held for a whole test.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // The other suite's failure is told by itself.
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    drop(std::panic::take_hook());
    guard
}
