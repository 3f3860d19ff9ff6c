//! A thread pool that a tight system still gives.
//!
//! rayon builds its global pool at the first use, and panics if it gets fewer threads than it asks for:
//! `RAYON_NUM_THREADS` or the cores may be more than the tasks that a control group or `ulimit -u`
//! allows, or their stacks more than the address space. Here a pool has fewer threads then.

use std::io;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

use rayon::{ThreadBuilder, ThreadPoolBuilder};
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
    let error = |reason: String| ThreadsError { wanted, reason };
    let most = wanted.min(rayon::max_num_threads());
    let started = Waiting::start(fitting(most, address_space_left()));
    let mut waiting = started.map_err(|failed| error(failed.to_string()))?;
    let threads = waiting.len();
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    let builder = builder.spawn_handler(|thread| waiting.hand_over(thread));
    match builder.build_global() {
        Ok(()) => Ok(threads),
        // An error of the system's has a source, and that the pool exists has none.
        Err(failed) if std::error::Error::source(&failed).is_some() => {
            Err(error(failed.to_string()))
        }
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
        .or_else(|| thread::available_parallelism().ok().map(NonZeroUsize::get))
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

/// Threads that have started, and wait for what they are to do.
///
/// rayon builds the global pool once, with as many threads as it is told, or never. How many the system gives is known
/// when they run: so they are started first. Those that are not needed end when this is dropped.
struct Waiting(Vec<(SyncSender<ThreadBuilder>, JoinHandle<()>)>);

impl Waiting {
    /// Starts `wanted` threads; if the system refuses one of them, three quarters of those that it gave stay, so that
    /// something is left for the rest of the program.
    ///
    /// # Errors
    /// What the system says if it gives none at all.
    fn start(wanted: usize) -> io::Result<Self> {
        Self::start_by(wanted, |work| thread::Builder::new().spawn(work))
    }

    /// [`start`](Self::start), where `spawn` starts a thread that does this work.
    fn start_by(
        wanted: usize,
        mut spawn: impl FnMut(Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>>,
    ) -> io::Result<Self> {
        let mut threads = Vec::new();
        for _ in 0..wanted.max(1) {
            // Room for one, so that handing over waits for nobody.
            let (sender, receiver) = mpsc::sync_channel::<ThreadBuilder>(1);
            let started = spawn(Box::new(move || {
                if let Ok(thread) = receiver.recv() {
                    thread.run();
                }
            }));
            match started {
                Ok(thread) => threads.push((sender, thread)),
                Err(refused) if threads.is_empty() => return Err(refused),
                Err(_) => {
                    let most = threads.len();
                    let kept = (most / 4 * 3).max(most / 2).max(1);
                    for (sender, thread) in threads.split_off(kept) {
                        drop(sender);
                        // Gone before anybody asks for another. What it did is nothing, which does not fail.
                        let _ = thread.join();
                    }
                    break;
                }
            }
        }
        Ok(Self(threads))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes one of them a thread of a pool.
    fn hand_over(&mut self, thread: ThreadBuilder) -> io::Result<()> {
        let (sender, _) = self.0.pop().ok_or(io::ErrorKind::NotFound)?;
        let gone = |_| io::Error::other("a thread ended before it had work");
        sender.try_send(thread).map_err(gone)
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
        let count = |wanted| Waiting::start(wanted).map(|waiting| waiting.len()).ok();
        assert_eq!(count(3), Some(3));
        assert_eq!(count(0), Some(1));
    }

    /// A system that gives so many threads and no more.
    #[test]
    fn where_threads_are_few_some_are_left() {
        for (given, kept) in [(1, 1), (2, 1), (3, 1), (4, 3), (8, 6), (11, 6), (12, 9)] {
            let mut left = given;
            let waiting = Waiting::start_by(100, |work| {
                if left == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                left -= 1;
                thread::Builder::new().spawn(work)
            });
            assert_eq!(waiting.map(|waiting| waiting.len()).ok(), Some(kept));
        }
        // however many are asked for
        let none = Waiting::start_by(usize::MAX, |_| Err(io::ErrorKind::WouldBlock.into()));
        let kind = none.map(drop).map_err(|refused| refused.kind());
        assert_eq!(kind, Err(io::ErrorKind::WouldBlock));
    }

    /// Each thread that was started becomes one of a pool, and works.
    #[test]
    fn threads_that_wait_are_those_of_the_pool() {
        let mut waiting = Waiting::start(3).expect("threads");
        let builder = ThreadPoolBuilder::new().num_threads(3);
        let pool = builder.spawn_handler(|thread| waiting.hand_over(thread));
        let pool = pool.build().expect("a pool");
        assert_eq!(waiting.len(), 0);
        let mut indices = pool.broadcast(|context| context.index());
        indices.sort_unstable();
        assert_eq!(indices, [0, 1, 2]);
    }

    #[test]
    fn a_pool_that_exists_stays() {
        let first = install(NonZeroUsize::new(2)).expect("threads");
        assert_eq!(install(NonZeroUsize::new(3)), Ok(first));
        assert_eq!(ensure(), Ok(()));
        assert_eq!(rayon::current_num_threads(), first);
    }
}
