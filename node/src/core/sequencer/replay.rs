//! Deciding again what the log says was decided.

use std::time::Duration;

use super::{Fault, Sequencer};
use crate::core::{Entry, Operation, trial::Base};

impl<B: Base> Sequencer<B> {
    /// Decides again what the log says was decided. The limits of now are not asked: what was acknowledged
    /// stays.
    pub(crate) fn replay(&mut self, entry: Entry, now: Duration) -> Result<(), Fault> {
        let Entry {
            sequence,
            batch,
            operation,
        } = &entry;
        let fault = |reason: String| Fault::Replay {
            sequence: *sequence,
            reason,
        };
        if *sequence != self.next_sequence {
            return Err(fault(format!("entry {} is missing", self.next_sequence)));
        }
        if *batch != self.open_batch() {
            return Err(fault(format!(
                "it is of batch {batch}, the open one is {}",
                self.open_batch()
            )));
        }
        let result = match &**operation {
            Operation::Order { order, .. } => {
                self.owe_back(order)?;
                self.leaves(order)?;
                self.with(|batch| batch.checked(order.clone()))?
            }
            Operation::Shield { order, note, .. } => {
                self.leaves(order)?;
                let result = self.with(|batch| batch.checked(order.clone()))?;
                if result.is_ok() {
                    self.take_note(note)?;
                }
                result
            }
            Operation::Private { operation, .. } => {
                let applied = self.pool.apply(operation)?;
                applied.map_err(|refusal| fault(refusal.to_string()))?;
                Ok(())
            }
            Operation::Note { note, payment, .. } => {
                let taken = self.pool.enter(note, *payment)?;
                taken.map_err(|refusal| fault(refusal.to_string()))?;
                Ok(())
            }
            Operation::Deposit { deposit, .. } => {
                let supply = self.supplies.entry(deposit.asset).or_default();
                *supply = supply.saturating_add(deposit.amount);
                self.with(|batch| batch.deposit(*deposit))?
            }
            Operation::Collect { to } => self.with(|batch| batch.collect_fees(*to))?,
            Operation::Close { slots } => {
                let slots = *slots;
                self.next_sequence += 1;
                self.push(entry);
                return self.seal_trial(slots);
            }
        };
        result.map_err(|error| match error.refusal() {
            Ok(refusal) => fault(refusal.to_string()),
            Err(error) => error.into(),
        })?;
        self.next_sequence += 1;
        self.remember(&entry);
        self.push(entry);
        self.opened.get_or_insert(now);
        Ok(())
    }
}
