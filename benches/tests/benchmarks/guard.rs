//! The guard on instruction counts, `src/bin/guard`, as a test.

use std::process::Command;

/// Counts on x86-64, which the baseline is of. Needs valgrind.
#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the baseline is of x86-64")]
fn counts_are_those_of_the_baseline() {
    let status = Command::new(env!("CARGO_BIN_EXE_guard")).status().unwrap();
    assert!(status.success(), "{status}");
}
