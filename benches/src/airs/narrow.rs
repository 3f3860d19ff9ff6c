//! Few columns of low degree over many rows, as in virtual machines: transforms, hashing and FRI
//! weigh more than constraints.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo, TraceTable,
    TransitionConstraintDegree,
};

use super::{BenchAir, Ends, iterate};
use crate::columns::NARROW_COLUMNS;

/// `c_i' = c_i c_(i+1) + c_(i+2)` in even columns, `c_i' = c_i^3 + c_(i+1)` in odd ones.
pub struct Narrow {
    context: AirContext<BaseElement>,
    ends: Ends,
}

#[inline(always)]
fn step<E: FieldElement<BaseField = BaseElement>>(row: &[E], i: usize) -> E {
    let one = row[(i + 1) % NARROW_COLUMNS];
    if i.is_multiple_of(2) {
        row[i] * one + row[(i + 2) % NARROW_COLUMNS]
    } else {
        row[i].square() * row[i] + one
    }
}

impl Air for Narrow {
    type BaseField = BaseElement;
    type PublicInputs = Ends;

    fn new(info: TraceInfo, ends: Ends, options: ProofOptions) -> Self {
        let degrees = (0..NARROW_COLUMNS).map(|i| TransitionConstraintDegree::new(2 + i % 2));
        Self {
            context: AirContext::new(info, degrees.collect(), 2, options),
            ends,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
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
        self.ends.assertions()
    }
}

impl BenchAir for Narrow {
    fn trace(log_rows: u32) -> TraceTable<BaseElement> {
        iterate(NARROW_COLUMNS, log_rows, |row, next| {
            for (i, cell) in next.iter_mut().enumerate() {
                *cell = step(row, i);
            }
        })
    }
}
