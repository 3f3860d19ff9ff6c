//! Deciding on orders and deposits.

use std::time::Duration;

use winterlane_ledger::{
    Account, Amount, AssetId, BatchNumber, CheckedOrder, Deposit, LedgerError, Order,
    codec::CanonicalBytes,
};

use super::{Decided, Fault, Known, Sequencer, refused};
use crate::{
    OrderId, Receipt, Refusal, SubmitError,
    core::{Claim, Operation, trial::Base},
    private::{NewNote, PrivateRefusal},
    store::StoreError,
};

impl<B: Base> Sequencer<B> {
    /// The answer to what was taken before: an order, a private operation or a deposit; `for_note`: with a note that the order
    /// is to pay for. It changes nothing, so that a node that takes nothing gives it too: whoever lost an answer asks for it.
    pub(crate) fn answered(
        &self,
        id: OrderId,
        for_note: bool,
        known: Known,
    ) -> Option<Result<Receipt, SubmitError>> {
        let receipt = self.receipt(id, known)?;
        let [_, note_taken] = known.claimed;
        if for_note && self.taken(&Claim::of_note(&id), note_taken).is_none() {
            let refusal = PrivateRefusal::PaidWithoutNote { first: id };
            return Some(Err(Refusal::Private(refusal).into()));
        }
        Some(Ok(receipt))
    }

    /// Decides on an order, and on the note that it is to pay for, if it is to pay for one, at the time `now` (since any
    /// beginning, as long as it is the same).
    pub(crate) fn submit(
        &mut self,
        id: OrderId,
        order: CheckedOrder,
        note: Option<&NewNote>,
        known: Known,
        now: Duration,
    ) -> Decided<Receipt> {
        let claim = Claim::of_order(&order);
        let [key_taken, _] = known.claimed;
        if let Some(answer) = self.answered(id, note.is_some(), known) {
            return Ok(answer);
        }
        if let Some(first) = self.taken(&claim, key_taken).filter(|first| *first != id) {
            self.reuse(&order, first, id);
            let key = order.signed().key();
            let (account, slot) = (order.signed().order.signer(), key.slot as u8);
            let index = key.index;
            return Ok(Err(Refusal::KeyReuse {
                account,
                slot,
                index,
                first,
            }
            .into()));
        }
        if let Err(error) = self.admit(&order)? {
            return Ok(Err(error));
        }
        let shield = match note.map(|note| self.new_note(note, &order)).transpose()? {
            None => None,
            Some(Ok(shield)) => Some(shield),
            Some(Err(refusal)) => return Ok(Err(Refusal::Private(refusal).into())),
        };
        let mut result = self.try_order(&order)?;
        if matches!(
            result,
            Err(LedgerError::PoolAssetConflict { .. } | LedgerError::BatchFull { .. })
        ) {
            if self.make_way()?
                && let Err(error) = self.lives(order.signed().order.valid_until())
            {
                return Ok(Err(error.into()));
            }
            result = self.try_order(&order)?;
        }
        if let Err(error) = result {
            return refused(error);
        }
        self.leaves(&order)?;
        let operation = match shield {
            None => Operation::Order { id, order },
            Some(note) => {
                self.take_note(&note)?;
                Operation::Shield { id, order, note }
            }
        };
        let receipt = self.accept(operation, now);
        self.close_if_full()?;
        Ok(Ok(receipt))
    }

    /// A withdrawal that was taken leaves so much less of its asset.
    pub(super) fn leaves(&mut self, order: &CheckedOrder) -> Result<(), Fault> {
        if let Order::Withdraw(withdraw) = &order.signed().order {
            let account = self.account(withdraw.from)?;
            let asset = account.map_or(AssetId::ZERO, |account| account.asset);
            let supply = self.supplies.entry(asset).or_default();
            *supply = supply.saturating_sub(withdraw.amount);
        }
        Ok(())
    }

    /// Decides on a deposit.
    pub(crate) fn deposit(
        &mut self,
        reference: [u8; 32],
        deposit: Deposit,
        known: Known,
        now: Duration,
    ) -> Decided<Receipt> {
        let id = OrderId::of_deposit(&reference, &deposit.to_bytes());
        if let Some(receipt) = self.receipt(id, known) {
            return Ok(Ok(receipt));
        }
        let [taken, _] = known.claimed;
        let taken = self.taken(&Claim::of_deposit(&reference), taken);
        if taken.is_some() {
            return Ok(Err(Refusal::DepositConflict.into()));
        }
        let asset = deposit.asset;
        let supply = self.supplies.get(&asset).copied().unwrap_or(Amount::ZERO);
        let Some(supply) = supply.checked_add(deposit.amount) else {
            return Ok(Err(Refusal::Supply { asset }.into()));
        };
        if self.records >= self.limits.slots as usize {
            self.close()?;
        }
        if let Err(error) = self.with(|batch| batch.deposit(deposit))? {
            return refused(error);
        }
        self.supplies.insert(asset, supply);
        let operation = Operation::Deposit {
            id,
            reference,
            deposit,
        };
        let receipt = self.accept(operation, now);
        self.close_if_full()?;
        Ok(Ok(receipt))
    }

    /// What an order must keep besides the ledger's rules.
    fn admit(&mut self, order: &CheckedOrder) -> Decided<()> {
        if self.pending() >= self.limits.max_pending {
            return Ok(Err(SubmitError::Busy {
                retry_after: self.limits.max_age,
            }));
        }
        if let Err(error) = self.lives(order.signed().order.valid_until()) {
            return Ok(Err(error.into()));
        }
        let (account, fee) = (order.signed().order.signer(), order.signed().order.fee());
        let Some(Account { asset, .. }) = self.account(account)? else {
            let unknown = LedgerError::UnknownAccount { account };
            return Ok(Err(Refusal::Ledger(unknown).into()));
        };
        if let Err(error) = self.fees.check(asset, fee) {
            return Ok(Err(error.into()));
        }
        if !fee.is_zero() && !self.collects(asset)? {
            return Ok(Err(Refusal::FeeAsset { asset }.into()));
        }
        let limit = self.limits.max_per_account;
        if self
            .per_account
            .get(&account)
            .is_some_and(|count| *count >= limit)
        {
            return Ok(Err(Refusal::TooManyPending { account, limit }.into()));
        }
        Ok(Ok(()))
    }

    /// Whether an account collects this asset's fees, and can: it exists and holds the asset.
    pub(super) fn collects(&mut self, asset: AssetId) -> Result<bool, Fault> {
        let Some(collector) = self.fees.collector(asset) else {
            return Ok(false);
        };
        let found = self.account(collector)?;
        Ok(found.is_some_and(|account| account.asset == asset))
    }

    /// Whether what the open batch takes lives long enough.
    pub(super) fn lives(&self, valid_until: BatchNumber) -> Result<(), Refusal> {
        let earliest = self.open_batch().saturating_add(self.limits.min_lifetime);
        if valid_until < earliest {
            return Err(Refusal::ExpiresTooSoon {
                valid_until,
                earliest,
            });
        }
        Ok(())
    }

    /// Makes way for an order that finds no slot, or fees of another asset: these are paid out first, in this batch if there is
    /// room, or by its closing. Says whether it was closed. A batch for each change of the asset would be more than anybody
    /// can prove, and whoever has accounts of two assets could ask for one again and again.
    pub(super) fn make_way(&mut self) -> Result<bool, Fault> {
        // a slot for the fees so far, one for the order, and one for its own fee
        let full = self.records + 3 > self.limits.slots as usize;
        if full {
            self.close()?;
        } else {
            self.collect()?;
        }
        Ok(full)
    }

    /// Tries an order on the open batch. [`LedgerError::BatchFull`] when there is no slot left for it and for
    /// collecting the fees.
    pub(super) fn try_order(
        &mut self,
        order: &CheckedOrder,
    ) -> Result<Result<(), LedgerError<StoreError>>, Fault> {
        let slots = self.limits.slots;
        let len = self.records;
        let fee = order.signed().order.fee();
        let order = order.clone();
        self.with(|batch| {
            let collecting = usize::from(!fee.is_zero() || batch.pool().is_some());
            if len + 1 + collecting > slots as usize {
                return Err(LedgerError::BatchFull { capacity: slots });
            }
            batch.checked(order)
        })
    }
}
