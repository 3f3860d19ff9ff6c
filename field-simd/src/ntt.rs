//! Transforms in place: columns and single polynomials, over the base field and its extensions.

use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    Backend,
    convert::{elements_mut, extension_words, extension_words_mut, words, words_mut},
    dispatch, goldilocks,
    huge::HugeBuffer,
    kernel::{
        columns::{Column, ColumnPlan, FirstPass, GROUP, SecondPass},
        series::Series,
    },
    lde::{lde_words, log_size},
    memory::with_scratch,
    parallel::{Shared, for_each_range, threads},
    tables::{powers, tile_plan},
};

/// Columns that go through the passes together, and share their factors.
const BATCH: usize = 4;

/// From this length on, results are written past the caches.
const STREAMED: usize = 1 << 17;

/// Up to this length, as a power of two, threads take whole columns each.
const MAX_LOG_SHORT: u32 = 13;

/// And below [`STREAMED`], if there are at least this many columns for each thread: a column fits into
/// a core's own cache, and threads that share one take its lines from each other.
const COLUMNS_A_THREAD: usize = 4;

/// Below this length, as a power of two, there are fewer rows than lanes.
const MIN_LOG_VECTOR: u32 = 6;

/// Evaluates polynomials in place: `columns` of coefficients of the same length `n`, lowest first,
/// become their values at `g^i`, `g` being the root of unity of order `n`, in the order of `i`.
///
/// Equal to `winter_math::fft::evaluate_poly`.
///
/// # Representation and range
///
/// In this and the other transforms elements are winterfell's: coefficients and values alike, in and
/// out, are Montgomery forms below `p`, at any alignment. A loose word, as `BaseElement::from_mont` and,
/// in one case of `2^32`, `BaseElement::double` leave it, is not noticed and makes the results
/// unspecified. Lengths are `2^0` to `2^24`, and there may be any number of columns, or none.
///
/// # Panics
/// Panics if the columns differ in length, or if the length is no power of two or over `2^24`; and as
/// [`Backend::current`].
pub fn evaluate_columns<C: AsMut<[BaseElement]>>(columns: &mut [C]) {
    transform(in_place(columns), Direction::Evaluate { offset: 1 });
}

/// Interpolates polynomials in place: `columns` of values at `g^i`, `g` being the root of unity of
/// order `n`, in the order of `i`, become coefficients, lowest first.
///
/// Equal to `winter_math::fft::interpolate_poly`. Representation and range are those of
/// [`evaluate_columns`].
///
/// ```
/// use winter_math::fields::f64::BaseElement;
/// use winterlane_field_simd::{evaluate_columns, interpolate_columns};
///
/// let coefficients: Vec<BaseElement> = (0..256).map(BaseElement::new).collect();
/// let mut columns = vec![coefficients.clone(); 3];
/// evaluate_columns(&mut columns);
/// interpolate_columns(&mut columns);
/// assert_eq!(columns, vec![coefficients; 3]);
/// ```
///
/// # Panics
/// As [`evaluate_columns`].
pub fn interpolate_columns<C: AsMut<[BaseElement]>>(columns: &mut [C]) {
    transform(in_place(columns), Direction::Interpolate { offset: 1 });
}

/// As [`interpolate_columns`], from `values` to `coefficients`, whose contents, anything, are
/// overwritten.
///
/// ```
/// use winter_math::{FieldElement, fields::f64::BaseElement};
/// use winterlane_field_simd::{evaluate_columns, interpolate_columns_into};
///
/// let mut values = vec![(0..64).map(BaseElement::new).collect::<Vec<_>>(); 2];
/// let mut coefficients = vec![vec![BaseElement::ZERO; 64]; 2];
/// interpolate_columns_into(&values, &mut coefficients);
/// evaluate_columns(&mut coefficients);
/// assert_eq!(coefficients, values);
/// ```
///
/// # Panics
/// As [`interpolate_columns`], and if there are not as many columns of coefficients as of values, of
/// the same length.
pub fn interpolate_columns_into<V: AsRef<[BaseElement]>, C: AsMut<[BaseElement]>>(
    values: &[V],
    coefficients: &mut [C],
) {
    assert_eq!(values.len(), coefficients.len(), "columns of coefficients");
    let routes: Vec<Route<'_>> = values
        .iter()
        .zip(coefficients)
        .map(|(from, to)| Route {
            from: Some(words(from.as_ref())),
            to: words_mut(to.as_mut()),
        })
        .collect();
    transform(routes, Direction::Interpolate { offset: 1 });
}

/// As [`interpolate_columns`], for values at `offset * g^i`; equal to
/// `winter_math::fft::interpolate_poly_with_offset`.
///
/// # Panics
/// As [`interpolate_columns`], and if `offset` is zero.
pub fn interpolate_columns_with_offset<C: AsMut<[BaseElement]>>(
    columns: &mut [C],
    offset: BaseElement,
) {
    assert!(offset != BaseElement::ZERO, "the offset is zero");
    transform(
        in_place(columns),
        Direction::Interpolate {
            offset: offset.as_int(),
        },
    );
}

/// The values of a polynomial over the base field or an extension at `offset * g^i`, `g` being the
/// root of unity of order `p.len() * blowup`, in the order of `i`. Coefficients are given lowest first;
/// `blowup` may be 1.
///
/// Equal to `winter_math::fft::evaluate_poly_with_offset`. Representation and range of coordinates are
/// those of [`evaluate_columns`].
///
/// # Panics
/// Panics if the length or `blowup` is no power of two; if the length is over `2^24`, or the domain
/// over `2^32`; if `offset` is zero; or if `E` is not stored as its base elements, as all of
/// winterfell's fields are. Also as [`Backend::current`].
#[must_use]
pub fn evaluate_poly_with_offset<E: FieldElement<BaseField = BaseElement>>(
    p: &[E],
    offset: BaseElement,
    blowup: usize,
) -> Vec<E> {
    log_size(p.len());
    let mut values = vec![E::ZERO; p.len() * blowup];
    let columns = coordinates(p);
    let columns: Vec<&[u64]> = columns.chunks_exact(p.len()).collect();
    let width = columns.len();
    let out = extension_words_mut(&mut values);
    lde_words(&columns, blowup, offset, out, width, 0);
    values
}

/// Makes the coefficients of a polynomial over the base field or an extension of its values at
/// `offset * g^i`, `g` being the root of unity of order `values.len()`, in place; lowest first.
///
/// Equal to `winter_math::fft::interpolate_poly_with_offset`; with an offset of one, to
/// `interpolate_poly`. Representation and range of coordinates are those of [`evaluate_columns`].
///
/// # Panics
/// Panics if the length is no power of two or over `2^24`; if `offset` is zero; or if `E` is not stored
/// as its base elements. Also as [`Backend::current`].
pub fn interpolate_poly_with_offset<E: FieldElement<BaseField = BaseElement>>(
    values: &mut [E],
    offset: BaseElement,
) {
    assert!(offset != BaseElement::ZERO, "the offset is zero");
    let n = values.len();
    log_size(n);
    let mut columns = coordinates(values);
    let mut slices: Vec<_> = columns.chunks_exact_mut(n).map(elements_mut).collect();
    interpolate_columns_with_offset(&mut slices, offset);
    let degree = E::EXTENSION_DEGREE;
    let values = Shared(extension_words_mut(values).as_mut_ptr());
    for_each_range(n, 1 << 12, |range| {
        for i in range {
            for d in 0..degree {
                // SAFETY: i < n and d < degree; ranges do not overlap.
                unsafe { values.at(i * degree + d).write(columns[d * n + i]) };
            }
        }
    });
}

/// The coordinates of extension elements, one after the other, as columns.
fn coordinates<E: FieldElement<BaseField = BaseElement>>(elements: &[E]) -> HugeBuffer {
    columns_of(
        extension_words(elements),
        elements.len(),
        E::EXTENSION_DEGREE,
    )
}

/// The words of `n` items of `degree` words each, those at the same place in each item together.
///
/// # Panics
/// Panics if there are not as many words.
pub(crate) fn columns_of(words: &[u64], n: usize, degree: usize) -> HugeBuffer {
    // A field's own code, which is safe and may err, says how many words its elements have.
    assert_eq!(
        Some(words.len()),
        n.checked_mul(degree),
        "{n} elements of degree {degree}"
    );
    let mut columns = HugeBuffer::new(words.len());
    let target = Shared(columns.as_mut_ptr());
    for_each_range(n, 1 << 12, |range| {
        for i in range {
            for d in 0..degree {
                // SAFETY: i < n and d < degree; ranges do not overlap.
                unsafe { target.at(d * n + i).write(words[i * degree + d]) };
            }
        }
    });
    columns
}

/// Which transform; offsets are canonical integers.
#[derive(Clone, Copy)]
enum Direction {
    Evaluate { offset: u64 },
    Interpolate { offset: u64 },
}

/// A column to be transformed into `to`: from `from`, or from what is there.
struct Route<'a> {
    from: Option<&'a [u64]>,
    to: &'a mut [u64],
}

fn in_place<C: AsMut<[BaseElement]>>(columns: &mut [C]) -> Vec<Route<'_>> {
    let words = columns.iter_mut().map(|column| words_mut(column.as_mut()));
    words.map(|to| Route { from: None, to }).collect()
}

fn transform(mut columns: Vec<Route<'_>>, direction: Direction) {
    let Some(first) = columns.first() else { return };
    let n = first.to.len();
    let log_n = log_size(n);
    assert!(
        columns
            .iter()
            .all(|c| c.to.len() == n && c.from.is_none_or(|from| from.len() == n)),
        "columns of unequal lengths"
    );
    if log_n == 0 {
        for Route { from, to } in columns {
            from.into_iter().for_each(|from| to.copy_from_slice(from));
        }
        return;
    }
    let backend = if log_n < MIN_LOG_VECTOR {
        Backend::Scalar
    } else {
        Backend::current()
    };
    Factors::new(backend, log_n, direction).run(backend, log_n, &mut columns);
}

/// The factors of a transform; see [`ColumnPlan`].
struct Factors {
    reversed: bool,
    before: Vec<u64>,
    start: Vec<u64>,
    ratio: Vec<u64>,
    after: Vec<u64>,
}

impl Factors {
    fn new(backend: Backend, log_n: u32, direction: Direction) -> Self {
        let (rows1, rows2) = sides(log_n);
        let series = |start, ratio, len| {
            let mut out = vec![0; len];
            dispatch(
                backend,
                Series {
                    out: &mut out,
                    start,
                    ratio,
                },
            );
            out
        };
        let root = goldilocks::root_of_unity(log_n);
        match direction {
            Direction::Evaluate { offset } => Self {
                reversed: false,
                before: if offset == 1 {
                    Vec::new()
                } else {
                    powers(backend, goldilocks::pow(offset, rows2 as u64), rows1)
                },
                start: series(1, offset, rows2),
                ratio: series(1, root, rows2),
                after: Vec::new(),
            },
            // The inverse transform is the forward one of the entries at negative places, over n.
            // Its result k = k2 N1 + k1 times offset^-k: the part of k1 goes into the ratios.
            Direction::Interpolate { offset } => {
                let inverse = goldilocks::inv(offset);
                let n_inv = goldilocks::inv(1 << log_n);
                Self {
                    reversed: true,
                    before: Vec::new(),
                    start: vec![n_inv; rows2],
                    ratio: series(inverse, root, rows2),
                    after: if offset == 1 {
                        Vec::new()
                    } else {
                        powers(backend, goldilocks::pow(inverse, rows1 as u64), rows2)
                    },
                }
            }
        }
    }

    fn run(&self, backend: Backend, log_n: u32, columns: &mut [Route<'_>]) {
        let (rows1, rows2) = sides(log_n);
        let plan = &ColumnPlan {
            plan1: tile_plan(rows1.ilog2()),
            plan2: tile_plan(rows2.ilog2()),
            reversed: self.reversed,
            before: &self.before,
            start: &self.start,
            ratio: &self.ratio,
            after: &self.after,
        };
        // A source of its own is only read.
        let columns: Vec<[Shared; 2]> = columns
            .iter_mut()
            .map(|Route { from, to }| {
                let to = to.as_mut_ptr();
                [from.map_or(to, |from| from.as_ptr().cast_mut()), to].map(Shared)
            })
            .collect();
        let words = plan.between();
        let n = rows1 * rows2;
        let enough = threads() > 1 && columns.len() >= COLUMNS_A_THREAD * threads();
        if log_n <= MAX_LOG_SHORT || n < STREAMED && enough {
            for_each_range(columns.len(), 1, |range| {
                let mut between = HugeBuffer::new(words);
                let between = Shared(between.as_mut_ptr());
                for &[data, out] in &columns[range] {
                    // SAFETY: a route has n words to read and to write, borrowed until the passes are
                    // done; the buffer has the words of one column.
                    let column = [unsafe { Column::new(data, between, out) }];
                    passes(backend, plan, &column, false);
                }
            });
        } else {
            // Large allocations rarely start at a line. Transforms are written line by line in
            // no order: then rather to a place of their own, to be copied at the end.
            let misaligned = |[_, to]: &[Shared; 2]| to.0.align_offset(64) != 0;
            let copied = n >= STREAMED && columns.iter().any(misaligned);
            let batch = columns.len().min(BATCH);
            let mut between = HugeBuffer::new(batch * words);
            let between = Shared(between.as_mut_ptr());
            let mut out = HugeBuffer::new(if copied { batch * n } else { 0 });
            let out = Shared(out.as_mut_ptr());
            for batch in columns.chunks(batch) {
                let work: Vec<_> = batch
                    .iter()
                    .enumerate()
                    .map(|(i, &[data, to])| {
                        let between = Shared(between.at(i * words));
                        let out = if copied { Shared(out.at(i * n)) } else { to };
                        // SAFETY: a route has n words to read and to write, borrowed until the
                        // passes are done; both buffers have as many parts as a batch has columns.
                        unsafe { Column::new(data, between, out) }
                    })
                    .collect();
                passes(backend, plan, &work, true);
                if copied {
                    for_each_range(batch.len() * n, 1 << 12, |range| {
                        for i in range.step_by(1 << 12) {
                            let (from, [_, to], i) = (work[i / n].out(), batch[i / n], i % n);
                            // SAFETY: both have n words, of which these 2^12 are this call's alone.
                            unsafe { to.at(i).copy_from_nonoverlapping(from.at(i), 1 << 12) }
                        }
                    });
                }
            }
        }
    }
}

/// `N1` and `N2` of a transform of single columns.
///
/// Transforms of 64 points need no products, so that both sides are made of such as far as can be;
/// both are at least a line, if the whole is at least `2^6`.
const fn sides(log_n: u32) -> (usize, usize) {
    let log_rows1 = if log_n < MIN_LOG_VECTOR {
        log_n / 2
    } else if log_n <= 9 {
        3
    } else if log_n <= 12 {
        log_n - 6
    } else if log_n <= 18 {
        6
    } else {
        log_n - 12
    };
    (1 << log_rows1, 1 << (log_n - log_rows1))
}

/// Both passes over some columns, on many threads or on this one.
fn passes(backend: Backend, plan: &ColumnPlan<'_>, columns: &[Column], parallel: bool) {
    let n = plan.plan1.rows() * plan.plan2.rows();
    if n < 1 << MIN_LOG_VECTOR {
        passes_by::<1, false>(backend, plan, columns, parallel);
    } else if n >= STREAMED && columns.iter().all(Column::is_aligned) {
        passes_by::<GROUP, true>(backend, plan, columns, parallel);
    } else {
        passes_by::<GROUP, false>(backend, plan, columns, parallel);
    }
}

/// [`passes`] with tiles of rows of `W` words, past the caches if `STREAM`: `W` divides both sides, or
/// is 1, and transforms that are streamed start at a line.
fn passes_by<const W: usize, const STREAM: bool>(
    backend: Backend,
    plan: &ColumnPlan<'_>,
    columns: &[Column],
    parallel: bool,
) {
    let scratch = plan.scratch();
    let grain = |count: usize| if parallel { W } else { count };
    let (rows1, rows2) = (plan.plan1.rows(), plan.plan2.rows());
    for_each_range(rows2, grain(rows2), |range| {
        with_scratch(scratch, |scratch| {
            // SAFETY: the caller made the columns for this plan; ranges are disjoint and multiples of
            // W, as are the sides of transforms of at least 64 words, and W is 1 for shorter ones;
            // the room between the passes is a huge buffer, in which columns are whole lines apart.
            let pass = unsafe { FirstPass::<W, STREAM>::new(scratch, plan, columns, range) };
            dispatch(backend, pass);
        });
    });
    for_each_range(rows1, grain(rows1), |range| {
        with_scratch(scratch, |scratch| {
            // SAFETY: as above, and the first pass is done; the caller streams to lines only.
            let pass = unsafe { SecondPass::<W, STREAM>::new(scratch, plan, columns, range) };
            dispatch(backend, pass);
        });
    });
}
