//! When a batch is closed, and what is forgotten once it is sealed.

use std::{sync::Arc, time::Duration};

use winterlane_ledger::{Amount, AssetId, BatchNumber, Order, ledger::SealError};

use super::{ClosedBatch, Fault, Sequencer};
use crate::core::{Entry, Operation, trial::Base};

impl<B: Base> Sequencer<B> {
    /// Closes the open batch if it is old enough. After a time that goes back it waits no longer than a new one would.
    pub(crate) fn tick(&mut self, now: Duration) -> Result<(), Fault> {
        self.opened = self.opened.map(|opened| opened.min(now));
        match self.deadline() {
            Some(deadline) if now >= deadline => self.close(),
            _ => Ok(()),
        }
    }

    /// Closes the open batch, unless it is empty; says its number.
    pub(crate) fn close_now(&mut self) -> Result<Option<BatchNumber>, Fault> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        let number = self.open_batch();
        self.close()?;
        Ok(Some(number))
    }

    /// The oldest closed batch is sealed, and the store has it.
    pub(crate) fn sealed(&mut self) {
        let Some(batch) = self.closed.pop_front() else {
            return;
        };
        for entry in &batch.entries {
            if let Some(id) = entry.operation.id() {
                self.pending.remove(&id);
            }
            for claim in entry.operation.claims().into_iter().flatten() {
                self.claims.remove(&claim);
            }
            if let Operation::Private { operation, .. } = &*entry.operation {
                self.pool.sealed(operation);
            }
            if let Some(order) = entry.operation.order() {
                let signer = order.signed().order.signer();
                if let Some(count) = self.per_account.get_mut(&signer) {
                    *count -= 1;
                    if *count == 0 {
                        self.per_account.remove(&signer);
                    }
                }
            }
        }
        self.forget.below(batch.number.saturating_add(1));
    }

    /// Pays the pool out, if there is something in it.
    pub(super) fn collect(&mut self) -> Result<(), Fault> {
        let Some((asset, _)) = self.with(|batch| batch.pool())? else {
            return Ok(());
        };
        let collector = if self.collects(asset)? {
            self.fees.collector(asset)
        } else {
            self.refunds.get(&asset).copied()
        };
        let to = collector.ok_or_else(|| {
            Fault::Close(format!(
                "the pool holds asset {asset}, and the configuration names no collector for it"
            ))
        })?;
        self.with(|batch| batch.collect_fees(to))?
            .map_err(|error| match error.refusal() {
                Ok(refusal) => Fault::Close(refusal.to_string()),
                Err(error) => error.into(),
            })?;
        self.decide(Operation::Collect { to });
        Ok(())
    }

    pub(super) fn close(&mut self) -> Result<(), Fault> {
        self.collect()?;
        let slots = (self.records as u32).next_power_of_two();
        self.decide(Operation::Close { slots });
        self.seal_trial(slots)
    }

    /// Moves the trial on to the next batch. The closing entry is the last one.
    pub(super) fn seal_trial(&mut self, slots: u32) -> Result<(), Fault> {
        let number = self.open_batch();
        self.with(|batch| batch.seal(Some(slots)).map(drop))?
            .map_err(|error| match error {
                SealError::State(error) => error.into(),
                other => Fault::Close(other.to_string()),
            })?;
        self.draft = None;
        self.opened = None;
        let entries = std::mem::take(&mut self.entries);
        self.records = 0;
        let pool = self.pool.close(&entries)?;
        let supplies = self.touched(&entries);
        self.closed.push_back(ClosedBatch {
            number,
            slots,
            entries,
            supplies,
            pool: pool.map(Arc::new),
        });
        Ok(())
    }

    /// The supplies that a batch may have changed. All are given: there are few assets.
    fn touched(&self, entries: &[Entry]) -> Vec<(AssetId, Amount)> {
        let moves = entries.iter().any(|entry| match &*entry.operation {
            Operation::Order { order, .. } => matches!(order.signed().order, Order::Withdraw(_)),
            Operation::Deposit { .. } | Operation::Shield { .. } => true,
            Operation::Note { .. }
            | Operation::Private { .. }
            | Operation::Collect { .. }
            | Operation::Close { .. } => false,
        });
        if !moves {
            return Vec::new();
        }
        let mut supplies: Vec<(AssetId, Amount)> = self
            .supplies
            .iter()
            .map(|(asset, supply)| (*asset, *supply))
            .collect();
        supplies.sort_unstable();
        supplies
    }
}
