//! Constraints of degree 9: the constraint evaluation domain is eight times the trace.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, run};

/// `a' = a^9 + b`, `b' = a b^4 + 5`, with three exempted rows.
pub struct DegreeNine {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

fn step<E: FieldElement>(s: &[E]) -> [E; 2] {
    [
        s[0].cube().cube() + s[1],
        s[0] * s[1].square().square() + E::from(5_u32),
    ]
}

impl Air for DegreeNine {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = vec![
            TransitionConstraintDegree::new(9),
            TransitionConstraintDegree::new(5),
        ];
        let context = AirContext::new(info, degrees, 2, options).set_num_transition_exemptions(3);
        Self { context, inputs }
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
        let expected = step(frame.current());
        result[0] = frame.next()[0] - expected[0];
        result[1] = frame.next()[1] - expected[1];
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        vec![
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(1, self.trace_length() / 2, self.inputs[1]),
        ]
    }
}

impl TestAir for DegreeNine {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        TestTrace::new(run(2, rows, seed, |_, s| step(s).to_vec()))
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        Inputs(vec![
            trace.get(0, 0),
            trace.get(1, trace.last().div_ceil(2)),
        ])
    }
}
