//! Following: a ledger kept up to date from published batches alone, without any signature.

use alloc::collections::BTreeMap;

use super::{
    FollowError, Ledger, LedgerError,
    rules::{created, credit, debit, same_asset},
};
use crate::{
    Account, AccountId, Deposit, Nonce, Order, PublicInputs, Record,
    hash::Compressor,
    record::operations_digest,
    state::{Changes, State},
};

impl<C: Compressor, S: State> Ledger<C, S> {
    /// Applies the records of a batch that somebody else made and proved.
    ///
    /// Signatures, nonces, one-time keys and expiry are the proof's business; verify it first, and read the records
    /// with [`crate::wire::decode_published`]. Here the records have to be those of the batch's
    /// operations digest, and to lead from the ledger's root to the batch's new root.
    ///
    /// Each record takes three compressions, each account that changed about 35.
    ///
    /// # Errors
    /// [`FollowError`] when the batch does not fit; the ledger is then as before.
    pub fn follow(
        &mut self,
        public: &PublicInputs,
        records: &[Record],
    ) -> Result<(), FollowError<S::Error>> {
        if public.domain != self.domain {
            return Err(FollowError::Domain);
        }
        let (expected, got) = (self.batch_number(), public.batch_number);
        if got != expected {
            return Err(FollowError::BatchNumber { expected, got });
        }
        let (expected, got) = (self.root(), public.old_root);
        if got != expected {
            return Err(FollowError::OldRoot { expected, got });
        }
        // the new root alone does not bind a withdrawal's recipient, or the order
        let digest = operations_digest(records, &self.compressor);
        if records.len() != public.num_operations as usize || digest != public.operations_digest {
            return Err(FollowError::Records {
                operations: public.num_operations,
                expected: public.operations_digest,
                records: records.len(),
                got: digest,
            });
        }
        let mut changed = BTreeMap::new();
        for (position, record) in records.iter().enumerate() {
            self.replay(&mut changed, record)
                .map_err(|error| FollowError::Record { position, error })?;
        }
        let changes = Changes::of(&self.state, changed, &self.compressor);
        let changes = changes.map_err(FollowError::State)?;
        let (expected, got) = (public.new_root, changes.root().unwrap_or(self.root()));
        if got != expected {
            return Err(FollowError::NewRoot { expected, got });
        }
        self.state.apply(changes).map_err(FollowError::State)
    }

    /// One record, applied to the accounts changed so far.
    fn replay(
        &self,
        changed: &mut BTreeMap<AccountId, Account>,
        record: &Record,
    ) -> Result<(), LedgerError<S::Error>> {
        let look = |changed: &BTreeMap<AccountId, Account>, account: AccountId| match changed
            .get(&account)
        {
            Some(account) => Ok(Some(*account)),
            None => self.state.account(account).map_err(LedgerError::State),
        };
        let find = |changed: &BTreeMap<AccountId, Account>, account: AccountId| {
            look(changed, account)?.ok_or(LedgerError::UnknownAccount { account })
        };
        let (order, key) = match *record {
            Record::Noop => return Ok(()),
            Record::Signed(order, key) => (order, key),
            Record::Deposit(Deposit {
                to,
                asset,
                amount,
                keys: Some(keys),
            }) => {
                if look(changed, to)?.is_some() {
                    return Err(LedgerError::AccountExists { account: to });
                }
                changed.insert(to, created(asset, amount, &keys));
                return Ok(());
            }
            Record::Deposit(Deposit {
                to,
                asset,
                amount,
                keys: None,
            }) => {
                let account = find(changed, to)?;
                same_asset(to, &account, asset)?;
                changed.insert(to, credit(to, &account, amount)?);
                return Ok(());
            }
            Record::CollectFees { to, amount } => {
                let account = find(changed, to)?;
                changed.insert(to, credit(to, &account, amount)?);
                return Ok(());
            }
        };
        let id = order.signer();
        let signer = find(changed, id)?;
        if signer.nonce == Nonce::MAX {
            return Err(LedgerError::NonceExhausted { account: id });
        }
        changed.insert(id, debit(id, &signer, &order, key)?);
        if let Order::Transfer(transfer) = order {
            let receiver = find(changed, transfer.to)?;
            same_asset(transfer.to, &receiver, signer.asset)?;
            changed.insert(
                transfer.to,
                credit(transfer.to, &receiver, transfer.amount)?,
            );
        }
        Ok(())
    }
}
