//! Settlement in a folder.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use winterlane_ledger::{BatchNumber, PublicInputs, objects::from_json};

use super::{Published, Settled, Settlement, SettlementError};

/// Settlement in a folder: a file for each part of each batch, and `head.json`, which is replaced as a whole.
///
/// For tests, for a rollup that one operator settles with himself, and to be copied from by whoever publishes
/// elsewhere. Nodes that share the folder exclude each other by a lock on `lock`.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

fn unreachable(path: &Path) -> impl FnOnce(io::Error) -> SettlementError {
    move |error| SettlementError::Unreachable(format!("{}: {error}", path.display()))
}

impl Folder {
    /// The folder with this path; it is made when the first batch is published.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file of a part of a batch.
    #[must_use]
    pub fn file(&self, batch: BatchNumber, part: &str) -> PathBuf {
        self.path.join(format!("batch-{batch:010}.{part}"))
    }

    fn head(&self) -> PathBuf {
        self.path.join("head.json")
    }

    fn lock(&self) -> Result<File, SettlementError> {
        fs::create_dir_all(&self.path).map_err(unreachable(&self.path))?;
        let path = self.path.join("lock");
        let file = File::create(&path).map_err(unreachable(&path))?;
        file.lock().map_err(unreachable(&path))?;
        Ok(file)
    }

    /// Writes a file so that it is there whole, or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), SettlementError> {
        crate::disk::write_whole(path, bytes).map_err(unreachable(path))
    }
}

impl Settlement for Folder {
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError> {
        let path = self.head();
        match fs::read(&path) {
            Ok(bytes) => from_json(&bytes).map(Some).map_err(|error| {
                SettlementError::Unreachable(format!("{}: {error}", path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreachable(&path)(error)),
        }
    }

    fn publish(&mut self, batch: Published<'_>) -> Result<(), SettlementError> {
        let _lock = self.lock()?;
        let PublicInputs {
            batch_number,
            old_root,
            new_root,
            ..
        } = *batch.public_inputs;
        let after = Settled {
            next_batch: batch_number.saturating_add(1),
            root: new_root,
        };
        if let Some(settled) = self.settled()? {
            if settled == after {
                return Ok(());
            }
            if (settled.next_batch, settled.root) != (batch_number, old_root) {
                return Err(SettlementError::Forked {
                    batch: batch_number,
                    root: old_root,
                    settled,
                });
            }
        }
        let failed = |error: serde_json::Error| SettlementError::Unreachable(error.to_string());
        let public = serde_json::to_vec(batch.public_inputs).map_err(failed)?;
        self.write(&self.file(batch_number, "public.json"), &public)?;
        self.write(&self.file(batch_number, "records"), batch.records)?;
        self.write(&self.file(batch_number, "proof"), batch.proof)?;
        if !batch.pool.is_empty() {
            let operations = batch.pool.iter().map(|one| &one.operation);
            self.write(&self.file(batch_number, "pool"), &framed(operations))?;
            let proofs = batch.pool.iter().map(|one| &one.proof);
            self.write(&self.file(batch_number, "pool-proofs"), &framed(proofs))?;
        }
        let head = serde_json::to_vec(&after).map_err(failed)?;
        self.write(&self.head(), &head)
    }
}

/// Each after its length (4, little-endian).
fn framed<'a>(parts: impl Iterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        // the parts of a batch are far below 4 GiB
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::{Digest, Domain, Root};

    use super::*;
    use crate::settlement::PoolData;

    fn inputs(batch_number: BatchNumber, old: u64, new: u64) -> PublicInputs {
        let root = |n: u64| Root(Digest([n; 4].map(winterlane_ledger::BaseElement::new)));
        PublicInputs {
            domain: Domain::ZERO,
            batch_number,
            old_root: root(old),
            new_root: root(new),
            operations_digest: Digest::ZERO,
            num_operations: 1,
        }
    }

    #[test]
    fn one_of_two_nodes_is_taken() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("settled");
        let (mut one, mut two) = (Folder::new(&path), Folder::new(&path));
        assert_eq!(one.settled().unwrap(), None);
        let publish = |folder: &mut Folder, inputs: &PublicInputs| {
            folder.publish(Published {
                public_inputs: inputs,
                records: b"records",
                proof: b"proof",
                pool: &[],
            })
        };
        publish(&mut one, &inputs(BatchNumber::new(7), 1, 2)).unwrap();
        // the same once more: it died before it heard so
        publish(&mut one, &inputs(BatchNumber::new(7), 1, 2)).unwrap();
        let forked = [
            inputs(BatchNumber::new(7), 1, 3),
            inputs(BatchNumber::new(8), 3, 4),
            inputs(BatchNumber::new(9), 2, 4),
            inputs(BatchNumber::new(6), 0, 1),
        ];
        for other in &forked {
            let error = publish(&mut two, other).unwrap_err();
            assert!(matches!(error, SettlementError::Forked { .. }), "{error}");
        }
        let pool = [("shield", ""), ("transfer", "its proof")].map(|(operation, proof)| PoolData {
            operation: operation.into(),
            proof: proof.into(),
        });
        two.publish(Published {
            public_inputs: &inputs(BatchNumber::new(8), 2, 5),
            records: b"records",
            proof: b"proof",
            pool: &pool,
        })
        .unwrap();
        let part = |part| fs::read(one.file(BatchNumber::new(8), part)).unwrap();
        assert_eq!(part("pool"), b"\x06\0\0\0shield\x08\0\0\0transfer");
        assert_eq!(part("pool-proofs"), b"\0\0\0\0\x09\0\0\0its proof");
        assert!(!one.file(BatchNumber::new(7), "pool").exists());
        let settled = Settled {
            next_batch: BatchNumber::new(9),
            root: inputs(BatchNumber::new(8), 2, 5).new_root,
        };
        assert_eq!(one.settled().unwrap(), Some(settled));
        assert_eq!(
            fs::read(one.file(BatchNumber::new(8), "proof")).unwrap(),
            b"proof"
        );
    }
}
