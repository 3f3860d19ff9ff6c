//! A rollup whose batches are proven by other processes, and how to disturb them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use postgres::error::SqlState;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_node::{
    Alarm, BatchStage, Event, Genesis, Limits, Node, NodeOptions, Proving, Running, SharedQueue,
};
use winterlane_verifier::{Policy, verify_batch};

use winterlane_ledger::BatchNumber;

use crate::{
    server::Server,
    testing::{Payer, domain, until, wait},
};

/// The options of all proofs.
pub(crate) fn preset() -> Preset {
    Preset::new(PresetName::Fast, SecurityLevel::Bits128)
}

/// The lease, in seconds, of workers whose failures are counted: a machine that does not let a worker run for two seconds has
/// not made it fail.
pub(crate) const PATIENT: &str = "600";

/// How many batches a test sends, where more are only more.
pub(crate) fn batches() -> u64 {
    let told = std::env::var("WINTERLANE_BATCHES").ok();
    told.and_then(|count| count.parse().ok()).unwrap_or(4)
}

/// A node, and what its workers need.
pub(crate) struct Farm {
    pub(crate) node: Node,
    running: Option<Running>,
    events: Receiver<Event>,
    payers: Vec<Payer>,
    next: usize,
    folder: TempDir,
    queue: String,
    pub(crate) objects: String,
    /// Batches that were sealed.
    pub(crate) sealed: u64,
    proven: Vec<BatchNumber>,
    /// Whether every event was heard: not those of a node before this one.
    heard: bool,
    pub(crate) alarms: Vec<Alarm>,
}

impl Farm {
    /// With objects in a folder.
    pub(crate) fn new(server: &Server) -> Self {
        Self::with(server, None)
    }

    /// With objects there, if it is said where.
    pub(crate) fn with(server: &Server, objects: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = objects.unwrap_or_else(|| path(&folder.path().join("objects")));
        let height = if batches() > 8 { 8 } else { 4 };
        let payers: Vec<_> = (1..=16).map(|id| Payer::new(id, height)).collect();
        let queue = server.address();
        let (node, running) = start(folder.path(), &payers, &queue, &objects);
        Self {
            events: node.subscribe(),
            node,
            running: Some(running),
            payers,
            next: 0,
            folder,
            queue,
            objects,
            sealed: 0,
            proven: Vec::new(),
            heard: true,
            alarms: Vec::new(),
        }
    }

    /// Stops the node, and starts it again on its folder.
    pub(crate) fn restart_node(&mut self) {
        self.listen();
        let running = self.running.take().unwrap();
        running.stop();
        running.wait().unwrap();
        let (node, running) = start(self.folder.path(), &self.payers, &self.queue, &self.objects);
        self.events = node.subscribe();
        (self.node, self.running) = (node, Some(running));
        self.heard = false;
    }

    /// Seals a batch of one order, and gives its number.
    pub(crate) fn seal(&mut self) -> BatchNumber {
        let payer = &mut self.payers[self.next % 16];
        self.next += 1;
        let order = payer.pay(1 + (payer.id.get() % 16), 1, 0);
        wait(self.node.submit(order)).unwrap();
        let batch = wait(self.node.seal_now()).unwrap();
        until(|| self.node.batch(batch).unwrap());
        self.sealed = batch.get() + 1;
        batch
    }

    pub(crate) fn stage(&self, batch: BatchNumber) -> BatchStage {
        self.node.batch(batch).unwrap().unwrap().stage
    }

    /// Waits until a batch has a proof.
    pub(crate) fn proven(&mut self, batch: BatchNumber) {
        until(|| {
            self.listen();
            (self.stage(batch) >= BatchStage::Proven).then_some(())
        });
    }

    /// Waits until an alarm was raised.
    pub(crate) fn alarm(&mut self, is: impl Fn(&Alarm) -> bool) {
        until(|| {
            self.listen();
            self.alarms.iter().any(&is).then_some(())
        });
    }

    fn listen(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Proven { batch, .. } => self.proven.push(batch),
                Event::Alarm(alarm) => self.alarms.push(alarm),
                _ => {}
            }
        }
    }

    /// A worker, as a process.
    pub(crate) fn worker(&self, id: &str, more: &[&str]) -> Worker {
        static LOGS: AtomicUsize = AtomicUsize::new(0);
        let number = LOGS.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.path().join(format!("{id}.{number}.log"));
        let mut command = self.command();
        command.args(["--id", id]);
        for [option, value] in [
            ["--lease", "2"],
            ["--heartbeat", "0.4"],
            ["--poll", "0.2"],
            ["--threads", "1"],
            ["--grace", "60"],
        ] {
            if !more.contains(&option) {
                command.args([option, value]);
            }
        }
        command.args(more);
        Worker::spawn(command, id, log)
    }

    /// The command, with the addresses.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winterlane-worker"));
        command.env("WINTERLANE_QUEUE", &self.queue);
        command.env("WINTERLANE_OBJECTS", &self.objects);
        command.env("NO_COLOR", "1").env("RUST_LOG", "info");
        command.stdin(Stdio::null());
        command
    }

    /// Gives the worker jobs until it has stopped (SIGSTOP) while it had one; gives that one's batch.
    pub(crate) fn catch(&mut self, server: &Server, worker: &Worker) -> BatchNumber {
        let mut client = server.client();
        let mine = format!("{}-%", worker.id);
        let mut held = || {
            let claim = "SELECT batch FROM winterlane_jobs WHERE worker LIKE $1 AND NOT proven";
            let row = match client.query_opt(claim, &[&mine]) {
                Ok(row) => row,
                // the node has not made the tables yet
                Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => None,
                Err(error) => panic!("{error}"),
            };
            row.map(|row| row.get::<_, i64>(0))
        };
        loop {
            let batch = self.seal();
            while self.stage(batch) < BatchStage::Proven && held().is_none() {}
            worker.signal("STOP");
            std::thread::sleep(Duration::from_millis(20));
            if let Some(batch) = held() {
                return BatchNumber::new(u64::try_from(batch).unwrap());
            }
            worker.signal("CONT");
        }
    }

    /// Everything is proven: each batch once, and the verifier accepts each; nothing is left in between. Then the
    /// node stops.
    pub(crate) fn conclude(mut self, server: &Server) {
        for batch in 0..self.sealed {
            self.proven(BatchNumber::new(batch));
        }
        until(|| {
            self.listen();
            (!self.heard || self.proven.len() as u64 >= self.sealed).then_some(())
        });
        let policy = Policy::only(preset());
        for batch in 0..self.sealed {
            let view = self.node.batch(BatchNumber::new(batch)).unwrap().unwrap();
            let proof = self
                .node
                .batch_proof(BatchNumber::new(batch))
                .unwrap()
                .unwrap();
            verify_batch(&proof, &view.public_inputs, &policy).unwrap();
        }
        let mut client = server.client();
        until(|| {
            let left = "SELECT count(*) FROM winterlane_jobs WHERE format > 0";
            let left: i64 = client.query_one(left, &[]).unwrap().get(0);
            (left == 0).then_some(())
        });
        if !self.objects.contains("://") {
            until(|| (files(Path::new(&self.objects)) == 0).then_some(()));
        }
        let running = self.running.take().unwrap();
        running.stop();
        running.wait().unwrap();
        self.listen();
        self.proven.sort_unstable();
        if self.heard {
            let sealed = (0..self.sealed).map(BatchNumber::new);
            assert_eq!(self.proven, sealed.collect::<Vec<_>>());
        }
        assert!(self.proven.is_sorted_by(|before, after| before < after));
    }
}

fn start(folder: &Path, payers: &[Payer], queue: &str, objects: &str) -> (Node, Running) {
    let accounts = payers
        .iter()
        .map(|payer| (payer.id, payer.account(1 << 40)));
    let genesis = Genesis {
        accounts: accounts.collect(),
        ..Genesis::empty(domain())
    };
    let options = NodeOptions {
        limits: Limits {
            slots: 2,
            max_age: Duration::from_secs(3600),
            ..Limits::default()
        },
        cache_bytes: 1 << 20,
        disk_reserve: 0,
        proving: Some(Proving {
            preset: preset(),
            threads: None,
            memory_limit: None,
        }),
        shared_queue: Some(SharedQueue {
            address: queue.parse().unwrap(),
            objects: objects.to_owned(),
            priority: 0,
        }),
        max_unproven: 1 << 20,
        ..NodeOptions::new(folder, genesis)
    };
    Node::start(options).unwrap()
}

/// How many files there are below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()),
            _ => 1,
        })
        .sum()
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A process that proves. It is killed in the end.
pub(crate) struct Worker {
    id: String,
    process: Child,
    log: PathBuf,
}

impl Worker {
    /// Starts the command; what it says goes to the log.
    pub(crate) fn spawn(mut command: Command, id: &str, log: PathBuf) -> Self {
        command.stderr(Stdio::from(File::create(&log).unwrap()));
        Self {
            id: id.to_owned(),
            process: command.spawn().unwrap(),
            log,
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(id)
            .status();
        assert!(sent.unwrap().success());
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it has said something.
    pub(crate) fn says(&self, words: &str) {
        until(|| self.said().contains(words).then_some(()));
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().unwrap()
    }

    /// Asks it to stop, and waits until it has: well.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        let status = self.process.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.said());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- worker {}\n{}", self.id, self.said());
        }
    }
}
