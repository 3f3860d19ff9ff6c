//! A statement that inlines, and leaves half of its rows free.

use winterfell::math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, ProofOptions, Trace, TraceInfo,
    TransitionConstraintDegree,
};
use winterlane_air::hiding::TailFree;

use super::{Inputs, TestTrace, element};

/// `x' = x^3 + y`, `y' = x + 1`; and, for traces with an auxiliary segment, a column of the products of `r + x`.
///
/// What is asserted is `x` in the middle of the trace, or the products' first: without the segment the second half of
/// the rows says nothing.
pub struct Cubes {
    context: AirContext<BaseElement>,
    image: BaseElement,
}

impl Cubes {
    pub(super) fn trace(aux: bool, rows: usize, seed: u64) -> TestTrace {
        let (mut x, mut y) = (element(seed), element(!seed));
        let mut columns = vec![Vec::new(), Vec::new()];
        for _ in 0..rows {
            columns[0].push(x);
            columns[1].push(y);
            (x, y) = (x * x * x + y, x + BaseElement::ONE);
        }
        if aux {
            TestTrace::with_aux(columns, 1, 1)
        } else {
            TestTrace::new(columns)
        }
    }

    pub(super) fn public_inputs(trace: &TestTrace) -> Inputs {
        Inputs(vec![trace.get(0, trace.length() / 2 - 1)])
    }

    pub(super) fn aux_columns<E: FieldElement<BaseField = BaseElement>>(
        trace: &TestTrace,
        rand: &[E],
    ) -> Vec<Vec<E>> {
        let mut product = E::ONE;
        let mut column = Vec::new();
        for &x in trace.main_segment().get_column(0) {
            column.push(product);
            product *= rand[0] + E::from(x);
        }
        vec![column]
    }
}

impl Air for Cubes {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, Inputs(inputs): Inputs, options: ProofOptions) -> Self {
        let degrees = [3, 1].map(TransitionConstraintDegree::new).to_vec();
        let context = if info.is_multi_segment() {
            let aux = vec![TransitionConstraintDegree::new(2)];
            AirContext::new_multi_segment(info, degrees, aux, 1, 1, options)
        } else {
            AirContext::new(info, degrees, 1, options)
        };
        Self {
            context,
            image: inputs[0],
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        let (current, next) = (frame.current(), frame.next());
        result[0] = next[0] - current[0] * current[0] * current[0] - current[1];
        result[1] = next[1] - current[0] - E::ONE;
    }

    #[inline(always)]
    fn evaluate_aux_transition<F, E>(
        &self,
        main: &EvaluationFrame<F>,
        aux: &EvaluationFrame<E>,
        _: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let factor = rand.rand_elements()[0] + main.current()[0].into();
        result[0] = aux.next()[0] - aux.current()[0] * factor;
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let middle = self.trace_length() / 2 - 1;
        vec![Assertion::single(0, middle, self.image)]
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        vec![Assertion::single(0, 0, E::ONE)]
    }
}

impl TailFree for Cubes {
    fn needed_rows(&self) -> usize {
        self.trace_length() / 2
    }
}
