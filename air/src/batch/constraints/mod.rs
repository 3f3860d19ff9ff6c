//! The transition constraints, in groups; each group is a function of two neighbouring rows.
//!
//! Each function has its [`ConstraintGroup`](crate::groups::ConstraintGroup) beside it: name, number, degree and
//! the rule it enforces. `docs/constraints.md` has them as a table. All constraints have total degree at most 3,
//! periodic columns included.

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
    groups::{Degree, Sink, constraint_groups},
    permutation,
};

constraint_groups! {
    permutation::group("all");
    wiring {
        INPUT_LO = input_lo,
        INPUT_HI = input_hi,
        NEXT_LO = next_lo,
        NEXT_HI = next_hi,
        CARRY = carry,
        ROOT_BEFORE = root_before,
        ROOT_AFTER = root_after,
        OPERATIONS = operations,
    }
    account {
        KEY_ROOT = key_root,
        KEY_INDEX = key_index,
        SCOPES = scopes,
        CREATION = creation,
        NEW_KEYS = new_keys,
    }
    chains {
        STEP_FLAGS = flags,
        CHAIN_INPUT = input,
        CHAIN_VALUES = values,
        CHAIN_POSITIONS = positions,
        MESSAGE_WORDS = words,
        CANONICAL_WORDS = canonical_words,
        ONE_TIME_KEY = one_time_key,
        PAIRS = pairs,
        SEED = seed,
    }
    path {
        KEY_TREE = key_tree,
        PATH = path,
        SIBLINGS = siblings,
        SIDE = side,
        INDEX = index,
    }
    range {
        BITS = bits,
        LIMBS = limbs,
        LIMBS_END = limbs_end,
        VALIDITY = validity,
        NONCE = nonce,
    }
    operation {
        FLAGS = flags,
        RECORD = record,
        REGISTERS = registers,
        POOL = pool,
        POOL_ASSET = pool_asset,
        COLLECTION = collection,
    }
}

/// The degree of every constraint, in order.
pub(crate) fn degrees() -> Vec<TransitionConstraintDegree> {
    Degree::all(&DEGREES, BLOCK_ROWS)
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
    let view = View {
        current,
        next,
        selectors,
        output,
        public,
    };
    let mut sink = Sink::after(result, permutation::LEN);
    constrain(&view, &mut sink);
    debug_assert_eq!(sink.len(), NUM_CONSTRAINTS);
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
