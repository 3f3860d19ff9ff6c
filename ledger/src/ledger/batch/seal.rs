//! Closing a batch: padding, the new state, and the public inputs.

use alloc::vec::Vec;
use core::mem;

use super::{Batch, Work};
use crate::{
    AssetId, Digest, MAX_OPERATIONS, PublicInputs, Record,
    hash::Compressor,
    ledger::{Ledger, SealError, SealedBatch, leaf_digests},
    public::BATCH_NUMBER_BITS,
    record::operations_digest,
    state::{Changes, State},
    tree::{self, Siblings, TreeUpdate},
};

impl<C: Compressor, S: State> Batch<'_, C, S> {
    /// Closes the batch: pads it with Noops to `slots` (by default the next power of two), hashes
    /// the new state into the tree, and moves the ledger on to the next batch number.
    ///
    /// Afterwards this value is the next batch, open and empty.
    ///
    /// # Errors
    /// [`SealError`] when the fee pool is not empty, there is no such number of slots, or the state fails; the
    /// batch is then still open, as before.
    pub fn seal(&mut self, slots: Option<u32>) -> Result<SealedBatch, SealError<S::Error>> {
        let operations = self.work.operations.len() as u32;
        let slots = slots.unwrap_or_else(|| operations.next_power_of_two());
        if !slots.is_power_of_two() || slots > MAX_OPERATIONS || slots < operations {
            return Err(SealError::Slots { slots, operations });
        }
        if let Some((asset, amount)) = self.pool() {
            return Err(SealError::PoolNotEmpty { asset, amount });
        }
        let batch_number = self.ledger.batch_number();
        if batch_number.get() >> BATCH_NUMBER_BITS != 0 {
            return Err(SealError::BatchNumber { batch_number });
        }
        let pool_since = self.work.pool_since;
        for _ in operations..slots {
            self.push(Record::Noop, None, None);
        }
        let last = self.work.operations[..pool_since]
            .last()
            .map(|operation| operation.pool_asset);
        self.name_pool_asset(last.unwrap_or(AssetId::ZERO));
        let old_root = self.ledger.root();
        if let Err(error) = self.write_state() {
            // what was filled in is filled in again when the batch is sealed
            self.work.operations.truncate(operations as usize);
            self.work.pool_since = pool_since;
            return Err(SealError::State(error));
        }
        let Work { operations, .. } = mem::take(&mut self.work);
        let records: Vec<Record> = operations
            .iter()
            .map(|operation| operation.record)
            .collect();
        let public_inputs = PublicInputs {
            domain: self.ledger.domain,
            batch_number,
            old_root,
            new_root: self.ledger.root(),
            operations_digest: operations_digest(&records, &self.ledger.compressor),
            num_operations: slots,
        };
        Ok(SealedBatch {
            public_inputs,
            records,
            operations,
        })
    }

    /// Replays the leaves that the operations change into the tree, fills in the siblings, and moves the
    /// state on to the next version.
    fn write_state(&mut self) -> Result<(), S::Error> {
        let Ledger {
            state, compressor, ..
        } = &mut *self.ledger;
        let mut ids = Vec::new();
        let mut accounts = Vec::new();
        for operation in &self.work.operations {
            if let Some(signer) = &operation.signer {
                ids.push(signer.index.get());
                accounts.push(signer.account_after(&operation.record));
            }
            if let Some(receiver) = &operation.receiver {
                ids.push(receiver.index.get());
                accounts.push(receiver.account_after(operation.record.amount()));
            }
        }
        let leaves = leaf_digests(&accounts, compressor);
        let updates: Vec<(u32, Digest)> = ids.into_iter().zip(leaves).collect();
        let siblings = |ids: &[u32], out: &mut [Siblings]| state.siblings(ids, out);
        let TreeUpdate { paths, nodes } = tree::update(&updates, siblings, compressor)?;
        let mut paths = paths.into_iter();
        for operation in &mut self.work.operations {
            let signer = operation.signer.as_mut().map(|signer| &mut signer.siblings);
            let receiver = operation
                .receiver
                .as_mut()
                .map(|receiver| &mut receiver.siblings);
            // One path per leaf, in the order of the leaves above.
            for siblings in signer.into_iter().chain(receiver) {
                *siblings = paths.next().unwrap_or(*siblings);
            }
        }
        let accounts = self.work.changed.iter();
        state.apply(Changes {
            accounts: accounts.map(|(id, account)| (*id, *account)).collect(),
            nodes,
        })
    }
}
