//! Witnesses: what proofs are made from, a file for each sealed batch that is not proven.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;
use winterlane_ledger::{
    BatchNumber, SealedBatch,
    codec::{decode_batch, encode_batch},
};

use crate::{disk::write_whole, store::StoreError};

/// Why a witness is not read, in words.
#[derive(Debug, Error)]
pub(crate) enum Unread {
    /// The system does not let the node read it now: rights, open files, a disk that fails.
    #[error("{path}: {source}", path = path.display())]
    Medium {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// It is gone, or is not what was written: to read it again helps nobody.
    #[error("{0}")]
    Damaged(String),
}

/// The folder of the witnesses.
#[derive(Clone, Debug)]
pub(crate) struct Witnesses {
    folder: PathBuf,
}

impl Witnesses {
    /// The folder in the node's folder; makes it.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let folder = folder.join("witness");
        fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
        Ok(Self { folder })
    }

    fn path(&self, batch: BatchNumber) -> PathBuf {
        self.folder.join(format!("{batch:020}"))
    }

    /// Keeps the witness of a batch, and returns its hash. It lasts before this returns, so that no job is
    /// without its witness.
    pub(crate) fn keep(&self, batch: &SealedBatch) -> Result<[u8; 32], StoreError> {
        let number = batch.public_inputs.batch_number;
        let bytes = encode_batch(batch).map_err(|error| {
            StoreError::corrupt(format!("the witness of batch {number}: {error}"))
        })?;
        let path = self.path(number);
        write_whole(&path, &bytes).map_err(StoreError::io(&path))?;
        Ok(*blake3::hash(&bytes).as_bytes())
    }

    /// Keeps bytes that a snapshot has.
    pub(crate) fn keep_bytes(&self, batch: BatchNumber, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(batch);
        write_whole(&path, bytes).map_err(StoreError::io(&path))
    }

    /// The bytes of a witness.
    pub(crate) fn bytes(&self, batch: BatchNumber, hash: &[u8; 32]) -> Result<Vec<u8>, Unread> {
        let path = self.path(batch);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Unread::Damaged(format!("{}: {source}", path.display())),
            _ => Unread::Medium {
                path: path.clone(),
                source,
            },
        })?;
        if blake3::hash(&bytes).as_bytes() != hash {
            let said = format!("{} is not the file that was written", path.display());
            return Err(Unread::Damaged(said));
        }
        Ok(bytes)
    }

    /// The witness of a batch.
    pub(crate) fn read(&self, batch: BatchNumber, hash: &[u8; 32]) -> Result<SealedBatch, Unread> {
        let bytes = self.bytes(batch, hash)?;
        let path = self.path(batch);
        let damaged = |error| Unread::Damaged(format!("{}: {error}", path.display()));
        decode_batch(&bytes).map_err(damaged)
    }

    /// Removes the witness of a batch that is proven. One that stays is removed at the next start.
    pub(crate) fn remove(&self, batch: BatchNumber) {
        let _ = fs::remove_file(self.path(batch));
    }

    /// Removes what no job needs: of batches that are proven, of seals that never were, temporary files.
    pub(crate) fn keep_only(&self, batches: &BTreeSet<BatchNumber>) -> Result<(), StoreError> {
        let error = || StoreError::io(&self.folder);
        for entry in fs::read_dir(&self.folder).map_err(error())? {
            let entry = entry.map_err(error())?;
            let name = entry.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.parse::<BatchNumber>().ok());
            let needed = number.is_some_and(|number| {
                batches.contains(&number) && entry.path() == self.path(number)
            });
            if !needed {
                match fs::remove_file(entry.path()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(StoreError::io(entry.path())(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the system does not let the node read may be there: no batch fails for it. What is gone or changed stays so.
    #[test]
    fn what_cannot_be_read_now_is_not_taken_for_damage() {
        let folder = tempfile::tempdir().unwrap();
        let witnesses = Witnesses::open(folder.path()).unwrap();
        let batch = BatchNumber::new(7);
        let hash = *blake3::hash(b"witness").as_bytes();
        let read = || witnesses.bytes(batch, &hash);
        assert!(matches!(read(), Err(Unread::Damaged(_))));
        witnesses.keep_bytes(batch, b"witness").unwrap();
        assert_eq!(read().unwrap(), b"witness");
        witnesses.keep_bytes(batch, b"another").unwrap();
        assert!(matches!(read(), Err(Unread::Damaged(_))));
        witnesses.remove(batch);
        // the system's refusal that comes to root, too
        fs::create_dir(witnesses.path(batch)).unwrap();
        assert!(matches!(read(), Err(Unread::Medium { .. })));
        let read = witnesses.read(batch, &hash).map(drop);
        assert!(matches!(read, Err(Unread::Medium { .. })));
    }
}
