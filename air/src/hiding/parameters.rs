//! The numbers of a hiding trace, and the conditions on them.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use winter_air::{
    Air, AuxRandElements, FieldExtension, ProofOptions, TraceInfo, TransitionConstraintDegree,
};
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    HidingError, Mode,
    assertions::{self, Segment},
    mode::METADATA,
};
use crate::limits::MAX_TRACE_WIDTH;

/// Columns of the main segment that are random in the tail, at least: four keep 256 bits of entropy in a
/// leaf that is not opened, so that leaves need no salt.
pub const MIN_RANDOM_COLUMNS: usize = 4;

/// Random cells of a column beyond one a query: three for each of the two out-of-domain points, and one
/// that stays unknown when all of them are opened.
pub const MIN_TAIL_MARGIN: usize = 7;

/// The shortest random tail that hides a column opened at `queries` points, in rows.
#[must_use]
pub const fn min_tail(queries: usize) -> usize {
    queries + MIN_TAIL_MARGIN
}

/// The shortest hiding trace with `queries` queries and a random tail of `tail` rows.
///
/// This is the lemma's `n >= 2 sigma + k + 1`: `sigma` points, the queries and two out-of-domain ones, and
/// `k` exempt rows, the tail and the one before it.
const fn min_rows(queries: usize, tail: usize) -> usize {
    2 * (queries + 2) + (tail + 1) + 1
}

/// The fewest rows of a hiding trace with `queries` queries that has the shortest tail: `3 s + 13`.
#[must_use]
pub const fn min_rows_in_place(queries: usize) -> usize {
    min_rows(queries, min_tail(queries))
}

/// The fewest rows of a hiding trace with `queries` queries whose tail is half of it: `4 s + 12`.
#[must_use]
pub const fn min_rows_doubling(queries: usize) -> usize {
    2 * min_rows(queries, 0)
}

/// The numbers of one hiding trace, all of them checked: rows, tail, columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HidingParameters {
    /// The shape of the inner AIR's own trace.
    inner: TraceInfo,
    rows: usize,
    tail: usize,
    queries: usize,
    padding: usize,
    quotients: usize,
    quotient_degree: usize,
}

impl HidingParameters {
    /// The parameters of the hiding trace of `air`, whose options are `options`.
    pub(super) fn of<A, M>(air: &A, options: &ProofOptions) -> Result<Self, HidingError>
    where
        A: Air<BaseField = BaseElement>,
        M: Mode<A>,
    {
        if air.options() != options {
            return Err(HidingError::Options);
        }
        let inner = air.trace_info().clone();
        let mut parameters = Self {
            rows: M::hiding_rows(inner.length()),
            tail: M::tail(air),
            queries: options.num_queries(),
            padding: 0,
            quotients: 0,
            quotient_degree: 0,
            inner,
        };
        parameters.check_rows(air, options)?;
        let (tail, rows) = (parameters.tail, parameters.statement_rows());
        let needed = M::needed_rows(air);
        if needed > rows {
            return Err(HidingError::TailInStatement { needed, tail, rows });
        }
        (parameters.quotients, parameters.quotient_degree) = parameters.count_quotients(air);
        parameters.check_blowup(options.blowup_factor())?;
        let random = parameters.check_assertions(air)?;
        parameters.padding = MIN_RANDOM_COLUMNS.saturating_sub(random);
        let width = parameters.main_width() + parameters.aux_width();
        if width > MAX_TRACE_WIDTH {
            let max = MAX_TRACE_WIDTH;
            return Err(HidingError::TooWide { width, max });
        }
        Ok(parameters)
    }

    fn check_rows<A>(&self, air: &A, options: &ProofOptions) -> Result<(), HidingError>
    where
        A: Air<BaseField = BaseElement>,
    {
        let &Self {
            rows,
            tail,
            queries,
            ..
        } = self;
        if options.field_extension() == FieldExtension::None {
            return Err(HidingError::NoExtension);
        }
        if self.inner.is_multi_segment() && self.inner.get_num_aux_segment_rand_elements() == 0 {
            return Err(HidingError::NoRandElements);
        }
        let exemptions = air.context().num_transition_exemptions();
        if exemptions != 1 {
            return Err(HidingError::Exemptions(exemptions));
        }
        let needed = min_tail(queries);
        if tail < needed {
            return Err(HidingError::TailTooShort { tail, needed });
        }
        // Winterfell exempts n/2 + 1 rows at most: the tail and the row before it.
        let max = rows / 2;
        if tail > max {
            return Err(HidingError::TailTooLong { tail, max, rows });
        }
        let needed = min_rows(queries, tail);
        if rows < needed {
            return Err(HidingError::TooShort {
                rows,
                needed,
                queries,
            });
        }
        // The values first: winterfell makes the polynomials from them, by default, and would panic.
        check_cycles(&air.get_periodic_column_values(), self.inner.length())?;
        check_cycles(&air.get_periodic_column_polys(), self.inner.length())
    }

    /// Quotient columns of the constraints when the tail is exempt, and the greatest degree of the quotient.
    ///
    /// Two columns at least, since a single one and N would share the mask `r`. And one coefficient of the last column
    /// is always zero: if a quotient could fill its columns, nothing would tell the prover of a false trace.
    fn count_quotients<A: Air<BaseField = BaseElement>>(&self, air: &A) -> (usize, usize) {
        let (main, aux) = degrees(air);
        let divisor = self.rows - self.exemptions();
        let highest = main.iter().chain(&aux);
        let highest = highest.map(|degree| degree.get_evaluation_degree(self.rows));
        let of_inner = highest.max().unwrap_or(0).saturating_sub(divisor);
        let columns = ((of_inner + 1) / self.rows + 1).max(2);
        let of_veil = columns * self.rows - 1 - divisor;
        (columns, of_inner.max(of_veil))
    }

    fn check_blowup(&self, blowup: usize) -> Result<(), HidingError> {
        let needed = self.quotients.next_power_of_two();
        if blowup < needed {
            let quotients = self.quotients;
            return Err(HidingError::Blowup {
                quotients,
                needed,
                blowup,
            });
        }
        Ok(())
    }

    /// Checks the assertions of both segments, and counts the random columns of the main one.
    fn check_assertions<A: Air<BaseField = BaseElement>>(
        &self,
        air: &A,
    ) -> Result<usize, HidingError> {
        let info = &self.inner;
        let segment = Segment {
            name: "main",
            width: info.main_trace_width(),
        };
        let random = assertions::check(&air.get_assertions(), &segment, self)?;
        if info.is_multi_segment() {
            // Where assertions are does not depend on challenges. These are small, distinct, not zero.
            let count = 2..2 + info.get_num_aux_segment_rand_elements() as u64;
            let elements = AuxRandElements::new(count.map(BaseElement::new).collect());
            let segment = Segment {
                name: "auxiliary",
                width: info.aux_segment_width(),
            };
            assertions::check(&air.get_aux_assertions(&elements), &segment, self)?;
        }
        Ok(random)
    }

    /// The shape of the hiding trace, whose metadata end with `tag`.
    pub(super) fn trace_info(&self, tag: u8) -> Result<TraceInfo, HidingError> {
        let mut meta = self.inner.meta().to_vec();
        if meta.len() + METADATA > TraceInfo::MAX_META_LENGTH {
            return Err(HidingError::Metadata(meta.len()));
        }
        // Both are small: the width is checked.
        meta.extend([self.padding as u8, self.veil_width() as u8, tag]);
        Ok(TraceInfo::new_multi_segment(
            self.main_width(),
            self.aux_width(),
            self.inner.get_num_aux_segment_rand_elements().max(1),
            self.rows,
            meta,
        ))
    }

    /// Rows of the hiding trace, a power of two.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Rows of the inner AIR's own trace.
    #[must_use]
    pub fn inner_rows(&self) -> usize {
        self.inner.length()
    }

    /// Rows that hold the statement, those before the tail.
    #[must_use]
    pub const fn statement_rows(&self) -> usize {
        self.rows - self.tail
    }

    /// Random rows at the end of the trace.
    #[must_use]
    pub const fn tail(&self) -> usize {
        self.tail
    }

    /// Rows exempt from the transition constraints: the tail and the last row before it.
    #[must_use]
    pub const fn exemptions(&self) -> usize {
        self.tail + 1
    }

    /// Queries of the options.
    #[must_use]
    pub const fn queries(&self) -> usize {
        self.queries
    }

    /// Columns of the quotient.
    #[must_use]
    pub const fn quotients(&self) -> usize {
        self.quotients
    }

    /// The degree that the quotient has at most, if the constraints hold: below that of as many columns.
    ///
    /// A prover whose quotient has a higher one has a false trace. Its proof would not verify, and would show what the
    /// constraints are not: the veil covers a quotient, and not by how much something else differs from one.
    #[must_use]
    pub const fn quotient_degree(&self) -> usize {
        self.quotient_degree
    }

    /// Columns of the main segment that hold randomness alone.
    #[must_use]
    pub const fn padding(&self) -> usize {
        self.padding
    }

    /// Columns of the inner AIR's main segment.
    #[must_use]
    pub fn inner_main_width(&self) -> usize {
        self.inner.main_trace_width()
    }

    /// Columns of the inner AIR's auxiliary segment, 0 if there is none.
    #[must_use]
    pub fn inner_aux_width(&self) -> usize {
        self.inner.aux_segment_width()
    }

    /// Columns of the main segment.
    #[must_use]
    pub fn main_width(&self) -> usize {
        self.inner_main_width() + self.padding
    }

    /// Columns of the auxiliary segment.
    #[must_use]
    pub fn aux_width(&self) -> usize {
        self.inner_aux_width() + self.veil_width()
    }

    /// Columns of the veil: N, A_1 .. A_(q-1), M.
    #[must_use]
    pub const fn veil_width(&self) -> usize {
        self.quotients + 1
    }

    /// The columns N, A_1 .. A_(q-1) of the auxiliary segment.
    #[must_use]
    pub fn veil_constrained(&self) -> Range<usize> {
        let first = self.inner_aux_width();
        first..first + self.quotients
    }

    /// The column A_(q-1) of the auxiliary segment, which is zero in row 0.
    #[must_use]
    pub fn asserted_column(&self) -> usize {
        self.inner_aux_width() + self.quotients - 1
    }

    /// The rows in which N is minus the sum of the columns A_t; it is uniform in the others.
    #[must_use]
    pub const fn veil_bound_rows(&self) -> Range<usize> {
        1..self.rows - self.tail
    }

    /// The degree of the veil's constraint, `q n - 1`, without asking for more than `q` in the blowup.
    ///
    /// Winterfell counts `n (1 - 1/c)` for a cycle of `c` rows. There are `q` cycles here whose parts `1/c`
    /// add up to one, so that they count `(q - 1) n`, which is what `p^(2(q-1))` has.
    pub(super) fn veil_degree(&self) -> TransitionConstraintDegree {
        let mut cycles = vec![1_usize];
        while cycles.len() < self.quotients {
            // Halving the largest part leaves the sum as it is.
            if let Some(shortest) = cycles.iter_mut().min() {
                *shortest *= 2;
                let again = *shortest;
                cycles.push(again);
            }
        }
        TransitionConstraintDegree::with_cycles(1, cycles)
    }
}

/// The degrees of the main and auxiliary constraints of an AIR.
pub(super) fn degrees<A: Air<BaseField = BaseElement>>(
    air: &A,
) -> (
    Vec<TransitionConstraintDegree>,
    Vec<TransitionConstraintDegree>,
) {
    let zeros = vec![BaseElement::ZERO; air.context().num_transition_constraints()];
    let constraints = air.get_transition_constraints(&zeros);
    (
        constraints.main_constraint_degrees().to_vec(),
        constraints.aux_constraint_degrees().to_vec(),
    )
}

/// Checks that periodic columns, given by the values or the coefficients of a cycle, repeat within the inner AIR's
/// own trace, which has `rows` rows. A longer one has no meaning there: a hiding trace of twice the rows would give it
/// one.
fn check_cycles(columns: &[Vec<BaseElement>], rows: usize) -> Result<(), HidingError> {
    let fits = |cycle: usize| cycle >= 2 && cycle.is_power_of_two() && cycle <= rows;
    let mut cycles = columns.iter().map(Vec::len);
    match cycles.find(|&cycle| !fits(cycle)) {
        Some(cycle) => Err(HidingError::Cycle { cycle, rows }),
        None => Ok(()),
    }
}
