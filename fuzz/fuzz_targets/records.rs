//! Published records from nowhere: eight bytes of batch number, then the records. What decodes has
//! one encoding, and is published under one digest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use winterlane_ledger::{
    BatchNumber, Digest, Domain, MAX_OPERATIONS, PublicInputs, Root, ScalarCompressor,
    record::operations_digest, wire,
};
use winterlane_verifier::verify_records;

fuzz_target!(|data: &[u8]| {
    let Some((number, bytes)) = data.split_first_chunk() else {
        return;
    };
    let batch_number = BatchNumber::new(u64::from_le_bytes(*number));
    let Ok(records) = wire::decode(bytes, batch_number) else {
        return;
    };
    assert!(records.len() <= MAX_OPERATIONS as usize);
    assert_eq!(wire::encode(&records, batch_number).as_deref(), Ok(bytes));

    // The digest is three compressions a record: not for long runs of padding.
    if records.len() > 16 {
        return;
    }
    let mut inputs = PublicInputs {
        domain: Domain::ZERO,
        batch_number,
        old_root: Root::ZERO,
        new_root: Root::ZERO,
        operations_digest: operations_digest(&records, &ScalarCompressor),
        num_operations: records.len() as u32,
    };
    assert_eq!(verify_records(bytes, &inputs), Ok(records));
    inputs.num_operations += 1;
    assert!(verify_records(bytes, &inputs).is_err());
    inputs.num_operations -= 1;
    // No records, of which no batch is made, have the digest of zeros.
    if inputs.num_operations > 0 {
        inputs.operations_digest = Digest::ZERO;
        assert!(verify_records(bytes, &inputs).is_err());
    }
});
