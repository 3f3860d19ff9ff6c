//! Messages of one length, as rows of a matrix.

use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::Matrix;

/// Rows of field elements to be hashed, all of one length.
///
/// Row i is [`width`](Self::width) base elements from place `i * stride` of [`elements`](Self::elements):
/// in winterfell's representation, below the modulus. Elements of an extension field of degree
/// [`degree`](Self::degree) are given by their coordinates, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct HashRows<'a> {
    elements: &'a [BaseElement],
    width: usize,
    stride: usize,
    count: usize,
    degree: usize,
}

impl<'a> HashRows<'a> {
    /// Rows `first..first + count` of a matrix whose elements have degree `degree`.
    pub(super) fn of(matrix: &'a Matrix, degree: usize, first: usize, count: usize) -> Self {
        let stride = matrix.stride();
        Self {
            elements: &matrix.elements()[first * stride..][..count * stride],
            width: matrix.width(),
            stride,
            count,
            degree,
        }
    }

    /// Rows of `width` base elements, one after the other.
    pub(super) fn packed(elements: &'a [BaseElement], width: usize, degree: usize) -> Self {
        Self {
            elements,
            width,
            stride: width,
            count: elements.len() / width,
            degree,
        }
    }

    /// Columns `from..to` of every row.
    pub(super) fn columns(self, from: usize, to: usize) -> Self {
        Self {
            elements: self.elements.get(from..).unwrap_or_default(),
            width: to - from,
            ..self
        }
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Base elements in a row.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Base elements from the start of a row to the start of the next; the width at least.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// Coordinates of an element: 1, 2 or 3. The width is a multiple of it.
    #[must_use]
    pub const fn degree(&self) -> usize {
        self.degree
    }

    /// All elements from the first of the first row on; what is between the rows is not to be hashed. The last
    /// row may end with the elements, or before them.
    #[must_use]
    pub const fn elements(&self) -> &'a [BaseElement] {
        self.elements
    }

    /// The base elements of row `i`.
    ///
    /// # Panics
    /// Panics if there is no such row.
    #[must_use]
    pub fn row(&self, i: usize) -> &'a [BaseElement] {
        assert!(i < self.count, "row {i} of {}", self.count);
        &self.elements[i * self.stride..][..self.width]
    }

    /// The base elements of each row in turn.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [BaseElement]> + '_ {
        (0..self.count).map(|i| self.row(i))
    }
}
