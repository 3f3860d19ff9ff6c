//! Public inputs as JSON from nowhere, beside a proof that is valid for other ones.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use winterlane_fuzz::{INPUTS_BYTES, VALID_BATCH, any_preset, check_batch};
use winterlane_ledger::PublicInputs;
use winterlane_verifier::Policy;

static POLICY: LazyLock<Policy> = LazyLock::new(any_preset);

fuzz_target!(|data: &[u8]| {
    let Ok(inputs) = serde_json::from_slice::<PublicInputs>(data) else {
        return;
    };
    let json = serde_json::to_vec(&inputs).expect("public inputs are JSON");
    let again: PublicInputs = serde_json::from_slice(&json).expect("which is read back");
    assert_eq!(again, inputs);
    check_batch(&inputs, &VALID_BATCH[INPUTS_BYTES..], &POLICY);
});
