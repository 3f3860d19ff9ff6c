//! Boundary constraints, merged into one polynomial per divisor.
//!
//! All assertions of a group share a divisor `x^a - b`. Their combination, the sum of
//! `c_j (T_j(x) - v_j(x))`, is evaluated as a linear form of the row minus one value polynomial, the
//! sum of `c_j v_j`: what a row costs does not depend on how long the asserted sequences are.

use winter_air::{Air, AuxRandElements, BoundaryConstraintGroup as SourceGroup, ConstraintDivisor};
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};

use crate::engine::domain::Domain;
use crate::engine::kernels;
use crate::engine::ood::basis;

/// Value polynomials up to this many coefficients are evaluated at every point; longer ones are
/// tabulated by a transform.
const SMALL_POLY: usize = 8;

/// The combined assertions of one divisor.
pub(super) struct BoundaryGroup<E> {
    /// Base columns of the main segment with their coefficients.
    pub(super) main: Vec<(usize, E)>,
    /// Base columns of the auxiliary segment with their coefficients.
    pub(super) aux: Vec<(usize, E)>,
    /// The combined asserted values.
    pub(super) values: Values<E>,
    /// The divisor's numerator `x^a - b`, as `(a, b)`.
    pub(super) divisor: (usize, BaseElement),
}

/// The combined asserted values of a group.
pub(super) enum Values<E> {
    /// Coefficients of a short polynomial in x, in ascending order.
    Poly(Vec<E>),
    /// Values on each constraint coset, one base column after the other.
    Table(Vec<BaseElement>),
}

impl<E: FieldElement<BaseField = BaseElement>> Values<E> {
    /// Builds from coefficients in ascending order.
    fn new(coefficients: Vec<E>, domain: &Domain) -> Self {
        if coefficients.len() <= SMALL_POLY {
            return Self::Poly(coefficients);
        }
        // Padded to the length of the trace, each base column is extended over every coset in turn.
        let mut columns = kernels::base_columns(&[coefficients.as_slice()]);
        for column in &mut columns {
            column.resize(domain.rows(), BaseElement::ZERO);
        }
        let cosets = (0..domain.ce_blowup()).map(|k| {
            let offset = domain.coset_offset(domain.ce_coset(k));
            kernels::base_columns::<E>(&[E::slice_from_base_elements(
                kernels::extend(&columns, 1, offset).elements(),
            )])
        });
        Self::Table(cosets.flatten().flatten().collect())
    }
}

/// The boundary constraints of `air`, group by group.
pub(super) fn groups<A, E>(
    air: &A,
    aux_rand_elements: Option<&AuxRandElements<E>>,
    coefficients: &[E],
    domain: &Domain,
) -> Vec<BoundaryGroup<E>>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let source = air.get_boundary_constraints(aux_rand_elements, coefficients);
    let main = source.main_constraints().iter().map(|group| {
        let (main, values) = combine(group);
        let values = Values::new(values, domain);
        BoundaryGroup {
            main,
            aux: Vec::new(),
            values,
            divisor: numerator(group.divisor()),
        }
    });
    let aux = source.aux_constraints().iter().map(|group| {
        let (aux, values) = combine(group);
        let values = Values::new(values, domain);
        BoundaryGroup {
            main: Vec::new(),
            aux,
            values,
            divisor: numerator(group.divisor()),
        }
    });
    main.chain(aux).collect()
}

/// Base columns with coefficients, and the combined value polynomial in ascending powers of x.
fn combine<F, E>(group: &SourceGroup<F, E>) -> (Vec<(usize, E)>, Vec<E>)
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    let mut columns = Vec::with_capacity(group.constraints().len() * F::EXTENSION_DEGREE);
    let mut values = vec![E::ZERO];
    for constraint in group.constraints() {
        let coefficient = *constraint.cc();
        for d in 0..F::EXTENSION_DEGREE {
            let column = constraint.column() * F::EXTENSION_DEGREE + d;
            columns.push((column, coefficient * basis::<E>(d)));
        }
        values.resize(values.len().max(constraint.poly().len()), E::ZERO);
        // The asserted polynomial is given in x times an offset.
        let (_, x_offset) = constraint.poly_offset();
        let mut power = coefficient;
        for (value, &c) in values.iter_mut().zip(constraint.poly()) {
            *value += power.mul_base(c);
            power = power.mul_base(x_offset);
        }
    }
    (columns, values)
}

/// The numerator of a boundary divisor, which has exactly one term and no exemptions.
fn numerator(divisor: &ConstraintDivisor<BaseElement>) -> (usize, BaseElement) {
    divisor.numerator()[0]
}
