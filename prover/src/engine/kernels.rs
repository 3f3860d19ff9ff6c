//! The heavy loops over whole columns and matrices: where the engine meets `field-simd`.
//!
//! Polynomials and evaluations over one coset are [`Columns`] of base elements; what is extended over
//! the whole domain is a row-major [`Matrix`] in domain order. A column of elements of an extension
//! of degree `d` is `d` base columns, so that one kernel serves all fields.

use rayon::prelude::*;
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::{
    Matrix, interpolate_columns_into, interpolate_columns_with_offset, lde_columns_into, lde_rows,
};

/// Elements copied by one task.
const TASK_ELEMENTS: usize = 1 << 14;

/// Columns of base elements of the same length, one after the other in one buffer.
#[derive(Debug)]
pub(super) struct Columns {
    matrix: Matrix,
}

impl Columns {
    /// Columns with unspecified contents, to be written to.
    pub(super) fn unspecified(count: usize, rows: usize) -> Self {
        Self {
            matrix: Matrix::unspecified(count, rows),
        }
    }

    /// The base columns of columns of `F` elements.
    pub(super) fn from_elements<F>(columns: &[&[F]]) -> Self
    where
        F: FieldElement<BaseField = BaseElement>,
    {
        let degree = F::EXTENSION_DEGREE;
        let mut result = Self::unspecified(columns.len() * degree, columns[0].len());
        result
            .iter_mut()
            .collect::<Vec<_>>()
            .into_par_iter()
            .enumerate()
            .for_each(|(i, to)| {
                let from = F::slice_as_base_elements(columns[i / degree]);
                let parts = to.par_chunks_mut(TASK_ELEMENTS);
                parts
                    .zip(from.par_chunks(TASK_ELEMENTS * degree))
                    .for_each(|(to, from)| {
                        if degree == 1 {
                            to.copy_from_slice(from);
                            return;
                        }
                        for (to, from) in to.iter_mut().zip(from.chunks_exact(degree)) {
                            *to = from[i % degree];
                        }
                    });
            });
        result
    }

    /// The coefficients of the base columns of columns of `F` elements: of their values over the
    /// subgroup of their length.
    pub(super) fn interpolated<F>(values: &[&[F]]) -> Self
    where
        F: FieldElement<BaseField = BaseElement>,
    {
        if F::EXTENSION_DEGREE > 1 {
            let mut result = Self::from_elements(values);
            result.interpolate(0..result.len(), BaseElement::ONE);
            return result;
        }
        let values: Vec<_> = values
            .iter()
            .map(|v| F::slice_as_base_elements(v))
            .collect();
        let mut result = Self::unspecified(values.len(), values[0].len());
        interpolate_columns_into(&values, &mut result.iter_mut().collect::<Vec<_>>());
        result
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.matrix.rows()
    }

    /// All columns.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[BaseElement]> {
        self.matrix.elements().chunks_exact(self.matrix.width())
    }

    /// All columns, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [BaseElement]> {
        let rows = self.matrix.width();
        self.matrix.elements_mut().chunks_exact_mut(rows)
    }

    /// The columns cut into blocks of `rows` rows: the same rows of all columns in each.
    pub(super) fn blocks(&mut self, rows: usize) -> Vec<Vec<&mut [BaseElement]>> {
        let mut parts: Vec<_> = self
            .iter_mut()
            .map(|column| column.chunks_mut(rows))
            .collect();
        core::iter::from_fn(|| parts.iter_mut().map(Iterator::next).collect()).collect()
    }

    /// Turns evaluations over `offset * <w>` into coefficients, in columns `range`; `w` generates
    /// the subgroup of the columns' length.
    pub(super) fn interpolate(&mut self, range: core::ops::Range<usize>, offset: BaseElement) {
        let mut columns: Vec<_> = self
            .iter_mut()
            .skip(range.start)
            .take(range.len())
            .collect();
        interpolate_columns_with_offset(&mut columns, offset);
    }

    /// Evaluates the polynomials of the first `count` columns over the domain of `blowup` times
    /// their length, at `offset`.
    pub(super) fn extend(&self, count: usize, blowup: usize, offset: BaseElement) -> Matrix {
        lde_rows(&self.iter().take(count).collect::<Vec<_>>(), blowup, offset)
    }

    /// As [`extend`](Self::extend), all columns, into columns `first` and on of `matrix`.
    pub(super) fn extend_into(
        &self,
        blowup: usize,
        offset: BaseElement,
        matrix: &mut Matrix,
        first: usize,
    ) {
        let columns: Vec<_> = self.iter().collect();
        lde_columns_into(&columns, blowup, offset, matrix, first);
    }
}

/// The values of a polynomial, given by its coefficients in ascending order, at `offset` times the subgroup of
/// their number.
pub(super) fn evaluated(coefficients: &[BaseElement], offset: BaseElement) -> Matrix {
    lde_rows(&[coefficients], 1, offset)
}

/// The inverse of a small integer.
pub(super) fn inverse_of(n: usize) -> BaseElement {
    BaseElement::new(n as u64).inv()
}
