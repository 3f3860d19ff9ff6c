//! A chain over as many columns as asked for, 1 to 254.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, run};

/// `c_i' = c_i^3 + 3 c_{i+1} + i`, indices modulo the width.
pub struct Wide {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

fn step<E: FieldElement>(current: &[E], i: usize) -> E {
    let neighbour = current[(i + 1) % current.len()];
    current[i].cube() + neighbour + neighbour + neighbour + E::from(i as u32)
}

impl Air for Wide {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(3); info.width()];
        let assertions = info.width() + 1;
        Self {
            context: AirContext::new(info, degrees, assertions, options),
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
        for (i, (result, &next)) in result.iter_mut().zip(frame.next()).enumerate() {
            *result = next - step(frame.current(), i);
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let width = self.trace_info().width();
        let mut assertions: Vec<_> = (0..width)
            .map(|i| Assertion::single(i, 0, self.inputs[i]))
            .collect();
        assertions.push(Assertion::single(
            0,
            self.trace_length() - 1,
            self.inputs[width],
        ));
        assertions
    }
}

impl TestAir for Wide {
    fn trace(width: usize, rows: usize, seed: u64) -> TestTrace {
        TestTrace::new(run(width, rows, seed, |_, state| {
            (0..width).map(|i| step(state, i)).collect()
        }))
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        let width = winterfell::Trace::main_trace_width(trace);
        let mut inputs: Vec<_> = (0..width).map(|i| trace.get(i, 0)).collect();
        inputs.push(trace.get(0, trace.last()));
        Inputs(inputs)
    }
}
