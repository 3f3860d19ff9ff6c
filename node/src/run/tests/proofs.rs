//! Proofs that are made, that fail, and that are not taken.

use std::sync::{Arc, Mutex};

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_verifier::{Policy, verify_batch, verify_records};

use winterlane_ledger::{BatchNumber, Nonce};

use super::{Outcome, ProofJob, Prove, included, options, payers};
use crate::{
    AdminError, Alarm, BatchStage, Event, Proving,
    run::{Stand, start},
    settlement::Folder,
    testing::{until, wait},
};

/// One real batch of two slots: the witness from its file, a proof, the verdict of the node's own verifier.
#[test]
fn a_batch_is_proven_for_real() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let preset = Preset::new(PresetName::Fast, SecurityLevel::Bits128);
    let mut options = options(folder.path(), &payers);
    options.limits.slots = 2;
    options.settlement = Some(Box::new(Folder::new(folder.path().join("settled"))));
    options.proving = Some(Proving {
        preset,
        threads: None,
        memory_limit: None,
    });
    let (node, running) = start(options, Stand::default()).unwrap();
    let order = payers[0].pay(2, 40, 0);
    let id = wait(node.submit(order)).unwrap().id;
    let (batch, position) = included(&node, &id, BatchStage::Published);
    assert_eq!((batch, position), (BatchNumber::ZERO, 0));
    let view = node.batch(BatchNumber::ZERO).unwrap().unwrap();
    let proof = node.batch_proof(BatchNumber::ZERO).unwrap().unwrap();
    verify_batch(&proof, &view.public_inputs, &Policy::default()).unwrap();
    verify_records(
        &node.records(BatchNumber::ZERO).unwrap().unwrap(),
        &view.public_inputs,
    )
    .unwrap();
    // what is proven needs no witness any more
    let left = std::fs::read_dir(folder.path().join("witness")).unwrap();
    assert_eq!(left.count(), 0);
    running.stop();
    running.wait().unwrap();
}

/// With too little memory a batch waits, and has not failed: with more it is proven, and nobody has to requeue it.
#[test]
fn a_batch_waits_for_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let with = |memory_limit, payers: &[crate::testing::Payer]| {
        let mut options = options(folder.path(), payers);
        options.limits.slots = 2;
        options.proving = Some(Proving {
            preset: Preset::new(PresetName::Fast, SecurityLevel::Bits128),
            threads: None,
            memory_limit,
        });
        start(options, Stand::default()).unwrap()
    };
    let (node, running) = with(Some(1 << 10), &payers);
    let mut events = node.subscribe();
    let id = wait(node.submit(payers[0].pay(2, 40, 0))).unwrap().id;
    let (batch, _) = included(&node, &id, BatchStage::Sealed);
    until(|| {
        let event = events.try_recv().ok()?;
        matches!(event, Event::Alarm(Alarm::Queue { reason }) if reason.starts_with("this node: "))
            .then_some(())
    });
    let view = node.batch(batch).unwrap().unwrap();
    assert_eq!((view.stage, view.failures), (BatchStage::Sealed, 0));
    running.stop();
    running.wait().unwrap();
    let (node, running) = with(None, &payers);
    included(&node, &id, BatchStage::Proven);
    running.stop();
    running.wait().unwrap();
}

/// Fails as long as it is told to; remembers how often each engine was asked.
struct Unwilling {
    asked: Arc<Mutex<(u32, u32)>>,
    fail: Arc<Mutex<bool>>,
    how: fn() -> Outcome,
}

impl Prove for Unwilling {
    fn prove(&mut self, job: &ProofJob) -> Outcome {
        let mut asked = self.asked.lock().unwrap();
        *(if job.stock {
            &mut asked.1
        } else {
            &mut asked.0
        }) += 1;
        drop(asked);
        if *self.fail.lock().unwrap() {
            (self.how)()
        } else {
            Outcome::Proven {
                proof: vec![1],
                millis: 1,
            }
        }
    }
}

fn held_and_requeued(how: fn() -> Outcome) -> Vec<Alarm> {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let asked = Arc::<Mutex<(u32, u32)>>::default();
    let fail = Arc::new(Mutex::new(true));
    let begin = |asked: &Arc<Mutex<(u32, u32)>>, fail: &Arc<Mutex<bool>>| {
        let (asked, fail) = (asked.clone(), fail.clone());
        let prover =
            Some(
                Box::new(move |_| Box::new(Unwilling { asked, fail, how }) as Box<dyn Prove>)
                    as Box<dyn FnOnce(_) -> _>,
            );
        let stand = Stand {
            prover,
            ..Stand::default()
        };
        start(options(folder.path(), &payers), stand).unwrap()
    };
    let (node, running) = begin(&asked, &fail);
    let mut events = node.subscribe();
    let order = payers[0].clone().pay(2, 1, 0);
    let id = wait(node.submit(order)).unwrap().id;
    let (batch, _) = included(&node, &id, BatchStage::Held);
    // five times by our engine, once by winterfell's, and then no more
    assert_eq!(*asked.lock().unwrap(), (5, 1));
    let view = node.batch(batch).unwrap().unwrap();
    assert_eq!((view.stage, view.failures), (BatchStage::Held, 6));
    assert!(view.last_failure.is_some());
    let status = node.status().unwrap();
    assert_eq!(
        (status.held, status.unproven, status.next_to_prove),
        (1, 1, BatchNumber::ZERO)
    );
    let mut alarms = Vec::new();
    until(|| {
        while let Ok(event) = events.try_recv() {
            if let Event::Alarm(alarm) = event {
                alarms.push(alarm);
            }
        }
        matches!(alarms.last(), Some(Alarm::ProofHeld { batch, .. }) if batch.get() == 0)
            .then_some(())
    });
    running.stop();
    running.wait().unwrap();

    // a restart does not try again by itself; an operator does
    let (node, running) = begin(&asked, &fail);
    payers[0].index = 1;
    payers[0].nonce = Nonce::new(1);
    let second = wait(node.submit(payers[0].pay(2, 1, 0))).unwrap().id;
    included(&node, &second, BatchStage::Held);
    assert_eq!(*asked.lock().unwrap(), (10, 2));
    *fail.lock().unwrap() = false;
    wait(node.requeue(batch)).unwrap();
    included(&node, &id, BatchStage::Proven);
    assert_eq!(*asked.lock().unwrap(), (11, 2));
    until(|| (wait(node.requeue(batch)) == Err(AdminError::Proven { batch })).then_some(()));
    running.stop();
    running.wait().unwrap();
    alarms
}

#[test]
fn a_batch_that_cannot_be_proven_is_held() {
    let alarms = held_and_requeued(|| Outcome::Failed("no memory".into()));
    assert_eq!(alarms.len(), 1, "{alarms:?}");
}

#[test]
fn a_prover_that_panics_is_a_failure_of_the_proof() {
    let alarms = held_and_requeued(|| panic!("a mistake in the prover"));
    assert_eq!(alarms.len(), 1, "{alarms:?}");
}

#[test]
fn a_proof_that_is_not_accepted_raises_an_alarm_each_time() {
    let alarms = held_and_requeued(|| Outcome::Rejected("not of these inputs".into()));
    assert_eq!(alarms.len(), 7, "{alarms:?}");
}

/// A machine that cannot prove for a while, for want of memory, has not failed to prove the batch: it rests and tries again, is
/// told of once, and a restart meanwhile counts nothing either.
#[test]
fn a_machine_that_cannot_prove_now_fails_no_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let asked = Arc::<Mutex<(u32, u32)>>::default();
    let fail = Arc::new(Mutex::new(true));
    let begin = |payers: &[crate::testing::Payer]| {
        let (asked, fail) = (asked.clone(), fail.clone());
        let how: fn() -> Outcome = || Outcome::Unable("no memory".into());
        let stand = Stand {
            prover: Some(Box::new(move |_| Box::new(Unwilling { asked, fail, how }))),
            ..Stand::default()
        };
        start(options(folder.path(), payers), stand).unwrap()
    };
    let (node, running) = begin(&payers);
    let mut events = node.subscribe();
    let id = wait(node.submit(payers[0].pay(2, 1, 0))).unwrap().id;
    let (batch, _) = included(&node, &id, BatchStage::Sealed);
    let mut told = Vec::new();
    until(|| {
        while let Ok(event) = events.try_recv() {
            if let Event::Alarm(alarm) = event {
                told.push(alarm);
            }
        }
        (asked.lock().unwrap().0 >= 4 && !told.is_empty()).then_some(())
    });
    assert_eq!(asked.lock().unwrap().1, 0);
    let view = node.batch(batch).unwrap().unwrap();
    assert_eq!((view.stage, view.failures), (BatchStage::Sealed, 0));
    assert!(
        matches!(&told[..], [Alarm::Queue { reason }] if reason == "this node: no memory"),
        "{told:?}"
    );
    // stopped while the prover rests or is asked
    running.stop();
    running.wait().unwrap();
    let (node, running) = begin(&[]);
    let before = asked.lock().unwrap().0;
    until(|| (asked.lock().unwrap().0 > before).then_some(()));
    assert_eq!(node.batch(batch).unwrap().unwrap().failures, 0);
    *fail.lock().unwrap() = false;
    included(&node, &id, BatchStage::Proven);
    running.stop();
    running.wait().unwrap();
}

/// A process that dies while it proves has failed to prove, each time; one that is stopped meanwhile has not.
#[test]
fn dying_in_a_proof_is_a_failure_of_the_proof() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 3);
    let asked = Arc::<Mutex<(u32, u32)>>::default();
    let fail = Arc::new(Mutex::new(true));
    let begin = |payers: &[crate::testing::Payer], how: fn() -> Outcome| {
        let (asked, fail) = (asked.clone(), fail.clone());
        let stand = Stand {
            prover: Some(Box::new(move |_| Box::new(Unwilling { asked, fail, how }))),
            ..Stand::default()
        };
        start(options(folder.path(), payers), stand).unwrap()
    };
    // stopped while it proves: given up
    let (node, running) = begin(&payers, || Outcome::Cancelled);
    let order = payers[0].pay(2, 1, 0);
    let id = wait(node.submit(order)).unwrap().id;
    let (batch, _) = included(&node, &id, BatchStage::Sealed);
    until(|| (asked.lock().unwrap().0 > 0).then_some(()));
    running.stop();
    running.wait().unwrap();
    let store = || {
        let genesis = crate::Genesis::empty(crate::testing::domain());
        crate::store::Store::open(folder.path(), &genesis, 1 << 20).unwrap()
    };
    let job = || store().view().unwrap().job(batch).unwrap().unwrap();
    assert_eq!((job().begun, job().failures), (false, 0));
    // as a process leaves it that dies there
    for failures in 1..=6 {
        let open = store();
        open.change_job(batch, |job| job.begun = true).unwrap();
        drop(open);
        let (node, running) = begin(&[], || Outcome::Cancelled);
        let view = until(|| {
            let view = node.batch(batch).unwrap().unwrap();
            (view.failures == failures).then_some(view)
        });
        assert!(view.last_failure.unwrap().contains("died"));
        let stage = if failures > 5 {
            BatchStage::Held
        } else {
            BatchStage::Sealed
        };
        assert_eq!(view.stage, stage);
        running.stop();
        running.wait().unwrap();
        assert!(!job().begun);
    }
    let (node, running) = begin(&[], || Outcome::Cancelled);
    *fail.lock().unwrap() = false;
    wait(node.requeue(batch)).unwrap();
    included(&node, &id, BatchStage::Proven);
    running.stop();
    running.wait().unwrap();
}
