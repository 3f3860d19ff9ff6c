//! From the values of a segment's constraints to their composition.

use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{PackedElement, RowPack, Weight, dots};

use super::Constraints;
use super::boundary::{BoundaryGroup, Points};
use super::exempted::Exempted;
use crate::engine::Segment;

/// What one segment's constraints are composed with, at some points of one constraint coset.
///
/// Nothing in it depends on the instruction set, so that it is made by code that is compiled once.
pub(super) struct Composition<'a> {
    /// Coefficients of the values of transition constraints, by coordinate.
    weights: &'a [Vec<Weight>],
    boundary: &'a [BoundaryGroup],
    /// For each boundary group, the inverse divisors at the points.
    inverses: Vec<Vec<BaseElement>>,
    exempted: &'a Exempted,
    /// `1/(x^n - 1)`, the same at all points of the coset.
    inverse_zerofier: BaseElement,
    points: Points,
    /// Coordinates of a value of the composition.
    degree: usize,
    /// Rows of the trace.
    rows: usize,
}

impl<'a> Composition<'a> {
    /// Of rows `start..start + rows` of constraint coset `k`, and of the constraints on `segment`.
    pub(super) fn new(
        constraints: &'a Constraints<'a>,
        segment: Segment,
        k: usize,
        start: usize,
        rows: usize,
    ) -> Self {
        let domain = constraints.domain;
        let (weights, boundary) = match segment {
            Segment::Main => (&constraints.main_weights, &constraints.main_boundary),
            Segment::Auxiliary => (&constraints.aux_weights, &constraints.aux_boundary),
        };
        let points = constraints.points(k, start, rows);
        let mut inverses = Vec::with_capacity(boundary.len());
        for group in boundary {
            inverses.push(group.inverse_divisors(&points, domain));
        }
        Self {
            weights,
            boundary,
            inverses,
            exempted: &constraints.exempted,
            inverse_zerofier: constraints.inverse_zerofier(k),
            points,
            degree: constraints.degree,
            rows: domain.rows(),
        }
    }

    /// The composition at points `from` and on, by coordinate: of the transition constraints, whose
    /// `values` hold these points in vector `pack`, and of the boundary constraints on the base columns
    /// of the current rows, whose `cells` do.
    #[inline(always)]
    pub(super) fn sums<V: Vector, T: RowPack<V>>(
        &self,
        values: &[T],
        cells: &[T],
        from: usize,
        pack: usize,
    ) -> [PackedElement<V>; 3] {
        let x = PackedElement::<V>::load(&self.points.x[from..]);
        // The divisor is x^n - 1 over the exempted points' polynomial.
        let Points { coset, start, .. } = self.points;
        let factor =
            PackedElement::splat(self.inverse_zerofier) * self.exempted.at(coset, start + from, x);
        let mut sums = dots(self.weights, values, pack);
        for sum in sums.iter_mut().take(self.degree) {
            *sum *= factor;
        }
        for (group, inverses) in self.boundary.iter().zip(&self.inverses) {
            let inverse = PackedElement::<V>::load(&inverses[from..]);
            let row = self.points.coset * self.rows + self.points.start + from;
            for (d, sum) in sums.iter_mut().enumerate().take(self.degree) {
                *sum += group.form(d, x, row, cells, pack) * inverse;
            }
        }
        sums
    }
}
