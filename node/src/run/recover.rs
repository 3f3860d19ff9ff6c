//! What a process does with what the one before it has left: the log.

use std::{sync::Arc, time::Duration};

use winterlane_ledger::{CheckedOrder, Domain};

use super::{StartError, writer::StoreBase};
use crate::{
    core::{Entry, Logged, LoggedEntry, Operation, Sequencer},
    store::{StoreError, View},
};

/// The number of the first entry of the log, or of the next one.
pub(super) fn first_sequence(view: &View) -> Result<u64, StoreError> {
    Ok(view.first_logged()?.unwrap_or(view.head().next_sequence))
}

/// Decides again what the log says was decided; gives the entries.
///
/// Signatures and proofs held when they were logged. The sealer checks them once more before their batch is sealed: with a
/// hundred thousand pending that takes several times as long as everything else here, and nobody needs it before.
pub(super) fn replay(
    view: &View,
    sequencer: &mut Sequencer<StoreBase>,
    domain: &Domain,
) -> Result<Vec<Entry>, StartError> {
    let mut logged = Vec::new();
    view.log(|sequence, bytes| {
        logged.push((sequence, LoggedEntry::from_bytes(sequence, bytes)?));
        Ok(())
    })?;
    let mut entries = Vec::with_capacity(logged.len());
    for (sequence, LoggedEntry { batch, operation }) in logged {
        let operation = match operation {
            Logged::Other(operation) => operation,
            Logged::Order { id, order, note } => {
                // the ledger took it by the key in its signer's slot, or it would not be in the log
                let root = sequencer.key_of(&order)?;
                let order = CheckedOrder::assume(order, root, *domain);
                match note {
                    None => Operation::Order { id, order },
                    Some(note) => Operation::Shield { id, order, note },
                }
            }
        };
        let entry = Entry {
            sequence,
            batch,
            operation: Arc::new(operation),
        };
        sequencer.replay(entry.clone(), Duration::ZERO)?;
        entries.push(entry);
    }
    Ok(entries)
}
