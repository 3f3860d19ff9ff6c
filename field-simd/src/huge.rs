//! Large buffers: whole huge pages where the system has them, kept and reused.
//!
//! First touches of fresh pages cost more than half the time of a large transform. So a buffer that
//! is dropped goes to a pool, up to a limit, and the next request of about its size gets it back.

use core::{
    mem::MaybeUninit,
    ops::{Deref, DerefMut},
};
use std::sync::{Mutex, PoisonError};

use memmap2::MmapMut;
use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::memory::{self, Line};

/// Buffers below this many bytes come from the allocator.
const MIN_MAPPED: usize = 1 << 20;

/// Mappings are a multiple of this many bytes, the size of a huge page.
const HUGE_PAGE: usize = 2 << 20;

/// Buffers that were dropped, the last one last.
static POOL: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// The bytes that the pool may keep.
static LIMIT: Mutex<usize> = Mutex::new(2 << 30);

/// A buffer of words that starts at a multiple of 64 bytes.
///
/// Its first contents are unspecified: zeros, or what an earlier buffer held.
#[derive(Debug)]
pub struct HugeBuffer {
    storage: Storage,
    len: usize,
}

#[derive(Debug)]
enum Storage {
    Lines(Vec<Line>),
    Mapped(MmapMut),
    /// Left behind when the mapping goes back to the pool.
    Taken,
}

impl HugeBuffer {
    /// Room for `len` words.
    pub fn new(len: usize) -> Self {
        let bytes = len * size_of::<u64>();
        // Miri does not know the mapping's flags.
        let storage = if bytes < MIN_MAPPED || cfg!(miri) {
            Storage::Lines(memory::lines(len))
        } else {
            reuse(bytes)
                .or_else(|| map(bytes))
                .map_or_else(|| Storage::Lines(memory::lines(len)), Storage::Mapped)
        };
        Self { storage, len }
    }
}

/// The smallest pooled buffer that holds `bytes` and is not more than twice as large.
fn reuse(bytes: usize) -> Option<MmapMut> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |map: &MmapMut| map.len() >= bytes && map.len() <= 2 * bytes.max(HUGE_PAGE);
    let (best, _) = pool
        .iter()
        .enumerate()
        .filter(|(_, m)| fits(m))
        .min_by_key(|(_, m)| m.len())?;
    Some(pool.swap_remove(best))
}

/// Fresh pages, huge ones if the system grants them; none if it refuses the mapping.
fn map(bytes: usize) -> Option<MmapMut> {
    let map = MmapMut::map_anon(bytes.checked_next_multiple_of(HUGE_PAGE)?).ok()?;
    // A hint: without huge pages the buffer works as well, only slower.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    Some(map)
}

/// A column of zeros, in huge pages where the system has them: for the columns of a winterfell
/// `TraceTable`, which are vectors.
///
/// ```
/// use winter_math::{FieldElement, fields::f64::BaseElement};
///
/// assert_eq!(winterlane_field_simd::zero_column(1000), vec![BaseElement::ZERO; 1000]);
/// ```
pub fn zero_column(len: usize) -> Vec<BaseElement> {
    let mut column = Vec::with_capacity(len);
    // Before the memory is first touched, or it would be in small pages.
    #[cfg(target_os = "linux")]
    advise_huge_pages(column.spare_capacity_mut());
    column.resize(len, BaseElement::ZERO);
    column
}

/// Asks the system for huge pages where `memory` lies, if it takes up a huge page at least.
#[cfg(target_os = "linux")]
fn advise_huge_pages(memory: &mut [MaybeUninit<BaseElement>]) {
    const PAGE: usize = 4096;
    if size_of_val(memory) < HUGE_PAGE || cfg!(miri) {
        return;
    }
    let bytes = memory.as_mut_ptr_range();
    let start = bytes.start.addr() / PAGE * PAGE;
    let len = bytes.end.addr() - start;
    // SAFETY: the advice changes how the kernel backs the range, never what is in it; a range
    // that it cannot take is an error without effect.
    let _ = unsafe {
        let start = bytes.start.with_addr(start).cast();
        libc::madvise(start, len, libc::MADV_HUGEPAGE)
    };
}

/// Limits the memory that dropped buffers may keep for reuse, 2 GiB unless told otherwise; 0 gives
/// all of it back now and keeps none.
pub fn set_pool_limit(bytes: usize) {
    *LIMIT.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    trim(
        &mut POOL.lock().unwrap_or_else(PoisonError::into_inner),
        bytes,
    );
}

/// Gives the oldest buffers back to the system until the rest is within the limit.
fn trim(pool: &mut Vec<MmapMut>, limit: usize) {
    let mut kept: usize = pool.iter().map(|map| map.len()).sum();
    let mut drop = 0;
    while kept > limit {
        kept -= pool[drop].len();
        drop += 1;
    }
    pool.drain(..drop);
}

impl Drop for HugeBuffer {
    fn drop(&mut self) {
        if let Storage::Mapped(map) = core::mem::replace(&mut self.storage, Storage::Taken) {
            let limit = *LIMIT.lock().unwrap_or_else(PoisonError::into_inner);
            let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
            pool.push(map);
            trim(&mut pool, limit);
        }
    }
}

impl Deref for HugeBuffer {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        match &self.storage {
            Storage::Lines(lines) => &memory::values(lines)[..self.len],
            // SAFETY: a mapping starts at a page and was made with room for `len` words; every
            // bit pattern is a u64.
            Storage::Mapped(map) => unsafe {
                core::slice::from_raw_parts(map.as_ptr().cast(), self.len)
            },
            Storage::Taken => &[],
        }
    }
}

impl DerefMut for HugeBuffer {
    fn deref_mut(&mut self) -> &mut [u64] {
        match &mut self.storage {
            Storage::Lines(lines) => &mut memory::values_mut(lines)[..self.len],
            // SAFETY: as in `deref`, and the mapping is this buffer's alone.
            Storage::Mapped(map) => unsafe {
                core::slice::from_raw_parts_mut(map.as_mut_ptr().cast(), self.len)
            },
            Storage::Taken => &mut [],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_as_long_as_asked() {
        for len in [0, 1, 7, 8, 1000, (1 << 17) - 1, 1 << 17, (1 << 18) + 3] {
            let mut buffer = HugeBuffer::new(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr().align_offset(64), 0);
            buffer.fill(u64::MAX);
            assert!(buffer.iter().all(|&x| x == u64::MAX));
        }
    }

    #[test]
    fn the_pool_respects_its_limit() {
        let mut pool: Vec<MmapMut> = [1, 2, 3]
            .iter()
            .map(|n| MmapMut::map_anon(n << 12).expect("memory"))
            .collect();
        trim(&mut pool, 5 << 12);
        assert_eq!(
            pool.iter().map(|map| map.len() >> 12).collect::<Vec<_>>(),
            [2, 3]
        );
        trim(&mut pool, 0);
        assert!(pool.is_empty());
    }
}
