//! The passes of the low-degree extension: from columns of coefficients to rows of evaluations.
//!
//! A lane is one *virtual column*: one column's polynomial on one coset.

use super::{
    series::{geometric, geometric_rows},
    sinks::{Partial, Plain, Scaled, ScaledLanes},
    tile::{TilePlan, place, places},
    transpose::load_transposed,
};
use crate::{
    parallel::Shared,
    vector::{Kernel, MAX_LANES, Vector},
};

/// Coefficients that are read of each column at a time: one cache line.
pub(crate) const GROUP: usize = 8;

/// The virtual columns of one tile, one a lane.
pub(crate) struct Lanes<'a> {
    /// The coefficients of each lane's column.
    pub(crate) sources: [*const u64; MAX_LANES],
    /// Factors of the coefficients by row `j1`.
    pub(crate) scale: Factors<'a>,
    /// For each lane, the shift's powers by `j2`; of no use in a single pass.
    pub(crate) inner: [&'a [u64]; MAX_LANES],
}

/// Canonical integers, by row.
pub(crate) enum Factors<'a> {
    /// One a row, for all lanes.
    Uniform(&'a [u64]),
    /// A vector a row.
    Mixed(&'a [u64]),
}

// SAFETY: the sources are only read, and borrowed for as long as the lanes are.
unsafe impl Sync for Lanes<'_> {}

impl Lanes<'_> {
    /// Fills rows `j1` of `L = LANES` tiles, `tile_words` apart, with the scaled coefficients
    /// `offset + j1 * stride + t` for tile `t`.
    ///
    /// # Safety
    /// The sources must have those coefficients, the tiles must have `rows` rows, and there must
    /// be as many factors.
    #[inline(always)]
    unsafe fn fill<V: Vector>(
        &self,
        token: V::Token,
        tiles: *mut u64,
        tile_words: usize,
        rows: usize,
        offset: usize,
        stride: usize,
    ) {
        for j in 0..rows {
            // SAFETY: the caller vouches for coefficients, rows and factors.
            unsafe {
                let x = load_transposed::<V>(token, &self.sources, offset + j * stride);
                let factor = self.scale.get::<V>(token, j);
                for (t, x) in x.into_iter().take(V::LANES).enumerate() {
                    let row = tiles.add(t * tile_words + place(j) * V::LANES);
                    x.mul_plain(factor).store_ptr(row);
                }
            }
        }
    }
}

impl Factors<'_> {
    /// The factors of row `j`.
    ///
    /// # Safety
    /// There must be such a row.
    #[inline(always)]
    unsafe fn get<V: Vector>(&self, token: V::Token, j: usize) -> V {
        // SAFETY: the caller vouches for the row.
        unsafe {
            match self {
                Self::Uniform(factors) => V::splat(token, *factors.get_unchecked(j)),
                Self::Mixed(factors) => V::load_ptr(token, factors.as_ptr().add(j * V::LANES)),
            }
        }
    }
}

/// Where a tile's rows go: row `k` to `target + k * stride`, of which only `lanes` lanes count.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) start: Shared,
    pub(crate) stride: usize,
    pub(crate) lanes: usize,
}

impl Target {
    /// Transforms the tile into the target, from row `k` on, each `step`-th row.
    ///
    /// # Safety
    /// As for [`TilePlan::run`]; and the target must have those rows, for this thread alone.
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
            if self.lanes == V::LANES {
                plan.run::<V, _>(token, tile, &Plain { target, stride });
            } else {
                let sink = Partial {
                    target,
                    stride,
                    lanes: self.lanes,
                };
                plan.run::<V, _>(token, tile, &sink);
            }
        }
    }
}

/// The whole transform of a tile that fits into the cache.
pub(crate) struct SinglePass<'a> {
    /// Room for the tile.
    pub(crate) scratch: &'a mut [u64],
    pub(crate) lanes: &'a Lanes<'a>,
    pub(crate) plan: &'a TilePlan,
    pub(crate) target: Target,
}

impl Kernel for SinglePass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let rows = self.plan.rows();
        let tile_words = places(rows) * V::LANES;
        assert!(self.scratch.len() >= tile_words, "scratch too short");
        let tile = self.scratch.as_mut_ptr();
        // The coefficients of one lane vector at a time: V::LANES rows of one tile.
        if rows >= V::LANES {
            for j in (0..rows).step_by(V::LANES) {
                // SAFETY: each source has `rows` coefficients, a multiple of LANES.
                let x = unsafe { load_transposed::<V>(token, &self.lanes.sources, j) };
                for (t, x) in x.into_iter().take(V::LANES).enumerate() {
                    // SAFETY: there are `rows` factors, and as many rows in the tile.
                    unsafe {
                        let factor = self.lanes.scale.get::<V>(token, j + t);
                        let row = tile.add(place(j + t) * V::LANES);
                        x.mul_plain(factor).store_ptr(row);
                    }
                }
            }
        } else {
            for j in 0..rows {
                // SAFETY: each source has `rows` coefficients and there are as many factors.
                unsafe {
                    let x = self.lanes.sources.map(|source| source.add(j).read());
                    let factor = self.lanes.scale.get::<V>(token, j);
                    let row = tile.add(place(j) * V::LANES);
                    V::load(token, &x).mul_plain(factor).store_ptr(row);
                }
            }
        }
        // SAFETY: the scratch has the tile's places; the target was made for these rows.
        unsafe { self.target.take::<V>(token, self.plan, tile, 0, 1) };
    }
}

/// The first of two passes: for each `j2` of a range, the transform over `j1`, then the products
/// with `s^j2 w^(j2 k1)`, into blocks of the second pass.
pub(crate) struct FirstPass<'a> {
    /// Room for [`first_pass_scratch`] words.
    pub(crate) scratch: &'a mut [u64],
    pub(crate) lanes: &'a Lanes<'a>,
    /// Of `N1` rows.
    pub(crate) plan: &'a TilePlan,
    /// `N2`.
    pub(crate) rows2: usize,
    /// `w_N^j2`.
    pub(crate) roots: &'a [u64],
    /// `N1` tiles of `N2` rows.
    pub(crate) blocks: Shared,
    /// The range of `j2`, a multiple of [`GROUP`] at both ends.
    pub(crate) range: core::ops::Range<usize>,
}

impl Kernel for FirstPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let rows = self.plan.rows();
        // An odd number of places between tiles.
        let tile_words = (places(rows) | 1) * V::LANES;
        let uniform = matches!(self.lanes.scale, Factors::Uniform(_));
        let (tiles, factors) = self.scratch.split_at_mut(GROUP * tile_words);
        let tiles = tiles.as_mut_ptr();
        for j2 in self.range.step_by(GROUP) {
            for t in (0..GROUP).step_by(V::LANES) {
                // SAFETY: each source has N1 * N2 coefficients; the scratch has GROUP tiles.
                unsafe {
                    let tiles = tiles.add(t * tile_words);
                    self.lanes
                        .fill::<V>(token, tiles, tile_words, rows, j2 + t, self.rows2);
                }
            }
            for t in 0..GROUP {
                let root = self.roots[j2 + t];
                // SAFETY: the scratch has GROUP tiles; row j2 + t of every block is written by
                // this call alone.
                unsafe {
                    let tile = tiles.add(t * tile_words);
                    let target = self.blocks.0.add(place(j2 + t) * V::LANES);
                    let stride = places(self.rows2) * V::LANES;
                    if uniform {
                        let factors = &mut factors[..rows];
                        geometric::<V>(token, factors, self.lanes.inner[0][j2 + t], root);
                        let factors = factors.as_ptr();
                        let sink = Scaled::<V> {
                            token,
                            factors,
                            target,
                            stride,
                        };
                        self.plan.run(token, tile, &sink);
                    } else {
                        let start = self.lanes.inner.map(|inner| inner[j2 + t]);
                        let start = V::load(token, &start);
                        geometric_rows(factors, start, V::splat(token, root));
                        let factors = factors.as_ptr();
                        let sink = ScaledLanes::<V> {
                            token,
                            factors,
                            target,
                            stride,
                        };
                        self.plan.run(token, tile, &sink);
                    }
                }
            }
        }
    }
}

/// The words of scratch that [`FirstPass`] needs for `rows` rows.
pub(crate) const fn first_pass_scratch(rows: usize, lanes: usize) -> usize {
    (GROUP * (places(rows) | 1) + rows) * lanes
}

/// The second of two passes: for each `k1` of a range, the transform over `j2`, into the rows
/// `k1 + N1 k2`.
pub(crate) struct SecondPass<'a> {
    /// Of `N2` rows.
    pub(crate) plan: &'a TilePlan,
    /// `N1`.
    pub(crate) rows1: usize,
    /// `N1` tiles of `N2` rows.
    pub(crate) blocks: Shared,
    pub(crate) target: Target,
    /// The range of `k1`.
    pub(crate) range: core::ops::Range<usize>,
}

impl Kernel for SecondPass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        for k1 in self.range {
            // SAFETY: tile k1 and the rows k1 + N1 k2 are this call's alone.
            unsafe {
                let tile = self.blocks.0.add(k1 * places(self.plan.rows()) * V::LANES);
                self.target
                    .take::<V>(token, self.plan, tile, k1, self.rows1);
            }
        }
    }
}
