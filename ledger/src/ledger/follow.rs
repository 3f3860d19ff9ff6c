//! Following: a ledger kept up to date from published batches alone, without any signature.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    FollowError, Ledger, LedgerError, leaf_digests,
    rules::{created, credit, debit, same_asset},
};
use crate::{
    Account, Deposit, Digest, Order, PublicInputs, Record, hash::Compressor,
    record::operations_digest,
};

impl<C: Compressor> Ledger<C> {
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
    pub fn follow(&mut self, public: &PublicInputs, records: &[Record]) -> Result<(), FollowError> {
        if public.domain != self.domain {
            return Err(FollowError::Domain);
        }
        let (expected, got) = (self.batch_number, public.batch_number);
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
        let accounts: Vec<Account> = changed.values().copied().collect();
        let leaves = leaf_digests(&accounts, &self.compressor);
        let new: Vec<(u32, Digest)> = changed.keys().copied().zip(leaves).collect();
        let old: Vec<_> = new
            .iter()
            .map(|(id, _)| (*id, self.tree.leaf(*id)))
            .collect();
        self.tree.update_many(&new, &self.compressor);
        let (expected, got) = (public.new_root, self.root());
        if got != expected {
            self.tree.update_many(&old, &self.compressor);
            return Err(FollowError::NewRoot { expected, got });
        }
        self.accounts.append(&mut changed);
        self.batch_number += 1;
        Ok(())
    }

    /// One record, applied to the accounts changed so far.
    fn replay(
        &self,
        changed: &mut BTreeMap<u32, Account>,
        record: &Record,
    ) -> Result<(), LedgerError> {
        let find = |changed: &BTreeMap<u32, Account>, account: u32| {
            let found = changed
                .get(&account)
                .or_else(|| self.account(account))
                .copied();
            found.ok_or(LedgerError::UnknownAccount { account })
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
                if find(changed, to).is_ok() {
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
        if signer.nonce == u32::MAX {
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
