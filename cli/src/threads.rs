//! The threads that a command computes on.

use std::{num::NonZeroUsize, thread};

use rayon::ThreadPoolBuilder;

use crate::Failure;

/// More threads than this are no machine's, and only take memory.
pub(crate) const MAX_THREADS: usize = 4096;

/// Starts the threads that were asked for, or as many as there are cores (`RAYON_NUM_THREADS` can make
/// it fewer) and the system allows.
///
/// They are rayon's global pool, which everything after this call works in. Left to itself rayon starts that
/// pool at its first use, and panics where the system allows fewer threads than there are cores.
pub(crate) fn start(asked: Option<NonZeroUsize>) -> Result<(), Failure> {
    let count = asked.unwrap_or_else(|| {
        let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        wanted(cores, std::env::var("RAYON_NUM_THREADS").ok().as_deref())
    });
    let started = winterlane_prover::threads::install(Some(count));
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::Unusable(format!(
            "--threads {count}: the system does not let so many threads start ({reason}); give fewer, or \
             none to take what there are"
        ))
    };
    match (started, asked) {
        (Ok(number), None) => {
            if number < count.get() {
                tracing::warn!(number, "fewer threads than cores");
            }
            Ok(())
        }
        (Ok(number), Some(_)) if number < count.get() => {
            Err(refused(&format_args!("it gives {number}")))
        }
        (Ok(_), Some(_)) => Ok(()),
        (Err(error), Some(_)) if count.get() > 1 => Err(refused(&error)),
        (Err(error), _) => {
            tracing::warn!(%error, "the only thread does all the work");
            alone()
        }
    }
}

/// Not one further thread can start: this one is the pool. In a library that would be wrong, since other
/// threads would wait for this one; the command has none.
fn alone() -> Result<(), Failure> {
    ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()
        .map_err(|error| Failure::Unusable(format!("threads: {error}")))
}

/// Threads to try first.
fn wanted(cores: NonZeroUsize, variable: Option<&str>) -> NonZeroUsize {
    let cores = cores.get().min(MAX_THREADS);
    let asked = variable.and_then(|text| text.trim().parse::<usize>().ok());
    // As rayon reads it: 0 is "choose for me".
    let asked = asked.filter(|&count| count > 0).unwrap_or(cores);
    NonZeroUsize::new(asked.min(cores)).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_makes_threads_fewer_but_not_more() {
        let eight = NonZeroUsize::new(8).unwrap();
        for (variable, count) in [
            (None, 8),
            (Some("0"), 8),
            (Some("3"), 3),
            (Some("100000"), 8),
            (Some("many"), 8),
            (Some(" 2 "), 2),
        ] {
            assert_eq!(wanted(eight, variable).get(), count, "{variable:?}");
        }
    }
}
