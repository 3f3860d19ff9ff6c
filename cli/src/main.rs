//! The `winterlane` command: proves transfers, verifies and inspects proofs.
//!
//! Exit status: 0 valid, 1 invalid, 2 unusable input. Results go to standard output, progress and
//! log lines to standard error.

#![forbid(unsafe_code)]

mod args;
mod chain;
mod files;
mod inspect;
mod progress;
mod proving;
mod report;

use std::{fmt::Display, io::Write, process::ExitCode};

use clap::Parser;
use indicatif::MultiProgress;
use winterlane_prover::{BatchError, ProverError};

use args::{Cli, Command};

/// Why the command ends without its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A proof, its public inputs or the chain is invalid.
    Invalid(String),
    /// The input cannot be used.
    Unusable(String),
}

impl Failure {
    pub(crate) fn unusable(error: impl Display) -> Self {
        Self::Unusable(error.to_string())
    }

    /// Proving did not lead to a proof.
    pub(crate) fn invalid(error: impl Display) -> Self {
        Self::Invalid(error.to_string())
    }

    /// A batch was not proven: too large for this machine, or for another reason.
    pub(crate) fn unproven(error: BatchError) -> Self {
        match error {
            BatchError::Engine(ProverError::Memory { needed, available }) => {
                let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
                Self::Unusable(format!(
                    "a batch needs {} MiB of memory, there are {}: take a smaller --batch-size or \
                     a --profile with a smaller blowup",
                    mebibytes(needed),
                    available >> 20,
                ))
            }
            error => Self::invalid(error),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let screen = MultiProgress::new();
    progress::start_logging(&screen);
    match run(cli, &screen).and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Invalid(error)) => {
            eprintln!("invalid: {error}");
            ExitCode::from(1)
        }
        Err(Failure::Unusable(error)) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs the command and returns what goes to standard output.
fn run(cli: Cli, screen: &MultiProgress) -> Result<String, Failure> {
    match cli.command {
        None => proving::demo(&cli.proving, screen),
        Some(Command::Prove(args)) => proving::prove(&args, screen),
        Some(Command::Verify(args)) => chain::verify(&args),
        Some(Command::Inspect(args)) => inspect::inspect(&args.file),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let result = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match result {
        // Whoever reads only the first lines has what they want.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::Unusable(format!("standard output: {error}"))),
    }
}
