//! The transition constraints of private statements, in groups; each group is a function of two neighbouring rows.
//!
//! Each function has its [`ConstraintGroup`] beside it: name, number, degree and
//! the rule it enforces. `docs/private.md` has them as a table. The statements without a signature have
//! [`CONSTRAINT_GROUPS`]; a credential has those of [`signature`] besides, on columns of its own: together they are
//! [`CREDENTIAL_GROUPS`].
//!
//! All have total degree 3 at most, periodic columns included. A sum of terms with several selectors is one
//! constraint: no two of its selectors are on in the same row (a test checks every table).

mod ranges;
pub mod signature;
mod wiring;

use alloc::vec::Vec;

use winter_air::{EvaluationFrame, TransitionConstraintDegree};
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    columns::{INPUT_HI, INPUT_LO, Row},
    schedule::{NUM_SELECTORS, Selector},
};
use crate::{
    groups::{ConstraintGroup, ConstraintGroups, Degree, Sink, constraint_groups},
    permutation,
};

constraint_groups! {
    permutation::group("each row is a hash; no selector");
    wiring {
        INPUT_LO = input_lo,
        INPUT_HI = input_hi,
        PATH = path,
        CARRY_ON = carry,
        KEEP = kept,
        KEEP_SECRET = secret,
        CHECKS = checks,
        FOLLOW_INDEX = index,
        REGISTERS = registers,
        ACCOUNT = account,
    }
    ranges {
        ALL_BITS = bits,
        RANGE_STEP = range,
        RANGE_END = range_end,
        ADD = sum,
        SUM_END = sum_end,
        DUMMY = dummy,
    }
}

/// The groups of a credential, in the order of their constraints: those of every statement, then those of the
/// signature.
pub const CREDENTIAL_GROUPS: ConstraintGroups = ConstraintGroups::new(&ALL_GROUPS);

const ALL_GROUPS: [ConstraintGroup; CONSTRAINT_GROUPS.len() + signature::CONSTRAINT_GROUPS.len()] =
    CONSTRAINT_GROUPS.followed_by(&signature::CONSTRAINT_GROUPS);

/// Number of transition constraints of a credential.
pub const NUM_SIGNED_CONSTRAINTS: usize = CREDENTIAL_GROUPS.num_constraints();

/// The degree of every constraint, in order, in a trace of `rows` rows.
pub(super) fn degrees(rows: usize, is_signed: bool) -> Vec<TransitionConstraintDegree> {
    let mut degrees = Degree::all(&DEGREES, rows);
    if is_signed {
        degrees.extend(signature::degrees(rows));
    }
    degrees
}

/// Writes the value of every constraint on the transition of `frame` into `result`: as many as it has room for,
/// [`NUM_CONSTRAINTS`] or [`NUM_SIGNED_CONSTRAINTS`].
///
/// A frame, `periodic` or `result` shorter than the AIR's satisfies nothing; winterfell never passes one.
#[inline(always)]
pub(super) fn evaluate<E: FieldElement<BaseField = BaseElement>>(
    frame: &EvaluationFrame<E>,
    periodic: &[E],
    result: &mut [E],
) {
    result.fill(E::ONE);
    let (Some(current), Some(next), Some(selectors), Some((result, signed))) = (
        Row::new(frame.current()),
        Row::new(frame.next()),
        periodic.first_chunk(),
        result.split_first_chunk_mut::<NUM_CONSTRAINTS>(),
    ) else {
        return;
    };
    let (Some(cells), Some(rounds)) = (frame.current().first_chunk(), result.first_chunk_mut())
    else {
        return;
    };
    let output = permutation::constrain(cells, rounds);
    let mut tail = current.lanes::<4>(INPUT_HI.start);
    let tags: &[E; NUM_SELECTORS] = selectors;
    tail[3] -= tags[Selector::Tag as usize];
    let view = View {
        current,
        next,
        selectors,
        output,
        lo: current.lanes(INPUT_LO.start),
        hi: tail,
    };
    let mut sink = Sink::after(result, permutation::LEN);
    constrain(&view, &mut sink);
    debug_assert_eq!(sink.len(), NUM_CONSTRAINTS);
    if !signed.is_empty() {
        signature::evaluate(&view, (frame.current(), frame.next()), signed);
    }
}

/// What a group of constraints sees: two rows, the selectors, the halves of the input without the tag, and
/// the compression output.
struct View<'a, E> {
    current: Row<'a, E>,
    next: Row<'a, E>,
    selectors: &'a [E; NUM_SELECTORS],
    output: [E; 4],
    lo: [E; 4],
    hi: [E; 4],
}

impl<E: FieldElement<BaseField = BaseElement>> View<'_, E> {
    /// The value of a selector in the current row.
    #[inline(always)]
    fn on(&self, selector: Selector) -> E {
        self.selectors[selector as usize]
    }

    /// The element in column `column` of the current row.
    #[inline(always)]
    fn at(&self, column: usize) -> E {
        self.current.at(column)
    }

    /// The value in the right half.
    #[inline(always)]
    fn tail(&self) -> [E; 3] {
        let [_, low, middle, high] = self.hi;
        [low, middle, high]
    }
}
