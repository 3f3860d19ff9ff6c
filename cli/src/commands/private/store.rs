//! A pool as files: what a node would publish, operation after operation.
//!
//! | file | |
//! |---|---|
//! | `pool.json` | the rollup that the pool belongs to; its number is drawn, so that no two pools are taken for one |
//! | `operation-000000.op` | the published bytes of the first operation, and so on |
//! | `operation-000001.proof` | its proof, if it has one |
//! | `policy.json` | what is asked of who appends, if anything is ([`super::policy`]) |
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
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;
use winterlane_ledger::{
    Amount, AssetId, Domain, RollupId,
    pool::{
        Payment, Pool, PoolError, PoolOperation, PoolPolicy, ProofRefusal, SealedPool, Shield,
        VerifyPrivate, decode_operation, encode_operation,
    },
    private::{NoteTree, PrivateInputs},
};
use winterlane_machine::Keeper;
use winterlane_prover::SimdCompressor;
use winterlane_verifier::{PRIVATE_PRESETS, PoolFile, verify_private};
use winterlane_wallet::notes::{AssociationSet, random_digest};

use super::policy;
use crate::{
    Failure,
    commands::CHAIN_ID,
    files::{self, Access, DirectoryLock, FilesError},
};

const MAX_OPERATION_BYTES: u64 = 1 << 16;

/// Proofs that are in memory at once: enough for all threads, and some ten megabytes.
const PROOFS_AT_ONCE: usize = 64;

/// A pool that was read and verified.
pub(crate) struct PoolStore {
    directory: PathBuf,
    pub(crate) pool: Pool,
    pub(crate) tree: NoteTree,
    /// All operations, without their proofs, which are verified.
    pub(crate) operations: Vec<PoolOperation>,
    /// What is asked of who appends; nothing of who reads.
    pub(crate) policy: PoolPolicy,
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
    /// Where the notes that it made are in the note tree: what an association set names them by.
    pub(crate) positions: Vec<u64>,
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

impl Deferred {
    /// The numbers of the operations whose proofs wait.
    fn take(&mut self) -> Vec<usize> {
        let proven = self.proven.get_mut();
        std::mem::take(proven.unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&mut self) -> usize {
        let proven = self.proven.get_mut();
        proven.unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl VerifyPrivate for Deferred {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.push(self.number);
        Ok(())
    }
}

/// Refuses a directory that has no pool, and says how to make one.
pub(super) fn check_there(directory: &Path) -> Result<(), Failure> {
    if directory.join("pool.json").exists() {
        return Ok(());
    }
    Err(Failure::Unusable(format!(
        "{}: no pool (a directory with pool.json); `winterlane private shield` makes one",
        directory.display()
    )))
}

impl PoolStore {
    /// Reads a pool and verifies all of it.
    pub(crate) fn open(directory: &Path, progress: &ProgressBar) -> Result<Self, Failure> {
        check_there(directory)?;
        let path = directory.join("pool.json");
        let file: PoolFile = files::read_json(&path).map_err(Failure::unusable)?;
        file.check_format()
            .map_err(|error| Failure::Unusable(format!("{}: {error}", path.display())))?;
        let mut store = Self {
            directory: directory.to_owned(),
            pool: Pool::new(file.domain()),
            tree: NoteTree::default(),
            operations: Vec::new(),
            policy: PoolPolicy::open(),
            lock: None,
        };
        store.replay(progress)?;
        Ok(store)
    }

    /// Reads a pool to append to it; while this value lives nobody else does. `make`: a pool that is not there
    /// begins.
    pub(crate) fn open_to_append(
        directory: &Path,
        make: bool,
        progress: &ProgressBar,
    ) -> Result<Self, Failure> {
        if make {
            files::make_directory_of(directory, Keeper::Pool).map_err(Failure::unusable)?;
        }
        let lock = directory
            .is_dir()
            .then(|| DirectoryLock::take(directory))
            .transpose()
            .map_err(Failure::unusable)?;
        let path = directory.join("pool.json");
        if make && !path.exists() {
            let drawn = random_digest().map_err(Failure::unusable)?;
            let file = PoolFile::new(CHAIN_ID, RollupId::new(drawn.0[0].as_int()));
            files::write_json(&path, &file, Access::Published, files::write_new)
                .map_err(Failure::unusable)?;
        }
        let mut store = Self::open(directory, progress)?;
        store.lock = lock;
        store.policy = policy::of_pool(directory)?;
        Ok(store)
    }

    fn path(&self, number: usize, ending: &str) -> PathBuf {
        self.directory
            .join(format!("operation-{number:06}.{ending}"))
    }

    /// Applies every operation and verifies every proof, of which there are a few in memory at a time.
    fn replay(&mut self, progress: &ProgressBar) -> Result<(), Failure> {
        let mut verifier = Deferred::default();
        loop {
            let number = self.operations.len();
            let path = self.path(number, "op");
            if !path.exists() {
                break;
            }
            progress.set_message(format!("verifying the pool: operation {number}"));
            let operation = self.read(number)?;
            verifier.number = number;
            let sealed = apply(&mut self.pool, &operation, &verifier)
                .map_err(|error| Failure::Invalid(format!("{}: {error}", path.display())))?;
            self.append_notes(&sealed)?;
            self.operations.push(operation);
            if verifier.count() == PROOFS_AT_ONCE {
                self.verify(&mut verifier, progress)?;
            }
        }
        self.check_end()?;
        self.verify(&mut verifier, progress)
    }

    /// Verifies the proofs that were deferred, on all threads, and forgets them.
    fn verify(&mut self, deferred: &mut Deferred, progress: &ProgressBar) -> Result<(), Failure> {
        let proven = deferred.take();
        let (done, last) = (AtomicUsize::new(0), self.operations.len().saturating_sub(1));
        let refused = proven.par_iter().find_map_first(|&number| {
            let PoolOperation::Private(operation) = self.operations.get(number)? else {
                return None;
            };
            let verified = Verifier.verify(&operation.inputs, &operation.proof);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.set_message(format!(
                "verifying the pool: {done} of {} proofs up to operation {last}",
                proven.len()
            ));
            verified.err().map(|error| (number, error))
        });
        if let Some((number, error)) = refused {
            let path = self.path(number, "proof");
            return Err(Failure::Invalid(format!("{}: {error}", path.display())));
        }
        for number in proven {
            if let Some(PoolOperation::Private(operation)) = self.operations.get_mut(number) {
                operation.proof = Vec::new();
            }
        }
        Ok(())
    }

    /// Whether every operation keeps a policy that a reader asks for.
    pub(crate) fn check_policy(&self, policy: &PoolPolicy) -> Result<(), Failure> {
        for (number, operation) in self.operations.iter().enumerate() {
            if let PoolOperation::Private(operation) = operation {
                policy.check(operation).map_err(|error| {
                    let path = self.path(number, "op");
                    Failure::Invalid(format!("{}: {error}", path.display()))
                })?;
            }
        }
        Ok(())
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
        let mut batch = pool.open_batch().under(&self.policy);
        let applied = batch.apply(&operation, &Verifier);
        applied.map_err(|error| policy::refused(&self.policy, &error))?;
        let sealed = batch.seal();
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
            positions: (checked.sealed.first_position..)
                .take(checked.sealed.commitments.len())
                .collect(),
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
    pub(crate) fn only_shield_of(&self, asset: AssetId, amount: Amount) -> Option<u64> {
        let mut same = (0..).zip(&self.operations).filter(|(_, operation)| {
            matches!(operation, PoolOperation::Shield(shield, _)
                if (shield.asset, shield.amount) == (asset, amount))
        });
        let (number, _) = same.next()?;
        same.next().is_none().then_some(number)
    }

    /// How many notes of the pool may be the one that is spent, by what is public: of that asset where it is
    /// shown, worth that much at least, and admitted by the set where one is shown. Only what was shielded shows its value.
    pub(crate) fn candidates(
        &self,
        asset: Option<AssetId>,
        least: Amount,
        set: Option<&AssociationSet>,
    ) -> u64 {
        let shown = |shown: AssetId| asset.is_none_or(|asset| asset == shown);
        let mut candidates = 0;
        // A position beyond 2^32 is in no tree.
        let mut positions = 0_u32..;
        for operation in &self.operations {
            let (made, may_be) = match operation {
                PoolOperation::Shield(shield, _) => {
                    (1, shown(shield.asset) && shield.amount >= least)
                }
                PoolOperation::Private(private) => (
                    private.commitments().len(),
                    private.payout().is_none_or(|out| shown(out.asset)),
                ),
                _ => (0, false),
            };
            let admitted = positions
                .by_ref()
                .take(made)
                .filter(|&position| set.is_none_or(|set| set.admits(position)));
            let admitted = admitted.count() as u64;
            candidates += if may_be { admitted } else { 0 };
        }
        candidates
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
mod tests;
