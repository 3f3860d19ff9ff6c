//! Batches that settlement does not take.

use super::*;

/// A batch that settlement refuses is held, with the reason; those after it wait. It is offered again.
#[test]
fn a_refused_batch_is_held_with_a_reason() {
    let words = Words::default();
    refused(&words, &words.never, "does not say so");
}

/// A verifier that panics is one that refuses: settlement goes on, and so does its node.
#[test]
fn a_batch_that_breaks_the_verifier_is_held_with_a_reason() {
    let words = Words::default();
    refused(&words, &words.breaks, "panicked");
}

/// Settlement refuses a batch for as long as `refuses` says.
fn refused(words: &Words, refuses: &AtomicBool, why: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    create(folder.path(), &payers);
    let clock = Arc::default();
    refuses.store(true, Ordering::Relaxed);
    let durable = open(folder.path(), words.clone(), &clock);
    let operator = secret(OPERATOR).party();
    let (node, running) = start_over(folder.path(), &payers, durable.by(operator)).unwrap();
    let mut alarms = node.subscribe();
    for _ in 0..2 {
        let id = wait(node.submit(payers[0].pay(2, 1, 0))).unwrap().id;
        included(&node, &id, BatchStage::Proven);
    }
    let (batch, reason) = until(|| match alarms.try_recv() {
        Ok(Event::Alarm(Alarm::Settlement { batch, reason })) => Some((batch, reason)),
        _ => None,
    });
    assert_eq!(batch, BatchNumber::ZERO);
    assert!(
        reason.contains("does not hold") && reason.contains("(proof)") && reason.contains(why),
        "{reason}"
    );
    assert_eq!(node.status().unwrap().next_to_publish, BatchNumber::ZERO);
    stop(running);
    refuses.store(false, Ordering::Relaxed);
    let (node, running) = start_over(folder.path(), &payers, durable.by(operator)).unwrap();
    caught_up(&node, &durable.by(operator));
    stop(running);
}

/// A copy of the node's folder makes other batches. The first that is settled ends the other's, whoever begins later;
/// and a copy that is behind takes nothing from the node that goes on.
#[test]
fn of_two_nodes_one_settles() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let payers = payers(2, 4);
    create(one.path(), &payers);
    let durable = open(one.path(), Words::default(), &Arc::default());
    let operator = secret(OPERATOR).party();
    let (first, running_first) = start_over(one.path(), &payers, durable.by(operator)).unwrap();
    let (second, running_second) = start_over(two.path(), &payers, durable.by(operator)).unwrap();
    let mut alarms = second.subscribe();
    let pay = |node: &Node, nonce: u16, amount: u128| {
        let mut payer = payers[0].clone();
        (payer.nonce, payer.index) = (Nonce::new(nonce.into()), nonce);
        wait(node.submit(payer.pay(2, amount, 0))).unwrap();
    };
    pay(&first, 0, 1);
    caught_up(&first, &durable.by(operator));
    pay(&second, 0, 2);
    let reason = until(|| match alarms.try_recv() {
        Ok(Event::Alarm(Alarm::Settlement { reason, .. })) => Some(reason),
        _ => None,
    });
    assert!(reason.contains("another node publishes"), "{reason}");
    pay(&first, 1, 3);
    let status = caught_up(&first, &durable.by(operator));
    assert_eq!((status.next_batch, status.epoch), (BatchNumber::new(2), 1));
    stop(running_first);
    stop(running_second);
    // started again, the copy hears it at once
    let again = start_over(two.path(), &payers, durable.by(operator));
    assert!(matches!(again, Err(StartError::Forked { settled }) if settled.get() == 2));
}
