//! Deposits without end: they keep nothing from being settled, and fill no memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use winterlane_settlement::Party;

use super::{Willing, options, payers, settled::stop};
use crate::{
    Limits,
    run::{Stand, start},
    settlement::{Obligation, Owed, Published, Settled, Settlement, SettlementError},
    testing::{deposit, until},
};

/// Settlement where somebody deposits without end, and that counts what is published.
struct Endless(Arc<AtomicU64>);

impl Settlement for Endless {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        Ok(None)
    }

    fn publish(&mut self, _: Published<'_>) -> Result<(), SettlementError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn obliges(&self) -> bool {
        true
    }

    fn obligations(
        &mut self,
        first: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Obligation)>, SettlementError> {
        let one = |number| {
            let (deposit, from) = (deposit(1, 1), Party::NOBODY);
            let what = Owed::Deposit { deposit, from };
            let due = u64::MAX;
            (number, Obligation { due, what })
        };
        // nobody has made them all before the node begins: one page ends, and no other does
        let limit = if first == 0 { limit / 2 } else { limit };
        Ok((first..).take(limit).map(one).collect())
    }
}

/// Whoever deposits faster than the node takes it keeps nothing from being settled.
#[test]
fn deposits_without_end_stop_no_batch() {
    let folder = tempfile::tempdir().unwrap();
    let payers = payers(2, 4);
    let mut options = options(folder.path(), &payers);
    let published = Arc::<AtomicU64>::default();
    options.settlement = Some(Box::new(Endless(Arc::clone(&published))));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        ..Stand::default()
    };
    let (_node, running) = start(options, stand).unwrap();
    until(|| (published.load(Ordering::Relaxed) >= 3).then_some(()));
    stop(running);
}

/// Nor does that fill the memory while batches are not sealed: as much is pending as there may be orders, and as much again.
#[test]
fn deposits_without_end_wait_for_what_is_pending() {
    let folder = tempfile::tempdir().unwrap();
    let payers = payers(2, 4);
    let mut options = options(folder.path(), &payers);
    options.limits = Limits {
        slots: 64,
        max_age: Duration::from_secs(24 * 60 * 60),
        max_pending: 3,
        ..Limits::default()
    };
    let published = Arc::<AtomicU64>::default();
    options.settlement = Some(Box::new(Endless(Arc::clone(&published))));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        ..Stand::default()
    };
    let (node, running) = start(options, stand).unwrap();
    until(|| {
        let pending = node.status().unwrap().pending;
        assert!(pending <= 6, "{pending}");
        (published.load(Ordering::Relaxed) >= 2).then_some(())
    });
    stop(running);
}
