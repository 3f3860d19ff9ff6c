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
    /// Settlement is away when it is shown that the first order cannot run.
    First,
    /// Settlement refuses the opening of the first order, each time.
    Strange,
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

    fn refute(&mut self, number: u64, _: &Opening) -> Result<(), SettlementError> {
        match self.failure {
            Some(Failure::Refuting | Failure::Later) => away(),
            Some(Failure::First) if number == 0 => away(),
            Some(Failure::Strange) if number == 0 => Err(SettlementError::Refused {
                code: "strange".into(),
                message: "it is strange".into(),
            }),
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
/// never settle the batch that ends it. So has one that was forced before the process began, and no other; nor is anything
/// sealed before the list was gone through.
#[test]
fn sealing_waits_for_an_order_that_expires_soon_and_not_for_ever() {
    let late = 1 << 40;
    for (last, begun, waits) in [(9, true, true), (late, true, false), (late, false, true)] {
        for end in [None, Some(Failure::CanRun)] {
            let (_folder, mut duties, tasks) = begin(0);
            let answering = thread::spawn(move || refuse(&tasks));
            let shared = Arc::clone(&duties.shared);
            let quiet = || shared.quiet.load(Ordering::Relaxed);
            assert!(quiet());
            duties.begun = begun;
            let mut posted = Posted {
                orders: [1, 2].map(|id| {
                    let mut payer = Payer::new(id, 2);
                    payer.valid_until = BatchNumber::new(last);
                    payer.pay(3, 1, 0)
                }),
                failure: Some(Failure::Refuting),
            };
            assert!(duties.turn(&mut posted).is_ok());
            assert_eq!(quiet(), waits, "{last}, {begun}");
            posted.failure = end;
            assert!(duties.turn(&mut posted).is_ok());
            if waits {
                // all in the moment that was waited for, also what was tried just now
                assert_eq!(duties.open.is_empty(), end.is_none(), "{last}, {begun}");
            }
            assert!(!quiet(), "{last}, {begun}");
            drop(duties);
            answering.join().unwrap();
        }
    }
}

/// Two orders, found in the list, that expire in batch 9; the writer says what `says` has for an order.
fn expiring(says: fn() -> Result<ForcedOutcome, SubmitError>, check: impl FnOnce(Duties, Posted)) {
    let (_folder, duties, tasks) = begin(0);
    let answering = thread::spawn(move || {
        for task in tasks {
            if let Task::Admin(Admin::Force { answer, .. }) = task {
                answer.send(says()).unwrap();
            }
        }
    });
    let orders = [1, 2].map(|id| {
        let mut payer = Payer::new(id, 2);
        payer.valid_until = BatchNumber::new(9);
        payer.pay(3, 1, 0)
    });
    let failure = Some(Failure::Refuting);
    check(duties, Posted { orders, failure });
    answering.join().unwrap();
}

fn impossible() -> Result<ForcedOutcome, SubmitError> {
    Ok(ForcedOutcome::Impossible(LedgerError::BatchFull {
        capacity: 1,
    }))
}

/// An order with which something goes wrong each time keeps no other from being refuted; and sealing does not wait for one that
/// settlement will refuse again.
#[test]
fn one_order_that_is_never_refuted_holds_up_no_other() {
    for (failure, waits) in [(Failure::First, true), (Failure::Strange, false)] {
        expiring(impossible, |mut duties, mut posted| {
            posted.failure = Some(failure);
            for _ in 0..2 {
                assert!(duties.turn(&mut posted).is_ok());
            }
            assert!(duties.open.keys().eq(&[0]), "{failure:?}");
            assert!(duties.turn(&mut posted).is_ok());
            let quiet = duties.shared.quiet.load(Ordering::Relaxed);
            assert_eq!(quiet, waits, "{failure:?}");
        });
    }
}

/// A node that can take nothing, since its disk is full, refutes what expires: what it took before is not kept from being sealed.
#[test]
fn a_node_that_takes_nothing_refutes_what_expires() {
    fn later() -> Result<ForcedOutcome, SubmitError> {
        Err(SubmitError::Busy {
            retry_after: Duration::ZERO,
        })
    }
    for says in [impossible, later] {
        expiring(impossible, |mut duties, mut posted| {
            assert!(duties.turn(&mut posted).is_ok());
            assert_eq!(duties.open.len(), 2);
            // from now on the writer says so
            let (writer, tasks) = sync_channel(8);
            duties.writer = writer;
            let answering = thread::spawn(move || {
                for task in tasks {
                    if let Task::Admin(Admin::Force { answer, .. }) = task {
                        answer.send(says()).unwrap();
                    }
                }
            });
            posted.failure = None;
            assert!(duties.turn(&mut posted).is_ok());
            assert!(duties.open.is_empty());
            assert!(duties.turn(&mut posted).is_ok());
            assert!(!duties.shared.quiet.load(Ordering::Relaxed));
            drop(duties);
            answering.join().unwrap();
        });
    }
}

/// The list is gone through when its end was seen, and not when a turn's time is over: what is not heard yet may be what
/// sealing has to wait for. Nor does that end while settlement does not answer.
#[test]
fn nothing_is_sealed_before_the_whole_list_is_heard() {
    let (_folder, mut duties, tasks) = begin(0);
    let answering = thread::spawn(move || refuse(&tasks));
    let shared = Arc::clone(&duties.shared);
    let quiet = || shared.quiet.load(Ordering::Relaxed);
    let orders = [1, 2].map(|id| Payer::new(id, 2).pay(3, 1, 0));
    let failure = Some(Failure::CanRun);
    let mut long = Long {
        posted: Posted { orders, failure },
        away: false,
    };
    let mut taken = false;
    // its time is over after a page
    let whole = duties.take_forced(&mut long, Instant::now(), &mut taken);
    assert!(matches!(whole, Ok(false)));
    assert!(duties.again(&mut long, &mut taken).is_ok());
    assert!(quiet() && !duties.begun);
    long.away = true;
    assert!(duties.turn(&mut long).is_ok());
    assert!(quiet());
    long.away = false;
    assert!(duties.turn(&mut long).is_ok());
    assert!(duties.begun && !quiet());
    drop(duties);
    answering.join().unwrap();
}

/// Settlement with a page of payments that were taken long ago before its orders.
struct Long {
    posted: Posted,
    away: bool,
}

impl Settlement for Long {
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
        const BEFORE: u64 = 100;
        if self.away {
            return away();
        }
        // the same order again and again, and then another
        let [again, last] = self.posted.obligations(0, 2)?.try_into().unwrap();
        let owed = (first..=BEFORE).take(limit);
        let owed = owed.map(|number| match number {
            BEFORE => (number, last.1.clone()),
            _ => (number, again.1.clone()),
        });
        Ok(owed.collect())
    }

    fn refute(&mut self, number: u64, opening: &Opening) -> Result<(), SettlementError> {
        self.posted.refute(number, opening)
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
