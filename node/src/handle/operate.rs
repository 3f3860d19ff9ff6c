//! The handle's part for operators.

use winterlane_ledger::BatchNumber;

use super::{Node, Unsent};
use crate::{AdminError, run::admission::Admin};

impl Node {
    /// Takes no more orders until [`Node::resume`]. Batches go on being sealed and proven; a restart
    /// resumes.
    ///
    /// # Errors
    /// [`AdminError::Busy`], [`AdminError::Stopped`].
    pub async fn pause(&self) -> Result<(), AdminError> {
        Ok(self.ask(Admin::Pause).await?)
    }

    /// Takes orders again.
    ///
    /// # Errors
    /// [`AdminError::Frozen`] when the rollup has ended; [`AdminError::Busy`], [`AdminError::Stopped`].
    pub async fn resume(&self) -> Result<(), AdminError> {
        self.ask(Admin::Resume).await?
    }

    /// Closes the open batch as it is, and returns its number. It is sealed as soon as those before it are.
    ///
    /// # Errors
    /// [`AdminError::Empty`] when it has no operations; [`AdminError::Unsettled`]; [`AdminError::Busy`],
    /// [`AdminError::Stopped`].
    pub async fn seal_now(&self) -> Result<BatchNumber, AdminError> {
        self.ask(Admin::Seal).await?
    }

    /// Proves a batch that is held or waiting as if it had never failed.
    ///
    /// # Errors
    /// [`AdminError::UnknownBatch`], [`AdminError::Proven`]; [`AdminError::Busy`], [`AdminError::Stopped`].
    pub async fn requeue(&self, batch: BatchNumber) -> Result<(), AdminError> {
        self.ask(|answer| Admin::Requeue { batch, answer }).await?
    }
}

impl From<Unsent> for AdminError {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Full => Self::Busy,
            Unsent::Stopped => Self::Stopped,
        }
    }
}
