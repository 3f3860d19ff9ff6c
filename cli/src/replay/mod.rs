//! Replays: transfers from a file become a stream of signed rollup operations, cut into batches.
//!
//! [`read_transfers`] reads the file and [`Plan`] decides everything that can be decided without
//! keys: who has which account, what it holds when the replay opens, which keys it needs, where
//! a hot sender moves to its next key and where the batches end. [`ReplayKeys`] are the keys that a
//! plan needs, and [`Replay`] carries it out: it opens the state, signs and seals batch after batch.

mod csv;
mod plan;
mod run;

pub use csv::{Address, AddressError, COLUMNS, CsvError, LineProblem, TransferRow, read_transfers};
pub use plan::{
    MAX_BATCH_SIZE, MAX_KEY_HEIGHT, OPERATOR, Plan, PlanError, PlanOptions, PlannedAccount,
    PlannedBatch, PlannedOperation,
};
pub use run::{ASSET, Replay, ReplayError, ReplayKeys, VALIDITY};

/// A small piece of real Ethereum transfers: the first one ever made (block 46147), two ordinary
/// blocks of 2017 and 2022 (4330482, with a mining pool that pays 37 miners; 15752489) and the
/// first block with burnt fees (12965000). 253 transfers, the file format of
/// [`read_transfers`].
pub const DEMO_TRANSFERS: &str = include_str!("../../data/demo-transfers.csv");

#[cfg(test)]
mod tests {
    use winterlane_ledger::{
        AccountId, Amount, BatchNumber, ChainId, Order, Record, RollupId, ScalarCompressor,
        hash::domain_digest,
    };

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
        assert_eq!((rows[0].line, rows[0].value), (2, Amount::new(31_337)));
    }

    #[test]
    fn the_whole_file_of_real_transfers_can_be_planned() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/data/ethereum-transfers.csv"
        );
        let rows = read_transfers(std::fs::File::open(path).unwrap(), None).unwrap();
        assert_eq!((rows.len(), rows[9_914].line), (9_915, 9_916));
        let options = PlanOptions {
            batch_size: 1024,
            key_height: 10,
        };
        let plan = Plan::new(&rows, options).unwrap();
        // No sender needs more than a full key here.
        assert_eq!((plan.rotations(), plan.batches.len()), (0, 10));
        let short = Plan::new(
            &rows,
            PlanOptions {
                key_height: 5,
                ..options
            },
        )
        .unwrap();
        assert!(short.rotations() > plan.rotations());
        assert_eq!(short.transfers, plan.transfers);
        // The bundled piece is a part of it.
        let piece = read_transfers(DEMO_TRANSFERS.as_bytes(), None).unwrap();
        let same = |a: &TransferRow, b: &TransferRow| {
            (a.from, a.to, a.value, a.fee) == (b.from, b.to, b.value, b.fee)
        };
        let mut rest = rows.iter();
        assert!(piece.iter().all(|row| rest.any(|other| same(row, other))));
    }

    #[test]
    fn a_replay_seals_what_was_planned() {
        let rows = read_transfers(DEMO_TRANSFERS.as_bytes(), Some(60)).unwrap();
        // Keys of two: the busiest sender changes keys with every other operation.
        let options = PlanOptions {
            batch_size: 32,
            key_height: 1,
        };
        let plan = Plan::new(&rows, options).unwrap();
        assert!(plan.rotations() > 3 && plan.batches.len() > 1);
        let keys = ReplayKeys::generate(&plan, &ScalarCompressor).unwrap();
        let domain = domain_digest(ChainId::new(1), RollupId::new(1));
        let mut replay = Replay::open(plan.clone(), keys, domain, ScalarCompressor).unwrap();

        let mut root = replay.ledger().root();
        let mut transfers = Vec::new();
        for (number, batch) in plan.batches.iter().enumerate() {
            let orders = replay.sign().unwrap().unwrap();
            let sealed = replay.seal(orders).unwrap();
            let inputs = sealed.public_inputs;
            assert_eq!(
                (inputs.batch_number, inputs.old_root),
                (BatchNumber::new(number as u64), root)
            );
            assert_eq!(inputs.num_operations as usize, batch.slots);
            root = inputs.new_root;

            let count = batch.operations.len();
            assert!(matches!(
                sealed.records[count],
                Record::CollectFees { to: OPERATOR, .. }
            ));
            assert!(
                sealed.records[count + 1..]
                    .iter()
                    .all(|record| *record == Record::Noop)
            );
            transfers.extend(
                sealed
                    .records
                    .into_iter()
                    .filter_map(|record| match record {
                        Record::Signed(Order::Transfer(transfer), _) => {
                            Some((transfer.amount, transfer.fee))
                        }
                        _ => None,
                    }),
            );
        }
        assert!(replay.sign().unwrap().is_none());
        let expected: Vec<_> = rows.iter().map(|row| (row.value, row.fee)).collect();
        assert_eq!(transfers, expected);

        // What is left of the opening balances is what was received; the operator has the fees.
        let fees = Amount::checked_sum(rows.iter().map(|row| row.fee)).unwrap();
        let received = Amount::checked_sum(rows.iter().map(|row| row.value)).unwrap();
        let balance = |id| replay.ledger().account(id).unwrap().balance;
        assert_eq!(balance(OPERATOR), fees);
        let accounts = (1..plan.accounts.len() as u32).map(AccountId::new);
        assert_eq!(
            Amount::checked_sum(accounts.map(balance)).unwrap(),
            received
        );
    }

    #[test]
    fn keys_do_not_depend_on_threads_and_differ() {
        let rows = read_transfers(DEMO_TRANSFERS.as_bytes(), Some(80)).unwrap();
        let plan = Plan::new(
            &rows,
            PlanOptions {
                batch_size: 64,
                key_height: 10,
            },
        )
        .unwrap();
        assert!(
            plan.accounts
                .iter()
                .flat_map(|account| &account.keys)
                .any(|&height| height > 0)
        );
        let roots = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let keys = pool.install(|| ReplayKeys::generate(&plan, &ScalarCompressor).unwrap());
            keys.roots()
        };
        let one = roots(1);
        assert_eq!(one, roots(3));
        let different: std::collections::HashSet<_> =
            one.iter().map(winterlane_ledger::Root::to_bytes).collect();
        assert_eq!(different.len(), one.len());
    }
}
