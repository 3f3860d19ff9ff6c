//! Valid batches satisfy every constraint.

use winterlane_air::{
    Digest, OperationWitness, PublicInputs, Record, ScalarCompressor, SealedBatch,
    record::operations_digest,
};
use winterlane_prover::trace::fill_trace;
use winterlane_tests::constraint_check::Checker;

#[test]
fn a_batch_of_padding_is_valid() {
    let records = vec![Record::Noop; 2];
    let public_inputs = PublicInputs {
        domain: winterlane_air::hash::domain_digest(1, 2),
        batch_number: 7,
        old_root: Digest::ZERO,
        new_root: Digest::ZERO,
        operations_digest: operations_digest(&records, &ScalarCompressor),
        num_operations: 2,
    };
    let operations = records
        .iter()
        .map(|&record| OperationWitness {
            record,
            batch_number: 7,
            pool_asset: 0,
            signer: None,
            receiver: None,
        })
        .collect();
    let batch = SealedBatch {
        public_inputs,
        records,
        operations,
    };
    let trace = fill_trace(&batch).unwrap();
    let violations = Checker::new(public_inputs).violations(&trace);
    for violation in violations.iter().take(40) {
        println!("{violation}");
    }
    assert!(violations.is_empty(), "{} violations", violations.len());
}
