//! Boundary constraints, merged by their divisors.
//!
//! A boundary constraint says of a column `T` that it has the values `v` in some rows: `T(x) - v(x)` is zero
//! where its divisor `x^a - b` is, which is in `a` rows, evenly spaced. All assertions of a *group* share a
//! divisor.
//!
//! - A [`few`] groups are evaluated one after the other. Their combination, the sum of `c_j (T_j(x) - v_j(x))`,
//!   is a linear form of the row minus one value polynomial, the sum of `c_j v_j`: what a row costs does not
//!   depend on how long the asserted sequences are.
//! - [`many`] groups are gathered over one divisor: what a row costs depends on the columns that are
//!   asserted, and no longer on how often they are.
//!
//! Inverse divisors are [tabulated](inverses) once for all groups with as many rows.

mod few;
mod inverses;
mod many;
#[cfg(test)]
mod tests;

use winter_air::{BoundaryConstraintGroup as SourceGroup, BoundaryConstraints};
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{PackedElement, RowPack};

pub(in crate::engine) use self::few::SMALL_POLY;
pub(super) use self::inverses::Inverses;
pub(in crate::engine) use self::many::tabulated_columns;
use self::{few::BoundaryGroup, inverses::Divisor, many::Many};
use crate::engine::domain::Domain;

/// So many groups are evaluated one after the other.
pub(in crate::engine) const FEW_GROUPS: usize = 8;

/// The boundary constraints on one segment.
pub(super) struct Boundary {
    few: Vec<BoundaryGroup>,
    many: Option<Many>,
}

/// Where the constraints are evaluated: consecutive rows of one constraint coset, in one vector.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Which constraint coset.
    pub(super) coset: usize,
    /// The first row, in the coset.
    pub(super) row: usize,
    /// The first row, counted through all constraint cosets.
    pub(super) through: usize,
    /// Which vector of the cells holds these rows.
    pub(super) pack: usize,
    /// `n/(x^n - 1)`, the same at all points of the coset.
    pub(super) scaled_zerofier: BaseElement,
    /// Coordinates of a value.
    pub(super) degree: usize,
}

impl Boundary {
    /// The constraints on the main segment, and those on the auxiliary one.
    pub(super) fn of<E>(source: &BoundaryConstraints<E>, domain: &Domain) -> (Self, Self, Inverses)
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let mut inverses = Inverses::default();
        let main = Self::new(source.main_constraints(), &mut inverses, domain);
        let aux = Self::new(source.aux_constraints(), &mut inverses, domain);
        (main, aux, inverses)
    }

    fn new<F, E>(source: &[SourceGroup<F, E>], inverses: &mut Inverses, domain: &Domain) -> Self
    where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        if source.len() > FEW_GROUPS {
            return Self {
                few: Vec::new(),
                many: Some(Many::new(source, inverses, domain)),
            };
        }
        let few = source.iter().map(|group| {
            let divisor = Divisor::of(group.divisor(), inverses, domain);
            BoundaryGroup::new(group, divisor, domain)
        });
        Self {
            few: few.collect(),
            many: None,
        }
    }

    /// Adds the constraints, over their divisors, at points `x` to `sums`, by coordinate; `cells` holds the
    /// base columns of the segment there.
    #[inline(always)]
    pub(super) fn add<V: Vector, T: RowPack<V>>(
        &self,
        inverses: &Inverses,
        x: PackedElement<V>,
        cells: &[T],
        place: Place,
        sums: &mut [PackedElement<V>; 3],
    ) {
        for group in &self.few {
            let inverse = inverses.at::<V>(group.divisor(), place.coset, place.row);
            for (d, sum) in sums.iter_mut().enumerate().take(place.degree) {
                *sum += group.form(d, x, place.through, cells, place.pack) * inverse;
            }
        }
        if let Some(many) = &self.many {
            many.add(inverses, cells, place, sums);
        }
    }
}
