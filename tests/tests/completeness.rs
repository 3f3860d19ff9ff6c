//! Every valid batch satisfies every constraint, and proves and verifies with winterfell alone.

use proptest::prelude::*;
use winterlane_air::{LedgerError, Order, Scope, SealedBatch, SlotIndex, Transfer, Withdraw};
use winterlane_prover::trace::fill_trace;
use winterlane_tests::{
    constraint_check::Checker,
    scenario::{
        KeyName, Op, Opening, Refusal, World, by_first, by_second, create, rotate, top_up,
        transfer, withdraw,
    },
    stock::{Attempt, attempt},
};

const GOLD: u32 = 7;
const IRON: u32 = 8;

/// Accounts 1 to 3 and 0 of one asset, 9 and the last id of another.
fn world() -> World {
    World::new(
        5,
        &[
            Opening::new(0, GOLD, 0),
            Opening::new(1, GOLD, 1000),
            Opening::new(2, GOLD, 500),
            Opening::new(3, GOLD, 1 << 100),
            Opening::new(9, IRON, 800),
            Opening::new(u32::MAX, IRON, 90),
        ],
    )
}

/// Every constraint holds, on every row.
fn satisfies(batch: &SealedBatch) {
    let trace = fill_trace(batch).expect("a sealed batch fills");
    let violations = Checker::new(batch.public_inputs).violations(&trace);
    for violation in violations.iter().take(40) {
        println!("{violation}");
    }
    assert!(violations.is_empty(), "{} violations", violations.len());
}

/// Every constraint holds, and winterfell proves and verifies it.
fn proves(batch: &SealedBatch) {
    satisfies(batch);
    let trace = fill_trace(batch).expect("a sealed batch fills");
    assert_eq!(attempt(batch.public_inputs, trace), Attempt::Accepted);
}

/// The batch of these operations in the usual world.
fn batch(ops: &[Op]) -> SealedBatch {
    batch_in(&mut world(), ops)
}

fn batch_in(world: &mut World, ops: &[Op]) -> SealedBatch {
    world
        .seal(ops, None)
        .unwrap_or_else(|(number, refusal)| panic!("operation {number}: {refusal:?}"))
}

const NEW: KeyName = KeyName(1001, 2);
const OTHER: KeyName = KeyName(1002, 2);

#[test]
fn padding_alone() {
    proves(&world().seal(&[], Some(1)).unwrap());
    proves(&world().seal(&[], Some(2)).unwrap());
    satisfies(&world().seal(&[], Some(16)).unwrap());
}

#[test]
fn padding_between_operations() {
    proves(&batch(&[
        Op::Noop,
        by_first(transfer(1, 2, 5, 0)),
        Op::Noop,
        top_up(2, GOLD, 1),
    ]));
}

#[test]
fn a_transfer() {
    proves(&batch(&[by_first(transfer(1, 2, 300, 0))]));
    satisfies(&batch(&[by_first(transfer(9, u32::MAX, 300, 0))]));
    satisfies(&batch(&[by_first(transfer(u32::MAX, 9, 90, 0))]));
}

#[test]
fn a_withdrawal() {
    proves(&batch(&[by_first(withdraw(2, 500, 0))]));
}

#[test]
fn a_rotation_of_each_slot_by_each_slot_to_each_scope() {
    for slot in SlotIndex::ALL {
        for signing in SlotIndex::ALL {
            for bits in 0..4 {
                let scope = Scope::from_bits(bits).unwrap();
                let mut world = world().knowing(&[NEW]);
                let op = Op::Signed(rotate(1, slot, NEW, scope, 0), signing);
                let batch = batch_in(&mut world, &[op]);
                if bits == 2 && slot == signing {
                    proves(&batch);
                } else {
                    satisfies(&batch);
                }
            }
        }
    }
}

#[test]
fn a_deposit() {
    proves(&batch(&[top_up(3, GOLD, 12)]));
}

#[test]
fn a_creation() {
    let slots = [(NEW, Scope::SPEND), (OTHER, Scope::BOTH)];
    proves(&batch(&[create(77, IRON, 12, slots)]));
    satisfies(&batch(&[create(u32::MAX - 1, u32::MAX, 0, slots)]));
    satisfies(&batch(&[create(8, 0, u128::MAX, slots)]));
}

#[test]
fn a_collection_of_an_empty_pool() {
    proves(&batch(&[Op::Collect(9)]));
    satisfies(&batch(&[Op::Collect(9), Op::Collect(1)]));
}

#[test]
fn a_collection_of_fees() {
    proves(&batch(&[
        by_first(transfer(1, 2, 300, 3)),
        by_first(withdraw(2, 10, 4)),
        by_second(rotate(
            3,
            SlotIndex::One,
            KeyName(7, 2),
            Scope::BOTH,
            1 << 99,
        )),
        Op::Collect(0),
    ]));
}

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
fn the_pool_changes_its_asset() {
    proves(&batch(&[
        by_first(transfer(1, 2, 300, 3)),
        Op::Collect(2),
        by_first(transfer(9, 9, 1, 2)),
        Op::Collect(u32::MAX),
    ]));
    // an empty pool may be collected in any asset, and then hold another
    satisfies(&batch(&[
        Op::Collect(9),
        by_first(transfer(1, 2, 300, 3)),
        Op::Collect(2),
        Op::Collect(9),
    ]));
}

#[test]
fn an_operation_without_fee_of_another_asset_than_the_pool() {
    proves(&batch(&[
        by_first(transfer(1, 2, 300, 3)),
        by_first(transfer(9, u32::MAX, 1, 0)),
        top_up(9, IRON, 8),
        Op::Collect(2),
    ]));
}

#[test]
fn a_transfer_to_oneself() {
    let batch = batch(&[by_first(transfer(1, 1, 900, 100)), Op::Collect(2)]);
    proves(&batch);
    satisfies(&self::batch(&[by_first(transfer(1, 1, 0, 0))]));
    // all of it
    satisfies(&self::batch(&[by_first(transfer(2, 2, 500, 0))]));
}

#[test]
fn a_hot_account() {
    let mut world = world().knowing(&[NEW]);
    let mut ops: Vec<Op> = (0..3).map(|n| by_first(transfer(1, 2, n, 1))).collect();
    // its own key is used up: the cold one brings the next
    ops.push(by_second(rotate(1, SlotIndex::Zero, NEW, Scope::SPEND, 1)));
    ops.extend((0..3).map(|n| by_first(transfer(1, 3, n, 1))));
    ops.push(Op::Collect(1));
    proves(&batch_in(&mut world, &ops));
}

#[test]
fn two_slots_overlap() {
    let mut world = world().knowing(&[NEW]);
    proves(&batch_in(
        &mut world,
        &[
            by_second(rotate(1, SlotIndex::One, NEW, Scope::SPEND, 0)),
            by_first(transfer(1, 2, 1, 0)),
            by_second(transfer(1, 2, 2, 0)),
            by_first(transfer(1, 2, 3, 0)),
        ],
    ));
}

#[test]
fn one_key_in_both_slots() {
    let mut world = world().knowing(&[NEW]);
    let batch = batch_in(
        &mut world,
        &[
            by_first(rotate(1, SlotIndex::Zero, NEW, Scope::BOTH, 0)),
            by_first(rotate(1, SlotIndex::One, NEW, Scope::BOTH, 0)),
            by_first(transfer(1, 2, 1, 0)),
        ],
    );
    satisfies(&batch);
}

#[test]
fn first_and_last_one_time_key() {
    const FULL: KeyName = KeyName(500, 10);
    for index in [0, 1022, 1023] {
        for first_nonce in [0, 17, u32::MAX - 1 - 1023] {
            let opening = Opening {
                nonce: first_nonce + index,
                slots: [(FULL, Scope::BOTH, first_nonce), (NEW, Scope::ROTATE, 0)],
                ..Opening::new(1, GOLD, 10)
            };
            let mut world = World::new(5, &[opening]);
            let batch = batch_in(&mut world, &[by_first(transfer(1, 1, 1, 0))]);
            if index == 1023 && first_nonce == 17 {
                proves(&batch);
            } else {
                satisfies(&batch);
            }
        }
    }
}

#[test]
fn keys_of_every_small_height() {
    for height in 0..4 {
        let name = KeyName(600, height);
        for index in [0, (1 << height) - 1] {
            let opening = Opening {
                nonce: index,
                slots: [(NEW, Scope::ROTATE, 0), (name, Scope::SPEND, 0)],
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
        slots: [
            (KeyName(2, 2), Scope::BOTH, u32::MAX - 1),
            (NEW, Scope::NONE, 0),
        ],
        ..Opening::new(1, GOLD, 10)
    };
    let mut world = World::new(5, &[opening]);
    let op = by_first(transfer(1, 1, 1, 0));
    assert_eq!(
        world.seal(&[op, op], None),
        Err((1, LedgerError::NonceExhausted { account: 1 }.into()))
    );
    proves(&batch_in(&mut world, &[op]));
    assert_eq!(world.ledger.account(1).unwrap().nonce, u32::MAX);
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

/// Amounts around every limb border, so that every carry is 0 and 1, and 2 where it can be.
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
            from: 1,
            to: 2,
            amount: 1,
            fee: 0,
            valid_until,
        }))
    };
    proves(&batch(&[until(5)]));
    satisfies(&batch(&[until(6)]));
    satisfies(&batch(&[until(5 + (1 << 62) - 1)]));
    assert!(matches!(
        world().seal(&[until(4)], None),
        Err((0, Refusal::Ledger(LedgerError::Expired { .. })))
    ));
    assert!(matches!(
        world().seal(&[until(5 + (1 << 62))], None),
        Err((0, Refusal::Ledger(LedgerError::ValidTooLong { .. })))
    ));
    for number in [0, (1 << 62) - 1] {
        let mut world = World::new(
            number,
            &[Opening::new(1, GOLD, 1), Opening::new(2, GOLD, 0)],
        );
        satisfies(&batch_in(&mut world, &[until(number)]));
        let mut world = World::new(
            number,
            &[Opening::new(1, GOLD, 1), Opening::new(2, GOLD, 0)],
        );
        proves(&batch_in(&mut world, &[until(number + (1 << 62) - 1)]));
    }
}

#[test]
fn rotation_in_the_middle_of_a_batch() {
    for (slot, scope) in [
        (SlotIndex::Zero, Scope::SPEND),
        (SlotIndex::Zero, Scope::BOTH),
        (SlotIndex::One, Scope::SPEND),
        (SlotIndex::One, Scope::BOTH),
    ] {
        let mut world = world().knowing(&[NEW]);
        let ops = [
            by_first(transfer(1, 2, 1, 1)),
            by_second(rotate(1, slot, NEW, scope, 1)),
            Op::Signed(transfer(1, 2, 2, 1), slot),
            Op::Signed(withdraw(1, 2, 1), slot),
            Op::Collect(1),
        ];
        proves(&batch_in(&mut world, &ops));
    }
}

#[test]
fn creation_and_use_in_one_batch() {
    let mut world = world().knowing(&[NEW, OTHER]);
    let slots = [(NEW, Scope::SPEND), (OTHER, Scope::ROTATE)];
    proves(&batch_in(
        &mut world,
        &[
            create(44, GOLD, 100, slots),
            top_up(44, GOLD, 1),
            by_first(transfer(44, 1, 50, 1)),
            by_second(rotate(44, SlotIndex::Zero, OTHER, Scope::BOTH, 1)),
            by_first(withdraw(44, 49, 0)),
            by_first(transfer(1, 44, 3, 0)),
            Op::Collect(44),
            Op::Noop,
        ],
    ));
}

#[test]
fn a_record_with_every_bit_set() {
    let mut world = world();
    let op = by_first(Order::Withdraw(Withdraw {
        from: u32::MAX,
        amount: 90,
        fee: 0,
        recipient: [0xff; 20],
        valid_until: 5 + (1 << 62) - 1,
    }));
    proves(&batch_in(&mut world, &[op]));
}

#[test]
fn several_batches_in_a_row() {
    let mut world = world();
    let mut root = world.ledger.root();
    for number in 5..8 {
        let ops = [
            by_first(transfer(1, 2, 5, 1)),
            by_first(transfer(2, 3, 4, 1)),
            Op::Collect(0),
        ];
        let batch = batch_in(&mut world, &ops);
        assert_eq!(batch.public_inputs.batch_number, number);
        assert_eq!(batch.public_inputs.old_root, root);
        root = batch.public_inputs.new_root;
        satisfies(&batch);
    }
}

/// An operation on small ids and small keys, most of which some ledger state accepts.
fn any_op() -> impl Strategy<Value = Op> {
    let id = || prop_oneof![8 => 0..4_u32, 1 => Just(9), 1 => Just(u32::MAX)];
    let amount = || {
        prop_oneof![
            4 => 0..200_u128,
            1 => Just(0),
            1 => (0..128_u32).prop_map(|bits| 1 << bits),
            1 => any::<u128>(),
        ]
    };
    let fee = || prop_oneof![2 => Just(0), 3 => 0..20_u128, 1 => Just(1 << 60)];
    let slot = || prop_oneof![3 => Just(SlotIndex::Zero), 1 => Just(SlotIndex::One)];
    let scope = || (0..4_u8).prop_map(|bits| Scope::from_bits(bits).unwrap_or_default());
    let name = || (2000..2003_u32).prop_map(|number| KeyName(number, 2));
    prop_oneof![
        6 => (id(), id(), amount(), fee(), slot()).prop_map(|(from, to, amount, fee, slot)| {
            Op::Signed(transfer(from, to, amount, fee), slot)
        }),
        2 => (id(), amount(), fee(), slot())
            .prop_map(|(from, amount, fee, slot)| Op::Signed(withdraw(from, amount, fee), slot)),
        2 => (id(), slot(), slot(), name(), scope(), fee()).prop_map(
            |(id, target, signing, name, scope, fee)| {
                Op::Signed(rotate(id, target, name, scope, fee), signing)
            }
        ),
        1 => (id(), amount()).prop_map(|(id, amount)| {
            top_up(id, if id < 9 { GOLD } else { IRON }, amount)
        }),
        1 => (4..7_u32, amount(), [(name(), scope()), (name(), scope())]).prop_map(
            |(id, amount, slots)| create(id, GOLD, amount, slots)
        ),
        1 => id().prop_map(Op::Collect),
        1 => Just(Op::Noop),
    ]
}

fn random_batch(ops: &[Op]) -> SealedBatch {
    let mut world = world().knowing(&[2000, 2001, 2002].map(|number| KeyName(number, 2)));
    let mut batch = world.ledger.open_batch();
    for op in ops {
        // what the ledger refuses is no part of the batch
        let _ = world.keys.apply(&mut batch, op);
    }
    if let Some((asset, _)) = batch.pool() {
        let to = if asset == GOLD { 0 } else { 9 };
        if batch.collect_fees(to).is_err() {
            // it is too rich for the fees: a withdrawal makes room
            let all = batch.account(to).map_or(0, |account| account.balance);
            let op = by_first(withdraw(to, all, 0));
            world
                .keys
                .apply(&mut batch, &op)
                .expect("it signed nothing yet");
            batch.collect_fees(to).expect("there is room");
        }
    }
    batch.seal(None).expect("the pool is empty")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_batches_satisfy_the_constraints(ops in proptest::collection::vec(any_op(), 1..8)) {
        satisfies(&random_batch(&ops));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_batches_prove_and_verify(ops in proptest::collection::vec(any_op(), 1..16)) {
        proves(&random_batch(&ops));
    }
}
