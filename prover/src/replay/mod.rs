//! Replays: transfers from a file become a stream of signed rollup operations, cut into batches.
//!
//! [`read_transfers`] reads the file and [`Plan`] decides everything that can be decided without
//! keys: who has which account, what it holds when the replay opens, which keys it needs, where
//! a hot sender moves to its next key and where the batches end.

mod csv;
mod plan;

pub use csv::{Address, COLUMNS, CsvError, LineProblem, TransferRow, read_transfers};
pub use plan::{
    MAX_BATCH_SIZE, MAX_KEY_HEIGHT, OPERATOR, Plan, PlanError, PlanOptions, PlannedAccount,
    PlannedBatch, PlannedOperation,
};

/// A small piece of real Ethereum transfers: the first one ever made (block 46147), two ordinary
/// blocks of 2017 and 2022 (4330482, with a mining pool that pays 37 miners; 15752489) and the
/// first block with burnt fees (12965000). 253 transfers, the file format of
/// [`read_transfers`].
pub const DEMO_TRANSFERS: &str = include_str!("../../data/demo-transfers.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_piece_fills_two_batches_and_rotates_a_key() {
        let rows = read_transfers(DEMO_TRANSFERS.as_bytes(), None).unwrap();
        let plan = Plan::new(
            &rows,
            PlanOptions {
                batch_size: 128,
                key_height: 5,
            },
        )
        .unwrap();
        assert_eq!(
            (plan.transfers, plan.rotations(), plan.slots()),
            (253, 1, 256)
        );
        assert!(
            plan.batches
                .iter()
                .all(|batch| batch.operations.len() == 127)
        );
        // The first payment ever made on Ethereum.
        assert_eq!((rows[0].line, rows[0].value), (2, 31_337));
    }
}
