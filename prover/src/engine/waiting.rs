//! Functions of the caller's that may be asynchronous.

use core::pin::pin;
use core::task::{Context, Poll};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread for a future, which is ready at once but for functions of the caller's that wait.
///
/// With winterfell's feature `async` the functions of its `Prover` are asynchronous, and without it they are not.
/// Whether it is on is up to the whole program, and nothing that this crate could see: its calls are
/// written by winterfell's own macro `maybe_await`, which knows, in futures for which this function waits.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Is ready when another thread has woken it.
    struct Later(bool);

    impl Future for Later {
        type Output = u32;

        fn poll(mut self: core::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
            if core::mem::replace(&mut self.0, true) {
                return Poll::Ready(7);
            }
            let waker = context.waker().clone();
            thread::spawn(move || waker.wake());
            Poll::Pending
        }
    }

    #[test]
    fn what_is_ready_and_what_is_not() {
        assert_eq!(wait(async { 5 }), 5);
        assert_eq!(wait(async { Later(false).await + 1 }), 8);
    }
}
