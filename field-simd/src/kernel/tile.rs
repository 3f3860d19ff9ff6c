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
use crate::{goldilocks, vector::Vector};

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
        let ctx = Context::<V> {
            token,
            tile,
            tw: self.twiddles.as_ptr(),
        };
        // SAFETY: all rows below stay within the tile: each function states the rows it touches.
        unsafe {
            match self.outer {
                1 => {}
                2 => ctx.outer_last::<2>(0),
                4 => ctx.outer_last::<4>(0),
                8 => ctx.outer_last::<8>(0),
                16 => ctx.outer_two::<2>(),
                32 => ctx.outer_two::<4>(),
                _ => ctx.outer_two::<8>(),
            }
            if self.inner == PAD {
                for block in 0..self.outer {
                    let first = output(self.outer, block);
                    ctx.inner_first::<8>(block * PAD);
                    for q in 0..8 {
                        let k = first + self.outer * q;
                        ctx.last::<8, S>(block * PAD + 8 * q, k, 8 * self.outer, sink);
                    }
                }
            } else {
                match self.inner {
                    1 => sink.put(0, ctx.load(0)),
                    2 => ctx.last::<2, S>(0, 0, 1, sink),
                    4 => ctx.last::<4, S>(0, 0, 1, sink),
                    8 => ctx.last::<8, S>(0, 0, 1, sink),
                    16 => {
                        ctx.inner_first::<2>(0);
                        ctx.last::<8, S>(0, 0, 2, sink);
                        ctx.last::<8, S>(8, 1, 2, sink);
                    }
                    _ => {
                        ctx.inner_first::<4>(0);
                        for q in 0..4 {
                            ctx.last::<8, S>(8 * q, q, 4, sink);
                        }
                    }
                }
            }
        }
    }
}

/// What all steps over a tile need.
struct Context<V: Vector> {
    token: V::Token,
    tile: *mut u64,
    tw: *const u64,
}

impl<V: Vector> Context<V> {
    /// # Safety
    /// Row `r` must be within the tile.
    #[inline(always)]
    unsafe fn at(&self, r: usize) -> *mut u64 {
        // SAFETY: the caller keeps the row within the tile.
        unsafe { self.tile.add(place(r) * V::LANES) }
    }

    /// # Safety
    /// Row `r` must be within the tile.
    #[inline(always)]
    unsafe fn load(&self, r: usize) -> V {
        // SAFETY: the caller keeps the row within the tile.
        unsafe { V::load_ptr(self.token, self.at(r)) }
    }

    /// `R` rows from `r`, a distance of `stride` places apart.
    ///
    /// # Safety
    /// The rows must be within the tile.
    #[inline(always)]
    unsafe fn gather<const R: usize>(&self, r: usize, stride: usize) -> [V; R] {
        // SAFETY: the caller keeps the rows within the tile.
        unsafe {
            let base = self.at(r);
            let mut x = [V::load_ptr(self.token, base); R];
            for (m, x) in x.iter_mut().enumerate().skip(1) {
                *x = V::load_ptr(self.token, base.add(m * stride * V::LANES));
            }
            x
        }
    }

    /// The inverse of [`gather`](Self::gather).
    ///
    /// # Safety
    /// The rows must be within the tile.
    #[inline(always)]
    unsafe fn scatter<const R: usize>(&self, r: usize, stride: usize, x: [V; R]) {
        // SAFETY: the caller keeps the rows within the tile.
        unsafe {
            let base = self.at(r);
            for (m, x) in x.into_iter().enumerate() {
                x.store_ptr(base.add(m * stride * V::LANES));
            }
        }
    }

    /// The outer transform of `8 A` rows, a distance of 64 apart: a step of radix `A` and one of
    /// radix 8.
    ///
    /// # Safety
    /// The tile must have `512 A` rows.
    #[inline(always)]
    unsafe fn outer_two<const A: usize>(&self) {
        // SAFETY: the first step touches the rows 64 (q + 8 m) + p, m < A, p < 64.
        unsafe {
            self.outer_first::<A>(0);
            self.outer_first::<A>(1);
            self.outer_first::<A>(2);
            self.outer_first::<A>(3);
            self.outer_first::<A>(4);
            self.outer_first::<A>(5);
            self.outer_first::<A>(6);
            self.outer_first::<A>(7);
            for k in 0..A {
                self.outer_last::<8>(8 * k);
            }
        }
    }

    /// The step of radix `A` on the rows `64 (q + 8 m) + p`, `m < A`, for all `p < 64`, with the
    /// shifts by `w_(8 A)^(q k)`. `q` should be a constant.
    ///
    /// # Safety
    /// Those rows must be within the tile.
    #[inline(always)]
    unsafe fn outer_first<const A: usize>(&self, q: usize) {
        let e = root_exponent(8 * A) * q as u32;
        for p in 0..PAD {
            // SAFETY: rows the caller vouches for; 64 rows are 65 places.
            unsafe {
                let x = self.gather::<A>(PAD * q + p, 8 * (PAD + 1));
                let x = close_shifted(open(x), e);
                self.scatter::<A>(PAD * q + p, 8 * (PAD + 1), x);
            }
        }
    }

    /// The last step of the outer transform on the rows `64 (first + m) + p`, `m < R`, for all
    /// `p < 64`, with the products by the plan's twiddles.
    ///
    /// # Safety
    /// Those rows must be within the tile, and there must be a twiddle for each.
    #[inline(always)]
    unsafe fn outer_last<const R: usize>(&self, first: usize) {
        for p in 0..PAD {
            // SAFETY: rows the caller vouches for; 64 rows are 65 places.
            unsafe {
                let r = PAD * first + p;
                let y = open(self.gather::<R>(r, PAD + 1));
                let mut z = close_loose(y);
                // The first row of all has only ones for twiddles.
                z[0] = if first == 0 {
                    y[0].add_canonical(y[R / 2])
                } else {
                    self.twist(z[0], r)
                };
                for (m, z) in z.iter_mut().enumerate().skip(1) {
                    *z = self.twist(*z, r + PAD * m);
                }
                self.scatter::<R>(r, PAD + 1, z);
            }
        }
    }

    /// The product of a loose row with the twiddle of row `r`.
    ///
    /// # Safety
    /// There must be a twiddle for row `r`.
    #[inline(always)]
    unsafe fn twist(&self, row: V, r: usize) -> V {
        // SAFETY: the caller vouches for the twiddle.
        row.mul_plain(V::splat(self.token, unsafe { self.tw.add(r).read() }))
    }

    /// The first step of the inner transform of `8 A` rows from `first`, of radix `A`.
    ///
    /// # Safety
    /// Those rows must be within the tile.
    #[inline(always)]
    unsafe fn inner_first<const A: usize>(&self, first: usize) {
        // SAFETY: the step touches the rows first + q + 8 m, m < A.
        unsafe {
            self.inner_first_at::<A>(first, 0);
            self.inner_first_at::<A>(first, 1);
            self.inner_first_at::<A>(first, 2);
            self.inner_first_at::<A>(first, 3);
            self.inner_first_at::<A>(first, 4);
            self.inner_first_at::<A>(first, 5);
            self.inner_first_at::<A>(first, 6);
            self.inner_first_at::<A>(first, 7);
        }
    }

    /// One butterfly of [`inner_first`](Self::inner_first), on the rows `first + q + 8 m`, `m < A`.
    /// `q` should be a constant.
    ///
    /// # Safety
    /// Those rows must be within the tile, and within one run of 64 places.
    #[inline(always)]
    unsafe fn inner_first_at<const A: usize>(&self, first: usize, q: usize) {
        // SAFETY: rows the caller vouches for.
        unsafe {
            let x = self.gather::<A>(first + q, 8);
            let x = close_shifted(open(x), root_exponent(8 * A) * q as u32);
            self.scatter::<A>(first + q, 8, x);
        }
    }

    /// The last step, on `R` neighbours from `first`: output `m` is row `k + step m` of the whole.
    ///
    /// # Safety
    /// The rows must be within the tile, and within one run of 64 places; the outputs must be rows
    /// of the transform.
    #[inline(always)]
    unsafe fn last<const R: usize, S: Sink<V>>(
        &self,
        first: usize,
        k: usize,
        step: usize,
        sink: &S,
    ) {
        // SAFETY: rows the caller vouches for.
        unsafe {
            let y = open(self.gather::<R>(first, 1));
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
