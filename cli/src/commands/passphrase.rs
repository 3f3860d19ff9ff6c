//! Passphrases of wallets: from a file, or asked for on the terminal.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use winterlane_wallet::{Passphrase, WalletError};
use zeroize::Zeroizing;

use crate::Failure;

/// The passphrase of a wallet: from the file, if one is given, and else from the terminal.
pub(super) fn known(file: Option<&Path>, directory: &Path) -> Result<Passphrase, Failure> {
    match file {
        Some(file) => Passphrase::from_file(file).map_err(Failure::unusable),
        None => ask(&format!(
            "passphrase of the wallet in {}",
            directory.display()
        )),
    }
}

/// A new passphrase: from the file, if one is given, and else from the terminal, twice.
pub(super) fn chosen(file: Option<&Path>) -> Result<Passphrase, Failure> {
    if file.is_some() {
        return known(file, Path::new(""));
    }
    let [first, again] = [ask("new passphrase")?, ask("the same once more")?];
    if first == again {
        return Ok(first);
    }
    Err(Failure::Unusable(
        "the two passphrases are not the same: nothing was changed; run the command again".into(),
    ))
}

/// Opens a wallet by `open`; with its passphrase, once that is known to be needed. It is kept for the next time.
pub(super) fn unlocked<T>(
    passphrase: &mut Option<Passphrase>,
    file: Option<&Path>,
    directory: &Path,
    open: impl Fn(Option<&Passphrase>) -> Result<T, WalletError>,
) -> Result<T, UnlockError> {
    match open(passphrase.as_ref()) {
        Err(WalletError::Encrypted { .. }) if passphrase.is_none() => {
            *passphrase = Some(known(file, directory).map_err(UnlockError::Asked)?);
            Ok(open(passphrase.as_ref())?)
        }
        opened => Ok(opened?),
    }
}

/// Why a wallet was not opened.
pub(super) enum UnlockError {
    /// The wallet.
    Wallet(WalletError),
    /// There was no passphrase to be had.
    Asked(Failure),
}

impl From<WalletError> for UnlockError {
    fn from(error: WalletError) -> Self {
        Self::Wallet(error)
    }
}

impl From<UnlockError> for Failure {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Wallet(error) => Self::unusable(error),
            UnlockError::Asked(failure) => failure,
        }
    }
}

fn ask(what: &str) -> Result<Passphrase, Failure> {
    // A program that runs this has nobody to type: waiting for that would be for ever.
    if !io::stdin().is_terminal() {
        return Err(Failure::Unusable(
            "the wallet's seed is encrypted, or shall be, and there is no terminal to ask for its passphrase: give it \
             in a file (--passphrase-file, --new-passphrase-file)"
                .into(),
        ));
    }
    let typed = rpassword::prompt_password(format!("{what}: "));
    let typed = typed.map_err(|error| {
        Failure::Unusable(format!(
            "the terminal cannot be asked for a passphrase: {error}"
        ))
    })?;
    Passphrase::new(Zeroizing::new(typed)).map_err(Failure::unusable)
}
