//! A constraint that adds twice a register, the way winter-math's `double` invites to.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, element};

/// `a' = a + 2 k` for a `k` that stays as it is.
pub struct Doubling {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

impl Doubling {
    /// `rows` rows from `start` on, to each of which `step` is added for the next.
    #[must_use]
    pub fn steps(
        rows: usize,
        start: BaseElement,
        register: BaseElement,
        step: BaseElement,
    ) -> TestTrace {
        let next = |a: &BaseElement| Some(*a + step);
        let sums = core::iter::successors(Some(start), next).take(rows);
        TestTrace::new(vec![sums.collect(), vec![register; rows]])
    }
}

impl Air for Doubling {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(1); 2];
        Self {
            context: AirContext::new(info, degrees, 3, options),
            inputs,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _periodic: &[E],
        result: &mut [E],
    ) {
        let (current, next) = (frame.current(), frame.next());
        result[0] = next[0] - (current[0] + current[1].double());
        result[1] = next[1] - current[1];
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.trace_length() - 1;
        vec![
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(0, last, self.inputs[1]),
            Assertion::single(1, 0, self.inputs[2]),
        ]
    }
}

impl TestAir for Doubling {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        let register = element(seed);
        Self::steps(rows, element(!seed), register, register + register)
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        Inputs(vec![
            trace.get(0, 0),
            trace.get(0, trace.last()),
            trace.get(1, 0),
        ])
    }
}
