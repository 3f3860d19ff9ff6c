//! The state machine, native: accounts and their tree, batches, and the witness of each operation.
//!
//! ```
//! use winterlane_ledger::{Account, Deposit, Ledger, hash::domain_digest};
//!
//! let account = Account { asset: 7, ..Account::default() };
//! let mut ledger = Ledger::genesis(domain_digest(1, 1), 0, [(3, account)])?;
//! let root = ledger.root();
//!
//! let mut batch = ledger.open_batch();
//! batch.deposit(Deposit { to: 3, asset: 7, amount: 1000, keys: None })?;
//! let sealed = batch.seal(None)?;
//!
//! assert_eq!(sealed.public_inputs.old_root, root);
//! assert_eq!(sealed.public_inputs.new_root, ledger.root());
//! assert_eq!(ledger.account(3).map(|account| account.balance), Some(1000));
//! assert_eq!(ledger.batch_number(), 1);
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

use alloc::{collections::BTreeMap, vec, vec::Vec};

pub use batch::Batch;
pub use checked::{CheckedOrder, check_order, check_orders};
pub use error::{FollowError, GenesisError, LedgerError, SealError};
pub(crate) use rules::created as created_account;
pub use witness::{OperationWitness, ReceiverWitness, SealedBatch, SignerWitness};

use crate::{
    Account, AccountProof, Digest, ScalarCompressor,
    hash::{self, Compressor, tag},
    public::BATCH_NUMBER_BITS,
    signature::KEY_CAPACITY,
    tree::AccountTree,
};

/// The accounts of one rollup between batches.
///
/// `C` is what hashes in bulk; [`ScalarCompressor`] unless another is given.
#[derive(Clone, Debug)]
pub struct Ledger<C = ScalarCompressor> {
    domain: Digest,
    batch_number: u64,
    accounts: BTreeMap<u32, Account>,
    tree: AccountTree,
    compressor: C,
}

impl Ledger {
    /// A ledger with these accounts, whose first batch has number `batch_number`.
    ///
    /// # Errors
    /// [`GenesisError`] when an id occurs twice, a slot's next index is above 1,024, or the
    /// batch number is not below 2^62.
    pub fn genesis(
        domain: Digest,
        batch_number: u64,
        accounts: impl IntoIterator<Item = (u32, Account)>,
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
        domain: Digest,
        batch_number: u64,
        accounts: impl IntoIterator<Item = (u32, Account)>,
        compressor: C,
    ) -> Result<Self, GenesisError> {
        if batch_number >> BATCH_NUMBER_BITS != 0 {
            return Err(GenesisError::BatchNumber { batch_number });
        }
        let mut map = BTreeMap::new();
        for (id, account) in accounts {
            if account
                .slots
                .iter()
                .any(|slot| u32::from(slot.next_index) > KEY_CAPACITY)
            {
                return Err(GenesisError::NextIndex { account: id });
            }
            if map.insert(id, account).is_some() {
                return Err(GenesisError::Duplicate { account: id });
            }
        }
        let values: Vec<Account> = map.values().copied().collect();
        let leaves = leaf_digests(&values, &compressor);
        let tree = AccountTree::from_leaves(map.keys().copied().zip(leaves), &compressor);
        Ok(Self {
            domain,
            batch_number,
            accounts: map,
            tree,
            compressor,
        })
    }

    /// The domain that signatures are bound to.
    #[must_use]
    pub const fn domain(&self) -> &Digest {
        &self.domain
    }

    /// The number of the next batch.
    #[must_use]
    pub const fn batch_number(&self) -> u64 {
        self.batch_number
    }

    /// Root of the account tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// The account tree.
    #[must_use]
    pub const fn tree(&self) -> &AccountTree {
        &self.tree
    }

    /// One account; `None` when its leaf is empty.
    #[must_use]
    pub fn account(&self, id: u32) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// A proof of what the leaf of an account holds, an account or nothing.
    #[must_use]
    pub fn prove(&self, id: u32) -> AccountProof {
        AccountProof {
            id,
            account: self.account(id).copied(),
            siblings: self.tree.siblings(id),
        }
    }

    /// All accounts, by ascending id.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (u32, &Account)> {
        self.accounts.iter().map(|(id, account)| (*id, account))
    }

    /// Opens the next batch. Dropping it unsealed abandons it: the ledger is as before.
    pub fn open_batch(&mut self) -> Batch<'_, C> {
        Batch::new(self)
    }
}

impl<C: Compressor> Ledger<C> {
    /// Replays the leaves that the operations change into the tree, and fills in the siblings.
    fn hash_state(&mut self, operations: &mut [OperationWitness]) {
        let mut ids = Vec::new();
        let mut accounts = Vec::new();
        for operation in &*operations {
            if let Some(signer) = &operation.signer {
                ids.push(signer.index);
                accounts.push(signer.account_after(&operation.record));
            }
            if let Some(receiver) = &operation.receiver {
                ids.push(receiver.index);
                accounts.push(receiver.account_after(operation.record.amount()));
            }
        }
        let leaves = leaf_digests(&accounts, &self.compressor);
        let updates: Vec<(u32, Digest)> = ids.into_iter().zip(leaves).collect();
        let mut paths = self
            .tree
            .update_many(&updates, &self.compressor)
            .into_iter();
        for operation in operations {
            let signer = operation.signer.as_mut().map(|signer| &mut signer.siblings);
            let receiver = operation
                .receiver
                .as_mut()
                .map(|receiver| &mut receiver.siblings);
            // One path per leaf, in the order of the leaves above.
            for siblings in signer.into_iter().chain(receiver) {
                *siblings = paths.next().unwrap_or(*siblings);
            }
        }
    }
}

/// The leaves of many accounts: three compressions each, in three calls.
///
/// ```
/// use winterlane_ledger::{Account, ScalarCompressor, ledger::leaf_digests};
/// let accounts = [Account::default(), Account { nonce: 1, ..Account::default() }];
/// let leaves = leaf_digests(&accounts, &ScalarCompressor);
/// assert_eq!(leaves, accounts.map(|account| account.leaf_digest()));
/// ```
pub fn leaf_digests<C: Compressor + ?Sized>(accounts: &[Account], compressor: &C) -> Vec<Digest> {
    let mut digests = vec![Digest::ZERO; accounts.len()];
    let roots = |a: &Account| hash::input(tag::KEYS, &a.slots[0].root.0, &a.slots[1].root.0);
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
