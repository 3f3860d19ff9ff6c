//! Accounts and notes from what was published, and nothing else: whoever has the batches of settlement needs nobody to
//! leave.

use std::error::Error;

use thiserror::Error;
use winterlane_ledger::{
    Account, AccountId, BatchNumber, Compressor, GenesisError, Ledger, ScalarCompressor,
    pool::{Pool, PoolOperation, decode_operation},
    private::NoteTree,
    wire,
};

use crate::{
    BatchData, CallError, Genesis, Settlement, Status, proofs::Replayed, state::empty_pool,
};

/// The rollup as its published batches leave it.
///
/// Proofs are not verified again: settlement did. Every root is compared, so that bytes that settlement did not settle
/// are noticed.
#[derive(Debug)]
pub struct Rebuilt<C = ScalarCompressor> {
    /// The accounts, and a path for each.
    pub ledger: Ledger<C>,
    /// The note tree, and a path for each note.
    pub notes: NoteTree,
    /// The operations of the shielded pool, in order and without their proofs: what a wallet scans.
    pub operations: Vec<PoolOperation>,
    pool: Pool,
}

/// Why published data do not make a rollup.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// Settlement cannot be asked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The first accounts are none of a ledger.
    #[error("the first accounts: {0}")]
    Genesis(#[from] GenesisError),
    /// A batch is not there.
    #[error("batch {batch} is settled, and its data are not there")]
    Missing {
        /// The batch.
        batch: BatchNumber,
    },
    /// The data of a batch are not those that were settled.
    #[error("batch {batch}: {source}")]
    Batch {
        /// The batch.
        batch: BatchNumber,
        /// What is wrong with them.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The published data lead elsewhere than settlement is.
    #[error(
        "the published batches lead to another state than settlement has: {what} is {found}, not {expected}"
    )]
    Elsewhere {
        /// What differs.
        what: &'static str,
        /// What the batches lead to.
        found: String,
        /// What settlement has.
        expected: String,
    },
}

impl<C: Compressor> Rebuilt<C> {
    /// The rollup before its first batch.
    ///
    /// # Errors
    /// [`RebuildError::Genesis`].
    pub fn new(genesis: &Genesis, compressor: C) -> Result<Self, RebuildError> {
        let accounts = genesis.accounts.iter();
        let accounts = accounts.map(|(id, account)| (*id, *account));
        let Genesis {
            domain,
            first_batch,
            ..
        } = *genesis;
        Ok(Self {
            ledger: Ledger::with_compressor(domain, first_batch, accounts, compressor)?,
            notes: NoteTree::default(),
            operations: Vec::new(),
            pool: empty_pool(domain, first_batch),
        })
    }

    /// The rollup as settlement has it, from its published batches. `seen` is told of each batch.
    ///
    /// # Errors
    /// [`RebuildError`].
    pub fn of<S: Settlement + ?Sized>(
        settlement: &S,
        compressor: C,
        seen: impl FnMut(BatchNumber),
    ) -> Result<(Self, Status), RebuildError> {
        let mut rebuilt = Self::new(&settlement.genesis()?, compressor)?;
        let status = rebuilt.catch_up(settlement, seen)?;
        Ok((rebuilt, status))
    }

    /// Follows what was settled since.
    ///
    /// # Errors
    /// [`RebuildError`].
    pub fn catch_up<S: Settlement + ?Sized>(
        &mut self,
        settlement: &S,
        mut seen: impl FnMut(BatchNumber),
    ) -> Result<Status, RebuildError> {
        let status = settlement.status()?;
        while self.ledger.batch_number() < status.next_batch {
            let batch = self.ledger.batch_number();
            let data = settlement.batch(batch)?;
            let data = data.ok_or(RebuildError::Missing { batch })?;
            self.follow(&data)?;
            seen(batch);
        }
        let roots = [
            (
                "the root of the accounts",
                self.ledger.root().0,
                status.root.0,
            ),
            (
                "the root of the notes",
                self.notes.root().0,
                status.anchor.0,
            ),
        ];
        for (what, found, expected) in roots {
            if found != expected {
                return Err(RebuildError::Elsewhere {
                    what,
                    found: found.to_string(),
                    expected: expected.to_string(),
                });
            }
        }
        Ok(status)
    }

    /// Follows one batch.
    ///
    /// # Errors
    /// [`RebuildError::Batch`]; the value is of no use then.
    pub fn follow(&mut self, data: &BatchData) -> Result<(), RebuildError> {
        let batch = data.public.batch_number;
        self.try_follow(data)
            .map_err(|source| RebuildError::Batch { batch, source })
    }

    fn try_follow(&mut self, data: &BatchData) -> Result<(), Box<dyn Error + Send + Sync>> {
        let records =
            wire::decode_published(&data.records, &data.public, self.ledger.compressor())?;
        self.ledger.follow(&data.public, &records)?;
        let mut open = self.pool.open_batch();
        for data in &data.pool {
            let mut proof = Some(data.proof.clone());
            let mut operation =
                decode_operation(open.pool(), &data.operation, &mut |_| proof.take())?;
            open.apply(&operation, &Replayed)?;
            if let PoolOperation::Private(private) = &mut operation {
                // most of what was published: whoever leaves must have room for all the others' operations
                private.proof = Vec::new();
            }
            self.operations.push(operation);
        }
        let sealed = open.seal();
        let compressor = self.ledger.compressor();
        self.notes.append_many(&sealed.commitments, compressor)?;
        Ok(())
    }

    /// The accounts by id.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (AccountId, &Account)> {
        self.ledger.accounts()
    }
}
