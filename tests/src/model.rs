//! A reference ledger: the rules of the statement over hash maps, without trees, hashes or proofs.
//!
//! Keys are names here, and a signature is who signed what: [`Signing`]. It shares the types that
//! say what is asked for and what is refused with the ledger under test, and no code.

use std::collections::HashMap;

use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, Deposit, KeyUse, LedgerError, Nonce, Order, Scope,
    SealError, SlotIndex,
};

use crate::scenario::{KeyName, Opening};

/// A key slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The key.
    pub key: KeyName,
    /// The first of its one-time keys that may still sign.
    pub next_index: u16,
    /// What it may sign.
    pub scope: Scope,
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its asset.
    pub asset: u32,
    /// Its balance.
    pub balance: u128,
    /// How often it signed.
    pub nonce: u32,
    /// Its keys.
    pub slots: [Slot; 2],
}

/// Accounts by id.
pub type Accounts = HashMap<u32, Holder>;

/// Who signed, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The key.
    pub key: KeyName,
    /// The slot it is said to be in.
    pub slot: SlotIndex,
    /// The number of its one-time key.
    pub index: u16,
    /// The nonce.
    pub nonce: u32,
}

/// A new account's keys, by name.
pub type NewSlots = [(KeyName, Scope); 2];

/// An operation that a batch took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A signed one, and by which one-time key.
    Signed(Order, KeyUse),
    /// A deposit; with keys if it created its account.
    Deposit(Deposit),
    /// A collection: to whom, and how much.
    Collect(u32, u128),
    /// Padding.
    Noop,
}

/// The reference ledger, with a batch open.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The number of the open batch.
    pub batch_number: u64,
    /// The accounts now.
    pub accounts: Accounts,
    /// The fee pool: asset and amount.
    pub pool: Option<(u32, u128)>,
    /// What the open batch took.
    pub entries: Vec<Entry>,
    /// The accounts before each of them, after its signer's part, and after it.
    pub history: Vec<[Accounts; 3]>,
}

impl Model {
    /// Accounts at the beginning, before batch `batch_number`.
    pub fn new(batch_number: u64, openings: &[Opening]) -> Self {
        let accounts = openings.iter().map(|opening| {
            let slots = opening.slots.map(|(key, scope, next_index)| Slot {
                key,
                next_index,
                scope,
            });
            let holder = Holder {
                asset: opening.asset,
                balance: opening.balance,
                nonce: opening.nonce,
                slots,
            };
            (opening.id, holder)
        });
        Self {
            batch_number,
            accounts: accounts.collect(),
            ..Self::default()
        }
    }

    fn existing(&self, account: u32) -> Result<Holder, LedgerError> {
        let holder = self.accounts.get(&account).copied();
        holder.ok_or(LedgerError::UnknownAccount {
            account: AccountId::new(account),
        })
    }

    fn take(&mut self, entry: Entry, between: Accounts, after: Accounts) {
        let before = std::mem::replace(&mut self.accounts, after.clone());
        self.entries.push(entry);
        self.history.push([before, between, after]);
    }

    /// A signed operation.
    ///
    /// # Errors
    /// The rule that refuses it; nothing has changed then.
    pub fn signed(&mut self, order: &Order, signing: Signing) -> Result<(), LedgerError> {
        let account = order.signer();
        let mut signer = self.existing(account.get())?;
        self.may_sign(account.get(), &signer, order, signing)?;
        let (amount, fee) = (order.amount(), order.fee());
        let spent = amount.checked_add(fee);
        signer.balance = match spent {
            Some(spent) if spent <= Amount::new(signer.balance) => signer.balance - spent.get(),
            _ => {
                return Err(LedgerError::InsufficientFunds {
                    account,
                    balance: Amount::new(signer.balance),
                    amount,
                    fee,
                });
            }
        };
        signer.nonce += 1;
        let Signing { slot, index, .. } = signing;
        signer.slots[slot.index()].next_index = index + 1;
        let asset = signer.asset;
        let mut between = self.accounts.clone();
        match order {
            Order::RotateKey(rotate) => {
                let slot = &mut signer.slots[rotate.slot.index()];
                // which key that root is, the caller says
                slot.next_index = 0;
                slot.scope = rotate.scope;
            }
            Order::Transfer(_) | Order::Withdraw(_) => {}
        }
        between.insert(account.get(), signer);
        let mut after = between.clone();
        if let Order::Transfer(transfer) = order {
            credit(&mut after, transfer.to.get(), asset, amount.get())?;
        }
        self.pool = match self.pool {
            _ if fee == Amount::ZERO => self.pool,
            None => Some((asset, fee.get())),
            Some((pool, _)) if pool != asset => {
                return Err(LedgerError::PoolAssetConflict {
                    pool: AssetId::new(pool),
                    asset: AssetId::new(asset),
                });
            }
            Some((_, held)) => {
                let sum = held.checked_add(fee.get());
                Some((asset, sum.ok_or(LedgerError::PoolOverflow { fee })?))
            }
        };
        self.take(
            Entry::Signed(*order, KeyUse { slot, index }),
            between,
            after,
        );
        Ok(())
    }

    /// As [`Model::signed`], for a rotation to a key of this name.
    ///
    /// # Errors
    /// As there.
    pub fn rotate(
        &mut self,
        order: &Order,
        to: KeyName,
        signing: Signing,
    ) -> Result<(), LedgerError> {
        self.signed(order, signing)?;
        let Order::RotateKey(rotate) = order else {
            return Ok(());
        };
        let changed = |accounts: &mut Accounts| {
            if let Some(holder) = accounts.get_mut(&rotate.account.get()) {
                holder.slots[rotate.slot.index()].key = to;
            }
        };
        changed(&mut self.accounts);
        if let Some([_, between, after]) = self.history.last_mut() {
            changed(between);
            changed(after);
        }
        Ok(())
    }

    fn may_sign(
        &self,
        account: u32,
        signer: &Holder,
        order: &Order,
        Signing {
            key,
            slot,
            index,
            nonce,
        }: Signing,
    ) -> Result<(), LedgerError> {
        let (signed, current) = (nonce, signer.nonce);
        if signed != current {
            return Err(if signed < current {
                LedgerError::StaleNonce {
                    account: AccountId::new(account),
                    signed: Nonce::new(signed),
                    current: Nonce::new(current),
                }
            } else {
                LedgerError::FutureNonce {
                    account: AccountId::new(account),
                    signed: Nonce::new(signed),
                    current: Nonce::new(current),
                }
            });
        }
        if current == u32::MAX {
            return Err(LedgerError::NonceExhausted {
                account: AccountId::new(account),
            });
        }
        let (valid_until, batch_number) = (order.valid_until(), self.batch_number);
        if valid_until < BatchNumber::new(batch_number) {
            return Err(LedgerError::Expired {
                valid_until,
                batch_number: BatchNumber::new(batch_number),
            });
        }
        if valid_until.get() - batch_number >= 1 << 62 {
            return Err(LedgerError::ValidTooLong {
                valid_until,
                batch_number: BatchNumber::new(batch_number),
            });
        }
        let needed = match order {
            Order::Transfer(_) | Order::Withdraw(_) => Scope::SPEND,
            Order::RotateKey(_) => Scope::ROTATE,
        };
        let held = signer.slots[slot.index()];
        if held.key != key {
            return Err(LedgerError::UnknownKey {
                account: AccountId::new(account),
                slot,
            });
        }
        if held.scope.bits() & needed.bits() == 0 {
            return Err(LedgerError::WrongScope {
                account: AccountId::new(account),
                slot,
                held: held.scope,
                needed,
            });
        }
        let next_index = held.next_index;
        if next_index > 1023 {
            return Err(LedgerError::KeyExhausted {
                account: AccountId::new(account),
                slot,
            });
        }
        if index < next_index {
            return Err(LedgerError::UsedOneTimeKey {
                account: AccountId::new(account),
                slot,
                used: index,
                next_index,
            });
        }
        Ok(())
    }

    /// A deposit; `slots` are the names of the keys that it brings.
    ///
    /// # Errors
    /// The rule that refuses it; nothing has changed then.
    pub fn deposit(
        &mut self,
        deposit: &Deposit,
        slots: Option<NewSlots>,
    ) -> Result<(), LedgerError> {
        let Deposit {
            to, asset, amount, ..
        } = *deposit;
        let mut after = self.accounts.clone();
        match slots {
            None => credit(&mut after, to.get(), asset.get(), amount.get())?,
            Some(_) if after.contains_key(&to.get()) => {
                return Err(LedgerError::AccountExists { account: to });
            }
            Some(slots) => {
                let slots = slots.map(|(key, scope)| Slot {
                    key,
                    next_index: 0,
                    scope,
                });
                let holder = Holder {
                    asset: asset.get(),
                    balance: amount.get(),
                    nonce: 0,
                    slots,
                };
                after.insert(to.get(), holder);
            }
        }
        self.take(Entry::Deposit(*deposit), self.accounts.clone(), after);
        Ok(())
    }

    /// A collection of the pool.
    ///
    /// # Errors
    /// The rule that refuses it; nothing has changed then.
    pub fn collect(&mut self, to: u32) -> Result<(), LedgerError> {
        let holder = self.existing(to)?;
        let (pool, amount) = self.pool.unwrap_or((holder.asset, 0));
        if pool != holder.asset {
            return Err(LedgerError::PoolAssetConflict {
                pool: AssetId::new(pool),
                asset: AssetId::new(holder.asset),
            });
        }
        let mut after = self.accounts.clone();
        credit(&mut after, to, pool, amount)?;
        self.pool = None;
        self.take(Entry::Collect(to, amount), self.accounts.clone(), after);
        Ok(())
    }

    /// Padding.
    pub fn noop(&mut self) {
        let accounts = self.accounts.clone();
        self.take(Entry::Noop, accounts.clone(), accounts);
    }

    /// Ends the batch and opens the next.
    ///
    /// # Errors
    /// When there are fees in the pool.
    pub fn seal(&mut self) -> Result<(), SealError> {
        if let Some((asset, amount)) = self.pool {
            return Err(SealError::PoolNotEmpty {
                asset: AssetId::new(asset),
                amount: Amount::new(amount),
            });
        }
        self.batch_number += 1;
        self.entries.clear();
        self.history.clear();
        Ok(())
    }
}

/// Pays `amount` of `asset` to an account.
fn credit(
    accounts: &mut Accounts,
    account: u32,
    moved: u32,
    amount: u128,
) -> Result<(), LedgerError> {
    let holder = accounts.get_mut(&account);
    let holder = holder.ok_or(LedgerError::UnknownAccount {
        account: AccountId::new(account),
    })?;
    if holder.asset != moved {
        return Err(LedgerError::WrongAsset {
            account: AccountId::new(account),
            held: AssetId::new(holder.asset),
            moved: AssetId::new(moved),
        });
    }
    let sum = holder.balance.checked_add(amount);
    holder.balance = sum.ok_or(LedgerError::BalanceOverflow {
        account: AccountId::new(account),
        amount: Amount::new(amount),
    })?;
    Ok(())
}
