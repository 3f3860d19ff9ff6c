//! The `winterlane-node` command: a rollup in one process.
//!
//! Exit status: 0 after it was asked to stop, 1 when the node ended by itself, 2 when it cannot be started as it
//! was told to.

#![forbid(unsafe_code)]
// they panic where nothing can be written, as on a full disk
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod operators;
mod probe;
mod signals;

use std::{
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::{RecvTimeoutError, channel},
    time::Duration,
};

use clap::{Parser, Subcommand};
use signals::Asked;
use winterlane_machine::{Escaped, Keeper, folder, small};
use winterlane_node::{
    Node, SnapshotError, bench,
    command::{self, Failure},
    config::{self, AccountSetting, Config, DEFAULT, PublicAccount},
    keys::KeysError,
    queue::postgres::Address,
    serve::{self, Serving},
};
use winterlane_settlement::{Party, Rules};

/// A payment rollup in one process: takes signed orders, proves batches, publishes them.
#[derive(Debug, Parser)]
#[command(name = "winterlane-node", version)]
struct Arguments {
    /// The folder of the store; it is made if it does not exist.
    #[arg(long, default_value = "winterlane-data", global = true)]
    data: PathBuf,
    /// The configuration file; by default `node.toml` in the folder, if there is one.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Where the interface is served, in place of the configuration's `listen.address`.
    #[arg(long, global = true)]
    listen: Option<std::net::SocketAddr>,
    /// Where health and metrics are served, in place of the configuration's `listen.health`.
    #[arg(long, global = true)]
    health: Option<std::net::SocketAddr>,
    /// Where batches wait for `winterlane-worker`, in place of the configuration's `queue.address`:
    /// postgres://USER@HOST/DATABASE. WINTERLANE_QUEUE says the same without showing it to other users.
    #[arg(long, global = true)]
    queue: Option<String>,
    /// The object store between node and workers, in place of the configuration's `queue.objects`: a folder, or
    /// s3://BUCKET/PREFIX.
    #[arg(long, global = true)]
    objects: Option<String>,
    #[command(subcommand)]
    command: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Runs the node. This is what happens without a command.
    Run,
    /// Begins a rollup: writes the configuration of its node, with the accounts of its first state.
    Init {
        /// An account as its owner describes it (`winterlane wallet export --public`), and what it holds. Repeat it.
        #[arg(long, value_name = "FILE=BALANCE", value_parser = account)]
        account: Vec<AccountSetting>,
        /// A setting that differs from its default, such as batches.slots=16. Repeat it.
        #[arg(long, value_name = "SECTION.NAME=VALUE")]
        set: Vec<String>,
    },
    /// Prints the configuration file with every setting, its default and its meaning.
    Config,
    /// Prints what a settlement of this rollup begins with (JSON): the domain and the first accounts of the configuration, and
    /// the rules that most have.
    Genesis {
        /// Who publishes batches: 0x and 40 hexadecimal digits. If not given, whose secret is at `settlement.secret`.
        #[arg(long, value_name = "ADDRESS")]
        operator: Option<Party>,
        /// Who may appoint another operator; nobody, if not given.
        #[arg(long, value_name = "ADDRESS")]
        governor: Option<Party>,
    },
    /// Writes a snapshot of a node that does not run, to a file that does not exist.
    Snapshot {
        /// The file.
        file: PathBuf,
    },
    /// Makes the folder of a node from a snapshot.
    Restore {
        /// The file.
        file: PathBuf,
    },
    /// Forgets what a node that does not run has acknowledged and not sealed, from an entry of its log on: for a log that holds
    /// what must not be sealed. Their senders must send those orders again.
    Forget {
        /// The first entry that is forgotten.
        #[arg(long, value_name = "ENTRY")]
        from: u64,
        /// A file that does not exist: a snapshot with everything is written there before.
        #[arg(long, value_name = "FILE")]
        keep: PathBuf,
    },
    /// Reads the configuration, and says whether it can be used; and verifies the audit log, if there is one. Ends with 1 if the
    /// log is not in order.
    Check,
    /// Asks the node that runs with this configuration how it is. Ends with 1 if it does not live, or is not ready.
    Probe {
        /// What to ask.
        #[arg(value_enum, default_value = "live")]
        question: probe::Question,
    },
    /// Measures this machine: prints figures with machine and settings. It uses a folder of its own, and none of a
    /// node's.
    Bench {
        #[command(subcommand)]
        measure: Measure,
    },
    /// The audit log of operators' acts.
    Audit {
        #[command(subcommand)]
        task: operators::AuditTask,
    },
    /// Operators' keys that are made on the machine itself.
    Keys {
        #[command(subcommand)]
        task: operators::KeysTask,
    },
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// Orders over HTTP on the loopback interface: how many a second, and how long each takes.
    Orders(bench::orders::Settings),
    /// Starting a node again that has orders pending.
    Restart(bench::restart::Settings),
    /// Signs orders for the two above, into a file: that takes longer than to measure with them.
    Sign(bench::sign::Settings),
    /// Changes of accounts in a large store.
    Updates(bench::updates::Settings),
    /// Private operations verified by workers through the queue, beside the node's own verifier.
    Panel(bench::panel::Settings),
}

fn main() -> ExitCode {
    command::main(|arguments: Arguments| run(&arguments))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Some(Task::Config) => {
            return command::print(DEFAULT);
        }
        Some(Task::Init { account, set }) => return init(&arguments.data, account, set),
        Some(Task::Snapshot { file }) => return snapshot(&arguments.data, file),
        Some(Task::Restore { file }) => return restore(&arguments.data, file),
        Some(Task::Forget { from, keep }) => return forget(&arguments.data, *from, keep),
        Some(Task::Bench { measure }) => {
            let report = match measure {
                Measure::Orders(settings) => bench::orders::measure(settings),
                Measure::Restart(settings) => bench::restart::measure(settings),
                Measure::Sign(settings) => bench::sign::measure(settings),
                Measure::Updates(settings) => bench::updates::measure(settings),
                Measure::Panel(settings) => {
                    let missing = || "--queue is missing, and WINTERLANE_QUEUE too".to_owned();
                    let queue = queue(arguments).ok_or_else(missing);
                    let queue = queue.map_err(Failure::Unusable)?.parse::<Address>();
                    bench::panel::measure(settings, &queue.map_err(Failure::unusable)?)
                }
            };
            return command::print(report.map_err(Failure::unusable)?);
        }
        _ => {}
    }
    if let Some(Task::Audit { task }) = &arguments.command {
        return command::print(operators::audit(task).map_err(|error| of_keys(&error))?);
    }
    let mut config = read_config(arguments)?;
    if let Some(Task::Keys { task }) = &arguments.command {
        if matches!(task, operators::KeysTask::Bootstrap(_)) {
            check_folder(&arguments.data)?;
        }
        let environment = &config.interface.environment;
        let said = operators::keys(task, &arguments.data, environment);
        return command::print(said.map_err(|error| of_keys(&error))?);
    }
    if let Some(Task::Genesis { operator, governor }) = arguments.command {
        let governor = governor.unwrap_or(Party::NOBODY);
        return genesis(&arguments.data, &config, operator, governor);
    }
    if let Some(address) = arguments.listen {
        config.listen.address = address;
    }
    if let Some(address) = arguments.health {
        config.listen.health = address;
    }
    if let Some(Task::Probe { question }) = arguments.command {
        let said = probe::probe(config.listen.health, question);
        let said = said.map_err(Failure::Ended)?;
        return command::print(format_args!("{said}\n"));
    }
    // Before the store is opened, or made.
    check_folder(&arguments.data)?;
    serve::certificate(&config, &arguments.data).map_err(Failure::unusable)?;
    if let Some(address) = queue(arguments) {
        let address = config::QueueAddress::try_from(address);
        config.queue.address =
            address.map_err(|reason| Failure::Unusable(format!("--queue: {reason}")))?;
    }
    if let Some(objects) = &arguments.objects {
        config.queue.objects.clone_from(objects);
    }
    if matches!(arguments.command, Some(Task::Check)) {
        if !config.settlement.at.is_empty() {
            let operator = config.settlement.operator(&arguments.data);
            operator.map_err(Failure::unusable)?;
        }
        let environment = &config.interface.environment;
        let said = operators::look(&arguments.data, environment);
        let said = said.map_err(|error| of_keys(&error))?;
        return command::print(format_args!("the configuration can be used\n{said}"));
    }
    run_node(arguments, &config)
}

/// Where the queue is, from the arguments, or from the environment, which other users do not see.
fn queue(arguments: &Arguments) -> Option<String> {
    let told = arguments.queue.clone();
    told.or_else(|| std::env::var("WINTERLANE_QUEUE").ok())
}

/// The public half of an account takes some 250 bytes: a file without end is not read to it.
const MAX_ACCOUNT_BYTES: u64 = 1 << 16;

/// `FILE=BALANCE`.
fn account(text: &str) -> Result<AccountSetting, String> {
    let (file, balance) = text.rsplit_once('=').ok_or("expected FILE=BALANCE")?;
    let balance = balance
        .parse()
        .map_err(|_| format!("{balance:?} is no balance: a number below 2^128"))?;
    let written = small::read_text(Path::new(file), MAX_ACCOUNT_BYTES)
        .map_err(|error| format!("{file}: {error}"))?;
    let account: PublicAccount = written
        .parse()
        .map_err(|error| format!("{file}: {error}"))?;
    Ok(account.with_balance(balance))
}

fn init(folder: &Path, accounts: &[AccountSetting], settings: &[String]) -> Result<(), Failure> {
    check_folder(folder)?;
    let unusable = |error: config::InitError| Failure::unusable(error);
    let text = config::initial(accounts, settings).map_err(unusable)?;
    let config = Config::parse(config::FILE, &text).map_err(Failure::unusable)?;
    serve::addresses(&config).map_err(|error| {
        Failure::Unusable(format!("the configuration would be of no use: {error}"))
    })?;
    config::init(folder, &text).map_err(unusable)?;
    command::print(format_args!(
        "{}: {} accounts; `winterlane-node --data {}` runs the node\n",
        Escaped(folder.join(config::FILE).display()),
        accounts.len(),
        Escaped(folder.display())
    ))
}

/// Refuses a folder that is another program's, or that holds files of somebody else, before anything is made in it.
fn check_folder(folder: &Path) -> Result<(), Failure> {
    folder::check_to_begin(folder, Keeper::Node).map_err(Failure::unusable)
}

fn genesis(
    folder: &Path,
    config: &Config,
    operator: Option<Party>,
    governor: Party,
) -> Result<(), Failure> {
    let operator = match operator {
        Some(operator) => operator,
        None => config
            .settlement
            .operator(folder)
            .map_err(Failure::unusable)?,
    };
    let node = config.options(folder).genesis;
    let settlement = winterlane_settlement::Genesis {
        domain: node.domain,
        first_batch: node.first_batch,
        accounts: node.accounts.into_iter().collect(),
        operator,
        governor,
        rules: Rules::default(),
    };
    let text = serde_json::to_string_pretty(&settlement).map_err(Failure::unusable)?;
    command::print(format_args!("{text}\n"))
}

/// 1: a log is not in order; 2: it could not be looked at, or the command was not carried out.
fn of_keys(error: &KeysError) -> Failure {
    if operators::is_finding(error) {
        Failure::ended(error)
    } else {
        Failure::unusable(error)
    }
}

fn snapshot(folder: &Path, file: &Path) -> Result<(), Failure> {
    winterlane_node::snapshot_to(folder, file).map_err(|error| match error {
        SnapshotError::Io(error) => Failure::Unusable(format!("{}: {error}", file.display())),
        error => Failure::unusable(error),
    })
}

fn restore(folder: &Path, file: &Path) -> Result<(), Failure> {
    let at = |error: std::io::Error| Failure::Unusable(format!("{}: {error}", file.display()));
    let opened = small::open(file).map_err(at)?;
    check_folder(folder)?;
    winterlane_node::restore(folder, BufReader::new(opened)).map_err(Failure::unusable)
}

fn forget(folder: &Path, from: u64, keep: &Path) -> Result<(), Failure> {
    let entries = winterlane_node::forget(folder, from, keep).map_err(|error| match error {
        SnapshotError::Io(error) => Failure::Unusable(format!("{}: {error}", keep.display())),
        error => Failure::unusable(error),
    })?;
    command::print(format_args!(
        "{entries} entries are forgotten; {} has them: tell their senders to send them again\n",
        Escaped(keep.display())
    ))
}

fn read_config(arguments: &Arguments) -> Result<Config, Failure> {
    let beside = arguments.data.join(config::FILE);
    let path = match &arguments.config {
        Some(path) => path,
        None if is_missing(&beside) => return Ok(Config::default()),
        None => &beside,
    };
    Config::read(path).map_err(Failure::unusable)
}

/// Whether there is nothing of this name. A link that leads nowhere and a folder that may not be looked into are no missing file:
/// without its configuration a node would begin another rollup.
fn is_missing(path: &Path) -> bool {
    let found = path.symlink_metadata();
    found.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
}

fn run_node(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    // asked to stop before it has started, it still starts, and stops at once
    let (ask, asked) = channel();
    signals::listen(ask)
        .map_err(|error| Failure::Unusable(format!("signals cannot be listened to: {error}")))?;
    let (node, running) =
        Node::start(config.options(&arguments.data)).map_err(Failure::unusable)?;
    let status = node.status().map_err(Failure::ended)?;
    tracing::info!(
        batch = status.open_batch.get(),
        pending = status.pending,
        root = %status.root,
        "the node runs in {}",
        arguments.data.display()
    );
    let serving = match Serving::start(&node, config, &arguments.data) {
        Ok(serving) => serving,
        Err(error) => {
            running.stop();
            // What is acknowledged is on the disk: why it was not served is what counts.
            let _ = running.wait();
            return Err(Failure::unusable(error));
        }
    };
    tracing::info!(interface = %serving.address(), health = %serving.health(), "served");
    while !running.ended() && !serving.failed() {
        match asked.recv_timeout(Duration::from_millis(200)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Asked::Reload) => match serving.reload() {
                Ok(()) => tracing::info!("the certificate was read again, if there is one"),
                Err(error) => tracing::error!(%error, "the certificate before goes on"),
            },
            Ok(Asked::Stop) | Err(RecvTimeoutError::Disconnected) => {
                tracing::info!("the node stops");
                break;
            }
        }
    }
    let failed = serving.failed();
    // Requests first: those under way wait for the node.
    serving.stop();
    running.stop();
    running
        .wait()
        .map_err(|error| Failure::Ended(format!("{error}; start it again")))?;
    if failed {
        let reason = "the keys' files failed to write: mend the disk and start it again";
        return Err(Failure::Ended(reason.to_owned()));
    }
    Ok(())
}
