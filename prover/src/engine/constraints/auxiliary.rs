//! Constraints on the auxiliary segment.

use winter_air::{Air, AuxRandElements, EvaluationFrame};
use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::packed_element::{
    Arithmetic, PackedElement, PackedExtension, RowPack, WideElement,
};
use winterlane_field_simd::{Kernel, Vector};

use super::composition::Composition;
use super::frame::MainFrame;
use super::{Block, Constraints};
use crate::engine::Segment;
use crate::engine::planes::{MAX_DEGREE, Planes};
use crate::engine::segment::{Coset, Extended, gather};

/// Evaluates the constraints on the auxiliary segment in rows `start..` of every constraint coset,
/// as many as the block has room for, and adds their composition.
///
/// `D` is the degree of the extension that the segment's elements are of.
pub(super) struct AuxTask<'a, A, const D: usize, const INLINE: bool> {
    pub(super) air: &'a A,
    pub(super) constraints: &'a Constraints<'a>,
    pub(super) main: &'a Extended,
    pub(super) aux: &'a Extended,
    pub(super) start: usize,
    pub(super) block: Block<'a>,
}

impl<A, const D: usize, const INLINE: bool> Kernel for AuxTask<'_, A, D, INLINE>
where
    A: Air<BaseField = BaseElement>,
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

impl<A, const D: usize, const INLINE: bool> AuxTask<'_, A, D, INLINE>
where
    A: Air<BaseField = BaseElement>,
{
    #[inline(always)]
    fn with_packs<V: Vector, T: RowPack<V> + Arithmetic>(self) {
        match D {
            1 => self.evaluate::<V, T, T>(),
            2 => self.evaluate::<V, T, PackedExtension<T, 2>>(),
            _ => self.evaluate::<V, T, PackedExtension<T, 3>>(),
        }
    }

    #[inline(always)]
    fn evaluate<V: Vector, T: RowPack<V> + Arithmetic, X: Planes<T>>(self) {
        let Self {
            air,
            constraints,
            main,
            aux,
            start,
            mut block,
        } = self;
        let domain = constraints.domain;
        let degree = D;
        let rows = block[0].len();

        let rand_elements = constraints
            .rand_elements
            .chunks_exact(degree)
            .map(|planes| {
                let mut packed = [T::ZERO; MAX_DEGREE];
                for (packed, &plane) in packed.iter_mut().zip(planes) {
                    *packed = T::broadcast(plane);
                }
                X::from_planes(&packed)
            });
        let rand_elements = AuxRandElements::new(rand_elements.collect());
        let mut frame = MainFrame::<T>::new(main.columns(), &constraints.periodic);
        let mut aux_frame = EvaluationFrame::<X>::new(aux.columns());
        let mut results = vec![X::ZERO; constraints.num_aux];
        // The base columns of the current row, and those of the results.
        let mut cells = vec![T::ZERO; aux.width()];
        let mut values = vec![T::ZERO; constraints.num_aux * degree];
        for k in 0..domain.evaluated_cosets() {
            let evaluated = domain.evaluated_rows(k, start, rows);
            if evaluated == 0 {
                continue;
            }
            let composition = Composition::new(constraints, Segment::Auxiliary, k, start, rows);
            let main_coset = main.coset(domain.ce_coset(k), domain);
            let aux_coset = aux.coset(domain.ce_coset(k), domain);

            if !constraints.aux_alone {
                frame.start(main_coset, start);
            }
            for first in (0..evaluated).step_by(T::ROWS) {
                let t = start + first;
                if constraints.aux_alone {
                    frame.load_periodic::<V>(&constraints.periodic, k, t);
                } else {
                    frame.load::<V>(main_coset, &constraints.periodic, k, t);
                }
                load::<V, T, X>(aux_frame.next_mut(), &mut cells, aux_coset, t + 1);
                load::<V, T, X>(aux_frame.current_mut(), &mut cells, aux_coset, t);
                results.fill(X::ZERO);
                air.evaluate_aux_transition(
                    &frame.rows,
                    &aux_frame,
                    &frame.periodic,
                    &rand_elements,
                    &mut results,
                );

                for (planes, result) in values.chunks_exact_mut(degree).zip(&results) {
                    for (d, plane) in planes.iter_mut().enumerate() {
                        *plane = result.plane(d);
                    }
                }
                for pack in 0..T::PACKS {
                    let from = first + pack * V::LANES;
                    if from >= rows {
                        break;
                    }
                    let sums = composition.sums::<V, _>(&values, &cells, from, pack);
                    for (column, sum) in block[k * degree..].iter_mut().zip(&sums[..degree]) {
                        let column = &mut column[from..];
                        (PackedElement::load(column) + *sum).store(column);
                    }
                }
            }
        }
    }
}

/// Loads one row of the auxiliary frame, and its base columns into `cells`.
#[inline(always)]
fn load<V: Vector, T: RowPack<V> + Arithmetic, X: Planes<T>>(
    row: &mut [X],
    cells: &mut [T],
    coset: Coset<'_>,
    t: usize,
) {
    for pack in 0..T::PACKS {
        gather(coset, t + pack * V::LANES, cells, pack);
    }
    for (element, planes) in row.iter_mut().zip(cells.chunks_exact(X::EXTENSION_DEGREE)) {
        *element = X::from_planes(planes);
    }
}
