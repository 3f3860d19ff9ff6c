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
/// `X`: the previous row's compression output; in the chain phase, the one-time key so far.
pub const CARRY: Range<usize> = after(&PERMUTATION, 4);
/// A digest or a right half that is kept: a note's commitment, a leaf.
pub const KEPT: Range<usize> = after(&CARRY, 4);
/// A secret that is kept: a nullifier key; a key's public seed and the end of a chain, then an account's
/// metadata; a holder's secret, then a credential's number and last day.
pub const SECRET: Range<usize> = after(&KEPT, 4);
/// What is left of a path's index; in the chain phase, the number of the pair of chains.
pub const INDEX: usize = SECRET.end;
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
/// 1 if the note that is spent is in the tree, 0 for a dummy. A balance has no notes: there it is [`SLOT`].
pub const REAL: usize = POSITION + 1;
/// The key slot of an account: of a balance, whose trace has no use for [`REAL`].
pub const SLOT: usize = REAL;
/// Number of columns of the trace of a statement without a signature.
pub const TRACE_WIDTH: usize = REAL + 1;

/// The columns that the trace of a credential has besides: a hidden root, and an issuer's signature.
///
/// The pair's number is in [`INDEX`], the one-time key so far in [`CARRY`], the number of the one-time key in
/// [`POSITION`].
pub mod signature {
    use core::ops::Range;

    use super::after;

    /// The root of the credential's attributes.
    pub const ROOT: Range<usize> = super::TRACE_WIDTH..super::TRACE_WIDTH + 4;
    /// The public seed of the issuer's key.
    pub const SEED: Range<usize> = after(&ROOT, 2);
    /// 1 if the row is a step of the even, or of the odd chain of the pair.
    pub const STEP: Range<usize> = after(&SEED, 2);
    /// 1 if the row closes the pair.
    pub const CLOSE: usize = STEP.end;
    /// Where the even and the odd chain stand: 0 to 3.
    pub const PLACE: Range<usize> = CLOSE + 1..CLOSE + 3;
    /// The value of the even chain.
    pub const EVEN: Range<usize> = after(&PLACE, 2);
    /// The value of the odd chain.
    pub const ODD: Range<usize> = after(&EVEN, 2);
    /// What is left of the two words of the message.
    pub const WORD: Range<usize> = after(&ODD, 2);
    /// 1 in the row that closes the pair after which half of each word is left.
    pub const MIDWAY: usize = WORD.end;
    /// Inverses: what shows that numbers are not zero.
    pub const HINT: Range<usize> = MIDWAY + 1..MIDWAY + 3;
    /// The bits of the two digits of a pair, in the row that opens it: even low, even high, odd low, odd high.
    pub const DIGITS: Range<usize> = after(&HINT, 4);
    /// Number of columns of the trace of a credential.
    pub const TRACE_WIDTH: usize = DIGITS.end;
}

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
