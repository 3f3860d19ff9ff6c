//! Publishing: proven batches to settlement, one after another, none left out.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

use winterlane_ledger::wire;
use winterlane_prover::SimdCompressor;

use super::writer::Task;
use crate::{
    fault,
    settlement::{Published, Settlement, SettlementError},
    store::{Store, StoreError},
};

/// How long to wait before settlement is asked again after it failed.
const RETRY: Duration = Duration::from_secs(2);

/// The thread that publishes. It looks for work whenever it is woken, and ends when nobody can wake it any
/// more.
pub(crate) fn spawn(
    store: Arc<Store>,
    mut settlement: Box<dyn Settlement>,
    wake: Receiver<()>,
    writer: SyncSender<Task>,
) -> Result<JoinHandle<()>, StoreError> {
    Builder::new()
        .name("publisher".into())
        .spawn(move || {
            let mut retry = true;
            loop {
                let woken = if retry {
                    wake.recv_timeout(RETRY)
                } else {
                    wake.recv().map_err(|_| RecvTimeoutError::Disconnected)
                };
                if woken == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
                match publish_all(&store, &mut *settlement, &writer) {
                    Ok(()) => retry = false,
                    Err(Stop::Settlement { batch, reason }) => {
                        retry = true;
                        let refused = Task::Unpublished { batch, reason };
                        if writer.send(refused).is_err() {
                            return;
                        }
                    }
                    Err(Stop::Store(error)) => {
                        let _ = writer.send(Task::Failed(error));
                        return;
                    }
                    Err(Stop::Gone) => return,
                }
            }
        })
        .map_err(StoreError::io("publisher"))
}

enum Stop {
    Settlement {
        batch: u64,
        reason: SettlementError,
    },
    Store(StoreError),
    /// The writer has ended.
    Gone,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn publish_all(
    store: &Store,
    settlement: &mut dyn Settlement,
    writer: &SyncSender<Task>,
) -> Result<(), Stop> {
    loop {
        let view = store.view()?;
        let batch = view.head().next_publish;
        let (Some(header), Some(records), Some(proof)) = (
            view.header(batch)?,
            view.records(batch)?,
            view.proof(batch)?,
        ) else {
            return Ok(());
        };
        // what is published is what was proven
        wire::decode_published(&records, &header.public_inputs, &SimdCompressor).map_err(
            |error| StoreError::corrupt(format!("the records of batch {batch}: {error}")),
        )?;
        fault::point("before-publishing");
        settlement
            .publish(Published {
                public_inputs: &header.public_inputs,
                records: &records,
                proof: &proof,
                pool: &view.pool_operations(batch)?.unwrap_or_default(),
            })
            .map_err(|reason| Stop::Settlement { batch, reason })?;
        fault::point("published");
        let (written, wait) = std::sync::mpsc::sync_channel(1);
        writer
            .send(Task::Published { batch, written })
            .map_err(|_| Stop::Gone)?;
        wait.recv().map_err(|_| Stop::Gone)?;
    }
}
