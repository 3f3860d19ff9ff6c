//! Constraints on the main segment.

use winter_air::Air;
use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::packed_element::{Arithmetic, PackedElement, RowPack, WideElement};
use winterlane_field_simd::{Kernel, Vector};

use super::composition::Composition;
use super::frame::MainFrame;
use super::{Block, Constraints};
use crate::engine::{Segment, segment::Extended};

/// Evaluates the constraints on the main segment in rows `start..` of every constraint coset, as
/// many as the block has room for, and writes their composition.
pub(super) struct MainTask<'a, A, const INLINE: bool> {
    pub(super) air: &'a A,
    pub(super) constraints: &'a Constraints<'a>,
    pub(super) main: &'a Extended,
    pub(super) start: usize,
    pub(super) block: Block<'a>,
}

impl<A: Air<BaseField = BaseElement>, const INLINE: bool> Kernel for MainTask<'_, A, INLINE> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) {
        // Without vectors nothing is gained by going through memory.
        if INLINE || V::LANES == 1 {
            self.evaluate::<V, PackedElement<V>>();
        } else {
            self.evaluate::<V, WideElement<V>>();
        }
    }
}

impl<A: Air<BaseField = BaseElement>, const INLINE: bool> MainTask<'_, A, INLINE> {
    #[inline(always)]
    fn evaluate<V: Vector, T: RowPack<V> + Arithmetic>(self) {
        let Self {
            air,
            constraints,
            main,
            start,
            mut block,
        } = self;
        let domain = constraints.domain;
        let degree = constraints.degree;
        let rows = block[0].len();

        let mut frame = MainFrame::<T>::new(main.columns(), &constraints.periodic);
        let mut results = vec![T::ZERO; constraints.num_main];
        for k in 0..domain.evaluated_cosets() {
            let evaluated = domain.evaluated_rows(k, start, rows);
            if evaluated == 0 {
                continue;
            }
            let composition = Composition::new(constraints, Segment::Main, k, start, rows);
            let coset = main.coset(domain.ce_coset(k), domain);

            frame.start(coset, start);
            for first in (0..evaluated).step_by(T::ROWS) {
                frame.load::<V>(coset, &constraints.periodic, k, start + first);
                results.fill(T::ZERO);
                air.evaluate_transition(&frame.rows, &frame.periodic, &mut results);

                for pack in 0..T::PACKS {
                    let from = first + pack * V::LANES;
                    if from >= rows {
                        break;
                    }
                    let sums = composition.sums::<V, _>(&results, frame.rows.current(), from, pack);
                    for (column, sum) in block[k * degree..].iter_mut().zip(&sums[..degree]) {
                        sum.store(&mut column[from..]);
                    }
                }
            }
        }
    }
}
