//! From the values of a segment's constraints to their composition.

use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{PackedElement, RowPack, Weight, dots};

use super::Constraints;
use super::boundary::{Boundary, Inverses, Place};
use super::exempted::Exempted;
use crate::engine::Segment;

/// Points of one constraint coset.
pub(super) struct Points {
    /// Which constraint coset.
    pub(super) coset: usize,
    /// The first row.
    pub(super) start: usize,
    /// The points, of consecutive rows.
    pub(super) x: Vec<BaseElement>,
}

/// What one segment's constraints are composed with, at some points of one constraint coset.
///
/// Nothing in it depends on the instruction set, so that it is made by code that is compiled once.
pub(super) struct Composition<'a> {
    /// Coefficients of the values of transition constraints, by coordinate.
    weights: &'a [Vec<Weight>],
    boundary: &'a Boundary,
    inverses: &'a Inverses,
    exempted: &'a Exempted,
    /// `1/(x^n - 1)`, the same at all points of the coset.
    inverse_zerofier: BaseElement,
    /// The same times the rows of the trace.
    scaled_zerofier: BaseElement,
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
        let inverse_zerofier = constraints.inverse_zerofier(k);
        Self {
            weights,
            boundary,
            inverses: &constraints.inverses,
            exempted: &constraints.exempted,
            inverse_zerofier,
            scaled_zerofier: inverse_zerofier * BaseElement::new(domain.rows() as u64),
            points: constraints.points(k, start, rows),
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
        let place = Place {
            coset,
            row: start + from,
            through: coset * self.rows + start + from,
            pack,
            scaled_zerofier: self.scaled_zerofier,
            degree: self.degree,
        };
        self.boundary.add(self.inverses, x, cells, place, &mut sums);
        sums
    }
}
