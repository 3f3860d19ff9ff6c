//! A statement of any degree and with every kind of assertion, which leaves its last rows free.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    AirContext, Assertion, EvaluationFrame, ProofOptions, Trace, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestTrace, element, run};

/// `a' = a^degree + b`, `b' = a + b`, `c' = 7 - c`, and `d` free. The witness is `a` in row 0.
///
/// What is asserted beside `b` in row 0 and `a` in row n/4: nothing for kind 0, every fourth cell of `c`
/// for 1 (a periodic assertion), every fourth cell of `d` for 2 (a sequence).
pub struct Power {
    degree: u32,
    kind: u8,
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

const STRIDE: usize = 4;

// No `Air` of its own: `AnyAir` knows degree and kind.
impl Power {
    pub(super) fn new(
        degree: u8,
        kind: u8,
        info: TraceInfo,
        Inputs(inputs): Inputs,
        options: ProofOptions,
    ) -> Self {
        let degrees = [degree.into(), 1, 1].map(TransitionConstraintDegree::new);
        let assertions = if kind == 0 { 2 } else { 3 };
        Self {
            degree: degree.into(),
            kind,
            context: AirContext::new(info, degrees.to_vec(), assertions, options),
            inputs,
        }
    }

    pub(super) const fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    pub(super) fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _periodic: &[E],
        result: &mut [E],
    ) {
        let (current, next) = (frame.current(), frame.next());
        let power = current[0].exp_vartime(self.degree.into());
        result[0] = next[0] - power - current[1];
        result[1] = next[1] - current[0] - current[1];
        result[2] = next[2] + current[2] - E::from(7_u32);
    }

    pub(super) fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let rows = self.context.trace_len();
        let mut assertions = vec![
            Assertion::single(1, 0, self.inputs[0]),
            Assertion::single(0, rows / 4, self.inputs[1]),
        ];
        match self.kind {
            1 => assertions.push(Assertion::periodic(2, 1, STRIDE, self.inputs[2])),
            2 => {
                let values = self.inputs[2..].to_vec();
                assertions.push(Assertion::sequence(3, 2, STRIDE, values));
            }
            _ => {}
        }
        assertions
    }

    pub(super) fn needed_rows(&self) -> usize {
        self.context.trace_len() / 4 + 1
    }

    pub(super) fn trace(degree: u8, rows: usize, seed: u64) -> TestTrace {
        TestTrace::new(run(4, rows, seed, |row, s| {
            let power = s[0].exp_vartime(degree.into());
            vec![
                power + s[1],
                s[0] + s[1],
                BaseElement::from(7_u32) - s[2],
                element(seed ^ (row as u64) << 20),
            ]
        }))
    }

    pub(super) fn public_inputs(kind: u8, trace: &TestTrace) -> Inputs {
        let rows = trace.length();
        let mut inputs = vec![trace.get(1, 0), trace.get(0, rows / 4)];
        match kind {
            1 => inputs.push(trace.get(2, 1)),
            2 => inputs.extend((2..rows).step_by(STRIDE).map(|row| trace.get(3, row))),
            _ => {}
        }
        Inputs(inputs)
    }
}
