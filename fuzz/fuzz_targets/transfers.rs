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
    // No payment is lost in silence: each record behind the header is a row.
    if rows.len() < 1000 {
        assert_eq!(rows.len() + 1, records(csv));
    }
    let options = PlanOptions {
        batch_size: 1 << (log2_size % 16),
        key_height: u32::from(key_height),
    };
    if let Ok(plan) = Plan::new(&rows, options) {
        assert_eq!(plan.transfers, rows.len());
        assert!(plan.slots() >= plan.operations.len() + plan.batches.len());
    }
});

/// Lines that are not blank, where a line break between quotes is none: by the parity of quotes alone.
fn records(csv: &[u8]) -> usize {
    let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
    let (mut records, mut open, mut blank) = (0, false, true);
    for byte in csv {
        if matches!(byte, b'\n' | b'\r') {
            blank |= !open;
            continue;
        }
        records += usize::from(blank);
        blank = false;
        open ^= *byte == b'"';
    }
    records
}
