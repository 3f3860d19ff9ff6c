//! How a command of this package starts and ends: arguments, log, exit status. Both programs do it alike.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use clap::Parser;
use tracing_subscriber::EnvFilter;
use winterlane_machine::{Escaped, address::without_passwords, process, text};
use winterlane_prover::{BACKEND_VARIABLE, Backend};

/// Why a command ends without success: what its exit status says, and what is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Status 1: what runs ended by itself, or did not answer, or was found not to be in order.
    Ended(String),
    /// Status 2: the command cannot be carried out as it was given.
    Unusable(String),
}

impl Failure {
    /// Status 1, with the words of an error.
    #[must_use]
    pub fn ended(error: impl ToString) -> Self {
        Self::Ended(error.to_string())
    }

    /// Status 2, with the words of an error.
    #[must_use]
    pub fn unusable(error: impl ToString) -> Self {
        Self::Unusable(error.to_string())
    }

    /// The exit status.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self {
            Self::Ended(_) => 1,
            Self::Unusable(_) => 2,
        }
    }

    /// What is printed.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Ended(reason) | Self::Unusable(reason) => reason,
        }
    }
}

/// Reads the arguments, begins the log on standard error (as `RUST_LOG` says, or from `info` on), and does what `carry_out`
/// does. Arguments that cannot be read end with 2; asked for help or the version, it ends with 0.
pub fn main<A: Parser>(carry_out: impl FnOnce(A) -> Result<(), Failure>) -> ExitCode {
    let arguments = match A::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            // What was given may be a stranger's name, or an address at the wrong place. Line by line: those of the parser stay.
            let said = text::lines(&without_passwords(&error.render().to_string()));
            let _ = io::stderr().write_all(said.as_bytes());
            return ExitCode::from(Failure::Unusable(String::new()).status());
        }
        Err(error) => return ended(print(error.render())),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colours())
        // A line that cannot be written, on a full disk or to a reader that is gone, would be told by a line that cannot be
        // written either: and that one panics, and ends a node that could go on.
        .log_internal_errors(false)
        .with_writer(io::stderr)
        .init();
    let begun = process::begin().map_err(|error| {
        Failure::Unusable(format!("the system lets no signal be handled: {error}"))
    });
    // A wrong choice is an error here, not a panic in the first thread that computes.
    let begun = begun.and_then(|()| {
        let backend = Backend::from_env();
        backend.map_err(|error| Failure::Unusable(format!("{BACKEND_VARIABLE}: {error}")))
    });
    // The last net: a mistake of ours ends with a documented status, too.
    let done = catch_unwind(AssertUnwindSafe(|| {
        begun.and_then(|_| carry_out(arguments))
    }));
    ended(done.unwrap_or_else(|_| {
        let words = "a mistake in the program itself; please report it with the lines above";
        Err(Failure::Ended(words.to_owned()))
    }))
}

/// Says why there is no result, and gives the status.
fn ended(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // when nobody can read it, there is nobody to tell: the status says it
            let reason = without_passwords(failure.reason());
            let _ = writeln!(io::stderr(), "error: {}", Escaped(reason));
            ExitCode::from(failure.status())
        }
    }
}

/// Whether the log has colours: on a terminal that has them, unless its user wants none (<https://no-color.org>). A file or a
/// collector of logs would be given their bytes as part of the words.
fn has_colours() -> bool {
    let variable = |name| std::env::var_os(name);
    let unwanted = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !unwanted && variable("TERM").is_none_or(|name| name != "dumb")
}

/// Writes to standard output. Whoever reads only the first lines has what they want.
///
/// # Errors
/// [`Failure::Unusable`] when it cannot be written otherwise, such as to a full disk.
pub fn print(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = write!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Unusable(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
