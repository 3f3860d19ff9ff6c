//! The threads beside the writer. None ends unheard, and what strangers send ends none.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::SyncSender,
    thread::{Builder, JoinHandle},
};

use winterlane_ledger::{
    pool::{ProofRefusal, VerifyPrivate},
    private::PrivateInputs,
};
use winterlane_settlement::calm;

use super::{verify::Judge, writer::Task};

/// Starts a thread. One that panics ends the node, by its writer: else orders would be taken that nobody seals, and
/// obligations left that nobody sees.
pub(crate) fn spawn(
    name: &'static str,
    writer: SyncSender<Task>,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(move || {
        // what it leaves half done nobody looks at any more
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            let _ = writer.send(Task::Panicked { thread: name });
        }
    })
}

/// A judge whose panics are refusals.
pub(crate) struct Calm(pub(crate) Judge);

impl VerifyPrivate for Calm {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        calm(|| self.0.verify(inputs, proof))
    }
}
