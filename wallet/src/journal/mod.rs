//! The journal: what each one-time key has signed, and with which randomiser, on the disk before
//! anybody sees it.
//!
//! The life of a journal's file:
//!
//! 1. *Opening* writes all entries that count to a new file, synchronises it, renames it over the old
//!    one and synchronises the directory. An entry that a read finds is thereby on the disk, even if
//!    an earlier synchronisation of it failed and the system has forgotten that.
//! 2. *Reserving* writes entries behind the others and synchronises. Only then may the signatures
//!    leave. After an error the open journal is of no use any more: the synchronisation is never
//!    tried again, since the second would succeed without having written anything.
//! 3. The file is locked while it is open. A lock is one of a file and not of a name, so the journal
//!    also looks, before it writes and after, whether its name still leads to the locked file, and
//!    whether length, header and last entry are what it wrote itself.
//!
//! An entry whose writing was interrupted is of a signature that never left, and is dropped. Any
//! other damage is an error: it may hide a signature that did leave. [`mod@format`] has the bytes.

pub(crate) mod format;

use std::{collections::HashMap, fmt};

use winterlane_ledger::{BaseElement, Digest, Nonce, Root};
use zeroize::Zeroizing;

use self::format::{Entry, Header, Parsed, SLOT, Slot};
use crate::{
    MasterSeed, WalletError,
    medium::{Medium, MediumFile},
};

/// Where the journal is.
pub(crate) const JOURNAL: &str = "journal";
/// Where the next one is written, before it takes that name.
pub(crate) const NEW_JOURNAL: &str = "journal.new";

/// What a one-time key signed, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Root of the key.
    pub root: Root,
    /// Number of the one-time key.
    pub index: u32,
    /// The nonce, which is part of the message.
    pub nonce: Nonce,
    /// The rest of the message: [`winterlane_ledger::signature::bound_message`].
    pub bound: Digest,
    /// The randomiser: with the message it determines what of the key is revealed.
    pub rho: [BaseElement; 2],
}

/// What a one-time key is to sign, before a randomiser was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) root: Root,
    pub(crate) index: u32,
    pub(crate) nonce: Nonce,
    pub(crate) bound: Digest,
}

/// What one-time keys signed, by root and number.
#[derive(Default)]
struct Used {
    entries: HashMap<([u8; 32], u32), Entry>,
    /// By root, the lowest number from which on nothing is used: asked before every signature.
    next: HashMap<[u8; 32], u32>,
}

impl Used {
    /// Whether an entry may stand beside those that are there, and is new.
    fn admits(&self, entry: &Entry) -> Result<bool, WalletError> {
        let (root, index) = (entry.root, entry.index);
        match self.entries.get(&(root.to_bytes(), index)) {
            None => Ok(true),
            Some(there) if there == entry => Ok(false),
            // Version 1 did not write randomisers down.
            Some(there)
                if there.rho.is_none()
                    && *there
                        == (Entry {
                            rho: None,
                            ..*entry
                        }) =>
            {
                Ok(true)
            }
            Some(_) => Err(WalletError::AlreadySigned { root, index }),
        }
    }

    fn insert(&mut self, entry: Entry) {
        let root = entry.root.to_bytes();
        let next = self.next.entry(root).or_default();
        *next = (*next).max(entry.index.saturating_add(1));
        self.entries.insert((root, entry.index), entry);
    }
}

/// The journal of a wallet, open and locked: see the [crate].
pub struct Journal {
    medium: Box<dyn Medium>,
    file: Box<dyn MediumFile>,
    key: Zeroizing<[u8; 32]>,
    /// The first and the last slot, and how many there are, as they were written.
    header: Slot,
    last: Slot,
    slots: u64,
    used: Used,
    poisoned: bool,
    /// Who opened it: a lock is inherited by a fork, so that it does not tell the two apart.
    process: u32,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.medium.path(JOURNAL))
            .field("len", &self.len())
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

/// A locked journal that was read, and is not open yet.
pub(crate) struct Found {
    file: Box<dyn MediumFile>,
    bytes: Vec<u8>,
}

impl Found {
    /// Locks the journal and reads it; `None` when there is none.
    pub(crate) fn lock(medium: &dyn Medium) -> Result<Option<Self>, WalletError> {
        let path = || medium.path(JOURNAL);
        let io = || WalletError::io(path());
        let Some(file) = medium.open(JOURNAL, false).map_err(io())? else {
            return Ok(None);
        };
        lock(medium, JOURNAL, &*file)?;
        let facts = file.facts().map_err(io())?;
        if facts.links != 1 {
            let links = facts.links;
            return Err(WalletError::Linked {
                path: path(),
                links,
            });
        }
        let bytes = read_all(&*file).map_err(io())?;
        Ok(Some(Self { file, bytes }))
    }

    /// Whether it holds no entry, whoever wrote it.
    pub(crate) fn never_used(&self) -> bool {
        format::never_used(&self.bytes)
    }

    /// Whether it was written with that seed.
    pub(crate) fn is_of(&self, seed: &MasterSeed) -> bool {
        let parsed = format::parse(&self.bytes, &seed.fingerprint(), &seed.journal_key());
        matches!(parsed, Parsed::Current { .. })
    }
}

impl Journal {
    /// Makes the journal of a seed that has signed nothing; one that is there is replaced.
    pub(crate) fn create(medium: Box<dyn Medium>, seed: &MasterSeed) -> Result<Self, WalletError> {
        Self::write(medium, seed, &[], None)
    }

    /// Opens a journal that was found, for a seed. `adopt`: even if it is a copy.
    pub(crate) fn open(
        medium: Box<dyn Medium>,
        found: &Found,
        seed: &MasterSeed,
        adopt: bool,
    ) -> Result<Self, WalletError> {
        let path = || medium.path(JOURNAL);
        let (fingerprint, key) = (seed.fingerprint(), seed.journal_key());
        let entries = match format::parse(&found.bytes, &fingerprint, &key) {
            Parsed::Current { header, entries } => {
                let facts = found.file.facts().map_err(WalletError::io(path()))?;
                if facts.birthmark != header.birthmark && !adopt {
                    return Err(WalletError::Copied { path: path() });
                }
                entries
            }
            Parsed::Old { entries } => entries,
            Parsed::OtherSeed => return Err(WalletError::WrongSeed { path: path() }),
            Parsed::Damaged { offset } => {
                return Err(WalletError::Corrupt {
                    path: path(),
                    offset,
                });
            }
        };
        Self::write(medium, seed, &entries, Some(found))
    }

    /// Writes a journal to a new file, and gives it the journal's name when it is on the disk.
    fn write(
        medium: Box<dyn Medium>,
        seed: &MasterSeed,
        entries: &[Entry],
        found: Option<&Found>,
    ) -> Result<Self, WalletError> {
        let new = || WalletError::io(medium.path(NEW_JOURNAL));
        let key = seed.journal_key();
        let mut used = Used::default();
        let mut settled = Vec::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            // An entry twice: the file was put together by somebody else.
            if !matches!(used.admits(entry), Ok(true)) {
                return Err(WalletError::Corrupt {
                    path: medium.path(JOURNAL),
                    offset: ((number + 1) * SLOT) as u64,
                });
            }
            used.insert(*entry);
        }
        // In the file's order, but without what was completed later.
        let whole = entries.iter().filter(|entry| {
            let key = (entry.root.to_bytes(), entry.index);
            used.entries.get(&key).is_some_and(|last| last == *entry)
        });
        for (number, entry) in (1..).zip(whole) {
            settled.push(entry.to_slot(number, number, &key));
        }

        let file = stage(&*medium, NEW_JOURNAL)?;
        let facts = file.facts().map_err(new())?;
        if let Some(found) = found {
            let old = found.file.facts();
            let old = old.map_err(WalletError::io(medium.path(JOURNAL)))?;
            if old.owner != facts.owner {
                // The owner could not open the wallet again.
                medium.remove(NEW_JOURNAL).map_err(new())?;
                return Err(WalletError::Owner {
                    path: medium.path(JOURNAL),
                });
            }
        }
        let mut opening = [0; 16];
        getrandom::fill(&mut opening).map_err(WalletError::NoRandomness)?;
        let header = Header {
            fingerprint: seed.fingerprint(),
            opening,
            settled: settled.len() as u64,
            birthmark: facts.birthmark,
        };
        let header = header.to_slot(&key);
        settled.insert(0, header);
        file.write_at(0, settled.as_flattened()).map_err(new())?;
        publish(&*medium, &*file, NEW_JOURNAL, JOURNAL)?;
        Ok(Self {
            last: settled[settled.len() - 1],
            slots: settled.len() as u64,
            medium,
            file,
            key,
            header,
            used,
            poisoned: false,
            process: std::process::id(),
        })
    }

    /// The directory it is in.
    pub(crate) fn medium(&self) -> &dyn Medium {
        &*self.medium
    }

    /// As after a fork, in the child. Returns the parent.
    #[cfg(test)]
    pub(crate) fn pretend_to_be_forked(&mut self) -> u32 {
        self.process ^= 1;
        self.process
    }

    /// How many one-time keys have signed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.used.entries.len()
    }

    /// Whether nothing was signed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used.entries.is_empty()
    }

    /// The lowest number from which on no one-time key of this root has signed.
    #[must_use]
    pub fn next_index(&self, root: &Root) -> u32 {
        let next = self.used.next.get(&root.to_bytes());
        next.copied().unwrap_or(0)
    }

    /// The randomiser with which a one-time key has signed this message; `None` when it has signed
    /// nothing, or before randomisers were written down.
    ///
    /// # Errors
    /// [`WalletError::AlreadySigned`] when it has signed another message.
    pub(crate) fn randomizer(
        &self,
        claimed: &Claimed,
    ) -> Result<Option<[BaseElement; 2]>, WalletError> {
        let Claimed {
            root,
            index,
            nonce,
            bound,
        } = *claimed;
        match self.used.entries.get(&(root.to_bytes(), index)) {
            None => Ok(None),
            Some(there) if (there.nonce, there.bound) == (nonce, bound) => Ok(there.rho),
            Some(_) => Err(WalletError::AlreadySigned { root, index }),
        }
    }

    /// Reserves one-time keys for messages and randomisers: all of them or none. When this returns,
    /// the entries are on the disk, and the signatures may be released. What a key has signed already
    /// may be reserved for it again.
    ///
    /// # Errors
    /// [`WalletError::AlreadySigned`] when a one-time key has signed otherwise, or would sign twice;
    /// [`WalletError::Forked`]; [`WalletError::Disturbed`] when the file is not what it was, and
    /// [`WalletError::Io`] when writing fails: from then on [`WalletError::Poisoned`].
    pub(crate) fn reserve(&mut self, messages: &[Signed]) -> Result<(), WalletError> {
        if self.process != std::process::id() {
            return Err(WalletError::Forked {
                opener: self.process,
            });
        }
        if self.poisoned {
            return Err(WalletError::Poisoned);
        }
        let mut new = Used::default();
        let mut slots: Vec<Slot> = Vec::new();
        for message in messages {
            let entry = Entry::from(*message);
            if self.used.admits(&entry)? && new.admits(&entry)? {
                let number = self.slots + slots.len() as u64;
                slots.push(entry.to_slot(number, self.slots, &self.key));
                new.insert(entry);
            }
        }
        let Some(last) = slots.last().copied() else {
            return Ok(());
        };
        // Until all of this has succeeded nobody knows what is on the disk, and it is not tried
        // again.
        self.poisoned = true;
        let io = || WalletError::io(self.medium.path(JOURNAL));
        self.look()?;
        let end = self.slots * SLOT as u64;
        self.file
            .write_at(end, slots.as_flattened())
            .and_then(|()| self.file.sync())
            .map_err(io())?;
        self.slots += slots.len() as u64;
        self.last = last;
        // Whoever copied the file in the meantime has a journal without these entries.
        self.look()?;
        for entry in new.entries.into_values() {
            self.used.insert(entry);
        }
        self.poisoned = false;
        Ok(())
    }

    /// Looks whether the file is in its place and as it was written.
    fn look(&self) -> Result<(), WalletError> {
        let path = || self.medium.path(JOURNAL);
        let as_written = || {
            let mut slot = [0; SLOT];
            if !self.file.is_named(JOURNAL)?
                || self.file.facts()?.length != self.slots * SLOT as u64
            {
                return Ok(false);
            }
            self.file.read_at(0, &mut slot)?;
            if slot != self.header {
                return Ok(false);
            }
            self.file
                .read_at((self.slots - 1) * SLOT as u64, &mut slot)?;
            Ok(slot == self.last)
        };
        match as_written().map_err(WalletError::io(path()))? {
            true => Ok(()),
            false => Err(WalletError::Disturbed { path: path() }),
        }
    }
}

/// Opens a file that is to get another name when it is complete: ours alone, and empty. What an
/// interrupted run left there is written over.
pub(crate) fn stage(medium: &dyn Medium, name: &str) -> Result<Box<dyn MediumFile>, WalletError> {
    let io = || WalletError::io(medium.path(name));
    let file = medium.open(name, true).map_err(io())?;
    let file = file.ok_or_else(|| io()(std::io::ErrorKind::NotFound.into()))?;
    lock(medium, name, &*file)?;
    let links = file.facts().map_err(io())?.links;
    if links != 1 {
        return Err(WalletError::Linked {
            path: medium.path(name),
            links,
        });
    }
    file.make_private()
        .and_then(|()| file.clear())
        .map_err(io())?;
    Ok(file)
}

/// Gives a staged file its name, first content and then name being on the disk.
pub(crate) fn publish(
    medium: &dyn Medium,
    file: &dyn MediumFile,
    from: &str,
    to: &str,
) -> Result<(), WalletError> {
    let path = || medium.path(to);
    file.sync()
        .and_then(|()| medium.rename(from, to))
        .and_then(|()| medium.sync_directory())
        .map_err(WalletError::io(path()))?;
    match file.is_named(to).map_err(WalletError::io(path()))? {
        true => Ok(()),
        false => Err(WalletError::Disturbed { path: path() }),
    }
}

/// Locks an open file, and looks whether the name still leads to it: it may have been opened before
/// another process replaced it, and locked afterwards.
pub(crate) fn lock(
    medium: &dyn Medium,
    name: &str,
    file: &dyn MediumFile,
) -> Result<(), WalletError> {
    let path = || medium.path(name);
    let locked = file
        .try_lock()
        .and_then(|locked| Ok(locked && file.is_named(name)?));
    match locked.map_err(WalletError::io(path()))? {
        true => Ok(()),
        false => Err(WalletError::Locked { path: path() }),
    }
}

/// The most bytes that a file of a wallet may have: a journal of eight million signatures. A hole in a file makes it longer than
/// any memory.
pub(crate) const LONGEST: u64 = 1 << 30;

/// The whole content of a file.
pub(crate) fn read_all(file: &dyn MediumFile) -> std::io::Result<Vec<u8>> {
    let length = file.facts()?.length;
    if length > LONGEST {
        let words = format!(
            "{length} bytes, and no file of a wallet has more than {LONGEST}; it was not read"
        );
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, words));
    }
    // below 2^31
    let length = length as usize;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::OutOfMemory))?;
    bytes.resize(length, 0);
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}
