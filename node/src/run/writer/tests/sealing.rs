//! The writer's side of two batches that are with the sealer: which it has at a time, in which order they are written, and what
//! becomes of the second when the first cannot be, or the process dies.

use std::{
    path::Path,
    process::{Command as Program, ExitStatus, Stdio},
    thread::JoinHandle,
};

use winterlane_ledger::{NewKeys, Root, Scope, testing::Numbers};

use super::*;
use crate::{
    clock::SystemClock,
    core::Known,
    panel::Doubt,
    run::{
        recover::{first_sequence, replay},
        sealer::{self, SecondLook},
        tests::medium::{self, Disk},
    },
    testing::{Word, deposit, until},
};

/// A writer whose turns a test takes, and a sealer that gets what the test passes on.
struct Line {
    writer: Writer,
    /// What the writer gives to the sealer.
    closed: Receiver<ClosedBatch>,
    sealer: SyncSender<ClosedBatch>,
    sealing: JoinHandle<()>,
}

impl Line {
    /// Over the store in a folder, as it was left.
    fn open(folder: &Path) -> Self {
        let store = Store::open(folder, &Genesis::empty(domain()), 1 << 20);
        Self::over(store.unwrap(), folder)
    }

    /// Over a store, with witnesses in a folder. What the log has is decided again, as when a node starts.
    fn over(store: Store, folder: &Path) -> Self {
        let store = Arc::new(store);
        let view = store.view().unwrap();
        let witnesses = Witnesses::open(folder).unwrap();
        let jobs = view.jobs().unwrap().into_iter().map(|(batch, _)| batch);
        witnesses.keep_only(&jobs.collect()).unwrap();
        let (limits, fees) = (Limits::default(), FeeSchedule::free());
        let mut sequencer = Sequencer::new(
            StoreBase(Arc::clone(&store)),
            view.pool().unwrap(),
            first_sequence(&view).unwrap(),
            view.supplies().unwrap(),
            limits,
            fees.clone(),
        );
        let entries = replay(&view, &mut sequencer, &domain()).unwrap();
        drop(view);
        let (to_writer, tasks) = sync_channel(8);
        let (to_sealer, closed) = sync_channel(AT_ONCE);
        let (passed_on, received) = sync_channel(AT_ONCE);
        let sealing = sealer::spawn(
            Arc::clone(&store),
            domain(),
            Some(witnesses.clone()),
            SecondLook {
                replayed: sequencer.next_sequence(),
                doubt: Arc::new(Doubt::open(folder).unwrap()),
                judge: Arc::new(Word),
            },
            Arc::new(SystemClock),
            received,
            to_writer,
        );
        let policy = PoolPolicy::open();
        let mut writer = Writer {
            shared: Arc::new(Shared::new(Arc::clone(&store), limits, fees, policy, 64)),
            store,
            sequencer,
            tasks,
            sealer: to_sealer,
            prover: None,
            witnesses,
            publisher: None,
            reserve: None,
            max_unproven: 1,
            state: WriterState::default(),
        };
        writer.replayed(&entries).unwrap();
        Self {
            writer,
            closed,
            sealer: passed_on,
            sealing: sealing.unwrap(),
        }
    }

    /// Decides so many batches of one deposit each, and closes them.
    fn decide(&mut self, batches: u64) {
        let sequencer = &mut self.writer.sequencer;
        for number in 0..batches {
            let reference = [number as u8 + 1; 32];
            let mut deposit = deposit(5, 100);
            deposit.keys = (number == 0).then_some(NewKeys {
                roots: [Root::ZERO; 2],
                scopes: [Scope::BOTH; 2],
            });
            let taken = sequencer.deposit(reference, deposit, Known::default(), Duration::ZERO);
            taken.unwrap().unwrap();
            sequencer.close_now().unwrap();
        }
        self.writer.commit(Answers::new()).unwrap();
    }

    /// Has the writer give what it will, passes that on, and says which batches it is.
    fn give(&mut self) -> Vec<u64> {
        self.writer.start_sealing();
        let closed = self.closed.try_iter();
        let pass_on = |batch: ClosedBatch| {
            let number = batch.number.get();
            self.sealer.send(batch).unwrap();
            number
        };
        closed.map(pass_on).collect()
    }

    /// What the sealer gives to the writer next, and which batch it is.
    fn sealed(&self) -> (u64, Task) {
        let task = self.writer.tasks.recv_timeout(Duration::from_secs(60));
        match task.unwrap() {
            Task::Sealed(sealed) => {
                let batch = sealed.commit.public_inputs.batch_number;
                (batch.get(), Task::Sealed(sealed))
            }
            other => panic!("{other:?}"),
        }
    }

    fn act(&mut self, task: Task) -> Result<(), Fault> {
        self.writer.act(task, &mut Answers::new()).map(drop)
    }

    /// The number of the batch that the store waits for.
    fn next_batch(&self) -> u64 {
        self.writer.store.view().unwrap().head().next_batch.get()
    }

    /// Seals whatever is decided. Of two batches that were given at once, the first is written when the second is hashed, as on
    /// a disk that is slow. One that is given later the sealer may find too late for that.
    fn finish(&mut self, folder: &Path) {
        let mut at_once = self.give().len() == AT_ONCE;
        while let Some(first) = self.writer.state.sealing.front() {
            let first = first.number.get();
            let (number, task) = self.sealed();
            assert_eq!((number, self.next_batch()), (first, first));
            if std::mem::take(&mut at_once) {
                hashed(folder, first + 1);
            }
            self.act(task).unwrap();
            assert_eq!(self.next_batch(), first + 1);
            self.give();
        }
    }

    /// Everything that was decided is sealed, once.
    fn has_sealed(&self, folder: &Path, batches: u64) {
        assert_eq!(self.next_batch(), batches);
        let view = self.writer.store.view().unwrap();
        let account = view.account(AccountId::new(5)).unwrap().unwrap();
        assert_eq!(account.balance.get(), 100 * u128::from(batches));
        assert_eq!(view.first_logged().unwrap(), None);
        let mut names: Vec<_> = std::fs::read_dir(folder.join("witness"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        let expected: Vec<_> = (0..batches).map(|batch| format!("{batch:020}")).collect();
        assert_eq!(names, expected);
    }

    fn end(self) {
        let Self {
            writer,
            sealer,
            sealing,
            ..
        } = self;
        // what the sealer waits for may be in the writer's channel
        drop((writer, sealer));
        sealing.join().unwrap();
    }
}

/// Waits until a batch is hashed: its witness is the last thing that it leaves before it is given to the writer.
fn hashed(folder: &Path, batch: u64) {
    let witness = folder.join("witness").join(format!("{batch:020}"));
    until(|| witness.exists().then_some(()));
}

/// The sealer has two batches, the oldest, and gets the next one when the first of them is written; they are written in their
/// order.
#[test]
fn no_third_batch_is_with_the_sealer() {
    const BATCHES: u64 = 5;
    let folder = tempfile::tempdir().unwrap();
    let mut line = Line::open(folder.path());
    line.decide(BATCHES);
    assert_eq!(line.give(), [0, 1]);
    for batch in 0..BATCHES {
        // however often the writer looks, and though one is hashed
        assert!(line.give().is_empty());
        let (number, task) = line.sealed();
        assert_eq!(number, batch);
        assert!(line.give().is_empty());
        assert_eq!(line.next_batch(), batch);
        line.act(task).unwrap();
        assert_eq!(line.next_batch(), batch + 1);
        let next: Vec<u64> = (batch + 2..BATCHES).take(1).collect();
        assert_eq!(line.give(), next);
    }
    line.has_sealed(folder.path(), BATCHES);
    line.end();
}

/// Batches that are with the sealer count among those that wait for their proof.
#[test]
fn no_more_is_sealed_than_may_wait_for_a_proof() {
    let folder = tempfile::tempdir().unwrap();
    let mut line = Line::open(folder.path());
    let (say, _inbox) = channel();
    line.writer.prover = Some(Dispatch::new(say));
    line.decide(2);
    assert_eq!(line.give(), [0]);
    let (_, task) = line.sealed();
    line.act(task).unwrap();
    assert!(line.give().is_empty(), "its proof is missing");
    let outcome = Outcome::Proven {
        proof: b"a proof".to_vec(),
        millis: 1,
    };
    line.writer.conclude(BatchNumber::ZERO, outcome).unwrap();
    assert_eq!(line.give(), [1]);
    line.end();
}

/// The first of two batches cannot be written, at whichever operation of the disk: the second, which is hashed on what the first
/// would leave, never comes to the writer. A process after it seals both, and what is behind them.
#[test]
fn nothing_is_written_after_a_batch_that_could_not_be() {
    const BATCHES: u64 = 3;
    let genesis = Genesis::empty(domain());
    let open = |disk: &Disk| Store::open_on(disk.clone(), &genesis, 1 << 20).unwrap();
    for fault in [medium::Fault::Error, medium::Fault::PowerLoss] {
        let mut failed = 0;
        for after in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let disk = Disk::default();
            let mut line = Line::over(open(&disk), folder.path());
            line.decide(BATCHES);
            assert_eq!(line.give(), [0, 1]);
            let (_, first) = line.sealed();
            hashed(folder.path(), 1);
            disk.strike(after, fault);
            let written = line.act(first);
            if disk.struck() == 0 {
                // the disk was asked for less than that
                written.unwrap();
                break;
            }
            if written.is_ok() {
                continue;
            }
            failed += 1;
            let Line {
                writer, sealing, ..
            } = line;
            sealing.join().unwrap();
            assert!(writer.tasks.try_recv().is_err(), "{fault:?} {after}");
            drop(writer);

            let disk = disk.restart(&mut Numbers(after));
            let mut line = Line::over(open(&disk), folder.path());
            assert!(line.next_batch() <= 1, "{fault:?} {after}");
            line.finish(folder.path());
            line.has_sealed(folder.path(), BATCHES);
            line.end();
        }
        assert!(failed > 0);
    }
}

/// Batches of a process that dies.
const MORTAL: u64 = 3;

/// Where the store of the process that dies is.
const FOLDER: &str = "WINTERLANE_WRITER_TEST_FOLDER";

/// What the process that dies runs.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let _scenario = fail::FailScenario::setup();
    let folder = Path::new(&folder);
    let mut line = Line::open(folder);
    line.decide(MORTAL);
    line.finish(folder);
    line.end();
}

/// This test binary again, which dies where `points` says.
fn run_child(folder: &Path, points: &str) -> ExitStatus {
    Program::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "run::writer::tests::sealing::child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, folder)
        .env("FAILPOINTS", points)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

/// The process dies at each place between the closing of a batch and the answer to its sealer, with one batch at the sealer and
/// with two: a process after it seals all, each once.
#[test]
fn a_process_that_dies_with_two_batches_at_the_sealer_loses_none() {
    for place in [
        "sealed-in-memory",
        "file-written",
        "witness-kept",
        "before-seal",
        "seal-written",
    ] {
        for passed in 0..MORTAL {
            let folder = tempfile::tempdir().unwrap();
            let points = format!("{place}={passed}*off->return");
            let status = run_child(folder.path(), &points);
            assert!(!status.success(), "nobody died at {points}");
            // by its own end, and not because a check failed
            #[cfg(unix)]
            assert_eq!(status.code(), None, "{points}");
            let mut line = Line::open(folder.path());
            // what was written before it died: never more than was given to the writer
            let most = match place {
                "seal-written" => passed + 1,
                _ => passed,
            };
            assert!(line.next_batch() <= most, "{points}");
            line.finish(folder.path());
            line.has_sealed(folder.path(), MORTAL);
            line.end();
        }
    }
    // and one that does not die has done the same
    let folder = tempfile::tempdir().unwrap();
    assert!(run_child(folder.path(), "").success());
    Line::open(folder.path()).has_sealed(folder.path(), MORTAL);
}
