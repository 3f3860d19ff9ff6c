//! Every way an operation or a beginning is refused, and that a refusal leaves no trace.

use super::*;
use crate::{AccountId, Amount, AssetId, ChainId, RollupId, Root};

#[test]
fn unknown_accounts() {
    let to_nobody = pay(Transfer {
        to: AccountId::new(4),
        ..PAY
    });
    assert_eq!(
        refusal(unchanged, to_nobody),
        LedgerError::UnknownAccount {
            account: AccountId::new(4)
        }
    );
    let from_nobody = pay(Transfer {
        from: AccountId::new(4),
        ..PAY
    });
    assert_eq!(
        refusal(unchanged, from_nobody),
        LedgerError::UnknownAccount {
            account: AccountId::new(4)
        }
    );
    let mut ledger = genesis(BatchNumber::ZERO);
    let mut batch = ledger.open_batch();
    let unknown = Err(LedgerError::UnknownAccount {
        account: AccountId::new(4),
    });
    assert_eq!(batch.collect_fees(AccountId::new(4)), unknown);
    assert_eq!(
        batch.deposit(Deposit {
            to: AccountId::new(4),
            asset: AssetId::new(7),
            amount: Amount::new(1),
            keys: None
        }),
        unknown
    );
}

#[test]
fn wrong_assets() {
    let error = refusal(
        unchanged,
        pay(Transfer {
            to: AccountId::new(9),
            ..PAY
        }),
    );
    assert_eq!(
        error,
        LedgerError::WrongAsset {
            account: AccountId::new(9),
            held: AssetId::new(8),
            moved: AssetId::new(7)
        }
    );
    let mut ledger = genesis(BatchNumber::ZERO);
    let deposit = ledger.open_batch().deposit(Deposit {
        to: AccountId::new(1),
        asset: AssetId::new(8),
        amount: Amount::new(1),
        keys: None,
    });
    assert_eq!(
        deposit,
        Err(LedgerError::WrongAsset {
            account: AccountId::new(1),
            held: AssetId::new(7),
            moved: AssetId::new(8)
        })
    );
}

#[test]
fn insufficient_funds() {
    let error = |amount: u128, fee: u128| {
        let (amount, fee) = (Amount::new(amount), Amount::new(fee));
        refusal(unchanged, pay(Transfer { amount, fee, ..PAY }))
    };
    for (amount, fee) in [
        (1001, 0),
        (0, 1001),
        (1000, 1),
        (u128::MAX, 1),
        (1, u128::MAX),
    ] {
        let refused = LedgerError::InsufficientFunds {
            account: AccountId::new(1),
            balance: Amount::new(1000),
            amount: Amount::new(amount),
            fee: Amount::new(fee),
        };
        assert_eq!(error(amount, fee), refused);
    }
}

#[test]
fn overflows() {
    let full = set(AccountId::new(2), |account| {
        account.balance = Amount::new(u128::MAX - 9);
    });
    let refused = LedgerError::BalanceOverflow {
        account: AccountId::new(2),
        amount: Amount::new(10),
    };
    assert_eq!(refusal(full, pay(PAY)), refused);

    let mut ledger = genesis(BatchNumber::new(5));
    set(AccountId::new(1), |account| account.balance = Amount::MAX)(&mut ledger);
    let mut batch = ledger.open_batch();
    let fee = u128::MAX - 11;
    sign_and_apply(
        &mut batch,
        pay(Transfer {
            fee: Amount::new(fee),
            ..PAY
        }),
        Nonce::ZERO,
    )
    .unwrap();
    let refused = Err(LedgerError::PoolOverflow {
        fee: Amount::new(12),
    });
    let second = pay(Transfer {
        from: AccountId::new(2),
        to: AccountId::new(1),
        fee: Amount::new(12),
        ..PAY
    });
    assert_eq!(sign_and_apply(&mut batch, second, Nonce::ZERO), refused);
    let third = pay(Transfer {
        from: AccountId::new(2),
        to: AccountId::new(1),
        fee: Amount::new(11),
        ..PAY
    });
    sign_and_apply(&mut batch, third, Nonce::ZERO).unwrap();
    assert_eq!(batch.pool(), Some((AssetId::new(7), Amount::MAX)));
    let refused = LedgerError::BalanceOverflow {
        account: AccountId::new(2),
        amount: Amount::MAX,
    };
    assert_eq!(batch.collect_fees(AccountId::new(2)), Err(refused));
    batch.collect_fees(AccountId::new(3)).unwrap();
    assert_eq!(
        batch.account(AccountId::new(3)).unwrap().balance,
        Amount::MAX
    );
}

#[test]
fn nonces() {
    let mut ledger = genesis(BatchNumber::new(5));
    let mut batch = ledger.open_batch();
    let future = LedgerError::FutureNonce {
        account: AccountId::new(1),
        signed: Nonce::new(1),
        current: Nonce::ZERO,
    };
    assert_eq!(
        sign_and_apply(&mut batch, pay(PAY), Nonce::new(1)),
        Err(future)
    );
    sign_and_apply(&mut batch, pay(PAY), Nonce::ZERO).unwrap();
    let stale = LedgerError::StaleNonce {
        account: AccountId::new(1),
        signed: Nonce::ZERO,
        current: Nonce::new(1),
    };
    assert_eq!(
        sign_and_apply(&mut batch, pay(PAY), Nonce::ZERO),
        Err(stale)
    );
    batch.collect_fees(AccountId::new(1)).unwrap();
    batch.seal(None).unwrap();
    // And in a later batch.
    assert_eq!(
        sign_and_apply(&mut ledger.open_batch(), pay(PAY), Nonce::ZERO),
        Err(stale)
    );

    let last = |account: &mut Account| {
        account.nonce = Nonce::MAX;
    };
    let mut ledger = genesis(BatchNumber::new(5));
    set(AccountId::new(1), last)(&mut ledger);
    let order = Key::new(10).sign(pay(PAY), &domain(), Nonce::MAX, SlotIndex::Zero, 0);
    let refused = Err(LedgerError::NonceExhausted {
        account: AccountId::new(1),
    });
    assert_eq!(ledger.open_batch().signed(order), refused);
    set(AccountId::new(1), |account| account.nonce.0 -= 1)(&mut ledger);
    let order = Key::new(10).sign(
        pay(PAY),
        &domain(),
        Nonce::new(u32::MAX - 1),
        SlotIndex::Zero,
        0,
    );
    assert_eq!(ledger.open_batch().signed(order), Ok(()));
}

#[test]
fn expiry() {
    let until = |valid_until| pay(Transfer { valid_until, ..PAY });
    let expired = LedgerError::Expired {
        valid_until: BatchNumber::new(4),
        batch_number: BatchNumber::new(5),
    };
    assert_eq!(refusal(unchanged, until(BatchNumber::new(4))), expired);
    let valid_until = 5 + (1 << 62);
    let too_long = LedgerError::ValidTooLong {
        valid_until: BatchNumber::new(valid_until),
        batch_number: BatchNumber::new(5),
    };
    assert_eq!(
        refusal(unchanged, until(BatchNumber::new(valid_until))),
        too_long
    );
    for valid_until in [5, 6, 4 + (1 << 62)] {
        let mut ledger = genesis(BatchNumber::new(5));
        assert_eq!(
            sign_and_apply(
                &mut ledger.open_batch(),
                until(BatchNumber::new(valid_until)),
                Nonce::ZERO
            ),
            Ok(())
        );
    }
}

#[test]
fn signatures() {
    let mut ledger = genesis(BatchNumber::new(5));
    let good = Key::new(10).sign(pay(PAY), &domain(), Nonce::ZERO, SlotIndex::Zero, 0);
    let unknown = |slot| LedgerError::UnknownKey {
        account: AccountId::new(1),
        slot,
    };
    let mut batch = ledger.open_batch();

    let mut other_order = good.clone();
    other_order.order = pay(Transfer {
        amount: Amount::new(11),
        ..PAY
    });
    // Another message almost never has the target sum; if it has, it leads to a foreign root.
    let refused = batch.signed(other_order).unwrap_err();
    assert!(matches!(
        refused,
        LedgerError::BadSignature {
            account: AccountId(1),
            ..
        } | LedgerError::UnknownKey { .. }
    ));

    let mut forged = good.clone();
    forged.signature.chains[0][0] = forged.signature.chains[1][0];
    assert_eq!(batch.signed(forged), Err(unknown(SlotIndex::Zero)));

    let mut index = good.clone();
    index.signature.key_index = 1 << 10;
    let reason = SignatureError::KeyIndex { key_index: 1024 };
    assert_eq!(
        batch.signed(index),
        Err(LedgerError::BadSignature {
            account: AccountId::new(1),
            reason
        })
    );

    // A key of somebody else.
    let foreign = Key::new(20).sign(pay(PAY), &domain(), Nonce::ZERO, SlotIndex::Zero, 0);
    assert_eq!(batch.signed(foreign), Err(unknown(SlotIndex::Zero)));
    // The key of the other slot: the slot is signed too.
    let cold = Key::new(11).sign(pay(PAY), &domain(), Nonce::ZERO, SlotIndex::Zero, 0);
    assert_eq!(batch.signed(cold), Err(unknown(SlotIndex::Zero)));
    let mut moved = good.clone();
    moved.slot = SlotIndex::One;
    assert!(batch.signed(moved).is_err());

    // Another rollup's order: checked there, and checked here.
    let elsewhere = domain_digest(ChainId::new(1), RollupId::new(3));
    let theirs = Key::new(10).sign(pay(PAY), &elsewhere, Nonce::ZERO, SlotIndex::Zero, 0);
    let checked = check_order(theirs.clone(), &elsewhere, &ScalarCompressor).unwrap();
    assert_eq!(batch.checked(checked), Err(LedgerError::WrongDomain));
    assert!(batch.signed(theirs).is_err());

    assert_eq!(batch.signed(good), Ok(()));
}

#[test]
fn scopes() {
    let mut ledger = genesis(BatchNumber::new(5));
    let rotate = RotateKey {
        account: AccountId::new(1),
        slot: SlotIndex::One,
        new_root: Root::ZERO,
        scope: Scope::NONE,
        fee: Amount::ZERO,
        valid_until: BatchNumber::new(9),
    };
    let mut batch = ledger.open_batch();
    let cold = Key::new(11);
    let refused = LedgerError::WrongScope {
        account: AccountId::new(1),
        slot: SlotIndex::One,
        held: Scope::ROTATE,
        needed: Scope::SPEND,
    };
    assert_eq!(
        batch.signed(cold.sign(pay(PAY), &domain(), Nonce::ZERO, SlotIndex::One, 0)),
        Err(refused)
    );
    // A cold key may close its own slot, and is then unknown.
    batch
        .signed(cold.sign(
            Order::RotateKey(rotate),
            &domain(),
            Nonce::ZERO,
            SlotIndex::One,
            0,
        ))
        .unwrap();
    let refused = LedgerError::UnknownKey {
        account: AccountId::new(1),
        slot: SlotIndex::One,
    };
    assert_eq!(
        batch.signed(cold.sign(
            Order::RotateKey(rotate),
            &domain(),
            Nonce::new(1),
            SlotIndex::One,
            1
        )),
        Err(refused)
    );

    let mut ledger = genesis(BatchNumber::new(5));
    set(AccountId::new(1), |account| {
        account.slots[0].scope = Scope::SPEND;
    })(&mut ledger);
    let refused = sign_and_apply(
        &mut ledger.open_batch(),
        Order::RotateKey(rotate),
        Nonce::ZERO,
    );
    assert!(matches!(
        refused,
        Err(LedgerError::WrongScope {
            needed: Scope::ROTATE,
            ..
        })
    ));
}

#[test]
fn impossible_beginnings() {
    let account = Account::default();
    let start = |number, accounts: &[(AccountId, Account)]| {
        Ledger::genesis(domain(), number, accounts.iter().copied()).err()
    };
    assert_eq!(
        start(
            BatchNumber::new((1 << 62) - 1),
            &[(AccountId::new(1), account)]
        ),
        None
    );
    let batch_number = 1 << 62;
    assert_eq!(
        start(BatchNumber::new(batch_number), &[]),
        Some(GenesisError::BatchNumber {
            batch_number: BatchNumber::new(batch_number)
        })
    );
    let twice = [1, 2, 1].map(|id| (AccountId::new(id), account));
    assert_eq!(
        start(BatchNumber::ZERO, &twice),
        Some(GenesisError::Duplicate {
            account: AccountId::new(1)
        })
    );
    let mut used_up = account;
    used_up.slots[1].next_index = 1024;
    assert_eq!(
        start(BatchNumber::ZERO, &[(AccountId::new(8), used_up)]),
        None
    );
    used_up.slots[1].next_index = 1025;
    assert_eq!(
        start(BatchNumber::ZERO, &[(AccountId::new(8), used_up)]),
        Some(GenesisError::NextIndex {
            account: AccountId::new(8)
        })
    );
    let mut ledger = Ledger::genesis(domain(), BatchNumber::new((1 << 62) - 1), []).unwrap();
    let mut batch = ledger.open_batch();
    batch.seal(None).unwrap();
    let batch_number = 1 << 62;
    assert_eq!(
        batch.seal(None),
        Err(SealError::BatchNumber {
            batch_number: BatchNumber::new(batch_number)
        })
    );
}
