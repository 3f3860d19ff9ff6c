//! Passphrases of seeds: from a file, or asked for on the terminal; the same for every command that opens one.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
};

use serde_json::json;
use winterlane_wallet::{Passphrase, Wallet, WalletError};
use zeroize::Zeroizing;

use crate::{
    Failure,
    args_passphrase::{ChangeArgs, EncryptArgs, UnlockArgs},
    files, interrupt, show,
};

/// The passphrase of a wallet: from the file, if one is given, and else from the terminal.
pub(super) fn known(file: Option<&Path>, directory: &Path) -> Result<Passphrase, Failure> {
    match file {
        Some(file) => Passphrase::from_file(file).map_err(Failure::unusable),
        None => ask(&format!(
            "passphrase of the seed in {}",
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

/// The passphrase that a new seed is encrypted by, if it is to be.
pub(super) fn of_new(
    unlock: &UnlockArgs,
    encrypting: &EncryptArgs,
) -> Result<Option<Passphrase>, Failure> {
    let file = unlock.passphrase_file.as_deref();
    let wanted = encrypting.encrypt || file.is_some();
    wanted.then(|| chosen(file)).transpose()
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

/// Opens the wallet in a directory.
pub(super) fn open(directory: &Path, unlock: &UnlockArgs) -> Result<Wallet, UnlockError> {
    let open = |passphrase: Option<&Passphrase>| Wallet::open_with(directory, passphrase);
    let file = unlock.passphrase_file.as_deref();
    unlocked(&mut None, file, directory, open)
}

/// Opens the wallet in a directory, or makes it, and says whether it was made.
pub(super) fn open_or_make(
    directory: &Path,
    unlock: &UnlockArgs,
    encrypting: &EncryptArgs,
) -> Result<(Wallet, bool), Failure> {
    match open(directory, unlock) {
        Ok(wallet) => {
            // Whoever asks for a seed that is encrypted must not go on with one that is not.
            if encrypting.encrypt && !wallet.is_encrypted().map_err(Failure::unusable)? {
                return Err(Failure::Unusable(format!(
                    "{}: there is a seed already, and it is not encrypted: `winterlane wallet passphrase --wallet {}` \
                     encrypts it",
                    directory.display(),
                    directory.display()
                )));
            }
            Ok((wallet, false))
        }
        Err(UnlockError::Wallet(WalletError::Missing { .. } | WalletError::HalfMade { .. })) => {
            files::check_for_wallet(directory).map_err(Failure::unusable)?;
            let passphrase = of_new(unlock, encrypting)?;
            let made = Wallet::create_with(directory, passphrase.as_ref());
            Ok((made.map_err(Failure::unusable)?, true))
        }
        Err(error) => Err(error.into()),
    }
}

/// Encrypts the seed of a wallet by another passphrase or by none, and says so.
pub(super) fn change(
    directory: &Path,
    unlock: &UnlockArgs,
    change: &ChangeArgs,
) -> Result<String, Failure> {
    let wallet = open(directory, unlock)?;
    let new = match change.none {
        true => None,
        false => Some(chosen(change.new_passphrase_file.as_deref())?),
    };
    wallet.encrypt(new.as_ref()).map_err(Failure::unusable)?;
    if change.json {
        return show::json(&json!({ "encrypted": new.is_some() }));
    }
    let directory = show::Escaped(directory.display());
    Ok(match new {
        Some(_) => format!("the seed in {directory} is encrypted by the new passphrase\n"),
        None => format!("the seed in {directory} is not encrypted\n"),
    })
}

/// How a seed lies on the disk, in words.
pub(super) const fn said(encrypted: bool) -> &'static str {
    if encrypted {
        "encrypted by a passphrase"
    } else {
        "not encrypted: whoever reads its file has it"
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
    let _hidden = interrupt::hide_typing();
    // The directory's name may be a stranger's.
    let typed = rpassword::prompt_password(format!("{}: ", show::Escaped(what)));
    let typed = typed.map_err(|error| {
        Failure::Unusable(format!(
            "the terminal cannot be asked for a passphrase: {error}"
        ))
    })?;
    Passphrase::new(Zeroizing::new(typed)).map_err(Failure::unusable)
}
