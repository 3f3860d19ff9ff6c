//! Why the store fails.

use std::{io, path::PathBuf};
use winterlane_ledger::AssetId;

use thiserror::Error;

/// Why the store cannot be read, written or opened.
///
/// After an error of writing nothing is known about what is on the disk: the process that had it ends, and
/// the next one begins from what it finds.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database below has failed.
    #[error("the database has failed: {0}")]
    Database(#[from] redb::Error),
    /// A file beside the database has failed.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The store holds what no node wrote.
    #[error("the store is damaged: {0}; restore a snapshot")]
    Corrupt(String),
    /// The store was written by a newer version of the node, or by none.
    #[error(
        "the store has format {found}, and this node reads formats 1 to {known}: start the newer node that wrote it;          nothing was changed"
    )]
    Format {
        /// The format found.
        found: u32,
        /// The format of this node.
        known: u32,
    },
    /// The store is another rollup's.
    #[error("the store is of domain {found}, the configuration says {expected}")]
    Domain {
        /// The domain of the store.
        found: winterlane_ledger::Domain,
        /// The one configured.
        expected: winterlane_ledger::Domain,
    },
    /// The folder is another program's.
    #[error(transparent)]
    Folder(#[from] winterlane_machine::FolderError),
    /// Another process has the folder.
    #[error("{} is in use by {holder}", .path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
        /// What its lock says of the holder.
        holder: String,
    },
    /// The opening state is none.
    #[error("the opening state is none: {0}")]
    Genesis(#[from] winterlane_ledger::GenesisError),
    /// The balances of an asset add up to 2^128 or more.
    #[error("the balances of asset {asset} add up to 2^128 or more")]
    Supply {
        /// The asset.
        asset: AssetId,
    },
}

impl StoreError {
    /// Something in the store is not what a node writes.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, error }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(error.into())
            }
        })*
    };
}
from_redb!(
    DatabaseError,
    TransactionError,
    TableError,
    StorageError,
    CommitError
);
