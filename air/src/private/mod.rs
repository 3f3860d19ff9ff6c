//! The private statements as one AIR: [`PrivateAir`].
//!
//! | statement | public inputs | document |
//! |---|---|---|
//! | private withdrawal | [`WithdrawalInputs`] | `docs/private-withdrawal.md` |
//! | private transfer | [`TransferInputs`] | `docs/private-transfer.md` |
//! | an account holds at least so much | [`BalanceInputs`] | `docs/private-balance.md` |
//! | a credential satisfies predicates | [`CredentialInputs`] | `docs/private-credential.md` |
//!
//! All of them have the same columns and the same constraints; a credential has those of a signature besides.
//! What a row does is said by periodic columns, the [selectors](Selector), whose period is the trace: a statement
//! is a table of them, its [`Schedule`], and the assertions that bind its public values. Public roots of paths are
//! selectors too, and take no columns of the trace.
//!
//! To whoever proves and verifies they are one [`Statement`](crate::statement::Statement): [`PrivateStatement`].
//!
//! The trace ends before the rows that hiding makes random: [`PrivateAir`] is
//! [`TailFree`](crate::hiding::TailFree).
//!
//! [`WithdrawalInputs`]: winterlane_ledger::private::WithdrawalInputs
//! [`TransferInputs`]: winterlane_ledger::private::TransferInputs
//! [`BalanceInputs`]: winterlane_ledger::private::BalanceInputs
//! [`CredentialInputs`]: winterlane_ledger::private::CredentialInputs

mod air;
mod check;
pub mod columns;
pub mod constraints;
mod schedule;
mod statement;
mod statements;
#[cfg(test)]
mod tests;

pub use air::{MIN_ROWS, PrivateAir};
pub use check::{Violation, violations};
pub use schedule::{NUM_SELECTORS, Role, Schedule, Selector};
pub use statement::PrivateStatement;
