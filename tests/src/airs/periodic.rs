//! Periodic columns of several cycle lengths.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, element, run};

/// Three columns driven by periodic columns of cycles 2, 8 and 4; degree up to 2 plus two cycles.
pub struct Periodic {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

fn columns() -> Vec<Vec<BaseElement>> {
    let column = |cycle: u64, salt: u64| (0..cycle).map(|i| element(salt + i)).collect();
    vec![column(2, 100), column(8, 200), column(4, 300)]
}

fn step<E: FieldElement>(s: &[E], p: &[E]) -> [E; 3] {
    [
        s[0] * p[0] + s[1],
        s[1].square() * p[1] + s[2],
        s[2] * s[0] * p[1] * p[2] + s[0],
    ]
}

impl Air for Periodic {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = vec![
            TransitionConstraintDegree::with_cycles(1, vec![2]),
            TransitionConstraintDegree::with_cycles(2, vec![8]),
            TransitionConstraintDegree::with_cycles(2, vec![8, 4]),
        ];
        Self {
            context: AirContext::new(info, degrees, 2, options),
            inputs,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        let expected = step(frame.current(), periodic);
        for ((result, &next), expected) in result.iter_mut().zip(frame.next()).zip(expected) {
            *result = next - expected;
        }
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        columns()
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.trace_length() - 1;
        vec![
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(2, last, self.inputs[1]),
        ]
    }
}

impl TestAir for Periodic {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        let columns = columns();
        TestTrace::new(run(3, rows, seed, |row, state| {
            let periodic: Vec<_> = columns.iter().map(|c| c[row % c.len()]).collect();
            step(state, &periodic).to_vec()
        }))
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        Inputs(vec![trace.get(0, 0), trace.get(2, trace.last())])
    }
}
