//! A note book on the disk: whole before a change, or whole after it.
//!
//! Each save writes the whole book to a new file, synchronises it, gives it the book's name and synchronises
//! the directory. A crash leaves the old book or the new one. Both are right: what the old one does not know
//! yet, the next scan finds, since the pool is public. What a book alone knows is which notes wait for an
//! operation that was made; so it is saved before the operation leaves the wallet.
//!
//! | part | bytes |
//! |---|---|
//! | `winterlane-note1`, the pool's domain, the owner | 16, 32, 32 |
//! | operations and notes scanned, number of notes found | 8 each, little-endian |
//! | each note: asset, value, randomness, position, operation; state, its number | 4, 16, 32, 4, 8; 1, 8 |
//! | check: keyed BLAKE3 of all before | 32 |

use subtle::ConstantTimeEq;
use winterlane_ledger::{
    Amount, AssetId, BatchNumber, Digest, Domain, pool::PoolOperation, private::Note,
};

use super::{Found, NoteBook, NoteSecret, State, ViewingKey};
use crate::{
    Wallet, WalletError,
    journal::{publish, read_all, stage},
    medium::Medium,
};

const MAGIC: &[u8; 16] = b"winterlane-note1";
const HEAD: usize = 16 + 32 + 32 + 8 + 8 + 8;
const ENTRY: usize = 4 + 16 + 32 + 4 + 8 + 1 + 8;
const CHECK: usize = 32;

/// Begins the names of the books of a wallet.
pub(crate) const BOOK: &str = "notes-";
const NEW_BOOK: &str = "notes-new";

/// The notes of one account of a wallet, kept on the disk. The wallet stays open meanwhile, so that no other
/// program changes them.
pub struct NoteStore<'a> {
    medium: &'a dyn Medium,
    name: String,
    secret: NoteSecret,
    key: ViewingKey,
    book: NoteBook,
}

impl std::fmt::Debug for NoteStore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NoteStore")
            .field("path", &self.medium.path(&self.name))
            .field("notes", &self.book.notes().len())
            .finish_non_exhaustive()
    }
}

impl<C> Wallet<C> {
    /// The secret of the note account with that number ([`crate::MasterSeed::note_secret`]).
    #[must_use]
    pub fn note_secret(&self, number: u32) -> NoteSecret {
        self.seed().note_secret(number)
    }

    /// Opens the note account with that number, for the pool of a domain. The first time it is empty: scan.
    ///
    /// # Errors
    /// [`WalletError::OtherPool`] when its notes are of another pool, [`WalletError::BookDamaged`],
    /// [`WalletError::Io`].
    pub fn notes(&self, number: u32, domain: &Domain) -> Result<NoteStore<'_>, WalletError> {
        let mut store = self.notes_anew(number, domain);
        let (medium, name) = (store.medium, &store.name);
        let path = || medium.path(name);
        let file = medium.open(name, false).map_err(WalletError::io(path()))?;
        if let Some(file) = file {
            let bytes = read_all(&*file).map_err(WalletError::io(path()))?;
            let book = read(&bytes, &store.key);
            let book = book.ok_or_else(|| WalletError::BookDamaged { path: path() })?;
            if book.domain() != domain {
                let (found, wanted) = (*book.domain(), *domain);
                return Err(WalletError::OtherPool {
                    path: path(),
                    found,
                    wanted,
                });
            }
            store.book = book;
        }
        Ok(store)
    }

    /// Opens the note account with that number without what it found before, which the next scan replaces: what
    /// is pending is forgotten, and so are the notes of another pool.
    #[must_use]
    pub fn notes_anew(&self, number: u32, domain: &Domain) -> NoteStore<'_> {
        let secret = self.seed().note_secret(number);
        NoteStore {
            medium: self.medium(),
            name: format!("{BOOK}{number}"),
            key: secret.viewing_key(),
            secret,
            book: NoteBook::new(*domain),
        }
    }
}

impl NoteStore<'_> {
    /// The notes.
    #[must_use]
    pub const fn book(&self) -> &NoteBook {
        &self.book
    }

    /// The secret that spends them.
    #[must_use]
    pub const fn secret(&self) -> &NoteSecret {
        &self.secret
    }

    /// The key that sees them.
    #[must_use]
    pub const fn viewing_key(&self) -> &ViewingKey {
        &self.key
    }

    /// Scans the operations of the pool after those that were scanned ([`NoteBook::scan`]), and saves.
    ///
    /// # Errors
    /// [`WalletError::Io`].
    pub fn scan(&mut self, operations: &[PoolOperation]) -> Result<(), WalletError> {
        let mut book = self.book.clone();
        book.scan(&self.key, operations);
        self.save(book)
    }

    /// Notes that an operation spends these ([`NoteBook::reserve`]), and saves. To be called before the
    /// operation leaves.
    ///
    /// # Errors
    /// [`WalletError::Io`].
    pub fn reserve(
        &mut self,
        nullifiers: &[winterlane_ledger::private::Nullifier],
        valid_until: BatchNumber,
    ) -> Result<(), WalletError> {
        let mut book = self.book.clone();
        book.reserve(nullifiers, valid_until);
        self.save(book)
    }

    /// Forgets everything, to scan from the beginning. What is pending is forgotten too.
    ///
    /// # Errors
    /// [`WalletError::Io`].
    pub fn forget(&mut self) -> Result<(), WalletError> {
        self.save(NoteBook::new(self.book.domain))
    }

    /// Puts a book in the place of the present one: on the disk first.
    fn save(&mut self, book: NoteBook) -> Result<(), WalletError> {
        let bytes = write(&book, &self.key);
        let file = stage(self.medium, NEW_BOOK)?;
        let io = WalletError::io(self.medium.path(NEW_BOOK));
        file.write_at(0, &bytes).map_err(io)?;
        publish(self.medium, &*file, NEW_BOOK, &self.name)?;
        self.book = book;
        Ok(())
    }
}

fn write(book: &NoteBook, key: &ViewingKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + book.notes.len() * ENTRY + CHECK);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&book.domain.to_bytes());
    bytes.extend_from_slice(&key.address().0.to_bytes());
    for number in [book.operations, book.position, book.notes.len() as u64] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    for found in &book.notes {
        bytes.extend_from_slice(&found.note.asset.get().to_le_bytes());
        bytes.extend_from_slice(&found.note.value.get().to_le_bytes());
        bytes.extend_from_slice(&found.note.rho.to_bytes());
        bytes.extend_from_slice(&found.position.to_le_bytes());
        bytes.extend_from_slice(&found.made.to_le_bytes());
        let (state, number) = match found.state {
            State::Unspent => (0, 0),
            State::Pending { valid_until } => (1, valid_until.get()),
            State::Spent { by } => (2, by),
        };
        bytes.push(state);
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let check = blake3::keyed_hash(&key.book_key(), &bytes);
    bytes.extend_from_slice(check.as_bytes());
    bytes
}

/// Reads what [`write`] wrote; `None` when it was another key's, or was changed or cut.
fn read(bytes: &[u8], key: &ViewingKey) -> Option<NoteBook> {
    let (body, check) = bytes.split_last_chunk::<CHECK>()?;
    let expected = blake3::keyed_hash(&key.book_key(), body);
    if !bool::from(expected.as_bytes()[..].ct_eq(check)) || body.len() < HEAD {
        return None;
    }
    let mut fields = Fields(body);
    let (magic, domain, owner) = (fields.take::<16>()?, fields.digest()?, fields.digest()?);
    if magic != MAGIC || owner != key.address().0 {
        return None;
    }
    let mut book = NoteBook::new(Domain(domain));
    book.operations = fields.number()?;
    book.position = fields.number()?;
    let count = usize::try_from(fields.number()?).ok()?;
    if Some(fields.0.len()) != count.checked_mul(ENTRY) {
        return None;
    }
    for index in 0..count {
        let note = Note {
            owner: key.address(),
            asset: AssetId::new(u32::from_le_bytes(*fields.take()?)),
            value: Amount::new(u128::from_le_bytes(*fields.take()?)),
            rho: fields.digest()?,
        };
        let position = u32::from_le_bytes(*fields.take()?);
        let made = fields.number()?;
        let [state] = *fields.take::<1>()?;
        let number = fields.number()?;
        let nullifier = key.nullifier(&note, position);
        book.index.insert(nullifier.0.to_bytes(), index);
        book.notes.push(Found {
            note,
            position,
            nullifier,
            made,
            state: match state {
                0 => State::Unspent,
                1 => State::Pending {
                    valid_until: BatchNumber::new(number),
                },
                2 => State::Spent { by: number },
                _ => return None,
            },
        });
    }
    Some(book)
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    fn digest(&mut self) -> Option<Digest> {
        Digest::from_bytes(self.take()?).ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }
}
