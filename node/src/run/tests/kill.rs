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
    payers, settled, start_willing,
};
use crate::{OrderId, Receipt};

/// 64 one-time keys of each payer: for lives that end whenever they do.
const HEIGHT: u32 = 6;

/// 16 of each: for two lives that end at a place. The other process makes all keys anew, which is most of what a life costs.
const SHORT: u32 = 4;

/// Where the node of the other process is.
const FOLDER: &str = "WINTERLANE_NODE_TEST_FOLDER";

/// The height of its payers' keys.
const KEYS: &str = "WINTERLANE_NODE_TEST_KEYS";

/// What the other process runs.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let _scenario = fail::FailScenario::setup();
    let height = std::env::var(KEYS).unwrap().parse().unwrap();
    let (node, running) = start_willing(Path::new(&folder), &payers(3, height)).unwrap();
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
    fn spawn(folder: &Path, height: u32, points: &str) -> Self {
        let binary = std::env::current_exe().unwrap();
        Self::spawn_by(Command::new(binary), folder, height, points)
    }

    /// Under a limit of so many KiB a file. With `told`, a write beyond it is an error, else the death of the process.
    fn spawn_limited(folder: &Path, kibibytes: u64, told: bool) -> Self {
        let trap = if told { "trap '' XFSZ; " } else { "" };
        let mut command = Command::new("bash");
        let script = format!("{trap}ulimit -c 0; ulimit -f {kibibytes}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]);
        command.arg(std::env::current_exe().unwrap());
        Self::spawn_by(command, folder, HEIGHT, "")
    }

    fn spawn_by(mut command: Command, folder: &Path, height: u32, points: &str) -> Self {
        command
            .args([
                "--exact",
                "run::tests::kill::child",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(FOLDER, folder)
            .env(KEYS, height.to_string())
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
            sent.to_bytes()
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

    /// Rounds until it dies: on a machine that has other things to do the place where it is to die may come late. A place that it
    /// never comes to is known when the keys are used up.
    fn rounds(&mut self, traffic: &mut Traffic) {
        while !traffic.used_up(SHORT) && self.round(traffic) {}
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
fn settle(folder: &Path, height: u32, traffic: &Traffic) {
    let opening = payers(3, height);
    let (node, running) = start_willing(folder, &opening).unwrap();
    traffic.check(&node, &opening);
    let root = node.status().unwrap().root;
    running.stop();
    running.wait().unwrap();
    settled::check(folder, root);
}

#[test]
fn killed_at_random_under_load_loses_nothing() {
    let mut figures = Figures::default();
    for seed in seeds(3) {
        let mut random = Numbers(seed);
        let folder = tempfile::tempdir().unwrap();
        let mut traffic = Traffic::new(payers(3, HEIGHT));
        for _ in 0..5 {
            let mut process = Process::spawn(folder.path(), HEIGHT, "");
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
        settle(folder.path(), HEIGHT, &traffic);
        figures.acknowledged += traffic.acknowledged.len() as u64;
    }
    figures.print("kills at random");
    assert!(figures.faults > 0);
}

/// Every place between two steps, passed a few times before the process dies there: each number of times that there are, in
/// a sweep. A place that a life passes less often than that is left, so that a sweep ends however many seeds it has.
#[test]
fn killed_at_each_place_loses_nothing() {
    const PLACES: [&str; 13] = [
        "decided",
        "logged",
        "sealed-in-memory",
        "file-written",
        "witness-kept",
        "before-seal",
        "seal-written",
        "proof-begun",
        "proven",
        "proof-written",
        "before-publishing",
        "published",
        "publishing-noted",
    ];
    /// More often than a life passes a place, or nearly.
    const PASSES: u64 = 16;
    let mut figures = Figures::default();
    for place in PLACES {
        let mut died = 0;
        let most = seeds(2);
        for seed in most.start..most.end.min(PASSES) {
            let folder = tempfile::tempdir().unwrap();
            let mut traffic = Traffic::new(payers(3, SHORT));
            // twice, so that what a first death leaves is met by a second
            let [first, second] = [seed, 0].map(|passed| {
                let points = format!("{place}={passed}*off->return");
                let mut process = Process::spawn(folder.path(), SHORT, &points);
                process.rounds(&mut traffic);
                !process.end().success()
            });
            died += u64::from(first) + u64::from(second);
            settle(folder.path(), SHORT, &traffic);
            figures.acknowledged += traffic.acknowledged.len() as u64;
            if !first {
                break;
            }
        }
        assert!(died > 0, "nobody died at {place}");
        figures.faults += died;
    }
    figures.print("kills at places between two steps");
}

/// The same places around publishing, with a settlement that verifies and obliges, whose own log is cut off by the same
/// deaths: it ends with what the node has, and nothing of it twice.
#[test]
fn killed_around_publishing_it_settles_each_batch_once() {
    let mut figures = Figures::default();
    for place in ["before-publishing", "published", "publishing-noted"] {
        let folder = tempfile::tempdir().unwrap();
        let opening = payers(3, SHORT);
        settled::create(folder.path(), &opening);
        let mut traffic = Traffic::new(opening);
        for passed in [1, 0] {
            let points = format!("{place}={passed}*off->return");
            let mut process = Process::spawn(folder.path(), SHORT, &points);
            process.rounds(&mut traffic);
            figures.faults += u64::from(!process.end().success());
        }
        settle(folder.path(), SHORT, &traffic);
        figures.acknowledged += traffic.acknowledged.len() as u64;
    }
    figures.print("kills around publishing to a settlement with rules");
    assert!(figures.faults > 0);
}

/// Files may not grow beyond a limit (RLIMIT_FSIZE), which is met in the midst of a commit: the process is told, or dies.
#[test]
fn a_limit_on_the_size_of_files_loses_nothing() {
    let mut figures = Figures::default();
    for seed in seeds(2) {
        let folder = tempfile::tempdir().unwrap();
        let mut traffic = Traffic::new(payers(3, HEIGHT));
        let mut first = Process::spawn(folder.path(), HEIGHT, "");
        assert!(first.round(&mut traffic) && first.round(&mut traffic));
        assert!(first.end().success());
        let size = std::fs::metadata(folder.path().join(crate::store::FILE));
        // below what there is, so that it is met whichever pages are written
        let kibibytes = size.unwrap().len() / 1024 * (1 + seed % 3) / 4;
        for told in [true, false] {
            let mut process = Process::spawn_limited(folder.path(), kibibytes, told);
            while !traffic.used_up(HEIGHT) && process.round(&mut traffic) {}
            figures.faults += u64::from(!process.end().success());
        }
        settle(folder.path(), HEIGHT, &traffic);
        figures.acknowledged += traffic.acknowledged.len() as u64;
    }
    figures.print("limits on the size of files");
    assert!(figures.faults > 0);
}
