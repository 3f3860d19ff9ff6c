//! What the process keeps between proofs. One test: the pool is of the process.

use winterlane_field_simd::{HugeBuffer, pool_limit};
use winterlane_prover::memory;

const BYTES: u64 = 64 << 20;

/// Takes memory, touches it and lets it go, as a proof does.
fn use_memory() {
    let mut buffer = HugeBuffer::new(BYTES as usize / 8);
    buffer.fill(7);
}

/// Bytes of this process that are in memory, where the system says.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes << 10)
}

#[test]
fn memory_is_kept_limited_and_given_back() {
    assert_eq!(pool_limit() as u64, memory::DEFAULT_LIMIT);
    assert_eq!(memory::release(), 0);
    use_memory();
    assert!(memory::kept() >= BYTES);
    let before = resident();
    let released = memory::release();
    assert!(released >= BYTES);
    assert_eq!((memory::kept(), memory::release()), (0, 0));
    if let (Some(before), Some(after)) = (before, resident()) {
        assert!(after + BYTES / 2 <= before, "{before} bytes, then {after}");
    }

    // The limit holds for what comes back, and for what is there.
    memory::keep_at_most(BYTES / 2);
    use_memory();
    assert_eq!(memory::kept(), 0);
    memory::keep_at_most(memory::DEFAULT_LIMIT);
    use_memory();
    assert!(memory::kept() >= BYTES);
    memory::keep_at_most(0);
    assert_eq!(memory::kept(), 0);

    // As much as there is, and no less than before.
    memory::keep_at_most(memory::DEFAULT_LIMIT);
    assert!(memory::keep_what_there_is() >= memory::DEFAULT_LIMIT);
    use_memory();
    assert!(memory::kept() >= BYTES);
}
