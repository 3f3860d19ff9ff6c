//! Hearing that there is news.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

use postgres::{Client, fallible_iterator::FallibleIterator as _};

use super::Address;
use crate::queue::QueueError;

/// How long the listener waits before it looks whether it is to end.
const LISTEN: Duration = Duration::from_millis(500);

/// A thread that listens on a channel of PostgreSQL, on a connection of its own, until this is dropped.
#[derive(Debug)]
pub(super) struct News {
    stop: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl News {
    /// Calls `wake` when something was told on the channel. Without a connection news is found a little later, by those who
    /// ask anyway.
    pub(super) fn on(
        address: &Address,
        channel: &'static str,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, QueueError> {
        let stop = Arc::new(AtomicBool::new(false));
        let listener = {
            let (address, stop) = (address.clone(), stop.clone());
            Builder::new()
                .name("queue news".into())
                .spawn(move || listen(&address, channel, &wake, &stop))
                .map_err(QueueError::Thread)?
        };
        Ok(Self {
            stop,
            listener: Some(listener),
        })
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn listen(address: &Address, channel: &str, wake: &dyn Fn(), stop: &AtomicBool) {
    let stopped = || stop.load(Ordering::Relaxed);
    while !stopped() {
        let heard = address.connect().and_then(|mut client| {
            client.batch_execute(&format!("LISTEN {channel}"))?;
            while !stopped() && !client.is_closed() {
                let mut notifications = client.notifications();
                if notifications.timeout_iter(LISTEN).next()?.is_some() {
                    while notifications.iter().next()?.is_some() {}
                    wake();
                }
            }
            Ok(())
        });
        if heard.is_err() {
            std::thread::sleep(LISTEN);
        }
    }
}

/// Waits until something was told on the channels that this connection listens to, for so long at most; says whether it was.
pub(super) fn wait(client: &mut Client, patience: Duration) -> Result<bool, QueueError> {
    let mut notifications = client.notifications();
    let heard = notifications.timeout_iter(patience).next()?.is_some();
    // one is as good as many
    while notifications.iter().next()?.is_some() {}
    drop(notifications);
    if client.is_closed() {
        return Err(QueueError::Server("the connection has ended".into()));
    }
    Ok(heard)
}
