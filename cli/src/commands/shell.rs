//! `completions` and `man`: what a package installs beside the command.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{Failure, args::Cli};

/// The completions of a shell.
pub(super) fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "winterlane", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The manual page of a command, or of all, as troff.
pub(super) fn manual(command: Option<&str>) -> Result<String, Failure> {
    let mut all = Cli::command();
    all.build();
    let page = match command {
        None => all,
        Some(name) => {
            let found = all.find_subcommand(name).cloned();
            found.ok_or_else(|| Failure::Unusable(format!("man: no command {name:?}")))?
        }
    };
    let mut text = Vec::new();
    Man::new(page)
        .render(&mut text)
        .map_err(Failure::unusable)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
