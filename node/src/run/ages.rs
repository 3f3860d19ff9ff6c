//! How long sealed batches have waited, by a clock that does not jump.
//!
//! The store keeps when a batch was sealed by the clock of the machine, which somebody may set, or the network's time service.
//! An age that is the difference of two such times would be a day when the clock is set forwards by a day, and nothing for a
//! day when it is set back: alarms would be told of nothing, or not told. So a process takes the clock's word once, for what
//! was sealed before it began, and counts by itself from then on.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use winterlane_ledger::BatchNumber;

use crate::{
    clock::UnixTime,
    store::{StoreError, View},
};

/// Batches whose age is known, at most.
const KEPT: usize = 4096;

/// Since when batches have been sealed.
#[derive(Debug, Default)]
pub(crate) struct Ages(BTreeMap<BatchNumber, Instant>);

impl Ages {
    /// Of the batches that are not proven or not published, when a process begins at the time `now`.
    pub(super) fn at_start(view: &View, now: UnixTime) -> Result<Self, StoreError> {
        let mut ages = Self::default();
        let head = view.head();
        let first = head
            .next_publish
            .max(head.next_batch.saturating_sub(KEPT as u64));
        let unproven = view.jobs()?.into_iter().map(|(batch, _)| batch);
        let unpublished = (first.get()..head.next_batch.get()).map(BatchNumber::new);
        for batch in unproven.chain(unpublished) {
            if let Some(header) = view.header(batch)? {
                ages.insert(batch, now.since(UnixTime::from_millis(header.sealed_at)));
            }
        }
        Ok(ages)
    }

    /// A batch has been sealed for so long.
    pub(super) fn insert(&mut self, batch: BatchNumber, age: Duration) {
        let now = Instant::now();
        self.0.insert(batch, now.checked_sub(age).unwrap_or(now));
        while self.0.len() > KEPT {
            self.0.pop_first();
        }
    }

    /// How long a batch has been sealed, if it is known.
    pub(crate) fn of(&self, batch: BatchNumber) -> Option<Duration> {
        self.0.get(&batch).map(Instant::elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The oldest are forgotten, so that a node that publishes nothing keeps no more and more of them.
    #[test]
    fn so_many_ages_are_kept() {
        let mut ages = Ages::default();
        let day = Duration::from_secs(86_400);
        for batch in 0..=KEPT as u64 {
            ages.insert(BatchNumber::new(batch), day);
        }
        let [first, second] = [0, 1].map(BatchNumber::new);
        assert_eq!((ages.0.len(), ages.of(first)), (KEPT, None));
        assert!(ages.of(second) >= Some(day));
        ages.insert(second, Duration::ZERO);
        assert!(ages.of(second) < Some(day));
    }
}
