//! The transition constraints, in groups; each group is a function of two neighbouring rows.
//!
//! `docs/constraints.md` lists every constraint with its degree and the rule it enforces. All
//! constraints have total degree at most 3, periodic columns included.

mod account;
mod chains;
mod operation;
mod path;
mod range;
mod wiring;

use alloc::vec::Vec;

use winter_air::{EvaluationFrame, TransitionConstraintDegree};
use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    arithmetic::{bit, constant, minus, plus, tagged, times, twice},
    batch::columns::{self as column, DIGEST_WIDTH, Row},
    batch::schedule::{BLOCK_ROWS, NUM_SELECTORS, Selector},
    permutation,
};

/// A group of constraints: how many, of which degree.
#[derive(Clone, Copy, Debug)]
pub struct ConstraintGroup {
    /// The group's name in `docs/constraints.md`.
    pub name: &'static str,
    /// Number of constraints.
    pub len: usize,
    /// Degree in the trace columns.
    pub degree: usize,
    /// Whether a constraint is also multiplied by a periodic column.
    pub periodic: bool,
}

impl ConstraintGroup {
    const fn new(name: &'static str, len: usize, degree: usize, periodic: bool) -> Self {
        assert!(
            degree + periodic as usize <= 3,
            "constraints have total degree 3 at most"
        );
        Self {
            name,
            len,
            degree,
            periodic,
        }
    }
}

/// The groups, in the order of their constraints.
pub const CONSTRAINT_GROUPS: &[ConstraintGroup] = &[
    ConstraintGroup::new("permutation", permutation::LEN, 3, false),
    ConstraintGroup::new("input-lo", DIGEST_WIDTH, 1, true),
    ConstraintGroup::new("input-hi", DIGEST_WIDTH, 1, true),
    ConstraintGroup::new("next-lo", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("next-hi", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("carry", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("root-before", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("root-after", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("operations", DIGEST_WIDTH, 1, true),
    ConstraintGroup::new("key-root", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("key-index", account::KEY_INDEX_LEN, 2, true),
    ConstraintGroup::new("scopes", account::SCOPES_LEN, 2, true),
    ConstraintGroup::new("creation", account::CREATION_LEN, 2, true),
    ConstraintGroup::new("new-keys", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("step-flags", 4, 2, true),
    ConstraintGroup::new("chain-input", chains::INPUT_LEN, 2, false),
    ConstraintGroup::new("chain-values", 4, 2, false),
    ConstraintGroup::new("chain-positions", 6, 2, true),
    ConstraintGroup::new("message-words", 4, 2, true),
    ConstraintGroup::new("canonical-words", 3, 3, false),
    ConstraintGroup::new("one-time-key", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("pairs", 3, 1, true),
    ConstraintGroup::new("seed", 2, 1, true),
    ConstraintGroup::new("key-tree", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("path", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("siblings", DIGEST_WIDTH, 2, true),
    ConstraintGroup::new("side", 1, 1, true),
    ConstraintGroup::new("index", 2, 1, true),
    ConstraintGroup::new("bits", range::NUM_BITS, 2, false),
    ConstraintGroup::new("limbs", 3, 1, true),
    ConstraintGroup::new("limbs-end", 3, 1, true),
    ConstraintGroup::new("validity", 2, 2, true),
    ConstraintGroup::new("nonce", 2, 1, true),
    ConstraintGroup::new("flags", operation::FLAGS_LEN, 2, false),
    ConstraintGroup::new("record", operation::RECORD_LEN, 2, false),
    ConstraintGroup::new("registers", operation::REGISTERS_LEN, 1, true),
    ConstraintGroup::new("pool", 3, 2, true),
    ConstraintGroup::new("pool-asset", 5, 2, true),
    ConstraintGroup::new("collection", 3, 2, true),
];

/// Number of transition constraints.
pub const NUM_CONSTRAINTS: usize = {
    let (mut total, mut i) = (0, 0);
    while i < CONSTRAINT_GROUPS.len() {
        total += CONSTRAINT_GROUPS[i].len;
        i += 1;
    }
    total
};

/// The degree of every constraint, in order.
pub(crate) fn degrees() -> Vec<TransitionConstraintDegree> {
    CONSTRAINT_GROUPS
        .iter()
        .flat_map(|group| {
            let degree = if group.periodic {
                TransitionConstraintDegree::with_cycles(group.degree, alloc::vec![BLOCK_ROWS])
            } else {
                TransitionConstraintDegree::new(group.degree)
            };
            core::iter::repeat_n(degree, group.len)
        })
        .collect()
}

/// The public inputs that appear inside transition constraints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublicValues {
    pub(crate) domain: [BaseElement; DIGEST_WIDTH],
    pub(crate) batch_number: BaseElement,
}

/// Writes the value of every constraint on the transition of `frame` into `result`.
///
/// A frame, `periodic` or `result` shorter than the AIR's leaves `result` as it is; winterfell
/// never passes one.
#[inline(always)]
pub(crate) fn evaluate<E: FieldElement<BaseField = BaseElement>>(
    frame: &EvaluationFrame<E>,
    periodic: &[E],
    public: &PublicValues,
    result: &mut [E],
) {
    let (Some(current), Some(next), Some(selectors), Some(result)) = (
        Row::new(frame.current()),
        Row::new(frame.next()),
        periodic.first_chunk(),
        result.first_chunk_mut(),
    ) else {
        return;
    };
    let (Some(cells), Some(rounds)) = (frame.current().first_chunk(), result.first_chunk_mut())
    else {
        return;
    };
    let output = permutation::constrain(cells, rounds);
    let mut sink = Sink {
        values: result,
        len: permutation::LEN,
    };
    let view = View {
        current,
        next,
        selectors,
        output,
        public,
    };
    wiring::constrain(&view, &mut sink);
    account::constrain(&view, &mut sink);
    chains::constrain(&view, &mut sink);
    path::constrain(&view, &mut sink);
    range::constrain(&view, &mut sink);
    operation::constrain(&view, &mut sink);
    debug_assert_eq!(sink.len, NUM_CONSTRAINTS);
}

/// Takes the constraints' values in order.
struct Sink<'a, E> {
    values: &'a mut [E; NUM_CONSTRAINTS],
    len: usize,
}

impl<E> Sink<'_, E> {
    #[inline(always)]
    fn push(&mut self, value: E) {
        if let Some(slot) = self.values.get_mut(self.len) {
            *slot = value;
        }
        self.len += 1;
    }

    #[inline(always)]
    fn extend<const N: usize>(&mut self, values: [E; N])
    where
        E: Copy,
    {
        for &value in &values {
            self.push(value);
        }
    }
}

/// What a group of constraints sees: two rows, the selectors, this row's compression output.
struct View<'a, E> {
    current: Row<'a, E>,
    next: Row<'a, E>,
    selectors: &'a [E; NUM_SELECTORS],
    output: [E; DIGEST_WIDTH],
    public: &'a PublicValues,
}

impl<E: FieldElement<BaseField = BaseElement>> View<'_, E> {
    /// The value of a periodic column in the current row.
    #[inline(always)]
    fn on(&self, selector: Selector) -> E {
        self.selectors[selector as usize]
    }

    /// The element in column `column` of the current row.
    #[inline(always)]
    fn at(&self, column: usize) -> E {
        self.current.at(column)
    }
}

/// Derived flags of the operation in the current row. Each is linear in the columns.
impl<E: FieldElement<BaseField = BaseElement>> View<'_, E> {
    /// 1 if the operation spends: transfer or withdrawal.
    #[inline(always)]
    fn spends(&self) -> E {
        let [slot0, slot1] = self.current.spend();
        slot0 + slot1
    }

    /// 1 if the operation rotates a key.
    #[inline(always)]
    fn rotates(&self) -> E {
        let [slot0, slot1] = self.current.rotate();
        slot0 + slot1
    }

    /// 1 if the operation needs a signature.
    #[inline(always)]
    fn signed(&self) -> E {
        self.spends() + self.rotates()
    }

    /// 1 in lane i if the signature is by key slot i.
    #[inline(always)]
    fn signing_slot(&self) -> [E; 2] {
        let [spend0, spend1] = self.current.spend();
        let [rotate0, rotate1] = self.current.rotate();
        [spend0 + rotate0, spend1 + rotate1]
    }

    /// 1 in lane i if the operation replaces key slot i.
    #[inline(always)]
    fn target_slot(&self) -> [E; 2] {
        let slot0 = self.at(column::TARGETS_SLOT_0);
        [slot0, self.rotates() - slot0]
    }

    /// In the row of the signer's metadata, 1 if slot 0 signs for its own replacement.
    #[inline(always)]
    fn replaces_itself(&self) -> E {
        let [hint, _] = self.current.hint();
        hint
    }

    /// 1 in lane i if key slot i signs and stays, so that its next index moves. Only in the row of
    /// the signer's metadata.
    #[inline(always)]
    fn advances(&self) -> [E; 2] {
        let itself = self.replaces_itself();
        let [spend_0, spend_1] = self.current.spend();
        let [rotate_0, _] = self.current.rotate();
        // a rotation that replaces slot 0, and is not signed by slot 0, is signed by slot 1
        [
            spend_0 + rotate_0 - itself,
            spend_1 + self.at(column::TARGETS_SLOT_0) - itself,
        ]
    }

    /// 1 if the operation is a withdrawal.
    #[inline(always)]
    fn withdraws(&self) -> E {
        self.spends() - self.at(column::IS_TRANSFER)
    }

    /// 1 if the operation is a deposit.
    #[inline(always)]
    fn deposits(&self) -> E {
        self.at(column::IS_CREATE) + self.at(column::IS_TOP_UP)
    }

    /// 1 if an account receives the amount.
    #[inline(always)]
    fn receives(&self) -> E {
        self.at(column::IS_TRANSFER) + self.deposits() + self.at(column::IS_COLLECT)
    }

    /// 1 if the operation is any but padding.
    #[inline(always)]
    fn acts(&self) -> E {
        self.signed() + self.deposits() + self.at(column::IS_COLLECT)
    }
}
