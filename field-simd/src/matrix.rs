//! A row-major matrix of base field elements.

use winter_math::fields::f64::BaseElement;

#[cfg(doc)]
use crate::AllocationError;
use crate::{
    convert::{elements, elements_mut},
    huge::HugeBuffer,
    memory::Line,
};

/// A matrix of base field elements, row after row: element `(r, c)` is at `r * stride + c`. It starts
/// at a multiple of 64 bytes; its memory comes from, and goes back to, a pool of large buffers.
///
/// Rows follow one another without gaps, or, in a [padded](Self::padded) matrix, start a cache line
/// each: then a column of lines is written without touching the lines beside it.
///
/// Elements of an extension field lie as their coordinates, next to each other.
#[derive(Debug)]
pub struct Matrix {
    data: HugeBuffer,
    width: usize,
    stride: usize,
}

impl Matrix {
    /// A matrix of unspecified elements without gaps, to be written to. Elements that are read
    /// before they are written may be any bits, not even reduced ones.
    ///
    /// # Panics
    /// Panics if `width` is zero; and with an [`AllocationError`] if there is no memory for so many
    /// elements.
    #[must_use]
    pub fn unspecified(rows: usize, width: usize) -> Self {
        Self::with_stride(rows, width, width)
    }

    /// As [`unspecified`](Self::unspecified), each row at the start of a cache line of eight
    /// elements, and no multiple of eight lines long: a column of lines then spreads over more sets
    /// of a cache.
    ///
    /// ```
    /// use winterlane_field_simd::Matrix;
    ///
    /// let matrix = Matrix::padded(4, 251);
    /// assert_eq!((matrix.rows(), matrix.width(), matrix.stride()), (4, 251, 264));
    /// assert_eq!(matrix.row(3).len(), 251);
    /// ```
    ///
    /// # Panics
    /// As [`unspecified`](Self::unspecified).
    #[must_use]
    pub fn padded(rows: usize, width: usize) -> Self {
        Self::with_stride(rows, width, Self::padded_stride(width))
    }

    /// The [`stride`](Self::stride) of a padded matrix.
    ///
    /// # Panics
    /// Panics if it is more than a `usize` holds.
    #[must_use]
    pub const fn padded_stride(width: usize) -> usize {
        let lines = width.div_ceil(Line::LEN);
        // A multiple of eight lines would put a column of lines into few sets of a cache.
        let lines = if lines.is_multiple_of(8) {
            lines + 1
        } else {
            lines
        };
        lines
            .checked_mul(Line::LEN)
            .expect("a stride that a usize holds")
    }

    fn with_stride(rows: usize, width: usize, stride: usize) -> Self {
        assert!(width > 0, "a matrix has at least one column");
        // What does not fit into a usize does not fit into memory either.
        let len = rows.saturating_mul(stride);
        Self {
            data: HugeBuffer::new(len),
            width,
            stride,
        }
    }

    /// Elements in a row.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Elements from the start of a row to the start of the next: the width, or a little more.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.data.len() / self.stride
    }

    /// All elements, row after row, with the gaps between them if the matrix is padded.
    #[must_use]
    pub fn elements(&self) -> &[BaseElement] {
        elements(&self.data)
    }

    /// All elements, as [`elements`](Self::elements), to be changed in place.
    pub fn elements_mut(&mut self) -> &mut [BaseElement] {
        elements_mut(&mut self.data)
    }

    /// Row `r`.
    ///
    /// # Panics
    /// Panics if there is no such row.
    #[must_use]
    pub fn row(&self, r: usize) -> &[BaseElement] {
        &self.elements()[r * self.stride..][..self.width]
    }

    /// The Montgomery forms of all elements, as [`elements`](Self::elements).
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.data
    }

    /// The Montgomery forms of all elements, as [`elements`](Self::elements), to be changed in place;
    /// they must stay canonical.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.data
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::AllocationError;

    #[test]
    fn sizes_that_wrap_are_refused() {
        let half = 1 << (usize::BITS / 2);
        // Elements that wrap to none, and bytes that wrap to a megabyte.
        for (rows, width) in [
            (half, half),
            (1 << (usize::BITS - 3), 1),
            ((1 << (usize::BITS - 3)) + (1 << 17), 1),
            (2, (1 << (usize::BITS - 4)) + (1 << 16)),
            (1 << 17, (1 << (usize::BITS - 20)) + 1),
        ] {
            for make in [Matrix::unspecified, Matrix::padded] {
                let panic = catch_unwind(|| make(rows, width)).expect_err("no memory");
                assert!(panic.is::<AllocationError>(), "{rows} x {width}");
            }
        }
        assert!(catch_unwind(|| Matrix::padded_stride(usize::MAX)).is_err());
        assert!(catch_unwind(|| Matrix::padded(0, usize::MAX)).is_err());
        assert!(catch_unwind(|| Matrix::unspecified(1, 0)).is_err());
    }
}
