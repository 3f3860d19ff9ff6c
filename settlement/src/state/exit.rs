//! Leaving a frozen rollup.
//!
//! Everything that settlement holds is somebody's, and each part leaves by one call:
//!
//! | what | by |
//! |---|---|
//! | the balance of an account, and what was to be deposited to it from the pool | an opening at the frozen root, and the account's signature |
//! | a note of the pool | a private withdrawal in the exit domain, against the frozen anchor |
//! | a deposit that no batch took | its number; it goes to who made it |
//! | a withdrawal that was to pay for a note that no batch made | the note; it goes to the account |
//! | withdrawals, payouts, fees | as before: whoever they are owed to collects them |
//!
//! The note tree does not grow any more, so that what is left of a note that leaves in part is lost to its owner:
//! notes leave whole. Anchors do not move either: a proof against the frozen anchor counts for ever.

use std::collections::BTreeMap;

use winterlane_ledger::{
    AccountId, AccountProof, Amount, Anchor, AssetId, Domain, Root, ScalarCompressor,
    exit::{SignedExit, exit_domain},
    pool::{self, Pool, PoolParts, PrivateOperation, Shield},
    private::{PrivateInputs, WithdrawalInputs},
};

use super::{Context, Nullifiers, Outcome, Refusal, State, Withdrawal};
use crate::{Owed, Party, Proofs, view::FrozenView};

/// What a frozen rollup has beside its last state.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    pub(super) root: Root,
    pub(super) anchor: Anchor,
    pub(super) exit_domain: Domain,
    pub(super) obligation: u64,
    pub(super) due: u64,
    /// The accounts that have left, and who was paid.
    pub(super) accounts: BTreeMap<AccountId, Party>,
    /// What accounts get beside their balance.
    pub(super) credits: BTreeMap<AccountId, Amount>,
    /// The notes that have left.
    pub(super) notes: Nullifiers,
    /// By asset, what is left in the pool.
    pub(super) held: BTreeMap<AssetId, Amount>,
    /// The pool as exits see it: in the exit domain, with the frozen anchor and no other.
    pub(super) pool: Pool,
}

impl Frozen {
    pub(super) fn new(state: &State, obligation: u64, due: u64) -> Self {
        let (root, anchor) = (state.root(), state.pool.anchor());
        let exit_domain = exit_domain(&state.domain, &root);
        let parts = state.pool.to_parts();
        let held = parts.held.iter().copied().collect();
        let parts = PoolParts {
            domain: exit_domain,
            anchors: vec![anchor],
            ..parts
        };
        let mut credits = BTreeMap::<AccountId, Amount>::new();
        for number in state.queue.payouts() {
            if let Some(Owed::Payout { deposit }) = state.queue.get(number).map(|one| &one.what) {
                let credit = credits.entry(deposit.to).or_default();
                // below the asset's total, which is below 2^128
                *credit = credit.saturating_add(deposit.amount);
            }
        }
        Self {
            root,
            anchor,
            exit_domain,
            obligation,
            due,
            accounts: BTreeMap::new(),
            credits,
            notes: Nullifiers::new(),
            held,
            // the parts of a pool, with one of its anchors
            pool: Pool::from_parts(parts).unwrap_or_else(|_| Pool::new(exit_domain)),
        }
    }

    pub(super) fn view(&self) -> FrozenView {
        FrozenView {
            root: self.root,
            anchor: self.anchor,
            exit_domain: self.exit_domain,
            obligation: self.obligation,
            due: self.due,
            accounts: self.accounts.len(),
            notes: self.notes.len(),
        }
    }
}

impl State {
    fn frozen(&mut self) -> Result<&mut Frozen, Refusal> {
        self.frozen.as_mut().ok_or(Refusal::NotFrozen)
    }

    pub(super) fn exit_account(
        &mut self,
        proof: &AccountProof,
        signed: &SignedExit,
    ) -> Result<Outcome, Refusal> {
        let frozen = self.frozen()?;
        let id = signed.exit.account;
        if proof.id != id {
            let (found, account) = (proof.id, id);
            return Err(Refusal::OtherAccount { found, account });
        }
        let account = proof.verify(&frozen.root)?;
        let account = account.ok_or(Refusal::EmptyLeaf { account: id })?;
        signed.check(&account, &frozen.exit_domain, &ScalarCompressor)?;
        if frozen.accounts.contains_key(&id) {
            return Err(Refusal::LeftAlready);
        }
        let recipient = Party(signed.exit.recipient);
        if recipient == Party::NOBODY {
            return Err(Refusal::Nobody);
        }
        let credit = frozen.credits.get(&id).copied().unwrap_or(Amount::ZERO);
        let (asset, held) = (account.asset, account.balance);
        let amount = held.checked_add(credit);
        let amount = amount.ok_or(Refusal::TooMuch {
            asset,
            amount: credit,
            held,
        })?;
        let outcome = self.pay(recipient, asset, amount)?;
        let frozen = self.frozen()?;
        frozen.accounts.insert(id, recipient);
        frozen.credits.remove(&id);
        Ok(outcome)
    }

    pub(super) fn exit_note<P: Proofs + ?Sized>(
        &mut self,
        inputs: &WithdrawalInputs,
        proof: &[u8],
        proofs: &P,
    ) -> Result<Outcome, Refusal> {
        let frozen = self.frozen()?;
        let operation = PrivateOperation {
            inputs: PrivateInputs::Withdrawal(*inputs),
            sealed: Vec::new(),
            proof: proof.to_vec(),
        };
        if !inputs.fee.is_zero() {
            return Err(Refusal::ExitFee);
        }
        let recipient = Party(inputs.recipient);
        if recipient == Party::NOBODY {
            return Err(Refusal::Nobody);
        }
        if operation
            .payout()
            .is_some_and(|payout| payout.deposit().is_some())
        {
            return Err(Refusal::ExitInside);
        }
        let key = inputs.nullifier.0.to_bytes();
        if frozen.notes.contains(&key) {
            return Err(Refusal::LeftAlready);
        }
        let WithdrawalInputs { asset, amount, .. } = *inputs;
        let held = frozen.held.get(&asset).copied().unwrap_or(Amount::ZERO);
        let left = held.checked_sub(amount).ok_or(Refusal::TooMuch {
            asset,
            amount,
            held,
        })?;
        // everything else is as in a batch: nullifier, anchor, domain, proof. The batch itself is dropped.
        let tried = frozen.pool.open_batch().private(&operation, proofs);
        tried.map_err(|error| Refusal::ExitNote(Box::new(error)))?;
        proofs
            .decided()
            .map_err(|source| Refusal::Proof { source })?;
        let outcome = self.pay(recipient, asset, amount)?;
        let frozen = self.frozen()?;
        frozen.notes.insert(key);
        frozen.held.insert(asset, left);
        Ok(outcome)
    }

    pub(super) fn return_deposit(&mut self, number: u64) -> Result<Outcome, Refusal> {
        self.frozen()?;
        let found = self.queue.get(number).map(|found| &found.what);
        let Some(&Owed::Deposit { deposit, from }) = found else {
            return Err(Refusal::NoObligation { number });
        };
        let outcome = self.pay(from, deposit.asset, deposit.amount)?;
        self.queue.remove(number);
        Ok(outcome)
    }

    /// Before the end only what the pool can take no more: a batch that takes it may be on its way.
    pub(super) fn return_shield(
        &mut self,
        context: Context,
        payment: pool::Payment,
        shield: &Shield,
    ) -> Result<Outcome, Refusal> {
        let found = self.paid_for(payment, shield)?;
        let (account, amount) = (found.from, found.amount);
        let over = self.pool.last_payment().is_some_and(|last| payment < last);
        let outcome = match &mut self.frozen {
            None if over => {
                self.give_back(context, &found);
                Outcome::Credited { account, amount }
            }
            None => return Err(Refusal::NotFrozen),
            Some(frozen) => match frozen.accounts.get(&account) {
                Some(&recipient) => self.pay(recipient, found.asset, amount)?,
                None => {
                    let credit = frozen.credits.entry(account).or_default();
                    *credit = credit.saturating_add(amount);
                    Outcome::Credited { account, amount }
                }
            },
        };
        self.withdrawals.remove(&payment);
        Ok(outcome)
    }

    /// The withdrawal that pays for this note, and has paid for nothing yet.
    pub(super) fn paid_for(
        &self,
        payment: pool::Payment,
        shield: &Shield,
    ) -> Result<Withdrawal, Refusal> {
        let found = self.withdrawals.get(&payment).copied();
        let found = found.ok_or(Refusal::NoClaim)?;
        shield
            .check_paid_by(&found.withdraw(), found.asset)
            .map_err(|error| Refusal::NotPaid(Box::new(error)))?;
        Ok(found)
    }
}

#[cfg(test)]
impl Frozen {
    pub(super) fn has_left(&self, account: AccountId) -> bool {
        self.accounts.contains_key(&account)
    }

    /// What is owed to notes, and to accounts beside their balance.
    pub(super) fn owed(&self, asset_of: impl Fn(AccountId) -> AssetId) -> Vec<(AssetId, Amount)> {
        let credits = self.credits.iter();
        let credits = credits.map(|(id, amount)| (asset_of(*id), *amount));
        let held = self.held.iter().map(|(asset, amount)| (*asset, *amount));
        credits.chain(held).collect()
    }
}
