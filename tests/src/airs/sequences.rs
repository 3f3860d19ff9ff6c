//! Every kind of assertion: single, periodic and sequence, at first steps zero and not.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, Trace, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, run};

/// Five columns: two that mix, two free of transition meaning but asserted by sequences, and one
/// that alternates between two values.
pub struct Sequences {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

const COLUMNS: usize = 5;

impl Air for Sequences {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = vec![
            TransitionConstraintDegree::new(2),
            TransitionConstraintDegree::new(1),
            TransitionConstraintDegree::new(1),
        ];
        // With three exempted rows the constraints may be broken at the end. (With two, winterfell
        // 0.13 allots one quotient column too few: degree n does not fit n coefficients.)
        let context = AirContext::new(info, degrees, 8, options).set_num_transition_exemptions(3);
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
        let (current, next) = (frame.current(), frame.next());
        result[0] = next[0] - current[0] * current[1] - current[2];
        result[1] = next[1] - current[0] - current[3];
        result[2] = next[4] + current[4] - E::from(7_u32);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let rows = self.trace_length();
        let cells = |column: usize, first: usize, stride: usize| {
            (first..rows)
                .step_by(stride)
                .map(|row| self.inputs[row * COLUMNS + column])
                .collect()
        };
        vec![
            // Long sequences, in two columns that share a divisor, and one that starts later.
            Assertion::sequence(2, 0, 2, cells(2, 0, 2)),
            Assertion::sequence(3, 0, 2, cells(3, 0, 2)),
            Assertion::sequence(2, 1, 2, cells(2, 1, 2)),
            // Short sequences.
            Assertion::sequence(0, 3, rows / 2, cells(0, 3, rows / 2)),
            Assertion::sequence(1, 0, rows / 4, cells(1, 0, rows / 4)),
            // Periodic, on the alternating column; shares its divisor with a sequence.
            Assertion::periodic(4, 1, 2, self.inputs[COLUMNS + 4]),
            // Single, first and last row.
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(1, rows - 1, self.inputs[(rows - 1) * COLUMNS + 1]),
        ]
    }
}

impl TestAir for Sequences {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        let seven = BaseElement::from(7_u32);
        let mut columns = run(COLUMNS, rows, seed, |row, s| {
            let noise = super::element(seed ^ (row as u64) << 20);
            vec![
                s[0] * s[1] + s[2],
                s[0] + s[3],
                noise,
                noise.square() + s[2],
                seven - s[4],
            ]
        });
        // The last row is exempt.
        columns[0][rows - 1] = super::element(seed ^ 77);
        TestTrace::new(columns)
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        let rows = 0..trace.length();
        Inputs(
            rows.flat_map(|row| (0..COLUMNS).map(move |column| trace.get(column, row)))
                .collect(),
        )
    }
}
