//! What each command does: arguments to what goes to standard output.

mod balance;
mod credential;
pub(crate) mod exit;
mod fetch;
mod inspect;
mod open;
mod passphrase;
mod private;
mod prove;
mod seed;
mod session;
mod shell;
mod statement;
mod verify;
mod wallet;

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};
use winterlane_ledger::{ChainId, RollupId};
use winterlane_machine::small;

use indicatif::{MultiProgress, ProgressBar};
use winterlane::replay::{Plan, PlanError, PlanOptions, TransferRow, read_transfers};
use winterlane_field_simd::{BACKEND_VARIABLE, Backend};

pub(crate) use fetch::FetchArgs;
pub(crate) use verify::Accepted;
pub(crate) use wallet::{Asked, Place, WalletArgs};

use crate::{
    Failure,
    args::{Cli, Command, ReplayArgs},
    files::Staging,
    interrupt, memory, progress, show, threads,
};

/// The rollup of all replays: Ethereum's chain id, and a number of its own.
const CHAIN_ID: ChainId = ChainId::new(1);
const ROLLUP_ID: RollupId = RollupId::new(1);

/// Runs the command and returns what goes to standard output.
pub(crate) fn run(cli: Cli, screen: &MultiProgress) -> Result<String, Failure> {
    // A wrong choice is an error of every command, not a panic in the first that computes.
    let backend = Backend::from_env()
        .map_err(|error| Failure::Unusable(format!("{BACKEND_VARIABLE}: {error}")))?;
    match cli.command {
        None => {
            threads::start(cli.proving.threads)?;
            prove::demo(&cli.proving, backend, screen)
        }
        Some(Command::Prove(args)) => prove::prove(&args, backend, screen),
        Some(Command::Verify(args)) => verify::verify(&args),
        Some(Command::Inspect(args)) => inspect::inspect(&args),
        Some(Command::Open(args)) => open::open(&args),
        Some(Command::Wallet(args)) => wallet::wallet(&args, screen),
        Some(Command::Balance(command)) => balance::balance(&command, screen),
        Some(Command::Fetch(args)) => fetch::fetch(&args, screen),
        Some(Command::Exit(args)) => exit::exit(&args, screen),
        Some(Command::Private(command)) => private::private(&command, screen),
        Some(Command::Credential(command)) => credential::credential(&command, screen),
        Some(Command::Completions { shell }) => Ok(shell::completions(shell)),
        Some(Command::Man { command }) => shell::manual(command.as_deref()),
    }
}

/// A line that says what runs, on a terminal alone.
fn spinner(screen: &MultiProgress, quiet: bool) -> ProgressBar {
    let bar = if quiet {
        ProgressBar::hidden()
    } else {
        screen.add(ProgressBar::new_spinner())
    };
    if !quiet && io::stderr().is_terminal() {
        progress::keep_ticking(&bar);
    }
    bar
}

/// Publishes the batches of a run, which are verified, and says what could not be removed of those before.
///
/// # Errors
/// Also when an interrupt came meanwhile: halfway nothing could be stopped, and afterwards there is nothing to take back.
fn publish_verified(staging: Staging) -> Result<(), Failure> {
    if let Some(left) = staging.publish().map_err(Failure::unusable)? {
        let path = left.display();
        show::say(format_args!(
            "{path}: batches that were replaced could not be removed; delete them"
        ));
    }
    if interrupt::came_late() {
        return Err(Failure::Unusable(
            "interrupted while publishing; the batches are verified and all of them are published"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Reads the transfers of a command, from a file or from standard input.
fn transfers(args: &ReplayArgs) -> Result<Vec<TransferRow>, Failure> {
    let read = || {
        if is_standard_input(&args.transfers) {
            return read_transfers(io::stdin().lock(), args.limit);
        }
        read_transfers(small::open(&args.transfers)?, args.limit)
    };
    read().map_err(|error| named(&args.transfers, error))
}

/// Plans the replay of a command's transfers.
fn plan(args: &ReplayArgs, rows: &[TransferRow]) -> Result<Plan, Failure> {
    let options = PlanOptions {
        batch_size: args.batch_size,
        key_height: args.key_height,
    };
    memory::check_replay(rows.len())?;
    Plan::new(rows, options).map_err(|error| match error {
        // no fault of the file's
        PlanError::BatchSize(_) => Failure::Unusable(format!("--batch-size: {error}")),
        PlanError::KeyHeight(_) => Failure::Unusable(format!("--key-height: {error}")),
        error => named(&args.transfers, error),
    })
}

/// An error in what was read, with the name of the file.
fn named(path: &Path, error: impl std::fmt::Display) -> Failure {
    if is_standard_input(path) {
        return Failure::Unusable(format!("standard input: {error}"));
    }
    Failure::Unusable(format!("{}: {error}", path.display()))
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}
