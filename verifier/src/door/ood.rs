//! The out-of-domain check, in exact arithmetic.
//!
//! The verifier of a STARK computes constraints at one point, the out-of-domain point, and compares
//! with the quotient there. Winterfell does it with field elements whose doublings are not always
//! reduced, so that an AIR's constraint may come out wrong (`exact.rs`). Here it is done with exact
//! ones, by the AIR's own generic functions.

use alloc::{vec, vec::Vec};

use winter_air::{Air, AuxRandElements, ConstraintCompositionCoefficients, EvaluationFrame};
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

use super::{exact::Exact, layout::Dimensions, sum::dot_base};
use crate::{Mismatch, VerifyError};

/// What the transcript of a proof brings to the out-of-domain check, in winterfell's extension `E`.
pub(super) struct OutOfDomain<'a, E: FieldElement> {
    pub(super) aux_rand_elements: Option<&'a AuxRandElements<E>>,
    pub(super) coefficients: &'a ConstraintCompositionCoefficients<E>,
    /// The point.
    pub(super) z: E,
    /// Current row of the trace and of the quotients, then the next row of both.
    pub(super) evaluations: &'a [E],
    /// The polynomials of the AIR's periodic columns.
    pub(super) periodic: &'a [Vec<BaseElement>],
}

impl<E: FieldElement<BaseField = BaseElement>> OutOfDomain<'_, E> {
    /// Checks that the constraints of `air`, composed and divided, equal the quotient at the point.
    ///
    /// # Errors
    /// When they do not, or when winterfell cannot compute powers of the point.
    pub(super) fn check<A>(&self, air: &A, dims: &Dimensions) -> Result<(), VerifyError>
    where
        A: Air<BaseField = BaseElement>,
    {
        match E::EXTENSION_DEGREE {
            1 => self.check_exact::<A, 1>(air, dims),
            2 => self.check_exact::<A, 2>(air, dims),
            _ => self.check_exact::<A, 3>(air, dims),
        }
    }

    fn check_exact<A, const D: usize>(&self, air: &A, dims: &Dimensions) -> Result<(), VerifyError>
    where
        A: Air<BaseField = BaseElement>,
    {
        let z = Exact::<D>::new(self.z);
        let log2_powers = 1 + (air.trace_length().saturating_mul(dims.num_quotients)).ilog2();
        if !winterfell_squares(z, log2_powers) {
            return Err(VerifyError::OutOfDomainPoint);
        }

        let mut evaluations = self.evaluations.iter().map(|&e| Exact::new(e));
        let mut take = |count| -> Vec<Exact<D>> { evaluations.by_ref().take(count).collect() };
        let (main, aux) = (take(dims.main_width), take(dims.aux_width));
        let quotients = take(dims.num_quotients);
        let main = EvaluationFrame::from_rows(main, take(dims.main_width));
        let aux = self.aux_rand_elements.map(|rand| Auxiliary {
            rand_elements: AuxRandElements::new(exact(rand.rand_elements())),
            frame: EvaluationFrame::from_rows(aux, take(dims.aux_width)),
        });
        let coefficients = ConstraintCompositionCoefficients {
            transition: exact(&self.coefficients.transition),
            boundary: exact(&self.coefficients.boundary),
        };
        let periodic = periodic_values(self.periodic, air.trace_length(), z);
        let composed = composition(air, &coefficients, (&main, &periodic), aux.as_ref(), z);

        let column_power = power(z, air.trace_length());
        let quotient = quotients
            .into_iter()
            .rev()
            .fold(Exact::ZERO, |sum, value| sum * column_power + value);
        if composed == quotient {
            Ok(())
        } else {
            Err(Mismatch::OutOfDomain.into())
        }
    }
}

fn exact<E: FieldElement<BaseField = BaseElement>, const D: usize>(
    elements: &[E],
) -> Vec<Exact<D>> {
    elements.iter().map(|&e| Exact::new(e)).collect()
}

/// The auxiliary segment at the out-of-domain point.
struct Auxiliary<E: FieldElement> {
    rand_elements: AuxRandElements<E>,
    frame: EvaluationFrame<E>,
}

/// From more exempt rows on, the divisor is computed here. Winterfell's has a list of them, each an exponentiation: half
/// of a doubled hiding trace, so that verifying 2^16 rows would take 60 ms for that alone.
const FEW_EXEMPTIONS: usize = 64;

/// The product of `z - x` over the last `count` points `x` of the trace domain.
fn exempted<E: FieldElement<BaseField = BaseElement>>(rows: usize, count: usize, z: E) -> E {
    let back = BaseElement::get_root_of_unity(rows.ilog2()).inv();
    let (mut point, mut product) = (BaseElement::ONE, E::ONE);
    for _ in 0..count {
        point *= back;
        product *= z - E::from(point);
    }
    product
}

/// The constraints at `z`, composed and divided by their divisors, as winterfell's verifier computes
/// them.
fn composition<A, E>(
    air: &A,
    coefficients: &ConstraintCompositionCoefficients<E>,
    (main, periodic): (&EvaluationFrame<E>, &[E]),
    aux: Option<&Auxiliary<E>>,
    z: E,
) -> E
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let context = air.context();
    let mut main_values = vec![E::ZERO; context.num_main_transition_constraints()];
    air.evaluate_transition(main, periodic, &mut main_values);
    let mut aux_values = vec![E::ZERO; context.num_aux_transition_constraints()];
    if let Some(Auxiliary {
        rand_elements,
        frame,
    }) = aux
    {
        air.evaluate_aux_transition(main, frame, periodic, rand_elements, &mut aux_values);
    }
    let mut sum = if context.num_transition_exemptions() <= FEW_EXEMPTIONS {
        let transition = air.get_transition_constraints(&coefficients.transition);
        transition.combine_evaluations::<E>(&main_values, &aux_values, z)
    } else {
        let values = main_values.iter().chain(&aux_values);
        let terms = values.zip(&coefficients.transition);
        let sum = terms.fold(E::ZERO, |sum, (&value, &weight)| sum + weight * value);
        let rows = air.trace_length();
        sum * exempted(rows, context.num_transition_exemptions(), z) / (power(z, rows) - E::ONE)
    };

    let rand_elements = aux.map(|aux| &aux.rand_elements);
    let boundary = air.get_boundary_constraints(rand_elements, &coefficients.boundary);
    for group in boundary.main_constraints() {
        sum += group.evaluate_at(main.current(), z);
    }
    for group in boundary.aux_constraints() {
        if let Some(aux) = aux {
            sum += group.evaluate_at(aux.frame.current(), z);
        }
    }
    sum
}

/// The values at `z` of periodic columns in a trace of `rows` rows: a column of period `l` is a polynomial of degree
/// below `l` in `z^(rows/l)`. The polynomials are the AIR's, which may override them; `check_air` has
/// looked at the periods, without which a column could come out as zero and take its constraints along.
fn periodic_values<const D: usize>(
    polynomials: &[Vec<BaseElement>],
    rows: usize,
    z: Exact<D>,
) -> Vec<Exact<D>> {
    // Columns of one period share the powers of their point.
    let mut powers: Vec<Exact<D>> = Vec::new();
    let value = |polynomial: &Vec<BaseElement>| {
        if powers.len() != polynomial.len() {
            let x = power(z, rows.checked_div(polynomial.len()).unwrap_or(0));
            powers.clear();
            powers.reserve_exact(polynomial.len());
            let mut next = Exact::ONE;
            for _ in polynomial {
                powers.push(next);
                next *= x;
            }
        }
        dot_base(powers.iter(), polynomial)
    };
    polynomials.iter().map(value).collect()
}

/// `x^exponent`.
fn power<E: FieldElement<BaseField = BaseElement>>(x: E, exponent: usize) -> E {
    x.exp_vartime(E::PositiveInteger::from(exponent as u64))
}

/// Whether winterfell squares `z` as often as `times` without a sum that is wrong, or overflows where
/// overflows panic. About one point in 2^28 fails.
fn winterfell_squares<const D: usize>(mut z: Exact<D>, times: u32) -> bool {
    if D != 3 {
        return true;
    }
    for _ in 0..times {
        // The cubic extension's square adds a square and this product, doubled.
        if doubling_is_unreduced(z.base_element(1) * z.base_element(2)) {
            return false;
        }
        z = z.square();
    }
    true
}

/// Whether winter-math leaves twice `x` unreduced: from the modulus up, yet below 2^64.
fn doubling_is_unreduced(x: BaseElement) -> bool {
    let doubled = x.inner().checked_mul(2);
    doubled.is_some_and(|doubled| doubled >= BaseElement::MODULUS)
}

#[cfg(test)]
mod tests {
    use winter_air::ConstraintDivisor;

    use super::*;

    #[test]
    fn exempt_rows_are_those_of_winterfell() {
        let z = Exact::of([3, 1 << 40, 7].map(BaseElement::new));
        for (rows, count) in [(8, 1), (8, 5), (256, 65), (256, 129), (1 << 12, 1 << 11)] {
            let divisor = ConstraintDivisor::<BaseElement>::from_transition(rows, count);
            assert_eq!(exempted(rows, count, z), divisor.evaluate_exemptions_at(z));
        }
    }
}
