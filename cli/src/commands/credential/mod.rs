//! `credential`: issuers, holders and verifiers, by files.

mod answer;
mod ask;
mod demo;
mod issuer;

pub(super) use demo::demo;
use std::path::{Path, PathBuf};

use indicatif::MultiProgress;

use super::passphrase;
use crate::{Failure, args_credential::CredentialCommand, threads};

/// Runs a command of `credential`.
pub(super) fn credential(
    command: &CredentialCommand,
    screen: &MultiProgress,
) -> Result<String, Failure> {
    threads::start(None)?;
    match command {
        CredentialCommand::Issuer(args) => issuer::issuer(args, screen),
        CredentialCommand::Holder(args) => issuer::holder(args),
        CredentialCommand::Issue(args) => issuer::issue(args, screen),
        CredentialCommand::Revoke(args) => issuer::revoke(args),
        CredentialCommand::Challenge(args) => ask::challenge(args),
        CredentialCommand::Prove(args) => answer::prove(args, screen),
        CredentialCommand::Verify(args) => ask::verify(args),
        CredentialCommand::Passphrase(args) => {
            // Of an issuer's directory the keys are a wallet.
            let keys = args.issuer.as_ref().map(|issuer| issuer.join("keys"));
            let directory = keys.as_ref().or(args.wallet.as_ref());
            let directory = directory.map_or(Path::new("."), PathBuf::as_path);
            passphrase::change(directory, &args.unlock, &args.change)
        }
    }
}
