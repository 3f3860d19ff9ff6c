//! Orders that arrive by settlement: included, or shown impossible.
//!
//! Whoever is ignored by the node posts the ordinary signed order at settlement, with a deadline. The node has no say in
//! it then: fees, limits and the state of its operator are not asked, the ledger's rules alone. What they refuse is
//! impossible, and settlement is shown why by an opening of the account.

use std::time::Duration;

use winterlane_ledger::{Account, AccountId, AssetId, CheckedOrder, LedgerError};

use super::{Fault, Known, Sequencer};
use crate::{
    ForcedOutcome, OrderId,
    core::{Claim, Operation, trial::Base},
};

impl<B: Base> Sequencer<B> {
    /// Decides on a forced order.
    pub(crate) fn force(
        &mut self,
        id: OrderId,
        order: CheckedOrder,
        known: Known,
        now: Duration,
    ) -> Result<ForcedOutcome, Fault> {
        if let Some(receipt) = self.receipt(id, known) {
            return Ok(ForcedOutcome::Included(receipt));
        }
        let [taken, _] = known.claimed;
        let first = self.taken(&Claim::of_order(&order), taken);
        if let Some(first) = first.filter(|first| *first != id) {
            // told, and left to the ledger: its index of the next key says whether the order is possible
            self.reuse(&order, first, id);
        }
        let uncollected = self.uncollected(&order)?;
        if let Some((asset, signer)) = uncollected {
            // what is there of the asset is another's: the log was cut before it was given back
            if self.fee_asset()? == Some(asset) {
                self.collect()?;
            }
            self.refunds.insert(asset, signer);
        }
        let mut result = self.try_order(&order)?;
        if matches!(
            result,
            Err(LedgerError::PoolAssetConflict { .. } | LedgerError::BatchFull { .. })
        ) {
            self.make_way()?;
            result = self.try_order(&order)?;
        }
        match result {
            Ok(()) => {}
            Err(error) => {
                return match error.refusal() {
                    Ok(refusal) => Ok(ForcedOutcome::Impossible(refusal)),
                    Err(error) => Err(error.into()),
                };
            }
        }
        self.leaves(&order)?;
        let receipt = self.accept(Operation::Order { id, order }, now);
        if uncollected.is_some() {
            // before another signer's fee comes in
            self.collect()?;
        }
        self.close_if_full()?;
        Ok(ForcedOutcome::Included(receipt))
    }

    /// The asset of an order's fee, and who paid it, if nobody collects it: then it goes back.
    fn uncollected(&mut self, order: &CheckedOrder) -> Result<Option<(AssetId, AccountId)>, Fault> {
        let (signer, fee) = (order.signed().order.signer(), order.signed().order.fee());
        if fee.is_zero() {
            return Ok(None);
        }
        let Some(Account { asset, .. }) = self.account(signer)? else {
            return Ok(None);
        };
        Ok((!self.collects(asset)?).then_some((asset, signer)))
    }

    /// The asset of the fees that the open batch holds.
    fn fee_asset(&mut self) -> Result<Option<AssetId>, Fault> {
        Ok(self.with(|batch| batch.pool())?.map(|(asset, _)| asset))
    }

    /// An order of the log is decided again. Who paid a fee that nobody collects is kept in case the log was cut before it was
    /// given back: else the batch could not be closed. Fees of several were collected by somebody when they were paid; whose
    /// they are now is for the operator to say.
    pub(super) fn owe_back(&mut self, order: &CheckedOrder) -> Result<(), Fault> {
        if let Some((asset, signer)) = self.uncollected(order)? {
            if self.fee_asset()?.is_none() {
                self.refunds.insert(asset, signer);
            } else {
                self.refunds.remove(&asset);
            }
        }
        Ok(())
    }
}
