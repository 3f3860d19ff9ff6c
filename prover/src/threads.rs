//! A thread pool that a tight system still gives.
//!
//! rayon builds its global pool at the first use, and panics if it gets fewer threads than it asks for:
//! `RAYON_NUM_THREADS` or the cores may be more than the tasks that a control group or `ulimit -u`
//! allows, or their stacks more than the address space. Here a pool has fewer threads then.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rayon::{ThreadBuilder, ThreadPoolBuildError, ThreadPoolBuilder};
use winterlane_field_simd::Backend;

use crate::engine::address_space_left;

/// Address space of a thread: its stack, the stack on which signals are handled, and the arena that the
/// allocator may reserve for it.
const THREAD: u64 = (2 + 1 + 64) << 20;

/// The system does not give a single thread.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no threads: {wanted} were asked for, and the system gives none: {reason}")]
#[non_exhaustive]
pub struct ThreadsError {
    /// Threads asked for.
    pub wanted: usize,
    /// What the system says.
    pub reason: String,
}

/// Builds rayon's global pool with `wanted` threads, or with as many fewer as the system gives; without
/// a wish with as many as `RAYON_NUM_THREADS` says or there are cores. Gives the number of threads.
///
/// For the start of a program, before anything uses the pool: a global pool that exists stays as it is.
///
/// # Errors
/// [`ThreadsError`] if the system gives no thread at all.
pub fn install(wanted: Option<NonZeroUsize>) -> Result<usize, ThreadsError> {
    let wanted = wanted.map_or_else(default_threads, NonZeroUsize::get);
    let error = |error: ThreadPoolBuildError| ThreadsError {
        wanted,
        reason: error.to_string(),
    };
    let threads = granted(wanted).map_err(error)?;
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    match builder.spawn_handler(spawn).build_global() {
        Ok(()) => Ok(threads),
        // An error of the system's has a source, and that the pool exists has none.
        Err(failed) if std::error::Error::source(&failed).is_some() => Err(error(failed)),
        Err(_) => Ok(rayon::current_num_threads()),
    }
}

/// Sees to it that there is a pool to work in: that of the current thread, or the global one.
pub(crate) fn ensure() -> Result<(), ThreadsError> {
    static GLOBAL: OnceLock<Result<usize, ThreadsError>> = OnceLock::new();
    if rayon::current_thread_index().is_some() {
        return Ok(());
    }
    GLOBAL.get_or_init(|| install(None)).clone().map(drop)
}

/// Runs `work` on a thread of the pool, with this thread's backend.
///
/// A parallel loop that another thread starts is handed to the pool, and that thread sleeps until it is done: two
/// threads are woken for each loop, which takes as long as a short loop itself. On a thread of the pool a loop
/// begins at once. So what has several loops is handed over as a whole.
pub(crate) fn enter<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let backend = Backend::current();
    rayon::scope(|_| match backend.with(work) {
        Ok(result) => result,
        Err(error) => unreachable!("it is in force: {error}"),
    })
}

/// [`enter`] for work that reports: its events and spans belong to this thread's span and subscriber.
pub(crate) fn enter_reporting<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let subscriber = tracing::dispatcher::get_default(Clone::clone);
    let span = tracing::Span::current();
    enter(|| tracing::dispatcher::with_default(&subscriber, || span.in_scope(work)))
}

/// As many threads as rayon would start by itself.
fn default_threads() -> usize {
    let asked = std::env::var("RAYON_NUM_THREADS");
    let asked = asked.ok().and_then(|number| number.parse().ok());
    asked
        .filter(|&threads| threads > 0)
        .or_else(|| {
            std::thread::available_parallelism()
                .ok()
                .map(NonZeroUsize::get)
        })
        .unwrap_or(1)
        .min(rayon::max_num_threads())
}

/// So many threads as fit into the address space. Beyond it a thread may start and then not get the stack for
/// its signals, at which Rust's library ends the process: trying is no way to find that out.
fn fitting(wanted: usize, left: Option<u64>) -> usize {
    let most = left.map_or(usize::MAX, |left| {
        usize::try_from(left / THREAD).unwrap_or(usize::MAX)
    });
    wanted.min(most).max(1)
}

/// The most threads, or a few less, that the system gives of those wanted: by trying.
fn granted(wanted: usize) -> Result<usize, ThreadPoolBuildError> {
    let mut threads = fitting(wanted, address_space_left());
    loop {
        // Scoped threads are gone when the scope ends; those of a pool that is dropped may linger.
        let pool = ThreadPoolBuilder::new().num_threads(threads);
        match pool.build_scoped(ThreadBuilder::run, |_| ()) {
            Ok(()) => return Ok(threads),
            Err(error) if threads == 1 => return Err(error),
            Err(_) => threads = (threads / 4 * 3).max(threads / 2).max(1),
        }
    }
}

/// Starts a thread of a pool; a few times, since the tasks of threads that have ended may still count.
fn spawn(thread: ThreadBuilder) -> std::io::Result<()> {
    const TRIES: usize = 100;
    let (name, stack) = (thread.name().map(str::to_owned), thread.stack_size());
    // A closure that could not be started is gone, and what it owns with it.
    let thread = Arc::new(Mutex::new(Some(thread)));
    let mut tries = 0;
    loop {
        let mut builder = std::thread::Builder::new();
        if let Some(name) = &name {
            builder = builder.name(name.clone());
        }
        if let Some(bytes) = stack {
            builder = builder.stack_size(bytes);
        }
        let own = Arc::clone(&thread);
        let started = builder.spawn(move || {
            let thread = own.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(thread) = thread {
                thread.run();
            }
        });
        tries += 1;
        match started {
            Ok(_) => return Ok(()),
            Err(error) if tries == TRIES => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_threads_than_the_address_space_has_room_for() {
        assert_eq!(fitting(4096, None), 4096);
        assert_eq!(fitting(4096, Some(10 * THREAD)), 10);
        assert_eq!(fitting(4, Some(10 * THREAD)), 4);
        assert_eq!(fitting(4, Some(THREAD - 1)), 1);
    }

    #[test]
    fn what_is_asked_for_is_granted_where_it_can_be() {
        assert_eq!(granted(3).ok(), Some(3));
        assert_eq!(granted(0).ok(), Some(1));
    }

    #[test]
    fn a_pool_that_exists_stays() {
        let first = install(NonZeroUsize::new(2)).expect("threads");
        assert_eq!(install(NonZeroUsize::new(3)), Ok(first));
        assert_eq!(ensure(), Ok(()));
        assert_eq!(rayon::current_num_threads(), first);
    }
}
