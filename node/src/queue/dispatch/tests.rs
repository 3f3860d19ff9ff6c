use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
    mpsc::{channel, sync_channel},
};

use winterlane_ledger::{Digest, Domain, Root, pool::PoolPolicy};

use super::*;
use crate::{FeeSchedule, Genesis, Limits, blob::BlobError, store::Store, testing::until};

/// A queue that cannot be used for as long as it is told so.
#[derive(Clone, Default)]
struct Faulty {
    away: Arc<AtomicBool>,
    offered: Arc<Mutex<Vec<BatchNumber>>>,
    /// Turns that came to their end, about.
    turns: Arc<AtomicUsize>,
}

impl Faulty {
    fn ask<T>(&self, ask: impl FnOnce() -> T) -> Result<T, QueueError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(QueueError::Server("nobody is there".into()));
        }
        Ok(ask())
    }
}

impl ProofQueue for Faulty {
    fn offer(&mut self, job: &ProofJob) -> Result<(), QueueError> {
        self.ask(|| self.offered.lock().unwrap().push(job.batch))
    }

    fn reports(&mut self) -> Result<Vec<(BatchNumber, Report)>, QueueError> {
        self.ask(|| {
            self.turns.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        })
    }

    fn refuse(&mut self, _: BatchNumber, _: &[u8]) -> Result<(), QueueError> {
        self.ask(|| ())
    }

    fn close(&mut self, _: BatchNumber) -> Result<(), QueueError> {
        self.ask(|| ())
    }

    fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        self.ask(Vec::new)
    }
}

fn job(batch: BatchNumber) -> ProofJob {
    ProofJob {
        batch,
        public_inputs: PublicInputs {
            domain: Domain::ZERO,
            batch_number: batch,
            old_root: Root::ZERO,
            new_root: Root::ZERO,
            operations_digest: Digest::ZERO,
            num_operations: 2,
        },
        witness: [0; 32],
        stock: false,
        failures: 0,
        held: false,
    }
}

fn shared(folder: &std::path::Path) -> Arc<Shared> {
    let genesis = Genesis::empty(crate::testing::domain());
    let store = Arc::new(Store::open(folder, &genesis, 1 << 20).unwrap());
    let (limits, fees) = (Limits::default(), FeeSchedule::free());
    Arc::new(Shared::new(store, limits, fees, PoolPolicy::open(), 64))
}

/// A queue that tells what it has once, and cannot be used when a proof is refused. Batch 0 cannot be offered to it, if there
/// is a reason.
struct Leaving(Vec<(BatchNumber, Report)>, Option<fn() -> QueueError>);

impl ProofQueue for Leaving {
    fn offer(&mut self, job: &ProofJob) -> Result<(), QueueError> {
        match self.1 {
            Some(reason) if job.batch == BatchNumber::ZERO => Err(reason()),
            _ => Ok(()),
        }
    }

    fn reports(&mut self) -> Result<Vec<(BatchNumber, Report)>, QueueError> {
        Ok(std::mem::take(&mut self.0))
    }

    fn refuse(&mut self, _: BatchNumber, _: &[u8]) -> Result<(), QueueError> {
        Err(QueueError::Server("nobody is there".into()))
    }

    fn close(&mut self, _: BatchNumber) -> Result<(), QueueError> {
        Ok(())
    }

    fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        Ok(Vec::new())
    }
}

/// What is told beside a proof that cannot be refused now is not lost with it: nobody would tell it again.
#[test]
fn a_queue_that_goes_away_at_a_refusal_loses_no_other_proof() {
    the_other_is_told(Leaving(vec![proven(0, b"bad"), proven(1, b"good")], None));
}

/// Nor is what was proven of the others when one batch cannot be offered.
#[test]
fn a_witness_that_cannot_be_read_keeps_no_other_batch_waiting() {
    let unread = || QueueError::Witness {
        path: "witness".into(),
        source: std::io::ErrorKind::PermissionDenied.into(),
    };
    the_other_is_told(Leaving(vec![proven(1, b"good")], Some(unread)));
}

/// An object store has room again once what was proven is judged: its objects are removed then.
#[test]
fn an_object_store_that_is_full_keeps_no_proof_waiting() {
    let full = || {
        QueueError::Blob(BlobError::File {
            path: "objects".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        })
    };
    the_other_is_told(Leaving(vec![proven(1, b"good")], Some(full)));
}

/// Proofs that cannot be read are told of as one; that is no failure of their batches, and the others are judged.
#[test]
fn proofs_that_cannot_be_read_are_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(folder.path());
    let mut events = shared.events.subscribe();
    let unread = |path: &str| {
        (
            BatchNumber::ZERO,
            Report::Unread(format!("{path}: no rights")),
        )
    };
    let queue = Leaving(vec![unread("one"), unread("two"), proven(1, b"good")], None);
    let (say, inbox) = channel();
    let (writer, tasks) = sync_channel(8);
    let verdict: Verdict = Box::new(|_, _| Ok(()));
    let thread = spawn(Box::new(queue), verdict, inbox, writer, shared).unwrap();
    let dispatch = Dispatch::new(say);
    for batch in [0, 1] {
        dispatch.prove(job(BatchNumber::new(batch)));
    }
    dispatch.ready();
    let told = tasks.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(matches!(told, Task::Outcome { batch, .. } if batch.get() == 1));
    drop(dispatch);
    thread.join().unwrap();
    let mut alarms = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Alarm(Alarm::Queue { reason }) = event {
            alarms.push(reason);
        }
    }
    assert_eq!(alarms, [format!("{UNREAD}: one: no rights")]);
}

fn proven(batch: u64, proof: &[u8]) -> (BatchNumber, Report) {
    let (proof, millis) = (proof.to_vec(), 1);
    let outcome = Outcome::Proven { proof, millis };
    (BatchNumber::new(batch), Report::Outcome(outcome))
}

/// Of batches 0 and 1, the writer hears that batch 1 is proven.
fn the_other_is_told(queue: Leaving) {
    let folder = tempfile::tempdir().unwrap();
    let verdict: Verdict = Box::new(|_, proof| match proof {
        b"good" => Ok(()),
        _ => Err("it does not hold".into()),
    });
    let (say, inbox) = channel();
    let (writer, tasks) = sync_channel(8);
    let shared = shared(folder.path());
    let thread = spawn(Box::new(queue), verdict, inbox, writer, shared).unwrap();
    let dispatch = Dispatch::new(say);
    for batch in [0, 1] {
        dispatch.prove(job(BatchNumber::new(batch)));
    }
    dispatch.ready();
    let told = tasks.recv_timeout(Duration::from_secs(60)).unwrap();
    let is_the_other = matches!(
        told,
        Task::Outcome {
            batch,
            outcome: Outcome::Proven { .. }
        } if batch.get() == 1
    );
    assert!(is_the_other);
    drop(dispatch);
    thread.join().unwrap();
}

/// A queue that is away at the start, and goes away later, is told once each time; what was to be offered is offered
/// when it is back, once.
#[test]
fn a_queue_that_is_away_is_told_once_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(folder.path());
    let mut alarms = shared.events.subscribe();
    let mut told = move || {
        let mut told = 0;
        while let Ok(event) = alarms.try_recv() {
            told += usize::from(matches!(event, Event::Alarm(Alarm::Queue { .. })));
        }
        told
    };
    let queue = Faulty::default();
    queue.away.store(true, Ordering::Relaxed);
    let (say, inbox) = channel();
    let (writer, _tasks) = sync_channel(8);
    let verdict: Verdict = Box::new(|_, _| Ok(()));
    let thread = spawn(Box::new(queue.clone()), verdict, inbox, writer, shared).unwrap();
    let dispatch = Dispatch::new(say.clone());
    let wake = Wake::new(say);
    let offered = || queue.offered.lock().unwrap().clone();
    for round in 0..2 {
        queue.away.store(true, Ordering::Relaxed);
        dispatch.prove(job(BatchNumber::new(round)));
        dispatch.ready();
        until(|| (told() > 0).then_some(()));
        // asked again and again, and told no more
        for _ in 0..5 {
            wake.wake();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(told(), 0);
        assert!(!offered().contains(&BatchNumber::new(round)));
        queue.away.store(false, Ordering::Relaxed);
        wake.wake();
        until(|| offered().contains(&BatchNumber::new(round)).then_some(()));
        // the turn that offered it has ended when another has begun
        let turns = || queue.turns.load(Ordering::Relaxed);
        let before = turns();
        until(|| (turns() >= before + 2).then_some(()));
    }
    drop(dispatch);
    thread.join().unwrap();
    assert_eq!(offered(), [BatchNumber::ZERO, BatchNumber::new(1)]);
}

/// A queue whose workers complain, one at a time.
struct Complaining {
    said: VecDeque<&'static str>,
    offered: Arc<Mutex<Vec<BatchNumber>>>,
}

impl ProofQueue for Complaining {
    fn offer(&mut self, job: &ProofJob) -> Result<(), QueueError> {
        self.offered.lock().unwrap().push(job.batch);
        Ok(())
    }

    fn reports(&mut self) -> Result<Vec<(BatchNumber, Report)>, QueueError> {
        let said = self.said.pop_front();
        let report = |said: &str| (BatchNumber::ZERO, Report::Trouble(said.to_owned()));
        Ok(said.map(report).into_iter().collect())
    }

    fn refuse(&mut self, _: BatchNumber, _: &[u8]) -> Result<(), QueueError> {
        Ok(())
    }

    fn close(&mut self, _: BatchNumber) -> Result<(), QueueError> {
        Ok(())
    }

    fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        Ok(Vec::new())
    }
}

/// Workers that cannot do a job are told of once each, whatever they say of it. That is no failure of the job, which is
/// offered again each time: its witness may be what is missing.
#[test]
fn who_cannot_do_a_job_is_told_of_once_and_the_job_is_offered_again() {
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(folder.path());
    let mut events = shared.events.subscribe();
    let said = [
        "worker a: no witness of 1",
        "worker a: no witness of 2",
        "worker b: no rights",
    ];
    let offered = Arc::<Mutex<Vec<BatchNumber>>>::default();
    let queue = Complaining {
        said: said.into(),
        offered: Arc::clone(&offered),
    };
    let (send, inbox) = channel();
    let (writer, tasks) = sync_channel(8);
    let verdict: Verdict = Box::new(|_, _| Ok(()));
    let thread = spawn(Box::new(queue), verdict, inbox, writer, shared).unwrap();
    let dispatch = Dispatch::new(send);
    dispatch.prove(job(BatchNumber::ZERO));
    dispatch.ready();
    until(|| (offered.lock().unwrap().len() == 4).then_some(()));
    drop(dispatch);
    thread.join().unwrap();
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Alarm(Alarm::Queue { reason }) = event {
            told.push(reason);
        }
    }
    assert_eq!(told, [said[0], said[2]]);
    assert!(tasks.try_recv().is_err(), "a failure was counted");
}

/// A queue whose object store is full until it is told otherwise; a proof comes in the first turn that judges.
struct Full {
    full: Arc<AtomicBool>,
    /// What was asked of it, a letter each.
    asked: Arc<Mutex<String>>,
    report: Option<(BatchNumber, Report)>,
}

impl Full {
    fn note(&self, asked: char) {
        self.asked.lock().unwrap().push(asked);
    }
}

impl ProofQueue for Full {
    fn offer(&mut self, _: &ProofJob) -> Result<(), QueueError> {
        if self.full.load(Ordering::Relaxed) {
            self.note('-');
            let (path, source) = ("objects".into(), std::io::ErrorKind::StorageFull.into());
            return Err(BlobError::File { path, source }.into());
        }
        self.note('+');
        Ok(())
    }

    fn reports(&mut self) -> Result<Vec<(BatchNumber, Report)>, QueueError> {
        self.note('r');
        Ok(self.report.take().into_iter().collect())
    }

    fn refuse(&mut self, _: BatchNumber, _: &[u8]) -> Result<(), QueueError> {
        Ok(())
    }

    fn close(&mut self, _: BatchNumber) -> Result<(), QueueError> {
        self.note('c');
        Ok(())
    }

    fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        Ok(Vec::new())
    }
}

/// Each attempt may send a store as much as the line gives, so that one that is full is tried ever more rarely, and when objects
/// were removed. What is proven is judged meanwhile, the alarm is raised once, and the witness is offered when there is room.
#[test]
fn a_store_that_takes_no_witness_is_tried_ever_more_rarely() {
    let folder = tempfile::tempdir().unwrap();
    let shared = shared(folder.path());
    let mut events = shared.events.subscribe();
    let full = Arc::new(AtomicBool::new(true));
    let asked = Arc::<Mutex<String>>::default();
    let queue = Full {
        full: Arc::clone(&full),
        asked: Arc::clone(&asked),
        report: Some(proven(1, b"good")),
    };
    let (say, inbox) = channel();
    let (writer, tasks) = sync_channel(8);
    let verdict: Verdict = Box::new(|_, _| Ok(()));
    let thread = spawn(Box::new(queue), verdict, inbox, writer, shared).unwrap();
    let dispatch = Dispatch::new(say.clone());
    let wake = Wake::new(say);
    for batch in [0, 1] {
        dispatch.prove(job(BatchNumber::new(batch)));
    }
    dispatch.ready();
    let told = tasks.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(matches!(told, Task::Outcome { batch, .. } if batch.get() == 1));
    let count = |what: char| asked.lock().unwrap().matches(what).count();
    until(|| {
        wake.wake();
        (count('r') >= 60).then_some(())
    });
    assert!(count('-') < 30, "{}", count('-'));
    // an object is removed with the batch that it was of
    dispatch.over(BatchNumber::new(1));
    until(|| asked.lock().unwrap().contains("c-").then_some(()));
    full.store(false, Ordering::Relaxed);
    until(|| (count('+') > 0).then_some(()));
    drop(dispatch);
    thread.join().unwrap();
    assert_eq!(count('+'), 1, "it was offered again");
    let mut alarms = 0;
    while let Ok(event) = events.try_recv() {
        alarms += usize::from(matches!(event, Event::Alarm(Alarm::Queue { .. })));
    }
    assert_eq!(alarms, 1);
}
