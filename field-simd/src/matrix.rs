//! A row-major matrix of base field elements.

use winter_math::fields::f64::BaseElement;

use crate::{
    convert::{elements, elements_mut},
    huge::HugeBuffer,
};

/// A matrix of base field elements, row after row without gaps: element `(r, c)` is at
/// `r * width + c`. It starts at a multiple of 64 bytes; its memory comes from, and goes back to,
/// a pool of large buffers.
///
/// Elements of an extension field lie as their coordinates, next to each other.
#[derive(Debug)]
pub struct Matrix {
    data: HugeBuffer,
    width: usize,
}

impl Matrix {
    /// A matrix of unspecified elements, to be written to. Elements that are read before they are
    /// written may be any bits, not even reduced ones.
    ///
    /// # Panics
    /// Panics if `width` is zero, or if there are more elements than memory could hold.
    pub fn unspecified(rows: usize, width: usize) -> Self {
        assert!(width > 0, "a matrix has at least one column");
        let len = rows
            .checked_mul(width)
            .expect("a matrix that fits into memory");
        Self {
            data: HugeBuffer::new(len),
            width,
        }
    }

    /// Elements in a row.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.data.len() / self.width
    }

    /// All elements, row after row.
    pub fn elements(&self) -> &[BaseElement] {
        elements(&self.data)
    }

    /// All elements, row after row, to be changed in place.
    pub fn elements_mut(&mut self) -> &mut [BaseElement] {
        elements_mut(&mut self.data)
    }

    /// Row `r`.
    ///
    /// # Panics
    /// Panics if there is no such row.
    pub fn row(&self, r: usize) -> &[BaseElement] {
        &self.elements()[r * self.width..][..self.width]
    }

    /// The Montgomery forms of all elements, row after row.
    pub fn words(&self) -> &[u64] {
        &self.data
    }

    /// The Montgomery forms of all elements, row after row, to be changed in place; they must stay
    /// canonical.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.data
    }
}
