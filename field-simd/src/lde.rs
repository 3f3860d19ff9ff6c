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
            Between, FirstPass, LINE, SecondPass, Shifts, SinglePass, Sources, Target,
            first_pass_scratch, single_pass_scratch,
        },
        tile::{MAX_LOG_ROWS, places},
    },
    memory::with_scratch,
    parallel::{Shared, for_each_range, threads},
    tables::{MAX_LOG_SIZE, powers, tile_plan},
};

/// What lies between two passes stays in the caches up to this many words.
const CACHED: usize = 1 << 19;

/// Results of more words than this are written past the caches.
const STREAMED: usize = 1 << 20;

/// Evaluates polynomials on a coset of a larger domain, as rows.
///
/// `columns` are the coefficients of polynomials of the same length `n`, lowest first. Row `r` of
/// the result, for `r < n * blowup`, holds the values of all of them at `offset * g^r`, `g` being
/// the root of unity of order `n * blowup`. It equals the contents of winterfell's
/// `RowMatrix::evaluate_polys_over`, without padding, and its `fft::evaluate_poly_with_offset`
/// column by column. `blowup` may be 1.
///
/// Coefficients and values are in Montgomery form and canonical, as winterfell keeps its elements.
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
#[must_use]
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
    let rows = columns[0]
        .len()
        .checked_mul(blowup)
        .expect("a domain of at most 2^32 points");
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
    // A product that wraps could equal any length.
    assert_eq!(
        Some(out.len()),
        row_width
            .checked_mul(blowup)
            .and_then(|words| words.checked_mul(1 << log_n)),
        "room for the extension"
    );
    assert!(
        first <= row_width && columns.len() <= row_width - first,
        "room for the columns"
    );
    Extension::new(columns, log_n, blowup, offset.as_int(), row_width).run(&mut out[first..]);
}

/// One extension at work.
///
/// With `s` the shift of a coset, output row `r = blowup * k + c` is row `k` of the transform of
/// size `n` of the coefficients times `s^j`, `s = offset * g^c`. So the output is one transform of
/// `blowup * width` *virtual columns*, each a column on a coset, of which a tile has [`LINE`].
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
    const fn tiles(&self) -> usize {
        let columns = self.columns.len();
        if self.is_whole() {
            (self.blowup * columns).div_ceil(LINE)
        } else {
            self.blowup * columns.div_ceil(LINE)
        }
    }

    /// The distance of tiles of the same columns.
    const fn period(&self) -> usize {
        let columns = self.columns.len();
        if self.is_whole() {
            columns / gcd(columns, LINE)
        } else {
            columns.div_ceil(LINE)
        }
    }

    /// The first virtual column of a tile, and how many of its words count.
    fn first(&self, tile: usize) -> (usize, usize) {
        let columns = self.columns.len();
        let (first, end) = if self.is_whole() {
            (tile * LINE, self.blowup * columns)
        } else {
            let tiles = columns.div_ceil(LINE);
            let (coset, tile) = (tile / tiles, tile % tiles);
            (coset * columns + tile * LINE, (coset + 1) * columns)
        };
        (first, LINE.min(end - first))
    }

    fn run(&self, out: &mut [u64]) {
        let stream = out.len() > STREAMED;
        let out = Shared(out.as_mut_ptr());
        let tiles = self.tiles();
        if self.log_rows2 == 0 {
            // Small tiles are handed out several at a time.
            let grain = (1 << 12 >> self.log_rows1).max(1);
            for_each_range(tiles, grain, |range| {
                for tile in range {
                    self.single_pass(tile, self.target(tile, out, stream));
                }
            });
            return;
        }
        let words = Between::words(1 << self.log_rows1, 1 << self.log_rows2);
        if words <= CACHED / 2 && tiles >= threads() {
            for_each_range(tiles, 1, |range| {
                let mut between = HugeBuffer::new(words);
                for tile in range {
                    let target = self.target(tile, out, stream);
                    self.two_passes(&[tile], &[target], &mut between, false);
                }
            });
            return;
        }
        // Tiles whose columns are the same go together, as many as the memory for what lies
        // between the passes allows: an eighth of the result, or what the caches hold.
        let period = self.period();
        let result = (self.blowup * self.columns.len()) << (self.log_rows1 + self.log_rows2);
        let room = (CACHED / words)
            .max((result / 8 + words / 2) / words)
            .max(1);
        let together = room.min(tiles.div_ceil(period));
        let mut between = HugeBuffer::new(together * words);
        for first in 0..period.min(tiles) {
            let same: Vec<usize> = (first..tiles).step_by(period).collect();
            for batch in same.chunks(together) {
                let targets: Vec<_> = batch
                    .iter()
                    .map(|&tile| self.target(tile, out, stream))
                    .collect();
                self.two_passes(batch, &targets, &mut between, true);
            }
        }
    }

    /// The virtual columns of a tile; past the last one, that one again.
    fn virtuals(&self, tile: usize) -> [usize; LINE] {
        let (first, count) = self.first(tile);
        core::array::from_fn(|l| first + l.min(count - 1))
    }

    fn sources(&self, tile: usize) -> Sources {
        let columns = self.virtuals(tile);
        let columns = columns.map(|v| self.columns[v % self.columns.len()].as_ptr());
        // SAFETY: columns of n words, as `lde_words` has checked, borrowed longer than the passes run.
        unsafe { Sources::new(columns) }
    }

    fn shifts(&self, tile: usize) -> Shifts<'_> {
        let cosets = self.virtuals(tile).map(|v| v / self.columns.len());
        Shifts::new(
            cosets.map(|c| self.outer[c].as_slice()),
            cosets.map(|c| self.inner[c].as_slice()),
        )
    }

    /// The rows of a tile in the output, written past the caches if that is asked for and can be.
    fn target(&self, tile: usize, out: Shared, stream: bool) -> Target {
        let (first, lanes) = self.first(tile);
        let (coset, column) = (first / self.columns.len(), first % self.columns.len());
        let start = out.at(coset * self.row_width + column);
        let stride = self.blowup * self.row_width;
        let lines = stride.is_multiple_of(LINE) && start.align_offset(64) == 0;
        // SAFETY: the output has n * blowup rows of `row_width` words, as `lde_words` has checked, and
        // is borrowed longer than the passes run. Row k of a coset is row `blowup * k + coset`; a tile
        // that goes on in the next coset does so in neighbouring words of the same output, whose rows
        // are as wide as there are columns then. No two tiles share a virtual column.
        unsafe { Target::new(Shared(start), stride, lanes, stream && lines) }
    }

    fn single_pass(&self, tile: usize, target: Target) {
        let plan = tile_plan(self.log_rows1);
        let (sources, shifts) = (self.sources(tile), &self.shifts(tile));
        with_scratch(single_pass_scratch(plan.rows()), |scratch| {
            // SAFETY: all were made for transforms of `log_rows1`, which is the whole.
            let pass = unsafe { SinglePass::new(scratch, sources, shifts, plan, target) };
            dispatch(self.backend, pass);
        });
    }

    /// Both passes over tiles of the same columns, on this thread or on all.
    fn two_passes(
        &self,
        tiles: &[usize],
        targets: &[Target],
        between: &mut HugeBuffer,
        parallel: bool,
    ) {
        let (plan1, plan2) = (tile_plan(self.log_rows1), tile_plan(self.log_rows2));
        let (rows1, rows2) = (plan1.rows(), plan2.rows());
        assert_eq!(tiles.len(), targets.len(), "a target for each tile");
        let words = tiles.len() * Between::words(rows1, rows2);
        assert!(words <= between.len(), "room between the passes");
        let start = Shared(between.as_mut_ptr());
        // SAFETY: there is room, as was just checked, borrowed until the passes are done; it is a huge
        // buffer, which starts at a line. The second side of two has 2^7 rows or more.
        let between = unsafe { Between::new(start, rows1, rows2, words > CACHED) };
        let sources = self.sources(tiles[0]);
        let shifts: &Vec<_> = &tiles.iter().map(|&tile| self.shifts(tile)).collect();
        let roots = &self.roots;
        let grain = |grain, count| if parallel { grain } else { count };
        for_each_range(rows2, grain(LINE, rows2), |range| {
            with_scratch(first_pass_scratch(rows1), |scratch| {
                // SAFETY: sources, shifts, plan and room are of this transform and these tiles; ranges
                // are disjoint, and multiples of a line.
                let pass = unsafe {
                    FirstPass::new(scratch, sources, shifts, plan1, roots, between, range)
                };
                dispatch(self.backend, pass);
            });
        });
        let blocks = tiles.len() * rows1;
        for_each_range(blocks, grain(1, blocks), |range| {
            with_scratch(places(rows2) * LINE, |scratch| {
                // SAFETY: as above, the first pass is done, and there is a target for each tile.
                let pass = unsafe { SecondPass::new(scratch, plan2, between, targets, range) };
                dispatch(self.backend, pass);
            });
        });
    }
}

/// The greatest common divisor of two positive numbers.
const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// How a transform of `2^log_n` is split into two passes; the second is 0 if one does.
///
/// Transforms of 64 points need no products, so that both sides are made of such as far as can be.
const fn split(log_n: u32) -> (u32, u32) {
    if log_n <= MAX_LOG_ROWS {
        (log_n, 0)
    } else if log_n < MAX_LOG_ROWS + 6 {
        (6, log_n - 6)
    } else {
        (log_n - MAX_LOG_ROWS, MAX_LOG_ROWS)
    }
}
