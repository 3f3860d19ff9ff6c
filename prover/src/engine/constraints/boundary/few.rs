//! A few groups, one after the other.

use winter_air::BoundaryConstraintGroup as SourceGroup;
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{PackedElement, RowPack};

use super::inverses::Divisor;
use crate::engine::domain::Domain;
use crate::engine::kernels::{Columns, evaluated};
use crate::engine::ood::basis;

/// Value polynomials up to this many coefficients are evaluated at every point; longer ones are
/// tabulated by a transform.
pub(in crate::engine) const SMALL_POLY: usize = 8;

/// The combined assertions of one divisor, on one segment.
pub(super) struct BoundaryGroup {
    /// Base columns of the segment, with the coordinates of their coefficients. Coefficients here and in the
    /// values have the divisor's scale in them.
    columns: Vec<(usize, Vec<BaseElement>)>,
    /// The combined asserted values, one for each coordinate.
    values: Vec<Values>,
    divisor: Divisor,
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
        Self::Table(tabulated(&coefficients, domain))
    }
}

/// The values of a polynomial, given by as many coefficients as the trace has rows, on each constraint coset in
/// turn.
pub(super) fn tabulated(coefficients: &[BaseElement], domain: &Domain) -> Vec<BaseElement> {
    let mut values = Vec::with_capacity(domain.ce_size());
    for k in 0..domain.ce_blowup() {
        let offset = domain.coset_offset(domain.ce_coset(k));
        values.extend_from_slice(evaluated(coefficients, offset).elements());
    }
    values
}

impl BoundaryGroup {
    /// Merges the constraints of a group.
    pub(super) fn new<F, E>(group: &SourceGroup<F, E>, divisor: Divisor, domain: &Domain) -> Self
    where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let mut columns = Vec::with_capacity(group.constraints().len() * F::EXTENSION_DEGREE);
        let mut values = vec![E::ZERO];
        for constraint in group.constraints() {
            let coefficient = constraint.cc().mul_base(divisor.scale);
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
        let values = values.iter();
        Self {
            columns,
            values: values
                .map(|poly| Values::new(poly.to_vec(), domain))
                .collect(),
            divisor,
        }
    }

    /// The divisor.
    #[inline(always)]
    pub(super) const fn divisor(&self) -> Divisor {
        self.divisor
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
