//! The place of a wallet: a directory with a seed and a journal, and how the two come into being.
//!
//! | file | |
//! |---|---|
//! | `seed` | 16 bytes `winterlane-seed2`, the seed, 16 bytes of its checksum; version 1 was the seed alone |
//! | `journal` | what was signed |
//! | `seed.new`, `journal.new` | the next ones, until they are complete |
//! | `account.json` | whose keys they are ([`crate::account`]) |
//! | `notes-0` and so on, `notes-new` | what was found of the notes of an account ([`crate::notes`]) |
//!
//! A new wallet gets its journal first and its seed last. So a seed that has its name has a journal,
//! unless somebody took it away; and a journal without a seed has signed nothing, unless it says so.

use std::ffi::OsStr;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    Journal, MasterSeed, WalletError,
    account::{NEW_PROFILE, PROFILE},
    journal::{Found, JOURNAL, NEW_JOURNAL, lock, publish, stage},
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

/// Makes a wallet where there is none, or only the beginning of one.
pub(crate) fn make(medium: Box<dyn Medium>, seed: &MasterSeed) -> Result<Journal, WalletError> {
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
    write_seed(&*medium, &*file, seed)?;
    file.sync()
        .map_err(WalletError::io(medium.path(NEW_SEED)))?;
    let journal = Journal::create(medium, seed)?;
    publish(journal.medium(), &*file, NEW_SEED, SEED)?;
    Ok(journal)
}

/// Opens a wallet, and finishes what was interrupted when it was made or brought to this version.
/// `adopt`: even if the journal is a copy.
pub(crate) fn open(
    medium: Box<dyn Medium>,
    adopt: bool,
) -> Result<(MasterSeed, Journal), WalletError> {
    let found = Found::lock(&*medium)?;
    let seed = read_seed(&*medium, SEED)?;
    let (found, stored) = match (found, seed) {
        (Some(found), Some(stored)) => (found, stored),
        (Some(found), None) => (finish(&*medium, found)?, read_finished(&*medium)?),
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
        write_seed(medium, &*file, &seed)?;
        publish(medium, &*file, NEW_SEED, SEED)?;
    }
    Ok((seed, journal))
}

/// Gives the seed its name, which an interruption kept from it: the journal is there and unused.
fn finish(medium: &dyn Medium, found: Found) -> Result<Found, WalletError> {
    let missing = || WalletError::SeedMissing {
        path: medium.path(SEED),
    };
    let file = medium
        .open(NEW_SEED, false)
        .map_err(WalletError::io(medium.path(NEW_SEED)))?;
    let file = file.filter(|_| found.never_used()).ok_or_else(missing)?;
    lock(medium, NEW_SEED, &*file)?;
    let stored = read_seed(medium, NEW_SEED)?.ok_or_else(missing)?;
    if !found.is_of(&stored.seed) {
        return Err(missing());
    }
    publish(medium, &*file, NEW_SEED, SEED)?;
    Ok(found)
}

fn read_finished(medium: &dyn Medium) -> Result<Stored, WalletError> {
    read_seed(medium, SEED)?.ok_or_else(|| WalletError::SeedMissing {
        path: medium.path(SEED),
    })
}

/// A seed as it was found.
struct Stored {
    seed: MasterSeed,
    /// Whether the file is of this version.
    current: bool,
}

/// Reads a seed; `None` when there is no such file.
fn read_seed(medium: &dyn Medium, name: &str) -> Result<Option<Stored>, WalletError> {
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
    let mut bytes = Zeroizing::new([0; SEED_FILE]);
    let length = match facts.length {
        32 => 32,
        64 => 64,
        length => return Err(corrupt(length.min(SEED_FILE as u64))),
    };
    file.read_at(0, &mut bytes[..length])
        .map_err(WalletError::io(path()))?;
    let current = length == SEED_FILE;
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
) -> Result<(), WalletError> {
    let mut bytes = Zeroizing::new([0; SEED_FILE]);
    bytes[..16].copy_from_slice(MAGIC);
    bytes[16..48].copy_from_slice(seed.as_bytes());
    bytes[48..].copy_from_slice(&seed.checksum()[..16]);
    file.write_at(0, &*bytes)
        .map_err(WalletError::io(medium.path(NEW_SEED)))
}
