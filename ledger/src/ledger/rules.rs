//! What an operation does to one account, and the rules it must keep.

use super::LedgerError;
use crate::{Account, AccountId, Amount, AssetId, KeySlot, KeyUse, NewKeys, Nonce, Order};

/// The signer's account after it paid amount and fee, counted its nonce, used up its one-time keys
/// up to `key`, and rotated its key.
pub(super) fn debit<E>(
    id: AccountId,
    account: &Account,
    order: &Order,
    key: KeyUse,
) -> Result<Account, LedgerError<E>> {
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
    let next = account.nonce.next();
    after.nonce = next.ok_or(LedgerError::NonceExhausted { account: id })?;
    after.slots[key.slot.index()].next_index = key.index.saturating_add(1);
    // a rotation comes last: a slot that signs for its own replacement begins anew
    if let Order::RotateKey(rotate) = order {
        after.slots[rotate.slot.index()] = KeySlot {
            root: rotate.new_root,
            next_index: 0,
            scope: rotate.scope,
        };
    }
    Ok(after)
}

/// The receiver's account after it got `amount`.
pub(super) fn credit<E>(
    id: AccountId,
    account: &Account,
    amount: Amount,
) -> Result<Account, LedgerError<E>> {
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

pub(super) fn same_asset<E>(
    id: AccountId,
    account: &Account,
    moved: AssetId,
) -> Result<(), LedgerError<E>> {
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
pub(crate) const fn created(asset: AssetId, balance: Amount, keys: &NewKeys) -> Account {
    let [first, second] = keys.roots;
    let slots = [
        KeySlot {
            root: first,
            next_index: 0,
            scope: keys.scopes[0],
        },
        KeySlot {
            root: second,
            next_index: 0,
            scope: keys.scopes[1],
        },
    ];
    Account {
        asset,
        balance,
        nonce: Nonce::ZERO,
        slots,
    }
}
