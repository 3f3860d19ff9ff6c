//! The two passes of a transform of single columns: lanes are neighbours within a column.
//!
//! With `n = N1 N2`, entry `j1 N2 + j2` is entry `(j1, j2)` of a matrix. The first pass transforms
//! over `j1`, lanes being neighbouring `j2`; the second over `j2`, lanes being neighbouring `k1`,
//! for which squares are transposed on the way in. Row `k2` of the second pass lands at
//! `k2 N1 + k1`: in order.

use core::ops::Range;

use super::{
    series::geometric_rows,
    sinks::{Plain, Scaled, ScaledLanes},
    tile::{TilePlan, place, places},
    transpose::load_transposed,
};
use crate::{
    parallel::Shared,
    vector::{Kernel, MAX_LANES, Vector},
};

/// Entries of a column that belong to one cache line: ranges of passes are multiples of this.
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
    pub(crate) const fn scratch(&self, lanes: usize) -> usize {
        let (rows1, rows2) = (self.rows1(), self.rows2());
        let rows = if rows1 > rows2 { rows1 } else { rows2 };
        (places(rows) + rows) * lanes
    }
}

/// A column, and its room between the passes.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) data: Shared,
    pub(crate) between: Shared,
}

/// The first pass over some columns, for a range of `j2`, a multiple of the lanes at both ends.
pub(crate) struct FirstPass<'a> {
    pub(crate) scratch: &'a mut [u64],
    pub(crate) plan: &'a ColumnPlan<'a>,
    pub(crate) columns: &'a [Column],
    pub(crate) range: Range<usize>,
}

impl Kernel for FirstPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self { plan, columns, .. } = self;
        let (rows1, rows2) = (plan.rows1(), plan.rows2());
        let (tile, factors) = self.scratch.split_at_mut(places(rows1) * V::LANES);
        let (tile, factors) = (tile.as_mut_ptr(), &mut factors[..rows1 * V::LANES]);
        for j2 in self.range.step_by(V::LANES) {
            let start = V::load(token, &plan.start[j2..]);
            geometric_rows(factors, start, V::load(token, &plan.ratio[j2..]));
            for column in columns {
                for j1 in 0..rows1 {
                    let j = j1 * rows2 + j2;
                    // SAFETY: the column has N1 * N2 entries, and the tile N1 rows; nobody writes
                    // to the column during this pass.
                    unsafe {
                        let mut x =
                            load::<V>(token, column.data.0, j, rows1 * rows2, plan.reversed);
                        if !plan.before.is_empty() {
                            x = x.mul_plain(V::splat(token, plan.before[j1]));
                        }
                        x.store_ptr(tile.add(place(j1) * V::LANES));
                    }
                }
                // SAFETY: the scratch holds the tile; the places j2 and on of every row between
                // the passes are written by this call alone.
                unsafe {
                    let sink = ScaledLanes::<V> {
                        token,
                        factors: factors.as_ptr(),
                        target: column.between.0.add(j2),
                        stride: plan.stride(),
                    };
                    plan.plan1.run(token, tile, &sink);
                }
            }
        }
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

/// The second pass over some columns, for a range of `k1`, a multiple of the lanes at both ends.
pub(crate) struct SecondPass<'a> {
    pub(crate) scratch: &'a mut [u64],
    pub(crate) plan: &'a ColumnPlan<'a>,
    pub(crate) columns: &'a [Column],
    pub(crate) range: Range<usize>,
}

impl Kernel for SecondPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let Self { plan, columns, .. } = self;
        let (rows1, rows2) = (plan.rows1(), plan.rows2());
        assert!(
            self.scratch.len() >= places(rows2) * V::LANES,
            "scratch too short"
        );
        let tile = self.scratch.as_mut_ptr();
        for k1 in self.range.step_by(V::LANES) {
            for column in columns {
                let mut sources = [column.between.0.cast_const(); MAX_LANES];
                for (l, source) in sources[..V::LANES].iter_mut().enumerate() {
                    // SAFETY: k1 + l is below N1.
                    *source = unsafe { source.add((k1 + l) * plan.stride()) };
                }
                for j2 in (0..rows2).step_by(V::LANES) {
                    // SAFETY: each row between the passes has N2 entries, a multiple of LANES, and
                    // the tile has N2 rows.
                    unsafe {
                        let x = load_transposed::<V>(token, &sources, j2);
                        for (t, x) in x.into_iter().take(V::LANES).enumerate() {
                            x.store_ptr(tile.add(place(j2 + t) * V::LANES));
                        }
                    }
                }
                // SAFETY: the scratch holds the tile; the entries k2 N1 + k1 and on of the column
                // are written by this call alone, and nobody reads the column during this pass.
                unsafe {
                    let target = column.data.0.add(k1);
                    if plan.after.is_empty() {
                        let sink = Plain {
                            target,
                            stride: rows1,
                        };
                        plan.plan2.run::<V, _>(token, tile, &sink);
                    } else {
                        let factors = plan.after.as_ptr();
                        let sink = Scaled::<V> {
                            token,
                            factors,
                            target,
                            stride: rows1,
                        };
                        plan.plan2.run(token, tile, &sink);
                    }
                }
            }
        }
    }
}
