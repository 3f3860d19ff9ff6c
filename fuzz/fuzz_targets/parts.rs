//! One change to a valid proof. The first byte picks an AIR or the batch, the second how bytes are
//! taken out, three more where; what follows is put in there. Gets behind the door far more often
//! than `door` and `batch`.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use winterlane_fuzz::{Case, VALID_BATCH, any_preset, check_batch, inputs_from_bytes, small_cases};
use winterlane_verifier::Policy;

thread_local!(static CASES: Vec<Case> = small_cases());
static POLICY: LazyLock<Policy> = LazyLock::new(any_preset);

/// `proof` with `bytes` at `start`, in place of none, half as many or as many.
fn changed(proof: &[u8], how: u8, start: usize, bytes: &[u8]) -> Vec<u8> {
    let start = start % proof.len();
    let removed = match how % 4 {
        0 => 0,
        1 => bytes.len() / 2,
        _ => bytes.len(),
    };
    let end = (start + removed).min(proof.len());
    [&proof[..start], bytes, &proof[end..]].concat()
}

fuzz_target!(|data: &[u8]| {
    let Some((&[pick, how, low, middle, high], bytes)) = data.split_first_chunk::<5>() else {
        return;
    };
    let start = u32::from_le_bytes([low, middle, high, 0]) as usize;
    CASES.with(|cases| {
        if let Some(case) = cases.get(usize::from(pick) % (cases.len() + 1)) {
            case.check(&changed(case.proof, how, start, bytes));
        } else {
            let (inputs, proof) = inputs_from_bytes(VALID_BATCH).expect("the seed is a batch");
            check_batch(&inputs, &changed(proof, how, start, bytes), &POLICY);
        }
    });
});
