//! One column, and one auxiliary column if the trace announces it: the cheapest AIR with either segment,
//! for traces of millions of rows.

use winterfell::math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};

use super::{Inputs, TestAir, TestTrace, element};

/// Main: `a' = a^2 + 7`. Auxiliary, for traces [with one](Chain::with_aux): `x' = x (r + a)`.
pub struct Chain {
    context: AirContext<BaseElement>,
    inputs: Vec<BaseElement>,
}

const STEP: BaseElement = BaseElement::new(7);

impl Chain {
    fn column(rows: usize, seed: u64) -> Vec<BaseElement> {
        core::iter::successors(Some(element(seed)), |a| Some(a.square() + STEP))
            .take(rows)
            .collect()
    }

    /// A trace that announces an auxiliary segment of one column.
    #[must_use]
    pub fn with_aux(rows: usize, seed: u64) -> TestTrace {
        TestTrace::with_aux(vec![Self::column(rows, seed)], 1, 1)
    }
}

impl Air for Chain {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(2)];
        let context = if info.is_multi_segment() {
            AirContext::new_multi_segment(info, degrees.clone(), degrees, 2, 1, options)
        } else {
            AirContext::new(info, degrees, 2, options)
        };
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
        result[0] = frame.next()[0] - frame.current()[0].square() - E::from(STEP);
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main_frame: &EvaluationFrame<F>,
        aux_frame: &EvaluationFrame<E>,
        _periodic: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let factor = rand.rand_elements()[0] + E::from(main_frame.current()[0]);
        result[0] = aux_frame.next()[0] - aux_frame.current()[0] * factor;
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        vec![
            Assertion::single(0, 0, self.inputs[0]),
            Assertion::single(0, self.trace_length() - 1, self.inputs[1]),
        ]
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        vec![Assertion::single(0, 0, E::ONE)]
    }
}

impl TestAir for Chain {
    fn trace(_width: usize, rows: usize, seed: u64) -> TestTrace {
        TestTrace::new(vec![Self::column(rows, seed)])
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        Inputs(vec![trace.get(0, 0), trace.get(0, trace.last())])
    }

    fn aux_columns<E: FieldElement<BaseField = BaseElement>>(
        trace: &TestTrace,
        rand: &[E],
    ) -> Vec<Vec<E>> {
        let mut column = Vec::with_capacity(trace.last() + 1);
        column.push(E::ONE);
        for row in 0..trace.last() {
            column.push(column[row] * (rand[0] + E::from(trace.get(0, row))));
        }
        vec![column]
    }
}
