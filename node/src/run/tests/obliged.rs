//! What settlement obliges a node to: strangers who post what makes no sense, and the end of a rollup. And mistakes in the
//! threads that hear them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, SignedOrder,
    pool::{PrivateOperation, ProofRefusal, VerifyPrivate},
    private::PrivateInputs,
};
use winterlane_settlement::{Call, DepositTo, Party, Settlement as _, view::ForcedOrder};

use super::{
    BALANCE, Willing, included, options, payers,
    settled::{
        Between, OPERATOR, WINDOW, Words, caught_up, create, create_with, open, secret, start_over,
        stop,
    },
    start_willing,
};
use crate::{
    AdminError, Alarm, BatchStage, Event, Node, OrderId, Refusal, SubmitError,
    run::{Stand, start},
    settlement::{
        Chain, Obligation, Opening, Owed, Published, Settled, Settlement, SettlementError,
    },
    testing::{Word, private_transfer, until, wait},
};

/// Whoever has an order that was settled long ago posts it again, for nothing. No batch can show it once more, so that the
/// operator must say so, or is frozen: at once, when it was posted while the node was away, and when it is on its way.
#[test]
fn an_order_that_was_settled_before_it_was_forced_is_refuted() {
    let folder = tempfile::tempdir().unwrap();
    let payers = payers(2, 4);
    create(folder.path(), &payers);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), Words::default(), &clock);
    let operator = secret(OPERATOR).party();
    let start_again = || start_over(folder.path(), &payers, durable.by(operator)).unwrap();
    let stranger = durable.by(Party::NOBODY);
    let force = |order: &SignedOrder| {
        let (order, opening) = (order.clone(), None);
        stranger.call(&Call::Force { order, opening }).unwrap();
    };
    let mut payer = payers[0].clone();
    let (node, running) = start_again();
    let old = payer.pay(2, 100, 0);
    let id = wait(node.submit(old.clone())).unwrap().id;
    included(&node, &id, BatchStage::Published);
    force(&old);
    caught_up(&node, &stranger);
    stop(running);
    force(&old);
    let (node, running) = start_again();
    caught_up(&node, &stranger);
    let new = payer.pay(2, 1, 0);
    wait(node.submit(new.clone())).unwrap();
    force(&new);
    caught_up(&node, &stranger);
    clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
    assert!(stranger.call(&Call::Freeze).unwrap_err().is("nothing_due"));
    // each ran once
    let balance = node
        .account(AccountId::new(2))
        .unwrap()
        .unwrap()
        .pending
        .balance;
    assert_eq!(balance, Amount::new(BALANCE + 101));
    stop(running);
}

/// What is owed is in a batch that cannot be closed, since settlement refuses the one before it, and the node is started again.
/// The batch is closed as soon as it can be, and not when it is old.
#[test]
fn a_batch_with_what_is_owed_is_closed_soon_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    // one batch is as far as the node goes ahead
    create_with(folder.path(), &payers, 2);
    let words = Words::default();
    let durable = open(folder.path(), words.clone(), &Arc::new(AtomicU64::new(5)));
    let operator = secret(OPERATOR).party();
    let opening = payers.clone();
    let begin = || {
        let mut options = options(folder.path(), &opening);
        options.limits.max_age = Duration::from_secs(24 * 60 * 60);
        options.settlement = Some(Box::new(Chain::over(Box::new(durable.by(operator)))));
        let stand = Stand {
            prover: Some(Box::new(|_| Box::new(Willing))),
            judge: Some(Arc::new(Word)),
            ..Stand::default()
        };
        start(options, stand).unwrap()
    };
    let (node, running) = begin();
    words.never.store(true, Ordering::Relaxed);
    wait(node.submit(payers[0].pay(2, 1, 0))).unwrap();
    wait(node.seal_now()).unwrap();
    let user = durable.by(secret(7).party());
    let call = Call::Deposit {
        asset: AssetId::new(7),
        amount: Amount::new(5),
        to: DepositTo::Existing(AccountId::new(1)),
    };
    user.call(&call).unwrap();
    let paid_in = Some(Amount::new(BALANCE - 1 + 5));
    let balance = |node: &Node| {
        let account = node.account(AccountId::new(1)).unwrap();
        account.map(|account| account.pending.balance)
    };
    until(|| (balance(&node) == paid_in).then_some(()));
    assert!(matches!(
        wait(node.seal_now()),
        Err(AdminError::Unsettled { .. })
    ));
    stop(running);

    words.never.store(false, Ordering::Relaxed);
    let (node, running) = begin();
    assert_eq!(balance(&node), paid_in);
    caught_up(&node, &user);
    stop(running);
}

/// An order that the node has keeps a forced one of the same nonce from running, and an operation one that spends the same note,
/// until their batch is settled. A batch that stays open for long is closed for that: else the forced one is due before.
#[test]
fn a_batch_with_what_ends_an_obligation_is_closed_soon() {
    let folder = tempfile::tempdir().unwrap();
    let payers = payers(2, 4);
    create(folder.path(), &payers);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), Words::default(), &clock);
    let operator = secret(OPERATOR).party();
    let mut options = options(folder.path(), &payers);
    options.limits.max_age = Duration::from_secs(24 * 60 * 60);
    options.settlement = Some(Box::new(Chain::over(Box::new(durable.by(operator)))));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        judge: Some(Arc::new(Word)),
        ..Stand::default()
    };
    let (node, running) = start(options, stand).unwrap();
    let stranger = durable.by(Party::NOBODY);
    let mut payer = payers[0].clone();
    for shown in [false, true] {
        // the same nonce, by the next one-time key
        let mut other = payer.clone();
        other.index += 1;
        wait(node.submit(payer.pay(2, 1, 0))).unwrap();
        let opening = shown.then(|| Opening {
            version: stranger.status().unwrap().next_batch,
            proof: node.account_proof(payer.id).unwrap().proof,
        });
        let order = other.pay(2, 2, 0);
        stranger.call(&Call::Force { order, opening }).unwrap();
        caught_up(&node, &stranger);
    }
    let anchor = node.anchors(1).unwrap().anchors[0].1;
    wait(node.submit_private(private_transfer([1, 2], anchor))).unwrap();
    let other = private_transfer([1, 3], anchor);
    stranger.call(&Call::ForcePrivate(other)).unwrap();
    caught_up(&node, &stranger);
    clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
    assert!(stranger.call(&Call::Freeze).unwrap_err().is("nothing_due"));
    stop(running);
}

/// Settlement where an order is forced, of which it says that it can run whatever it is shown.
struct Contrary(SignedOrder);

impl Settlement for Contrary {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        Ok(None)
    }

    fn publish(&mut self, _: Published<'_>) -> Result<(), SettlementError> {
        Ok(())
    }

    fn obliges(&self) -> bool {
        true
    }

    /// A quarter of it is longer than the node leaves the order alone for.
    fn window(&mut self) -> Result<u64, SettlementError> {
        Ok(8)
    }

    fn obligations(
        &mut self,
        first: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Obligation)>, SettlementError> {
        let forced = ForcedOrder {
            order: self.0.clone(),
            posted: BatchNumber::ZERO,
            shown: false,
        };
        let (due, what) = (u64::MAX, Owed::Order(Box::new(forced)));
        let mut one = Vec::from([(0, Obligation { due, what })]);
        one.retain(|(number, _)| *number >= first);
        one.truncate(limit);
        Ok(one)
    }

    fn refute(&mut self, _: u64, _: &Opening) -> Result<(), SettlementError> {
        Err(SettlementError::Refused {
            code: "can_run".into(),
            message: "it can run".into(),
        })
    }
}

/// What the node cannot run and settlement says can run is told while there is time, however often it is tried; and batches are
/// settled meanwhile.
#[test]
fn an_order_that_only_settlement_takes_to_be_possible_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let mut options = options(folder.path(), &payers);
    // not the next one of its account
    let mut later = payers[0].clone();
    let _ = later.pay(2, 1, 0);
    options.settlement = Some(Box::new(Contrary(later.pay(2, 1, 0))));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        ..Stand::default()
    };
    let (node, running) = start(options, stand).unwrap();
    let mut events = node.subscribe();
    let number = until(|| match events.try_recv() {
        Ok(Event::Alarm(Alarm::Obligation { number, .. })) => Some(number),
        _ => None,
    });
    assert_eq!(number, Some(0));
    let id = wait(node.submit(payers[1].pay(1, 1, 0))).unwrap().id;
    included(&node, &id, BatchStage::Published);
    stop(running);
}

/// Settlement is away, and the node goes on: not so far that an order is expired before the node can hear that somebody has
/// forced it, or whoever posts one ends the rollup.
#[test]
fn an_order_that_is_forced_while_settlement_is_away_does_not_expire() {
    const LIFETIME: u64 = 8;
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 6);
    create_with(folder.path(), &payers, LIFETIME);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), Words::default(), &clock);
    let operator = secret(OPERATOR).party();
    let between = Between::new(durable.by(operator));
    let (node, running) = start_over(folder.path(), &payers, between.clone()).unwrap();
    *between.base.lock().unwrap() = None;
    // more batches of four than a forced order lives for; what is not taken is sent again
    let (mut taken, mut refused) = (Vec::new(), None);
    for _ in 0..6 * LIFETIME {
        let mut next = payers[0].clone();
        let order = next.pay(2, 1, 0);
        match wait(node.submit(order.clone())) {
            Ok(_) => {
                payers[0] = next;
                taken.push(order);
            }
            Err(SubmitError::Unsettled { batches }) => {
                assert!(batches < LIFETIME, "{batches}");
                refused = Some(order);
            }
            Err(error) => panic!("{error}"),
        }
    }
    let stranger = durable.by(Party::NOBODY);
    let mut ignored = payers[1].clone();
    ignored.valid_until = stranger
        .status()
        .unwrap()
        .next_batch
        .saturating_add(LIFETIME);
    let order = ignored.pay(1, 5, 0);
    let id = OrderId::of(&order);
    stranger
        .call(&Call::Force {
            order,
            opening: None,
        })
        .unwrap();
    // whoever takes nothing says so, and knows what it took
    let refused = refused.expect("the node has gone on as if settlement were there");
    assert!(!node.status().unwrap().ready());
    assert!(wait(node.submit(taken[0].clone())).unwrap().known);
    assert!(matches!(
        wait(node.seal_now()),
        Err(AdminError::Unsettled { .. })
    ));
    *between.base.lock().unwrap() = Some(Box::new(durable.by(operator)));
    caught_up(&node, &stranger);
    let (batch, _) = included(&node, &id, BatchStage::Published);
    assert!(batch <= ignored.valid_until);
    clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
    assert!(stranger.call(&Call::Freeze).unwrap_err().is("nothing_due"));
    wait(node.submit(refused)).unwrap();
    caught_up(&node, &stranger);
    stop(running);
}

/// The rollup has ended: what the node would take from now on would never be settled.
#[test]
fn the_node_of_a_frozen_rollup_takes_no_orders() {
    let folder = tempfile::tempdir().unwrap();
    let payers = payers(2, 4);
    create(folder.path(), &payers);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), Words::default(), &clock);
    let operator = secret(OPERATOR).party();
    let between = Between::new(durable.by(operator));
    let (node, running) = start_over(folder.path(), &payers, between.clone()).unwrap();
    let mut events = node.subscribe();
    *between.base.lock().unwrap() = None;
    let user = durable.by(secret(7).party());
    let call = Call::Deposit {
        asset: AssetId::new(7),
        amount: Amount::new(5),
        to: DepositTo::Existing(AccountId::new(1)),
    };
    user.call(&call).unwrap();
    clock.fetch_add(2 * WINDOW, Ordering::Relaxed);
    user.call(&Call::Freeze).unwrap();
    *between.base.lock().unwrap() = Some(Box::new(durable.by(operator)));
    until(|| node.status().unwrap().paused.then_some(()));
    // asked again and again, it is told once: the page and those who wait for webhooks are given some events, and each that
    // says nothing new takes the place of another
    let asked = || between.asked.load(Ordering::Relaxed);
    let mut paused = || {
        let events = std::iter::from_fn(|| events.try_recv().ok());
        events.filter(|event| *event == Event::Paused).count()
    };
    // it is shown before it is told
    assert_eq!(until(|| Some(paused()).filter(|paused| *paused > 0)), 1);
    let before = asked();
    until(|| (asked() >= before + 4).then_some(()));
    assert_eq!(paused(), 0);
    let refused = wait(node.submit(payers[0].clone().pay(2, 1, 0)));
    assert_eq!(refused, Err(SubmitError::Frozen));
    // frozen is final: nobody takes it back
    assert_eq!(wait(node.resume()), Err(AdminError::Frozen));
    assert!(node.status().unwrap().paused);
    stop(running);
    // and one that is started again takes nothing before it has asked
    let (node, running) = start_over(folder.path(), &payers, between).unwrap();
    let refused = wait(node.submit(payers[0].clone().pay(2, 1, 0)));
    assert_eq!(refused, Err(SubmitError::Frozen));
    stop(running);
}

/// Settlement that this program makes a mistake with.
struct Mistaken;

impl Settlement for Mistaken {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        Ok(None)
    }

    fn publish(&mut self, _: Published<'_>) -> Result<(), SettlementError> {
        panic!("a mistake");
    }
}

/// A thread that panics ends the node: one that takes orders and publishes none would run into its obligations.
#[test]
fn a_thread_that_panics_ends_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    let mut options = options(folder.path(), &payers);
    options.settlement = Some(Box::new(Mistaken));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        ..Stand::default()
    };
    let (node, running) = start(options, stand).unwrap();
    let order = payers[0].pay(2, 1, 0);
    let taken = wait(node.submit(order.clone())).unwrap();
    let said = running.wait().unwrap_err().to_string();
    assert!(said.contains("publisher"), "{said}");
    // what was acknowledged is there
    let (node, running) = start_willing(folder.path(), &[]).unwrap();
    let again = wait(node.submit(order)).unwrap();
    assert_eq!((again.known, again.sequence), (true, taken.sequence));
    stop(running);
}

/// A verifier that a proof makes panic.
struct Fragile;

impl VerifyPrivate for Fragile {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        assert_ne!(proof, b"break", "a mistake");
        Word.verify(inputs, proof)
    }
}

/// Whoever finds such a proof is refused, and ends nothing.
#[test]
fn a_proof_that_breaks_the_verifier_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let stand = Stand {
        judge: Some(Arc::new(Fragile)),
        ..Stand::default()
    };
    let (node, running) = start(options(folder.path(), &[]), stand).unwrap();
    let anchor = node.anchors(1).unwrap().anchors[0].1;
    let good = private_transfer([1, 2], anchor);
    let bad = PrivateOperation {
        proof: b"break".to_vec(),
        ..good.clone()
    };
    for _ in 0..3 {
        match wait(node.submit_private(bad.clone())) {
            Err(SubmitError::Refused(Refusal::Private(refusal))) => {
                assert!(refusal.to_string().contains("panicked"), "{refusal}");
            }
            other => panic!("{other:?}"),
        }
    }
    wait(node.submit_private(good)).unwrap();
    stop(running);
}
