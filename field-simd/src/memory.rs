//! Scratch space: cache-line aligned, kept per thread.

use core::cell::Cell;

use crate::huge::HugeBuffer;

/// A cache line of eight values. Vectors of lines start at a multiple of 64 bytes, so that no
/// vector load or store straddles two lines.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u64; Line::LEN]);

impl Line {
    /// Values in a line.
    pub(crate) const LEN: usize = 8;
    const ZERO: Self = Self([0; Self::LEN]);

    /// The lines that hold this many values.
    pub(crate) const fn count(values: usize) -> usize {
        values.div_ceil(Self::LEN)
    }
}

/// Room for at least `values` values, all zero; none if there is no memory.
pub(crate) fn try_lines(values: usize) -> Option<Vec<Line>> {
    let count = Line::count(values);
    let mut lines = Vec::new();
    lines.try_reserve_exact(count).ok()?;
    lines.resize(count, Line::ZERO);
    Some(lines)
}

/// The values of some lines.
pub(crate) const fn values(lines: &[Line]) -> &[u64] {
    // SAFETY: a line is eight u64 without padding, aligned at least as they need.
    unsafe { core::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * Line::LEN) }
}

/// The values of some lines.
pub(crate) const fn values_mut(lines: &mut [Line]) -> &mut [u64] {
    // SAFETY: a line is eight u64 without padding, aligned at least as they need.
    unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * Line::LEN) }
}

thread_local! {
    static SCRATCH: Cell<Option<HugeBuffer>> = const { Cell::new(None) };
}

/// Runs `f` with room for at least `count` values, which hold anything. The room is kept by the
/// thread for its next use; a nested use gets its own.
pub(crate) fn with_scratch<R>(count: usize, f: impl FnOnce(&mut [u64]) -> R) -> R {
    let scratch = SCRATCH.take().filter(|scratch| scratch.len() >= count);
    let mut scratch = scratch.unwrap_or_else(|| HugeBuffer::new(count));
    let result = f(&mut scratch[..count]);
    SCRATCH.set(Some(scratch));
    result
}
