//! How far a node goes ahead of its settlement, whoever would have it go further: strangers who deposit without end, and a
//! restart while settlement is away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use winterlane_settlement::Party;

use super::{Willing, options, payers, settled::stop};
use crate::{
    run::{Stand, duties::SOON, start},
    settlement::{Obligation, Owed, Published, Settled, Settlement, SettlementError},
    testing::{deposit, until},
};

/// Settlement that can be away for batches, and where somebody has made a deposit whenever it is asked.
#[derive(Clone, Default)]
struct Dripping {
    away: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
}

impl Settlement for Dripping {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        Ok(None)
    }

    fn publish(&mut self, _: Published<'_>) -> Result<(), SettlementError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(SettlementError::Unreachable("it is away".into()));
        }
        Ok(())
    }

    fn obliges(&self) -> bool {
        true
    }

    fn lifetime(&mut self) -> Result<Option<u64>, SettlementError> {
        Ok(Some(8))
    }

    fn obligations(
        &mut self,
        first: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Obligation)>, SettlementError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (deposit, from) = (deposit(1, 1), Party::NOBODY);
        let what = Owed::Deposit { deposit, from };
        let due = u64::MAX;
        let mut one = vec![(first, Obligation { due, what })];
        one.truncate(limit);
        Ok(one)
    }
}

/// Whoever deposits a unit again and again has the node make a batch now and then, and not one each time; and none beyond half
/// of what the node may be ahead.
#[test]
fn deposits_again_and_again_share_batches() {
    let folder = tempfile::tempdir().unwrap();
    let payers = payers(1, 2);
    let mut options = options(folder.path(), &payers);
    options.limits.slots = 64;
    options.limits.max_age = Duration::from_secs(24 * 60 * 60);
    let settlement = Dripping::default();
    settlement.away.store(true, Ordering::Relaxed);
    options.settlement = Some(Box::new(settlement.clone()));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        ..Stand::default()
    };
    let begun = Instant::now();
    let (node, running) = start(options, stand).unwrap();
    // a lifetime of 8: 4 batches at most, and from 3 on they fill up
    let closed = || node.status().unwrap().open_batch.get();
    let reached = until(|| Some(closed()).filter(|closed| *closed >= 3));
    let most = begun.elapsed().as_secs() / SOON.as_secs() + 1;
    assert!(reached <= most, "{reached} batches, and {most} at most");
    let asked = || settlement.asked.load(Ordering::Relaxed);
    let before = asked();
    until(|| (asked() >= before + 4).then_some(()));
    assert_eq!(closed(), 3);
    // what is in the open one is not forgotten
    settlement.away.store(false, Ordering::Relaxed);
    until(|| (closed() > 3).then_some(()));
    stop(running);
}
