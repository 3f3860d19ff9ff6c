//! `winterlane-settlement`: settlement in a folder, served to this machine.

#![forbid(unsafe_code)]

use std::{
    error::Error,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::channel,
};

use clap::{Parser, Subcommand};
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
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&arguments.task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("error: {error}");
            let mut reason = error.source();
            while let Some(source) = reason {
                eprint!(": {source}");
                reason = source.source();
            }
            eprintln!();
            ExitCode::from(2)
        }
    }
}

fn run(task: &Task) -> Result<(), Box<dyn Error>> {
    match task {
        Task::Secret { file } => {
            let secret = Secret::random()?;
            secret.save(file)?;
            println!("{}", secret.party());
        }
        Task::Create { folder, genesis } => {
            let text = fs::read_to_string(genesis).map_err(|error| named(genesis, &error))?;
            let genesis: Genesis =
                serde_json::from_str(&text).map_err(|error| named(genesis, &error))?;
            durable::create(folder, &genesis)?;
        }
        Task::Serve { folder, listen } => serve(folder, *listen)?,
    }
    Ok(())
}

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
    println!("settlement is served at http://{}", server.address());
    // a sender that is gone would be an end, too
    let _ = asked.recv();
    Ok(())
}
