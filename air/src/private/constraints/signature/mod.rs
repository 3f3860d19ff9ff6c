//! What a credential has besides: a root that nobody sees, and an issuer's signature.
//!
//! The signature is 64 Winternitz chains in pairs, a row a step or the closing of a pair. How many steps a chain
//! takes depends on its digit; how many the 64 chains take together does not, since the digits of a signed message
//! sum to a target. The phase therefore has a fixed length and three flags that say what each of its rows does. The
//! rules are those of the chains of a [batch](crate::batch), on the columns of this trace: the pair's number is in
//! `INDEX`, the number of the one-time key in `POSITION`, and the one-time key so far in `X`.

mod attributes;
mod chains;
mod message;

use alloc::vec::Vec;

use winter_air::TransitionConstraintDegree;
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::super::{
    columns::{CARRY, INDEX, signature as column},
    schedule::Selector,
};
use crate::groups::{Degree, Sink, constraint_groups};

constraint_groups! {
    ;
    attributes {
        CONSTANTS = constants,
        ATTRIBUTES = attributes,
    }
    chains {
        FLAGS = flags,
        PHASE = phase,
    }
    message {
        DIGITS = digits,
    }
    chains {
        CHAIN_INPUT = input,
        CHAIN_VALUES = values,
        PLACES_OPEN = places_open,
        PLACES = places,
    }
    message {
        WORDS = words,
        WORDS_END = words_end,
        MIDWAY = midway,
        CANONICAL = canonical,
    }
    chains {
        ONE_TIME_KEY = one_time_key,
        PAIRS = pairs,
    }
}

/// The degree of every constraint, in order, in a trace of `rows` rows.
pub(super) fn degrees(rows: usize) -> Vec<TransitionConstraintDegree> {
    Degree::all(&DEGREES, rows)
}

/// Writes the constraints into `result`; leaves it as it is if rows or `result` are too short.
#[inline(always)]
pub(super) fn evaluate<E: FieldElement<BaseField = BaseElement>>(
    common: &super::View<'_, E>,
    (current, next): (&[E], &[E]),
    result: &mut [E],
) {
    let (Some(cells), Some(next), Some(result)) = (
        Cells::of(current),
        Cells::of(next),
        result.first_chunk_mut::<NUM_CONSTRAINTS>(),
    ) else {
        return;
    };
    let view = View {
        common,
        cells,
        next,
    };
    let mut sink = Sink::after(result, 0);
    constrain(&view, &mut sink);
    debug_assert_eq!(sink.len(), NUM_CONSTRAINTS);
}

/// What a group of constraints sees: what every statement's groups do, and the cells of a credential in two rows.
struct View<'a, E> {
    common: &'a super::View<'a, E>,
    cells: Cells<E>,
    next: Cells<E>,
}

impl<E: FieldElement<BaseField = BaseElement>> View<'_, E> {
    /// The value of a selector in the current row.
    #[inline(always)]
    fn on(&self, selector: Selector) -> E {
        self.common.on(selector)
    }

    /// 1 if the row is a step of either chain.
    #[inline(always)]
    fn step(&self) -> E {
        self.cells.step[0] + self.cells.step[1]
    }
}

/// The cells of a row that a credential alone has, and those that the signature shares.
struct Cells<E> {
    root: [E; 4],
    seed: [E; 2],
    step: [E; 2],
    close: E,
    place: [E; 2],
    even: [E; 2],
    odd: [E; 2],
    word: [E; 2],
    midway: E,
    hint: [E; 2],
    digits: [E; 4],
    // those that it shares
    pair: E,
    key: [E; 4],
}

impl<E: FieldElement<BaseField = BaseElement>> Cells<E> {
    /// The cells of a row of [`column::TRACE_WIDTH`] columns; `None` if there are fewer.
    #[inline(always)]
    fn of(row: &[E]) -> Option<Self> {
        let row: &[E; column::TRACE_WIDTH] = row.first_chunk()?;
        let pair = |start: usize| [row[start], row[start + 1]];
        let four = |start: usize| [row[start], row[start + 1], row[start + 2], row[start + 3]];
        Some(Self {
            root: four(column::ROOT.start),
            seed: pair(column::SEED.start),
            step: pair(column::STEP.start),
            close: row[column::CLOSE],
            place: pair(column::PLACE.start),
            even: pair(column::EVEN.start),
            odd: pair(column::ODD.start),
            word: pair(column::WORD.start),
            midway: row[column::MIDWAY],
            hint: pair(column::HINT.start),
            digits: four(column::DIGITS.start),
            pair: row[INDEX],
            key: four(CARRY.start),
        })
    }
}
