//! The threads that a command computes on.

use std::{num::NonZeroUsize, thread, time::Duration};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::Failure;

/// More threads than this are no machine's, and only take memory.
pub(crate) const MAX_THREADS: usize = 4096;

/// Starts the threads that were asked for, or as many as there are cores (`RAYON_NUM_THREADS` can make
/// it fewer) and the system allows.
///
/// Everything runs inside this pool. rayon's global pool, started at its first use, panics where the
/// system allows fewer threads than there are cores.
pub(crate) fn pool(asked: Option<NonZeroUsize>) -> Result<ThreadPool, Failure> {
    if let Some(count) = asked {
        let count = count.get();
        return start(count).map_err(|error| {
            Failure::Unusable(format!(
                "--threads {count}: the system does not let so many threads start ({error}); give fewer, or \
                 none to take what there are"
            ))
        });
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut count = wanted(cores, std::env::var("RAYON_NUM_THREADS").ok().as_deref());
    while count > 0 {
        match start(count) {
            Ok(pool) => return Ok(pool),
            Err(error) => tracing::warn!(count, %error, "fewer threads than cores"),
        }
        // Those that did start are about to end, and count until then.
        thread::sleep(Duration::from_millis(50));
        count /= 2;
    }
    // No further thread at all: this one does the work.
    ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()
        .map_err(|error| Failure::Unusable(format!("threads: {error}")))
}

/// Threads to try first.
fn wanted(cores: usize, variable: Option<&str>) -> usize {
    let cores = cores.min(MAX_THREADS);
    match variable.and_then(|text| text.trim().parse::<usize>().ok()) {
        // As rayon reads it: 0 is "choose for me".
        Some(0) | None => cores,
        Some(count) => count.min(cores),
    }
}

fn start(count: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(count).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_makes_threads_fewer_but_not_more() {
        for (variable, count) in [
            (None, 8),
            (Some("0"), 8),
            (Some("3"), 3),
            (Some("100000"), 8),
            (Some("many"), 8),
            (Some(" 2 "), 2),
        ] {
            assert_eq!(wanted(8, variable), count, "{variable:?}");
        }
    }
}
