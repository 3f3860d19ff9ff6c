//! Bytes from nowhere as a proof of any AIR: the first byte picks the AIR, the rest is its proof.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use winterlane_fuzz::check_case;
use winterlane_tests::hostile::{Case, small_cases};

static CASES: LazyLock<Vec<Case>> = LazyLock::new(small_cases);

fuzz_target!(|data: &[u8]| {
    let Some((&pick, bytes)) = data.split_first() else {
        return;
    };
    let case = &CASES[usize::from(pick) % CASES.len()];
    check_case(case, bytes);
});
