//! Mappings of whole huge pages, kept and reused.
//!
//! First touches of fresh pages cost more than half the time of a large transform. So a mapping that is
//! no longer used is kept, up to a limit, and the next request of about its size gets it back. Small
//! buffers share a page of it ([`shelf`](crate::shelf)).
//!
//! Mappings are raw: one that is shared must not become a slice of all its bytes, not even to say where it begins.

use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::{MmapMut, MmapRaw};

/// Mappings are a multiple of this many bytes, the size of a huge page.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// The mappings of this process.
#[derive(Debug)]
struct Pool {
    /// Those that are kept, the last one to come back last.
    kept: Vec<MmapRaw>,
    /// Bytes that may be kept.
    limit: usize,
    /// Bytes in use.
    used: usize,
    /// Bytes in use and kept beyond which fresh mappings take the place of kept ones.
    ceiling: usize,
    /// Bytes that were ever mapped.
    mapped: u64,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    kept: Vec::new(),
    limit: 2 << 30,
    used: 0,
    ceiling: usize::MAX,
    mapped: 0,
});

fn lock() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    fn kept_bytes(&self) -> usize {
        self.kept.iter().map(MmapRaw::len).sum()
    }

    /// The smallest kept mapping of `bytes` to `most` bytes.
    fn reuse(&mut self, bytes: usize, most: usize) -> Option<MmapRaw> {
        let fits = |map: &MmapRaw| map.len() >= bytes && map.len() <= most;
        let (best, _) = self
            .kept
            .iter()
            .enumerate()
            .filter(|(_, map)| fits(map))
            .min_by_key(|(_, map)| map.len())?;
        let map = self.kept.remove(best);
        self.used += map.len();
        Some(map)
    }

    /// Takes out the oldest until no more than `bytes` are kept.
    fn trim(&mut self, bytes: usize) -> Vec<MmapRaw> {
        let mut left = self.kept_bytes();
        let count = self
            .kept
            .iter()
            .take_while(|map| {
                let over = left > bytes;
                left -= if over { map.len() } else { 0 };
                over
            })
            .count();
        self.kept.drain(..count).collect()
    }

    /// Takes out what must go before `bytes` more are mapped.
    fn make_room(&mut self, bytes: usize) -> Vec<MmapRaw> {
        let room = self.ceiling.saturating_sub(self.used.saturating_add(bytes));
        self.trim(room)
    }
}

/// A mapping of at least `bytes` bytes, kept or fresh, with huge pages if the system grants them; none
/// if it refuses the mapping. A kept one is not more than twice as large.
///
/// What it holds is unspecified: zeros, or what an earlier use left there.
pub(crate) fn take(bytes: usize) -> Option<MmapRaw> {
    let most = bytes.max(HUGE_PAGE).saturating_mul(2);
    if let Some(map) = lock().reuse(bytes, most) {
        return Some(map);
    }
    let bytes = bytes.checked_next_multiple_of(HUGE_PAGE)?;
    fresh(bytes).or_else(|| {
        // What is kept may be what is missing.
        release_pool();
        fresh(bytes)
    })
}

/// A mapping of one huge page, otherwise as [`take`]; but what is kept is given back for it beyond the
/// ceiling alone.
pub(crate) fn take_page() -> Option<MmapRaw> {
    // A larger one is for a larger buffer.
    let kept = lock().reuse(HUGE_PAGE, HUGE_PAGE);
    kept.or_else(|| fresh(HUGE_PAGE))
}

/// A new mapping, of whole huge pages, if the system has one.
fn fresh(bytes: usize) -> Option<MmapRaw> {
    // In a statement of its own: giving memory back takes a while, and nobody should wait for it.
    let gone = lock().make_room(bytes);
    drop(gone);
    let map = MmapRaw::from(MmapMut::map_anon(bytes).ok()?);
    // A hint: without huge pages the mapping works as well, only slower.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    let mut pool = lock();
    pool.used += bytes;
    pool.mapped += bytes as u64;
    Some(map)
}

/// Keeps a mapping that [`take`] gave, for its next use.
pub(crate) fn keep(map: MmapRaw) {
    let mut pool = lock();
    pool.used = pool.used.saturating_sub(map.len());
    pool.kept.push(map);
    let limit = pool.limit;
    let gone = pool.trim(limit);
    drop(pool);
    drop(gone);
}

/// Limits the memory that dropped buffers may keep for reuse, 2 GiB unless told otherwise; 0 gives
/// all of it back now and keeps none.
pub fn set_pool_limit(bytes: usize) {
    let mut pool = lock();
    pool.limit = bytes;
    let gone = pool.trim(bytes);
    drop(pool);
    drop(gone);
}

/// The limit that [`set_pool_limit`] set, in bytes.
#[must_use]
pub fn pool_limit() -> usize {
    lock().limit
}

/// Gives all kept memory back to the system, and says how many bytes that were; the limit stays. What the next
/// buffers take they touch for the first time again.
pub fn release_pool() -> usize {
    let gone = lock().trim(0);
    gone.iter().map(MmapRaw::len).sum()
}

/// Bytes of dropped buffers that are kept for reuse. The system counts them as used; the next buffers
/// can have them.
#[must_use]
pub fn pooled_bytes() -> usize {
    lock().kept_bytes()
}

/// Bytes that buffers have ever made this process map. What a buffer gets of the kept ones is mapped already: two proofs
/// alike, one after the other, map once.
#[must_use]
pub fn mapped_bytes() -> u64 {
    lock().mapped
}

/// Whether the system would map `bytes` bytes now, kept buffers given back if need be; it may still
/// lack the memory when they are written to, and what it would map to one it need not to another.
#[must_use]
pub fn can_map(bytes: usize) -> bool {
    // Elsewhere nothing is mapped, and buffers come from the allocator.
    if bytes == 0 || cfg!(miri) || !cfg!(any(unix, windows)) {
        return true;
    }
    MmapMut::map_anon(bytes)
        .or_else(|_| {
            release_pool();
            MmapMut::map_anon(bytes)
        })
        .is_ok()
}

/// Limits what buffers may take of the system beyond what they have now: before a fresh one would
/// exceed `bytes`, kept ones that it cannot reuse are given back, the oldest first.
///
/// Where little memory is left, kept buffers would otherwise stand beside those that do not fit in
/// them. The limit is of the process, and stays until the next call; buffers in use may exceed it.
pub fn limit_growth(bytes: usize) {
    let mut pool = lock();
    pool.ceiling = pool
        .used
        .saturating_add(pool.kept_bytes())
        .saturating_add(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool that keeps mappings of these many pages.
    fn pool(pages: &[usize]) -> Pool {
        let map = |n: &usize| MmapRaw::from(MmapMut::map_anon(n << 12).expect("memory"));
        Pool {
            kept: pages.iter().map(map).collect(),
            limit: usize::MAX,
            used: 0,
            ceiling: usize::MAX,
            mapped: 0,
        }
    }

    fn pages(pool: &Pool) -> Vec<usize> {
        pool.kept.iter().map(|map| map.len() >> 12).collect()
    }

    #[test]
    fn the_oldest_go_first_and_no_more_than_must() {
        let mut pool = pool(&[1, 2, 3]);
        assert!(pool.trim(6 << 12).is_empty());
        assert_eq!(pool.trim(5 << 12).len(), 1);
        assert_eq!(pages(&pool), [2, 3]);
        assert_eq!(pool.trim(0).len(), 2);
        assert!(pool.kept.is_empty());
    }

    #[test]
    fn the_best_fit_is_reused_and_counts_as_used() {
        let mut pool = pool(&[600, 2000, 700]);
        let most = 1300 << 12;
        let found = pool.reuse(650 << 12, most);
        assert_eq!(found.map(|map| map.len()), Some(700 << 12));
        assert_eq!((pages(&pool), pool.used), (vec![600, 2000], 700 << 12));
        // Larger than it may be.
        assert!(pool.reuse(650 << 12, most).is_none());
        assert!(pool.reuse(usize::MAX, usize::MAX).is_none());
    }

    #[test]
    fn kept_mappings_make_room_below_the_ceiling() {
        let mut pool = pool(&[10, 20, 30]);
        pool.used = 100 << 12;
        pool.ceiling = 200 << 12;
        // 160 pages are there: 40 more are no reason to give any back, 41 are.
        assert!(pool.make_room(40 << 12).is_empty());
        assert_eq!(pool.make_room(41 << 12).len(), 1);
        assert_eq!(pages(&pool), [20, 30]);
        // Beyond the ceiling for what is used alone: all of them, and no overflow.
        assert_eq!(pool.make_room(usize::MAX).len(), 2);
    }
}
