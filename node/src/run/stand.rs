//! What tests and measurements put in the place of the real thing.

use std::sync::Arc;

use redb::StorageBackend;

use super::{
    prover::{self, ProofJob, Prove},
    verify::Judge,
};
use crate::{clock::Clock, panel::PanelQueue, queue::dispatch, witness::Witnesses};

/// Makes who proves, from where the witnesses are.
type MakeProver = Box<dyn FnOnce(Witnesses) -> Box<dyn Prove>>;

/// What a test puts in the place of the real thing.
#[derive(Default)]
pub(crate) struct Stand {
    /// Where the store is, if not in the folder.
    pub(crate) backend: Option<Box<dyn StorageBackend>>,
    /// Who proves.
    pub(crate) prover: Option<MakeProver>,
    /// Who verifies proofs of private operations.
    pub(crate) judge: Option<Judge>,
    /// Where cases wait for workers that verify private proofs.
    pub(crate) panel: Option<Box<dyn PanelQueue>>,
    /// The machine's clock.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

impl Prove for Box<dyn Prove> {
    fn prove(&mut self, job: &ProofJob) -> prover::Outcome {
        (**self).prove(job)
    }
}

/// The verdict on the proofs of a test's prover, which are none.
pub(super) fn accept_all() -> dispatch::Verdict {
    Box::new(|_, _| Ok(()))
}

/// A backend behind a pointer.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Box<dyn StorageBackend>);

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), std::io::Error> {
        self.0.close()
    }
}
