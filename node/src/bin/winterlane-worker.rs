//! The `winterlane-worker` command: proves batches of nodes on other machines, and verifies private operations for them.
//!
//! Exit status: 0 after it was asked to stop, 1 when the queue could not answer a question, 2 when it cannot be
//! started as it was told to.

#![forbid(unsafe_code)]
// they panic where nothing can be written, as on a full disk
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

use std::{
    net::SocketAddr, num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc, time::Duration,
};

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use winterlane_node::{
    blob,
    command::{self, Failure},
    keys::PrivateKey,
    queue::{
        Depth,
        postgres::{Address, claims::Claims},
    },
    worker::{self, Checking, Stop, WorkerOptions, measure, metrics},
};

/// Proves batches that winterlane-node has put into a queue; with --key it verifies private operations too.
#[derive(Debug, Parser)]
#[command(name = "winterlane-worker", version)]
struct Arguments {
    /// The queue, postgres://USER@HOST/DATABASE; by default WINTERLANE_QUEUE. A password can be in PGPASSWORD.
    #[arg(long, global = true)]
    queue: Option<String>,
    /// The object store, a folder or s3://BUCKET/PREFIX; by default WINTERLANE_OBJECTS. Not needed with --checks-only.
    #[arg(long, global = true)]
    objects: Option<String>,
    #[command(flatten)]
    run: Run,
    #[command(subcommand)]
    command: Option<Task>,
}

#[derive(Debug, Args)]
struct Run {
    /// A name for people, in logs and in the queue; by default the machine's. Processes may share one.
    #[arg(long)]
    id: Option<String>,
    /// Mebibytes that a proof may take; 0 for what the system has. Larger jobs are left to others.
    #[arg(long, default_value_t = 0)]
    memory: u64,
    /// Threads; 0 for as many as there are cores.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Seconds without a heartbeat after which the job is another's.
    #[arg(long, default_value = "30", value_parser = seconds)]
    lease: Duration,
    /// Seconds between heartbeats.
    #[arg(long, default_value = "10", value_parser = seconds)]
    heartbeat: Duration,
    /// Seconds after which an empty queue is asked again.
    #[arg(long, default_value = "1", value_parser = seconds)]
    poll: Duration,
    /// Seconds that the job under way has to end once the worker is asked to stop; asked again, it is given up.
    #[arg(long, default_value = "25", value_parser = seconds)]
    grace: Duration,
    /// The file of a key with the scope `verify` (`winterlane-node keys generate`): private operations are verified too, and
    /// the verdicts signed with it.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Private operations that are verified at once, with --key.
    #[arg(long, default_value_t = NonZeroUsize::MIN)]
    checks: NonZeroUsize,
    /// Verifies private operations, and proves no batches.
    #[arg(long, requires = "key")]
    checks_only: bool,
    /// Where metrics are served, such as 0.0.0.0:8652.
    #[arg(long)]
    metrics: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Takes jobs until it is asked to stop. This is what happens without a command.
    Run,
    /// Says how much waits, as JSON: for people and autoscalers.
    Status,
    /// Measures how many jobs a second the queue hands out, and what it adds to a batch.
    Measure {
        /// Jobs of each measurement.
        #[arg(long, default_value_t = 2000)]
        jobs: usize,
        /// Batches that are sent the whole way.
        #[arg(long, default_value_t = 50)]
        rounds: usize,
        /// Seconds that proving a batch takes on a worker, for the estimate; `winterlane prove` says it.
        #[arg(long)]
        proving: Option<f64>,
        /// Operations of a batch.
        #[arg(long, default_value_t = 1024)]
        operations: usize,
    },
}

fn main() -> ExitCode {
    command::main(carry_out)
}

/// From the arguments, or from the environment, which other users do not see.
fn setting(told: Option<String>, option: &str, variable: &str) -> Result<String, Failure> {
    told.or_else(|| std::env::var(variable).ok())
        .ok_or_else(|| Failure::Unusable(format!("{option} is missing, and {variable} too")))
}

fn carry_out(arguments: Arguments) -> Result<(), Failure> {
    let queue = setting(arguments.queue, "--queue", "WINTERLANE_QUEUE")?;
    let queue: Address = queue
        .parse()
        .map_err(|error| Failure::Unusable(format!("--queue: {error}")))?;
    let objects = || setting(arguments.objects.clone(), "--objects", "WINTERLANE_OBJECTS");
    match arguments.command {
        None | Some(Task::Run) => {
            let objects = if arguments.run.checks_only {
                None
            } else {
                Some(blob::open(&objects()?))
            };
            let objects = objects.transpose();
            let objects =
                objects.map_err(|error| Failure::Unusable(format!("--objects: {error}")))?;
            run(arguments.run, queue, objects)
        }
        Some(Task::Status) => status(&queue),
        Some(Task::Measure {
            jobs,
            rounds,
            proving,
            operations,
        }) => {
            let objects = objects()?;
            measure(&queue, &objects, (jobs, rounds), proving, operations)
        }
    }
}

fn run(run: Run, queue: Address, objects: Option<Box<dyn blob::Blobs>>) -> Result<(), Failure> {
    let stop = Arc::new(Stop::new());
    let asked = Arc::clone(&stop);
    let grace = run.grace;
    ctrlc::set_handler(move || asked.ask(grace))
        .map_err(|error| Failure::Unusable(format!("signals cannot be listened to: {error}")))?;
    let key = run.key.as_deref().map(PrivateKey::load).transpose();
    let key = key.map_err(|error| Failure::Unusable(format!("--key: {error}")))?;
    let checking = key.map(|key| Checking {
        key,
        threads: run.checks,
    });
    if let Some(address) = run.metrics {
        let served = metrics::serve(address);
        let served =
            served.map_err(|error| Failure::Unusable(format!("--metrics {address}: {error}")))?;
        tracing::info!(metrics = %served, "served");
    }
    let options = WorkerOptions {
        queue,
        objects,
        name: run.id.unwrap_or_else(machine),
        memory: (run.memory > 0).then(|| run.memory.saturating_mul(1 << 20)),
        threads: NonZeroUsize::new(run.threads),
        lease: run.lease,
        heartbeat: run.heartbeat,
        poll: run.poll,
        checking,
    };
    worker::run(&options, &stop).map_err(Failure::unusable)
}

/// The name of the machine, where the system says it.
fn machine() -> String {
    let named = std::fs::read_to_string(PathBuf::from("/proc/sys/kernel/hostname"));
    let named = named.map(|name| name.trim().to_owned()).ok();
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "worker".into())
}

fn status(queue: &Address) -> Result<(), Failure> {
    let depths = Claims::connect(queue, "status").and_then(|mut queue| queue.depth());
    let depths = depths.map_err(Failure::ended)?;
    let sum = |count: fn(&Depth) -> u64| depths.iter().map(count).sum::<u64>();
    let oldest = depths.iter().map(|depth| depth.oldest_seconds);
    let sizes: Vec<_> = depths
        .iter()
        .map(|depth| {
            json!({
                "memory_mib": depth.memory.div_ceil(1 << 20),
                "pending": depth.pending,
                "claimed": depth.claimed,
                "proven": depth.proven,
                "exhausted": depth.exhausted,
                "oldest_seconds": depth.oldest_seconds,
            })
        })
        .collect();
    let status = json!({
        "pending": sum(|depth| depth.pending),
        "claimed": sum(|depth| depth.claimed),
        "proven": sum(|depth| depth.proven),
        "exhausted": sum(|depth| depth.exhausted),
        "oldest_seconds": oldest.fold(0.0, f64::max),
        "sizes": sizes,
    });
    command::print(format_args!("{status:#}\n"))
}

/// Bytes of the witness of an operation, and of a proof, as batches of 1,024 operations have them.
const WITNESS: usize = 3 << 10;
const PROOF: usize = 300 << 10;

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn measure(
    queue: &Address,
    objects: &str,
    (jobs, rounds): (usize, usize),
    proving: Option<f64>,
    operations: usize,
) -> Result<(), Failure> {
    command::print("jobs handed out: claimed, renewed once, finished\n")?;
    let mut handed_out = f64::INFINITY;
    for workers in [1, 8, 64] {
        let figure = measure::hand_out(queue, workers, jobs).map_err(Failure::ended)?;
        let rate = figure.jobs as f64 / figure.seconds;
        command::print(format_args!(
            "  {workers:2} workers: {rate:6.0} jobs/s; a claim takes {:.2} ms, 99 of 100 below {:.2} ms\n",
            1e3 * figure.claim_median.as_secs_f64(),
            1e3 * figure.claim_99.as_secs_f64(),
        ))?;
        handed_out = rate.min(handed_out);
    }
    let witness = operations.saturating_mul(WITNESS);
    let figure = measure::added(queue, objects, witness, PROOF, rounds).map_err(Failure::ended)?;
    let added = figure.median.as_secs_f64();
    command::print(format_args!(
        "added to a batch of {operations} operations, from the offer to the proof in the node: {:.1} ms, 9 of 10 \
         below {:.1} ms\n",
        1e3 * added,
        1e3 * figure.nine_of_ten.as_secs_f64(),
    ))?;
    if let Some(proving) = proving {
        command::print(format_args!(
            "  that is {:.2} % of {proving} s of proving\n",
            100.0 * added / proving
        ))?;
        command::print(format_args!(
            "operations a second by W workers: {operations} min(W / (proving + added), jobs/s)\n"
        ))?;
        for workers in [1, 2, 4, 8, 16, 32, 64] {
            let rate = measure::throughput(workers, operations, proving, added, handed_out);
            command::print(format_args!("  {workers:2} workers: {rate:8.0}\n"))?;
        }
    }
    Ok(())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| (0.001..=86_400.0).contains(&time.as_secs_f64()))
        .ok_or_else(|| "0.001 to 86400 seconds".into())
}
