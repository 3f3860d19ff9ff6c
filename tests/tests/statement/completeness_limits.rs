//! Valid batches at the limits: of amounts, limbs, nonces, keys and batch numbers.

use winterlane_ledger::{
    AccountId, Amount, BatchNumber, LedgerError, Nonce, Order, Scope, SignedOrder, SlotIndex,
    Transfer, Withdraw,
};
use winterlane_tests::{
    scenario::{
        KeyName, Op, Opening, Refusal, World, by_first, by_second, domain, top_up, transfer,
        withdraw,
    },
    valid::{GOLD, batch, batch_in, proves, satisfies, world},
};

const NEW: KeyName = KeyName(1001, 2);

#[test]
fn fees_whose_limbs_carry() {
    let low = (1 << 50) - 1;
    let mut world = World::new(
        5,
        &[Opening::new(1, GOLD, u128::MAX), Opening::new(2, GOLD, 0)],
    );
    let fee = low | low << 50;
    proves(&batch_in(
        &mut world,
        &[
            by_first(transfer(1, 2, 1, fee)),
            by_first(transfer(1, 2, 1, fee)),
            by_first(withdraw(1, 1, fee)),
            Op::Collect(2),
        ],
    ));
}

#[test]
fn a_pool_of_the_greatest_amount() {
    let mut world = World::new(
        5,
        &[Opening::new(1, GOLD, u128::MAX), Opening::new(2, GOLD, 0)],
    );
    proves(&batch_in(
        &mut world,
        &[by_first(withdraw(1, 0, u128::MAX)), Op::Collect(2)],
    ));
}

#[test]
fn first_and_last_one_time_key() {
    const FULL: KeyName = KeyName(500, 10);
    for index in [0, 1022, 1023] {
        for nonce in [0, 17, u32::MAX - 1] {
            let opening = Opening {
                nonce,
                slots: [(FULL, Scope::BOTH, index), (NEW, Scope::ROTATE, 0)],
                ..Opening::new(1, GOLD, 10)
            };
            let mut world = World::new(5, &[opening]);
            let batch = batch_in(&mut world, &[by_first(transfer(1, 1, 1, 0))]);
            if index == 1023 && nonce == 17 {
                proves(&batch);
            } else {
                satisfies(&batch);
            }
        }
    }
}

/// From the next index on, a wallet may skip as many one-time keys as it likes.
#[test]
fn one_time_keys_are_skipped() {
    const FULL: KeyName = KeyName(500, 10);
    for (next, index) in [(0, 1023), (0, 1022), (1, 1023), (1022, 1023), (511, 1022)] {
        for slot in SlotIndex::ALL {
            let mut slots = [(NEW, Scope::ROTATE, 7); 2];
            slots[slot.index()] = (FULL, Scope::BOTH, next);
            let opening = Opening {
                slots,
                ..Opening::new(1, GOLD, 10)
            };
            let mut world = World::new(5, &[opening]);
            let order = transfer(1, 1, 1, 0);
            let signed = SignedOrder {
                order,
                nonce: Nonce::ZERO,
                slot,
                signature: FULL.get().sign(&order, &domain(), 0, slot, index),
            };
            let mut batch = world.ledger.open_batch();
            batch.signed(signed).expect("an index that was not used");
            let batch = batch.seal(Some(2)).expect("no fees");
            if next == 0 && index == 1023 {
                proves(&batch);
            } else {
                satisfies(&batch);
            }
            let after = world
                .ledger
                .account(AccountId::new(1))
                .expect("it exists")
                .slots;
            assert_eq!(u32::from(after[slot.index()].next_index), index + 1);
            assert_eq!(after[1 - slot.index()].next_index, 7);
        }
    }
}

#[test]
fn keys_of_every_small_height() {
    for height in 0..4 {
        let name = KeyName(600, height);
        for index in [0, (1 << height) - 1] {
            let opening = Opening {
                nonce: 5,
                slots: [(NEW, Scope::ROTATE, 0), (name, Scope::SPEND, index)],
                ..Opening::new(1, GOLD, 10)
            };
            let mut world = World::new(5, &[opening]);
            satisfies(&batch_in(&mut world, &[by_second(withdraw(1, 10, 0))]));
        }
    }
}

#[test]
fn the_last_nonce() {
    let opening = Opening {
        nonce: u32::MAX - 1,
        slots: [(KeyName(2, 2), Scope::BOTH, 2), (NEW, Scope::NONE, 0)],
        ..Opening::new(1, GOLD, 10)
    };
    let mut world = World::new(5, &[opening]);
    let op = by_first(transfer(1, 1, 1, 0));
    assert_eq!(
        world.seal(&[op, op], None),
        Err((
            1,
            LedgerError::NonceExhausted {
                account: AccountId::new(1)
            }
            .into()
        ))
    );
    proves(&batch_in(&mut world, &[op]));
    assert_eq!(
        world.ledger.account(AccountId::new(1)).unwrap().nonce,
        Nonce::MAX
    );
}

#[test]
fn extreme_amounts() {
    let rich = || {
        World::new(
            5,
            &[
                Opening::new(1, GOLD, u128::MAX),
                Opening::new(2, GOLD, 0),
                Opening::new(3, GOLD, 1),
            ],
        )
    };
    proves(&batch_in(
        &mut rich(),
        &[by_first(transfer(1, 2, u128::MAX, 0))],
    ));
    satisfies(&batch_in(
        &mut rich(),
        &[by_first(transfer(1, 1, u128::MAX, 0))],
    ));
    satisfies(&batch_in(
        &mut rich(),
        &[by_first(withdraw(1, u128::MAX, 0))],
    ));
    satisfies(&batch_in(&mut rich(), &[by_first(transfer(1, 2, 0, 0))]));
    satisfies(&batch_in(&mut rich(), &[by_first(transfer(2, 1, 0, 0))]));
    satisfies(&batch_in(&mut rich(), &[top_up(2, GOLD, u128::MAX)]));
    satisfies(&batch_in(&mut rich(), &[top_up(3, GOLD, u128::MAX - 1)]));
    satisfies(&batch_in(&mut rich(), &[top_up(1, GOLD, 0)]));
    satisfies(&batch_in(
        &mut rich(),
        &[
            by_first(transfer(1, 2, (1 << 127) - 1, 1 << 127)),
            Op::Collect(2),
        ],
    ));
}

#[test]
fn carries_between_limbs() {
    let low = (1_u128 << 50) - 1;
    let both = (1_u128 << 100) - 1;
    let amounts = [1, low, low + 1, low << 50, both, both + 1, both << 26];
    for amount in amounts {
        for fee in amounts {
            for rest in [0, low] {
                let mut world = World::new(
                    5,
                    &[
                        Opening::new(1, GOLD, rest + amount + fee),
                        Opening::new(2, GOLD, rest),
                    ],
                );
                satisfies(&batch_in(
                    &mut world,
                    &[by_first(transfer(1, 2, amount, fee)), Op::Collect(1)],
                ));
            }
        }
    }
}

#[test]
fn expiry_on_the_boundary() {
    let until = |valid_until| {
        by_first(Order::Transfer(Transfer {
            from: AccountId::new(1),
            to: AccountId::new(2),
            amount: Amount::new(1),
            fee: Amount::ZERO,
            valid_until,
        }))
    };
    proves(&batch(&[until(BatchNumber::new(5))]));
    satisfies(&batch(&[until(BatchNumber::new(6))]));
    satisfies(&batch(&[until(BatchNumber::new(5 + (1 << 62) - 1))]));
    assert!(matches!(
        world().seal(&[until(BatchNumber::new(4))], None),
        Err((0, Refusal::Ledger(LedgerError::Expired { .. })))
    ));
    assert!(matches!(
        world().seal(&[until(BatchNumber::new(5 + (1 << 62)))], None),
        Err((0, Refusal::Ledger(LedgerError::ValidTooLong { .. })))
    ));
    for number in [0, (1 << 62) - 1] {
        let mut world = World::new(
            number,
            &[Opening::new(1, GOLD, 1), Opening::new(2, GOLD, 0)],
        );
        satisfies(&batch_in(&mut world, &[until(BatchNumber::new(number))]));
        let mut world = World::new(
            number,
            &[Opening::new(1, GOLD, 1), Opening::new(2, GOLD, 0)],
        );
        proves(&batch_in(
            &mut world,
            &[until(BatchNumber::new(number + (1 << 62) - 1))],
        ));
    }
}

#[test]
fn a_record_with_every_bit_set() {
    let mut world = world();
    let op = by_first(Order::Withdraw(Withdraw {
        from: AccountId::MAX,
        amount: Amount::new(90),
        fee: Amount::ZERO,
        recipient: [0xff; 20],
        valid_until: BatchNumber::new(5 + (1 << 62) - 1),
    }));
    proves(&batch_in(&mut world, &[op]));
}
