//! Bytes from nowhere as a proof of any AIR: the first byte picks the AIR, the rest is its proof.
#![no_main]

use libfuzzer_sys::fuzz_target;
use winterlane_fuzz::{Case, small_cases};

thread_local!(static CASES: Vec<Case> = small_cases());

fuzz_target!(|data: &[u8]| {
    let Some((&pick, bytes)) = data.split_first() else {
        return;
    };
    CASES.with(|cases| cases[usize::from(pick) % cases.len()].check(bytes));
});
