//! The threads of a node, and how they end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::SyncSender,
    },
    thread::JoinHandle,
};

use thiserror::Error;

use super::{admission::Command, shared::Shared};
use crate::{
    core::Fault,
    store::{FolderLock, StoreError},
};

/// Why a node ended by itself. What was acknowledged is on the disk; start it again.
#[derive(Debug, Error)]
#[error("the node ended: {reason}")]
pub struct StopError {
    /// What happened.
    pub reason: String,
    #[source]
    source: Option<StoreError>,
}

/// The threads of a node.
#[derive(Debug)]
pub struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) commands: SyncSender<Command>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) writer: JoinHandle<Result<(), Fault>>,
    pub(super) others: Vec<JoinHandle<()>>,
    pub(super) _lock: Option<FolderLock>,
}

impl Running {
    /// Asks the node to stop: orders that wait are answered, a seal that was begun is written, a proof that
    /// was begun is given up. [`Running::wait`] says when that is done.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // a node that has ended hears nothing
        let _ = self.commands.send(Command::Stop);
    }

    /// Whether the node has ended, asked or not.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.writer.is_finished()
    }

    /// Waits until the node has ended.
    ///
    /// # Errors
    /// [`StopError`] when nobody had asked it to.
    pub fn wait(self) -> Result<(), StopError> {
        let Self {
            shared,
            commands,
            stop,
            writer,
            others,
            _lock,
        } = self;
        let result = writer.join();
        // a writer that panicked has not said so, and threads wait for it
        shared.end();
        stop.store(true, Ordering::Relaxed);
        // admission listens to handles, which may live on
        let _ = commands.send(Command::Stop);
        drop(commands);
        for thread in others {
            let _ = thread.join();
        }
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Fault::Store(error))) => Err(StopError {
                reason: error.to_string(),
                source: Some(error),
            }),
            Ok(Err(fault)) => Err(StopError {
                reason: fault.to_string(),
                source: None,
            }),
            Err(_) => Err(StopError {
                reason: "a mistake in the node itself; please report it with the lines above"
                    .into(),
                source: None,
            }),
        }
    }
}
