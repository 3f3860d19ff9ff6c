//! Witnesses: what proofs are made from, a file for each sealed batch that is not proven.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use winterlane_ledger::{
    BatchNumber, SealedBatch,
    codec::{decode_batch, encode_batch},
};

use crate::{disk::write_whole, store::StoreError};

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

    /// The bytes of a witness, if they have this hash.
    pub(crate) fn bytes(&self, batch: BatchNumber, hash: &[u8; 32]) -> Option<Vec<u8>> {
        let bytes = fs::read(self.path(batch)).ok()?;
        (blake3::hash(&bytes).as_bytes() == hash).then_some(bytes)
    }

    /// The witness of a batch, if it has this hash.
    pub(crate) fn read(&self, batch: BatchNumber, hash: &[u8; 32]) -> Result<SealedBatch, String> {
        let path = self.path(batch);
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if blake3::hash(&bytes).as_bytes() != hash {
            return Err(format!(
                "{} is not the file that was written",
                path.display()
            ));
        }
        decode_batch(&bytes).map_err(|error| format!("{}: {error}", path.display()))
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
