//! The forgery walk itself: without lies it leaves every valid trace as it is.

use winterfell::Trace;
use winterlane_ledger::{Scope, SlotIndex};
use winterlane_prover::trace::fill_trace;
use winterlane_tests::{
    constraint_check::row_of,
    forge::Forgery,
    scenario::{
        KeyName, Op, Opening, World, by_first, by_second, create, rotate, top_up, transfer,
        withdraw,
    },
};

const NEW: KeyName = KeyName(1001, 2);

fn world() -> World {
    World::new(
        5,
        &[
            Opening::new(1, 7, u128::MAX - 1000),
            Opening::new(2, 7, 500),
            Opening::new(0xdead_beef, 7, 3),
        ],
    )
    .knowing(&[NEW])
}

fn everything() -> Vec<Op> {
    let slots = [(NEW, Scope::SPEND), (NEW, Scope::BOTH)];
    vec![
        by_first(transfer(1, 2, 1 << 99, (1 << 100) - 1)),
        by_first(transfer(2, 2, 1, 5)),
        by_second(rotate(1, SlotIndex::Zero, NEW, Scope::BOTH, (1 << 50) - 1)),
        by_first(withdraw(1, 1 << 120, 77)),
        create(9, 7, u128::MAX >> 3, slots),
        top_up(0xdead_beef, 7, 4),
        by_first(transfer(9, 1, 6, 0)),
        Op::Collect(0xdead_beef),
    ]
}

#[test]
fn the_walk_leaves_valid_traces_as_they_are() {
    let batch = world().seal(&everything(), None).unwrap();
    let trace = fill_trace(&batch).unwrap();
    let walked = Forgery::of(&batch).finish();
    assert_eq!(walked.inputs, batch.public_inputs);
    for row in 0..trace.length() {
        let (before, after) = (row_of(&trace, row), row_of(&walked.trace, row));
        for column in 0..before.len() {
            assert_eq!(before[column], after[column], "row {row} column {column}");
        }
    }
}

#[test]
fn signing_again_is_signing() {
    let mut world = world();
    let key = KeyName(2, 2).get();
    let batch = world.seal(&[by_first(transfer(1, 2, 5, 0))], None).unwrap();
    let again = Forgery::of(&batch).signed_by(0, &key, 0).finish();
    assert!(again.broken().is_empty(), "{:?}", again.broken());
}
