//! How a worker is asked to stop.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A wish to stop: after the job that is under way, or at once.
#[derive(Debug, Default)]
pub struct Stop {
    wish: Mutex<Wish>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
enum Wish {
    #[default]
    None,
    /// After this job, and at once from then on.
    Asked(Instant),
    Now,
}

impl Stop {
    /// No such wish.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The job that is under way has so long to end. Asked a second time, it is given up at once.
    pub fn ask(&self, grace: Duration) {
        let mut wish = self.wish();
        *wish = match *wish {
            Wish::None => Wish::Asked(Instant::now() + grace),
            Wish::Asked(_) | Wish::Now => Wish::Now,
        };
        self.changed.notify_all();
    }

    /// Whether to take no more jobs.
    pub(crate) fn asked(&self) -> bool {
        !matches!(*self.wish(), Wish::None)
    }

    /// Whether to give up what is under way.
    pub(crate) fn now(&self) -> bool {
        match *self.wish() {
            Wish::None => false,
            Wish::Asked(until) => Instant::now() >= until,
            Wish::Now => true,
        }
    }

    /// Waits until it is asked to take no more jobs.
    pub(crate) fn wait(&self) {
        let unasked = |wish: &mut Wish| matches!(wish, Wish::None);
        drop(self.changed.wait_while(self.wish(), unasked));
    }

    /// Waits for so long, or until the wish changes.
    pub(crate) fn sleep(&self, time: Duration) {
        let wish = self.wish();
        let time = match *wish {
            Wish::None => time,
            Wish::Asked(until) => time.min(until.saturating_duration_since(Instant::now())),
            Wish::Now => return,
        };
        let slept = self.changed.wait_timeout(wish, time);
        drop(slept);
    }

    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asked_once_it_ends_the_job_and_twice_it_gives_it_up() {
        let stop = Stop::new();
        assert!(!stop.asked() && !stop.now());
        stop.ask(Duration::from_secs(1 << 20));
        assert!(stop.asked() && !stop.now());
        stop.ask(Duration::from_secs(1 << 20));
        assert!(stop.now());
        let stop = Stop::new();
        stop.ask(Duration::ZERO);
        assert!(stop.now());
        // asked before, it is not waited for
        stop.wait();
    }
}
