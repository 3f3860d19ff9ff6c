//! The columns of a private statement's trace, by name.

use core::ops::Range;

use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::permutation;

const fn after(range: &Range<usize>, width: usize) -> Range<usize> {
    range.end..range.end + width
}

/// The permutation: its input (8 lanes), then per round `h`, `v`, `g` (8 lanes each).
pub const PERMUTATION: Range<usize> = 0..permutation::WIDTH;
/// The left half of the permutation's input.
pub const INPUT_LO: Range<usize> = 0..4;
/// The right half of the permutation's input; its last lane also holds the tag.
pub const INPUT_HI: Range<usize> = 4..8;
/// `X`: the previous row's compression output.
pub const CARRY: Range<usize> = after(&PERMUTATION, 4);
/// A digest or a right half that is kept: a note's commitment, a leaf.
pub const KEPT: Range<usize> = after(&CARRY, 4);
/// A secret that is kept: a nullifier key; a key's public seed, then an account's metadata.
pub const SECRET: Range<usize> = after(&KEPT, 4);
/// The root that paths are compared with: the anchor, the state root.
pub const ROOT: Range<usize> = after(&SECRET, 4);
/// The second such root: an association set's.
pub const SET: Range<usize> = after(&ROOT, 4);
/// What is left of a path's index.
pub const INDEX: usize = SET.end;
/// Side of the path's node: 0 left, 1 right.
pub const SIDE: usize = INDEX + 1;
/// What is left of three limbs under a range check.
pub const RANGE: Range<usize> = SIDE + 1..SIDE + 4;
/// The two lowest bits of each limb, lower bit first; or carries, or scope bits.
pub const BITS: Range<usize> = after(&RANGE, 6);
/// The sum of values, limb by limb, without carries.
pub const SUM: Range<usize> = after(&BITS, 3);
/// The asset of all values.
pub const ASSET: usize = SUM.end;
/// A note's position, or the number of a one-time key.
pub const POSITION: usize = ASSET + 1;
/// 1 if the note that is spent is in the tree, 0 for a dummy.
pub const REAL: usize = POSITION + 1;
/// The key slot of an account.
pub const SLOT: usize = REAL + 1;
/// Number of columns of the trace.
pub const TRACE_WIDTH: usize = SLOT + 1;

/// A row of the trace, by the names of its columns.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a, E>(&'a [E; TRACE_WIDTH]);

impl<'a, E: FieldElement<BaseField = BaseElement>> Row<'a, E> {
    /// Views the first [`TRACE_WIDTH`] elements as a row; `None` if there are fewer.
    #[inline(always)]
    pub fn new(elements: &'a [E]) -> Option<Self> {
        elements.first_chunk().map(Self)
    }

    /// The elements of `N` columns from `start` on.
    #[inline(always)]
    pub fn lanes<const N: usize>(self, start: usize) -> [E; N] {
        let mut lanes = [E::ZERO; N];
        lanes.copy_from_slice(&self.0[start..start + N]);
        lanes
    }

    /// The element in column `column`.
    #[inline(always)]
    pub fn at(self, column: usize) -> E {
        self.0[column]
    }
}
