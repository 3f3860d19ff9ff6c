//! Duties without a node: the writer answers as it is told.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use winterlane_ledger::{Amount, BatchNumber, LedgerError, SignedOrder, pool::PoolPolicy};
use winterlane_settlement::{Party, view::ForcedOrder};

use super::*;
use crate::{
    FeeSchedule, Genesis, Limits, OrderId,
    settlement::{Opening, Published, Settled},
    testing::{Payer, Word, deposit, domain},
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
    /// Settlement says that it can run.
    CanRun,
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
            Some(Failure::CanRun) => Err(SettlementError::Refused {
                code: "can_run".into(),
                message: "it can run".into(),
            }),
            _ => Ok(()),
        }
    }
}

/// Duties whose tasks nobody does yet, and the folder of their store.
fn begin(open_batch: u64) -> (tempfile::TempDir, Duties, Receiver<Task>) {
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
    let duties = Duties::new(Arc::new(shared), store, writer, Arc::new(Word));
    (folder, duties, tasks)
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
            let (_folder, mut duties, tasks) = begin(open_batch);
            let answering = thread::spawn(move || answer(&tasks, failure));
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

/// A writer that finds each order impossible.
fn refuse(tasks: &Receiver<Task>) {
    for task in tasks {
        if let Task::Admin(Admin::Force { answer, .. }) = task {
            let refusal = LedgerError::BatchFull { capacity: 1 };
            let impossible = ForcedOutcome::Impossible(refusal);
            answer.send(Ok(impossible)).unwrap();
        }
    }
}

/// An order that expires soon has sealing wait until it is refuted, or until that is no use: a node that waited on would
/// never settle the batch that ends it. Others do not; nor is anything sealed before the list was gone through.
#[test]
fn sealing_waits_for_an_order_that_expires_soon_and_not_for_ever() {
    for (last, waits) in [(9, true), (1 << 40, false)] {
        for end in [None, Some(Failure::CanRun)] {
            let (_folder, mut duties, tasks) = begin(0);
            let answering = thread::spawn(move || refuse(&tasks));
            let shared = Arc::clone(&duties.shared);
            let quiet = || shared.quiet.load(Ordering::Relaxed);
            assert!(quiet());
            let mut posted = Posted {
                orders: [1, 2].map(|id| {
                    let mut payer = Payer::new(id, 2);
                    payer.valid_until = BatchNumber::new(last);
                    payer.pay(3, 1, 0)
                }),
                failure: Some(Failure::Refuting),
            };
            assert!(duties.turn(&mut posted).is_ok());
            assert_eq!(quiet(), waits, "{last}");
            posted.failure = end;
            assert!(duties.turn(&mut posted).is_ok());
            assert!(!quiet(), "{last}");
            assert_eq!(duties.open.is_empty(), end.is_none(), "{last}");
            drop(duties);
            answering.join().unwrap();
        }
    }
}

/// Settlement with deposits that gives all of them once, and then one at a time: the list has as many as it likes.
struct Short {
    deposits: Vec<u64>,
    asked: bool,
}

impl Settlement for Short {
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
        let limit = if self.asked { limit.min(1) } else { limit };
        self.asked = true;
        let owed = |number: u64| {
            let (deposit, from) = (deposit(1, u128::from(number)), Party::NOBODY);
            let (due, what) = (u64::MAX, Owed::Deposit { deposit, from });
            (number, Obligation { due, what })
        };
        let from = self.deposits.iter().copied();
        let from = from.filter(|number| *number >= first);
        Ok(from.take(limit).map(owed).collect())
    }
}

/// A page that is not full is not the end of the list: a deposit that is left out is due some day, and ends the rollup.
#[test]
fn deposits_after_a_short_page_are_taken() {
    let (_folder, mut duties, tasks) = begin(0);
    let answering = thread::spawn(move || {
        let mut amounts = Vec::new();
        for task in tasks {
            match task {
                Task::Admin(Admin::Deposit {
                    reference,
                    deposit,
                    answer,
                    ..
                }) => {
                    amounts.push(deposit.amount);
                    let receipt = Receipt {
                        id: OrderId::of_deposit(&reference, &[]),
                        sequence: 0,
                        batch: BatchNumber::ZERO,
                        known: false,
                    };
                    answer.send(Ok(receipt)).unwrap();
                }
                Task::Admin(Admin::SealOwed(answer)) => {
                    answer.send(Err(AdminError::Empty)).unwrap();
                }
                _ => {}
            }
        }
        amounts
    });
    let deposits = vec![1, 2, 5, 9];
    let mut short = Short {
        deposits: deposits.clone(),
        asked: false,
    };
    // a page in each turn at least, however slow the machine is
    for _ in &deposits {
        assert!(duties.turn(&mut short).is_ok());
    }
    drop(duties);
    let expected = deposits
        .into_iter()
        .map(|amount| Amount::new(amount.into()));
    assert_eq!(answering.join().unwrap(), Vec::from_iter(expected));
}
