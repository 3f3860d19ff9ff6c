//! The columns of the trace, by name, and a read-only view of one row.
//!
//! This file is the only place that knows at which index a column lies. A row carries one
//! Rescue-Prime permutation ([`PERMUTATION`], 176 columns) and the registers, selectors and
//! accumulators that wire permutations together. `docs/constraints.md` explains each of them.

use core::ops::Range;

use winter_math::{FieldElement, fields::f64::BaseElement};

/// Lanes of the permutation's state.
pub const STATE_WIDTH: usize = 8;
/// Rounds of the permutation.
pub const NUM_ROUNDS: usize = 7;
/// Lanes of a digest.
pub const DIGEST_WIDTH: usize = 4;
/// Limbs of an amount: 50, 50 and 28 bits, least significant first.
pub const NUM_LIMBS: usize = 3;
/// Committed lanes of one round: `h = s^3`, `v` and `g = v^3`, 8 lanes each.
pub const ROUND_WIDTH: usize = 3 * STATE_WIDTH;

const fn after(range: &Range<usize>, width: usize) -> Range<usize> {
    range.end..range.end + width
}

// PERMUTATION
// ------------------------------------------------------------------------------------------------

/// The permutation: its input (8 lanes), then per round `h`, `v`, `g` (8 lanes each).
pub const PERMUTATION: Range<usize> = 0..STATE_WIDTH + NUM_ROUNDS * ROUND_WIDTH;
/// The permutation's input.
pub const INPUT: Range<usize> = 0..STATE_WIDTH;
/// The left half of the input.
pub const INPUT_LO: Range<usize> = 0..DIGEST_WIDTH;
/// The right half of the input; its last lane also holds the domain tag.
pub const INPUT_HI: Range<usize> = DIGEST_WIDTH..STATE_WIDTH;

/// First column of round `round`'s committed lanes.
#[must_use]
pub const fn round_start(round: usize) -> usize {
    STATE_WIDTH + round * ROUND_WIDTH
}

// DIGEST CARRIES
// ------------------------------------------------------------------------------------------------

/// `X`: the previous row's compression output.
pub const CARRY: Range<usize> = after(&PERMUTATION, DIGEST_WIDTH);
/// The current root of the account tree.
pub const ROOT: Range<usize> = after(&CARRY, DIGEST_WIDTH);
/// The running digest of the operations' records.
pub const OPERATIONS: Range<usize> = after(&ROOT, DIGEST_WIDTH);

// REGISTERS OF AN OPERATION: constant within a block
// ------------------------------------------------------------------------------------------------

/// The record's payload: recipient, new root or key digest.
pub const PAYLOAD: Range<usize> = after(&OPERATIONS, DIGEST_WIDTH);
/// The operation moves value out of the signer, authorised by key slot 0, 1 (one-hot).
pub const SPEND: Range<usize> = after(&PAYLOAD, 2);
/// The operation rotates a key of the signer, authorised by key slot 0, 1 (one-hot).
pub const ROTATE: Range<usize> = after(&SPEND, 2);
/// Of the operations that spend: a transfer (else a withdrawal).
pub const IS_TRANSFER: usize = ROTATE.end;
/// Of the rotations: slot 0 is replaced (else slot 1).
pub const TARGETS_SLOT_0: usize = IS_TRANSFER + 1;
/// A deposit that creates its account.
pub const IS_CREATE: usize = TARGETS_SLOT_0 + 1;
/// A deposit to an existing account.
pub const IS_TOP_UP: usize = IS_CREATE + 1;
/// A collection of the fee pool.
pub const IS_COLLECT: usize = IS_TOP_UP + 1;
/// The record's subject: the signer's account id, or a deposit's asset.
pub const SUBJECT: usize = IS_COLLECT + 1;
/// The receiver's account id.
pub const TO: usize = SUBJECT + 1;
/// The signer's nonce before the operation.
pub const NONCE: usize = TO + 1;
/// The number of the one-time key that signs.
pub const KEY_INDEX: usize = NONCE + 1;
/// The asset that moves.
pub const ASSET: usize = KEY_INDEX + 1;
/// The scope bits that the record installs.
pub const SCOPE: usize = ASSET + 1;
/// The last batch in which the signed operation is valid.
pub const VALID_UNTIL: usize = SCOPE + 1;
/// Limbs of the amount.
pub const AMOUNT: Range<usize> = VALID_UNTIL + 1..VALID_UNTIL + 1 + NUM_LIMBS;
/// Limbs of the fee.
pub const FEE: Range<usize> = after(&AMOUNT, NUM_LIMBS);

/// All columns that are constant within a block.
pub const REGISTERS: Range<usize> = PAYLOAD.start..FEE.end;

// FEE POOL
// ------------------------------------------------------------------------------------------------

/// Limb-wise sums of the fees since the last collection (limbs may exceed their width).
pub const POOL: Range<usize> = after(&FEE, NUM_LIMBS);
/// The asset the pool holds.
pub const POOL_ASSET: usize = POOL.end;

// SIGNATURE
// ------------------------------------------------------------------------------------------------

/// This row is a step of the even, odd chain of the current pair.
pub const STEP: Range<usize> = POOL_ASSET + 1..POOL_ASSET + 3;
/// This row absorbs the ends of the current pair of chains.
pub const CLOSE: usize = STEP.end;
/// Position reached by the even, odd chain.
pub const POSITION: Range<usize> = CLOSE + 1..CLOSE + 3;
/// Value reached by the even chain.
pub const EVEN: Range<usize> = after(&POSITION, 2);
/// Value reached by the odd chain.
pub const ODD: Range<usize> = after(&EVEN, 2);
/// The one-time public key, as far as it is absorbed.
pub const ONE_TIME_KEY: Range<usize> = after(&ODD, DIGEST_WIDTH);
/// The key's public seed.
pub const SEED: Range<usize> = after(&ONE_TIME_KEY, 2);
/// The number of the current pair of chains.
pub const PAIR: usize = SEED.end;
/// What is left of the two message words; later `valid_until - batch_number` and the new nonce.
pub const WORD: Range<usize> = PAIR + 1..PAIR + 3;
/// Marks the row that closes pair 15, where the words' high halves are left.
pub const MIDWAY: usize = WORD.end;
/// Inverses for the midway test; in the row of the signer's metadata, whether slot 0 signs for its own
/// replacement; in the row that collects fees, the carries of its sum.
pub const HINT: Range<usize> = MIDWAY + 1..MIDWAY + 3;
/// Four bits: two digits, four scope bits, or carries.
pub const BITS: Range<usize> = after(&HINT, 4);

// RANGES AND PATHS
// ------------------------------------------------------------------------------------------------

/// What is left of three limbs under a range check; before the signer's metadata, the gap so far.
pub const RANGE: Range<usize> = after(&BITS, NUM_LIMBS);
/// The lowest bit of each; or the gap's next bit.
pub const RANGE_BITS: Range<usize> = after(&RANGE, NUM_LIMBS);
/// Side of the path's node: 0 left, 1 right.
pub const INDEX_BIT: usize = RANGE_BITS.end;
/// What is left of the leaf index.
pub const INDEX: usize = INDEX_BIT + 1;

/// Number of columns of the trace.
pub const TRACE_WIDTH: usize = INDEX + 1;

const _: () = assert!(
    TRACE_WIDTH <= crate::limits::MAX_TRACE_WIDTH,
    "winterfell's verifier takes at most 254 columns"
);

/// A row of the trace, by the names of its columns.
///
/// The lanes are field elements of the base field (filling, evaluating) or of an extension (the
/// out-of-domain frame).
#[derive(Clone, Copy, Debug)]
pub struct Row<'a, E>(&'a [E; TRACE_WIDTH]);

impl<'a, E: FieldElement<BaseField = BaseElement>> Row<'a, E> {
    /// Views the first [`TRACE_WIDTH`] elements as a row; `None` if there are fewer.
    #[inline(always)]
    #[must_use]
    pub fn new(elements: &'a [E]) -> Option<Self> {
        elements.first_chunk().map(Self)
    }

    #[inline(always)]
    fn lanes<const N: usize>(self, start: usize) -> [E; N] {
        core::array::from_fn(|i| self.0[start + i])
    }

    /// The element in column `column`.
    #[inline(always)]
    pub(crate) fn at(self, column: usize) -> E {
        self.0[column]
    }

    /// The permutation's input.
    #[inline(always)]
    #[must_use]
    pub fn input(self) -> [E; STATE_WIDTH] {
        self.lanes(INPUT.start)
    }

    /// The left half of the input.
    #[inline(always)]
    #[must_use]
    pub fn lo(self) -> [E; DIGEST_WIDTH] {
        self.lanes(INPUT_LO.start)
    }

    /// The right half of the input, domain tag included.
    #[inline(always)]
    #[must_use]
    pub fn hi(self) -> [E; DIGEST_WIDTH] {
        self.lanes(INPUT_HI.start)
    }

    /// `h = s^3` of round `round`.
    #[inline(always)]
    #[must_use]
    pub fn cube(self, round: usize) -> [E; STATE_WIDTH] {
        self.lanes(round_start(round))
    }

    /// `v`, the state after the inverse S-box of round `round`.
    #[inline(always)]
    #[must_use]
    pub fn middle(self, round: usize) -> [E; STATE_WIDTH] {
        self.lanes(round_start(round) + STATE_WIDTH)
    }

    /// `g = v^3` of round `round`.
    #[inline(always)]
    #[must_use]
    pub fn middle_cube(self, round: usize) -> [E; STATE_WIDTH] {
        self.lanes(round_start(round) + 2 * STATE_WIDTH)
    }

    /// The previous row's compression output.
    #[inline(always)]
    #[must_use]
    pub fn carry(self) -> [E; DIGEST_WIDTH] {
        self.lanes(CARRY.start)
    }

    /// The current root of the account tree.
    #[inline(always)]
    #[must_use]
    pub fn root(self) -> [E; DIGEST_WIDTH] {
        self.lanes(ROOT.start)
    }

    /// The running digest of the operations.
    #[inline(always)]
    #[must_use]
    pub fn operations(self) -> [E; DIGEST_WIDTH] {
        self.lanes(OPERATIONS.start)
    }

    /// The record's payload.
    #[inline(always)]
    #[must_use]
    pub fn payload(self) -> [E; DIGEST_WIDTH] {
        self.lanes(PAYLOAD.start)
    }

    /// Spends with key slot 0, 1.
    #[inline(always)]
    #[must_use]
    pub fn spend(self) -> [E; 2] {
        self.lanes(SPEND.start)
    }

    /// Rotates with key slot 0, 1.
    #[inline(always)]
    #[must_use]
    pub fn rotate(self) -> [E; 2] {
        self.lanes(ROTATE.start)
    }

    /// Limbs of the amount.
    #[inline(always)]
    #[must_use]
    pub fn amount(self) -> [E; NUM_LIMBS] {
        self.lanes(AMOUNT.start)
    }

    /// Limbs of the fee.
    #[inline(always)]
    #[must_use]
    pub fn fee(self) -> [E; NUM_LIMBS] {
        self.lanes(FEE.start)
    }

    /// Limbs of the fee pool.
    #[inline(always)]
    #[must_use]
    pub fn pool(self) -> [E; NUM_LIMBS] {
        self.lanes(POOL.start)
    }

    /// Steps the even, odd chain.
    #[inline(always)]
    #[must_use]
    pub fn step(self) -> [E; 2] {
        self.lanes(STEP.start)
    }

    /// Positions of the even, odd chain.
    #[inline(always)]
    #[must_use]
    pub fn position(self) -> [E; 2] {
        self.lanes(POSITION.start)
    }

    /// Value of the even chain.
    #[inline(always)]
    #[must_use]
    pub fn even(self) -> [E; 2] {
        self.lanes(EVEN.start)
    }

    /// Value of the odd chain.
    #[inline(always)]
    #[must_use]
    pub fn odd(self) -> [E; 2] {
        self.lanes(ODD.start)
    }

    /// The one-time public key as far as absorbed.
    #[inline(always)]
    #[must_use]
    pub fn one_time_key(self) -> [E; DIGEST_WIDTH] {
        self.lanes(ONE_TIME_KEY.start)
    }

    /// The key's public seed.
    #[inline(always)]
    #[must_use]
    pub fn seed(self) -> [E; 2] {
        self.lanes(SEED.start)
    }

    /// What is left of the message words.
    #[inline(always)]
    #[must_use]
    pub fn word(self) -> [E; 2] {
        self.lanes(WORD.start)
    }

    /// Inverses or carries.
    #[inline(always)]
    #[must_use]
    pub fn hint(self) -> [E; 2] {
        self.lanes(HINT.start)
    }

    /// The four bits.
    #[inline(always)]
    #[must_use]
    pub fn bits(self) -> [E; 4] {
        self.lanes(BITS.start)
    }

    /// What is left of the limbs under a range check.
    #[inline(always)]
    #[must_use]
    pub fn range(self) -> [E; NUM_LIMBS] {
        self.lanes(RANGE.start)
    }

    /// Their lowest bits.
    #[inline(always)]
    #[must_use]
    pub fn range_bits(self) -> [E; NUM_LIMBS] {
        self.lanes(RANGE_BITS.start)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use winter_math::fields::f64::BaseElement;

    use super::*;

    /// A column of its own, as a range.
    const fn one(column: usize) -> Range<usize> {
        column..column + 1
    }

    #[test]
    fn every_column_has_one_place() {
        assert_eq!((INPUT, INPUT_LO, INPUT_HI), (0..8, 0..4, 4..8));
        assert_eq!((PERMUTATION, ROUND_WIDTH), (0..176, 24));
        for round in 0..NUM_ROUNDS {
            assert_eq!(round_start(round), [8, 32, 56, 80, 104, 128, 152][round]);
        }
        let places = [
            (PERMUTATION, 176),
            (CARRY, 4),
            (ROOT, 4),
            (OPERATIONS, 4),
            (PAYLOAD, 4),
            (SPEND, 2),
            (ROTATE, 2),
            (one(IS_TRANSFER), 1),
            (one(TARGETS_SLOT_0), 1),
            (one(IS_CREATE), 1),
            (one(IS_TOP_UP), 1),
            (one(IS_COLLECT), 1),
            (one(SUBJECT), 1),
            (one(TO), 1),
            (one(NONCE), 1),
            (one(KEY_INDEX), 1),
            (one(ASSET), 1),
            (one(SCOPE), 1),
            (one(VALID_UNTIL), 1),
            (AMOUNT, 3),
            (FEE, 3),
            (POOL, 3),
            (one(POOL_ASSET), 1),
            (STEP, 2),
            (one(CLOSE), 1),
            (POSITION, 2),
            (EVEN, 2),
            (ODD, 2),
            (ONE_TIME_KEY, 4),
            (SEED, 2),
            (one(PAIR), 1),
            (WORD, 2),
            (one(MIDWAY), 1),
            (HINT, 2),
            (BITS, 4),
            (RANGE, 3),
            (RANGE_BITS, 3),
            (one(INDEX_BIT), 1),
            (one(INDEX), 1),
        ];
        let mut end = 0;
        for (number, (place, width)) in places.into_iter().enumerate() {
            assert_eq!(place, end..end + width, "entry {number}");
            end = place.end;
        }
        assert_eq!((end, TRACE_WIDTH), (251, 251));
        assert_eq!(REGISTERS, PAYLOAD.start..POOL.start);
    }

    #[test]
    fn a_row_reads_the_columns_of_its_names() {
        let numbers: Vec<BaseElement> = (0..TRACE_WIDTH as u32).map(BaseElement::from).collect();
        assert!(Row::new(&numbers[1..]).is_none());
        let row = Row::new(&numbers).unwrap();
        let reads: [(&[BaseElement], Range<usize>); 22] = [
            (&row.input(), INPUT),
            (&row.lo(), INPUT_LO),
            (&row.hi(), INPUT_HI),
            (&row.carry(), CARRY),
            (&row.root(), ROOT),
            (&row.operations(), OPERATIONS),
            (&row.payload(), PAYLOAD),
            (&row.spend(), SPEND),
            (&row.rotate(), ROTATE),
            (&row.amount(), AMOUNT),
            (&row.fee(), FEE),
            (&row.pool(), POOL),
            (&row.step(), STEP),
            (&row.position(), POSITION),
            (&row.even(), EVEN),
            (&row.odd(), ODD),
            (&row.one_time_key(), ONE_TIME_KEY),
            (&row.seed(), SEED),
            (&row.word(), WORD),
            (&row.hint(), HINT),
            (&row.bits(), BITS),
            (&row.range(), RANGE),
        ];
        for (read, columns) in reads {
            assert_eq!(*read, numbers[columns.clone()], "{columns:?}");
        }
        assert_eq!(row.range_bits(), numbers[RANGE_BITS]);
        assert_eq!(row.at(INDEX), numbers[INDEX]);
        for round in 0..NUM_ROUNDS {
            let start = 8 + 24 * round;
            assert_eq!(row.cube(round), numbers[start..start + 8]);
            assert_eq!(row.middle(round), numbers[start + 8..start + 16]);
            assert_eq!(row.middle_cube(round), numbers[start + 16..start + 24]);
        }
    }
}
