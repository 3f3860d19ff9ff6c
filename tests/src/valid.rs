//! Valid batches, and what must hold of them.

use winterlane_ledger::SealedBatch;
use winterlane_prover::trace::fill_trace;

use crate::{
    constraint_check::Checker,
    scenario::{Op, Opening, World},
    stock::{Attempt, attempt},
};

/// The asset of most accounts.
pub const GOLD: u32 = 7;
/// Another asset.
pub const IRON: u32 = 8;

/// Accounts 0 to 3 of one asset, 9 and the last id of another.
pub fn world() -> World {
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
///
/// # Panics
/// When one does not.
pub fn satisfies(batch: &SealedBatch) {
    let trace = fill_trace(batch).expect("a sealed batch fills");
    let violations = Checker::new(batch.public_inputs).violations(&trace);
    for violation in violations.iter().take(40) {
        println!("{violation}");
    }
    assert!(violations.is_empty(), "{} violations", violations.len());
}

/// Every constraint holds, and winterfell proves and verifies it.
///
/// # Panics
/// When one does not, or no proof is accepted.
pub fn proves(batch: &SealedBatch) {
    satisfies(batch);
    let trace = fill_trace(batch).expect("a sealed batch fills");
    assert_eq!(attempt(batch.public_inputs, trace), Attempt::Accepted);
}

/// The batch of these operations in the usual world.
///
/// # Panics
/// When the ledger refuses one.
pub fn batch(ops: &[Op]) -> SealedBatch {
    batch_in(&mut world(), ops)
}

/// The batch of these operations.
///
/// # Panics
/// When the ledger refuses one.
pub fn batch_in(world: &mut World, ops: &[Op]) -> SealedBatch {
    world
        .seal(ops, None)
        .unwrap_or_else(|(number, refusal)| panic!("operation {number}: {refusal:?}"))
}
