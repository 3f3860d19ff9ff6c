//! A randomized AIR: an auxiliary segment built from random elements.

use winterfell::math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, ProofOptions, Trace, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, element};

/// Main: `a' = a^2 + b`, `b` free, `c` its reverse. Auxiliary: the running products
/// `x' = x (r + b)` and `y' = y (r + c)`, and a running sum `z' = z + s p a`, with `p` periodic.
pub struct Rap {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

const CYCLE: u64 = 4;

fn periodic() -> Vec<BaseElement> {
    (0..CYCLE).map(|i| element(900 + i)).collect()
}

impl Air for Rap {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let main = vec![TransitionConstraintDegree::new(2)];
        let aux = vec![
            TransitionConstraintDegree::new(2),
            TransitionConstraintDegree::new(2),
            TransitionConstraintDegree::with_cycles(1, vec![CYCLE as usize]),
        ];
        let context = AirContext::new_multi_segment(info, main, aux, 2, 5, options);
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
        result[0] = next[0] - current[0].square() - current[1];
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main_frame: &EvaluationFrame<F>,
        aux_frame: &EvaluationFrame<E>,
        periodic: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let main = main_frame.current();
        let (current, next) = (aux_frame.current(), aux_frame.next());
        let rand = rand.rand_elements();
        result[0] = next[0] - current[0] * (rand[0] + E::from(main[1]));
        result[1] = next[1] - current[1] * (rand[0] + E::from(main[2]));
        result[2] = next[2] - current[2] - rand[1].mul_base(main[0] * periodic[0]);
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        vec![periodic()]
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        vec![
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(0, self.trace_length() - 1, self.inputs[1]),
        ]
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        let rows = self.trace_length();
        // `b` and `c` are fixed by the public inputs, so their products are known at any row.
        let running = |column: usize, row: usize| {
            (0..row).fold(E::ONE, |acc, i| {
                acc * (rand.rand_elements()[0] + E::from(self.inputs[2 + 2 * i + column]))
            })
        };
        vec![
            Assertion::single(0, 0, E::ONE),
            Assertion::single(1, 0, E::ONE),
            Assertion::single(2, 0, E::ZERO),
            Assertion::sequence(
                0,
                1,
                2,
                (1..rows).step_by(2).map(|i| running(0, i)).collect(),
            ),
            Assertion::sequence(
                1,
                2,
                4,
                (2..rows).step_by(4).map(|i| running(1, i)).collect(),
            ),
        ]
    }
}

impl TestAir for Rap {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        let free: Vec<_> = (0..rows as u64).map(|i| element(seed ^ i << 32)).collect();
        let mut chain = vec![element(seed)];
        for row in 0..rows - 1 {
            chain.push(chain[row].square() + free[row]);
        }
        let reversed = free.iter().rev().copied().collect();
        TestTrace::with_aux(vec![chain, free, reversed], 3, 2)
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        let mut inputs = vec![trace.get(0, 0), trace.get(0, trace.last())];
        for row in 0..trace.length() {
            inputs.push(trace.get(1, row));
            inputs.push(trace.get(2, row));
        }
        Inputs(inputs)
    }

    fn aux_columns<E: FieldElement<BaseField = BaseElement>>(
        trace: &TestTrace,
        rand: &[E],
    ) -> Vec<Vec<E>> {
        let periodic = periodic();
        let mut columns = vec![vec![E::ONE], vec![E::ONE], vec![E::ZERO]];
        for row in 0..trace.last() {
            let (x, y, z) = (columns[0][row], columns[1][row], columns[2][row]);
            columns[0].push(x * (rand[0] + E::from(trace.get(1, row))));
            columns[1].push(y * (rand[0] + E::from(trace.get(2, row))));
            let weight = trace.get(0, row) * periodic[row % periodic.len()];
            columns[2].push(z + rand[1].mul_base(weight));
        }
        columns
    }
}
