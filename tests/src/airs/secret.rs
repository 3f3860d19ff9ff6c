//! Columns of any degree with every kind of assertion, for hiding proofs.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    AirContext, Assertion, EvaluationFrame, ProofOptions, Trace, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestTrace, run};

/// Columns in which the statement runs.
const RUNNING: usize = 4;

/// Rows from one asserted value of the sequence to the next.
const STRIDE: usize = 4;

/// The period of the periodic assertion and of the periodic column.
const PERIOD: usize = 8;

/// `c_i' = c_i^degree + c_{i+1} + t` with a periodic column `t`; a column asserted every fourth row by a
/// sequence, one asserted every eighth row periodically, both in no constraint.
///
/// The last running column is asserted in row 0, the first one in row 0 and half of the way.
pub struct Secret {
    degree: u32,
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

// No `Air` of its own: `AnyAir` knows the degree.
impl Secret {
    pub(super) fn new(
        degree: u8,
        info: TraceInfo,
        Inputs(inputs): Inputs,
        options: ProofOptions,
    ) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(degree.into()); RUNNING];
        Self {
            degree: degree.into(),
            context: AirContext::new(info, degrees, 5, options),
            inputs,
        }
    }

    pub(super) const fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    pub(super) fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        // All columns are looked at: a frame with others than the AIR's own would show.
        assert_eq!(frame.current().len(), RUNNING + 2);
        assert_eq!(periodic.len(), 1);
        for (i, result) in result.iter_mut().enumerate() {
            let current = frame.current();
            *result = frame.next()[i]
                - current[i].exp_vartime(E::PositiveInteger::from(self.degree))
                - current[(i + 1) % RUNNING]
                - periodic[0];
        }
    }

    pub(super) fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let rows = self.context.trace_len();
        vec![
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(RUNNING - 1, 0, self.inputs[1]),
            Assertion::single(0, rows / 2, self.inputs[2]),
            Assertion::sequence(RUNNING, 1, STRIDE, self.inputs[3..].to_vec()),
            Assertion::periodic(RUNNING + 1, 3, PERIOD, BaseElement::new(7)),
        ]
    }

    pub(super) fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        vec![(0..PERIOD as u64).map(BaseElement::new).collect()]
    }

    pub(super) fn needed_rows(&self) -> usize {
        self.context.trace_len() / 2 + 1
    }

    /// Longer than hiding needs, since a quarter of the sequence's column is public.
    pub(super) fn tail_rows(&self) -> usize {
        3 * self.context.trace_len() / 8
    }

    pub(super) fn trace(degree: u8, rows: usize, seed: u64) -> TestTrace {
        TestTrace::new(run(RUNNING + 2, rows, seed, |row, state| {
            let mut next: Vec<_> = (0..RUNNING)
                .map(|i| {
                    state[i].exp(degree.into())
                        + state[(i + 1) % RUNNING]
                        + BaseElement::new((row % PERIOD) as u64)
                })
                .collect();
            next.push(state[RUNNING] * state[0] + BaseElement::ONE);
            next.push(if (row + 1) % PERIOD == 3 {
                BaseElement::new(7)
            } else {
                state[0]
            });
            next
        }))
    }

    pub(super) fn public_inputs(trace: &TestTrace) -> Inputs {
        let rows = trace.length();
        let mut inputs = vec![
            trace.get(0, 0),
            trace.get(RUNNING - 1, 0),
            trace.get(0, rows / 2),
        ];
        inputs.extend((1..rows).step_by(STRIDE).map(|row| trace.get(RUNNING, row)));
        Inputs(inputs)
    }
}
