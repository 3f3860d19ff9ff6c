//! A CSV file of transfers from nowhere, read and planned as `winterlane prove` does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use winterlane::replay::{Plan, PlanOptions, read_transfers};

fuzz_target!(|data: &[u8]| {
    let Some((&[log2_size, key_height], csv)) = data.split_first_chunk::<2>() else {
        return;
    };
    let Ok(rows) = read_transfers(csv, Some(1000)) else {
        return;
    };
    let options = PlanOptions {
        batch_size: 1 << (log2_size % 16),
        key_height: u32::from(key_height),
    };
    if let Ok(plan) = Plan::new(&rows, options) {
        assert_eq!(plan.transfers, rows.len());
        assert!(plan.slots() >= plan.operations.len() + plan.batches.len());
    }
});
