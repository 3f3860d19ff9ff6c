//! The state machine, native: accounts and their tree, batches, and the witness of each operation.
//!
//! ```
//! use winterlane_ledger::{Account, AccountId, Amount, AssetId, BatchNumber, ChainId, Deposit, Ledger, RollupId, hash::domain_digest};
//!
//! let account = Account { asset: AssetId::new(7), ..Account::default() };
//! let mut ledger = Ledger::genesis(domain_digest(ChainId::new(1), RollupId::new(1)), BatchNumber::ZERO, [(AccountId::new(3), account)])?;
//! let root = ledger.root();
//!
//! let mut batch = ledger.open_batch();
//! batch.deposit(Deposit { to: AccountId::new(3), asset: AssetId::new(7), amount: Amount::new(1000), keys: None })?;
//! let sealed = batch.seal(None)?;
//!
//! assert_eq!(sealed.public_inputs.old_root, root);
//! assert_eq!(sealed.public_inputs.new_root, ledger.root());
//! assert_eq!(ledger.account(AccountId::new(3)).map(|account| account.balance), Some(Amount::new(1000)));
//! assert_eq!(ledger.batch_number(), BatchNumber::new(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod checked;
mod error;
mod follow;
#[cfg(test)]
mod properties;
mod rules;
#[cfg(test)]
mod tests;
mod witness;

use alloc::{vec, vec::Vec};

pub use batch::{Batch, Draft};
pub use checked::{CheckedOrder, check_order, check_orders};
pub use error::{FollowError, GenesisError, LedgerError, ResumeError, SealError};
pub(crate) use rules::created as created_account;
pub use witness::{OperationWitness, ReceiverWitness, SealedBatch, SignerWitness};

use crate::{
    Account, AccountId, AccountProof, BatchNumber, Digest, Domain, Root, ScalarCompressor,
    hash::{self, Compressor, tag},
    state::{MemoryState, State, StateError},
    tree::AccountTree,
};

/// One rollup between batches: the rules, over a [`State`] that keeps the accounts.
///
/// `C` is what hashes in bulk, [`ScalarCompressor`] unless another is given; `S` is where the accounts are,
/// in memory unless another state is opened.
#[derive(Clone, Debug)]
pub struct Ledger<C = ScalarCompressor, S = MemoryState> {
    domain: Domain,
    state: S,
    compressor: C,
}

impl Ledger {
    /// A ledger with these accounts, whose first batch has number `batch_number`.
    ///
    /// # Errors
    /// [`GenesisError`] when an id occurs twice, a slot's next index is above 1,024, or the
    /// batch number is not below 2^62.
    pub fn genesis(
        domain: Domain,
        batch_number: BatchNumber,
        accounts: impl IntoIterator<Item = (AccountId, Account)>,
    ) -> Result<Self, GenesisError> {
        Self::with_compressor(domain, batch_number, accounts, ScalarCompressor)
    }
}

impl<C: Compressor> Ledger<C> {
    /// A ledger that hashes with `compressor` ([`Ledger::genesis`]).
    ///
    /// # Errors
    /// [`GenesisError`], as [`Ledger::genesis`].
    pub fn with_compressor(
        domain: Domain,
        batch_number: BatchNumber,
        accounts: impl IntoIterator<Item = (AccountId, Account)>,
        compressor: C,
    ) -> Result<Self, GenesisError> {
        let state = MemoryState::new(batch_number.get(), accounts, &compressor)?;
        Ok(Self::open(domain, state, compressor))
    }

    /// The account tree.
    #[must_use]
    pub const fn tree(&self) -> &AccountTree {
        self.state.tree()
    }

    /// One account; `None` when its leaf is empty.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.state.get(id)
    }

    /// A proof of what the leaf of an account holds, an account or nothing.
    #[must_use]
    pub fn prove(&self, id: AccountId) -> AccountProof {
        self.state.proof(id)
    }

    /// All accounts, by ascending id.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (AccountId, &Account)> {
        self.state.iter()
    }
}

impl<C: Compressor, S: State> Ledger<C, S> {
    /// The ledger of a state that exists.
    ///
    /// Signatures are bound to `domain`: it has to be the one that the state was made under.
    ///
    /// ```
    /// use winterlane_ledger::{BatchNumber, Domain, Ledger, ScalarCompressor, state::MemoryState};
    /// let state = MemoryState::new(7, [], &ScalarCompressor)?.keeping(16);
    /// let ledger = Ledger::open(Domain::ZERO, state, ScalarCompressor);
    /// assert_eq!(ledger.batch_number(), BatchNumber::new(7));
    /// # Ok::<(), winterlane_ledger::GenesisError>(())
    /// ```
    #[must_use]
    pub const fn open(domain: Domain, state: S, compressor: C) -> Self {
        Self {
            domain,
            state,
            compressor,
        }
    }

    /// The domain that signatures are bound to.
    #[must_use]
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// What hashes in bulk.
    #[must_use]
    pub const fn compressor(&self) -> &C {
        &self.compressor
    }

    /// The state, to be read: accounts, proofs, older versions.
    #[must_use]
    pub const fn state(&self) -> &S {
        &self.state
    }

    /// The state, to be committed, pruned or undone. Any version of it is one that the ledger can go on from.
    #[must_use]
    pub const fn state_mut(&mut self) -> &mut S {
        &mut self.state
    }

    /// The state alone.
    #[must_use]
    pub fn into_state(self) -> S {
        self.state
    }

    /// The number of the next batch.
    #[must_use]
    pub fn batch_number(&self) -> BatchNumber {
        BatchNumber::new(self.state.version())
    }

    /// Root of the account tree.
    #[must_use]
    pub fn root(&self) -> Root {
        self.state.root()
    }

    /// Takes back the last batch, sealed here or followed, unless it is committed ([`State::undo`]).
    ///
    /// ```
    /// use winterlane_ledger::{Account, AccountId, Amount, AssetId, BatchNumber, Deposit, Domain, Ledger};
    /// let mut ledger = Ledger::genesis(Domain::ZERO, BatchNumber::ZERO, [(AccountId::new(1), Account::default())])?;
    /// let mut batch = ledger.open_batch();
    /// batch.deposit(Deposit { to: AccountId::new(1), asset: AssetId::ZERO, amount: Amount::new(5), keys: None })?;
    /// let sealed = batch.seal(None)?;
    /// // its witness could not be stored, say
    /// ledger.undo()?;
    /// assert_eq!((ledger.batch_number(), ledger.root()), (BatchNumber::ZERO, sealed.public_inputs.old_root));
    /// assert_eq!(ledger.account(AccountId::new(1)).map(|account| account.balance), Some(Amount::ZERO));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StateError::Committed`], [`StateError::Store`]; the ledger is then as before.
    pub fn undo(&mut self) -> Result<(), StateError<S::Error>> {
        self.state.undo()
    }

    /// Opens the next batch. Dropping it unsealed abandons it: the ledger is as before.
    pub fn open_batch(&mut self) -> Batch<'_, C, S> {
        Batch::new(self)
    }

    /// Opens a batch that was set aside ([`Batch::set_aside`]), as it was.
    ///
    /// # Errors
    /// [`ResumeError`] when the ledger has another root, next batch or domain than it had.
    pub fn resume(&mut self, draft: Draft) -> Result<Batch<'_, C, S>, ResumeError> {
        Batch::resume(self, draft)
    }
}

/// The leaves of many accounts: three compressions each, in three calls.
///
/// ```
/// use winterlane_ledger::{Account, Nonce, ScalarCompressor, ledger::leaf_digests};
/// let accounts = [Account::default(), Account { nonce: Nonce::new(1), ..Account::default() }];
/// let leaves = leaf_digests(&accounts, &ScalarCompressor);
/// assert_eq!(leaves, accounts.map(|account| account.leaf_digest()));
/// ```
#[must_use]
pub fn leaf_digests<C: Compressor + ?Sized>(accounts: &[Account], compressor: &C) -> Vec<Digest> {
    let mut digests = vec![Digest::ZERO; accounts.len()];
    let roots = |a: &Account| hash::input(tag::KEYS, &a.slots[0].root.0.0, &a.slots[1].root.0.0);
    let mut inputs: Vec<_> = accounts.iter().map(roots).collect();
    compressor.compress_many(&inputs, &mut digests);
    for ((input, account), keys) in inputs.iter_mut().zip(accounts).zip(&digests) {
        *input = account.meta_input(keys);
    }
    compressor.compress_many(&inputs, &mut digests);
    for ((input, account), meta) in inputs.iter_mut().zip(accounts).zip(&digests) {
        *input = account.leaf_input(meta);
    }
    compressor.compress_many(&inputs, &mut digests);
    digests
}
