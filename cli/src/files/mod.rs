//! Batches as files: `batch-NNNN.proof`, the proof's own bytes, and `batch-NNNN.public.json`, what
//! it is a proof of. `single` has what other commands read and write.

mod lock;
mod publish;
mod read;
mod single;

use std::{
    fs, io,
    path::{Path, PathBuf},
};
use winterlane_ledger::BatchNumber;

pub(crate) use lock::DirectoryLock;
pub(crate) use publish::Staging;
pub(crate) use read::{proof_size, read_limited, read_proof, read_public};
pub(crate) use single::{
    Access, check_new, check_place, read_json, read_text, write_json, write_new, write_over,
    write_same,
};
use thiserror::Error;
use winterlane_machine::{FolderError, Keeper, folder};
pub(crate) use winterlane_verifier::PublicFile;
use winterlane_verifier::UnknownFormat;

/// Begins the name of the directory that is there while batches are being exchanged.
const PUBLISHING: &str = ".publishing-";

/// One batch: the contents of its two files.
#[derive(Debug)]
pub(crate) struct BatchFiles {
    pub(crate) public: PublicFile,
    pub(crate) proof: Vec<u8>,
}

/// Why files cannot be used.
#[derive(Debug, Error)]
pub(crate) enum FilesError {
    #[error("{}: {error}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error("{}: {error}", .path.display())]
    Json {
        path: PathBuf,
        #[source]
        error: serde_json::Error,
    },
    #[error("{}: {error}", .path.display())]
    Format {
        path: PathBuf,
        #[source]
        error: UnknownFormat,
    },
    #[error("{}: {size} bytes, and no such file has more than {limit}; it was not read", .path.display())]
    TooLarge {
        path: PathBuf,
        size: u64,
        limit: u64,
    },
    #[error("{}: {kind}, not a regular file; it was not opened", .path.display())]
    NotRegular { path: PathBuf, kind: &'static str },
    #[error("{}: {kind}, not a regular file; it was not replaced", .path.display())]
    NotReplaced { path: PathBuf, kind: &'static str },
    #[error("{}: there is no such directory, and a file is to be written there", .0.display())]
    NoDirectory(PathBuf),
    #[error("{}: no batches (files called batch-0000.proof and batch-0000.public.json)", .0.display())]
    NoBatches(PathBuf),
    #[error("{}: has batches already; name another directory or add --replace", .0.display())]
    NotEmpty(PathBuf),
    #[error("{}: exists already; name another file, or remove it", .0.display())]
    Exists(PathBuf),
    #[error("{}: is a file, and a directory is needed; name another, or remove it", .0.display())]
    NotDirectory(PathBuf),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{}: not text in UTF-8", .0.display())]
    NotText(PathBuf),
    #[error("{}: in use by {holder}; wait for it, or name another directory", .directory.display())]
    Locked { directory: PathBuf, holder: String },
    #[error("{}: the lock file of this run was removed or replaced", .0.display())]
    LockLost(PathBuf),
    #[error(
        "{}: a run was stopped while it exchanged batches here; those from before it are in {}: move them \
         back, or remove that directory to keep the new ones, and verify again",
        .directory.display(), .aside.display()
    )]
    Unfinished { directory: PathBuf, aside: PathBuf },
    #[error(
        "{}: the new batches are verified but were not published ({reason}); they are kept in {}{}",
        .target.display(), .staged.display(), Old(.old.as_deref())
    )]
    Unpublished {
        target: PathBuf,
        reason: String,
        staged: PathBuf,
        /// Where old batches are that could not be moved back.
        old: Option<PathBuf>,
    },
}

/// Where the old batches are.
struct Old<'a>(Option<&'a Path>);

impl std::fmt::Display for Old<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => f.write_str("; the batches from before are as they were"),
            Some(path) => write!(
                f,
                " or here already; batches from before are in {} and could not all be moved back",
                path.display()
            ),
        }
    }
}

impl FilesError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// Makes a directory for `keeper`; one that is there is good if it is its own, or can become that.
pub(crate) fn make_directory_of(path: &Path, keeper: Keeper) -> Result<(), FilesError> {
    match keeper {
        // They lie beside other files.
        Keeper::Batches => folder::check_not_anothers(path, keeper)?,
        _ if path.is_dir() => folder::check_to_begin(path, keeper)?,
        _ => {}
    }
    make_directory(path)
}

/// Checks that a wallet may be made in a directory: nobody else keeps it. Files of its owner may lie there; a directory that
/// is open to others the wallet itself refuses.
pub(crate) fn check_for_wallet(path: &Path) -> Result<(), FilesError> {
    if fs::symlink_metadata(path).is_ok() && !path.is_dir() {
        return Err(FilesError::NotDirectory(path.to_owned()));
    }
    Ok(folder::check_not_anothers(path, Keeper::Wallet)?)
}

/// Makes a directory, and those that it is in; one that is there is good.
fn make_directory(path: &Path) -> Result<(), FilesError> {
    fs::create_dir_all(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => FilesError::NotDirectory(path.to_owned()),
        _ => FilesError::io(path)(error),
    })
}

/// Where the proof of that batch is.
pub(crate) fn proof_path(directory: &Path, number: BatchNumber) -> PathBuf {
    directory.join(format!("batch-{number:04}.proof"))
}

/// Where the public part of that batch is.
pub(crate) fn public_path(directory: &Path, number: BatchNumber) -> PathBuf {
    directory.join(format!("batch-{number:04}.public.json"))
}

/// Numbers of the batches of which a directory has at least one file, in rising order.
///
/// A directory in which batches were being exchanged when a run was stopped is an error: what it has
/// may be a part.
pub(crate) fn numbers(directory: &Path) -> Result<Vec<BatchNumber>, FilesError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(FilesError::io(directory))? {
        let name = entry.map_err(FilesError::io(directory))?.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with(PUBLISHING) {
            return Err(FilesError::Unfinished {
                directory: directory.to_owned(),
                aside: directory.join(name),
            });
        }
        numbers.extend(number_of(name));
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The batch number in a file's name; `None` for names that this program does not write.
fn number_of(name: &str) -> Option<BatchNumber> {
    let rest = name.strip_prefix("batch-")?;
    let digits = rest
        .strip_suffix(".proof")
        .or_else(|| rest.strip_suffix(".public.json"))?;
    let number = digits.parse().ok()?;
    (format!("{number:04}") == digits).then_some(number)
}
