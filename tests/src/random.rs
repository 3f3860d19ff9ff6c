//! Random batches of operations that a ledger takes.

use proptest::prelude::*;
use winterlane_ledger::{AccountId, AssetId, Scope, SealedBatch, SlotIndex};

use crate::{
    scenario::{KeyName, Op, by_first, create, rotate, top_up, transfer, withdraw},
    valid::{GOLD, IRON, world},
};

/// An operation on small ids and small keys, most of which some ledger state accepts.
pub fn any_op() -> impl Strategy<Value = Op> {
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

/// The batch of those of these operations that the ledger takes, and a collection at the end.
///
/// # Panics
/// When the pool cannot be collected: the ledger is wrong then.
pub fn batch_of(ops: &[Op]) -> SealedBatch {
    let mut world = world().knowing(&[2000, 2001, 2002].map(|number| KeyName(number, 2)));
    let mut batch = world.ledger.open_batch();
    for op in ops {
        // what the ledger refuses is no part of the batch
        let _ = world.keys.apply(&mut batch, op);
    }
    if let Some((asset, _)) = batch.pool() {
        let to = if asset == AssetId::new(GOLD) { 0 } else { 9 };
        if batch.collect_fees(AccountId::new(to)).is_err() {
            // it is too rich for the fees: a withdrawal makes room
            let all = batch
                .account(AccountId::new(to))
                .map_or(0, |account| account.balance.get());
            let op = by_first(withdraw(to, all, 0));
            world
                .keys
                .apply(&mut batch, &op)
                .expect("it signed nothing yet");
            batch
                .collect_fees(AccountId::new(to))
                .expect("there is room");
        }
    }
    batch.seal(None).expect("the pool is empty")
}
