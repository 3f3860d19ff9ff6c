//! The two passes of a transform of single columns: a tile's rows are neighbours within a column.
//!
//! With `n = N1 N2`, entry `j1 N2 + j2` is entry `(j1, j2)` of a matrix. The first pass transforms
//! over `j1`, a row being `W` neighbouring `j2`; the second over `j2`, a row being `W` neighbouring
//! `k1`, for which squares are transposed on the way in. `W` is 8, a cache line, or 1. Row `k2` of the second pass lands at
//! `k2 N1 + k1`: in order.

use core::ops::Range;

use super::{
    series::geometric_rows,
    sinks::{Ahead, Plain, Scaled, ScaledLanes},
    tile::{TilePlan, place, places},
    transpose::turn,
};
use crate::{
    parallel::Shared,
    vector::{Kernel, MAX_LANES, Vector},
};

/// Entries of a cache line: ranges of passes are multiples of this where `W` is.
pub(crate) const GROUP: usize = 8;

/// What is done to columns of one length. All factors are canonical integers.
pub(crate) struct ColumnPlan<'a> {
    pub(crate) plan1: &'a TilePlan,
    pub(crate) plan2: &'a TilePlan,
    /// Entry `j` is taken from `-j mod n`, which makes the transform an inverse one.
    pub(crate) reversed: bool,
    /// Factors of row `j1` of the first pass; none if empty.
    pub(crate) before: &'a [u64],
    /// Between the passes, entry `(k1, j2)` is multiplied by `start[j2] * ratio[j2]^k1`.
    pub(crate) start: &'a [u64],
    pub(crate) ratio: &'a [u64],
    /// Factors of row `k2` of the second pass; none if empty.
    pub(crate) after: &'a [u64],
}

impl ColumnPlan<'_> {
    const fn rows1(&self) -> usize {
        self.plan1.rows()
    }

    const fn rows2(&self) -> usize {
        self.plan2.rows()
    }

    /// The distance of the rows between the passes: not a power of two, and whole lines.
    const fn stride(&self) -> usize {
        self.rows2() + GROUP
    }

    /// The words between the passes.
    pub(crate) const fn between(&self) -> usize {
        self.rows1() * self.stride()
    }

    /// The words of scratch that either pass needs.
    pub(crate) const fn scratch(&self) -> usize {
        let (rows1, rows2) = (self.rows1(), self.rows2());
        let rows = if rows1 > rows2 { rows1 } else { rows2 };
        (places(rows) + rows) * GROUP
    }
}

/// A column, its room between the passes, and where its transform goes: to the column itself, or
/// elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    data: Shared,
    between: Shared,
    out: Shared,
}

impl Column {
    /// A column of `n = N1 N2` words at `data`, to be transformed by `plan` to `out`.
    ///
    /// # Safety
    /// As long as passes over the column run:
    /// - `data` is valid for reads of `n` words, which nobody writes during the first pass;
    /// - `between` is valid for reads and writes of [`plan.between()`](ColumnPlan::between) words, of
    ///   no other column;
    /// - `out` is valid for writes of `n` words, of no other column; it may be `data`.
    pub(crate) const unsafe fn new(data: Shared, between: Shared, out: Shared) -> Self {
        Self { data, between, out }
    }

    /// Whether the transform starts at a cache line.
    pub(crate) fn is_aligned(&self) -> bool {
        self.out.at(0).align_offset(64) == 0
    }

    /// The first word of the transform.
    pub(crate) const fn out(&self) -> Shared {
        self.out
    }
}

/// The first pass over some columns, for a range of `j2`, a multiple of `W` at both ends; past the
/// caches if `STREAM`.
pub(crate) struct FirstPass<'a, const W: usize, const STREAM: bool> {
    scratch: &'a mut [u64],
    plan: &'a ColumnPlan<'a>,
    columns: &'a [Column],
    range: Range<usize>,
}

impl<'a, const W: usize, const STREAM: bool> FirstPass<'a, W, STREAM> {
    /// The pass over `range`, in scratch of [`ColumnPlan::scratch`] words.
    ///
    /// # Safety
    /// - The columns were made for `plan`, and are still what they were said to be.
    /// - `range` lies within `0..N2`, and no other pass over it runs.
    /// - Both ends are multiples of `W`, and so is `N2`; or `W` is 1.
    /// - If `STREAM`, the room between the passes is aligned to `W` words.
    pub(crate) const unsafe fn new(
        scratch: &'a mut [u64],
        plan: &'a ColumnPlan<'a>,
        columns: &'a [Column],
        range: Range<usize>,
    ) -> Self {
        Self {
            scratch,
            plan,
            columns,
            range,
        }
    }
}

impl<const W: usize, const STREAM: bool> Kernel for FirstPass<'_, W, STREAM> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self { plan, columns, .. } = self;
        let (rows1, rows2) = (plan.rows1(), plan.rows2());
        let n = rows1 * rows2;
        let (tile, factors) = self.scratch.split_at_mut(places(rows1) * W);
        let (tile, factors) = (tile.as_mut_ptr(), &mut factors[..rows1 * W]);
        for j2 in self.range.step_by(W) {
            geometric_rows::<V, W>(token, factors, &plan.start[j2..], &plan.ratio[j2..]);
            for column in columns {
                for j1 in 0..rows1 {
                    let j = j1 * rows2 + j2;
                    for at in (0..W).step_by(V::LANES) {
                        // SAFETY: the column has N1 * N2 entries, and the tile N1 rows; nobody
                        // writes to the column during this pass.
                        unsafe {
                            let mut x = load::<V>(token, column.data.0, j + at, n, plan.reversed);
                            if !plan.before.is_empty() {
                                x = x.mul_plain(V::splat(token, plan.before[j1]));
                            }
                            x.store_ptr(tile.add(place(j1) * W + at));
                        }
                    }
                }
                // SAFETY: the scratch holds the tile; the places j2 and on of every row between
                // the passes are written by this call alone.
                unsafe {
                    let sink = ScaledLanes::<V, STREAM, W>::new(
                        token,
                        factors.as_ptr(),
                        column.between.0.add(j2),
                        plan.stride(),
                    );
                    // The lines of the next j2 are asked for meanwhile.
                    let (next, stride) = if plan.reversed {
                        (n - (j2 + W), -(rows2 as isize))
                    } else {
                        (j2 + W, rows2 as isize)
                    };
                    let next = column.data.at(next).cast_const();
                    let sink = Ahead::new(sink, next, stride);
                    plan.plan1
                        .run::<V, _, W>(token, tile, core::ptr::null(), &sink);
                }
            }
        }
        V::fence(token);
    }
}

/// Entries `j` and on of a column of `n`, or those at their negatives.
///
/// # Safety
/// `data` must be valid for reads of `n` values, `j` a multiple of `LANES` below `n`, and `LANES`
/// at most `n`.
#[inline(always)]
unsafe fn load<V: Vector>(
    token: V::Token,
    data: *const u64,
    j: usize,
    n: usize,
    reversed: bool,
) -> V {
    // SAFETY: j + LANES <= n since both are multiples of LANES or LANES is 1; the entries n - j
    // down to n - j - LANES + 1 are below n unless j is 0.
    unsafe {
        if !reversed {
            V::load_ptr(token, data.add(j))
        } else if j > 0 {
            V::load_ptr(token, data.add(n - j - (V::LANES - 1))).reverse()
        } else {
            let mut lanes = [0; MAX_LANES];
            for (l, lane) in lanes[..V::LANES].iter_mut().enumerate() {
                *lane = data.add((n - l) % n).read();
            }
            V::load(token, &lanes)
        }
    }
}

/// The second pass over some columns, for a range of `k1`, a multiple of `W` at both ends; past
/// the caches if `STREAM`, for which transforms start at a line.
pub(crate) struct SecondPass<'a, const W: usize, const STREAM: bool> {
    scratch: &'a mut [u64],
    plan: &'a ColumnPlan<'a>,
    columns: &'a [Column],
    range: Range<usize>,
}

impl<'a, const W: usize, const STREAM: bool> SecondPass<'a, W, STREAM> {
    /// The pass over `range`, in scratch of [`ColumnPlan::scratch`] words.
    ///
    /// # Safety
    /// - The columns were made for `plan`, are still what they were said to be, and the first pass
    ///   over them is done.
    /// - `range` lies within `0..N1`, and no other pass over it runs.
    /// - Both ends are multiples of `W`, and so are `N1` and `N2`; or `W` is 1.
    /// - If `STREAM`, all transforms [start at a line](Column::is_aligned).
    pub(crate) const unsafe fn new(
        scratch: &'a mut [u64],
        plan: &'a ColumnPlan<'a>,
        columns: &'a [Column],
        range: Range<usize>,
    ) -> Self {
        Self {
            scratch,
            plan,
            columns,
            range,
        }
    }
}

impl<const W: usize, const STREAM: bool> Kernel for SecondPass<'_, W, STREAM> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self { plan, columns, .. } = self;
        let (rows1, rows2) = (plan.rows1(), plan.rows2());
        assert!(self.scratch.len() >= places(rows2) * W, "scratch too short");
        let tile = self.scratch.as_mut_ptr();
        for k1 in self.range.step_by(W) {
            for column in columns {
                let mut sources = [column.between.0.cast_const(); MAX_LANES];
                for (l, source) in sources[..W].iter_mut().enumerate() {
                    // SAFETY: k1 + l is below N1.
                    *source = unsafe { source.add((k1 + l) * plan.stride()) };
                }
                for j2 in (0..rows2).step_by(W) {
                    // SAFETY: each row between the passes has N2 entries, a multiple of W, and
                    // the tile has N2 rows; W rows are within one run of 64.
                    unsafe {
                        turn::<V, W>(token, &sources, j2, tile.add(place(j2) * W), W);
                    }
                }
                // SAFETY: the scratch holds the tile; the entries k2 N1 + k1 and on of the transform
                // are written by this call alone, and nobody reads the column during this pass.
                unsafe {
                    let target = column.out.0.add(k1);
                    // The next rows of this column.
                    let ahead = sources[0].wrapping_add(W * plan.stride());
                    if plan.after.is_empty() {
                        let sink = Plain::<STREAM>::new(target, rows1);
                        plan.plan2.run::<V, _, W>(token, tile, ahead, &sink);
                    } else {
                        let factors = plan.after[..rows2].as_ptr();
                        let sink = Scaled::<STREAM>::new((factors, 1), target, rows1);
                        plan.plan2.run::<V, _, W>(token, tile, ahead, &sink);
                    }
                }
            }
        }
        V::fence(token);
    }
}
