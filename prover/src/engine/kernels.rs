//! The heavy loops, all over row-major matrices of base field elements.
//!
//! A matrix is a slice of `rows * width` elements, row after row. A column of elements of an
//! extension of degree `d` is `d` neighbouring base columns, so that one kernel serves all fields,
//! and a single extension polynomial evaluated over several cosets at once is a matrix too. Values
//! are winterfell's `BaseElement`s (Montgomery form) throughout; row order is natural.

use rayon::prelude::*;
use winter_math::{FieldElement, fft, fields::f64::BaseElement};

/// Rows worked on by one task.
const TASK_ROWS: usize = 256;

/// Writes columns side by side into `out`, a matrix of `columns[i].len() / degree` rows and
/// `columns.len() * degree` columns; each column holds `degree` base elements a row.
pub(super) fn gather_columns(columns: &[&[BaseElement]], degree: usize, out: &mut [BaseElement]) {
    let width = columns.len() * degree;
    out.par_chunks_mut(TASK_ROWS * width)
        .enumerate()
        .for_each(|(task, block)| {
            let first = task * TASK_ROWS;
            for (i, column) in columns.iter().enumerate() {
                let rows = column[first * degree..].chunks_exact(degree);
                for (row, cell) in block.chunks_exact_mut(width).zip(rows) {
                    row[i * degree..(i + 1) * degree].copy_from_slice(cell);
                }
            }
        });
}

/// Evaluates each column of `matrix`, coefficients in order, over the subgroup whose size is the
/// number of rows.
pub(super) fn evaluate(matrix: &mut [BaseElement], width: usize) {
    transform(matrix, width, |column, rows| {
        fft::evaluate_poly(column, &fft::get_twiddles(rows))
    });
}

/// Inverse of [`evaluate`].
pub(super) fn interpolate(matrix: &mut [BaseElement], width: usize) {
    transform(matrix, width, |column, rows| {
        fft::interpolate_poly(column, &fft::get_inv_twiddles(rows));
    });
}

fn transform(
    matrix: &mut [BaseElement],
    width: usize,
    kernel: impl Fn(&mut [BaseElement], usize) + Sync,
) {
    let rows = matrix.len() / width;
    let columns: Vec<Vec<BaseElement>> = (0..width)
        .into_par_iter()
        .map(|i| {
            let mut column: Vec<_> = matrix[i..].iter().step_by(width).copied().collect();
            kernel(&mut column, rows);
            column
        })
        .collect();
    let columns: Vec<&[BaseElement]> = columns.iter().map(Vec::as_slice).collect();
    gather_columns(&columns, 1, matrix);
}

/// Multiplies row `t` of `matrix`, column group `k`, by `first[k] * ratio[k]^t`. Groups are the
/// `first.len()` equal parts of a row.
pub(super) fn scale_rows(
    matrix: &mut [BaseElement],
    width: usize,
    first: &[BaseElement],
    ratio: &[BaseElement],
) {
    let group = width / first.len();
    matrix
        .par_chunks_mut(TASK_ROWS * width)
        .enumerate()
        .for_each(|(task, block)| {
            let start = (task * TASK_ROWS) as u64;
            let mut factors: Vec<_> = first
                .iter()
                .zip(ratio)
                .map(|(&f, &r)| f * r.exp(start))
                .collect();
            for row in block.chunks_exact_mut(width) {
                for ((cells, factor), &ratio) in
                    row.chunks_exact_mut(group).zip(&mut factors).zip(ratio)
                {
                    for cell in cells {
                        *cell *= *factor;
                    }
                    *factor *= ratio;
                }
            }
        });
}

/// Extends polynomials to the cosets with the given offsets. On entry the *last* block of
/// `extended` (`rows * width` elements) holds the coefficients; on return block `c` holds the
/// evaluations over the coset of `offsets[c]`.
pub(super) fn extend(
    extended: &mut [BaseElement],
    width: usize,
    rows: usize,
    offsets: &[BaseElement],
) {
    let one = [BaseElement::ONE];
    let (blocks, last) = extended.split_at_mut(extended.len() - rows * width);
    for (block, &offset) in blocks.chunks_exact_mut(rows * width).zip(offsets) {
        block
            .par_chunks_mut(TASK_ROWS * width)
            .zip(last.par_chunks(TASK_ROWS * width))
            .for_each(|(to, from)| {
                to.copy_from_slice(from);
            });
        scale_rows(block, width, &one, &[offset]);
        evaluate(block, width);
    }
    scale_rows(last, width, &one, &[offsets[offsets.len() - 1]]);
    evaluate(last, width);
}

/// Interleaves `copies` scaled copies of a narrow coefficient matrix: row `t` of the result is
/// `offsets[0]^t * row, offsets[1]^t * row, ...`.
pub(super) fn spread(
    coefficients: &[BaseElement],
    width: usize,
    offsets: &[BaseElement],
) -> Vec<BaseElement> {
    let wide = width * offsets.len();
    let mut result = vec![BaseElement::ZERO; coefficients.len() * offsets.len()];
    result
        .par_chunks_mut(TASK_ROWS * wide)
        .zip(coefficients.par_chunks(TASK_ROWS * width))
        .for_each(|(to, from)| {
            for (to, from) in to.chunks_exact_mut(wide).zip(from.chunks_exact(width)) {
                for copy in to.chunks_exact_mut(width) {
                    copy.copy_from_slice(from);
                }
            }
        });
    let one = vec![BaseElement::ONE; offsets.len()];
    scale_rows(&mut result, wide, &one, offsets);
    result
}

/// `1/n` and the like: the inverse of a small integer.
pub(super) fn inverse_of(n: usize) -> BaseElement {
    BaseElement::new(n as u64).inv()
}
