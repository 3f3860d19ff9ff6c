//! Operations: what each of them needs, and what it changes.

use super::{Batch, Pool};
use crate::{
    Account, AccountId, Amount, AssetId, Deposit, Digest, KeySlot, MAX_OPERATIONS, Nonce, Order,
    Record, SignedOrder,
    hash::Compressor,
    ledger::{
        CheckedOrder, LedgerError, ReceiverWitness, SignerWitness, check_order,
        rules::{created, credit, debit, same_asset},
    },
    public::BATCH_NUMBER_BITS,
    signature::KEY_CAPACITY,
    state::State,
    tree::TREE_DEPTH,
};

impl<C: Compressor, S: State> Batch<'_, C, S> {
    /// Checks the signature of an order and applies it.
    ///
    /// # Errors
    /// [`LedgerError`] when a rule refuses it; the batch is then as before.
    pub fn signed(&mut self, order: SignedOrder) -> Result<(), LedgerError<S::Error>> {
        let account = order.order.signer();
        let checked = check_order(order, &self.ledger.domain, &self.ledger.compressor);
        self.checked(checked.map_err(|reason| LedgerError::BadSignature { account, reason })?)
    }

    /// Applies an order whose signature was checked before ([`crate::check_orders`]).
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
        // Last: whoever hears that the pool holds another asset may pay it out and ask again, for nothing if another rule
        // refuses the order.
        let pool = self.pool_with(account.asset, order.fee())?;

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
    pub fn collect_fees(&mut self, to: AccountId) -> Result<(), LedgerError<S::Error>> {
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

    fn slot_left(&self) -> Result<(), LedgerError<S::Error>> {
        if self.work.operations.len() < MAX_OPERATIONS as usize {
            Ok(())
        } else {
            Err(LedgerError::BatchFull {
                capacity: MAX_OPERATIONS,
            })
        }
    }

    fn existing(&self, id: AccountId) -> Result<Account, LedgerError<S::Error>> {
        self.find(id)
            .map_err(LedgerError::State)?
            .ok_or(LedgerError::UnknownAccount { account: id })
    }

    /// Whether the order may run now, by this account, signed by this one-time key.
    fn authorise(
        &self,
        id: AccountId,
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
        if current == Nonce::MAX {
            return Err(LedgerError::NonceExhausted { account: id });
        }
        let (valid_until, batch_number) = (order.valid_until(), self.ledger.batch_number());
        match valid_until.since(batch_number) {
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
    fn pool_with(&self, asset: AssetId, fee: Amount) -> Result<Pool, LedgerError<S::Error>> {
        if fee == Amount::ZERO {
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
}
