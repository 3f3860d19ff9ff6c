//! Passphrases on the command line: the same options wherever a command opens or makes a seed.

use std::path::PathBuf;

use clap::Args;

/// By what a seed is opened.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct UnlockArgs {
    /// File with the passphrase that the seed is encrypted by, or, where a seed is made, is to be; the terminal is asked if
    /// it is not given and needed.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Whether a seed that is made is encrypted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EncryptArgs {
    /// Encrypt the seed by a passphrase, for which the terminal is asked twice; `--passphrase-file` does so without asking.
    #[arg(long)]
    pub(crate) encrypt: bool,
}

/// What a seed is encrypted by from now on.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChangeArgs {
    /// File with the new passphrase; the terminal is asked for it twice if not given.
    #[arg(long, value_name = "FILE", conflicts_with = "none")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
    /// No passphrase: whoever reads the file has the seed.
    #[arg(long)]
    pub(crate) none: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}
