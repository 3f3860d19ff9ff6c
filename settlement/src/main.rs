//! `winterlane-settlement`: settlement in a folder, served to this machine.

#![forbid(unsafe_code)]
// they panic where nothing can be written, as on a full disk
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

use std::{
    error::Error,
    fmt::Display,
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::channel,
};

use clap::{Parser, Subcommand};
use winterlane_machine::{Escaped, address::without_passwords, process, small, text};
use winterlane_settlement::{Durable, Genesis, Secret, Verifier, durable, server::Server};

/// Settlement of a payment rollup: what a base chain would do, on one machine.
#[derive(Debug, Parser)]
#[command(name = "winterlane-settlement", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Make a caller's secret, and print its address.
    Secret {
        /// The file; none may be there.
        file: PathBuf,
    },
    /// Make settlement in a folder.
    Create {
        /// The folder.
        folder: PathBuf,
        /// What it begins with (JSON): domain, first accounts, operator, governor, rules.
        #[arg(long, value_name = "FILE.json")]
        genesis: PathBuf,
    },
    /// Serve the settlement of a folder, until interrupted.
    Serve {
        /// The folder.
        folder: PathBuf,
        /// Where to listen: an address of this machine alone.
        #[arg(long, default_value = "127.0.0.1:7440")]
        listen: SocketAddr,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            // what was given may be a stranger's name, or an address at the wrong place
            let said = text::lines(&without_passwords(&error.render().to_string()));
            let _ = io::stderr().write_all(said.as_bytes());
            return ExitCode::from(2);
        }
        Err(error) => {
            return ended(print(error.render().to_string().trim_end()).map_err(Into::into));
        }
    };
    ended(
        process::begin()
            .map_err(Into::into)
            .and_then(|()| run(&arguments.task)),
    )
}

/// Says why there is no result, and gives the status.
fn ended(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // when nobody can read it, there is nobody to tell: the status says it
            let reason = without_passwords(&in_words(&*error));
            let _ = writeln!(io::stderr(), "error: {}", Escaped(reason));
            ExitCode::from(2)
        }
    }
}

/// An error with its reasons: those that its own words do not have already.
fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut reason = error.source();
    while let Some(source) = reason {
        let said = source.to_string();
        if !words.contains(&said) {
            words = format!("{words}: {said}");
        }
        reason = source.source();
    }
    words
}

/// Writes a line to standard output. Whoever reads no further has what they want.
fn print(line: impl Display) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}

fn run(task: &Task) -> Result<(), Box<dyn Error>> {
    match task {
        Task::Secret { file } => {
            let secret = Secret::random()?;
            secret.save(file)?;
            print(secret.party())?;
        }
        Task::Create { folder, genesis } => {
            let bytes =
                small::read(genesis, MAX_GENESIS_BYTES).map_err(|error| named(genesis, &error))?;
            let genesis: Genesis =
                Genesis::from_json(&bytes).map_err(|error| named(genesis, &error))?;
            durable::create(folder, &genesis)?;
            let folder = Escaped(folder.display());
            print(format_args!(
                "settlement is made in {folder}; `winterlane-settlement serve {folder}` serves it"
            ))?;
        }
        Task::Serve { folder, listen } => serve(folder, *listen)?,
    }
    Ok(())
}

/// What a genesis of a million accounts takes, and more.
const MAX_GENESIS_BYTES: u64 = 1 << 30;

fn named(path: &Path, error: &dyn Error) -> String {
    format!("{}: {error}", path.display())
}

fn serve(folder: &Path, listen: SocketAddr) -> Result<(), Box<dyn Error>> {
    let (ask, asked) = channel();
    ctrlc::set_handler(move || {
        let _ = ask.send(());
    })?;
    let verifier = |genesis: &Genesis| Verifier::of_bits(genesis.rules.bits);
    let durable = Durable::open(folder, verifier, durable::system_clock())?;
    let server = Server::start(durable, listen)?;
    print(format_args!(
        "settlement is served at http://{}",
        server.address()
    ))?;
    // a sender that is gone would be an end, too
    let _ = asked.recv();
    Ok(())
}
