//! What an operation does to one account, and the rules it must keep.

use super::LedgerError;
use crate::{Account, KeySlot, NewKeys, Order};

/// The signer's account after it paid amount and fee, counted its nonce, and rotated its key.
pub(super) fn debit(id: u32, account: &Account, order: &Order) -> Result<Account, LedgerError> {
    let (amount, fee, balance) = (order.amount(), order.fee(), account.balance);
    let left = amount
        .checked_add(fee)
        .and_then(|spent| balance.checked_sub(spent));
    let refusal = LedgerError::InsufficientFunds {
        account: id,
        balance,
        amount,
        fee,
    };
    let mut after = *account;
    after.balance = left.ok_or(refusal)?;
    after.nonce += 1;
    if let Order::RotateKey(rotate) = order {
        after.slots[rotate.slot.index()] = KeySlot {
            root: rotate.new_root,
            first_nonce: after.nonce,
            scope: rotate.scope,
        };
    }
    Ok(after)
}

/// The receiver's account after it got `amount`.
pub(super) fn credit(id: u32, account: &Account, amount: u128) -> Result<Account, LedgerError> {
    let balance = account.balance.checked_add(amount);
    let balance = balance.ok_or(LedgerError::BalanceOverflow {
        account: id,
        amount,
    })?;
    Ok(Account {
        balance,
        ..*account
    })
}

pub(super) fn same_asset(id: u32, account: &Account, moved: u32) -> Result<(), LedgerError> {
    let held = account.asset;
    if held == moved {
        Ok(())
    } else {
        Err(LedgerError::WrongAsset {
            account: id,
            held,
            moved,
        })
    }
}

/// The account that a deposit with keys creates.
pub(super) const fn created(asset: u32, balance: u128, keys: &NewKeys) -> Account {
    let [first, second] = keys.roots;
    let slots = [
        KeySlot {
            root: first,
            first_nonce: 0,
            scope: keys.scopes[0],
        },
        KeySlot {
            root: second,
            first_nonce: 0,
            scope: keys.scopes[1],
        },
    ];
    Account {
        asset,
        balance,
        nonce: 0,
        slots,
    }
}
