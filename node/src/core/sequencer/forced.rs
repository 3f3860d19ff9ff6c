//! Orders that arrive by settlement: included, or shown impossible.
//!
//! Whoever is ignored by the node posts the ordinary signed order at settlement, with a deadline. The node has no say in
//! it then: fees, limits and the state of its operator are not asked, the ledger's rules alone. What they refuse is
//! impossible, and settlement is shown why by an opening of the account.

use std::time::Duration;

use winterlane_ledger::{CheckedOrder, LedgerError};

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
        let signer = order.signed().order.signer();
        let fee = order.signed().order.fee();
        let mut refunded = false;
        if let (Some(account), true) = (self.account(signer)?, !fee.is_zero())
            && !self.collects(account.asset)?
        {
            // a fee that nobody collects goes back to who paid it
            self.refunds.insert(account.asset, signer);
            refunded = true;
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
        if refunded {
            // before another signer's fee comes in
            self.collect()?;
        }
        self.close_if_full()?;
        Ok(ForcedOutcome::Included(receipt))
    }
}
