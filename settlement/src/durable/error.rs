//! Why settlement cannot be opened, or a call not be stored.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;
use winterlane_machine::FolderError;

use crate::{
    GenesisError,
    bytes::BytesError,
    state::{CheckpointError, Refusal},
};

/// Why settlement cannot be opened, or a call not be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("{path} is open in another process: one folder, one process")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{path} is there already: settlement begins once")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The folder is another program's, or has files of somebody else in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is none.
    #[error("{path} is not there: make it first")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The system.
    #[error("{path}: {source}")]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database.
    #[error("the database")]
    Database(#[source] Box<redb::Error>),
    /// A genesis that settlement cannot begin with.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The file is not one of settlement, or of a version to come.
    #[error("{path} is no settlement of this version")]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// What settlement began with cannot be read.
    #[error("what settlement began with cannot be read")]
    Opening(#[source] serde_json::Error),
    /// The checkpoint is none.
    #[error("the checkpoint of the log is damaged")]
    Checkpoint(#[source] Box<CheckpointError>),
    /// A call in the log is none.
    #[error("call {number} of the log is damaged")]
    Call {
        /// Its number.
        number: u64,
        /// Why.
        #[source]
        source: Option<BytesError>,
    },
    /// A call in the log is refused: the file is damaged, or the log of another version.
    #[error("call {number} of the log cannot be replayed")]
    Replay {
        /// Its number.
        number: u64,
        /// Why it is refused.
        #[source]
        source: Box<Refusal>,
    },
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
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

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { path, source }
}
