//! Traces in the engine's own memory.

use winter_math::fields::f64::BaseElement;

use super::kernels::Columns;
use super::segment::group_columns;

/// The columns of an execution trace in memory that the engine can work in: for traces that are made
/// again and again, by a prover that fills them itself.
///
/// [`prove_columns`](super::prove_columns) interpolates the columns where they are, so that nothing is
/// copied, and leaves their memory, in huge pages, to the next trace. Where winterfell's
/// `TraceTable` is allocated anew, first touches of its pages can cost as much as filling it.
///
/// ```
/// use winter_math::fields::f64::BaseElement;
/// use winterlane_prover::engine::TraceColumns;
///
/// let mut trace = TraceColumns::unspecified(3, 16);
/// for (c, column) in trace.columns_mut().into_iter().enumerate() {
///     for (r, cell) in column.iter_mut().enumerate() {
///         *cell = BaseElement::new((c * r) as u64);
///     }
/// }
/// assert_eq!((trace.width(), trace.rows()), (3, 16));
/// assert_eq!(trace.columns().nth(2).unwrap()[5], BaseElement::new(10));
/// ```
#[derive(Debug)]
pub struct TraceColumns {
    width: usize,
    rows: usize,
    /// As many columns in each as are interpolated and extended at a time.
    groups: Vec<Columns>,
}

impl TraceColumns {
    /// Columns of unspecified elements, every one of which must be written: what is read before may be
    /// any bits, of an earlier trace for instance.
    ///
    /// # Panics
    /// Panics if there is no column or no row.
    #[must_use]
    pub fn unspecified(width: usize, rows: usize) -> Self {
        assert!(
            width > 0 && rows > 0,
            "a trace of {width} columns of {rows} rows"
        );
        let group = group_columns(rows, 1);
        let groups = (0..width)
            .step_by(group)
            .map(|first| Columns::unspecified(group.min(width - first), rows))
            .collect();
        Self {
            width,
            rows,
            groups,
        }
    }

    /// Number of columns.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Elements of a column.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// All columns.
    pub fn columns(&self) -> impl Iterator<Item = &[BaseElement]> {
        self.groups.iter().flat_map(Columns::iter)
    }

    /// All columns, to be written to.
    pub fn columns_mut(&mut self) -> Vec<&mut [BaseElement]> {
        self.groups.iter_mut().flat_map(Columns::iter_mut).collect()
    }

    /// The groups, first columns first.
    pub(super) fn into_groups(self) -> Vec<Columns> {
        self.groups
    }
}
