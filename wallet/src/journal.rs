//! The journal: which message each one-time key has signed, on disk before anybody sees it.
//!
//! A file that only grows: 16 bytes of header, then entries of 80 bytes.
//!
//! | bytes | |
//! |---|---|
//! | 0..32 | root of the key |
//! | 32..36 | number of the one-time key, little-endian |
//! | 36..40 | nonce, little-endian |
//! | 40..72 | the message: record digest bound to the domain |
//! | 72..80 | the first 8 bytes of BLAKE3 of the 72 before |
//!
//! A signature leaves only after its entry was synchronised. So an entry that is cut short at the
//! end of the file is of a signature that never left, and is dropped. Any other damage is an error:
//! it may hide a signature that did leave.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use winterlane_ledger::Digest;

use crate::WalletError;

const HEADER: &[u8; 16] = b"winterlane-otk-1";
const ENTRY: usize = 80;
const BODY: usize = 72;

/// What a one-time key signed, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Root of the key.
    pub root: Digest,
    /// Number of the one-time key.
    pub index: u32,
    /// The nonce, which is part of the message.
    pub nonce: u32,
    /// The rest of the message: [`winterlane_ledger::signature::bound_message`].
    pub bound: Digest,
}

impl Signed {
    fn to_entry(self) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[..32].copy_from_slice(&self.root.to_bytes());
        entry[32..36].copy_from_slice(&self.index.to_le_bytes());
        entry[36..40].copy_from_slice(&self.nonce.to_le_bytes());
        entry[40..72].copy_from_slice(&self.bound.to_bytes());
        let check = checksum(&entry);
        entry[BODY..].copy_from_slice(&check);
        entry
    }

    /// `None` when the entry is damaged.
    fn from_entry(entry: &[u8; ENTRY]) -> Option<Self> {
        if entry[BODY..] != checksum(entry) {
            return None;
        }
        let number = |at: usize| {
            entry[at..]
                .first_chunk()
                .map(|bytes| u32::from_le_bytes(*bytes))
        };
        let digest = |at: usize| Digest::from_bytes(entry[at..].first_chunk()?).ok();
        Some(Self {
            root: digest(0)?,
            index: number(32)?,
            nonce: number(36)?,
            bound: digest(40)?,
        })
    }
}

fn checksum(entry: &[u8; ENTRY]) -> [u8; ENTRY - BODY] {
    let hash = blake3::hash(&entry[..BODY]);
    std::array::from_fn(|i| hash.as_bytes()[i])
}

/// The journal of a wallet, open and locked.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// By root and number of a one-time key: nonce and message.
    signed: HashMap<([u8; 32], u32), (u32, Digest)>,
    poisoned: bool,
}

impl Journal {
    /// Creates an empty journal.
    ///
    /// # Errors
    /// [`WalletError::Exists`] when there is such a file, [`WalletError::Io`] when it cannot be
    /// written.
    pub fn create(path: &Path) -> Result<Self, WalletError> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .open(path);
        let mut file = file.map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => WalletError::Exists { path: path.into() },
            _ => WalletError::io(path)(source),
        })?;
        lock(&file, path)?;
        let write = file.write_all(HEADER).and_then(|()| file.sync_all());
        write
            .and_then(|()| sync_parent(path))
            .map_err(WalletError::io(path))?;
        Ok(Self {
            file,
            path: path.into(),
            signed: HashMap::new(),
            poisoned: false,
        })
    }

    /// Opens a journal and reads what was signed.
    ///
    /// # Errors
    /// [`WalletError::Locked`] when it is open elsewhere, [`WalletError::Corrupt`] when it is
    /// damaged, [`WalletError::Io`] when it cannot be read.
    pub fn open(path: &Path) -> Result<Self, WalletError> {
        let io = || WalletError::io(path);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(path)
            .map_err(io())?;
        lock(&file, path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io())?;
        let corrupt = |offset: usize| WalletError::Corrupt {
            path: path.into(),
            offset: offset as u64,
        };
        let entries = bytes.strip_prefix(HEADER).ok_or_else(|| corrupt(0))?;
        let (entries, torn) = entries.as_chunks::<ENTRY>();
        let mut signed = HashMap::with_capacity(entries.len());
        for (i, entry) in entries.iter().enumerate() {
            let damaged = || corrupt(HEADER.len() + i * ENTRY);
            let Signed {
                root,
                index,
                nonce,
                bound,
            } = Signed::from_entry(entry).ok_or_else(damaged)?;
            if signed
                .insert((root.to_bytes(), index), (nonce, bound))
                .is_some()
            {
                return Err(damaged());
            }
        }
        // An earlier process may have ended after writing and before synchronising: entries that
        // count from now on must be on the disk as well.
        let whole = (bytes.len() - torn.len()) as u64;
        file.set_len(whole)
            .and_then(|()| file.sync_all())
            .map_err(io())?;
        Ok(Self {
            file,
            path: path.into(),
            signed,
            poisoned: false,
        })
    }

    /// How many one-time keys have signed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.signed.len()
    }

    /// Whether nothing was signed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.signed.is_empty()
    }

    /// The lowest number from which on no one-time key of this root has signed.
    #[must_use]
    pub fn next_index(&self, root: &Digest) -> u32 {
        let root = root.to_bytes();
        let used = self.signed.keys().filter(|(of, _)| *of == root);
        used.map(|(_, index)| index + 1).max().unwrap_or(0)
    }

    /// Reserves one-time keys for messages: all of them or none. When this returns, the entries
    /// are on the disk, and the signatures may be released. What a key has signed already may be
    /// reserved for it again.
    ///
    /// # Errors
    /// [`WalletError::AlreadySigned`] when a one-time key has signed another message, or would
    /// sign two of these; [`WalletError::Io`] when writing fails, and from then on
    /// [`WalletError::Poisoned`].
    pub fn reserve(&mut self, messages: &[Signed]) -> Result<(), WalletError> {
        if self.poisoned {
            return Err(WalletError::Poisoned);
        }
        let mut new = HashMap::new();
        let mut bytes = Vec::new();
        for message in messages {
            let Signed {
                root,
                index,
                nonce,
                bound,
            } = *message;
            let key = (root.to_bytes(), index);
            match self.signed.get(&key).or_else(|| new.get(&key)) {
                Some(signed) if *signed == (nonce, bound) => {}
                Some(_) => return Err(WalletError::AlreadySigned { root, index }),
                None => {
                    bytes.extend_from_slice(&message.to_entry());
                    new.insert(key, (nonce, bound));
                }
            }
        }
        if bytes.is_empty() {
            return Ok(());
        }
        // Until the sync has succeeded nobody knows what is on the disk.
        self.poisoned = true;
        let write = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_all());
        write.map_err(WalletError::io(&self.path))?;
        self.poisoned = false;
        self.signed.extend(new);
        Ok(())
    }
}

fn lock(file: &File, path: &Path) -> Result<(), WalletError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => WalletError::Locked { path: path.into() },
        TryLockError::Error(source) => WalletError::io(path)(source),
    })
}

/// Makes the name of a new file durable. Only Unix lets a directory be opened and synchronised.
pub(crate) fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) => {
            let parent = if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            };
            File::open(parent)?.sync_all()
        }
        _ => Ok(()),
    }
}
