//! What the threads beside a queue have in common: they hear what there is to hear, and then take a turn.

use std::{
    ops::ControlFlow,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use super::QueueError;

/// The longest wait between two attempts at the same thing.
const LONGEST: Duration = Duration::from_secs(15);

/// How long to wait after so many failures: longer and longer, up to [`LONGEST`].
pub(crate) fn backoff(failures: u32) -> Duration {
    let wait = Duration::from_millis(100).saturating_mul(1 << failures.min(10));
    wait.min(LONGEST)
}

/// Why a turn was not finished.
pub(crate) enum Stop {
    /// The queue failed.
    Queue(QueueError),
    /// Whoever is told has ended.
    Gone,
}

impl From<QueueError> for Stop {
    fn from(error: QueueError) -> Self {
        Self::Queue(error)
    }
}

/// Waits for a message, `pause` at most, and hears all that are there. Breaks when that was the last, or nobody sends
/// any more.
pub(crate) fn hear<M>(
    inbox: &Receiver<M>,
    pause: Duration,
    mut heard: impl FnMut(M) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut message = inbox.recv_timeout(pause);
    loop {
        match message {
            Ok(message) => heard(message)?,
            Err(RecvTimeoutError::Timeout) => return ControlFlow::Continue(()),
            Err(RecvTimeoutError::Disconnected) => return ControlFlow::Break(()),
        }
        message = inbox.recv_timeout(Duration::ZERO);
    }
}
