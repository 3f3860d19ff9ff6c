//! The transition constraints of private statements, in groups.
//!
//! The statements without a signature have [`CONSTRAINT_GROUPS`]; a credential has
//! [`SIGNATURE_GROUPS`] besides, on columns of its own.
//!
//! All have total degree 3 at most, periodic columns included. A sum of terms with several selectors is one
//! constraint: no two of its selectors are on in the same row (a test checks every table).

mod ranges;
mod signature;
mod wiring;

use alloc::vec::Vec;

use winter_air::{EvaluationFrame, TransitionConstraintDegree};
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    columns::{INPUT_HI, INPUT_LO, Row},
    schedule::{NUM_SELECTORS, Selector},
};
use crate::permutation;

/// A group of constraints: how many, of which degree in the trace columns, and the rule.
#[derive(Clone, Copy, Debug)]
pub struct ConstraintGroup {
    /// The group's name.
    pub name: &'static str,
    /// Number of constraints.
    pub len: usize,
    /// Degree in the trace columns.
    pub degree: usize,
    /// Whether constraints are also multiplied by periodic columns, and count one degree for it.
    pub periodic: bool,
}

const fn group(name: &'static str, len: usize, degree: usize, periodic: bool) -> ConstraintGroup {
    assert!(degree + periodic as usize <= 3, "total degree is 3 at most");
    ConstraintGroup {
        name,
        len,
        degree,
        periodic,
    }
}

/// The groups of every statement, in the order of their constraints.
pub const CONSTRAINT_GROUPS: &[ConstraintGroup] = &[
    group("permutation", permutation::LEN, 3, false),
    group("input-lo", 4, 1, true),
    group("input-hi", 4, 1, true),
    group("path", 4, 2, true),
    group("carry", 4, 1, true),
    group("kept", 4, 1, true),
    group("secret", 4, 1, true),
    group("roots", 8, 1, false),
    group("checks", 4, 2, true),
    group("index", 2, 1, true),
    group("registers", 4, 1, true),
    group("account", 3, 2, true),
    group("bits", ranges::NUM_BITS, 2, false),
    group("range", 3, 2, true),
    group("range-end", 3, 1, true),
    group("sum", 3, 1, true),
    group("sum-end", 3, 1, true),
    group("dummy", 3, 2, true),
];

/// The groups that a credential has besides, after the others.
pub const SIGNATURE_GROUPS: &[ConstraintGroup] = signature::GROUPS;

const fn total(groups: &[ConstraintGroup]) -> usize {
    let (mut total, mut i) = (0, 0);
    while i < groups.len() {
        total += groups[i].len;
        i += 1;
    }
    total
}

/// Number of transition constraints of a statement without a signature.
pub const NUM_CONSTRAINTS: usize = total(CONSTRAINT_GROUPS);
/// Number of transition constraints of a credential.
pub const NUM_SIGNED_CONSTRAINTS: usize = NUM_CONSTRAINTS + signature::LEN;

/// The groups of a statement.
fn groups(is_signed: bool) -> impl Iterator<Item = &'static ConstraintGroup> {
    let more = if is_signed { SIGNATURE_GROUPS } else { &[] };
    CONSTRAINT_GROUPS.iter().chain(more)
}

/// The group of a constraint, and its place in the group.
#[must_use]
pub fn constraint_name(constraint: usize) -> (&'static str, usize) {
    let mut index = constraint;
    for group in groups(true) {
        if index < group.len {
            return (group.name, index);
        }
        index -= group.len;
    }
    ("none", index)
}

/// The degree of every constraint, in order, in a trace of `rows` rows.
pub(super) fn degrees(rows: usize, is_signed: bool) -> Vec<TransitionConstraintDegree> {
    groups(is_signed)
        .flat_map(|group| {
            let degree = if group.periodic {
                TransitionConstraintDegree::with_cycles(group.degree, alloc::vec![rows])
            } else {
                TransitionConstraintDegree::new(group.degree)
            };
            core::iter::repeat_n(degree, group.len)
        })
        .collect()
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
    let mut sink = Sink {
        values: result,
        len: permutation::LEN,
    };
    wiring::constrain(&view, &mut sink);
    ranges::constrain(&view, &mut sink);
    debug_assert_eq!(sink.len, NUM_CONSTRAINTS);
    if !signed.is_empty() {
        signature::constrain(&view, (frame.current(), frame.next()), signed);
    }
}

/// Takes the constraints' values in order.
struct Sink<'a, E, const N: usize = NUM_CONSTRAINTS> {
    values: &'a mut [E; N],
    len: usize,
}

impl<E, const N: usize> Sink<'_, E, N> {
    #[inline(always)]
    fn push(&mut self, value: E) {
        if let Some(slot) = self.values.get_mut(self.len) {
            *slot = value;
        }
        self.len += 1;
    }

    #[inline(always)]
    fn extend<const M: usize>(&mut self, values: [E; M])
    where
        E: Copy,
    {
        for &value in &values {
            self.push(value);
        }
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
