//! The passes of the low-degree extension: from columns of coefficients to rows of evaluations.
//!
//! A *virtual column* is one column's polynomial on one coset. A tile has eight of them side by
//! side, so that its rows are cache lines.

use core::ops::Range;

use super::{
    series::geometric_rows,
    sinks::{Partial, Plain, Scaled, ScaledLanes},
    tile::{CHUNK, TilePlan, place, places},
    transpose::turn,
};
use crate::{
    parallel::Shared,
    vector::{Kernel, MAX_LANES, Vector},
};

/// The words of a row of a tile, and the coefficients that are read of each column at a time: one
/// cache line.
pub(crate) const LINE: usize = 8;

/// Where coefficients come from: for each word of a row, a column.
#[derive(Clone, Copy)]
pub(crate) struct Sources([*const u64; LINE]);

impl Sources {
    /// Columns of `n` coefficients.
    ///
    /// # Safety
    /// Each is valid for reads of `n` words, which nobody writes, as long as passes over it run.
    pub(crate) const unsafe fn new(columns: [*const u64; LINE]) -> Self {
        Self(columns)
    }
}

// SAFETY: the sources are only read, while their columns are borrowed.
unsafe impl Send for Sources {}
// SAFETY: as above.
unsafe impl Sync for Sources {}

/// The powers of the shifts `s` of the virtual columns of a tile: the *outer* ones are `s^(N2 j1)`,
/// the *inner* ones `s^j2`, which are of no use in a single pass.
pub(crate) enum Shifts<'a> {
    /// All have the same shift.
    Uniform { outer: &'a [u64], inner: &'a [u64] },
    /// Each has its own.
    Mixed {
        /// Rows of a word for each virtual column.
        outer: Vec<u64>,
        inner: [&'a [u64]; LINE],
    },
}

/// Where a tile's rows go: row `k` to `start + k * stride`, of which only `lanes` words count.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    start: Shared,
    stride: usize,
    lanes: usize,
    /// Whether to write past the caches: rows are whole and aligned then.
    stream: bool,
}

impl Target {
    /// The first `lanes` words, at most [`LINE`], of each of `n` rows.
    ///
    /// # Safety
    /// As long as passes into it run, for every `k < n`:
    /// - `start.at(k * stride)` is valid for writes of `lanes` words, which are of no other target;
    /// - if `stream` and `lanes` is [`LINE`], it is aligned to 64 bytes.
    pub(crate) const unsafe fn new(
        start: Shared,
        stride: usize,
        lanes: usize,
        stream: bool,
    ) -> Self {
        Self {
            start,
            stride,
            lanes,
            stream,
        }
    }
}

impl<'a> Shifts<'a> {
    /// Those of virtual columns with these outer and inner powers.
    pub(crate) fn new(outer: [&'a [u64]; LINE], inner: [&'a [u64]; LINE]) -> Self {
        if outer.iter().all(|o| core::ptr::eq(*o, outer[0])) {
            let (outer, inner) = (outer[0], inner[0]);
            return Self::Uniform { outer, inner };
        }
        let row = |j: usize| outer.map(|outer| outer[j]);
        let outer = (0..outer[0].len()).flat_map(row).collect();
        Self::Mixed { outer, inner }
    }

    /// Multiplies row `j` by `s^(N2 j)`, for all rows: from `from`, rows without gaps, to the
    /// places of a tile.
    ///
    /// # Safety
    /// There must be `rows` rows at both, and as many powers.
    #[inline(always)]
    unsafe fn scale<V: Vector>(
        &self,
        token: V::Token,
        from: *const u64,
        tile: *mut u64,
        rows: usize,
    ) {
        for j in 0..rows {
            for at in (0..LINE).step_by(V::LANES) {
                // SAFETY: the caller vouches for rows and powers.
                unsafe {
                    let x = V::load_ptr(token, from.add(j * LINE + at));
                    let x = match self {
                        Self::Uniform { outer, .. } => x.mul_plain_at(outer.as_ptr().add(j)),
                        Self::Mixed { outer, .. } => {
                            x.mul_plain(V::load_ptr(token, outer.as_ptr().add(j * LINE + at)))
                        }
                    };
                    x.store_ptr(tile.add(place(j) * LINE + at));
                }
            }
        }
    }
}

impl Target {
    /// The inner transforms of the tile, into each `step`-th row of the target from row `k` on.
    ///
    /// # Safety
    /// As for [`TilePlan::inner`]; and the target must have those rows, for this thread alone.
    #[inline(always)]
    unsafe fn take<V: Vector>(
        &self,
        token: V::Token,
        plan: &TilePlan,
        tile: *mut u64,
        k: usize,
        step: usize,
    ) {
        // SAFETY: the caller vouches for the tile and the rows.
        unsafe {
            let target = self.start.0.add(k * self.stride);
            let stride = self.stride * step;
            if self.lanes < LINE {
                let sink = Partial::new(target, stride, self.lanes);
                plan.inner::<V, _, LINE>(token, tile, &sink);
            } else if self.stream {
                plan.inner::<V, _, LINE>(token, tile, &Plain::<true>::new(target, stride));
            } else {
                plan.inner::<V, _, LINE>(token, tile, &Plain::<false>::new(target, stride));
            }
        }
    }
}

/// The whole transform of a tile that fits into the cache.
pub(crate) struct SinglePass<'a> {
    scratch: &'a mut [u64],
    sources: Sources,
    shifts: &'a Shifts<'a>,
    plan: &'a TilePlan,
    target: Target,
}

impl<'a> SinglePass<'a> {
    /// The pass, in scratch of [`single_pass_scratch`] words.
    ///
    /// # Safety
    /// - Sources, shifts (the outer ones) and target have as many rows as `plan`.
    /// - Sources and target are still what they were said to be.
    pub(crate) const unsafe fn new(
        scratch: &'a mut [u64],
        sources: Sources,
        shifts: &'a Shifts<'a>,
        plan: &'a TilePlan,
        target: Target,
    ) -> Self {
        Self {
            scratch,
            sources,
            shifts,
            plan,
            target,
        }
    }
}

/// The words of scratch that [`SinglePass`] needs for `rows` rows.
pub(crate) const fn single_pass_scratch(rows: usize) -> usize {
    (places(rows) + rows) * LINE
}

impl Kernel for SinglePass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let rows = self.plan.rows();
        let (tile, raw) = self.scratch.split_at_mut(places(rows) * LINE);
        assert!(raw.len() >= rows * LINE, "scratch too short");
        let (tile, raw) = (tile.as_mut_ptr(), raw.as_mut_ptr());
        // SAFETY: each source has `rows` coefficients, and both parts of the scratch as many rows;
        // the target was made for these rows.
        unsafe {
            if rows >= LINE {
                for j in (0..rows).step_by(LINE) {
                    turn::<V, LINE>(token, &self.sources.0, j, raw.add(j * LINE), LINE);
                }
            } else {
                for j in 0..rows {
                    for (l, source) in self.sources.0.iter().enumerate() {
                        raw.add(j * LINE + l).write(source.add(j).read());
                    }
                }
            }
            self.shifts.scale::<V>(token, raw, tile, rows);
            for chunk in 0..self.plan.chunks() {
                self.plan
                    .outer::<V, LINE>(token, tile, chunk, core::ptr::null());
            }
            self.target.take::<V>(token, self.plan, tile, 0, 1);
        }
        V::fence(token);
    }
}

/// What lies between two passes: for each of some tiles and each `k1 < N1`, a block of `N2` lines,
/// in the order in which the second pass wants them.
#[derive(Clone, Copy)]
pub(crate) struct Between {
    start: Shared,
    rows1: usize,
    rows2: usize,
    /// Whether to write past the caches, since it is too much for them.
    stream: bool,
}

impl Between {
    /// The room of some tiles.
    ///
    /// # Safety
    /// As long as passes over it run, `start` is valid for reads and writes of [`words`](Self::words)
    /// words for each tile, and aligned to 64 bytes if `stream`. `rows2` is at least 128, and a power
    /// of two.
    pub(crate) const unsafe fn new(
        start: Shared,
        rows1: usize,
        rows2: usize,
        stream: bool,
    ) -> Self {
        Self {
            start,
            rows1,
            rows2,
            stream,
        }
    }

    /// The words from one block to the next, which is no power of two.
    const fn block(rows2: usize) -> usize {
        (rows2 + LINE) * LINE
    }

    /// The words of a tile.
    pub(crate) const fn words(rows1: usize, rows2: usize) -> usize {
        rows1 * Self::block(rows2)
    }

    /// The line of `j2` in a block: columns of [`CHUNK`] lines of the second pass's outer
    /// transform, one after the other. `N2` is at least 128.
    #[inline(always)]
    const fn line(&self, j2: usize) -> usize {
        let (m, p) = (j2 / 64, j2 % 64);
        (p / CHUNK * (self.rows2 / 64) + m) * CHUNK + p % CHUNK
    }

    /// Block `k1` of tile `tile`.
    #[inline(always)]
    const fn at(&self, tile: usize, k1: usize) -> *mut u64 {
        self.start
            .at((tile * self.rows1 + k1) * Self::block(self.rows2))
    }
}

/// The first of two passes, of some tiles of the same columns: for each `j2` of a range, the
/// transform over `j1`, then the products with `s^j2 w^(j2 k1)`.
pub(crate) struct FirstPass<'a> {
    scratch: &'a mut [u64],
    sources: Sources,
    /// One for each tile.
    shifts: &'a [Shifts<'a>],
    /// Of `N1` rows.
    plan: &'a TilePlan,
    /// `w_N^j2`.
    roots: &'a [u64],
    between: Between,
    /// The range of `j2`, a multiple of [`LINE`] at both ends.
    range: Range<usize>,
}

impl<'a> FirstPass<'a> {
    /// The pass over `range`, in scratch of [`first_pass_scratch`] words.
    ///
    /// # Safety
    /// - Sources have `N1 N2` coefficients, each of `shifts` `N1` outer and `N2` inner powers; `plan`
    ///   and `between` have `N1` rows, and `between` room for as many tiles as there are shifts.
    /// - Sources and room are still what they were said to be.
    /// - `range` lies within `0..N2`, both ends are multiples of [`LINE`], and no other pass over it
    ///   runs.
    pub(crate) const unsafe fn new(
        scratch: &'a mut [u64],
        sources: Sources,
        shifts: &'a [Shifts<'a>],
        plan: &'a TilePlan,
        roots: &'a [u64],
        between: Between,
        range: Range<usize>,
    ) -> Self {
        Self {
            scratch,
            sources,
            shifts,
            plan,
            roots,
            between,
            range,
        }
    }
}

/// The words of scratch that [`FirstPass`] needs for `rows` rows.
pub(crate) const fn first_pass_scratch(rows: usize) -> usize {
    (LINE * (rows + 1) + places(rows) + rows) * LINE
}

impl Kernel for FirstPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self, token: V::Token) {
        if self.between.stream {
            self.run_to::<V, true>(token);
        } else {
            self.run_to::<V, false>(token);
        }
        V::fence(token);
    }
}

impl FirstPass<'_> {
    #[inline(always)]
    fn run_to<V: Vector, const STREAM: bool>(&mut self, token: V::Token) {
        let rows = self.plan.rows();
        let rows2 = self.between.rows2;
        // The rows of one j2 follow those of the last at a distance that is no power of two.
        let pitch = (rows + 1) * LINE;
        let (raw, rest) = self.scratch.split_at_mut(LINE * pitch);
        let (tile, factors) = rest.split_at_mut(places(rows) * LINE);
        let (raw, tile, factors) = (
            raw.as_mut_ptr(),
            tile.as_mut_ptr(),
            &mut factors[..rows * LINE],
        );
        for j2 in self.range.clone().step_by(LINE) {
            for j1 in 0..rows {
                // SAFETY: each source has N1 * N2 coefficients, and the scratch LINE times `pitch`.
                unsafe {
                    let raw = raw.add(j1 * LINE);
                    turn::<V, LINE>(token, &self.sources.0, j1 * rows2 + j2, raw, pitch);
                }
            }
            for (b, shifts) in self.shifts.iter().enumerate() {
                if let Shifts::Uniform { inner, .. } = shifts {
                    // Factors of row k1 are side by side for all these j2.
                    let (start, ratio) = (&inner[j2..], &self.roots[j2..]);
                    geometric_rows::<V, LINE>(token, factors, start, ratio);
                }
                for t in 0..LINE {
                    // The next lines of the t-th column, each tile asking for its share.
                    for j1 in (b..rows).step_by(self.shifts.len()) {
                        let next = j1 * rows2 + j2 + LINE;
                        V::prefetch_far(token, self.sources.0[t].wrapping_add(next));
                    }
                    // SAFETY: raw and tile have `rows` rows; the lines of j2 + t of this tile's
                    // blocks are written by this call alone, and aligned.
                    unsafe {
                        shifts.scale::<V>(token, raw.add(t * pitch), tile, rows);
                        let target = self.between.at(b, 0).add(self.between.line(j2 + t) * LINE);
                        let stride = Between::block(rows2);
                        match shifts {
                            Shifts::Uniform { .. } => {
                                let factors = (factors.as_ptr().add(t), LINE);
                                let sink = Scaled::<STREAM>::new(factors, target, stride);
                                self.plan
                                    .run::<V, _, LINE>(token, tile, core::ptr::null(), &sink);
                            }
                            Shifts::Mixed { inner, .. } => {
                                let start = inner.map(|inner| inner[j2 + t]);
                                let ratio = [self.roots[j2 + t]; MAX_LANES];
                                geometric_rows::<V, LINE>(token, factors, &start, &ratio);
                                let factors = factors.as_ptr();
                                let sink = ScaledLanes::<V, STREAM, LINE>::new(
                                    token, factors, target, stride,
                                );
                                self.plan
                                    .run::<V, _, LINE>(token, tile, core::ptr::null(), &sink);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The second of two passes: for some blocks, counted through all tiles, the transform over `j2`,
/// into the rows `k1 + N1 k2`.
pub(crate) struct SecondPass<'a> {
    scratch: &'a mut [u64],
    /// Of `N2` rows.
    plan: &'a TilePlan,
    between: Between,
    /// One for each tile.
    targets: &'a [Target],
    range: Range<usize>,
}

impl<'a> SecondPass<'a> {
    /// The pass over the blocks of `range`, in scratch for the rows of a tile.
    ///
    /// # Safety
    /// - `plan` and `between` have `N2` rows, targets `N1 N2`, and `between` room for as many tiles as
    ///   there are targets; the first pass over all of it is done.
    /// - Room and targets are still what they were said to be.
    /// - `range` lies within the blocks of all tiles, and no other pass over it runs.
    pub(crate) const unsafe fn new(
        scratch: &'a mut [u64],
        plan: &'a TilePlan,
        between: Between,
        targets: &'a [Target],
        range: Range<usize>,
    ) -> Self {
        Self {
            scratch,
            plan,
            between,
            targets,
            range,
        }
    }
}

impl Kernel for SecondPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self { plan, between, .. } = self;
        assert!(
            self.scratch.len() >= places(plan.rows()) * LINE,
            "scratch too short"
        );
        let tile = self.scratch.as_mut_ptr();
        for block in self.range {
            let (b, k1) = (block / between.rows1, block % between.rows1);
            let mut source = between.at(b, k1).cast_const();
            // SAFETY: the block has N2 lines, chunk after chunk, and the scratch as many rows; the
            // rows k1 + N1 k2 of the target are this call's alone.
            unsafe {
                for chunk in 0..plan.chunks() {
                    for m in 0..plan.outer_rows() {
                        let row = tile.add(place(64 * m + chunk * CHUNK) * LINE);
                        for i in (0..CHUNK * LINE).step_by(V::LANES) {
                            V::load_ptr(token, source.add(i)).store_ptr(row.add(i));
                        }
                        source = source.add(CHUNK * LINE);
                    }
                    plan.outer::<V, LINE>(token, tile, chunk, source);
                }
                let target = &self.targets[b];
                target.take::<V>(token, plan, tile, k1, between.rows1);
            }
        }
        V::fence(token);
    }
}
