//! From the values of a segment's constraints to their composition.

use winter_air::Air;
use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{PackedElement, RowPack, Weight, dots};

use super::Constraints;
use super::boundary::{BoundaryGroup, Points};
use super::exempted::Exempted;

/// What one segment's constraints are composed with, at some points of one constraint coset.
pub(super) struct Composition<'a, V: Vector> {
    /// Coefficients of the values of transition constraints, by coordinate.
    weights: &'a [Vec<Weight>],
    boundary: &'a [BoundaryGroup],
    /// For each boundary group, the inverse divisors at the points.
    inverses: Vec<Vec<BaseElement>>,
    exempted: &'a Exempted,
    /// `1/(x^n - 1)`, the same at all points of the coset.
    inverse_zerofier: PackedElement<V>,
    points: Points,
    /// Coordinates of a value of the composition.
    degree: usize,
    /// Rows of the trace.
    rows: usize,
}

impl<'a, V: Vector> Composition<'a, V> {
    /// Of rows `start..start + rows` of constraint coset `k`.
    #[inline(always)]
    pub(super) fn new<A: Air<BaseField = BaseElement>>(
        constraints: &'a Constraints<'a, A>,
        (weights, boundary): (&'a [Vec<Weight>], &'a [BoundaryGroup]),
        k: usize,
        start: usize,
        rows: usize,
    ) -> Self {
        let domain = constraints.domain;
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
            inverse_zerofier: PackedElement::splat(constraints.inverse_zerofier(k)),
            points,
            degree: constraints.degree,
            rows: domain.rows(),
        }
    }

    /// The composition at points `from` and on, by coordinate: of the transition constraints, whose
    /// `values` hold these points in vector `pack`, and of the boundary constraints on the base columns
    /// of the current rows, whose `cells` do.
    #[inline(always)]
    pub(super) fn sums<T: RowPack<V>>(
        &self,
        values: &[T],
        cells: &[T],
        from: usize,
        pack: usize,
    ) -> [PackedElement<V>; 3] {
        let x = PackedElement::<V>::load(&self.points.x[from..]);
        // The divisor is x^n - 1 over the exempted points' polynomial.
        let Points { coset, start, .. } = self.points;
        let factor = self.inverse_zerofier * self.exempted.at(coset, start + from, x);
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
