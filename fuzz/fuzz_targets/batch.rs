//! A statement about a batch and a proof of it, both from nowhere.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use winterlane_fuzz::{any_preset, check_batch, inputs_from_bytes};
use winterlane_verifier::Policy;

static POLICY: LazyLock<Policy> = LazyLock::new(any_preset);

fuzz_target!(|data: &[u8]| {
    if let Some((inputs, proof)) = inputs_from_bytes(data) {
        check_batch(&inputs, proof, &POLICY);
    }
});
