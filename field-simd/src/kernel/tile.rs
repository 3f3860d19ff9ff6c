//! The transform of a tile: up to 4,096 rows of `W` words each, in cache.
//!
//! A row is a cache line, `W = 8`, however many vectors that is, so that whole lines move; only
//! transforms of less than 64 points have rows of one word.
//!
//! A tile of `M = O * I` rows is transformed by decimation in frequency, each row being `W`
//! independent values. The outer transform, of `O` rows at a distance of `I`, comes first, then a
//! product with `w_M^(q k)`, then the inner transform, of `I` neighbours. Both have at most 64
//! points, and so multiply by shifting; `I` is 64 unless the tile is smaller.
//!
//! The results of the last step are given to a [`Sink`] with their place in the transform, so that
//! no pass is spent on putting them in order.

use super::dft::{close, close_loose, close_shifted, open, root_exponent};
use crate::{
    goldilocks,
    instruction_set::InstructionSet,
    vector::{Kernel, Vector},
};

/// The largest tile, as a power of two.
pub(crate) const MAX_LOG_ROWS: u32 = 12;

/// Rows after which one row is left empty, so that rows at a distance of a power of two do not
/// fall into the same cache sets.
const PAD: usize = 64;

/// Columns of the outer transform, `r mod 64`, that go through it together: their rows fit into
/// the first level of the cache.
pub(crate) const CHUNK: usize = 4;

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

    /// Takes the `part`-th vector of row `k` of the transform. Implementations must be
    /// `#[inline(always)]`.
    ///
    /// # Safety
    /// `k` must be below the number of rows of the tile, and `part` below `W / LANES`; the rest is the sink's promise to itself
    /// when it was made.
    unsafe fn put(&self, k: usize, part: usize, row: V);
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

    /// The chunks of [`outer`](Self::outer): columns of [`CHUNK`] rows; none if one step does.
    pub(crate) const fn chunks(&self) -> usize {
        if self.outer > 1 { PAD / CHUNK } else { 0 }
    }

    /// The rows of the outer transform.
    pub(crate) const fn outer_rows(&self) -> usize {
        self.outer
    }

    /// Transforms the tile at `tile`, destroying it, and gives each row to `sink`. Asks for as many
    /// lines from `ahead` on meanwhile, unless it is null.
    ///
    /// Row `r` is `W` canonical words at [`place`]`(r) * W`. With `w` the root of unity of the
    /// order of the number of rows, row `k` of the result is the sum of `w^(j k)` times row `j`.
    ///
    /// # Safety
    /// `tile` must be valid for reads and writes of [`places`]`(rows)` rows.
    #[inline(always)]
    pub(crate) unsafe fn run<V: Vector, S: Sink<V>, const W: usize>(
        &self,
        token: V::Token,
        tile: *mut u64,
        ahead: *const u64,
        sink: &S,
    ) {
        // SAFETY: the caller vouches for the tile.
        unsafe {
            for chunk in 0..self.chunks() {
                let ahead = if ahead.is_null() {
                    ahead
                } else {
                    ahead.wrapping_add(chunk * CHUNK * self.outer * W)
                };
                self.outer::<V, W>(token, tile, chunk, ahead);
            }
            self.inner::<V, S, W>(token, tile, sink);
        }
    }

    /// The outer transform of the rows `r` with `r mod 64 / CHUNK = chunk`. Asks for the
    /// `CHUNK * outer` lines from `ahead` on meanwhile, unless it is null.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    pub(crate) unsafe fn outer<V: Vector, const W: usize>(
        &self,
        token: V::Token,
        tile: *mut u64,
        chunk: usize,
        ahead: *const u64,
    ) {
        let (twiddles, first) = (self.twiddles.as_ptr(), chunk * CHUNK);
        // SAFETY: the caller vouches for the tile, which has 64 rows for each of the outer ones; there
        // is a twiddle for each of its rows if there are several outer ones.
        unsafe {
            match self.outer {
                1 => {}
                2 => token.run(Outer::<1, 2, W>::new(tile, first, twiddles, ahead)),
                4 => token.run(Outer::<1, 4, W>::new(tile, first, twiddles, ahead)),
                8 => token.run(Outer::<1, 8, W>::new(tile, first, twiddles, ahead)),
                16 => token.run(Outer::<2, 8, W>::new(tile, first, twiddles, ahead)),
                32 => token.run(Outer::<4, 8, W>::new(tile, first, twiddles, ahead)),
                _ => token.run(Outer::<8, 8, W>::new(tile, first, twiddles, ahead)),
            }
        }
    }

    /// The inner transforms, the results of which go to `sink`.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    pub(crate) unsafe fn inner<V: Vector, S: Sink<V>, const W: usize>(
        &self,
        token: V::Token,
        tile: *mut u64,
        sink: &S,
    ) {
        // SAFETY: all rows below stay within the tile, and those of a block within one run of 64.
        unsafe {
            match self.inner {
                1 => {
                    for part in 0..W / V::LANES {
                        sink.put(0, part, V::load_ptr(token, tile.add(part * V::LANES)));
                    }
                }
                2 => last::<V, S, 2, W>(token, tile, 0, 1, sink),
                4 => last::<V, S, 4, W>(token, tile, 0, 1, sink),
                8 => last::<V, S, 8, W>(token, tile, 0, 1, sink),
                _ => {
                    let neighbours = self.inner / 8;
                    let step = self.outer * neighbours;
                    for block in 0..self.outer {
                        let tile = tile.add(place(block * PAD) * W);
                        match self.inner {
                            16 => token.run(FirstInner::<2, W>::new(tile)),
                            32 => token.run(FirstInner::<4, W>::new(tile)),
                            _ => token.run(FirstInner::<8, W>::new(tile)),
                        }
                        let k = output(self.outer, block);
                        for q in 0..neighbours {
                            let k = k + self.outer * q;
                            last::<V, S, 8, W>(token, tile.add(8 * q * W), k, step, sink);
                        }
                    }
                }
            }
        }
    }
}

/// The last step, on the `R` neighbouring rows from `rows` on: output `m` is row `k + step m` of
/// the whole.
///
/// # Safety
/// The rows must be valid for reads; the outputs must be rows of the transform.
#[inline(always)]
unsafe fn last<V: Vector, S: Sink<V>, const R: usize, const W: usize>(
    token: V::Token,
    rows: *const u64,
    k: usize,
    step: usize,
    sink: &S,
) {
    for part in 0..W / V::LANES {
        // SAFETY: rows the caller vouches for.
        unsafe {
            let x = gather::<V, R>(token, rows.add(part * V::LANES), W);
            let z = if S::CANONICAL {
                close(open::<V, R, true>(x))
            } else {
                close_loose(open::<V, R, false>(x))
            };
            for (m, z) in z.into_iter().enumerate() {
                sink.put(k + step * m, part, z);
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

/// The first step of a transform of `8 A` rows, of radix `A`, with the shifts by `w_(8 A)^(q k)`:
/// on the vectors at `base + (q + 8 m) stride`, `m < A`. `q` should be a constant. The results are
/// canonical, but for those of the first `q` if `LOOSE`.
///
/// # Safety
/// They must be valid for reads and writes.
#[inline(always)]
unsafe fn first<V: Vector, const A: usize, const LOOSE: bool>(
    token: V::Token,
    base: *mut u64,
    stride: usize,
    q: usize,
) {
    let e = root_exponent(8 * A) * q as u32;
    // SAFETY: the caller vouches for the vectors.
    unsafe {
        let base = base.add(q * stride);
        let x = gather::<V, A>(token, base, 8 * stride);
        let z = if LOOSE && q == 0 {
            close_loose(open::<V, A, false>(x))
        } else {
            close_shifted(open::<V, A, true>(x), e)
        };
        scatter(base, 8 * stride, z);
    }
}

/// [`first`] for every `q`.
macro_rules! all_first {
    ($q:ident => $body:expr) => {{
        macro_rules! one {
            ($i:literal) => {{
                const $q: usize = $i;
                $body
            }};
        }
        one!(0);
        one!(1);
        one!(2);
        one!(3);
        one!(4);
        one!(5);
        one!(6);
        one!(7);
    }};
}

/// The first step of an inner transform, on neighbouring rows from here on: a function of its own,
/// which all sinks share.
struct FirstInner<const A: usize, const W: usize>(*mut u64);

impl<const A: usize, const W: usize> FirstInner<A, W> {
    /// The step on `8 A` neighbouring rows.
    ///
    /// # Safety
    /// `rows` is valid for reads and writes of `8 A` rows of `W` words, until the step is done.
    #[inline(always)]
    const unsafe fn new(rows: *mut u64) -> Self {
        Self(rows)
    }
}

impl<const A: usize, const W: usize> Kernel for FirstInner<A, W> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        all_first!(Q => {
            for part in 0..W / V::LANES {
                // SAFETY: whoever made this vouches for the rows.
                unsafe { first::<V, A, false>(token, self.0.add(part * V::LANES), W, Q) }
            }
        });
    }
}

/// Both steps of an outer transform, of radices `A` (none if 1) and `R`, on the rows `r` of the
/// tile with `first <= r mod 64 < first + CHUNK`, and the products by the twiddles.
struct Outer<const A: usize, const R: usize, const W: usize> {
    tile: *mut u64,
    first: usize,
    twiddles: *const u64,
    /// Null, or the first of `CHUNK A R` lines to ask for.
    ahead: *const u64,
}

impl<const A: usize, const R: usize, const W: usize> Outer<A, R, W> {
    /// The steps of a tile of `64 A R` rows.
    ///
    /// # Safety
    /// Until the steps are done:
    /// - `tile` is valid for reads and writes of the [`places`] of `64 A R` rows of `W` words;
    /// - `twiddles` is valid for reads of `64 A R` words;
    /// - `first + CHUNK` is at most 64.
    #[inline(always)]
    const unsafe fn new(
        tile: *mut u64,
        first: usize,
        twiddles: *const u64,
        ahead: *const u64,
    ) -> Self {
        Self {
            tile,
            first,
            twiddles,
            ahead,
        }
    }

    /// The last step for the rows `64 (R b + m) + p`.
    ///
    /// # Safety
    /// They must be rows of the tile.
    #[inline(always)]
    unsafe fn last<V: Vector>(&self, token: V::Token, b: usize, p: usize) {
        let stride = place(PAD) * W;
        let r = PAD * R * b + p;
        for part in 0..W / V::LANES {
            // SAFETY: the caller vouches for the rows r + 64 m, and for twiddles.
            unsafe {
                let base = self.tile.add(place(r) * W + part * V::LANES);
                // Only the first of these rows may be loose, and need not give a canonical sum.
                let y = open::<V, R, false>(gather::<V, R>(token, base, stride));
                let mut z = close_loose(y);
                for (m, z) in z.iter_mut().enumerate() {
                    if m > 0 || b > 0 {
                        *z = z.mul_plain_at(self.twiddles.add(r + PAD * m));
                    } else {
                        // These rows have only ones for twiddles.
                        *z = z.canonical();
                    }
                }
                scatter(base, stride, z);
            }
        }
    }
}

impl<const A: usize, const R: usize, const W: usize> Kernel for Outer<A, R, W> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let columns = self.first..self.first + CHUNK;
        if A > 1 {
            all_first!(Q => {
                for p in columns.clone() {
                    for part in 0..W / V::LANES {
                        // SAFETY: whoever made this vouches for the rows 64 (q + 8 m) + p.
                        unsafe {
                            let base = self.tile.add(p * W + part * V::LANES);
                            first::<V, A, true>(token, base, place(PAD) * W, Q);
                        }
                    }
                }
            });
        }
        let mut ahead = self.ahead;
        for b in 0..A {
            for p in columns.clone() {
                if !ahead.is_null() {
                    for _ in 0..R {
                        V::prefetch_far(token, ahead);
                        ahead = ahead.wrapping_add(W);
                    }
                }
                // SAFETY: whoever made this vouches for the rows 64 (R b + m) + p.
                unsafe { self.last::<V>(token, b, p) }
            }
        }
    }
}
