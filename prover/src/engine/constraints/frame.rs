//! Frames of packed rows.

use winter_air::EvaluationFrame;
use winter_math::FieldElement;
use winterlane_field_simd::Vector;
use winterlane_field_simd::packed_element::{Arithmetic, PackedElement, RowPack};

use super::periodic::PeriodicTable;
use crate::engine::segment::{Coset, gather};

/// The rows of the main segment and the periodic columns that one call of a constraint function
/// sees.
pub(super) struct MainFrame<T: FieldElement> {
    pub(super) rows: EvaluationFrame<T>,
    pub(super) periodic: Vec<T>,
    /// The rows after the current ones.
    following: Vec<T>,
    /// Room for the current ones.
    current: Vec<T>,
}

impl<T: Arithmetic> MainFrame<T> {
    #[inline(always)]
    pub(super) fn new(width: usize, periodic: &PeriodicTable) -> Self {
        Self {
            rows: EvaluationFrame::new(width),
            periodic: vec![T::ZERO; periodic.columns()],
            following: vec![T::ZERO; width],
            current: vec![T::ZERO; width],
        }
    }

    /// Gets ready to load rows from row `t` of a coset on.
    #[inline(always)]
    pub(super) fn start<V: Vector>(&mut self, coset: Coset<'_>, t: usize)
    where
        T: RowPack<V>,
    {
        for pack in 0..T::PACKS {
            gather(coset, t + pack * V::LANES, &mut self.following, pack);
        }
    }

    /// Loads rows `t..t + T::ROWS` of constraint coset `k`, going round after the last: those that
    /// follow the rows loaded before, or where it was told to [`start`](Self::start).
    #[inline(always)]
    pub(super) fn load<V: Vector>(
        &mut self,
        coset: Coset<'_>,
        periodic: &PeriodicTable,
        k: usize,
        t: usize,
    ) where
        T: RowPack<V>,
    {
        core::mem::swap(&mut self.current, &mut self.following);
        self.start(coset, t + T::ROWS);
        self.rows.current_mut().copy_from_slice(&self.current);
        let pairs = self.current.iter().zip(&self.following);
        for (next, (current, following)) in self.rows.next_mut().iter_mut().zip(pairs) {
            *next = current.shift_in(following);
        }
        self.load_periodic(periodic, k, t);
    }

    /// Loads the periodic columns alone, for functions that do not read the rows.
    #[inline(always)]
    pub(super) fn load_periodic<V: Vector>(&mut self, periodic: &PeriodicTable, k: usize, t: usize)
    where
        T: RowPack<V>,
    {
        for pack in 0..T::PACKS {
            let row = t + pack * V::LANES;
            for (packed, values) in self.periodic.iter_mut().zip(periodic.rows_from(k, row)) {
                packed.set_pack(pack, PackedElement::load(values));
            }
        }
    }
}
