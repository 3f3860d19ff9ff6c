//! The place of a wallet: a directory with a seed and a journal, and how the two come into being.
//!
//! | file | |
//! |---|---|
//! | `seed` | 16 bytes `winterlane-seed2`, the seed, 16 bytes of its checksum; version 1 was the seed alone. Or, encrypted, a line of JSON ([`crate::keystore`]) |
//! | `journal` | what was signed |
//! | `seed.new`, `journal.new` | the next ones, until they are complete |
//! | `account.json` | whose keys they are ([`crate::account`]) |
//! | `notes-0` and so on, `notes-new` | what was found of the notes of an account ([`crate::notes`]) |
//!
//! A new wallet gets its journal first and its seed last. So a seed that has its name has a journal,
//! unless somebody took it away; and a journal without a seed has signed nothing, unless it says so.

use std::{ffi::OsStr, path::Path};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    Journal, MasterSeed, Passphrase, WalletError,
    account::{NEW_PROFILE, PROFILE},
    journal::{Found, JOURNAL, NEW_JOURNAL, lock, publish, stage},
    keystore,
    medium::{Medium, MediumFile},
};

const SEED: &str = "seed";
const NEW_SEED: &str = "seed.new";

const MAGIC: &[u8; 16] = b"winterlane-seed2";
const SEED_FILE: usize = 64;

/// Whether a file of that name is one that wallets write.
pub(crate) fn is_ours(name: &OsStr) -> bool {
    [SEED, NEW_SEED, JOURNAL, NEW_JOURNAL, PROFILE, NEW_PROFILE]
        .iter()
        .any(|ours| name == *ours)
        || name
            .as_encoded_bytes()
            .starts_with(crate::notes::BOOK.as_bytes())
}

/// Whether a directory has a wallet, or the beginning of one.
pub(crate) fn is_at(directory: &Path) -> bool {
    let names = [SEED, NEW_SEED, JOURNAL, NEW_JOURNAL];
    names
        .iter()
        .any(|name| std::fs::symlink_metadata(directory.join(name)).is_ok())
}

/// Makes a wallet where there is none, or only the beginning of one; encrypted, if there is a passphrase.
pub(crate) fn make(
    medium: Box<dyn Medium>,
    seed: &MasterSeed,
    passphrase: Option<&Passphrase>,
) -> Result<Journal, WalletError> {
    let exists = |name| WalletError::Exists {
        path: medium.path(name),
    };
    let is_there = |name| match medium.open(name, false) {
        Ok(file) => Ok(file.is_some()),
        Err(error) => Err(WalletError::io(medium.path(name))(error)),
    };
    if is_there(SEED)? {
        return Err(exists(SEED));
    }
    // Its lock keeps a second maker out, who may have finished since the first look.
    let file = stage(&*medium, NEW_SEED)?;
    if is_there(SEED)? {
        return Err(exists(SEED));
    }
    if Found::lock(&*medium)?.is_some_and(|found| !found.never_used()) {
        return Err(exists(JOURNAL));
    }
    write_seed(&*medium, &*file, seed, passphrase)?;
    file.sync()
        .map_err(WalletError::io(medium.path(NEW_SEED)))?;
    let journal = Journal::create(medium, seed)?;
    publish(journal.medium(), &*file, NEW_SEED, SEED)?;
    Ok(journal)
}

/// Opens a wallet, and finishes what was interrupted when it was made or brought to this version.
/// `adopt`: even if the journal is a copy. A seed that is not encrypted opens with a passphrase too.
pub(crate) fn open(
    medium: Box<dyn Medium>,
    adopt: bool,
    passphrase: Option<&Passphrase>,
) -> Result<(MasterSeed, Journal), WalletError> {
    let found = Found::lock(&*medium)?;
    let seed = read_seed(&*medium, SEED, passphrase)?;
    let (found, stored) = match (found, seed) {
        (Some(found), Some(stored)) => {
            forget_staged(&*medium)?;
            (found, stored)
        }
        (Some(found), None) => finish(&*medium, found, passphrase)?,
        (None, Some(_)) => {
            return Err(WalletError::JournalMissing {
                path: medium.path(JOURNAL),
            });
        }
        (None, None) => {
            let path = medium.path("");
            let begun = [NEW_SEED, NEW_JOURNAL].iter().any(|name| {
                let file = medium.open(name, false);
                file.is_ok_and(|file| file.is_some())
            });
            return Err(if begun {
                WalletError::HalfMade { path }
            } else {
                WalletError::Missing { path }
            });
        }
    };
    let Stored { seed, current } = stored;
    let journal = Journal::open(medium, &found, &seed, adopt)?;
    if !current {
        // After the journal: a seed of this version beside a journal of version 1 does not occur.
        let medium = journal.medium();
        let file = stage(medium, NEW_SEED)?;
        write_seed(medium, &*file, &seed, None)?;
        publish(medium, &*file, NEW_SEED, SEED)?;
    }
    Ok((seed, journal))
}

/// Encrypts the seed of an open wallet by another passphrase, or by none. The file that there is keeps its name until the
/// next one is on the disk and was read back from there; an interruption leaves one or the other.
pub(crate) fn encrypt(
    medium: &dyn Medium,
    seed: &MasterSeed,
    passphrase: Option<&Passphrase>,
) -> Result<(), WalletError> {
    check_names(medium)?;
    let file = stage(medium, NEW_SEED)?;
    write_seed(medium, &*file, seed, passphrase)?;
    file.sync()
        .map_err(WalletError::io(medium.path(NEW_SEED)))?;
    let read = read_seed(medium, NEW_SEED, passphrase)?;
    if read.is_none_or(|read| read.seed != *seed) {
        return Err(WalletError::Corrupt {
            path: medium.path(NEW_SEED),
            offset: 0,
        });
    }
    publish(medium, &*file, NEW_SEED, SEED)
}

/// Refuses a seed with more names than one: the others would keep what is in it now, and open as they do now.
fn check_names(medium: &dyn Medium) -> Result<(), WalletError> {
    let io = || WalletError::io(medium.path(SEED));
    let Some(file) = medium.open(SEED, false).map_err(io())? else {
        return Ok(());
    };
    match file.facts().map_err(io())?.links {
        1 => Ok(()),
        links => Err(WalletError::Linked {
            path: medium.path(SEED),
            links,
        }),
    }
}

/// Whether the seed on the disk is encrypted.
pub(crate) fn is_encrypted(medium: &dyn Medium) -> Result<bool, WalletError> {
    let path = || medium.path(SEED);
    let file = medium.open(SEED, false).map_err(WalletError::io(path()))?;
    let file = file.ok_or_else(|| WalletError::SeedMissing { path: path() })?;
    // Every form of a seed is longer.
    let mut start = Zeroizing::new([0; keystore::START.len()]);
    file.read_at(0, &mut *start)
        .map_err(WalletError::io(path()))?;
    Ok(*start == *keystore::START)
}

/// Removes what an interrupted change of the passphrase left: it may hold the seed as nobody wants it any more.
fn forget_staged(medium: &dyn Medium) -> Result<(), WalletError> {
    let io = || WalletError::io(medium.path(NEW_SEED));
    if let Some(file) = medium.open(NEW_SEED, false).map_err(io())? {
        // Whoever makes a wallet here at this moment has it locked, and finds out that there is one.
        if file.try_lock().map_err(io())? {
            file.clear()
                .and_then(|()| file.sync())
                .and_then(|()| medium.remove(NEW_SEED))
                .map_err(io())?;
        }
    }
    Ok(())
}

/// Gives the seed its name, which an interruption kept from it: the journal is there and unused.
fn finish(
    medium: &dyn Medium,
    found: Found,
    passphrase: Option<&Passphrase>,
) -> Result<(Found, Stored), WalletError> {
    let missing = || WalletError::SeedMissing {
        path: medium.path(SEED),
    };
    let file = medium
        .open(NEW_SEED, false)
        .map_err(WalletError::io(medium.path(NEW_SEED)))?;
    let file = file.filter(|_| found.never_used()).ok_or_else(missing)?;
    lock(medium, NEW_SEED, &*file)?;
    let stored = read_seed(medium, NEW_SEED, passphrase)?.ok_or_else(missing)?;
    if !found.is_of(&stored.seed) {
        return Err(missing());
    }
    publish(medium, &*file, NEW_SEED, SEED)?;
    Ok((found, stored))
}

/// A seed as it was found.
struct Stored {
    seed: MasterSeed,
    /// Whether the file is as this version writes it.
    current: bool,
}

/// Reads a seed; `None` when there is no such file.
fn read_seed(
    medium: &dyn Medium,
    name: &str,
    passphrase: Option<&Passphrase>,
) -> Result<Option<Stored>, WalletError> {
    let path = || medium.path(name);
    let Some(file) = medium.open(name, false).map_err(WalletError::io(path()))? else {
        return Ok(None);
    };
    let facts = file.facts().map_err(WalletError::io(path()))?;
    if let Some(mode) = facts.mode.filter(|mode| mode & 0o077 != 0) {
        return Err(WalletError::Exposed {
            path: path(),
            mode,
            wanted: 0o600,
        });
    }
    let corrupt = |offset: u64| WalletError::Corrupt {
        path: path(),
        offset,
    };
    let length = usize::try_from(facts.length).unwrap_or(usize::MAX);
    if length > keystore::MAX_BYTES {
        return Err(corrupt(SEED_FILE as u64));
    }
    let mut bytes = Zeroizing::new(vec![0; length]);
    file.read_at(0, &mut bytes)
        .map_err(WalletError::io(path()))?;
    if bytes.starts_with(keystore::START) {
        let seed = keystore::decrypt(&bytes, passphrase, &path())?;
        return Ok(Some(Stored {
            seed,
            current: true,
        }));
    }
    let current = match length {
        32 => false,
        SEED_FILE => true,
        length => return Err(corrupt(length.min(SEED_FILE) as u64)),
    };
    if bytes.starts_with(MAGIC) != current {
        // A seed of this version that was cut short, or something else.
        return Err(corrupt(if current { 0 } else { 32 }));
    }
    let at = if current { MAGIC.len() } else { 0 };
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&bytes[at..at + 32]);
    let seed = MasterSeed::from_bytes(*seed);
    if current && !bool::from(bytes[48..].ct_eq(&seed.checksum()[..16])) {
        return Err(corrupt(16));
    }
    Ok(Some(Stored { seed, current }))
}

fn write_seed(
    medium: &dyn Medium,
    file: &dyn MediumFile,
    seed: &MasterSeed,
    passphrase: Option<&Passphrase>,
) -> Result<(), WalletError> {
    let io = WalletError::io(medium.path(NEW_SEED));
    if let Some(passphrase) = passphrase {
        let text = keystore::encrypt(seed, passphrase, &medium.path(NEW_SEED))?;
        return file.write_at(0, text.as_bytes()).map_err(io);
    }
    let mut bytes = Zeroizing::new([0; SEED_FILE]);
    bytes[..16].copy_from_slice(MAGIC);
    bytes[16..48].copy_from_slice(seed.as_bytes());
    bytes[48..].copy_from_slice(&seed.checksum()[..16]);
    file.write_at(0, &*bytes).map_err(io)
}
