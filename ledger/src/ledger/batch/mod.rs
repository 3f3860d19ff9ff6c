//! A batch being filled: operations are checked against the state one by one, in order.
//!
//! The accounts that a batch changes are kept beside the ledger's, and the tree is not touched
//! before the end. So a refused operation and an abandoned batch leave no trace, and all hashing
//! of the state happens at once, when the batch is sealed.

mod apply;
mod seal;

use alloc::{collections::BTreeMap, vec::Vec};

use super::{Ledger, OperationWitness, ReceiverWitness, ResumeError, SignerWitness};
use crate::{
    Account, AccountId, Amount, AssetId, BatchNumber, Domain, Record, Root,
    hash::Compressor,
    state::{MemoryState, State},
};

/// The fees that a batch has taken in and not paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Pool {
    /// Set by the first fee; the pool then takes no other asset until it is collected.
    asset: Option<AssetId>,
    amount: Amount,
}

/// A batch that takes operations until it is sealed.
///
/// # Example
/// A batch that is dropped leaves the ledger as it was:
/// ```
/// use winterlane_ledger::{Account, AccountId, Amount, AssetId, BatchNumber, Deposit, Domain, Ledger, LedgerError};
/// let mut ledger = Ledger::genesis(Domain::ZERO, BatchNumber::ZERO, [(AccountId::new(1), Account::default())])?;
/// let mut batch = ledger.open_batch();
/// batch.deposit(Deposit { to: AccountId::new(1), asset: AssetId::ZERO, amount: Amount::new(5), keys: None })?;
/// let unknown = batch.deposit(Deposit { to: AccountId::new(2), asset: AssetId::ZERO, amount: Amount::new(5), keys: None });
/// assert_eq!(unknown, Err(LedgerError::UnknownAccount { account: AccountId::new(2) }));
/// assert_eq!(batch.account(AccountId::new(1)).unwrap().balance, Amount::new(5));
/// drop(batch);
/// assert_eq!(ledger.account(AccountId::new(1)).unwrap().balance, Amount::ZERO);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Batch<'a, C, S = MemoryState> {
    ledger: &'a mut Ledger<C, S>,
    work: Work,
}

/// What a batch has done so far.
#[derive(Clone, Debug, Default)]
struct Work {
    /// Accounts as the batch has left them; those it has not touched are the ledger's.
    changed: BTreeMap<AccountId, Account>,
    /// Witnesses whose siblings and pool asset are filled in later.
    operations: Vec<OperationWitness>,
    pool: Pool,
    /// The first operation since the pool was last collected: from here on its asset is open.
    pool_since: usize,
}

/// An open batch that was set aside: it borrows no ledger ([`Batch::set_aside`], [`Ledger::resume`]).
#[derive(Clone, Debug)]
pub struct Draft {
    work: Work,
    domain: Domain,
    number: BatchNumber,
    root: Root,
}

impl Draft {
    /// The number of the batch.
    #[must_use]
    pub const fn number(&self) -> BatchNumber {
        self.number
    }

    /// Operations applied so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.work.operations.len()
    }

    /// Whether no operation was applied yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.work.operations.is_empty()
    }

    /// An account that the operations so far have changed.
    #[must_use]
    pub fn changed(&self, id: AccountId) -> Option<&Account> {
        self.work.changed.get(&id)
    }
}

impl<C: Compressor> Batch<'_, C> {
    /// An account as the operations so far have left it.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.work
            .changed
            .get(&id)
            .or_else(|| self.ledger.account(id))
    }
}

impl<'a, C: Compressor, S: State> Batch<'a, C, S> {
    pub(super) fn new(ledger: &'a mut Ledger<C, S>) -> Self {
        Self {
            ledger,
            work: Work::default(),
        }
    }

    pub(super) fn resume(ledger: &'a mut Ledger<C, S>, draft: Draft) -> Result<Self, ResumeError> {
        let Draft {
            work,
            domain,
            number,
            root,
        } = draft;
        let (expected, found) = (ledger.batch_number(), ledger.root());
        if (domain, number, root) != (ledger.domain, expected, found) {
            return Err(ResumeError { number, expected });
        }
        Ok(Self { ledger, work })
    }

    /// Sets the batch aside, so that the ledger is free: for whoever keeps a batch open between orders and
    /// owns the ledger beside it.
    ///
    /// ```
    /// use winterlane_ledger::{Account, AccountId, Amount, AssetId, BatchNumber, Deposit, Domain, Ledger};
    /// let mut ledger = Ledger::genesis(Domain::ZERO, BatchNumber::ZERO, [(AccountId::new(1), Account::default())])?;
    /// let mut batch = ledger.open_batch();
    /// batch.deposit(Deposit { to: AccountId::new(1), asset: AssetId::ZERO, amount: Amount::new(5), keys: None })?;
    /// let draft = batch.set_aside();
    /// assert_eq!(ledger.account(AccountId::new(1)).unwrap().balance, Amount::ZERO);
    /// let sealed = ledger.resume(draft)?.seal(None)?;
    /// assert_eq!((sealed.records.len(), ledger.account(AccountId::new(1)).unwrap().balance), (1, Amount::new(5)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn set_aside(self) -> Draft {
        Draft {
            work: self.work,
            domain: self.ledger.domain,
            number: self.ledger.batch_number(),
            root: self.ledger.root(),
        }
    }

    /// The number of this batch.
    #[must_use]
    pub fn number(&self) -> BatchNumber {
        self.ledger.batch_number()
    }

    /// Operations applied so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.work.operations.len()
    }

    /// Whether no operation was applied yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.work.operations.is_empty()
    }

    /// An account as the operations so far have left it, wherever it is kept; `None` when its leaf is empty.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn find(&self, id: AccountId) -> Result<Option<Account>, S::Error> {
        match self.work.changed.get(&id) {
            Some(account) => Ok(Some(*account)),
            None => self.ledger.state.account(id),
        }
    }

    /// Fees in the pool: asset and amount; `None` when it is empty.
    #[must_use]
    pub const fn pool(&self) -> Option<(AssetId, Amount)> {
        match self.work.pool.asset {
            Some(asset) => Some((asset, self.work.pool.amount)),
            None => None,
        }
    }

    /// Writes the pool's asset into the operations since the pool was last collected.
    fn name_pool_asset(&mut self, asset: AssetId) {
        for operation in &mut self.work.operations[self.work.pool_since..] {
            operation.pool_asset = asset;
        }
        self.work.pool_since = self.work.operations.len();
    }

    fn push(
        &mut self,
        record: Record,
        signer: Option<SignerWitness>,
        receiver: Option<ReceiverWitness>,
    ) {
        let batch_number = self.ledger.batch_number();
        let operation = OperationWitness {
            record,
            batch_number,
            pool_asset: AssetId::ZERO,
            signer,
            receiver,
        };
        self.work.operations.push(operation);
    }
}
