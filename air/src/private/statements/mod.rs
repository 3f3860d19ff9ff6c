//! The tables of the statements.

mod balance;
mod credential;
mod pool;

use winterlane_ledger::private::PrivateInputs;

use super::schedule::Schedule;

/// The table of the statement with these public inputs.
pub(super) fn schedule(inputs: &PrivateInputs) -> Schedule {
    match inputs {
        PrivateInputs::Withdrawal(inputs) => pool::withdrawal(inputs),
        PrivateInputs::Transfer(inputs) => pool::transfer(inputs),
        PrivateInputs::Balance(inputs) => balance::balance(inputs),
        PrivateInputs::Credential(inputs) => credential::credential(inputs),
        // no table, no assertion: `PrivateAir` has a constraint then that nothing satisfies
        _ => Schedule::default(),
    }
}
