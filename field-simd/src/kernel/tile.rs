//! The transform of a tile: up to 4,096 rows of one vector each, in cache.
//!
//! A tile of `M = O * I` rows is transformed by decimation in frequency, each row being `LANES`
//! independent values. The outer transform, of `O` rows at a distance of `I`, comes first, then a
//! product with `w_M^(q k)`, then the inner transform, of `I` neighbours. Both have at most 64
//! points, and so multiply by shifting; `I` is 64 unless the tile is smaller.
//!
//! The results of the last step are given to a [`Sink`] with their place in the transform, so that
//! no pass is spent on putting them in order.

use super::dft::{close, close_loose, close_shifted, open, root_exponent};
use crate::{
    goldilocks,
    vector::{Kernel, Vector},
};

/// The largest tile, as a power of two.
pub(crate) const MAX_LOG_ROWS: u32 = 12;

/// Rows after which one row is left empty, so that rows at a distance of a power of two do not
/// fall into the same cache sets.
const PAD: usize = 64;

/// The place of row `r`, in rows.
#[inline(always)]
pub(crate) const fn place(r: usize) -> usize {
    r + r / PAD
}

/// The places that a tile of this many rows takes.
pub(crate) const fn places(rows: usize) -> usize {
    place(rows - 1) + 1
}

/// Where the results of a tile go.
pub(crate) trait Sink<V: Vector> {
    /// Whether [`put`](Self::put) wants canonical values; it gets loose ones otherwise.
    const CANONICAL: bool;

    /// Takes row `k` of the transform. Implementations must be `#[inline(always)]`.
    ///
    /// # Safety
    /// `k` must be below the number of rows of the tile; the rest is the sink's promise to itself
    /// when it was made.
    unsafe fn put(&self, k: usize, row: V);
}

/// How a tile of some size is transformed: plain data, with the products between its halves.
#[derive(Debug)]
pub(crate) struct TilePlan {
    /// Rows of the outer transform.
    outer: usize,
    /// Rows of the inner transform, at most 64.
    inner: usize,
    /// `w_M^(q k)`, canonical, of the row at `p * inner + q`, which holds output `k` of the outer
    /// transform; empty without one.
    twiddles: Vec<u64>,
}

/// The radices of the two steps of a transform of up to 64 points; the first is 1 if one step does.
const fn radices(points: usize) -> (usize, usize) {
    if points <= 8 {
        (1, points)
    } else {
        (points / 8, 8)
    }
}

/// Which output of a transform of up to 64 points its two steps leave at `place`.
const fn output(points: usize, place: usize) -> usize {
    let (first, second) = radices(points);
    place / second + first * (place % second)
}

impl TilePlan {
    /// The plan for `2^log_rows` rows.
    ///
    /// # Panics
    /// Panics if `log_rows` is over [`MAX_LOG_ROWS`].
    pub(crate) fn new(log_rows: u32) -> Self {
        assert!(log_rows <= MAX_LOG_ROWS, "tile of 2^{log_rows} rows");
        let rows = 1 << log_rows;
        let inner = rows.min(64);
        let outer = rows / inner;
        let mut twiddles = Vec::new();
        if outer > 1 {
            let root = goldilocks::root_of_unity(log_rows);
            for place in 0..outer {
                let step = goldilocks::pow(root, output(outer, place) as u64);
                let mut twiddle = 1;
                for _ in 0..inner {
                    twiddles.push(twiddle);
                    twiddle = goldilocks::mul_plain(twiddle, step);
                }
            }
        }
        Self {
            outer,
            inner,
            twiddles,
        }
    }

    /// The number of rows.
    pub(crate) const fn rows(&self) -> usize {
        self.outer * self.inner
    }

    /// Transforms the tile at `tile`, destroying it, and gives each row to `sink`.
    ///
    /// Row `r` is a vector of canonical values at [`place`]`(r)`. With `w` the root of unity of the
    /// order of the number of rows, row `k` of the result is the sum of `w^(j k)` times row `j`.
    ///
    /// # Safety
    /// `tile` must be valid for reads and writes of [`places`]`(rows)` vectors.
    #[inline(always)]
    pub(crate) unsafe fn run<V: Vector, S: Sink<V>>(
        &self,
        token: V::Token,
        tile: *mut u64,
        sink: &S,
    ) {
        let step = Step {
            tile,
            first: 0,
            twiddles: self.twiddles.as_ptr(),
        };
        // SAFETY: all rows below stay within the tile: each step states the rows it touches.
        unsafe {
            match self.outer {
                1 => {}
                2 => step.outer_last::<V, 2>(token, 1),
                4 => step.outer_last::<V, 4>(token, 1),
                8 => step.outer_last::<V, 8>(token, 1),
                16 => {
                    step.first::<V, 2>(token, PAD);
                    step.outer_last::<V, 8>(token, 2);
                }
                32 => {
                    step.first::<V, 4>(token, PAD);
                    step.outer_last::<V, 8>(token, 4);
                }
                _ => {
                    step.first::<V, 8>(token, PAD);
                    step.outer_last::<V, 8>(token, 8);
                }
            }
            match self.inner {
                1 => sink.put(0, V::load_ptr(token, tile)),
                2 => step.last::<V, S, 2>(token, 0, 1, sink),
                4 => step.last::<V, S, 4>(token, 0, 1, sink),
                8 => step.last::<V, S, 8>(token, 0, 1, sink),
                _ => {
                    for block in 0..self.outer {
                        let step = Step {
                            first: block * PAD,
                            ..step
                        };
                        match self.inner {
                            16 => step.first::<V, 2>(token, 1),
                            32 => step.first::<V, 4>(token, 1),
                            _ => step.first::<V, 8>(token, 1),
                        }
                        let (k, neighbours) = (output(self.outer, block), self.inner / 8);
                        for q in 0..neighbours {
                            let step = Step {
                                first: step.first + 8 * q,
                                ..step
                            };
                            step.last::<V, S, 8>(
                                token,
                                k + self.outer * q,
                                self.outer * neighbours,
                                sink,
                            );
                        }
                    }
                }
            }
        }
    }
}

/// One step over a tile, or over a part of it.
#[derive(Clone, Copy)]
struct Step {
    tile: *mut u64,
    /// The first row.
    first: usize,
    twiddles: *const u64,
}

impl Step {
    /// # Safety
    /// Row `r` must be within the tile.
    #[inline(always)]
    unsafe fn at<V: Vector>(&self, r: usize) -> *mut u64 {
        // SAFETY: the caller keeps the row within the tile.
        unsafe { self.tile.add(place(r) * V::LANES) }
    }

    /// The first step of a transform of `8 A` rows, `distance` apart: of radix `A`, on the rows
    /// `(q + 8 m) distance + p`, `m < A`, for all `q < 8` and `p < distance`, with the shifts by
    /// `w_(8 A)^(q k)`. `distance` is 1, with all rows within a run of [`PAD`], or [`PAD`].
    ///
    /// # Safety
    /// Those rows must be within the tile.
    #[inline(always)]
    unsafe fn first<V: Vector, const A: usize>(&self, token: V::Token, distance: usize) {
        V::call(token, FirstStep::<A>(*self, distance));
    }

    /// The last step of the outer transform, of radix `R`, on the rows `64 (R b + m) + p`, `m < R`,
    /// for all `b < blocks` and `p < 64`, with the products by the plan's twiddles.
    ///
    /// # Safety
    /// Those rows must be within the tile, and there must be a twiddle for each.
    #[inline(always)]
    unsafe fn outer_last<V: Vector, const R: usize>(&self, token: V::Token, blocks: usize) {
        V::call(token, OuterLast::<R>(*self, blocks));
    }

    /// The last step, on `R` neighbours: output `m` is row `k + step m` of the whole.
    ///
    /// # Safety
    /// The rows must be within the tile, and within one run of 64 places; the outputs must be rows
    /// of the transform.
    #[inline(always)]
    unsafe fn last<V: Vector, S: Sink<V>, const R: usize>(
        &self,
        token: V::Token,
        k: usize,
        step: usize,
        sink: &S,
    ) {
        // SAFETY: rows the caller vouches for.
        unsafe {
            let y = open(gather::<V, R>(token, self.at::<V>(self.first), V::LANES));
            let z = if S::CANONICAL {
                close(y)
            } else {
                close_loose(y)
            };
            for (m, z) in z.into_iter().enumerate() {
                sink.put(k + step * m, z);
            }
        }
    }
}

/// `R` vectors from `base`, `stride` words apart.
///
/// # Safety
/// They must be valid for reads.
#[inline(always)]
unsafe fn gather<V: Vector, const R: usize>(
    token: V::Token,
    base: *const u64,
    stride: usize,
) -> [V; R] {
    // SAFETY: the caller vouches for the vectors.
    unsafe {
        let mut x = [V::load_ptr(token, base); R];
        for (m, x) in x.iter_mut().enumerate().skip(1) {
            *x = V::load_ptr(token, base.add(m * stride));
        }
        x
    }
}

/// The inverse of [`gather`].
///
/// # Safety
/// The places must be valid for writes.
#[inline(always)]
unsafe fn scatter<V: Vector, const R: usize>(base: *mut u64, stride: usize, x: [V; R]) {
    for (m, x) in x.into_iter().enumerate() {
        // SAFETY: the caller vouches for the places.
        unsafe { x.store_ptr(base.add(m * stride)) }
    }
}

/// [`Step::first`] as a function of its own.
struct FirstStep<const A: usize>(Step, usize);

impl<const A: usize> FirstStep<A> {
    /// The rows of one `q`, which should be a constant.
    #[inline(always)]
    fn rows<V: Vector>(&self, token: V::Token, q: usize) {
        let Self(step, distance) = self;
        let e = root_exponent(8 * A) * q as u32;
        // 64 rows are 65 places.
        let stride = if *distance == 1 { 8 } else { 8 * place(PAD) } * V::LANES;
        for p in 0..*distance {
            // SAFETY: whoever made the step vouches for the rows (q + 8 m) distance + p.
            unsafe {
                let base = step.at::<V>(step.first + q * distance + p);
                let x = gather::<V, A>(token, base, stride);
                scatter(base, stride, close_shifted(open(x), e));
            }
        }
    }
}

impl<const A: usize> Kernel for FirstStep<A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        self.rows::<V>(token, 0);
        self.rows::<V>(token, 1);
        self.rows::<V>(token, 2);
        self.rows::<V>(token, 3);
        self.rows::<V>(token, 4);
        self.rows::<V>(token, 5);
        self.rows::<V>(token, 6);
        self.rows::<V>(token, 7);
    }
}

/// [`Step::outer_last`] as a function of its own.
struct OuterLast<const R: usize>(Step, usize);

impl<const R: usize> Kernel for OuterLast<R> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self(step, blocks) = self;
        let stride = place(PAD) * V::LANES;
        for b in 0..blocks {
            for p in 0..PAD {
                let r = PAD * R * b + p;
                // SAFETY: whoever made the step vouches for the rows r + 64 m, and for twiddles.
                unsafe {
                    let base = step.at::<V>(r);
                    let y = open(gather::<V, R>(token, base, stride));
                    let mut z = close_loose(y);
                    for (m, z) in z.iter_mut().enumerate() {
                        if m > 0 || b > 0 {
                            let twiddle = step.twiddles.add(r + PAD * m).read();
                            *z = z.mul_plain(V::splat(token, twiddle));
                        } else {
                            // These rows have only ones for twiddles.
                            *z = y[0].add_canonical(y[R / 2]);
                        }
                    }
                    scatter(base, stride, z);
                }
            }
        }
    }
}
