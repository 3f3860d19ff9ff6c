//! How far a node goes ahead of its settlement, whoever would have it go further: strangers who deposit without end, and a
//! restart while settlement is away.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use winterlane_ledger::{AccountId, Amount, AssetId, BatchNumber};
use winterlane_settlement::{Call, DepositTo, Party, Settlement as Base};

use super::{
    BALANCE, Willing, included, options, payers,
    settled::{
        Between, OPERATOR, WINDOW, Words, caught_up, create, create_with, open, secret, start_over,
        stop,
    },
};
use crate::{
    BatchStage, Node, OrderId, SubmitError,
    run::{Stand, duties::SOON, start},
    settlement::{Chain, Obligation, Owed, Published, Settled, Settlement, SettlementError},
    testing::{Payer, deposit, until, wait},
};

/// For how many batches forced orders must be valid.
const LIFETIME: u64 = 8;

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
        Ok(Some(LIFETIME))
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

/// Submits orders until the node takes no more; says how many batches it was ahead then.
fn fill(node: &Node, payer: &mut Payer) -> u64 {
    for _ in 0..48 {
        let mut next = payer.clone();
        match wait(node.submit(next.pay(2, 1, 0))) {
            Ok(_) => *payer = next,
            Err(SubmitError::Unsettled { batches }) => return batches,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the node has gone on as if settlement were there");
}

/// Forces an order without opening, with the least life that settlement takes.
fn force(base: &dyn Base, payer: &mut Payer) -> OrderId {
    let next = base.status().unwrap().next_batch;
    payer.valid_until = next.saturating_add(LIFETIME);
    let order = payer.pay(1, 5, 0);
    let (id, opening) = (OrderId::of(&order), None);
    base.call(&Call::Force { order, opening }).unwrap();
    id
}

/// Pays 1 in to an account, so many times.
fn pay_in(base: &dyn Base, to: u32, times: u64) {
    for _ in 0..times {
        let call = Call::Deposit {
            asset: AssetId::new(7),
            amount: Amount::new(1),
            to: DepositTo::Existing(AccountId::new(to)),
        };
        base.call(&call).unwrap();
    }
}

fn balance(node: &Node, id: u32) -> Option<Amount> {
    let account = node.account(AccountId::new(id)).unwrap();
    account.map(|account| account.pending.balance)
}

/// More deposits than there is room for in the batches that a forced order lives for, and then such an order, before the node
/// hears of any of it: the order comes into a batch in time. Else whoever pays in a little ends the rollup.
#[test]
fn deposits_before_a_forced_order_let_it_not_expire() {
    let folder = tempfile::tempdir().unwrap();
    let people = payers(2, 4);
    create_with(folder.path(), &people, LIFETIME);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), Words::default(), &clock);
    let operator = secret(OPERATOR).party();
    let between = Between::new(durable.by(operator));
    let (node, running) = start_over(folder.path(), &people, between.clone()).unwrap();
    *between.base.lock().unwrap() = None;
    let user = durable.by(secret(7).party());
    // batches of four
    let deposits = 4 * (LIFETIME + 1);
    pay_in(&user, 1, deposits);
    let mut ignored = people[1].clone();
    let id = force(&user, &mut ignored);
    *between.base.lock().unwrap() = Some(Box::new(durable.by(operator)));
    caught_up(&node, &user);
    let (batch, _) = included(&node, &id, BatchStage::Published);
    assert!(batch <= ignored.valid_until, "{batch}");
    let whole = BALANCE + u128::from(deposits) + 5;
    assert_eq!(balance(&node, 1), Some(Amount::new(whole)));
    clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
    assert!(user.call(&Call::Freeze).unwrap_err().is("nothing_due"));
    stop(running);
}

/// Whoever forces an order without opening that lacks money, while there is always a batch that is sealed and not settled, and pays
/// the money in when the order has expired, ends no rollup: it is refuted at a root from before. So it is by a node that is started
/// again in between. Where the money comes in time the order is taken.
#[test]
fn an_order_that_expires_is_refuted_before_its_money_comes_or_taken() {
    for in_time in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let people = payers(3, 6);
        create_with(folder.path(), &people, LIFETIME);
        let clock = Arc::new(AtomicU64::new(5));
        let durable = open(folder.path(), Words::default(), &clock);
        let operator = secret(OPERATOR).party();
        let between = Between::new(durable.by(operator));
        between.settles.store(0, Ordering::Relaxed);
        let begin = || {
            let mut options = options(folder.path(), &people);
            // batches of four: none is closed for its age
            options.limits.max_age = Duration::from_secs(24 * 60 * 60);
            options.settlement = Some(Box::new(Chain::over(Box::new(between.clone()))));
            let stand = Stand {
                prover: Some(Box::new(|_| Box::new(Willing))),
                ..Stand::default()
            };
            start(options, stand).unwrap()
        };
        let (mut node, mut running) = begin();
        let user = durable.by(secret(7).party());
        let (mut busy, mut poor) = (people[0].clone(), people[2].clone());
        poor.valid_until = BatchNumber::new(LIFETIME);
        let order = poor.pay(1, BALANCE + 1, 0);
        let id = OrderId::of(&order);
        // from now on something is sealed and not settled, until the order is half as old as it may be
        for batch in 0..=3 {
            for _ in 0..4 {
                wait(node.submit(busy.pay(2, 1, 0))).unwrap();
            }
            until(|| (node.status().unwrap().next_to_seal.get() > batch).then_some(()));
            if batch == 0 {
                let (order, opening) = (order.clone(), None);
                user.call(&Call::Force { order, opening }).unwrap();
            }
            between.settles.store(batch, Ordering::Relaxed);
            until(|| (node.status().unwrap().next_to_publish.get() == batch).then_some(()));
        }
        if in_time {
            pay_in(&user, 3, 1);
            until(|| node.order_status(&id).unwrap());
        } else {
            // all at once: they fill five batches, and the money is the last of the order's last one
            *between.base.lock().unwrap() = None;
            pay_in(&user, 1, 19);
            pay_in(&user, 3, 1);
            *between.base.lock().unwrap() = Some(Box::new(durable.by(operator)));
            until(|| (node.status().unwrap().open_batch.get() > LIFETIME).then_some(()));
            stop(running);
            (node, running) = begin();
            // what this process would seal it has sealed
            let asked = || between.asked.load(Ordering::Relaxed);
            let before = asked();
            until(|| (asked() >= before + 20).then_some(()));
        }
        between.settles.store(u64::MAX, Ordering::Relaxed);
        caught_up(&node, &user);
        if in_time {
            let (batch, _) = included(&node, &id, BatchStage::Published);
            assert!(batch <= poor.valid_until, "{batch}");
        } else {
            assert_eq!(node.order_status(&id).unwrap(), None);
            assert_eq!(balance(&node, 3), Some(Amount::new(BALANCE + 1)));
        }
        clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
        assert!(user.call(&Call::Freeze).unwrap_err().is("nothing_due"));
        stop(running);
    }
}

/// Settlement refuses batches, and there are more orders and deposits than the node may take meanwhile: orders leave room for
/// deposits, and these for what is forced. What has waited is taken when batches are settled again, by another process, too.
#[test]
fn orders_leave_room_for_deposits_and_these_for_what_is_forced() {
    let folder = tempfile::tempdir().unwrap();
    let people = payers(3, 6);
    create_with(folder.path(), &people, LIFETIME);
    let words = Words::default();
    words.never.store(true, Ordering::Relaxed);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), words.clone(), &clock);
    let between = Between::new(durable.by(secret(OPERATOR).party()));
    let begin = || start_over(folder.path(), &people, between.clone()).unwrap();
    let (node, running) = begin();
    let ahead = || {
        let status = node.status().unwrap();
        status.open_batch.since(status.next_to_publish)
    };
    assert_eq!(fill(&node, &mut people[0].clone()), 4);
    let user = durable.by(secret(7).party());
    pay_in(&user, 3, 20);
    until(|| (ahead() == Some(6)).then_some(()));
    // batches of four: two of them are for deposits, however often settlement is asked for more
    let asked = || between.asked.load(Ordering::Relaxed);
    let before = asked();
    until(|| (asked() >= before + 20).then_some(()));
    assert_eq!(ahead(), Some(6));
    assert_eq!(balance(&node, 3), Some(Amount::new(BALANCE + 8)));
    let mut ignored = people[1].clone();
    let id = force(&user, &mut ignored);
    until(|| node.order_status(&id).unwrap());
    assert_eq!(ahead(), Some(6));
    stop(running);

    words.never.store(false, Ordering::Relaxed);
    let (node, running) = begin();
    caught_up(&node, &user);
    let (batch, _) = included(&node, &id, BatchStage::Published);
    assert!(batch <= ignored.valid_until, "{batch}");
    assert_eq!(balance(&node, 3), Some(Amount::new(BALANCE + 20)));
    clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
    assert!(user.call(&Call::Freeze).unwrap_err().is("nothing_due"));
    stop(running);
}

/// Settlement that can be away for batches, and notes what is asked of it by a letter each.
#[derive(Clone, Default)]
struct Noting {
    away: Arc<AtomicBool>,
    asked: Arc<Mutex<String>>,
}

impl Settlement for Noting {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        Ok(None)
    }

    fn publish(&mut self, _: Published<'_>) -> Result<(), SettlementError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(SettlementError::Unreachable("it is away".into()));
        }
        self.asked.lock().unwrap().push('p');
        Ok(())
    }

    fn obliges(&self) -> bool {
        true
    }

    fn lifetime(&mut self) -> Result<Option<u64>, SettlementError> {
        Ok(Some(LIFETIME))
    }

    fn obligations(&mut self, _: u64, _: usize) -> Result<Vec<(u64, Obligation)>, SettlementError> {
        self.asked.lock().unwrap().push('o');
        Ok(Vec::new())
    }
}

/// Batches that have waited for settlement are not published all at once: what is forced is asked for in between, before the node
/// makes more batches than an order lives for that was forced when it began.
#[test]
fn what_is_forced_is_asked_for_while_many_batches_are_published() {
    let folder = tempfile::tempdir().unwrap();
    let payers = payers(2, 6);
    let mut options = options(folder.path(), &payers);
    let settlement = Noting::default();
    settlement.away.store(true, Ordering::Relaxed);
    options.settlement = Some(Box::new(settlement.clone()));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        ..Stand::default()
    };
    let (node, running) = start(options, stand).unwrap();
    assert_eq!(fill(&node, &mut payers[0].clone()), LIFETIME / 2);
    until(|| (node.status().unwrap().next_to_prove.get() == LIFETIME / 2).then_some(()));
    settlement.away.store(false, Ordering::Relaxed);
    until(|| (node.status().unwrap().next_to_publish.get() == LIFETIME / 2).then_some(()));
    let asked = settlement.asked.lock().unwrap().clone();
    assert!(!asked.contains("pp"), "{asked}");
    stop(running);
}

/// Settlement is away, and the node is started again meanwhile: it goes no further ahead than it would have without. Else an
/// order that somebody forces would be expired before the node hears of it, and whoever posts one ends the rollup.
#[test]
fn a_restart_while_settlement_is_away_makes_no_node_go_further() {
    let folder = tempfile::tempdir().unwrap();
    let people = payers(2, 6);
    let (mut payer, mut ignored) = (people[0].clone(), people[1].clone());
    create_with(folder.path(), &people, LIFETIME);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), Words::default(), &clock);
    let operator = secret(OPERATOR).party();
    let stranger = durable.by(Party::NOBODY);
    let between = Between::new(durable.by(operator));
    let begin = || start_over(folder.path(), &people, between.clone()).unwrap();
    // never heard: one batch, which every rule allows
    *between.base.lock().unwrap() = None;
    let (node, running) = begin();
    assert_eq!(fill(&node, &mut payer), 1);
    *between.base.lock().unwrap() = Some(Box::new(durable.by(operator)));
    caught_up(&node, &stranger);
    // what settlement says is on its way to the store when this is shown
    until(|| node.status().unwrap().obligation_window);
    stop(running);
    // heard by the process before this one
    *between.base.lock().unwrap() = None;
    let (node, running) = begin();
    assert_eq!(fill(&node, &mut payer), LIFETIME / 2);
    let id = force(&stranger, &mut ignored);
    *between.base.lock().unwrap() = Some(Box::new(durable.by(operator)));
    caught_up(&node, &stranger);
    let (batch, _) = included(&node, &id, BatchStage::Published);
    assert!(batch <= ignored.valid_until);
    clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
    assert!(stranger.call(&Call::Freeze).unwrap_err().is("nothing_due"));
    stop(running);
}

/// The rollup has ended, and the node is started again while settlement is away: nothing that it took would ever be settled.
#[test]
fn a_restart_while_settlement_is_away_revives_no_rollup() {
    for heard_at_the_start in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let payers = payers(2, 4);
        create(folder.path(), &payers);
        let clock = Arc::new(AtomicU64::new(5));
        let durable = open(folder.path(), Words::default(), &clock);
        let between = Between::new(durable.by(secret(OPERATOR).party()));
        let begin = || start_over(folder.path(), &payers, between.clone()).unwrap();
        let end = || {
            let user = durable.by(secret(7).party());
            let call = Call::Deposit {
                asset: AssetId::new(7),
                amount: Amount::new(5),
                to: DepositTo::Existing(AccountId::new(1)),
            };
            user.call(&call).unwrap();
            clock.fetch_add(2 * WINDOW, Ordering::Relaxed);
            user.call(&Call::Freeze).unwrap();
        };
        if heard_at_the_start {
            end();
            stop(begin().1);
        } else {
            let base = between.base.lock().unwrap().take();
            let (node, running) = begin();
            end();
            *between.base.lock().unwrap() = base;
            until(|| node.status().unwrap().paused.then_some(()));
            stop(running);
        }
        *between.base.lock().unwrap() = None;
        let (node, running) = begin();
        let refused = wait(node.submit(payers[0].clone().pay(2, 1, 0)));
        assert_eq!(refused, Err(SubmitError::Frozen));
        stop(running);
    }
}
