//! A statement of any degree and with every kind of assertion, which leaves its last rows free.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, Trace, TraceInfo,
    TransitionConstraintDegree,
};
use winterlane_air::hiding::TailFree;

use super::{Inputs, TestAir, TestTrace, element, run};

/// `a' = a^DEGREE + b`, `b' = a + b`, `c' = 7 - c`, and `d` free. The witness is `a` in row 0.
///
/// What is asserted beside `b` in row 0 and `a` in row n/4: nothing for `KIND` 0, every fourth cell of `c`
/// for 1 (a periodic assertion), every fourth cell of `d` for 2 (a sequence).
pub struct Power<const DEGREE: usize, const KIND: u8> {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

const STRIDE: usize = 4;

impl<const DEGREE: usize, const KIND: u8> Air for Power<DEGREE, KIND> {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = [DEGREE, 1, 1].map(TransitionConstraintDegree::new).to_vec();
        let assertions = if KIND == 0 { 2 } else { 3 };
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
        let (current, next) = (frame.current(), frame.next());
        let power = current[0].exp_vartime((DEGREE as u32).into());
        result[0] = next[0] - power - current[1];
        result[1] = next[1] - current[0] - current[1];
        result[2] = next[2] + current[2] - E::from(7_u32);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let rows = self.trace_length();
        let mut assertions = vec![
            Assertion::single(1, 0, self.inputs[0]),
            Assertion::single(0, rows / 4, self.inputs[1]),
        ];
        match KIND {
            1 => assertions.push(Assertion::periodic(2, 1, STRIDE, self.inputs[2])),
            2 => {
                let values = self.inputs[2..].to_vec();
                assertions.push(Assertion::sequence(3, 2, STRIDE, values));
            }
            _ => {}
        }
        assertions
    }
}

impl<const DEGREE: usize, const KIND: u8> TailFree for Power<DEGREE, KIND> {
    fn needed_rows(&self) -> usize {
        self.trace_length() / 4 + 1
    }
}

impl<const DEGREE: usize, const KIND: u8> TestAir for Power<DEGREE, KIND> {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        TestTrace::new(run(4, rows, seed, |row, s| {
            let power = s[0].exp_vartime((DEGREE as u32).into());
            vec![
                power + s[1],
                s[0] + s[1],
                BaseElement::from(7_u32) - s[2],
                element(seed ^ (row as u64) << 20),
            ]
        }))
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        let rows = trace.length();
        let mut inputs = vec![trace.get(1, 0), trace.get(0, rows / 4)];
        match KIND {
            1 => inputs.push(trace.get(2, 1)),
            2 => inputs.extend((2..rows).step_by(STRIDE).map(|row| trace.get(3, row))),
            _ => {}
        }
        Inputs(inputs)
    }
}
