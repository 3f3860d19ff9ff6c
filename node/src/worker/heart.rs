//! Heartbeats: a claim is renewed while its proof is made.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    thread::{Builder, JoinHandle},
};

use super::{WorkerOptions, stop::connected};
use crate::queue::{
    QueueError,
    postgres::{
        Address,
        claims::{Claim, Claims},
    },
};

/// A thread that renews a claim until this is dropped.
///
/// It has a connection of its own, so that a proof that uses every core, or a statement that waits, holds no
/// heartbeat back. Without a thread or a connection the claim runs out, and the proof is taken nevertheless.
#[derive(Debug)]
pub(super) struct Heart {
    lost: Arc<AtomicBool>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heart {
    /// Starts it, unless the system has no thread for it.
    pub(super) fn start(options: &WorkerOptions, worker: &str, claim: &Claim) -> io::Result<Self> {
        let lost = Arc::new(AtomicBool::new(false));
        let (end, ended) = channel::<()>();
        let beat = {
            let (address, worker) = (options.queue.clone(), worker.to_owned());
            let (claim, lost) = (claim.clone(), lost.clone());
            let (heartbeat, lease) = (options.heartbeat, options.lease);
            move || {
                let mut connection = None;
                while ended.recv_timeout(heartbeat) == Err(RecvTimeoutError::Timeout) {
                    let mut queue = match connection.take() {
                        Some(queue) => queue,
                        None => match connect(&address, &worker, &ended) {
                            Ok(queue) => queue,
                            Err(error) => {
                                tracing::debug!(%error, "no heartbeat");
                                continue;
                            }
                        },
                    };
                    match queue.heartbeat(&claim, lease) {
                        Ok(true) => connection = Some(queue),
                        Ok(false) => {
                            lost.store(true, Ordering::Relaxed);
                            return;
                        }
                        Err(error) => tracing::debug!(%error, "no heartbeat"),
                    }
                }
            }
        };
        let thread = Builder::new().name("heartbeat".into()).spawn(beat)?;
        Ok(Self {
            lost,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Whether the job is over, or another worker's.
    pub(super) fn lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

/// A connection, unless nobody needs a heartbeat any more before there is one.
fn connect(address: &Address, worker: &str, ended: &Receiver<()>) -> Result<Claims, QueueError> {
    let (address, worker) = (address.clone(), worker.to_owned());
    let over = || ended.try_recv() == Err(TryRecvError::Disconnected);
    connected(over, move || Claims::connect(&address, &worker))
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
