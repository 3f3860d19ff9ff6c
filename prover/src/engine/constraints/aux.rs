//! Constraints on the auxiliary segment.

use winter_air::{Air, AuxRandElements, EvaluationFrame};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::{
    Arithmetic, PackedElement, PackedExtension, RowPack, WideElement,
};
use winterlane_field_simd::{Kernel, Vector};

use super::frame::MainFrame;
use super::{Block, Constraints};
use crate::engine::dot::dot;
use crate::engine::planes::Planes;
use crate::engine::segment::{Coset, Extended, gather};

/// Evaluates the constraints on the auxiliary segment in rows `start..` of every constraint coset,
/// as many as the block has room for, and adds their composition.
pub(super) struct AuxTask<'a, A, E, const INLINE: bool> {
    pub(super) constraints: &'a Constraints<'a, A>,
    pub(super) main: &'a Extended<BaseElement>,
    pub(super) aux: &'a Extended<E>,
    pub(super) start: usize,
    pub(super) block: Block<'a>,
}

impl<A, E, const INLINE: bool> Kernel for AuxTask<'_, A, E, INLINE>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) {
        if INLINE || V::LANES == 1 {
            self.with_packs::<V, PackedElement<V>>();
        } else {
            self.with_packs::<V, WideElement<V>>();
        }
    }
}

impl<A, E, const INLINE: bool> AuxTask<'_, A, E, INLINE>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    #[inline(always)]
    fn with_packs<V: Vector, T: RowPack<V> + Arithmetic>(self) {
        match E::EXTENSION_DEGREE {
            1 => self.evaluate::<V, T, T>(),
            2 => self.evaluate::<V, T, PackedExtension<T, 2>>(),
            _ => self.evaluate::<V, T, PackedExtension<T, 3>>(),
        }
    }

    #[inline(always)]
    fn evaluate<V: Vector, T: RowPack<V> + Arithmetic, X: Planes<T>>(self) {
        let Self {
            constraints,
            main,
            aux,
            start,
            mut block,
        } = self;
        let domain = constraints.domain;
        let degree = constraints.degree;
        let rows = block[0].len();

        let rand_elements = constraints
            .rand_elements
            .chunks_exact(degree)
            .map(|planes| X::from_planes(|d| T::broadcast(planes[d])));
        let rand_elements = AuxRandElements::new(rand_elements.collect());
        let mut frame = MainFrame::<T>::new(main.columns(), &constraints.periodic);
        let mut aux_frame = EvaluationFrame::<X>::new(aux.columns());
        let mut results = vec![X::ZERO; constraints.num_aux];
        for k in 0..domain.ce_blowup() {
            let points = constraints.points(k, start, rows);
            let inverse_zerofier = PackedElement::<V>::splat(constraints.inverse_zerofier(k));
            let inverses: Vec<_> = constraints
                .aux_boundary
                .iter()
                .map(|group| group.inverse_divisors(&points, domain))
                .collect();
            let main_coset = main.coset(domain.ce_coset(k), domain);
            let aux_coset = aux.coset(domain.ce_coset(k), domain);

            for first in (0..rows).step_by(T::ROWS) {
                let t = start + first;
                frame.load::<V>(main_coset, &constraints.periodic, k, t);
                load::<V, T, X>(aux_frame.current_mut(), aux_coset, t);
                load::<V, T, X>(aux_frame.next_mut(), aux_coset, t + 1);
                results.fill(X::ZERO);
                constraints.air.evaluate_aux_transition(
                    &frame.rows,
                    &aux_frame,
                    &frame.periodic,
                    &rand_elements,
                    &mut results,
                );

                for pack in 0..T::PACKS {
                    let from = first + pack * V::LANES;
                    if from >= rows {
                        break;
                    }
                    let x = PackedElement::<V>::load(&points.x[from..]);
                    let factor = constraints.exempted(x, inverse_zerofier);
                    let mut sums = [PackedElement::<V>::ZERO; 3];
                    for (sum, weights) in sums.iter_mut().zip(&constraints.aux_weights) {
                        let value = |i: usize| results[i / degree].plane(i % degree).pack(pack);
                        *sum = dot(weights, value) * factor;
                    }
                    for (group, inverses) in constraints.aux_boundary.iter().zip(&inverses) {
                        let cell = |column: usize| {
                            aux_frame.current()[column / degree]
                                .plane(column % degree)
                                .pack(pack)
                        };
                        group.add_to(
                            &mut sums[..degree],
                            &points,
                            from,
                            inverses,
                            domain.rows(),
                            cell,
                        );
                    }
                    for (column, sum) in block[k * degree..].iter_mut().zip(&sums[..degree]) {
                        let column = &mut column[from..];
                        (PackedElement::load(column) + *sum).store(column);
                    }
                }
            }
        }
    }
}

/// Loads one row of the auxiliary frame.
#[inline(always)]
fn load<V: Vector, T: RowPack<V> + Arithmetic, X: Planes<T>>(
    cells: &mut [X],
    coset: Coset<'_>,
    t: usize,
) {
    let degree = X::EXTENSION_DEGREE;
    let mut planes = vec![T::ZERO; cells.len() * degree];
    for pack in 0..T::PACKS {
        gather::<V>(coset, t + pack * V::LANES, |i, value| {
            planes[i].set_pack(pack, value);
        });
    }
    for (cell, planes) in cells.iter_mut().zip(planes.chunks_exact(degree)) {
        *cell = X::from_planes(|d| planes[d]);
    }
}
