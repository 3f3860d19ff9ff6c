//! A batch being filled: operations are checked against the state one by one, in order.
//!
//! The accounts that a batch changes are kept beside the ledger's, and the tree is not touched
//! before the end. So a refused operation and an abandoned batch leave no trace, and all hashing
//! of the state happens at once, when the batch is sealed.

use alloc::{collections::BTreeMap, vec::Vec};
use core::mem;

use super::{
    CheckedOrder, Ledger, LedgerError, OperationWitness, ReceiverWitness, ResumeError, SealError,
    SealedBatch, SignerWitness, check_order, leaf_digests,
    rules::{created, credit, debit, same_asset},
};
use crate::{
    Account, Deposit, Digest, KeySlot, MAX_OPERATIONS, Order, PublicInputs, Record, SignedOrder,
    hash::Compressor,
    public::BATCH_NUMBER_BITS,
    record::operations_digest,
    signature::KEY_CAPACITY,
    state::{Changes, MemoryState, State},
    tree::{self, Siblings, TREE_DEPTH, TreeUpdate},
};

/// The fees that a batch has taken in and not paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Pool {
    /// Set by the first fee; the pool then takes no other asset until it is collected.
    asset: Option<u32>,
    amount: u128,
}

/// A batch that takes operations until it is sealed.
///
/// # Example
/// A batch that is dropped leaves the ledger as it was:
/// ```
/// use winterlane_ledger::{Account, Deposit, Digest, Ledger, LedgerError};
/// let mut ledger = Ledger::genesis(Digest::ZERO, 0, [(1, Account::default())])?;
/// let mut batch = ledger.open_batch();
/// batch.deposit(Deposit { to: 1, asset: 0, amount: 5, keys: None })?;
/// let unknown = batch.deposit(Deposit { to: 2, asset: 0, amount: 5, keys: None });
/// assert_eq!(unknown, Err(LedgerError::UnknownAccount { account: 2 }));
/// assert_eq!(batch.account(1).unwrap().balance, 5);
/// drop(batch);
/// assert_eq!(ledger.account(1).unwrap().balance, 0);
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
    changed: BTreeMap<u32, Account>,
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
    domain: Digest,
    number: u64,
    root: Digest,
}

impl Draft {
    /// The number of the batch.
    #[must_use]
    pub const fn number(&self) -> u64 {
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
    pub fn changed(&self, id: u32) -> Option<&Account> {
        self.work.changed.get(&id)
    }
}

impl<C: Compressor> Batch<'_, C> {
    /// An account as the operations so far have left it.
    #[must_use]
    pub fn account(&self, id: u32) -> Option<&Account> {
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
    /// use winterlane_ledger::{Account, Deposit, Digest, Ledger};
    /// let mut ledger = Ledger::genesis(Digest::ZERO, 0, [(1, Account::default())])?;
    /// let mut batch = ledger.open_batch();
    /// batch.deposit(Deposit { to: 1, asset: 0, amount: 5, keys: None })?;
    /// let draft = batch.set_aside();
    /// assert_eq!(ledger.account(1).unwrap().balance, 0);
    /// let sealed = ledger.resume(draft)?.seal(None)?;
    /// assert_eq!((sealed.records.len(), ledger.account(1).unwrap().balance), (1, 5));
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
    pub fn number(&self) -> u64 {
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
    pub fn find(&self, id: u32) -> Result<Option<Account>, S::Error> {
        match self.work.changed.get(&id) {
            Some(account) => Ok(Some(*account)),
            None => self.ledger.state.account(id),
        }
    }

    /// Fees in the pool: asset and amount; `None` when it is empty.
    #[must_use]
    pub const fn pool(&self) -> Option<(u32, u128)> {
        match self.work.pool.asset {
            Some(asset) => Some((asset, self.work.pool.amount)),
            None => None,
        }
    }

    /// Checks the signature of an order and applies it.
    ///
    /// # Errors
    /// [`LedgerError`] when a rule refuses it; the batch is then as before.
    pub fn signed(&mut self, order: SignedOrder) -> Result<(), LedgerError<S::Error>> {
        let account = order.order.signer();
        let checked = check_order(order, &self.ledger.domain, &self.ledger.compressor);
        self.checked(checked.map_err(|reason| LedgerError::BadSignature { account, reason })?)
    }

    /// Applies an order whose signature was checked before ([`super::check_orders`]).
    ///
    /// # Errors
    /// [`LedgerError`] when a rule refuses it; the batch is then as before.
    pub fn checked(&mut self, order: CheckedOrder) -> Result<(), LedgerError<S::Error>> {
        self.slot_left()?;
        if *order.domain() != self.ledger.domain {
            return Err(LedgerError::WrongDomain);
        }
        let id = order.signed().order.signer();
        let account = self.existing(id)?;
        self.authorise(id, &account, &order)?;
        let signed = order.into_signed();
        let key = signed.key();
        let SignedOrder {
            order, signature, ..
        } = signed;
        let after = debit(id, &account, &order, key)?;
        let pool = self.pool_with(account.asset, order.fee())?;
        let receiver = match &order {
            Order::Transfer(transfer) => {
                // A payment to oneself finds the account as the signer's side left it.
                let found = if transfer.to == id {
                    after
                } else {
                    self.existing(transfer.to)?
                };
                same_asset(transfer.to, &found, account.asset)?;
                let credited = credit(transfer.to, &found, transfer.amount)?;
                Some((transfer.to, found, credited))
            }
            Order::Withdraw(_) | Order::RotateKey(_) => None,
        };

        // Nothing can fail from here on.
        self.work.pool = pool;
        self.work.changed.insert(id, after);
        let siblings = [Digest::ZERO; TREE_DEPTH];
        let signer = SignerWitness {
            index: id,
            account,
            siblings,
            signature,
        };
        let receiver = receiver.map(|(index, found, after)| {
            self.work.changed.insert(index, after);
            ReceiverWitness {
                index,
                account: Some(found),
                created: None,
                siblings,
            }
        });
        self.push(order.record(key), Some(signer), receiver);
        Ok(())
    }

    /// Credits a deposit, or creates its account when it has keys.
    ///
    /// # Errors
    /// [`LedgerError`] when a rule refuses it; the batch is then as before.
    pub fn deposit(&mut self, deposit: Deposit) -> Result<(), LedgerError<S::Error>> {
        self.slot_left()?;
        let Deposit {
            to,
            asset,
            amount,
            keys,
        } = deposit;
        let (found, created, after) = match keys {
            None => {
                let found = self.existing(to)?;
                same_asset(to, &found, asset)?;
                (Some(found), None, credit(to, &found, amount)?)
            }
            Some(_) if self.find(to).map_err(LedgerError::State)?.is_some() => {
                return Err(LedgerError::AccountExists { account: to });
            }
            Some(keys) => {
                let account = created(asset, amount, &keys);
                (None, Some(account), account)
            }
        };
        self.work.changed.insert(to, after);
        let siblings = [Digest::ZERO; TREE_DEPTH];
        let receiver = ReceiverWitness {
            index: to,
            account: found,
            created,
            siblings,
        };
        self.push(Record::Deposit(deposit), None, Some(receiver));
        Ok(())
    }

    /// Pays the whole fee pool to an account of its asset. An empty pool may be collected too.
    ///
    /// # Errors
    /// [`LedgerError`] when a rule refuses it; the batch is then as before.
    pub fn collect_fees(&mut self, to: u32) -> Result<(), LedgerError<S::Error>> {
        self.slot_left()?;
        let found = self.existing(to)?;
        let Pool { asset, amount } = self.work.pool;
        let asset = asset.unwrap_or(found.asset);
        if asset != found.asset {
            return Err(LedgerError::PoolAssetConflict {
                pool: asset,
                asset: found.asset,
            });
        }
        let after = credit(to, &found, amount)?;
        self.work.changed.insert(to, after);
        let siblings = [Digest::ZERO; TREE_DEPTH];
        let receiver = ReceiverWitness {
            index: to,
            account: Some(found),
            created: None,
            siblings,
        };
        self.push(Record::CollectFees { to, amount }, None, Some(receiver));
        self.work.pool = Pool::default();
        self.name_pool_asset(asset);
        Ok(())
    }

    /// Takes a slot and does nothing.
    ///
    /// # Errors
    /// [`LedgerError::BatchFull`].
    pub fn noop(&mut self) -> Result<(), LedgerError<S::Error>> {
        self.slot_left()?;
        self.push(Record::Noop, None, None);
        Ok(())
    }

    /// Closes the batch: pads it with Noops to `slots` (by default the next power of two), hashes
    /// the new state into the tree, and moves the ledger on to the next batch number.
    ///
    /// Afterwards this value is the next batch, open and empty.
    ///
    /// # Errors
    /// [`SealError`] when the fee pool is not empty, there is no such number of slots, or the state fails; the
    /// batch is then still open, as before.
    pub fn seal(&mut self, slots: Option<u32>) -> Result<SealedBatch, SealError<S::Error>> {
        let operations = self.work.operations.len() as u32;
        let slots = slots.unwrap_or_else(|| operations.next_power_of_two());
        if !slots.is_power_of_two() || slots > MAX_OPERATIONS || slots < operations {
            return Err(SealError::Slots { slots, operations });
        }
        if let Some((asset, amount)) = self.pool() {
            return Err(SealError::PoolNotEmpty { asset, amount });
        }
        let batch_number = self.ledger.batch_number();
        if batch_number >> BATCH_NUMBER_BITS != 0 {
            return Err(SealError::BatchNumber { batch_number });
        }
        let pool_since = self.work.pool_since;
        for _ in operations..slots {
            self.push(Record::Noop, None, None);
        }
        let last = self.work.operations[..pool_since]
            .last()
            .map(|operation| operation.pool_asset);
        self.name_pool_asset(last.unwrap_or(0));
        let old_root = self.ledger.root();
        if let Err(error) = self.write_state() {
            // what was filled in is filled in again when the batch is sealed
            self.work.operations.truncate(operations as usize);
            self.work.pool_since = pool_since;
            return Err(SealError::State(error));
        }
        let Work { operations, .. } = mem::take(&mut self.work);
        let records: Vec<Record> = operations
            .iter()
            .map(|operation| operation.record)
            .collect();
        let public_inputs = PublicInputs {
            domain: self.ledger.domain,
            batch_number,
            old_root,
            new_root: self.ledger.root(),
            operations_digest: operations_digest(&records, &self.ledger.compressor),
            num_operations: slots,
        };
        Ok(SealedBatch {
            public_inputs,
            records,
            operations,
        })
    }

    /// Replays the leaves that the operations change into the tree, fills in the siblings, and moves the
    /// state on to the next version.
    fn write_state(&mut self) -> Result<(), S::Error> {
        let Ledger {
            state, compressor, ..
        } = &mut *self.ledger;
        let mut ids = Vec::new();
        let mut accounts = Vec::new();
        for operation in &self.work.operations {
            if let Some(signer) = &operation.signer {
                ids.push(signer.index);
                accounts.push(signer.account_after(&operation.record));
            }
            if let Some(receiver) = &operation.receiver {
                ids.push(receiver.index);
                accounts.push(receiver.account_after(operation.record.amount()));
            }
        }
        let leaves = leaf_digests(&accounts, compressor);
        let updates: Vec<(u32, Digest)> = ids.into_iter().zip(leaves).collect();
        let siblings = |ids: &[u32], out: &mut [Siblings]| state.siblings(ids, out);
        let TreeUpdate { paths, nodes } = tree::update(&updates, siblings, compressor)?;
        let mut paths = paths.into_iter();
        for operation in &mut self.work.operations {
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
        let accounts = self.work.changed.iter();
        state.apply(Changes {
            accounts: accounts.map(|(id, account)| (*id, *account)).collect(),
            nodes,
        })
    }

    fn slot_left(&self) -> Result<(), LedgerError<S::Error>> {
        if self.work.operations.len() < MAX_OPERATIONS as usize {
            Ok(())
        } else {
            Err(LedgerError::BatchFull {
                capacity: MAX_OPERATIONS,
            })
        }
    }

    fn existing(&self, id: u32) -> Result<Account, LedgerError<S::Error>> {
        self.find(id)
            .map_err(LedgerError::State)?
            .ok_or(LedgerError::UnknownAccount { account: id })
    }

    /// Whether the order may run now, by this account, signed by this one-time key.
    fn authorise(
        &self,
        id: u32,
        account: &Account,
        checked: &CheckedOrder,
    ) -> Result<(), LedgerError<S::Error>> {
        let SignedOrder {
            order, nonce, slot, ..
        } = checked.signed();
        let slot = *slot;
        let (signed, current) = (*nonce, account.nonce);
        if signed < current {
            return Err(LedgerError::StaleNonce {
                account: id,
                signed,
                current,
            });
        }
        if signed > current {
            return Err(LedgerError::FutureNonce {
                account: id,
                signed,
                current,
            });
        }
        if current == u32::MAX {
            return Err(LedgerError::NonceExhausted { account: id });
        }
        let (valid_until, batch_number) = (order.valid_until(), self.ledger.batch_number());
        match valid_until.checked_sub(batch_number) {
            None => {
                return Err(LedgerError::Expired {
                    valid_until,
                    batch_number,
                });
            }
            Some(left) if left >> BATCH_NUMBER_BITS != 0 => {
                return Err(LedgerError::ValidTooLong {
                    valid_until,
                    batch_number,
                });
            }
            Some(_) => {}
        }
        let KeySlot {
            root,
            next_index,
            scope,
        } = account.slots[slot.index()];
        let needed = order.needed_scope();
        // its number is below 1,024: the check of the signature saw to that
        let used = checked.signed().key().index;
        if root != *checked.root() {
            Err(LedgerError::UnknownKey { account: id, slot })
        } else if !scope.allows(needed) {
            Err(LedgerError::WrongScope {
                account: id,
                slot,
                held: scope,
                needed,
            })
        } else if u32::from(next_index) >= KEY_CAPACITY {
            Err(LedgerError::KeyExhausted { account: id, slot })
        } else if used < next_index {
            Err(LedgerError::UsedOneTimeKey {
                account: id,
                slot,
                used,
                next_index,
            })
        } else {
            Ok(())
        }
    }

    /// The pool after a fee.
    fn pool_with(&self, asset: u32, fee: u128) -> Result<Pool, LedgerError<S::Error>> {
        if fee == 0 {
            return Ok(self.work.pool);
        }
        match self.work.pool.asset {
            Some(pool) if pool != asset => Err(LedgerError::PoolAssetConflict { pool, asset }),
            _ => {
                let amount = self.work.pool.amount.checked_add(fee);
                let amount = amount.ok_or(LedgerError::PoolOverflow { fee })?;
                Ok(Pool {
                    asset: Some(asset),
                    amount,
                })
            }
        }
    }

    /// Writes the pool's asset into the operations since the pool was last collected.
    fn name_pool_asset(&mut self, asset: u32) {
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
            pool_asset: 0,
            signer,
            receiver,
        };
        self.work.operations.push(operation);
    }
}
