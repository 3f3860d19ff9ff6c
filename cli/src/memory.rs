//! What a limit on the address space (`ulimit -v`) leaves.

use std::fs;

use crate::Failure;

/// Address space that the allocator reserves for each thread beside what is allocated: glibc's arenas.
const ARENA: u64 = 64 << 20;

/// What a replay takes for a transfer, at most: two accounts, of which one has a key, an operation, and leaves of the tree.
const TRANSFER: u64 = 2 << 10;

/// Refuses a replay of so many transfers that a limit on the address space has no room for.
pub(crate) fn check_replay(transfers: usize) -> Result<(), Failure> {
    room(transfers, address_space_left(1))
}

fn room(transfers: usize, left: Option<u64>) -> Result<(), Failure> {
    let needed = TRANSFER.saturating_mul(transfers as u64);
    match left {
        Some(left) if left < needed => Err(Failure::Unusable(format!(
            "{transfers} transfers need {} MiB of memory, there are {}: take fewer (--limit)",
            needed.div_ceil(1 << 20),
            left >> 20
        ))),
        _ => Ok(()),
    }
}

/// Bytes that may still be allocated under the limit on this process's address space, with room kept for
/// what `threads` threads reserve; none where there is no limit, or the system does not say.
///
/// Beyond the limit an allocation fails, and Rust's answer to that is to abort.
pub(crate) fn address_space_left(threads: usize) -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    left(&limits, &status, threads)
}

fn left(limits: &str, status: &str, threads: usize) -> Option<u64> {
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?;
    // "unlimited" is no number.
    let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
    let used = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))?;
    let used: u64 = used.split_whitespace().next()?.parse().ok()?;
    let reserved = ARENA.saturating_mul(threads as u64);
    Some(limit.saturating_sub(used << 10).saturating_sub(reserved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_that_there_is_no_room_for_are_refused() {
        assert!(room(usize::MAX, None).is_ok());
        assert!(room(1 << 10, Some(2 << 20)).is_ok());
        match room((1 << 10) + 1, Some(2 << 20)) {
            Err(Failure::Unusable(said)) => {
                assert!(
                    said.starts_with("1025 transfers need 3 MiB of memory, there are 2"),
                    "{said}"
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_limit_is_read_and_no_limit_is_none() {
        let limits = |value: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max data size             1                    unlimited            bytes     \n\
                 Max address space         {value:<20} unlimited            bytes     \n"
            )
        };
        let status = "Name:\twinterlane\nVmPeak:\t  9 kB\nVmSize:\t  1024 kB\n";
        assert_eq!(left(&limits("unlimited"), status, 2), None);
        assert_eq!(
            left(&limits("1073741824"), status, 2),
            Some((1 << 30) - (1 << 20) - 2 * ARENA)
        );
        assert_eq!(left(&limits("1048576"), status, 2), Some(0));
        assert_eq!(left("", status, 2), None);
    }
}
