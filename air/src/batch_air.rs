//! The AIR of one batch: [`BatchAir`] implements `winterfell`'s `Air` for the statement.

use alloc::vec::Vec;

use winter_air::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};
use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    PublicInputs,
    columns::{OPERATIONS, POOL, ROOT, TRACE_WIDTH},
    constraints::{self, PublicValues},
    public::MAX_OPERATIONS,
    schedule::{BLOCK_ROWS, periodic_columns},
};

/// Boundary assertions: roots, operations digest and fee pool, in the first and the last row.
pub const NUM_ASSERTIONS: usize = 22;

/// The statement of a batch as an algebraic intermediate representation.
///
/// The trace has [`TRACE_WIDTH`] columns and [`BLOCK_ROWS`] rows an operation; every constraint
/// has total degree 3 at most, so that any blowup factor from 2 on proves it.
pub struct BatchAir {
    context: AirContext<BaseElement>,
    inputs: PublicInputs,
    values: PublicValues,
}

impl BatchAir {
    /// The shape of the trace of a batch with these public inputs.
    ///
    /// Public inputs that no batch has (a number of operations that is zero, no power of two or
    /// above [`MAX_OPERATIONS`]) give the shape of the nearest batch size above, or of the largest:
    /// nothing here can fail, and a verifier refuses such inputs before it looks at a proof.
    #[must_use]
    pub fn trace_info(inputs: &PublicInputs) -> TraceInfo {
        let operations = inputs
            .num_operations
            .clamp(1, MAX_OPERATIONS)
            .next_power_of_two()
            .min(MAX_OPERATIONS);
        TraceInfo::new(TRACE_WIDTH, operations as usize * BLOCK_ROWS)
    }

    /// The public inputs.
    #[must_use]
    pub fn public_inputs(&self) -> &PublicInputs {
        &self.inputs
    }
}

impl Air for BatchAir {
    type BaseField = BaseElement;
    type PublicInputs = PublicInputs;

    /// Builds the AIR for `inputs`.
    ///
    /// The shape of the trace follows from the public inputs alone: whatever the proof's header
    /// says of it, `trace_info`, is ignored here (its transcript binds it), so no proof can make
    /// this panic.
    fn new(_trace_info: TraceInfo, inputs: PublicInputs, options: ProofOptions) -> Self {
        let context = AirContext::new(
            Self::trace_info(&inputs),
            constraints::degrees(),
            NUM_ASSERTIONS,
            options,
        );
        let values = PublicValues {
            domain: inputs.domain.0,
            batch_number: BaseElement::new(inputs.batch_number),
        };
        Self {
            context,
            inputs,
            values,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic_values: &[E],
        result: &mut [E],
    ) {
        constraints::evaluate(frame, periodic_values, &self.values, result);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.context.trace_len() - 1;
        let mut assertions = Vec::with_capacity(NUM_ASSERTIONS);
        let mut assert_lanes = |columns: core::ops::Range<usize>, row, values: &[BaseElement]| {
            for (column, &value) in columns.zip(values) {
                assertions.push(Assertion::single(column, row, value));
            }
        };
        let zero = [BaseElement::ZERO; 4];
        assert_lanes(ROOT, 0, &self.inputs.old_root.0);
        assert_lanes(ROOT, last, &self.inputs.new_root.0);
        assert_lanes(OPERATIONS, 0, &zero);
        assert_lanes(OPERATIONS, last, &self.inputs.operations_digest.0);
        assert_lanes(POOL, 0, &zero);
        assert_lanes(POOL, last, &zero);
        assertions
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        periodic_columns()
    }
}

/// Degrees of the transition constraints, in their order.
#[must_use]
pub fn constraint_degrees() -> Vec<TransitionConstraintDegree> {
    constraints::degrees()
}
