//! The `winterlane` command: proves transfers, verifies and inspects proofs.
//!
//! Exit status: 0 valid, 1 invalid, 2 unusable input or interrupted. Results go to standard output,
//! progress and log lines to standard error.
//!
//! | module | what it holds |
//! |---|---|
//! | `args` and its like | the command line |
//! | `commands` | what each command does |
//! | `files` | batches on disk: reading those of strangers, the lock, publishing |
//! | `show` | text that is safe on a terminal, writing that cannot crash |
//! | `progress`, `report` | what is said on the way and at the end |
//! | `threads`, `memory`, `interrupt` | what there is to run on, and the end that is asked for |

#![forbid(unsafe_code)]
// they panic where nothing can be written, as on a full disk
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod args;
mod args_balance;
mod args_credential;
mod args_numbers;
mod args_passphrase;
mod args_private;
mod commands;
mod failure;
mod files;
mod interrupt;
mod memory;
mod progress;
mod report;
mod show;
mod threads;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use clap::Parser;
use indicatif::MultiProgress;

use args::Cli;
use failure::{Failure, INVALID, UNUSABLE};
use winterlane_machine::address::without_passwords;

fn main() -> ExitCode {
    if std::env::args_os().skip(1).any(|word| word == "--json") {
        show::failures_as_json();
    }
    if let Err(error) = winterlane_machine::process::begin() {
        return unusable(format_args!(
            "the system lets no signal be handled: {error}"
        ));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let screen = MultiProgress::new();
    progress::start_logging(&screen);
    interrupt::listen(screen.clone());
    // The last net: a mistake of ours ends with a documented status too, and staged files are removed.
    let result = catch_unwind(AssertUnwindSafe(|| {
        commands::run(cli, &screen).and_then(|text| show::print(&text))
    }));
    match result {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Failure::Invalid(error))) => {
            show::say(format_args!("invalid: {error}"));
            show::failure(&error, INVALID);
            ExitCode::from(INVALID)
        }
        Ok(Err(Failure::Unusable(error))) => unusable(error),
        Err(_) => unusable("a mistake in winterlane itself; please report it with the lines above"),
    }
}

/// Says why something cannot be used.
fn unusable(error: impl std::fmt::Display) -> ExitCode {
    // The name of a file may be an address at the wrong place.
    let error = without_passwords(&error.to_string());
    show::say(format_args!("error: {error}"));
    show::failure(&error, UNUSABLE);
    ExitCode::from(UNUSABLE)
}

/// Help, version, or a command line that cannot be understood.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match show::print(&error.render().to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failure::Unusable(error) | Failure::Invalid(error)) => unusable(error),
        };
    }
    // An address at the wrong place is repeated.
    let text = without_passwords(&error.render().to_string());
    // An argument may be the name of a stranger's file. Line by line: clap's own lines stay.
    for line in text.lines() {
        show::say(line);
    }
    let first = text.lines().next().unwrap_or_default();
    show::failure(first.strip_prefix("error: ").unwrap_or(first), UNUSABLE);
    ExitCode::from(UNUSABLE)
}
