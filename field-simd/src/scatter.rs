//! From rows of many items to columns in which each item has its own rows.

use winter_math::fields::f64::BaseElement;

use crate::{
    Backend,
    convert::{words, words_mut},
    dispatch,
    kernel::transpose::transpose,
    vector::{Kernel, MAX_LANES, Vector},
};

/// The rows that [`scatter_rows`] takes at a time: as many elements as a cache line has.
pub const STAGED_ROWS: usize = 8;

/// Writes eight rows of some items to the items' places in every column.
///
/// For traces in which many items, side by side, have a block of rows each, and are computed in step: the
/// values of one row of all items come as vectors, and go to places far apart. So eight rows are
/// staged, and then every item gets a cache line in every column, which is not read before and, where
/// the CPU can, goes past the caches.
///
/// Row `r` of item `i` in column `c`, at `staged[(8 c + r) items + i]`, goes to
/// `columns[c][first + pitch i + r]`.
///
/// ```
/// use winter_math::{FieldElement, fields::f64::BaseElement};
/// use winterlane_field_simd::{STAGED_ROWS, scatter_rows};
///
/// // two columns; three items of sixteen rows each, of which the last eight are written
/// let staged: Vec<_> = (0..2 * STAGED_ROWS as u64 * 3).map(BaseElement::new).collect();
/// let mut columns = vec![vec![BaseElement::ZERO; 3 * 16]; 2];
/// let mut slices: Vec<_> = columns.iter_mut().map(Vec::as_mut_slice).collect();
/// scatter_rows(&staged, 3, &mut slices, 8, 16);
/// // row 5 of item 2 in column 1
/// assert_eq!(columns[1][8 + 2 * 16 + 5], staged[(8 + 5) * 3 + 2]);
/// assert_eq!(columns[1][7], BaseElement::ZERO);
/// ```
///
/// # Panics
/// Panics if `staged` does not hold eight rows of `items` elements for each column, or if a column ends
/// before its last place; and as [`Backend::current`].
pub fn scatter_rows(
    staged: &[BaseElement],
    items: usize,
    columns: &mut [&mut [BaseElement]],
    first: usize,
    pitch: usize,
) {
    let expected = items
        .checked_mul(STAGED_ROWS)
        .and_then(|words| words.checked_mul(columns.len()));
    assert_eq!(
        Some(staged.len()),
        expected,
        "{STAGED_ROWS} rows of {items} items in {} columns",
        columns.len()
    );
    if items == 0 {
        return;
    }
    let end = (items - 1)
        .checked_mul(pitch)
        .and_then(|last| last.checked_add(first)?.checked_add(STAGED_ROWS))
        .expect("columns that fit into memory");
    assert!(
        columns.iter().all(|column| column.len() >= end),
        "columns of at least {end} rows"
    );
    dispatch(
        Backend::current(),
        Scatter {
            staged,
            items,
            columns,
            first,
            pitch,
        },
    );
}

struct Scatter<'a, 'b> {
    staged: &'a [BaseElement],
    items: usize,
    columns: &'a mut [&'b mut [BaseElement]],
    first: usize,
    pitch: usize,
}

impl Kernel for Scatter<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self {
            staged,
            items,
            columns,
            first,
            pitch,
        } = self;
        let staged = words(staged).chunks_exact(STAGED_ROWS * items);
        for (column, staged) in columns.iter_mut().zip(staged) {
            let column = words_mut(column);
            for item in (0..items).step_by(V::LANES) {
                let lanes = V::LANES.min(items - item);
                for row in (0..STAGED_ROWS).step_by(V::LANES) {
                    let mut square = [V::splat(token, 0); MAX_LANES];
                    for (l, x) in square.iter_mut().enumerate().take(V::LANES) {
                        let from = &staged[(row + l) * items + item..][..lanes];
                        *x = if lanes == V::LANES {
                            V::load(token, from)
                        } else {
                            V::load_partial(token, from)
                        };
                    }
                    for (l, x) in transpose(square).into_iter().enumerate().take(lanes) {
                        let at = first + (item + l) * pitch + row;
                        put(x, &mut column[at..at + V::LANES]);
                    }
                }
            }
        }
        V::fence(token);
    }
}

/// Stores a vector to as many places, past the caches if they are aligned.
#[inline(always)]
fn put<V: Vector>(x: V, places: &mut [u64]) {
    assert!(places.len() == V::LANES, "a place a lane");
    let dst = places.as_mut_ptr();
    if dst.addr().is_multiple_of(V::LANES * size_of::<u64>()) {
        // SAFETY: there is room for a vector, as was just checked, and it is aligned to one.
        unsafe { x.stream_ptr(dst) }
    } else {
        x.store(places);
    }
}

#[cfg(test)]
mod tests {
    use winter_math::FieldElement;

    use super::*;

    #[test]
    fn every_item_gets_its_rows_and_nothing_else_changes() {
        for backend in Backend::available() {
            // Whole vectors and parts of one, columns aligned and not.
            for (items, width, offset) in [(1, 1, 0), (3, 2, 1), (8, 3, 0), (16, 2, 3), (21, 5, 0)]
            {
                let (first, pitch) = (4, 19);
                let staged: Vec<_> = (0..(width * STAGED_ROWS * items) as u64)
                    .map(|i| BaseElement::new(i + 1))
                    .collect();
                let len = first + items * pitch;
                let mut memory = vec![vec![BaseElement::ZERO; len + offset]; width];
                let mut columns: Vec<_> = memory.iter_mut().map(|m| &mut m[offset..]).collect();
                backend
                    .with(|| scatter_rows(&staged, items, &mut columns, first, pitch))
                    .expect("available");
                for (c, column) in columns.iter().enumerate() {
                    for (at, &x) in column.iter().enumerate() {
                        let (i, r) = (
                            at.wrapping_sub(first) / pitch,
                            at.wrapping_sub(first) % pitch,
                        );
                        let expected = if at >= first && i < items && r < STAGED_ROWS {
                            staged[(c * STAGED_ROWS + r) * items + i]
                        } else {
                            BaseElement::ZERO
                        };
                        assert_eq!(
                            x, expected,
                            "{backend}: {items} items, column {c}, row {at}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "columns of at least")]
    fn a_column_that_is_too_short() {
        let mut column = [BaseElement::ZERO; 15];
        scatter_rows(&[BaseElement::ZERO; 16], 2, &mut [&mut column], 0, 8);
    }

    #[test]
    #[should_panic(expected = "of 2305843009213693952 items")]
    #[cfg(target_pointer_width = "64")]
    fn rows_that_wrap_to_none() {
        scatter_rows(&[], 1 << 61, &mut [&mut []], 0, 1);
    }
}
