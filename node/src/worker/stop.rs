//! How a worker is asked to stop.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{RecvTimeoutError, channel},
    },
    thread::Builder,
    time::{Duration, Instant},
};

use crate::queue::QueueError;

/// How often a wish is looked for while something else is waited for.
pub(super) const LOOK: Duration = Duration::from_millis(100);

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

/// Connects on a thread of its own, and waits for it for as long as `given_up` does not say otherwise. Connecting cannot be
/// broken off, and takes as long as the other side likes: the thread goes on, and nobody needs what comes of it.
pub(super) fn connected<T: Send + 'static>(
    given_up: impl Fn() -> bool,
    connect: impl FnOnce() -> Result<T, QueueError> + Send + 'static,
) -> Result<T, QueueError> {
    let (say, said) = channel();
    let connect = move || {
        // nobody hears it any more, if it was given up
        let _ = say.send(connect());
    };
    let thread = Builder::new().name("connect".into()).spawn(connect);
    thread.map_err(QueueError::Thread)?;
    loop {
        match said.recv_timeout(LOOK) {
            Ok(connected) => return connected,
            Err(RecvTimeoutError::Timeout) if !given_up() => {}
            Err(_) => {
                let reason = "there was no connection before the worker stopped waiting";
                return Err(QueueError::Server(reason.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that takes connections and says nothing is not waited for by a worker that is asked to stop.
    #[test]
    fn connecting_ends_with_the_wish_to_stop() {
        let stop = Stop::new();
        let (answer, answered) = channel::<Result<u8, QueueError>>();
        let late = |_| Err(QueueError::Server("late".into()));
        let waits = move || answered.recv().unwrap_or_else(late);
        std::thread::scope(|scope| {
            let connecting = scope.spawn(|| connected(|| stop.asked(), waits));
            stop.ask(Duration::from_secs(1 << 20));
            let error = connecting.join().unwrap().unwrap_err();
            assert!(matches!(error, QueueError::Server(_)), "{error}");
        });
        drop(answer);
        // what comes of it in time is what is got, also when it fails
        assert_eq!(connected(|| false, || Ok(7)).unwrap(), 7);
        let refused = || Err::<u8, _>(QueueError::Server("no".into()));
        let error = connected(|| false, refused).unwrap_err().to_string();
        assert!(error.contains("no"), "{error}");
    }

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
