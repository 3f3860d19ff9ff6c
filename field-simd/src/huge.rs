//! Large buffers: whole huge pages where the system has them, from a [pool](crate::pool), or a part of one.

use core::ops::{Deref, DerefMut};
use std::panic::panic_any;

use memmap2::MmapRaw;
use winter_math::{FieldElement, fields::f64::BaseElement};

#[cfg(target_os = "linux")]
use crate::pool::HUGE_PAGE;
use crate::{
    memory::{self, Line},
    pool,
    shelf::{self, Part},
};

/// Buffers below this many bytes come from a shelf, or from the allocator if they are small even for that.
const MIN_MAPPED: usize = 1 << 20;

/// There is no memory for a buffer, or no machine could have it.
///
/// Functions that make buffers and do not return this error panic with it as payload, for callers that
/// catch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory for a buffer of {words} words of 8 bytes")]
pub struct AllocationError {
    /// Words asked for; [`usize::MAX`] if it is more than that.
    pub words: usize,
}

/// A buffer of words that starts at a multiple of 64 bytes.
///
/// Its first contents are unspecified: zeros, or what an earlier buffer held.
#[derive(Debug)]
pub struct HugeBuffer {
    storage: Storage,
    /// At most as many words as the storage has room for.
    len: usize,
}

#[derive(Debug)]
enum Storage {
    Lines(Vec<Line>),
    Part(Part),
    Mapped(MmapRaw),
    /// Left behind when the mapping goes back to the pool.
    Taken,
}

impl HugeBuffer {
    /// Room for `len` words.
    ///
    /// # Panics
    /// Panics with an [`AllocationError`] if there is no memory.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self::try_new(len).unwrap_or_else(|error| panic_any(error))
    }

    /// Room for `len` words.
    ///
    /// # Errors
    /// [`AllocationError`] if there is no memory, or if it were more than `isize::MAX` bytes.
    ///
    /// ```
    /// use winterlane_field_simd::HugeBuffer;
    ///
    /// assert_eq!(HugeBuffer::try_new(1000)?.len(), 1000);
    /// // 2^61 words are 2^64 bytes, which wrap to none
    /// assert!(HugeBuffer::try_new(1 << 61).is_err());
    /// # Ok::<(), winterlane_field_simd::AllocationError>(())
    /// ```
    pub fn try_new(len: usize) -> Result<Self, AllocationError> {
        let error = AllocationError { words: len };
        let bytes = len.checked_mul(size_of::<u64>());
        let bytes = bytes.filter(|&bytes| isize::try_from(bytes).is_ok());
        let bytes = bytes.ok_or(error)?;
        // Miri does not know the mapping's flags.
        let pooled = if bytes < shelf::UNIT || cfg!(miri) {
            None
        } else if bytes < MIN_MAPPED {
            Part::take(bytes).map(Storage::Part)
        } else {
            pool::take(bytes).map(Storage::Mapped)
        };
        let storage = match pooled {
            Some(storage) => storage,
            None => Storage::Lines(memory::try_lines(len).ok_or(error)?),
        };
        Ok(Self { storage, len })
    }
}

/// A column of zeros, in huge pages where the system has them: for the columns of a winterfell
/// `TraceTable`, which are vectors.
///
/// ```
/// use winter_math::{FieldElement, fields::f64::BaseElement};
///
/// assert_eq!(winterlane_field_simd::zero_column(1000), vec![BaseElement::ZERO; 1000]);
/// ```
#[must_use]
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
fn advise_huge_pages(memory: &mut [core::mem::MaybeUninit<BaseElement>]) {
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

impl Drop for HugeBuffer {
    fn drop(&mut self) {
        if let Storage::Mapped(map) = core::mem::replace(&mut self.storage, Storage::Taken) {
            pool::keep(map);
        }
    }
}

impl Deref for HugeBuffer {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        match &self.storage {
            Storage::Lines(lines) => &memory::values(lines)[..self.len],
            // SAFETY: a part starts at a multiple of `UNIT` bytes in a mapping, which starts at a page and is there
            // as long as the part is; it was taken with room for `len` words, and no other buffer has its bytes; every
            // bit pattern is a u64. Storage that is not taken has a part that is not dropped.
            Storage::Part(part) => unsafe {
                core::slice::from_raw_parts(part.start().cast(), self.len)
            },
            // SAFETY: a mapping starts at a page and was made with room for `len` words, the bytes of
            // which were counted without wrapping; every bit pattern is a u64.
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
            // SAFETY: as in `deref`, and the part is this buffer's alone. The pointer is that of a raw mapping, which may be
            // written to: references to its bytes are those of buffers alone, each to its own part.
            Storage::Part(part) => unsafe {
                core::slice::from_raw_parts_mut(part.start().cast(), self.len)
            },
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
        for len in [
            0,
            1,
            7,
            8,
            1000,
            2047,
            2048,
            2049,
            77_777,
            (1 << 17) - 1,
            1 << 17,
            (1 << 18) + 3,
        ] {
            let mut buffer = HugeBuffer::new(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr().align_offset(64), 0);
            buffer.fill(u64::MAX);
            assert!(buffer.iter().all(|&x| x == u64::MAX));
        }
    }

    #[test]
    fn more_than_memory_can_hold_is_refused() {
        // Bytes that wrap to none, to what would be mapped, and to what would not; beyond isize; and
        // within it, but more than any machine has.
        let (wraps, bits) = (1 << (usize::BITS - 3), usize::BITS);
        for len in [
            wraps,
            wraps + (1 << 17),
            wraps + 1,
            usize::MAX,
            1 << (bits - 4),
            (1 << (bits - 4)) - 1,
        ] {
            let expected = AllocationError { words: len };
            assert_eq!(HugeBuffer::try_new(len).err(), Some(expected));
            let panic = std::panic::catch_unwind(|| HugeBuffer::new(len)).expect_err("no memory");
            assert_eq!(panic.downcast_ref(), Some(&expected));
        }
    }
}
