//! Every valid batch satisfies every constraint, and proves and verifies with winterfell alone.

use proptest::prelude::*;
use winterlane_ledger::{BatchNumber, Scope, SlotIndex};
use winterlane_tests::{
    random::{any_op, batch_of},
    scenario::{KeyName, Op, by_first, by_second, create, rotate, top_up, transfer, withdraw},
    valid::{GOLD, IRON, batch, batch_in, proves, satisfies, world},
};

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
    // a fee in every limb
    proves(&batch(&[
        top_up(3, GOLD, 1 << 102),
        by_first(transfer(3, 2, 1, (1 << 100) + (1 << 60) + 3)),
        by_first(transfer(9, u32::MAX, 1, 0)),
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
fn a_slot_replaced_twice() {
    // the second time it has both scopes
    for [slot, other] in [
        [SlotIndex::Zero, SlotIndex::One],
        [SlotIndex::One, SlotIndex::Zero],
    ] {
        let mut world = world().knowing(&[NEW, OTHER]);
        let batch = batch_in(
            &mut world,
            &[
                Op::Signed(rotate(1, slot, NEW, Scope::BOTH, 0), other),
                Op::Signed(rotate(1, slot, OTHER, Scope::SPEND, 0), other),
                Op::Signed(transfer(1, 2, 1, 0), slot),
            ],
        );
        satisfies(&batch);
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
        assert_eq!(batch.public_inputs.batch_number, BatchNumber::new(number));
        assert_eq!(batch.public_inputs.old_root, root);
        root = batch.public_inputs.new_root;
        satisfies(&batch);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_batches_satisfy_the_constraints(ops in proptest::collection::vec(any_op(), 1..8)) {
        satisfies(&batch_of(&ops));
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
        proves(&batch_of(&ops));
    }
}
