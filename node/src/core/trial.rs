//! The state that orders are tried on: what the store has, and what was decided since.
//!
//! Orders are tried long before their batch is sealed, several batches ahead if proofs are slow. The ledger's
//! own rules say what becomes of the accounts; nothing of the tree is needed for that, and nothing is hashed.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use winterlane_ledger::{
    Account, AccountId, BatchNumber, Compressor, Digest, Root,
    hash::Input,
    state::{Changes, ReadState, State, StateError},
    tree::Siblings,
};

use crate::store::StoreError;

/// Where the accounts are that no decision has changed.
pub(crate) trait Base: Send + 'static {
    /// An account after the last sealed batch.
    fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;
}

/// Hashes nothing: every digest is zero. What is tried on a [`Trial`] is thrown away.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoHash;

impl Compressor for NoHash {
    fn compress_many(&self, _: &[Input], out: &mut [Digest]) {
        out.fill(Digest::ZERO);
    }
}

/// Accounts that decided batches have changed, each with the last batch that did.
type Decided = BTreeMap<AccountId, (BatchNumber, Account)>;

/// The state after all batches that are closed. Its tree is not kept: every digest is zero.
pub(crate) struct Trial<B> {
    base: B,
    version: u64,
    decided: Arc<Mutex<Decided>>,
}

/// The other end of a [`Trial`]: forgets what the store has by now.
#[derive(Clone, Debug)]
pub(crate) struct Forget(Arc<Mutex<Decided>>);

fn lock(decided: &Mutex<Decided>) -> MutexGuard<'_, Decided> {
    decided.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Forget {
    /// The store has every batch below `next`.
    pub(crate) fn below(&self, next: BatchNumber) {
        lock(&self.0).retain(|_, (batch, _)| *batch >= next);
    }
}

impl<B: Base> Trial<B> {
    /// The state of `base`, whose next batch has this number.
    pub(crate) fn new(base: B, next: BatchNumber) -> (Self, Forget) {
        let decided = Arc::<Mutex<Decided>>::default();
        let forget = Forget(decided.clone());
        let trial = Self {
            base,
            version: next.get(),
            decided,
        };
        (trial, forget)
    }
}

impl<B: Base> ReadState for Trial<B> {
    type Error = StoreError;

    fn version(&self) -> u64 {
        self.version
    }

    fn root(&self) -> Root {
        Root::ZERO
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        // first what was decided: it is forgotten only after the store has it
        let decided = lock(&self.decided).get(&id).map(|(_, account)| *account);
        match decided {
            Some(account) => Ok(Some(account)),
            None => self.base.account(id),
        }
    }

    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, StoreError> {
        let decided = lock(&self.decided);
        let found = decided.range(first..).take(limit);
        Ok(found.map(|(id, (_, account))| (*id, *account)).collect())
    }

    fn node(&self, _: usize, _: u32) -> Result<Digest, StoreError> {
        Ok(Digest::ZERO)
    }

    fn siblings(&self, _: &[u32], _: &mut [Siblings]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl<B: Base> State for Trial<B> {
    type Older<'a> = NotKept;

    fn at(&self, version: u64) -> Result<NotKept, StateError<StoreError>> {
        Err(StateError::Version {
            version,
            oldest: self.version,
            newest: self.version,
        })
    }

    fn versions(&self) -> RangeInclusive<u64> {
        self.version..=self.version
    }

    fn committed(&self) -> u64 {
        self.version
    }

    fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        let batch = BatchNumber::new(self.version);
        let accounts = changes.accounts.into_iter();
        lock(&self.decided).extend(accounts.map(|(id, account)| (id, (batch, account))));
        self.version += 1;
        Ok(())
    }

    fn undo(&mut self) -> Result<(), StateError<StoreError>> {
        Err(StateError::Committed {
            version: self.version,
        })
    }

    fn commit(&mut self, _: u64) -> Result<(), StateError<StoreError>> {
        Ok(())
    }

    fn prune(&mut self, _: u64) -> Result<(), StateError<StoreError>> {
        Ok(())
    }
}

/// No older version of a [`Trial`] is kept; this type has no values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NotKept {}

impl ReadState for NotKept {
    type Error = StoreError;

    fn version(&self) -> u64 {
        match *self {}
    }

    fn root(&self) -> Root {
        match *self {}
    }

    fn account(&self, _: AccountId) -> Result<Option<Account>, StoreError> {
        match *self {}
    }

    fn accounts_from(
        &self,
        _: AccountId,
        _: usize,
    ) -> Result<Vec<(AccountId, Account)>, StoreError> {
        match *self {}
    }

    fn node(&self, _: usize, _: u32) -> Result<Digest, StoreError> {
        match *self {}
    }
}
