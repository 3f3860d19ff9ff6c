//! Low-degree extension: from columns of coefficients to a row-major matrix of evaluations.

use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    Backend, Matrix,
    convert::words,
    dispatch,
    goldilocks::{self, mul_plain},
    huge::HugeBuffer,
    kernel::{
        rows::{
            Factors, FirstPass, GROUP, Lanes, SecondPass, SinglePass, Target, first_pass_scratch,
        },
        tile::{MAX_LOG_ROWS, places},
    },
    memory::with_scratch,
    parallel::{Shared, for_each_range},
    tables::{MAX_LOG_SIZE, powers, tile_plan},
    vector::MAX_LANES,
};

/// Evaluates polynomials on a coset of a larger domain, as rows.
///
/// `columns` are the coefficients of polynomials of the same length `n`, lowest first. Row `r` of
/// the result, for `r < n * blowup`, holds the values of all of them at `offset * g^r`, `g` being
/// the root of unity of order `n * blowup`. It equals the contents of winterfell's
/// `RowMatrix::evaluate_polys_over`, without padding, and its `fft::evaluate_poly_with_offset`
/// column by column. `blowup` may be 1.
///
/// ```
/// use winter_math::{FieldElement, StarkField, fields::f64::BaseElement, polynom};
/// use winterlane_field_simd::lde_rows;
///
/// let columns: Vec<Vec<BaseElement>> =
///     (1..4).map(|c| (0..16).map(|i| BaseElement::new(i * i + c)).collect()).collect();
/// let matrix = lde_rows(&columns, 8, BaseElement::GENERATOR);
///
/// let g = BaseElement::get_root_of_unity(7);
/// let x = BaseElement::GENERATOR * g.exp(100);
/// let values: Vec<_> = columns.iter().map(|column| polynom::eval(column, x)).collect();
/// assert_eq!(matrix.row(100), values);
/// ```
///
/// # Panics
/// Panics if there is no column; if the columns differ in length; if the length or `blowup` is no
/// power of two; if the length is over `2^24`, or the domain over `2^32`; or if `offset` is zero.
pub fn lde_rows<C: AsRef<[BaseElement]>>(
    columns: &[C],
    blowup: usize,
    offset: BaseElement,
) -> Matrix {
    let columns: Vec<&[u64]> = columns
        .iter()
        .map(|column| words(column.as_ref()))
        .collect();
    assert!(!columns.is_empty(), "no columns to extend");
    let rows = columns[0].len() * blowup;
    let mut matrix = Matrix::unspecified(rows, columns.len());
    let width = columns.len();
    lde_words(&columns, blowup, offset, matrix.words_mut(), width, 0);
    matrix
}

/// As [`lde_rows`], into columns `first` and on of `matrix`; its other columns stay as they are.
///
/// A wide matrix is best filled some columns at a time, each interpolated just before it is
/// extended: then all coefficients are never in memory at once, and those at hand are in the cache.
/// Groups of a multiple of eight columns keep all vector lanes busy.
///
/// ```
/// use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};
/// use winterlane_field_simd::{Matrix, lde_columns_into, lde_rows};
///
/// let columns: Vec<Vec<BaseElement>> =
///     (1..12).map(|c| (0..16).map(|i| BaseElement::new(i * i + c)).collect()).collect();
/// let offset = BaseElement::GENERATOR;
/// let mut matrix = Matrix::unspecified(64, 11);
/// lde_columns_into(&columns[..8], 4, offset, &mut matrix, 0);
/// lde_columns_into(&columns[8..], 4, offset, &mut matrix, 8);
/// assert_eq!(matrix.elements(), lde_rows(&columns, 4, offset).elements());
/// ```
///
/// # Panics
/// As [`lde_rows`]; and if `matrix` has another number of rows, or too few columns.
pub fn lde_columns_into<C: AsRef<[BaseElement]>>(
    columns: &[C],
    blowup: usize,
    offset: BaseElement,
    matrix: &mut Matrix,
    first: usize,
) {
    let columns: Vec<&[u64]> = columns
        .iter()
        .map(|column| words(column.as_ref()))
        .collect();
    let width = matrix.width();
    assert!(
        columns.len() <= width && first <= width - columns.len(),
        "columns {first} to {} of {width}",
        first + columns.len()
    );
    let stride = matrix.stride();
    lde_words(&columns, blowup, offset, matrix.words_mut(), stride, first);
}

/// As [`lde_rows`], into `out`, which has room for all rows.
///
/// # Panics
/// As [`lde_rows`], and if `out` has another length.
pub fn lde_rows_into<C: AsRef<[BaseElement]>>(
    columns: &[C],
    blowup: usize,
    offset: BaseElement,
    out: &mut [BaseElement],
) {
    let columns: Vec<&[u64]> = columns
        .iter()
        .map(|column| words(column.as_ref()))
        .collect();
    let out = crate::convert::words_mut(out);
    lde_words(&columns, blowup, offset, out, columns.len(), 0);
}

/// The logarithm of a transform's length.
///
/// # Panics
/// Panics if it is no power of two or over `2^24`.
pub(crate) fn log_size(len: usize) -> u32 {
    assert!(len.is_power_of_two(), "{len} values: not a power of two");
    let log = len.ilog2();
    assert!(
        log <= MAX_LOG_SIZE,
        "2^{log} values: at most 2^{MAX_LOG_SIZE} are supported"
    );
    log
}

/// [`lde_columns_into`] over Montgomery forms, into rows of `row_width` words from word `first` on.
pub(crate) fn lde_words(
    columns: &[&[u64]],
    blowup: usize,
    offset: BaseElement,
    out: &mut [u64],
    row_width: usize,
    first: usize,
) {
    assert!(!columns.is_empty(), "no columns to extend");
    let log_n = log_size(columns[0].len());
    assert!(
        columns.iter().all(|c| c.len() == columns[0].len()),
        "columns of unequal lengths"
    );
    assert!(
        blowup.is_power_of_two(),
        "blowup {blowup}: not a power of two"
    );
    assert!(
        log_n + blowup.ilog2() <= goldilocks::TWO_ADICITY,
        "domain of 2^{log_n} * {blowup}: at most 2^32"
    );
    assert!(offset != BaseElement::ZERO, "the offset is zero");
    assert_eq!(
        out.len(),
        (row_width * blowup) << log_n,
        "room for the extension"
    );
    assert!(first + columns.len() <= row_width, "room for the columns");
    Extension::new(columns, log_n, blowup, offset.as_int(), row_width).run(&mut out[first..]);
}

/// One extension at work.
///
/// With `s` the shift of a coset, output row `r = blowup * k + c` is row `k` of the transform of
/// size `n` of the coefficients times `s^j`, `s = offset * g^c`. So the output is one transform of
/// `blowup * width` *virtual columns*, each a column on a coset, and lanes are virtual columns.
///
/// Where the columns fill the rows of the output, virtual columns of neighbouring cosets are
/// neighbours in memory, and a tile takes whatever comes next; otherwise it keeps to one coset.
struct Extension<'a> {
    backend: Backend,
    columns: &'a [&'a [u64]],
    blowup: usize,
    /// Words from a point of the output to the next.
    row_width: usize,
    /// `N1` and `N2` as powers of two; `N2` is 1 for a single pass.
    log_rows1: u32,
    log_rows2: u32,
    /// For each coset, `s^(N2 j1)`.
    outer: Vec<Vec<u64>>,
    /// For each coset, `s^j2`.
    inner: Vec<Vec<u64>>,
    /// `w_N^j2`.
    roots: Vec<u64>,
}

impl<'a> Extension<'a> {
    fn new(
        columns: &'a [&'a [u64]],
        log_n: u32,
        blowup: usize,
        offset: u64,
        row_width: usize,
    ) -> Self {
        let backend = Backend::current();
        let (log_rows1, log_rows2) = split(log_n);
        let g = goldilocks::root_of_unity(log_n + blowup.ilog2());
        let mut shift = offset;
        let (mut outer, mut inner) = (Vec::new(), Vec::new());
        for _ in 0..blowup {
            let step = goldilocks::pow(shift, 1 << log_rows2);
            outer.push(powers(backend, step, 1 << log_rows1));
            inner.push(powers(backend, shift, 1 << log_rows2));
            shift = mul_plain(shift, g);
        }
        let roots = powers(backend, goldilocks::root_of_unity(log_n), 1 << log_rows2);
        Self {
            backend,
            columns,
            blowup,
            row_width,
            log_rows1,
            log_rows2,
            outer,
            inner,
            roots,
        }
    }

    /// Whether the columns fill the rows of the output.
    const fn is_whole(&self) -> bool {
        self.columns.len() == self.row_width
    }

    /// Number of tiles.
    fn tiles(&self) -> usize {
        let (lanes, columns) = (self.backend.lanes(), self.columns.len());
        if self.is_whole() {
            (self.blowup * columns).div_ceil(lanes)
        } else {
            self.blowup * columns.div_ceil(lanes)
        }
    }

    /// The first virtual column of a tile, and how many of its lanes count.
    fn virtuals(&self, tile: usize) -> (usize, usize) {
        let (lanes, columns) = (self.backend.lanes(), self.columns.len());
        let (first, end) = if self.is_whole() {
            (tile * lanes, self.blowup * columns)
        } else {
            let tiles = columns.div_ceil(lanes);
            let (coset, tile) = (tile / tiles, tile % tiles);
            (coset * columns + tile * lanes, (coset + 1) * columns)
        };
        (first, lanes.min(end - first))
    }

    fn run(&self, out: &mut [u64]) {
        let out = Shared(out.as_mut_ptr());
        let tiles = self.tiles();
        if self.log_rows2 == 0 {
            // Small tiles are handed out several at a time.
            let grain = (1 << 12 >> self.log_rows1).max(1);
            for_each_range(tiles, grain, |range| {
                for tile in range {
                    self.single_pass(tile, out);
                }
            });
        } else {
            let words = (places(1 << self.log_rows2) * self.backend.lanes()) << self.log_rows1;
            let mut blocks = HugeBuffer::new(words);
            let blocks = Shared(blocks.as_mut_ptr());
            for tile in 0..tiles {
                self.two_passes(tile, blocks, out);
            }
        }
    }

    /// Calls `f` with the virtual columns of a tile.
    fn with_lanes<R>(&self, tile: usize, f: impl FnOnce(&Lanes<'_>) -> R) -> R {
        let lanes = self.backend.lanes();
        let (first, count) = self.virtuals(tile);
        // Lanes past the last virtual column repeat it.
        let virtuals: [usize; MAX_LANES] =
            core::array::from_fn(|l| first + (l % lanes).min(count - 1));
        let cosets = virtuals.map(|v| v / self.columns.len());
        let sources = virtuals.map(|v| self.columns[v % self.columns.len()].as_ptr());
        let inner = cosets.map(|c| self.inner[c].as_slice());
        if cosets.iter().all(|&c| c == cosets[0]) {
            let scale = Factors::Uniform(&self.outer[cosets[0]]);
            return f(&Lanes {
                sources,
                scale,
                inner,
            });
        }
        let mut mixed = crate::memory::lines(lanes << self.log_rows1);
        let mixed = &mut crate::memory::values_mut(&mut mixed)[..lanes << self.log_rows1];
        for (j, row) in mixed.chunks_exact_mut(lanes).enumerate() {
            for (factor, &c) in row.iter_mut().zip(&cosets) {
                *factor = self.outer[c][j];
            }
        }
        f(&Lanes {
            sources,
            scale: Factors::Mixed(mixed),
            inner,
        })
    }

    /// The rows of a tile in the output.
    fn target(&self, tile: usize, out: Shared) -> Target {
        let (first, lanes) = self.virtuals(tile);
        let (coset, column) = (first / self.columns.len(), first % self.columns.len());
        // SAFETY: a point's row has more words than its columns, and there is a row for each coset.
        let start = Shared(unsafe { out.0.add(coset * self.row_width + column) });
        Target {
            start,
            stride: self.blowup * self.row_width,
            lanes,
        }
    }

    fn single_pass(&self, tile: usize, out: Shared) {
        let plan = tile_plan(self.log_rows1);
        let target = self.target(tile, out);
        self.with_lanes(tile, |lanes| {
            with_scratch(places(plan.rows()) * self.backend.lanes(), |scratch| {
                dispatch(
                    self.backend,
                    SinglePass {
                        scratch,
                        lanes,
                        plan,
                        target,
                    },
                );
            });
        });
    }

    fn two_passes(&self, tile: usize, blocks: Shared, out: Shared) {
        let (plan1, plan2) = (tile_plan(self.log_rows1), tile_plan(self.log_rows2));
        let (rows1, rows2) = (plan1.rows(), plan2.rows());
        let words = first_pass_scratch(rows1, self.backend.lanes());
        self.with_lanes(tile, |lanes| {
            for_each_range(rows2, GROUP, |range| {
                with_scratch(words, |scratch| {
                    let roots = &self.roots;
                    let pass = FirstPass {
                        scratch,
                        lanes,
                        plan: plan1,
                        rows2,
                        roots,
                        blocks,
                        range,
                    };
                    dispatch(self.backend, pass);
                });
            });
        });
        let target = self.target(tile, out);
        for_each_range(rows1, GROUP, |range| {
            dispatch(
                self.backend,
                SecondPass {
                    plan: plan2,
                    rows1,
                    blocks,
                    target,
                    range,
                },
            );
        });
    }
}

/// How a transform of `2^log_n` is split into two passes; the second is 0 if one does.
pub(crate) const fn split(log_n: u32) -> (u32, u32) {
    if log_n <= MAX_LOG_ROWS {
        (log_n, 0)
    } else {
        (log_n / 2, log_n - log_n / 2)
    }
}
