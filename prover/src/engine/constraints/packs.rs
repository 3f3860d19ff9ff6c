//! Constraint evaluation on packs of rows.

use winter_air::{Air, AuxRandElements, EvaluationFrame};
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::{
    Arithmetic, PackedElement, PackedExtension, RowPack, WideElement,
};
use winterlane_field_simd::vector::MAX_LANES;
use winterlane_field_simd::{Kernel, Vector};

use super::Constraints;
use super::boundary::Values;
use crate::engine::segment::{Coset, Extended};

/// Evaluates rows `start..` of every constraint coset, as many as `block` has room for.
pub(super) struct Task<'a, A, E: FieldElement<BaseField = BaseElement>, const INLINE: bool> {
    pub(super) constraints: &'a Constraints<'a, A, E>,
    pub(super) main: &'a Extended<BaseElement>,
    pub(super) aux: Option<&'a Extended<E>>,
    pub(super) start: usize,
    /// The rows of each base column of each constraint coset.
    pub(super) block: Vec<&'a mut [BaseElement]>,
}

impl<A, E, const INLINE: bool> Kernel for Task<'_, A, E, INLINE>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) {
        // Without vectors nothing is gained by going through memory.
        if INLINE || V::LANES == 1 {
            self.with_packs::<V, PackedElement<V>>();
        } else {
            self.with_packs::<V, WideElement<V>>();
        }
    }
}

/// An element of the auxiliary segment over rows `T`.
trait AuxPack<T>: FieldElement<BaseField = BaseElement> + ExtensionOf<T>
where
    T: FieldElement<BaseField = BaseElement>,
{
    /// The element with base columns `plane(0)`, `plane(1)`, ...
    fn from_planes(plane: impl FnMut(usize) -> T) -> Self;

    /// Base column `d`.
    fn plane(&self, d: usize) -> T;
}

impl<T: Arithmetic> AuxPack<T> for T {
    #[inline(always)]
    fn from_planes(mut plane: impl FnMut(usize) -> T) -> Self {
        plane(0)
    }

    #[inline(always)]
    fn plane(&self, _d: usize) -> T {
        *self
    }
}

impl<T: Arithmetic, const D: usize> AuxPack<T> for PackedExtension<T, D> {
    #[inline(always)]
    fn from_planes(plane: impl FnMut(usize) -> T) -> Self {
        Self::new(core::array::from_fn(plane))
    }

    #[inline(always)]
    fn plane(&self, d: usize) -> T {
        self.coefficients()[d]
    }
}

impl<A, E, const INLINE: bool> Task<'_, A, E, INLINE>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    #[inline(always)]
    fn with_packs<V: Vector, T: RowPack<V> + Arithmetic>(self) {
        match (self.aux, E::EXTENSION_DEGREE) {
            (Some(_), 2) => self.evaluate::<V, T, PackedExtension<T, 2>>(),
            (Some(_), 3) => self.evaluate::<V, T, PackedExtension<T, 3>>(),
            _ => self.evaluate::<V, T, T>(),
        }
    }

    #[inline(always)]
    fn evaluate<V: Vector, T: RowPack<V> + Arithmetic, X: AuxPack<T>>(self) {
        let Self {
            constraints,
            start,
            mut block,
            ..
        } = self;
        let domain = constraints.domain;
        let degree = E::EXTENSION_DEGREE;
        let rows = block[0].len();

        let mut buffers = Buffers::<T, X>::new(constraints, self.main, self.aux);
        for k in 0..domain.ce_blowup() {
            let coset = domain.ce_coset(k);
            let coset_offset = domain.coset_offset(coset);
            let points = winter_math::get_power_series_with_offset(
                domain.trace_root(),
                coset_offset * domain.trace_root().exp(start as u64),
                rows,
            );
            let inverses = constraints.inverse_divisors(&points);
            let zerofier = coset_offset.exp(domain.rows() as u64) - BaseElement::ONE;
            let transition_inverse = PackedElement::<V>::splat(zerofier.inv());
            let main_matrix = self.main.coset(coset, domain);
            let aux_matrix = self.aux.map(|aux| aux.coset(coset, domain));

            for first in (0..rows).step_by(T::ROWS) {
                let t = start + first;
                buffers.load::<V>(main_matrix, aux_matrix, t);
                for pack in 0..T::PACKS {
                    let values = constraints.periodic.rows_from(k, t + pack * V::LANES);
                    for (pack_of_rows, values) in buffers.periodic.iter_mut().zip(values) {
                        pack_of_rows.set_pack(pack, PackedElement::load(values));
                    }
                }
                buffers.transitions(constraints);

                for pack in 0..T::PACKS {
                    let from = first + pack * V::LANES;
                    if from >= rows {
                        break;
                    }
                    let x = PackedElement::<V>::load(&points[from..]);
                    let exemptions = constraints.transition.divisor().exemptions();
                    let factor = exemptions.iter().fold(transition_inverse, |f, &e| {
                        f * (x - PackedElement::splat(e))
                    });
                    let mut sums = buffers.combined_transitions(constraints, pack);
                    for sum in &mut sums[..degree] {
                        *sum *= factor;
                    }
                    for (group, inverses) in constraints.boundary.iter().zip(&inverses) {
                        let mut form = [PackedElement::<V>::ZERO; 3];
                        subtract_values(
                            &group.values,
                            &mut form,
                            x,
                            domain.rows(),
                            k,
                            start + from,
                        );
                        for &(column, coefficient) in &group.main {
                            let value = buffers.main.current()[column].pack(pack);
                            add_scaled(&mut form, coefficient, value);
                        }
                        if let Some(aux) = &buffers.aux {
                            for &(column, coefficient) in &group.aux {
                                let cell = aux.current()[column / degree];
                                let value = cell.plane(column % degree).pack(pack);
                                add_scaled(&mut form, coefficient, value);
                            }
                        }
                        let inverse = PackedElement::<V>::load(&inverses[from..]);
                        for (sum, form) in sums.iter_mut().zip(form) {
                            *sum += form * inverse;
                        }
                    }
                    for (column, sum) in block[k * degree..].iter_mut().zip(&sums[..degree]) {
                        sum.store(&mut column[from..]);
                    }
                }
            }
        }
    }
}

/// What one task works in.
struct Buffers<T: FieldElement, X: FieldElement> {
    main: EvaluationFrame<T>,
    aux: Option<EvaluationFrame<X>>,
    rand_elements: Option<AuxRandElements<X>>,
    periodic: Vec<T>,
    main_results: Vec<T>,
    aux_results: Vec<X>,
}

impl<T: Arithmetic, X: AuxPack<T>> Buffers<T, X> {
    #[inline(always)]
    fn new<A, E>(
        constraints: &Constraints<'_, A, E>,
        main: &Extended<BaseElement>,
        aux: Option<&Extended<E>>,
    ) -> Self
    where
        A: Air<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement>,
    {
        let rand_elements = constraints.aux_rand_elements.as_ref().map(|rand| {
            let packed = rand.rand_elements().iter().map(|&element| {
                X::from_planes(|d| T::broadcast(E::slice_as_base_elements(&[element])[d]))
            });
            AuxRandElements::new(packed.collect())
        });
        let aux_constraints = constraints.aux_coefficients.len() / E::EXTENSION_DEGREE;
        Self {
            main: EvaluationFrame::new(main.columns()),
            aux: aux.map(|aux| EvaluationFrame::new(aux.columns())),
            rand_elements,
            periodic: vec![T::ZERO; constraints.periodic.columns()],
            main_results: vec![T::ZERO; constraints.main_coefficients.len()],
            aux_results: vec![X::ZERO; aux_constraints],
        }
    }

    /// Loads the frames of rows `t..t + T::ROWS`, going round after the last.
    #[inline(always)]
    fn load<V: Vector>(&mut self, main: Coset<'_>, aux: Option<Coset<'_>>, t: usize)
    where
        T: RowPack<V>,
    {
        for pack in 0..T::PACKS {
            let row = t + pack * V::LANES;
            let current = self.main.current_mut();
            gather::<V>(main, row, |i, value| current[i].set_pack(pack, value));
            let next = self.main.next_mut();
            gather::<V>(main, row + 1, |i, value| next[i].set_pack(pack, value));
        }
        if let (Some(frame), Some(aux)) = (&mut self.aux, aux) {
            load_aux::<V, T, X>(frame.current_mut(), aux, t);
            load_aux::<V, T, X>(frame.next_mut(), aux, t + 1);
        }
    }

    /// Evaluates the transition constraints of the loaded frames.
    #[inline(always)]
    fn transitions<A, E>(&mut self, constraints: &Constraints<'_, A, E>)
    where
        A: Air<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement>,
    {
        self.main_results.fill(T::ZERO);
        constraints
            .air
            .evaluate_transition(&self.main, &self.periodic, &mut self.main_results);
        if let (Some(frame), Some(rand)) = (&self.aux, &self.rand_elements) {
            self.aux_results.fill(X::ZERO);
            constraints.air.evaluate_aux_transition(
                &self.main,
                frame,
                &self.periodic,
                rand,
                &mut self.aux_results,
            );
        }
    }

    /// The evaluated transition constraints of one pack, times their coefficients, added up.
    #[inline(always)]
    fn combined_transitions<V: Vector, A, E>(
        &self,
        constraints: &Constraints<'_, A, E>,
        pack: usize,
    ) -> [PackedElement<V>; 3]
    where
        A: Air<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement>,
        T: RowPack<V>,
    {
        let mut sums = [PackedElement::<V>::ZERO; 3];
        for (&c, value) in constraints.main_coefficients.iter().zip(&self.main_results) {
            add_scaled(&mut sums, c, value.pack(pack));
        }
        let degree = E::EXTENSION_DEGREE;
        for (cs, value) in constraints
            .aux_coefficients
            .chunks_exact(degree)
            .zip(&self.aux_results)
        {
            for (d, &c) in cs.iter().enumerate() {
                add_scaled(&mut sums, c, value.plane(d).pack(pack));
            }
        }
        sums
    }
}

/// Loads one row of each auxiliary frame.
#[inline(always)]
fn load_aux<V: Vector, T: RowPack<V> + Arithmetic, X: AuxPack<T>>(
    cells: &mut [X],
    coset: Coset<'_>,
    t: usize,
) {
    let degree = X::EXTENSION_DEGREE;
    let mut bases = vec![T::ZERO; cells.len() * degree];
    for pack in 0..T::PACKS {
        gather::<V>(coset, t + pack * V::LANES, |i, value| {
            bases[i].set_pack(pack, value);
        });
    }
    for (cell, planes) in cells.iter_mut().zip(bases.chunks_exact(degree)) {
        *cell = X::from_planes(|d| planes[d]);
    }
}

/// Reads `V::LANES` rows from row `t` on, going round after the last, and hands over the columns.
#[inline(always)]
fn gather<V: Vector>(coset: Coset<'_>, t: usize, mut put: impl FnMut(usize, PackedElement<V>)) {
    let width = coset.width();
    let rows: [&[BaseElement]; MAX_LANES] =
        core::array::from_fn(|lane| coset.row((t + lane % V::LANES) % coset.rows()));
    let mut square = [PackedElement::<V>::ZERO; MAX_LANES];
    let square = &mut square[..V::LANES];
    for column in (0..width).step_by(V::LANES) {
        for (packed, row) in square.iter_mut().zip(rows) {
            *packed = PackedElement::load(&row[column..]);
        }
        PackedElement::transpose(square);
        for (i, &packed) in square.iter().enumerate().take(width - column) {
            put(column + i, packed);
        }
    }
}

/// `sums += coefficient * value`, one sum for each base column of the extension.
#[inline(always)]
fn add_scaled<V: Vector, E: FieldElement<BaseField = BaseElement>>(
    sums: &mut [PackedElement<V>; 3],
    coefficient: E,
    value: PackedElement<V>,
) {
    let coefficients = [coefficient];
    for (sum, &c) in sums
        .iter_mut()
        .zip(E::slice_as_base_elements(&coefficients))
    {
        *sum += PackedElement::splat(c) * value;
    }
}

/// Subtracts the asserted values of a group at the points `x`, rows `t` and on of constraint coset
/// `k`.
#[inline(always)]
fn subtract_values<V: Vector, E: FieldElement<BaseField = BaseElement>>(
    values: &Values<E>,
    form: &mut [PackedElement<V>; 3],
    x: PackedElement<V>,
    rows: usize,
    k: usize,
    t: usize,
) {
    let degree = E::EXTENSION_DEGREE;
    match values {
        Values::Poly(coefficients) => {
            let bases = E::slice_as_base_elements(coefficients);
            for (d, form) in form.iter_mut().take(degree).enumerate() {
                let value = bases[d..]
                    .iter()
                    .step_by(degree)
                    .rev()
                    .fold(PackedElement::ZERO, |sum, &c| {
                        sum * x + PackedElement::splat(c)
                    });
                *form -= value;
            }
        }
        Values::Table(table) => {
            for (d, form) in form.iter_mut().take(degree).enumerate() {
                let start = (k * degree + d) * rows + t;
                *form -= PackedElement::load(&table[start..]);
            }
        }
    }
}
