//! Duties without a node: the writer answers as it is told.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use winterlane_ledger::{BatchNumber, LedgerError, SignedOrder, pool::PoolPolicy};
use winterlane_settlement::view::ForcedOrder;

use super::*;
use crate::{
    FeeSchedule, Genesis, Limits, OrderId,
    settlement::{Published, Settled},
    testing::{Payer, Word, domain},
};

/// What goes wrong with the second order when both are tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    /// Settlement is away when it is asked for the order.
    Away,
    /// The node cannot decide now.
    Later,
    /// Settlement is away when it is shown that the order cannot run.
    Refuting,
}

/// Settlement where two orders are forced.
struct Posted {
    orders: [SignedOrder; 2],
    failure: Option<Failure>,
}

fn away<T>() -> Result<T, SettlementError> {
    Err(SettlementError::Unreachable("nobody is there".into()))
}

impl Settlement for Posted {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        Ok(None)
    }

    fn publish(&mut self, _: Published<'_>) -> Result<(), SettlementError> {
        Ok(())
    }

    fn obligations(
        &mut self,
        first: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Obligation)>, SettlementError> {
        if (first, limit, self.failure) == (1, 1, Some(Failure::Away)) {
            return away();
        }
        let posted = (0..).zip(&self.orders).skip(first as usize).take(limit);
        let owed = |(number, order): (u64, &SignedOrder)| {
            let forced = ForcedOrder {
                order: order.clone(),
                posted: BatchNumber::ZERO,
                shown: false,
            };
            let (due, what) = (u64::MAX, Owed::Order(Box::new(forced)));
            (number, Obligation { due, what })
        };
        Ok(posted.map(owed).collect())
    }

    fn refute(&mut self, _: u64, _: &Opening) -> Result<(), SettlementError> {
        match self.failure {
            Some(Failure::Refuting) => away(),
            _ => Ok(()),
        }
    }
}

/// A writer that finds both orders impossible at first; then the first is included, and the second whenever it is asked of a
/// third time.
fn answer(tasks: &Receiver<Task>, failure: Failure) {
    let mut asked = [0; 3];
    for task in tasks {
        let (order, answer) = match task {
            Task::Admin(Admin::Force { order, answer }) => (order, answer),
            // not now: what is owed stays noted
            Task::Admin(Admin::SealOwed(answer)) => {
                let _ = answer.send(Err(AdminError::Unsettled { batches: 1 }));
                continue;
            }
            _ => continue,
        };
        let signer = order.order.signer().get();
        let times = &mut asked[signer as usize];
        *times += 1;
        let result = match (signer, *times) {
            (1, 2) | (2, 3) => Ok(ForcedOutcome::Included(Receipt {
                id: OrderId::of(&order),
                sequence: 0,
                batch: BatchNumber::ZERO,
                known: false,
            })),
            (2, 2) if failure == Failure::Later => Err(SubmitError::Busy {
                retry_after: Duration::ZERO,
            }),
            _ => Ok(ForcedOutcome::Impossible(LedgerError::BatchFull {
                capacity: 1,
            })),
        };
        answer.send(result).unwrap();
    }
}

/// What is taken when it is tried again counts as taken though something after it fails: its batch is closed soon, unless it is
/// closed already, and not when it is old. What failed is tried in the next turn.
#[test]
fn what_was_included_again_before_a_failure_is_noted() {
    for failure in [Failure::Away, Failure::Later, Failure::Refuting] {
        for (open_batch, noted) in [(0, true), (1, false)] {
            let folder = tempfile::tempdir().unwrap();
            let genesis = Genesis::empty(domain());
            let store = Arc::new(Store::open(folder.path(), &genesis, 1 << 20).unwrap());
            let limits = Limits {
                max_age: Duration::from_secs(3600),
                ..Limits::default()
            };
            let (fees, policy) = (FeeSchedule::free(), PoolPolicy::open());
            let shared = Shared::new(Arc::clone(&store), limits, fees, policy, 64);
            shared.live().open_batch = BatchNumber::new(open_batch);
            let (writer, tasks) = sync_channel(8);
            let answering = thread::spawn(move || answer(&tasks, failure));
            let mut duties = Duties::new(Arc::new(shared), store, writer, Arc::new(Word));
            let mut posted = Posted {
                orders: [1, 2].map(|id| Payer::new(id, 2).pay(3, 1, 0)),
                failure: Some(failure),
            };
            assert!(duties.turn(&mut posted).is_ok());
            assert_eq!(duties.unsealed.is_some(), noted, "{failure:?}");
            // the first is done with, the second is not
            assert!(duties.open.keys().eq(&[1]), "{failure:?}");
            posted.failure = None;
            assert!(duties.turn(&mut posted).is_ok());
            assert!(duties.open.is_empty(), "{failure:?}");
            assert_eq!(duties.unsealed.is_some(), noted, "{failure:?}");
            drop(duties);
            answering.join().unwrap();
        }
    }
}
