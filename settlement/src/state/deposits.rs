//! Money that comes in.

use winterlane_ledger::{AccountId, Amount, AssetId, Deposit};

use super::{Context, Known, Outcome, Refusal, State, queue::Lane};
use crate::{DepositTo, Owed, Party};

impl State {
    /// Takes a deposit: what it may go to is checked now, so that the operator can always take it later. No account
    /// can then reach 2^128, since all of them together cannot.
    pub(super) fn deposit(
        &mut self,
        context: Context,
        asset: AssetId,
        amount: Amount,
        to: DepositTo,
    ) -> Result<Outcome, Refusal> {
        self.running()?;
        let from = context.caller;
        if from == Party::NOBODY {
            return Err(Refusal::Nobody);
        }
        if amount.is_zero() {
            return Err(Refusal::NothingDeposited);
        }
        let total = self.totals.get(&asset).copied().unwrap_or(Amount::ZERO);
        let total = total.checked_add(amount);
        let total = total.ok_or(Refusal::TotalOverflow { asset })?;
        let (account, keys) = match to {
            DepositTo::Existing(account) => {
                let known = self.accounts.get(&account);
                known
                    .filter(|known| known.asset == asset)
                    .ok_or(Refusal::WrongAccount { account, asset })?;
                (account, None)
            }
            DepositTo::New(keys) => {
                let account = u32::try_from(self.next_account);
                let account = account.map_err(|_| Refusal::Exhausted)?;
                (AccountId::new(account), Some(keys))
            }
        };

        self.totals.insert(asset, total);
        if keys.is_some() {
            let known = Known {
                asset,
                made: false,
                signed: None,
            };
            self.accounts.insert(account, known);
            self.next_account += 1;
        }
        let deposit = Deposit {
            to: account,
            asset,
            amount,
            keys,
        };
        let what = Owed::Deposit { deposit, from };
        let (number, due) = self
            .queue
            .push(Lane::Deposit, what, context.now, &self.rules);
        Ok(Outcome::Deposited {
            account,
            number,
            due,
        })
    }
}
