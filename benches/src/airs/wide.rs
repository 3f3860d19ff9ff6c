//! Many columns of high degree: a chain of power maps, as arithmetic hash functions are made of.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo, TraceTable,
    TransitionConstraintDegree,
};

use super::{BenchAir, Ends, iterate};
use crate::columns::WIDE_COLUMNS;

/// With `s_i = (c_i + i + 1)^7`: `c_i' = s_i + 2 s_(i+1)`, indices modulo the width. Degree 7, and
/// so blowup 8 or more.
pub struct Wide {
    context: AirContext<BaseElement>,
    ends: Ends,
}

#[inline(always)]
fn power<E: FieldElement<BaseField = BaseElement>>(row: &[E], i: usize) -> E {
    let x = row[i] + E::from(i as u32 + 1);
    let x2 = x.square();
    x2.square() * x2 * x
}

/// What the next row must be.
#[inline(always)]
fn step<E: FieldElement<BaseField = BaseElement>>(row: &[E], next: &mut [E]) {
    let first = power(row, 0);
    let mut current = first;
    for (i, next) in next.iter_mut().enumerate() {
        let following = if i + 1 < WIDE_COLUMNS {
            power(row, i + 1)
        } else {
            first
        };
        *next = current + (following + following);
        current = following;
    }
}

impl Air for Wide {
    type BaseField = BaseElement;
    type PublicInputs = Ends;

    fn new(info: TraceInfo, ends: Ends, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(7); WIDE_COLUMNS];
        Self {
            context: AirContext::new(info, degrees, 2, options),
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
        step(frame.current(), result);
        for (result, &next) in result.iter_mut().zip(frame.next()) {
            *result = next - *result;
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.ends.assertions()
    }
}

impl BenchAir for Wide {
    fn trace(log_rows: u32) -> TraceTable<BaseElement> {
        iterate(WIDE_COLUMNS, log_rows, step)
    }
}
