//! Random streams of operations: conservation of value, and a reference ledger without cleverness.

use alloc::{collections::BTreeMap, vec::Vec};

use proptest::{collection::vec, prelude::*};

use super::tests::{domain, genesis, replay};
use crate::{
    Account, AccountId, Amount, AssetId, BatchNumber, Deposit, Ledger, LedgerError, NewKeys, Nonce,
    Order, RotateKey, Scope, SlotIndex, Transfer, Withdraw, testing::Key,
};

/// An operation as the strategy draws it; orders are signed by the right key at the right nonce.
#[derive(Clone, Copy, Debug)]
enum Draw {
    Transfer {
        from: AccountId,
        to: AccountId,
        amount: Amount,
        fee: Amount,
    },
    Withdraw {
        from: AccountId,
        amount: Amount,
        fee: Amount,
    },
    Rotate {
        account: AccountId,
        fee: Amount,
    },
    Deposit {
        to: AccountId,
        asset: AssetId,
        amount: Amount,
    },
    Create {
        to: AccountId,
        asset: AssetId,
        amount: Amount,
    },
    Collect {
        to: AccountId,
    },
    Seal,
}

fn id() -> impl Strategy<Value = AccountId> {
    prop_oneof![6 => 1..4u32, 1 => Just(9u32), 1 => 4..6u32].prop_map(AccountId::new)
}

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![8 => 0..400u128, 1 => any::<u128>(), 1 => Just(u128::MAX)].prop_map(Amount::new)
}

fn draw() -> impl Strategy<Value = Draw> {
    let fee = || prop_oneof![4 => 0..9u128, 1 => Just(u128::MAX)].prop_map(Amount::new);
    let asset = || prop_oneof![6 => Just(7u32), 1 => Just(8u32)].prop_map(AssetId::new);
    prop_oneof![
        6 => (id(), id(), amount(), fee())
            .prop_map(|(from, to, amount, fee)| Draw::Transfer { from, to, amount, fee }),
        2 => (id(), amount(), fee())
            .prop_map(|(from, amount, fee)| Draw::Withdraw { from, amount, fee }),
        1 => (id(), fee()).prop_map(|(account, fee)| Draw::Rotate { account, fee }),
        2 => (id(), asset(), amount())
            .prop_map(|(to, asset, amount)| Draw::Deposit { to, asset, amount }),
        1 => (id(), asset(), amount())
            .prop_map(|(to, asset, amount)| Draw::Create { to, asset, amount }),
        2 => id().prop_map(|to| Draw::Collect { to }),
        1 => Just(Draw::Seal),
    ]
}

/// Sum of all balances of an asset, modulo 2^128.
fn total(accounts: impl Iterator<Item = Account>, asset: AssetId) -> u128 {
    let held = accounts.filter(|account| account.asset == asset);
    held.fold(0u128, |sum, account| {
        sum.wrapping_add(account.balance.get())
    })
}

/// Which key is in slot 0 of an account, and how many signatures it gave.
type Keys = BTreeMap<u32, (u32, u16)>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn value_is_conserved_and_witnesses_open(draws in vec(draw(), 1..24)) {
        let mut ledger = genesis(BatchNumber::new(5));
        let mut keys: Keys = [1, 2, 3, 9].into_iter().map(|id| (id, (10 * id, 0))).collect();
        let mut batch = ledger.open_batch();
        // What deposits and withdrawals say the two assets must add up to.
        let mut expected = [7, 8].map(|asset| total(genesis(BatchNumber::new(5)).accounts().map(|(_, a)| *a), AssetId::new(asset)));
        let mut sealed = Vec::new();
        for draw in draws {
            let order = match draw {
                Draw::Transfer { from, to, amount, fee } => {
                    Some(Order::Transfer(Transfer { from, to, amount, fee, valid_until: BatchNumber::new(99) }))
                }
                Draw::Withdraw { from, amount, fee } => {
                    let recipient = [1; 20];
                    Some(Order::Withdraw(Withdraw { from, amount, fee, recipient, valid_until: BatchNumber::new(99) }))
                }
                Draw::Rotate { account, fee } => {
                    let (key, _) = keys.get(&account.get()).copied().unwrap_or_default();
                    Some(Order::RotateKey(RotateKey {
                        account,
                        slot: SlotIndex::Zero,
                        new_root: Key::new(key + 1000).tree.root(),
                        scope: Scope::BOTH,
                        fee,
                        valid_until: BatchNumber::new(99),
                    }))
                }
                _ => None,
            };
            let before: Vec<_> = (0..10).map(|id| batch.account(AccountId::new(id)).copied()).collect();
            let (before_pool, before_len) = (batch.pool(), batch.len());
            let change = |asset: AssetId, amount: Amount, up: bool, expected: &mut [u128; 2]| {
                let sum = &mut expected[usize::from(asset == AssetId::new(8))];
                *sum = if up { sum.wrapping_add(amount.get()) } else { sum.wrapping_sub(amount.get()) };
            };
            let result = match (draw, order) {
                (_, Some(order)) => {
                    let signer = order.signer();
                    let nonce = batch.account(signer).map_or(0, |account| account.nonce.get());
                    let (key, index) = keys.get(&signer.get()).copied().unwrap_or_default();
                    if index > 3 {
                        continue; // these keys have four one-time keys
                    }
                    let signed = Key::new(key).sign(order, &domain(), Nonce::new(nonce), SlotIndex::Zero, index);
                    let result = batch.signed(signed);
                    if result.is_ok() {
                        keys.insert(signer.get(), (key, index + 1));
                        if let Order::RotateKey(_) = order {
                            keys.insert(signer.get(), (key + 1000, 0));
                        }
                        if let Order::Withdraw(withdraw) = order {
                            let asset = before[signer.get() as usize].unwrap().asset;
                            change(asset, withdraw.amount, false, &mut expected);
                        }
                    }
                    result
                }
                (Draw::Deposit { to, asset, amount }, _) => {
                    let result = batch.deposit(Deposit { to, asset, amount, keys: None });
                    if result.is_ok() { change(asset, amount, true, &mut expected); }
                    result
                }
                (Draw::Create { to, asset, amount }, _) => {
                    let roots = [Key::new(10 * to.get()).tree.root(); 2];
                    let scopes = [Scope::BOTH, Scope::NONE];
                    let new = Some(NewKeys { roots, scopes });
                    let result = batch.deposit(Deposit { to, asset, amount, keys: new });
                    if result.is_ok() {
                        keys.insert(to.get(), (10 * to.get(), 0));
                        change(asset, amount, true, &mut expected);
                    }
                    result
                }
                (Draw::Collect { to }, _) => batch.collect_fees(to),
                (Draw::Seal, _) => {
                    if let Ok(done) = batch.seal(None) {
                        sealed.push(done);
                    }
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(error) = result {
                // A refused operation leaves everything as it was.
                prop_assert!(!matches!(error, LedgerError::BadSignature { .. }), "{}", error);
                let after: Vec<_> = (0..10).map(|id| batch.account(AccountId::new(id)).copied()).collect();
                prop_assert_eq!(&before, &after);
                prop_assert_eq!((batch.pool(), batch.len()), (before_pool, before_len));
            }
            let accounts = || (0..10).filter_map(|id| batch.account(AccountId::new(id)).copied());
            for (asset, expected) in [7, 8].into_iter().zip(expected) {
                let pool = batch.pool().filter(|pool| pool.0 == AssetId::new(asset)).map_or(0, |pool| pool.1.get());
                prop_assert_eq!(total(accounts(), AssetId::new(asset)).wrapping_add(pool), expected);
            }
        }
        for id in [1, 9] {
            if batch.pool().is_some() {
                let _ = batch.collect_fees(AccountId::new(id));
            }
        }
        if let Ok(done) = batch.seal(None) {
            sealed.push(done);
        }
        let mut root = genesis(BatchNumber::new(5)).root();
        for batch in &sealed {
            prop_assert_eq!(batch.public_inputs.old_root, root);
            replay(batch);
            root = batch.public_inputs.new_root;
        }
        prop_assert_eq!(ledger.root(), root);
        let accounts: Vec<_> = ledger.accounts().map(|(id, account)| (id, *account)).collect();
        let rebuilt = Ledger::genesis(domain(), BatchNumber::new(5), accounts).unwrap();
        prop_assert_eq!(rebuilt.root(), root);
    }
}
