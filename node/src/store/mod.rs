//! The store: everything that must survive, in one file of redb.
//!
//! | module | what it holds |
//! |---|---|
//! | `tables` | which tables there are, and the version of the format |
//! | `rows`, `tiles` | the bytes of their rows |
//! | `pool` | the shielded pool: rows, reading, writing |
//! | `migrate` | stores of older formats |
//! | `view` | reading one moment |
//! | `write` | the few transactions there are |
//! | `snapshot` | a moment as a stream of bytes, and back |
//! | `forget` | the end of the log, when it must not be sealed |
//! | `state` | the store as the state of a ledger |
//! | `lock` | one process a folder |
//! | `error` | why it fails |
//!
//! # What is assumed of the medium
//! That a synchronised write stays, and that writes of other places do not change it. Not that writes happen
//! in order, or as a whole, before they are synchronised: redb writes a new tree beside the old one, with
//! checksums, and a commit is the change of one page.

mod error;
pub(crate) mod forget;
mod lock;
mod migrate;
mod pool;
mod rows;
pub(crate) mod snapshot;
mod state;
mod tables;
#[cfg(test)]
mod tests;
mod tiles;
mod view;
mod write;

use std::path::Path;

use redb::{Builder, Database, ReadableDatabase, StorageBackend};
use winterlane_ledger::{Account, AccountId, BatchNumber, Digest, Domain, tree::TREE_DEPTH};

pub use error::StoreError;
pub(crate) use lock::FolderLock;
pub(crate) use pool::{Note, PoolCommit};
pub(crate) use rows::{Heard, Job, Place};
pub(crate) use state::StoreState;
pub(crate) use view::View;
pub(crate) use write::{SealCommit, SealedOperation};

/// The file of the store in the node's folder.
pub(crate) const FILE: &str = "state.redb";

/// The state that a rollup begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Which rollup on which chain ([`winterlane_ledger::hash::domain_digest`]).
    pub domain: Domain,
    /// The number of the first batch.
    pub first_batch: BatchNumber,
    /// The first accounts; most rollups begin with none, and deposits create them.
    pub accounts: Vec<(AccountId, Account)>,
}

impl Genesis {
    /// A rollup without accounts, whose first batch is number 0.
    #[must_use]
    pub const fn empty(domain: Domain) -> Self {
        Self {
            domain,
            first_batch: BatchNumber::ZERO,
            accounts: Vec::new(),
        }
    }
}

/// The store, open.
pub(crate) struct Store {
    database: Database,
    empty: [Digest; TREE_DEPTH + 1],
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a folder, or makes it. `cache` is how much of it is kept in memory, in bytes.
    pub(crate) fn open(folder: &Path, genesis: &Genesis, cache: usize) -> Result<Self, StoreError> {
        let file = folder.join(FILE);
        // that nobody can say whether there is one is not that there is none
        if !file.try_exists().map_err(StoreError::io(&file))? {
            make(
                folder,
                |database| Self::with(database, genesis).map(drop),
                cache,
            )?;
        }
        let mut database = builder(cache).open(&file)?;
        let format = migrate::format_of(&database)?;
        if let Some(format) = format.filter(|format| migrate::is_older(*format)) {
            drop(database);
            migrate::migrate(folder, format, cache)?;
            database = builder(cache).open(&file)?;
        }
        Self::with(database, genesis)
    }

    /// Makes the store in a folder that has none, with accounts that come one after another, by ascending id: more than
    /// fit into memory.
    pub(crate) fn create_with(
        folder: &Path,
        domain: Domain,
        accounts: impl IntoIterator<Item = (AccountId, Account)>,
        cache: usize,
    ) -> Result<(), StoreError> {
        let fill =
            |database| Self::opened(database).initialise_with(domain, BatchNumber::ZERO, accounts);
        make(folder, fill, cache)
    }

    /// Opens a store that is kept elsewhere than in a file.
    pub(crate) fn open_on(
        backend: impl StorageBackend,
        genesis: &Genesis,
        cache: usize,
    ) -> Result<Self, StoreError> {
        Self::with(builder(cache).create_with_backend(backend)?, genesis)
    }

    fn with(database: Database, genesis: &Genesis) -> Result<Self, StoreError> {
        let store = Self::opened(database);
        store.initialise(genesis)?;
        let found = store.view()?.head().domain;
        if found != genesis.domain {
            return Err(StoreError::Domain {
                found,
                expected: genesis.domain,
            });
        }
        Ok(store)
    }

    /// A store in a database that has everything already.
    fn opened(database: Database) -> Self {
        Self {
            database,
            empty: view::all_empty(),
        }
    }

    /// This moment of the store.
    pub(crate) fn view(&self) -> Result<View, StoreError> {
        View::new(self.database.begin_read()?, self.empty)
    }
}

/// Makes the file of a store, by what fills its database. A store that is half made, when the power goes, is no store: it is
/// made beside its place.
fn make(
    folder: &Path,
    fill: impl FnOnce(Database) -> Result<(), StoreError>,
    cache: usize,
) -> Result<(), StoreError> {
    let (file, partial) = (folder.join(FILE), folder.join("making.redb"));
    if file.try_exists().map_err(StoreError::io(&file))? {
        return Err(StoreError::io(&file)(
            std::io::ErrorKind::AlreadyExists.into(),
        ));
    }
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::io(partial)(error));
        }
        _ => {}
    }
    fill(builder(cache).create(&partial)?)?;
    std::fs::rename(&partial, &file).map_err(StoreError::io(&file))?;
    crate::disk::sync_folder(&file).map_err(StoreError::io(folder))
}

fn builder(cache: usize) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(cache);
    builder
}
