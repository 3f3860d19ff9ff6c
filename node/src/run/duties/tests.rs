//! Duties without a node: the writer answers as it is told.

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, sync_channel},
    thread::{self, JoinHandle},
};

use winterlane_ledger::{Amount, BatchNumber, LedgerError, SignedOrder, pool::PoolPolicy};
use winterlane_settlement::{Party, view::ForcedOrder};

use super::*;
use crate::{
    FeeSchedule, Genesis, Limits, OrderId,
    settlement::{Opening, Published, Settled},
    testing::{Payer, Word, deposit, domain},
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    /// Settlement is away when it is asked for the second order.
    Away,
    /// Settlement is away when it is asked for a page that is not the first.
    List,
    /// Settlement is away when it is shown that an order cannot run.
    Refuting,
    /// Settlement is away when it is shown that the first order cannot run.
    First,
    /// Settlement refuses the opening of the first order, each time.
    Strange,
    /// Settlement says that an order can run.
    CanRun,
}

/// Settlement where orders are forced.
struct Posted {
    orders: Vec<SignedOrder>,
    failure: Option<Failure>,
}

fn away<T>() -> Result<T, SettlementError> {
    Err(SettlementError::Unreachable("nobody is there".into()))
}

fn refused(code: &str) -> Result<(), SettlementError> {
    Err(SettlementError::Refused {
        code: code.into(),
        message: "it is refused".into(),
    })
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
        match self.failure {
            Some(Failure::Away) if (first, limit) == (1, 1) => return away(),
            Some(Failure::List) if first > 0 && limit > 1 => return away(),
            _ => {}
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
            Some(Failure::Refuting) => away(),
            Some(Failure::First) if number == 0 => away(),
            Some(Failure::Strange) if number == 0 => refused("strange"),
            Some(Failure::CanRun) => refused("can_run"),
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

/// What the writer says of a forced order.
type Said = Result<ForcedOutcome, SubmitError>;

fn impossible() -> Said {
    let refusal = LedgerError::BatchFull { capacity: 1 };
    Ok(ForcedOutcome::Impossible(refusal))
}

fn later() -> Said {
    let retry_after = Duration::ZERO;
    Err(SubmitError::Busy { retry_after })
}

/// In batch 0.
fn included(order: &SignedOrder) -> Said {
    Ok(ForcedOutcome::Included(Receipt {
        id: OrderId::of(order),
        sequence: 0,
        batch: BatchNumber::ZERO,
        known: false,
    }))
}

/// A writer that says this of an order, and how often it was asked of one of that account.
fn writer(
    tasks: Receiver<Task>,
    mut says: impl FnMut(&SignedOrder, usize) -> Said + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut asked = BTreeMap::new();
        for task in tasks {
            match task {
                Task::Admin(Admin::Force { order, answer }) => {
                    let times = asked.entry(order.order.signer()).or_insert(0);
                    *times += 1;
                    answer.send(says(&order, *times)).unwrap();
                }
                // not now: what is owed stays noted
                Task::Admin(Admin::SealOwed(answer)) => {
                    let _ = answer.send(Err(AdminError::Unsettled { batches: 1 }));
                }
                _ => {}
            }
        }
    })
}

/// An order of this account that expires after this batch.
fn order(signer: u32, last: u64) -> SignedOrder {
    let mut payer = Payer::new(signer, 2);
    payer.valid_until = BatchNumber::new(last);
    payer.pay(9, 1, 0)
}

/// No order of a test that lives so long comes to its end.
const LATE: u64 = 1 << 40;

fn is_quiet(duties: &Duties) -> bool {
    duties.shared.quiet.load(Ordering::Relaxed)
}

/// What is taken when it is tried again counts as taken though something after it fails: its batch is closed soon, unless it is
/// closed already, and not when it is old. What failed is tried in the next turn.
#[test]
fn what_was_included_again_before_a_failure_is_noted() {
    for (failure, second) in [
        (Failure::Away, impossible as fn() -> Said),
        (Failure::Refuting, later),
        (Failure::Refuting, impossible),
    ] {
        for (open_batch, noted) in [(0, true), (1, false)] {
            let (_folder, mut duties, tasks) = begin(open_batch);
            // both are impossible at first; then the first is included, and the second when it is asked of a third time
            let writer = writer(tasks, move |order, times| {
                match (order.order.signer().get(), times) {
                    (1, 2) | (2, 3) => included(order),
                    (2, 2) => second(),
                    _ => impossible(),
                }
            });
            let mut posted = Posted {
                orders: vec![order(1, LATE), order(2, LATE)],
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
            writer.join().unwrap();
        }
    }
}

/// An order that expires soon has sealing wait until it is refuted, or until that is no use: a node that waited on would
/// never settle the batch that ends it. So has one that was forced before the process began, and no other; nor is anything
/// sealed before the list was gone through.
#[test]
fn sealing_waits_for_an_order_that_expires_soon_and_not_for_ever() {
    for (last, begun, waits) in [(9, true, true), (LATE, true, false), (LATE, false, true)] {
        for end in [None, Some(Failure::CanRun)] {
            let (_folder, mut duties, tasks) = begin(0);
            let writer = writer(tasks, |_, _| impossible());
            assert!(is_quiet(&duties));
            duties.begun = begun;
            let mut posted = Posted {
                orders: vec![order(1, last), order(2, last)],
                failure: Some(Failure::Refuting),
            };
            assert!(duties.turn(&mut posted).is_ok());
            assert_eq!(is_quiet(&duties), waits, "{last}, {begun}");
            posted.failure = end;
            assert!(duties.turn(&mut posted).is_ok());
            if waits {
                // all in the moment that was waited for, also what was tried just now
                assert_eq!(duties.open.is_empty(), end.is_none(), "{last}, {begun}");
            }
            assert!(!is_quiet(&duties), "{last}, {begun}");
            drop(duties);
            writer.join().unwrap();
        }
    }
}

/// An order that can run is ended by what is decided already, and later roots refute it: sealing does not wait for it when it
/// comes to its end.
#[test]
fn sealing_does_not_wait_for_an_order_that_can_run() {
    let (_folder, mut duties, tasks) = begin(0);
    let writer = writer(tasks, |_, _| impossible());
    duties.begun = true;
    let mut posted = Posted {
        orders: vec![order(1, 1000)],
        failure: Some(Failure::CanRun),
    };
    assert!(duties.turn(&mut posted).is_ok());
    duties.shared.live().open_batch = BatchNumber::new(1000);
    // it is not even asked once more
    posted.failure = Some(Failure::Refuting);
    assert!(duties.turn(&mut posted).is_ok());
    assert!(!is_quiet(&duties) && duties.open.len() == 1);
    drop(duties);
    writer.join().unwrap();
}

/// An order with which something goes wrong each time keeps no other from being refuted; and sealing does not wait for one that
/// settlement will refuse again.
#[test]
fn one_order_that_is_never_refuted_holds_up_no_other() {
    for (failure, waits) in [(Failure::First, true), (Failure::Strange, false)] {
        let (_folder, mut duties, tasks) = begin(0);
        let writer = writer(tasks, |_, _| impossible());
        let mut posted = Posted {
            orders: vec![order(1, 9), order(2, 9)],
            failure: Some(failure),
        };
        for _ in 0..2 {
            assert!(duties.turn(&mut posted).is_ok());
        }
        assert!(duties.open.keys().eq(&[0]), "{failure:?}");
        assert!(duties.turn(&mut posted).is_ok());
        assert_eq!(is_quiet(&duties), waits, "{failure:?}");
        drop(duties);
        writer.join().unwrap();
    }
}

/// A node that can take nothing, since its disk is full, refutes what expires, also when something new is forced: what it took
/// before is not kept from being sealed.
#[test]
fn a_node_that_takes_nothing_refutes_what_expires() {
    let (_folder, mut duties, tasks) = begin(0);
    let writer = writer(tasks, |_, times| match times {
        1 => impossible(),
        _ => later(),
    });
    let mut posted = Posted {
        orders: vec![order(1, 9), order(2, 9)],
        failure: Some(Failure::Away),
    };
    assert!(duties.turn(&mut posted).is_ok());
    assert_eq!(duties.open.len(), 1);
    // one that the node cannot take, or look at, as long as its disk is full
    posted.orders.push(order(1, 9));
    posted.failure = None;
    assert!(duties.turn(&mut posted).is_ok());
    assert!(duties.open.is_empty() && !is_quiet(&duties));
    drop(duties);
    writer.join().unwrap();
}

/// The list is gone through when its end was seen, and not when a turn's time is over: what is not heard yet may be what
/// sealing has to wait for.
#[test]
fn nothing_is_sealed_before_the_whole_list_is_heard() {
    let (_folder, mut duties, tasks) = begin(0);
    let writer = writer(tasks, |_, _| impossible());
    // a page, and one more
    let mut posted = Posted {
        orders: [vec![order(1, LATE); 100], vec![order(2, LATE)]].concat(),
        failure: Some(Failure::CanRun),
    };
    let mut taken = false;
    // its time is over after a page
    let heard = duties.take_forced(&mut posted, Instant::now(), &mut taken);
    assert!(heard.is_ok() && duties.next == 100);
    assert!(duties.again(&mut posted, &mut taken).is_ok());
    assert!(is_quiet(&duties) && !duties.begun);
    assert!(duties.turn(&mut posted).is_ok());
    assert!(duties.begun && !is_quiet(&duties));
    drop(duties);
    writer.join().unwrap();
}

/// Whether sealing waits is found out when settlement does not say what is new, too: what was heard before comes to its end
/// all the same, and what was taken is not waited for.
#[test]
fn what_was_heard_counts_while_the_list_is_away() {
    let (_folder, mut duties, tasks) = begin(0);
    let writer = writer(tasks, |order, _| match order.order.signer().get() {
        1 => impossible(),
        _ => included(order),
    });
    duties.begun = true;
    let mut posted = Posted {
        orders: vec![order(1, 1000)],
        failure: Some(Failure::Refuting),
    };
    assert!(duties.turn(&mut posted).is_ok());
    assert!(!is_quiet(&duties));
    posted.failure = Some(Failure::List);
    duties.shared.live().open_batch = BatchNumber::new(990);
    assert!(duties.turn(&mut posted).is_ok());
    assert!(is_quiet(&duties));
    drop(duties);
    writer.join().unwrap();

    // a page of orders that expire soon and are taken; the next is away
    let (_folder, mut duties, tasks) = begin(0);
    let writer = self::writer(tasks, |order, _| included(order));
    duties.begun = true;
    let mut posted = Posted {
        orders: vec![order(2, 9); 100],
        failure: Some(Failure::List),
    };
    assert!(duties.turn(&mut posted).is_ok());
    assert_eq!(duties.next, 100);
    assert!(!is_quiet(&duties));
    drop(duties);
    writer.join().unwrap();
}

/// When an order comes to its end, nothing more is taken before it was tried: what is taken closes batches.
#[test]
fn nothing_more_is_taken_when_an_order_comes_to_its_end() {
    for again in [false, true] {
        let (_folder, mut duties, tasks) = begin(0);
        let shared = Arc::clone(&duties.shared);
        let writer = writer(tasks, move |order, times| {
            match (order.order.signer().get(), times) {
                // it closes batches, up to the end of the one of account 1
                (2, _) if !again || times == 2 => {
                    shared.live().open_batch = BatchNumber::new(990);
                    included(order)
                }
                (3, 2..) => included(order),
                _ => impossible(),
            }
        });
        duties.begun = true;
        let [ending, closing, next] = [order(1, 1000), order(2, LATE), order(3, LATE)];
        let mut posted = Posted {
            orders: match again {
                false => vec![ending, closing, next],
                true => vec![closing, next, ending],
            },
            failure: None,
        };
        let mut taken = false;
        let heard = duties.take_forced(&mut posted, Instant::now(), &mut taken);
        assert!(heard.is_ok());
        if again {
            assert!(duties.again(&mut posted, &mut taken).is_ok());
            assert!(duties.open.keys().eq(&[1, 2]));
        } else {
            assert!(duties.open.keys().eq(&[0]) && duties.next == 2);
        }
        drop(duties);
        writer.join().unwrap();
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
