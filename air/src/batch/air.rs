//! The AIR of one batch: [`BatchAir`] implements `winterfell`'s `Air` for the statement.

use alloc::vec::Vec;

use winter_air::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};
use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    batch::columns::{OPERATIONS, POOL, ROOT, TRACE_WIDTH},
    batch::constraints::{self, PublicValues},
    batch::schedule::{BLOCK_ROWS, periodic_columns},
};
use winterlane_ledger::{PublicInputs, public::MAX_OPERATIONS};

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
            domain: inputs.domain.0.0,
            batch_number: BaseElement::new(inputs.batch_number.get()),
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
        assert_lanes(ROOT, 0, &self.inputs.old_root.0.0);
        assert_lanes(ROOT, last, &self.inputs.new_root.0.0);
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

#[cfg(test)]
mod tests {
    use winter_air::{BatchingMethod, FieldExtension};

    use super::*;
    use crate::batch::constraints::CONSTRAINT_GROUPS;
    use winterlane_ledger::{BatchNumber, Digest, Domain, Root};

    fn inputs(num_operations: u32) -> PublicInputs {
        let digest = |n: u32| Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from));
        PublicInputs {
            domain: Domain(digest(1)),
            batch_number: BatchNumber::new(5),
            old_root: Root(digest(11)),
            new_root: Root(digest(21)),
            operations_digest: digest(31),
            num_operations,
        }
    }

    fn air(inputs: PublicInputs) -> BatchAir {
        let linear = BatchingMethod::Linear;
        let cubic = FieldExtension::Cubic;
        let options = ProofOptions::new(16, 2, 0, cubic, 8, 255, linear, linear);
        // what a proof's header says of the trace counts for nothing
        BatchAir::new(TraceInfo::new(3, 8), inputs, options)
    }

    #[test]
    fn the_shape_follows_from_the_number_of_operations() {
        let rows = |operations| BatchAir::trace_info(&inputs(operations)).length();
        for (operations, blocks) in [(1, 1), (2, 2), (4, 4), (MAX_OPERATIONS, 1 << 13)] {
            assert_eq!(rows(operations), 256 * blocks);
        }
        // numbers that no batch has
        let nearest = [
            (0, 1),
            (3, 4),
            (MAX_OPERATIONS + 1, 1 << 13),
            (u32::MAX, 1 << 13),
        ];
        for (operations, blocks) in nearest {
            assert_eq!(rows(operations), 256 * blocks);
        }
        let air = air(inputs(2));
        assert_eq!(air.trace_info(), &BatchAir::trace_info(&inputs(2)));
        assert_eq!(air.trace_info().main_trace_width(), TRACE_WIDTH);
        assert_eq!(air.public_inputs(), &inputs(2));
    }

    #[test]
    fn first_and_last_row_are_those_of_the_claim() {
        let inputs = inputs(2);
        let zero = [BaseElement::ZERO; 4];
        let mut expected = Vec::new();
        let mut expect = |start: usize, row: usize, values: &[BaseElement]| {
            let places = values.iter().enumerate();
            expected.extend(places.map(|(i, &value)| (start + i, row, value)));
        };
        expect(ROOT.start, 0, &inputs.old_root.0.0);
        expect(ROOT.start, 511, &inputs.new_root.0.0);
        expect(OPERATIONS.start, 0, &zero);
        expect(OPERATIONS.start, 511, &inputs.operations_digest.0);
        expect(POOL.start, 0, &zero[..3]);
        expect(POOL.start, 511, &zero[..3]);
        let assertions = air(inputs).get_assertions();
        assert_eq!(assertions.len(), NUM_ASSERTIONS);
        for (assertion, (column, row, value)) in assertions.iter().zip(expected) {
            assert!(assertion.is_single());
            assert_eq!(
                (
                    assertion.column(),
                    assertion.first_step(),
                    assertion.values()
                ),
                (column, row, &[value][..])
            );
        }
    }

    #[test]
    fn degrees_are_those_of_the_groups() {
        let degrees = constraint_degrees();
        let mut at = 0;
        for group in CONSTRAINT_GROUPS.iter() {
            for _ in 0..group.len {
                // the degree of a constraint's polynomial over a trace of 2^10 rows, 4 blocks
                let periodic = if group.periodic { 255 * 4 } else { 0 };
                let expected = group.degree * 1023 + periodic;
                assert_eq!(
                    degrees[at].get_evaluation_degree(1024),
                    expected,
                    "{}",
                    group.name
                );
                at += 1;
            }
        }
        assert_eq!(at, degrees.len());
        assert_eq!(air(inputs(1)).context().num_transition_constraints(), at);
    }
}
