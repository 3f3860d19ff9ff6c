//! Many groups over one divisor.
//!
//! A constraint with coefficient `c` on the `a` rows of divisor `x^a - b` contributes
//!
//! ```text
//! c (T(x) - v(x)) / (x^a - b)  =  n / (x^n - 1) * (T(x) p(x) - p(x) v(x)),
//! ```
//!
//! where `p(x) = c (x^n - 1) / (n (x^a - b))` is a polynomial: `c / (a b)` in the asserted rows and zero in
//! all others, of degree `n - a`. The degree of `v` is below `a`, so that `p v` is the polynomial of degree
//! below `n` that is `c v / (a b)` in those rows and zero in all others. Both are sums over all constraints
//! when they are tabulated by a transform: one table for the values of all, and one for each column that is
//! asserted often. Columns that are not go through the inverse divisors of their groups.

use rayon::prelude::*;
use winter_air::{BoundaryConstraint, BoundaryConstraintGroup as SourceGroup};
use winter_math::{ExtensionOf, FieldElement, fft, fields::f64::BaseElement};
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{Dot, MAX_TERMS, PackedElement, RowPack, Weight};

use super::few::tabulated;
use super::inverses::Divisor;
use super::{Inverses, Place};
use crate::engine::domain::Domain;
use crate::engine::kernels::{Columns, inverse_of};
use crate::engine::ood::basis;
use crate::engine::planes::MAX_DEGREE;

/// From so many constraints on a column on a table is worth its memory and its transforms.
const OFTEN: usize = 32;

/// The columns that have a table, of those with these numbers of constraints.
pub(in crate::engine) fn tabulated_columns(counts: &[usize]) -> Vec<usize> {
    let often = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count >= OFTEN);
    often.map(|(column, _)| column).collect()
}

/// The boundary constraints of many groups.
pub(super) struct Many {
    /// Base columns that are asserted often.
    columns: Vec<usize>,
    /// For each coordinate, the values on all constraint cosets of the polynomial of each of these columns.
    tables: Vec<Vec<Vec<BaseElement>>>,
    /// For each coordinate, those of minus the combined asserted values.
    values: Vec<Vec<BaseElement>>,
    /// The other columns, group by group, in blocks with at most [`MAX_TERMS`] of them.
    blocks: Vec<Vec<Group>>,
}

/// The columns of a group that are not asserted often.
struct Group {
    divisor: Divisor,
    /// Base columns, with the weights of their coefficients, which have the divisor's scale in them.
    columns: Vec<(usize, [Weight; MAX_DEGREE])>,
}

impl Many {
    pub(super) fn new<F, E>(
        source: &[SourceGroup<F, E>],
        inverses: &mut Inverses,
        domain: &Domain,
    ) -> Self
    where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let mut counts = Vec::new();
        for constraint in source.iter().flat_map(SourceGroup::constraints) {
            let column = constraint.column();
            counts.resize(counts.len().max(column + 1), 0);
            counts[column] += 1;
        }
        let often = tabulated_columns(&counts);
        let mut polynomials = Polynomials::<F, E>::new(&often, domain);
        let mut blocks = vec![Vec::new()];
        let mut terms = 0;
        for group in source {
            let divisor = Divisor::of(group.divisor(), inverses, domain);
            let mut columns = Vec::new();
            for constraint in group.constraints() {
                let table = often.binary_search(&constraint.column()).ok();
                polynomials.add(constraint, divisor, table);
                if table.is_none() {
                    let scaled = constraint.cc().mul_base(divisor.scale);
                    for d in 0..F::EXTENSION_DEGREE {
                        let column = constraint.column() * F::EXTENSION_DEGREE + d;
                        columns.push((column, weights(scaled * basis::<E>(d))));
                    }
                }
            }
            if columns.is_empty() {
                continue;
            }
            terms += columns.len();
            if terms > MAX_TERMS {
                terms = columns.len();
                blocks.push(Vec::new());
            }
            if let Some(block) = blocks.last_mut() {
                block.push(Group { divisor, columns });
            }
        }
        let mut tables = polynomials.tabulate();
        let columns = often.iter().flat_map(|column| {
            (0..F::EXTENSION_DEGREE).map(move |d| column * F::EXTENSION_DEGREE + d)
        });
        Self {
            columns: columns.collect(),
            values: tables.iter_mut().filter_map(Vec::pop).collect(),
            tables,
            blocks,
        }
    }

    /// Adds the constraints, over their divisors, to `sums`.
    #[inline(always)]
    pub(super) fn add<V: Vector, T: RowPack<V>>(
        &self,
        inverses: &Inverses,
        cells: &[T],
        place: Place,
        sums: &mut [PackedElement<V>; 3],
    ) {
        let scale = PackedElement::splat(place.scaled_zerofier);
        let coordinates = self.tables.iter().zip(&self.values);
        for (sum, (tables, values)) in sums.iter_mut().zip(coordinates) {
            let mut total = PackedElement::<V>::load(&values[place.through..]);
            for (column, table) in self.columns.iter().zip(tables) {
                let factor = PackedElement::<V>::load(&table[place.through..]);
                total += cells[*column].pack(place.pack) * factor;
            }
            *sum += total * scale;
        }
        for block in &self.blocks {
            let mut products = [Dot::<V>::new(); 3];
            for group in block {
                let inverse = inverses.at::<V>(group.divisor, place.coset, place.row);
                for (column, weights) in &group.columns {
                    let cell = (cells[*column].pack(place.pack) * inverse).vector();
                    for (sum, weight) in products.iter_mut().zip(weights).take(place.degree) {
                        sum.add(cell, weight);
                    }
                }
            }
            for (sum, products) in sums.iter_mut().zip(products).take(place.degree) {
                *sum += products.reduce();
            }
        }
    }
}

/// The weights of the coordinates of a coefficient.
fn weights<E: FieldElement<BaseField = BaseElement>>(coefficient: E) -> [Weight; MAX_DEGREE] {
    let mut weights = [Weight::default(); MAX_DEGREE];
    let coefficient = [coefficient];
    let coordinates = E::slice_as_base_elements(&coefficient);
    for (weight, &coordinate) in weights.iter_mut().zip(coordinates) {
        *weight = Weight::new(coordinate);
    }
    weights
}

/// Polynomials while they are put together, by their values on the trace domain.
struct Polynomials<'a, F, E> {
    domain: &'a Domain,
    /// The coordinates of each: those of columns, and last of the asserted values, negated.
    values: Columns,
    count: usize,
    _fields: core::marker::PhantomData<fn(F) -> E>,
}

impl<'a, F, E> Polynomials<'a, F, E>
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    fn new(often: &[usize], domain: &'a Domain) -> Self {
        let count = often.len() * F::EXTENSION_DEGREE + 1;
        let mut values = Columns::unspecified(count * E::EXTENSION_DEGREE, domain.rows());
        for column in values.iter_mut() {
            column.fill(BaseElement::ZERO);
        }
        Self {
            domain,
            values,
            count,
            _fields: core::marker::PhantomData,
        }
    }

    /// Adds a constraint; `table` says which of the columns that are asserted often it is on.
    fn add(
        &mut self,
        constraint: &BoundaryConstraint<F, E>,
        divisor: Divisor,
        table: Option<usize>,
    ) {
        let Divisor { first, rows, .. } = divisor;
        let coefficient = constraint.cc().mul_base(divisor.scale * inverse_of(rows));
        let step = self.domain.rows() / rows;
        if let Some(table) = table {
            for d in 0..F::EXTENSION_DEGREE {
                let coefficient = coefficient * basis::<E>(d);
                for i in 0..rows {
                    let polynomial = table * F::EXTENSION_DEGREE + d;
                    self.add_at(polynomial, first + i * step, coefficient);
                }
            }
        }
        let mut values = constraint.poly().to_vec();
        if values.len() > 1 {
            // In x times the offset, so that it has the first value at one.
            let twiddles = fft::get_twiddles::<BaseElement>(values.len());
            fft::evaluate_poly(&mut values, &twiddles);
        }
        for (i, &value) in values.iter().cycle().take(rows).enumerate() {
            let value = -coefficient.mul_base(value);
            self.add_at(self.count - 1, first + i * step, value);
        }
    }

    fn add_at(&mut self, polynomial: usize, row: usize, value: E) {
        let value = [value];
        let coordinates = E::slice_as_base_elements(&value);
        let columns = self
            .values
            .iter_mut()
            .skip(polynomial * E::EXTENSION_DEGREE);
        for (column, &coordinate) in columns.zip(coordinates) {
            column[row] += coordinate;
        }
    }

    /// For each coordinate, the values of each polynomial on all constraint cosets.
    fn tabulate(mut self) -> Vec<Vec<Vec<BaseElement>>> {
        let degree = E::EXTENSION_DEGREE;
        self.values
            .interpolate(0..self.count * degree, BaseElement::ONE);
        let columns: Vec<_> = self.values.iter().collect();
        let domain = self.domain;
        let tables = columns
            .into_par_iter()
            .map(|column| tabulated(column, domain));
        let mut by_coordinate = vec![Vec::with_capacity(self.count); degree];
        for (i, table) in tables.collect::<Vec<_>>().into_iter().enumerate() {
            by_coordinate[i % degree].push(table);
        }
        by_coordinate
    }
}
