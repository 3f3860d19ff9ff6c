//! A pool as files: what a node would publish, operation after operation.
//!
//! | file | |
//! |---|---|
//! | `pool.json` | the rollup that the pool belongs to; its number is drawn, so that no two pools are taken for one |
//! | `operation-000000.op` | the published bytes of the first operation, and so on |
//! | `operation-000001.proof` | its proof, if it has one |
//!
//! Whoever reads a pool applies all operations in order and verifies all proofs: the files are believed
//! nothing. Each operation is a batch of its own. There is no rollup beside the pool: nobody has paid for what
//! is shielded.
//!
//! *Crash-safe*: a file is written beside its place, synchronised and renamed; the proof comes before its
//! operation, and the operation's name is the moment from which it counts. *One writer*: whoever appends holds
//! the directory's lock from reading to writing.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use rayon::prelude::*;
use serde::Serialize;
use winterlane_ledger::{
    Domain,
    pool::{
        Payment, Pool, PoolError, PoolOperation, ProofRefusal, SealedPool, Shield, VerifyPrivate,
        decode_operation, encode_operation,
    },
    private::{NoteTree, PrivateInputs},
};
use winterlane_prover::SimdCompressor;
use winterlane_verifier::{PRIVATE_PRESETS, PoolFile, verify_private};
use winterlane_wallet::notes::random_digest;

use crate::{
    Failure,
    commands::CHAIN_ID,
    files::{self, Access, DirectoryLock, FilesError},
};

const MAX_OPERATION_BYTES: u64 = 1 << 16;

/// A pool that was read and verified.
pub(crate) struct PoolStore {
    directory: PathBuf,
    pub(crate) pool: Pool,
    pub(crate) tree: NoteTree,
    pub(crate) operations: Vec<PoolOperation>,
    lock: Option<DirectoryLock>,
}

/// An operation that the pool takes, and that is not written yet.
pub(crate) struct Checked {
    operation: PoolOperation,
    bytes: Vec<u8>,
    pool: Pool,
    sealed: SealedPool,
}

/// What became of an operation that was appended.
#[derive(Debug, Serialize)]
pub(crate) struct Appended {
    /// The number of the operation.
    pub(crate) operation: u64,
    /// Its published bytes.
    pub(crate) published_bytes: usize,
    /// The bytes of its proof.
    pub(crate) proof_bytes: usize,
}

/// Verifies proofs as the pool asks.
pub(super) struct Verifier;

impl VerifyPrivate for Verifier {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        verify_private(proof, inputs, &PRIVATE_PRESETS)
            .map(drop)
            .map_err(|error| Box::new(error) as Box<ProofRefusal>)
    }
}

/// Takes every proof, and notes the number of the operation: its proof is verified later, on all threads.
#[derive(Default)]
struct Deferred {
    proven: Mutex<Vec<usize>>,
    number: usize,
}

impl VerifyPrivate for Deferred {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.push(self.number);
        Ok(())
    }
}

impl PoolStore {
    /// Reads a pool and verifies all of it.
    pub(crate) fn open(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join("pool.json");
        if !path.exists() {
            return Err(Failure::Unusable(format!(
                "{}: no pool (a directory with pool.json); `winterlane private shield` makes one",
                directory.display()
            )));
        }
        let file: PoolFile = files::read_json(&path).map_err(Failure::unusable)?;
        file.check_format()
            .map_err(|error| Failure::Unusable(format!("{}: {error}", path.display())))?;
        let mut store = Self {
            directory: directory.to_owned(),
            pool: Pool::new(file.domain()),
            tree: NoteTree::default(),
            operations: Vec::new(),
            lock: None,
        };
        store.replay()?;
        Ok(store)
    }

    /// Reads a pool to append to it; while this value lives nobody else does. `make`: a pool that is not there
    /// begins.
    pub(crate) fn open_to_append(directory: &Path, make: bool) -> Result<Self, Failure> {
        if make {
            fs::create_dir_all(directory)
                .map_err(|error| Failure::Unusable(format!("{}: {error}", directory.display())))?;
        }
        let lock = directory
            .is_dir()
            .then(|| DirectoryLock::take(directory))
            .transpose()
            .map_err(Failure::unusable)?;
        let path = directory.join("pool.json");
        if make && !path.exists() {
            let drawn = random_digest().map_err(Failure::unusable)?;
            let file = PoolFile::new(CHAIN_ID, drawn.0[0].as_int());
            files::write_json(&path, &file, Access::Published, files::write_new)
                .map_err(Failure::unusable)?;
        }
        let mut store = Self::open(directory)?;
        store.lock = lock;
        Ok(store)
    }

    fn path(&self, number: usize, ending: &str) -> PathBuf {
        self.directory
            .join(format!("operation-{number:06}.{ending}"))
    }

    /// Applies every operation, then verifies every proof.
    fn replay(&mut self) -> Result<(), Failure> {
        let mut verifier = Deferred::default();
        loop {
            let number = self.operations.len();
            let path = self.path(number, "op");
            if !path.exists() {
                break;
            }
            let operation = self.read(number)?;
            verifier.number = number;
            let sealed = apply(&mut self.pool, &operation, &verifier)
                .map_err(|error| Failure::Invalid(format!("{}: {error}", path.display())))?;
            self.append_notes(&sealed)?;
            self.operations.push(operation);
        }
        self.check_end()?;
        let proven = verifier.proven.into_inner();
        let proven = proven.unwrap_or_else(PoisonError::into_inner);
        let refused = proven.par_iter().find_map_first(|&number| {
            let PoolOperation::Private(operation) = self.operations.get(number)? else {
                return None;
            };
            let verified = Verifier.verify(&operation.inputs, &operation.proof);
            verified.err().map(|error| (number, error))
        });
        match refused {
            None => Ok(()),
            Some((number, error)) => {
                let path = self.path(number, "proof");
                Err(Failure::Invalid(format!("{}: {error}", path.display())))
            }
        }
    }

    /// Reads an operation, and its proof where it has one.
    fn read(&self, number: usize) -> Result<PoolOperation, Failure> {
        let (path, proof_path) = (self.path(number, "op"), self.path(number, "proof"));
        let bytes = files::read_limited(&path, MAX_OPERATION_BYTES).map_err(Failure::unusable)?;
        let mut unread: Option<FilesError> = None;
        let operation = decode_operation(&self.pool, &bytes, &mut |_| {
            let proof = files::read_proof(&proof_path);
            proof.map_err(|error| unread = Some(error)).ok()
        });
        if let Some(error) = unread {
            return Err(Failure::unusable(error));
        }
        operation.map_err(|error| Failure::Invalid(format!("{}: {error}", path.display())))
    }

    /// Whether the last operation that was read is the last that there is: after one that is missing others
    /// would be passed over.
    fn check_end(&self) -> Result<(), Failure> {
        let count = self.operations.len();
        let read = |error| Failure::unusable(format!("{}: {error}", self.directory.display()));
        for entry in fs::read_dir(&self.directory).map_err(read)? {
            let name = entry.map_err(read)?.file_name();
            let number = name.to_str().and_then(|name| {
                let number = name.strip_prefix("operation-")?.strip_suffix(".op")?;
                number.parse::<usize>().ok()
            });
            if number.is_some_and(|number| number >= count) {
                return Err(Failure::Unusable(format!(
                    "{}: it is missing, and later operations are there: get it from whoever gave you the pool",
                    self.path(count, "op").display()
                )));
            }
        }
        Ok(())
    }

    fn append_notes(&mut self, sealed: &SealedPool) -> Result<(), Failure> {
        let appended = self.tree.append_many(&sealed.commitments, &SimdCompressor);
        appended.map(drop).map_err(Failure::unusable)
    }

    /// The operation that shields. Nobody pays beside a pool of files, so that every operation is its own
    /// payment.
    pub(crate) fn shielding(&self, shield: Shield) -> PoolOperation {
        let payment = Payment {
            batch: self.pool.batch_number(),
            record: 0,
        };
        PoolOperation::Shield(shield, payment)
    }

    /// Verifies an operation as everybody will verify it. Nothing is written.
    pub(crate) fn check(&self, operation: PoolOperation) -> Result<Checked, Failure> {
        let mut pool = self.pool.clone();
        let sealed = apply(&mut pool, &operation, &Verifier).map_err(Failure::invalid)?;
        let bytes = encode_operation(&self.pool, &operation)
            .ok_or_else(|| Failure::Invalid("no operation of this pool".into()))?;
        Ok(Checked {
            operation,
            bytes,
            pool,
            sealed,
        })
    }

    /// Writes an operation that was checked.
    pub(crate) fn append(&mut self, checked: Checked) -> Result<Appended, Failure> {
        if let Some(lock) = &self.lock {
            lock.check().map_err(Failure::unusable)?;
        }
        let number = self.operations.len();
        let proof = match &checked.operation {
            PoolOperation::Private(operation) => &operation.proof[..],
            _ => &[],
        };
        if !proof.is_empty() {
            // A proof without its operation is of an append that was interrupted.
            files::write_over(&self.path(number, "proof"), proof, Access::Published)
                .map_err(Failure::unusable)?;
        }
        let appended = Appended {
            operation: number as u64,
            published_bytes: checked.bytes.len(),
            proof_bytes: proof.len(),
        };
        files::write_new(&self.path(number, "op"), &checked.bytes, Access::Published)
            .map_err(Failure::unusable)?;
        self.pool = checked.pool;
        self.append_notes(&checked.sealed)?;
        self.operations.push(checked.operation);
        Ok(appended)
    }

    /// The only operation that shielded exactly that much, if there is one and no other. An amount that went
    /// in once and comes out again tells whose it is.
    pub(crate) fn only_shield_of(&self, asset: u32, amount: u128) -> Option<u64> {
        let mut same = (0..).zip(&self.operations).filter(|(_, operation)| {
            matches!(operation, PoolOperation::Shield(shield, _)
                if (shield.asset, shield.amount) == (asset, amount))
        });
        let (number, _) = same.next()?;
        same.next().is_none().then_some(number)
    }

    /// How many notes of the pool may be the one that is spent, by what is public: of that asset where it is
    /// shown, and worth that much at least. Only what was shielded shows its value.
    pub(crate) fn candidates(&self, asset: Option<u32>, least: u128) -> u64 {
        let shown = |shown: u32| asset.is_none_or(|asset| asset == shown);
        let notes = self.operations.iter().map(|operation| match operation {
            PoolOperation::Shield(shield, _) => {
                u64::from(shown(shield.asset) && shield.amount >= least)
            }
            PoolOperation::Private(private)
                if private.payout().is_some_and(|out| !shown(out.asset)) =>
            {
                0
            }
            PoolOperation::Private(private) => private.commitments().len() as u64,
            _ => 0,
        });
        notes.sum()
    }

    /// The rollup on its chain.
    pub(crate) const fn domain(&self) -> &Domain {
        self.pool.domain()
    }
}

/// Applies an operation as a batch of its own.
pub(super) fn apply<V: VerifyPrivate>(
    pool: &mut Pool,
    operation: &PoolOperation,
    verifier: &V,
) -> Result<SealedPool, PoolError> {
    let mut batch = pool.open_batch();
    batch.apply(operation, verifier)?;
    Ok(batch.seal())
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::{
        Anchor, Digest,
        pool::PrivateOperation,
        private::{Commitment, Nullifier, WithdrawalInputs},
    };

    use super::*;

    fn digest(n: u32) -> Digest {
        Digest([n, 1, 2, 3].map(Into::into))
    }

    /// An operation that is not of this pool, now, is refused for its reason before its proof is looked at, and
    /// nothing is written.
    #[test]
    fn an_operation_that_comes_too_late_or_from_elsewhere_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = PoolStore::open_to_append(directory.path(), true).unwrap();
        for number in 0..2 {
            let shield = Shield {
                blinded: digest(number),
                asset: 7,
                amount: 100,
                sealed: Vec::new(),
            };
            let checked = store.check(store.shielding(shield)).unwrap();
            store.append(checked).unwrap();
        }
        let honest = WithdrawalInputs {
            anchor: store.pool.anchor(),
            nullifier: Nullifier(digest(5)),
            change: Commitment(digest(6)),
            recipient: [1; 20],
            amount: 10,
            fee: 1,
            asset: 7,
            domain: *store.domain(),
            valid_until: store.pool.batch_number(),
            ciphertexts: [0; 32],
            association: None,
        };
        let refused = |change: fn(&mut WithdrawalInputs)| {
            let mut inputs = honest;
            change(&mut inputs);
            let operation = PrivateOperation {
                inputs: PrivateInputs::Withdrawal(inputs),
                sealed: Vec::new(),
                proof: vec![1, 2, 3],
            };
            match store.check(PoolOperation::Private(operation)) {
                Err(Failure::Invalid(reason)) => reason,
                _ => panic!("it is taken"),
            }
        };
        for (change, said) in [
            (
                (|inputs| inputs.anchor = Anchor(digest(9))) as fn(&mut WithdrawalInputs),
                "none of the last",
            ),
            (|inputs| inputs.valid_until = 1, "prove it again"),
            (|inputs| inputs.domain = Domain(digest(9)), "for the domain"),
            (|inputs| inputs.amount = 200, "the pool holds 200"),
            (|inputs| inputs.asset = 8, "the pool holds 0"),
            (|_| (), "the proof does not hold"),
        ] {
            let reason = refused(change);
            assert!(reason.contains(said), "{reason}");
        }
        let late = Shield {
            blinded: digest(9),
            asset: 7,
            amount: 1,
            sealed: Vec::new(),
        };
        let before = Payment {
            batch: 0,
            record: 0,
        };
        let again = store.check(PoolOperation::Shield(late, before));
        assert!(
            matches!(again, Err(Failure::Invalid(reason)) if reason.contains("has paid before"))
        );
        drop(store);
        assert_eq!(
            PoolStore::open(directory.path()).unwrap().operations.len(),
            2
        );
    }
}
