//! Going through settlement's list.
//!
//! A forced order may expire, and that is no excuse: it must come into one of the next `lifetime` batches. A deposit cannot,
//! and closes a batch as soon as there are enough of them. So what is forced is heard first, and deposits are taken after it,
//! in their order among themselves: settlement asks for no other. However many deposits somebody makes before a forced order,
//! the order comes into the batch that is open when it is heard.
//!
//! Both stop for this turn when a forced order that is open already comes to its end ([`super::open`]).
//!
//! A deposit that the node puts off, since too many batches are not settled ([`super::ahead`]), holds back those after it, and
//! nothing that is forced.

use std::time::Instant;

use winterlane_ledger::Deposit;

use super::{Duties, Trouble};
use crate::settlement::{Obligation, Owed, Settlement};

/// Obligations that are asked for at once.
const PAGE: usize = 100;

/// What is to be credited, of a deposit or a payout.
const fn deposit_of(obligation: &Obligation) -> Option<&Deposit> {
    match &obligation.what {
        Owed::Deposit { deposit, .. } | Owed::Payout { deposit } => Some(deposit),
        _ => None,
    }
}

impl Duties {
    /// Takes what is forced, as far as the list goes or the time. When its end was seen, the list was gone through.
    pub(super) fn take_forced(
        &mut self,
        settlement: &mut dyn Settlement,
        end: Instant,
        taken: &mut bool,
    ) -> Result<(), Trouble> {
        loop {
            let page = settlement.obligations(self.next, PAGE)?;
            let last = page.len() < PAGE;
            for (number, obligation) in page {
                if self.one_expires()? {
                    return Ok(());
                }
                let no_deposit_waits = self.credited == self.next;
                if deposit_of(&obligation).is_none() {
                    *taken |= self.take(number, &obligation)?;
                    if no_deposit_waits {
                        self.credited = number + 1;
                    }
                }
                self.next = number + 1;
            }
            self.begun |= last;
            if last || Instant::now() >= end {
                return Ok(());
            }
        }
    }

    /// Takes deposits and payouts in their order, as far as what is forced was heard or the time: a page at least.
    pub(super) fn take_deposits(
        &mut self,
        settlement: &mut dyn Settlement,
        end: Instant,
        taken: &mut bool,
    ) -> Result<(), Trouble> {
        let heard = self.next;
        while self.credited < heard {
            let page = settlement.obligations(self.credited, PAGE)?;
            // A short page is not the end: settlement gives as many as it likes. A deposit that is left out is due some day, and
            // ends the rollup.
            if page.is_empty() {
                self.credited = heard;
            }
            for (number, obligation) in page {
                if number >= heard {
                    self.credited = heard;
                    break;
                }
                if self.one_expires()? {
                    return Ok(());
                }
                if let Some(deposit) = deposit_of(&obligation) {
                    *taken |= self.credit(number, *deposit)?;
                }
                self.credited = number + 1;
            }
            if Instant::now() >= end {
                break;
            }
        }
        Ok(())
    }
}
