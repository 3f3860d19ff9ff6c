//! The evaluation domains of one proof.
//!
//! With a trace of `n` rows, blowup `b` and offset `s`, the extended (LDE) domain is `s g^i`, with `g`
//! of order `n b`. Writing `i = c + b t` splits it into `b` cosets of the trace domain: coset `c` is
//! `s_c w^t`, with `s_c = s g^c` and `w = g^b` of order `n`. Much of a proof needs no more than one
//! coset, or the few that make up the constraint evaluation domain.

use winter_air::AirContext;
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

/// The fewest rows that are a task of their own: fewer are done before another thread has woken.
const LEAST_ROWS: usize = 64;

/// The rows of one task of a loop over `rows` rows: `most`, but fewer if threads would have none.
pub(super) fn task_rows(rows: usize, most: usize) -> usize {
    let share = rows / rayon::current_num_threads().next_power_of_two();
    share.clamp(LEAST_ROWS.min(most), most)
}

/// Sizes, offset and roots of the domains of one proof.
#[derive(Clone, Debug)]
pub(super) struct Domain {
    rows: usize,
    blowup: usize,
    ce_blowup: usize,
    quotients: usize,
    offset: BaseElement,
    trace_root: BaseElement,
    lde_root: BaseElement,
}

impl Domain {
    /// The domains of an AIR with this context, which evaluates at `offset` times a subgroup.
    pub(super) fn new(air: &AirContext<BaseElement>, offset: BaseElement) -> Self {
        let rows = air.trace_len();
        let lde_size = air.lde_domain_size();
        Self {
            rows,
            blowup: lde_size / rows,
            ce_blowup: air.ce_domain_size() / rows,
            quotients: air.num_constraint_composition_columns(),
            offset,
            trace_root: BaseElement::get_root_of_unity(rows.ilog2()),
            lde_root: BaseElement::get_root_of_unity(lde_size.ilog2()),
        }
    }

    /// The domains of a trace of `rows` rows at blowup 4.
    #[cfg(test)]
    pub(super) fn of_rows(rows: usize) -> Self {
        Self {
            rows,
            blowup: 4,
            ce_blowup: 2,
            quotients: 2,
            offset: BaseElement::GENERATOR,
            trace_root: BaseElement::get_root_of_unity(rows.ilog2()),
            lde_root: BaseElement::get_root_of_unity((4 * rows).ilog2()),
        }
    }

    /// Rows of the trace, a power of two.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Extended domain size over trace length.
    pub(super) const fn blowup(&self) -> usize {
        self.blowup
    }

    /// Constraint evaluation domain size over trace length.
    pub(super) const fn ce_blowup(&self) -> usize {
        self.ce_blowup
    }

    /// Constraint cosets on which the composition is evaluated throughout: as many as there are columns of the quotient,
    /// which they fix.
    pub(super) fn whole_cosets(&self) -> usize {
        self.quotients.min(self.ce_blowup)
    }

    /// Constraint cosets on which the composition is evaluated at all: one more, if there is one. Its first row shows
    /// whether what the others fix is the composition.
    pub(super) fn evaluated_cosets(&self) -> usize {
        (self.whole_cosets() + 1).min(self.ce_blowup)
    }

    /// How many of the `rows` rows from row `start` on are evaluated on constraint coset `k`.
    pub(super) fn evaluated_rows(&self, k: usize, start: usize, rows: usize) -> usize {
        if k < self.whole_cosets() {
            rows
        } else {
            usize::from(start == 0)
        }
    }

    /// Points of the extended domain.
    pub(super) const fn lde_size(&self) -> usize {
        self.rows * self.blowup
    }

    /// Points of the constraint evaluation domain.
    pub(super) const fn ce_size(&self) -> usize {
        self.rows * self.ce_blowup
    }

    /// Offset of the extended domain.
    pub(super) const fn offset(&self) -> BaseElement {
        self.offset
    }

    /// Generator of the trace domain.
    pub(super) const fn trace_root(&self) -> BaseElement {
        self.trace_root
    }

    /// Offset of coset `coset` of the extended domain.
    pub(super) fn coset_offset(&self, coset: usize) -> BaseElement {
        self.offset * self.lde_root.exp(coset as u64)
    }

    /// The extended-domain coset that is coset `k` of the constraint evaluation domain.
    pub(super) const fn ce_coset(&self, k: usize) -> usize {
        k * (self.blowup / self.ce_blowup)
    }
}
