//! Boundary constraints, merged into one polynomial per divisor.
//!
//! All assertions of a group share a divisor `x^a - b`. Their combination, the sum of
//! `c_j (T_j(x) - v_j(x))`, is evaluated as a linear form of the row minus one value polynomial, the
//! sum of `c_j v_j`: what a row costs does not depend on how long the asserted sequences are.

use winter_air::{BoundaryConstraintGroup as SourceGroup, BoundaryConstraints, ConstraintDivisor};
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{PackedElement, RowPack};

use crate::engine::domain::Domain;
use crate::engine::kernels::Columns;
use crate::engine::ood::basis;

/// Value polynomials up to this many coefficients are evaluated at every point; longer ones are
/// tabulated by a transform.
const SMALL_POLY: usize = 8;

/// The combined assertions of one divisor, on one segment.
pub(super) struct BoundaryGroup {
    /// Base columns of the segment, with the coordinates of their coefficients.
    columns: Vec<(usize, Vec<BaseElement>)>,
    /// The combined asserted values, one for each coordinate.
    values: Vec<Values>,
    /// The divisor's numerator `x^a - b`, as `(a, b)`.
    divisor: (usize, BaseElement),
}

/// A coordinate of the combined asserted values of a group.
enum Values {
    /// Coefficients of a short polynomial in x, in ascending order.
    Poly(Vec<BaseElement>),
    /// Values on each constraint coset in turn.
    Table(Vec<BaseElement>),
}

impl Values {
    /// Tabulates a polynomial, given by its coefficients in ascending order, if it is long.
    fn new(mut coefficients: Vec<BaseElement>, domain: &Domain) -> Self {
        if coefficients.len() <= SMALL_POLY {
            return Self::Poly(coefficients);
        }
        coefficients.resize(domain.rows(), BaseElement::ZERO);
        let column = Columns::from_elements(&[coefficients.as_slice()]);
        let cosets = (0..domain.ce_blowup()).map(|k| {
            let offset = domain.coset_offset(domain.ce_coset(k));
            column.extend(1, 1, offset).elements().to_vec()
        });
        Self::Table(cosets.flatten().collect())
    }
}

/// Points of one constraint coset, and what a group needs to know of them.
pub(super) struct Points {
    /// Which constraint coset.
    pub(super) coset: usize,
    /// The first row.
    pub(super) start: usize,
    /// The points, of consecutive rows.
    pub(super) x: Vec<BaseElement>,
}

impl BoundaryGroup {
    /// `1/(x^a - b)` at the given points.
    pub(super) fn inverse_divisors(&self, points: &Points, domain: &Domain) -> Vec<BaseElement> {
        let (a, b) = self.divisor;
        // On a coset of n points x^a takes n / a values, again and again.
        let period = (domain.rows() / a).clamp(1, points.x.len());
        let denominators: Vec<_> = points.x[..period]
            .iter()
            .map(|x| x.exp_vartime(a as u64) - b)
            .collect();
        let inverses = winter_math::batch_inversion(&denominators);
        inverses
            .iter()
            .copied()
            .cycle()
            .take(points.x.len())
            .collect()
    }

    /// Coordinate `d` of the group's constraint, without its divisor, at the points `x` of rows `row` and
    /// on, counted through all constraint cosets; vector `pack` of `cells` holds the base columns there.
    #[inline(always)]
    pub(super) fn form<V: Vector, T: RowPack<V>>(
        &self,
        d: usize,
        x: PackedElement<V>,
        row: usize,
        cells: &[T],
        pack: usize,
    ) -> PackedElement<V> {
        let mut form = match &self.values[d] {
            Values::Poly(coefficients) => {
                let mut value = PackedElement::ZERO;
                for &c in coefficients.iter().rev() {
                    value = value * x + PackedElement::splat(c);
                }
                -value
            }
            Values::Table(table) => -PackedElement::load(&table[row..]),
        };
        for (column, coefficient) in &self.columns {
            form += cells[*column].pack(pack) * PackedElement::splat(coefficient[d]);
        }
        form
    }
}

/// Boundary constraints, group by group: of the main segment, and of the auxiliary one.
pub(super) fn groups<E>(
    source: &BoundaryConstraints<E>,
    domain: &Domain,
) -> (Vec<BoundaryGroup>, Vec<BoundaryGroup>)
where
    E: FieldElement<BaseField = BaseElement>,
{
    let main = source
        .main_constraints()
        .iter()
        .map(|group| combine(group, domain))
        .collect();
    let aux = source
        .aux_constraints()
        .iter()
        .map(|group| combine(group, domain))
        .collect();
    (main, aux)
}

/// Merges the constraints of a group.
fn combine<F, E>(group: &SourceGroup<F, E>, domain: &Domain) -> BoundaryGroup
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
            let coefficient = [coefficient * basis::<E>(d)];
            columns.push((column, E::slice_as_base_elements(&coefficient).to_vec()));
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
    let values = Columns::from_elements(&[values.as_slice()]);
    BoundaryGroup {
        columns,
        values: values
            .iter()
            .map(|poly| Values::new(poly.to_vec(), domain))
            .collect(),
        divisor: numerator(group.divisor()),
    }
}

/// The numerator of a boundary divisor, which has exactly one term and no exemptions.
fn numerator(divisor: &ConstraintDivisor<BaseElement>) -> (usize, BaseElement) {
    divisor.numerator()[0]
}
