//! The ledger at work: what it accepts and what it hands to the prover; refusals beside it.

mod follow;
mod one_time_keys;
mod refusals;
mod slots;

use alloc::vec::Vec;

use crate::{
    Account, AccountId, Amount, AssetId, BatchNumber, ChainId, Deposit, Digest, Domain, KeySlot,
    KeyUse, Ledger, LedgerError, MAX_OPERATIONS, NewKeys, Nonce, Order, Record, RollupId, Root,
    RotateKey, ScalarCompressor, Scope, SealError, SealedBatch, SlotIndex, Transfer, Withdraw,
    hash::domain_digest,
    ledger::{Batch, GenesisError, check_order, check_orders},
    record::operations_digest,
    signature::SignatureError,
    testing::Key,
    tree::root_of_path,
};

pub(super) fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(2))
}

/// Accounts 1, 2, 3 of asset 7 and account 9 of asset 8. Key 10 * id in slot 0 (both scopes from
/// nonce 0), and in slot 1 key 10 * id + 1, which only rotates.
pub(super) fn genesis(batch_number: BatchNumber) -> Ledger {
    let accounts =
        [(1, 7, 1000), (2, 7, 500), (3, 7, 0), (9, 8, 1000)].map(|(id, asset, balance)| {
            let slots = [
                Key::new(10 * id).slot(Scope::BOTH, 0),
                Key::new(10 * id + 1).slot(Scope::ROTATE, 0),
            ];
            (
                AccountId::new(id),
                Account {
                    asset: AssetId::new(asset),
                    balance: Amount::new(balance),
                    nonce: Nonce::ZERO,
                    slots,
                },
            )
        });
    Ledger::genesis(domain(), batch_number, accounts).unwrap()
}

const PAY: Transfer = Transfer {
    from: AccountId::new(1),
    to: AccountId::new(2),
    amount: Amount::new(10),
    fee: Amount::new(1),
    valid_until: BatchNumber::new(100),
};

fn pay(transfer: Transfer) -> Order {
    Order::Transfer(transfer)
}

/// Signs with key `10 * signer`, which is in slot 0, and its one-time key `nonce`; and applies.
fn sign_and_apply(
    batch: &mut Batch<'_, ScalarCompressor>,
    order: Order,
    nonce: Nonce,
) -> Result<(), LedgerError> {
    batch.signed(Key::new(10 * order.signer().get()).sign(
        order,
        &domain(),
        nonce,
        SlotIndex::Zero,
        nonce.get() as u16,
    ))
}

/// The refusal of one order as the first operation of batch 5, after checking that it left no trace.
fn refusal(change: impl FnOnce(&mut Ledger), order: Order) -> LedgerError {
    let mut ledger = genesis(BatchNumber::new(5));
    change(&mut ledger);
    let before: Vec<_> = ledger
        .accounts()
        .map(|(id, account)| (id, *account))
        .collect();
    let mut batch = ledger.open_batch();
    let error = sign_and_apply(&mut batch, order, Nonce::ZERO).unwrap_err();
    assert!(batch.is_empty() && batch.pool().is_none());
    assert!(
        before
            .iter()
            .all(|(id, account)| batch.account(*id) == Some(account))
    );
    error
}

fn set(id: AccountId, change: impl Fn(&mut Account)) -> impl FnOnce(&mut Ledger) {
    move |ledger| change(ledger.state.accounts.get_mut(&id).unwrap())
}

fn unchanged(_: &mut Ledger) {}

/// Opens every leaf of a sealed batch with the siblings of its witness, in order, from the old
/// root to the new one: what the AIR will do.
pub(super) fn replay(sealed: &SealedBatch) {
    let public = &sealed.public_inputs;
    assert_eq!(sealed.records.len(), public.num_operations as usize);
    assert_eq!(sealed.operations.len(), sealed.records.len());
    assert!(sealed.records.len().is_power_of_two());
    assert_eq!(
        public.operations_digest,
        operations_digest(&sealed.records, &ScalarCompressor)
    );
    let mut root = public.old_root;
    let mut pool = (0, 0);
    for (operation, record) in sealed.operations.iter().zip(&sealed.records) {
        assert_eq!(operation.record, *record);
        assert_eq!(operation.batch_number, public.batch_number);
        assert_eq!(operation.signer.is_some(), record.kind().is_signed());
        assert_eq!(operation.receiver.is_some(), record.kind().has_receiver());
        if pool.1 > 0 {
            assert_eq!(
                operation.pool_asset,
                AssetId::new(pool.0),
                "the pool's asset changed while it was full"
            );
        }
        pool.0 = operation.pool_asset.get();
        if let Some(signer) = &operation.signer {
            let [old, new] = [signer.account, signer.account_after(record)];
            assert_eq!(
                root_of_path(signer.index.get(), &old.leaf_digest(), &signer.siblings),
                root
            );
            root = root_of_path(signer.index.get(), &new.leaf_digest(), &signer.siblings);
            if record.fee() > Amount::ZERO {
                assert_eq!(operation.pool_asset, signer.account.asset);
                pool.1 += record.fee().get();
            }
        }
        if let Some(receiver) = &operation.receiver {
            let old = receiver
                .account
                .map_or(Digest::ZERO, |account| account.leaf_digest());
            let new = receiver.account_after(record.amount()).leaf_digest();
            assert_eq!(
                root_of_path(receiver.index.get(), &old, &receiver.siblings),
                root
            );
            root = root_of_path(receiver.index.get(), &new, &receiver.siblings);
        }
        if let Record::CollectFees { amount, .. } = record {
            assert_eq!(*amount, Amount::new(pool.1));
            assert_eq!(
                operation.pool_asset,
                operation.receiver.as_ref().unwrap().account.unwrap().asset
            );
            pool.1 = 0;
        }
    }
    assert_eq!(root, public.new_root);
    assert_eq!(pool.1, 0);
}

#[test]
fn a_batch_of_every_kind() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    let new_key = Key::new(77);
    sign_and_apply(&mut batch, pay(PAY), Nonce::ZERO).unwrap();
    let withdraw = Withdraw {
        from: AccountId::new(2),
        amount: Amount::new(500),
        fee: Amount::new(2),
        recipient: [3; 20],
        valid_until: BatchNumber::new(5),
    };
    sign_and_apply(&mut batch, Order::Withdraw(withdraw), Nonce::ZERO).unwrap();
    let rotate = RotateKey {
        account: AccountId::new(1),
        slot: SlotIndex::Zero,
        new_root: new_key.tree.root(),
        scope: Scope::SPEND,
        fee: Amount::new(4),
        valid_until: BatchNumber::new(6),
    };
    sign_and_apply(&mut batch, Order::RotateKey(rotate), Nonce::new(1)).unwrap();
    // The new key signs in the same batch, with its first one-time key.
    let order = pay(Transfer {
        to: AccountId::new(1),
        ..PAY
    });
    batch
        .signed(new_key.sign(order, &domain(), Nonce::new(2), SlotIndex::Zero, 0))
        .unwrap();
    batch
        .deposit(Deposit {
            to: AccountId::new(3),
            asset: AssetId::new(7),
            amount: Amount::new(44),
            keys: None,
        })
        .unwrap();
    let keys = NewKeys {
        roots: [new_key.tree.root(); 2],
        scopes: [Scope::SPEND, Scope::ROTATE],
    };
    batch
        .deposit(Deposit {
            to: AccountId::new(4),
            asset: AssetId::new(7),
            amount: Amount::new(6),
            keys: Some(keys),
        })
        .unwrap();
    batch
        .signed(new_key.sign(
            pay(Transfer {
                from: AccountId::new(4),
                amount: Amount::new(5),
                ..PAY
            }),
            &domain(),
            Nonce::ZERO,
            SlotIndex::Zero,
            0,
        ))
        .unwrap();
    assert_eq!(
        batch.pool(),
        Some((AssetId::new(7), Amount::new(1 + 2 + 4 + 1 + 1)))
    );
    batch.collect_fees(AccountId::new(3)).unwrap();
    assert_eq!(batch.pool(), None);
    batch.noop().unwrap();
    assert_eq!(batch.len(), 9);
    let sealed = batch.seal(None).unwrap();
    replay(&sealed);
    assert_eq!(sealed.public_inputs.num_operations, 16);
    assert_eq!(sealed.public_inputs.batch_number, BatchNumber::new(5));
    assert_eq!(ledger.batch_number(), BatchNumber::new(6));
    assert_eq!(ledger.root(), sealed.public_inputs.new_root);

    let balance = |id| ledger.account(id).unwrap().balance;
    assert_eq!(
        [1, 2, 3, 4, 9].map(AccountId::new).map(balance),
        [1000 - 11 - 4 - 1, 500 + 10 - 502 + 5, 53, 0, 1000].map(Amount::new)
    );
    let one = ledger.account(AccountId::new(1)).unwrap();
    assert_eq!(one.nonce, Nonce::new(3));
    let slot = KeySlot {
        root: new_key.tree.root(),
        next_index: 1,
        scope: Scope::SPEND,
    };
    assert_eq!(one.slots[0], slot);
    assert_eq!(
        ledger.account(AccountId::new(4)).unwrap().slots[1].scope,
        Scope::ROTATE
    );
    // The tree is that of the accounts.
    let accounts: Vec<_> = ledger
        .accounts()
        .map(|(id, account)| (id, *account))
        .collect();
    assert_eq!(
        Ledger::genesis(domain(), BatchNumber::new(6), accounts)
            .unwrap()
            .root(),
        ledger.root()
    );
}

#[test]
fn a_self_transfer_costs_the_fee() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    sign_and_apply(
        &mut batch,
        pay(Transfer {
            to: AccountId::new(1),
            amount: Amount::new(999),
            ..PAY
        }),
        Nonce::ZERO,
    )
    .unwrap();
    assert_eq!(
        batch.account(AccountId::new(1)).unwrap().balance,
        Amount::new(999)
    );
    batch.collect_fees(AccountId::new(1)).unwrap();
    let sealed = batch.seal(None).unwrap();
    replay(&sealed);
    assert_eq!(
        sealed.operations[0]
            .receiver
            .as_ref()
            .unwrap()
            .account
            .unwrap()
            .balance,
        Amount::ZERO
    );
}

#[test]
fn extreme_amounts() {
    let mut ledger = genesis(BatchNumber::new(5));
    set(AccountId::new(1), |account| account.balance = Amount::MAX)(&mut ledger);
    let accounts: Vec<_> = ledger
        .accounts()
        .map(|(id, account)| (id, *account))
        .collect();
    let mut ledger = Ledger::genesis(domain(), BatchNumber::new(5), accounts).unwrap();
    let mut batch = ledger.open_batch();
    let all = Transfer {
        to: AccountId::new(3),
        amount: Amount::MAX,
        fee: Amount::ZERO,
        ..PAY
    };
    sign_and_apply(&mut batch, pay(all), Nonce::ZERO).unwrap();
    sign_and_apply(
        &mut batch,
        pay(Transfer {
            amount: Amount::ZERO,
            fee: Amount::ZERO,
            ..PAY
        }),
        Nonce::new(1),
    )
    .unwrap();
    assert_eq!(
        batch.account(AccountId::new(3)).unwrap().balance,
        Amount::MAX
    );
    let more = batch.deposit(Deposit {
        to: AccountId::new(3),
        asset: AssetId::new(7),
        amount: Amount::new(1),
        keys: None,
    });
    assert_eq!(
        more,
        Err(LedgerError::BalanceOverflow {
            account: AccountId::new(3),
            amount: Amount::new(1)
        })
    );
    batch
        .deposit(Deposit {
            to: AccountId::new(3),
            asset: AssetId::new(7),
            amount: Amount::ZERO,
            keys: None,
        })
        .unwrap();
    replay(&batch.seal(None).unwrap());
}

#[test]
fn the_pool_holds_one_asset_at_a_time() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    let nine = Transfer {
        from: AccountId::new(9),
        to: AccountId::new(9),
        ..PAY
    };
    // Without a fee any asset passes.
    sign_and_apply(
        &mut batch,
        pay(Transfer {
            fee: Amount::ZERO,
            ..nine
        }),
        Nonce::ZERO,
    )
    .unwrap();
    sign_and_apply(&mut batch, pay(PAY), Nonce::ZERO).unwrap();
    let conflict = LedgerError::PoolAssetConflict {
        pool: AssetId::new(7),
        asset: AssetId::new(8),
    };
    assert_eq!(
        sign_and_apply(&mut batch, pay(nine), Nonce::new(1)),
        Err(conflict)
    );
    // A conflict is what stands in the way alone: an order that another rule refuses hears of that rule.
    let account = 4_000_000;
    let nobody = pay(Transfer {
        to: AccountId::new(account),
        ..nine
    });
    let unknown = LedgerError::UnknownAccount {
        account: AccountId::new(account),
    };
    assert_eq!(
        sign_and_apply(&mut batch, nobody, Nonce::new(1)),
        Err(unknown)
    );
    sign_and_apply(
        &mut batch,
        pay(Transfer {
            fee: Amount::ZERO,
            ..nine
        }),
        Nonce::new(1),
    )
    .unwrap();
    assert_eq!(batch.collect_fees(AccountId::new(9)), Err(conflict));
    assert_eq!(
        batch.seal(None),
        Err(SealError::PoolNotEmpty {
            asset: AssetId::new(7),
            amount: Amount::new(1)
        })
    );
    assert_eq!(batch.len(), 3);
    batch.collect_fees(AccountId::new(1)).unwrap();
    sign_and_apply(&mut batch, pay(nine), Nonce::new(2)).unwrap();
    batch.collect_fees(AccountId::new(9)).unwrap();
    batch.collect_fees(AccountId::new(1)).unwrap(); // empty
    let sealed = batch.seal(Some(16)).unwrap();
    replay(&sealed);
    let assets: Vec<_> = sealed
        .operations
        .iter()
        .map(|operation| operation.pool_asset)
        .collect();
    assert_eq!(
        assets,
        [7, 7, 7, 7, 8, 8, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7].map(AssetId::new)
    );
}
