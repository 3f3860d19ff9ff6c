//! The process is killed: at random, and at each place between two steps.
//!
//! The node runs in a process of its own, this test binary again. It reads orders from its standard input,
//! a round a line, and says on its standard output what was acknowledged.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use winterlane_ledger::testing::Numbers;

use super::{
    faults::{Figures, Sent, Traffic, seeds, send},
    payers, start_willing,
};
use crate::{OrderId, Receipt, testing::wait};

const HEIGHT: u32 = 6;

/// Where the node of the other process is.
const FOLDER: &str = "WINTERLANE_NODE_TEST_FOLDER";

/// What the other process runs.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let _scenario = fail::FailScenario::setup();
    let (node, running) = start_willing(Path::new(&folder), &payers(3, HEIGHT)).unwrap();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let round = line.split(' ').map(|hex| Sent::from_bytes(&unhex(hex)));
        for result in send(&node, round.collect()) {
            let Receipt {
                id,
                sequence,
                batch,
                ..
            } = result.unwrap();
            println!("\nack {id} {sequence} {batch}");
        }
        println!("\nround");
    }
    running.stop();
    running.wait().unwrap();
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}

/// The node in a process of its own.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn spawn(folder: &Path, points: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--exact",
                "run::tests::kill::child",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(FOLDER, folder)
            .env("FAILPOINTS", points)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            input,
            output,
        }
    }

    /// Sends an order of each payer, and notes what is acknowledged; says whether the process still lives.
    fn round(&mut self, traffic: &mut Traffic) -> bool {
        let hex = |sent: &Sent| -> String {
            sent
                .to_bytes()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        };
        let line: Vec<String> = traffic.round().iter().map(hex).collect();
        let mut input = self.input.as_ref().unwrap();
        if writeln!(input, "{}", line.join(" ")).is_err() {
            return false;
        }
        loop {
            let Some(Ok(line)) = self.output.next() else {
                return false;
            };
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["round"] => return true,
                ["ack", id, sequence, batch] => traffic.acknowledge(Receipt {
                    id: id.parse::<OrderId>().unwrap(),
                    sequence: sequence.parse().unwrap(),
                    batch: batch.parse().unwrap(),
                    known: false,
                }),
                _ => {}
            }
        }
    }

    /// Asks the process to stop, by the end of its input, and says how it ended.
    fn end(mut self) -> ExitStatus {
        drop(self.input.take());
        // what it still says is read, or it would fail to say it
        for _ in self.output.by_ref() {}
        self.child.wait().unwrap()
    }
}

/// The last life: in this process, and it ends well.
fn settle(folder: &Path, traffic: &Traffic) {
    let opening = payers(3, HEIGHT);
    let (node, running) = start_willing(folder, &opening).unwrap();
    traffic.check(&node, &opening);
    running.stop();
    running.wait().unwrap();
}

#[test]
fn killed_at_random_under_load_loses_nothing() {
    let mut figures = Figures::default();
    for seed in seeds(3) {
        let mut random = Numbers(seed);
        let folder = tempfile::tempdir().unwrap();
        let mut traffic = Traffic::new(payers(3, HEIGHT));
        for _ in 0..5 {
            let mut process = Process::spawn(folder.path(), "");
            // most die under load, some while they start
            if random.below(4) > 0 && !traffic.used_up(HEIGHT) {
                process.round(&mut traffic);
            }
            let id = process.child.id();
            let patience = Duration::from_millis(random.below(200));
            let killer = std::thread::spawn(move || {
                std::thread::sleep(patience);
                // by its number, since the other thread has the handle
                Command::new("kill")
                    .args(["-9", &id.to_string()])
                    .status()
                    .unwrap()
            });
            while !traffic.used_up(HEIGHT) && process.round(&mut traffic) {}
            killer.join().unwrap();
            figures.faults += u64::from(process.end().signal() == Some(9));
        }
        settle(folder.path(), &traffic);
        figures.acknowledged += traffic.acknowledged.len() as u64;
    }
    figures.print("kills at random");
    assert!(figures.faults > 0);
}

/// Every place between two steps, passed a few times before the process dies there.
#[test]
fn killed_at_each_place_loses_nothing() {
    const PLACES: [&str; 12] = [
        "decided",
        "logged",
        "sealed-in-memory",
        "file-written",
        "witness-kept",
        "before-seal",
        "seal-written",
        "proven",
        "proof-written",
        "before-publishing",
        "published",
        "publishing-noted",
    ];
    let mut figures = Figures::default();
    for place in PLACES {
        let mut died = 0;
        for seed in seeds(2) {
            let folder = tempfile::tempdir().unwrap();
            let mut traffic = Traffic::new(payers(3, HEIGHT));
            // twice, so that what a first death leaves is met by a second
            for passed in [seed, 0] {
                let points = format!("{place}={passed}*off->return");
                let mut process = Process::spawn(folder.path(), &points);
                for _ in 0..6 {
                    if !process.round(&mut traffic) {
                        break;
                    }
                }
                died += u64::from(!process.end().success());
            }
            settle(folder.path(), &traffic);
            figures.acknowledged += traffic.acknowledged.len() as u64;
        }
        assert!(died > 0, "nobody died at {place}");
        figures.faults += died;
    }
    figures.print("kills at places between two steps");
}

/// A node with 100,000 orders pending is started again. For a release build; the time is printed.
#[test]
#[ignore = "signs 100,000 orders"]
fn restart_with_100_000_pending() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(1600, 6);
    let patient = |payers: &[crate::testing::Payer]| {
        let mut options = super::options(folder.path(), payers);
        options.limits.slots = 8192;
        options.limits.max_per_account = 100;
        options.limits.max_pending = 200_000;
        options.limits.max_age = Duration::from_secs(3600);
        // one batch waits for its proof, which never comes, so that no other is sealed
        options.max_unproven = 1;
        options.cache_bytes = 256 << 20;
        options
    };
    struct Never;
    impl super::Prove for Never {
        fn prove(&mut self, _: &super::ProofJob) -> super::Outcome {
            super::Outcome::Cancelled
        }
    }
    let stand = || super::Stand {
        prover: Some(Box::new(|_| Box::new(Never))),
        ..super::Stand::default()
    };
    let (node, running) = super::start(patient(&payers), stand()).unwrap();
    let mut sent = 0;
    let started = std::time::Instant::now();
    for _ in 0..63 {
        let orders: Vec<_> = payers
            .iter_mut()
            .map(|payer| payer.pay(payer.id, 1, 0))
            .collect();
        sent += orders.len();
        for result in wait(node.submit_many(orders)) {
            result.unwrap();
        }
    }
    println!("{sent} orders signed and taken in {:?}", started.elapsed());
    let before = node.status().unwrap();
    running.stop();
    running.wait().unwrap();
    let started = std::time::Instant::now();
    let (node, running) = super::start(patient(&[]), stand()).unwrap();
    let took = started.elapsed();
    let after = node.status().unwrap();
    assert_eq!(
        (after.pending, after.open_batch),
        (before.pending, before.open_batch)
    );
    println!(
        "started again with {} orders pending in {took:?}",
        after.pending
    );
    running.stop();
    running.wait().unwrap();
}
