//! Two columns of degree 1, the smallest AIR there is.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, run};

/// `a' = a + b`, `b' = a' + b`.
pub struct Fibonacci {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

impl Air for Fibonacci {
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
        result[0] = next[0] - current[0] - current[1];
        result[1] = next[1] - next[0] - current[1];
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.trace_length() - 1;
        vec![
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(1, 0, self.inputs[1]),
            Assertion::single(1, last, self.inputs[2]),
        ]
    }
}

impl TestAir for Fibonacci {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        TestTrace::new(run(2, rows, seed, |_, s| {
            let a = s[0] + s[1];
            vec![a, a + s[1]]
        }))
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        Inputs(vec![
            trace.get(0, 0),
            trace.get(1, 0),
            trace.get(1, trace.last()),
        ])
    }
}
