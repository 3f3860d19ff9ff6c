//! Where the log may be cut.
//!
//! Some entries were decided together, and mean something else apart: a private operation and the deposits that it pays, a
//! forced order and the giving back of its fee, which nobody collects. A log that ended between them would have the first
//! without what is due by it, and nothing would bring that again: whoever sends the first once more hears that it is known.

use winterlane_ledger::AccountId;

use super::{Logged, Operation, sequencer::payout_reference};

/// How many entries before one may decide whether it goes with them: a payout has two deposits at most.
pub(crate) const REACH: u64 = 2;

/// Entries of a log, looked at one after another.
#[derive(Debug, Default)]
pub(crate) struct Together {
    before: Option<(u64, Due)>,
}

/// What may follow an entry that goes with it.
#[derive(Debug)]
enum Due {
    /// The fee of an order goes back to its signer.
    Fee(AccountId),
    /// Deposits of these references.
    Payout([[u8; 32]; 2]),
}

impl Together {
    /// The next entry, if it can be read; gives the number of the entry that it goes with.
    pub(crate) fn next(&mut self, sequence: u64, operation: Option<&Logged>) -> Option<u64> {
        let before = self.before.take();
        match (operation?, before) {
            (Logged::Order { order, note, .. }, _) => {
                let fee = Due::Fee(order.order.signer());
                self.before = note.is_none().then_some((sequence, fee));
                None
            }
            (Logged::Other(Operation::Private { operation, .. }), _) => {
                let payout = operation.operation().payout()?;
                let references = [false, true].map(|fee| payout_reference(&payout, fee));
                self.before = Some((sequence, Due::Payout(references)));
                None
            }
            (Logged::Other(Operation::Collect { to }), Some((with, Due::Fee(signer)))) => {
                (*to == signer).then_some(with)
            }
            (
                Logged::Other(Operation::Deposit { reference, .. }),
                Some((with, Due::Payout(references))),
            ) if references.contains(reference) => {
                self.before = Some((with, Due::Payout(references)));
                Some(with)
            }
            _ => None,
        }
    }
}
