//! Which threads yield to which: orders first.
//!
//! Whoever sends an order waits for its answer; nobody waits for the seal or the proof of a batch in the same way. So the
//! threads that hash and prove are given a lower priority by the system, and use what the others leave. On a system that
//! has no priorities of threads all are alike.

use crate::store::StoreError;

/// How much lower, in the system's steps ("nice"): a thread that yields gets a tenth of a core that another wants too.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// The lowest priority that there is.
#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

/// Lowers the priority of the calling thread.
pub(super) fn yield_to_orders() {
    // On Linux "the calling process" is the calling thread. A system that does not allow it has threads that are alike.
    #[cfg(target_os = "linux")]
    if let Ok(now) = rustix::process::getpriority_process(None) {
        let _ = rustix::process::setpriority_process(None, (now + NICE).min(LOWEST));
    }
}

/// Threads that yield; 0 for as many as there are cores.
pub(super) fn yielding_pool(
    what: &'static str,
    threads: usize,
) -> Result<rayon::ThreadPool, StoreError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |number| format!("{what} {number}"))
        .start_handler(|_| yield_to_orders())
        .build()
        .map_err(|error| StoreError::io(what)(std::io::Error::other(error)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The threads of such a pool, and no other thread of the process.
    #[test]
    fn threads_of_a_pool_yield_and_others_do_not() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let pool = yielding_pool("test", 2).unwrap();
        let lowered = pool.broadcast(|_| nice());
        assert_eq!(lowered, [(before + NICE).min(LOWEST); 2]);
        assert_eq!(nice(), before);
    }
}
