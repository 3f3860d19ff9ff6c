//! [`PrivateAir`] implements winterfell's `Air` for all private statements.

use alloc::{vec, vec::Vec};

use winter_air::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};
use winter_math::{FieldElement, fft, fields::f64::BaseElement};
use winterlane_ledger::private::PrivateInputs;

use super::{constraints, schedule::Schedule};
use crate::{
    hiding::{TailFree, min_rows_in_place, min_tail},
    presets::HidingPreset,
};

/// Rows of the shortest trace.
pub const MIN_ROWS: usize = 256;

/// A private statement as an algebraic intermediate representation.
///
/// The number of rows follows from the statement and the number of queries: the least power of two, from
/// [`MIN_ROWS`] on, that has room for the statement and for the rows that hiding makes random, and is long
/// enough to hide so many queries.
pub struct PrivateAir {
    context: AirContext<BaseElement>,
    inputs: PrivateInputs,
    schedule: Schedule,
}

impl PrivateAir {
    /// The shape of the trace of a statement when it is proven with these options.
    #[must_use]
    pub fn trace_info(inputs: &PrivateInputs, options: &ProofOptions) -> TraceInfo {
        info(&Schedule::of(inputs), options)
    }

    /// The options of a preset for a statement, at the length that the statement then has; `None` when the
    /// preset has none: `fast` never does.
    #[must_use]
    pub fn options(inputs: &PrivateInputs, preset: HidingPreset) -> Option<ProofOptions> {
        // constraints of degree 3 give three quotient columns, which take a blowup factor of 4
        if preset.name.blowup_factor() < 4 {
            return None;
        }
        let schedule = Schedule::of(inputs);
        let (first, last) = preset.log2_lengths();
        let lengths = (first..=last).map(|log2| 1 << log2);
        lengths.filter(|&rows| rows >= MIN_ROWS).find_map(|rows| {
            let options = preset.options(rows)?;
            (info(&schedule, &options).length() == rows).then_some(options)
        })
    }

    /// The public inputs.
    #[must_use]
    pub const fn public_inputs(&self) -> &PrivateInputs {
        &self.inputs
    }

    /// What each row does.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

/// The last row of the statement is constrained: it and the row after it are before the tail.
fn info(schedule: &Schedule, options: &ProofOptions) -> TraceInfo {
    let queries = options.num_queries();
    let needed = schedule.rows() + 1 + min_tail(queries);
    let rows = needed.max(min_rows_in_place(queries)).max(MIN_ROWS);
    TraceInfo::new(schedule.width(), rows.next_power_of_two())
}

impl Air for PrivateAir {
    type BaseField = BaseElement;
    type PublicInputs = PrivateInputs;

    /// Builds the AIR for `inputs`.
    ///
    /// The shape of the trace follows from public inputs and options alone: what a proof's header says of
    /// it is ignored here (its transcript binds it), so that no proof can make this panic.
    fn new(_info: TraceInfo, inputs: PrivateInputs, options: ProofOptions) -> Self {
        let schedule = Schedule::of(&inputs);
        let info = info(&schedule, &options);
        // a statement without assertions is none: see `evaluate_transition`
        let assertions = schedule.assertions().len().max(1);
        let degrees = if schedule.rows() == 0 {
            vec![TransitionConstraintDegree::new(1)]
        } else {
            constraints::degrees(info.length(), schedule.is_signed())
        };
        Self {
            context: AirContext::new(info, degrees, assertions, options),
            inputs,
            schedule,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic_values: &[E],
        result: &mut [E],
    ) {
        if self.schedule.rows() == 0 {
            // inputs of no statement: nothing satisfies this
            result.fill(E::ONE);
            return;
        }
        constraints::evaluate(frame, periodic_values, result);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let assertions = self.schedule.assertions();
        if assertions.is_empty() {
            return vec![Assertion::single(0, 0, BaseElement::ZERO)];
        }
        let single = |&(column, row, value)| Assertion::single(column, row, value);
        assertions.iter().map(single).collect()
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        self.schedule.periodic_columns(self.trace_length())
    }

    /// Those that winterfell makes of the values. A statement has a use for about half of the selectors: the others
    /// are zero, and so are their polynomials.
    fn get_periodic_column_polys(&self) -> Vec<Vec<BaseElement>> {
        let mut columns = self.get_periodic_column_values();
        let inv_twiddles = fft::get_inv_twiddles(self.trace_length());
        for column in &mut columns {
            if column.iter().any(|&value| value != BaseElement::ZERO) {
                fft::interpolate_poly(column, &inv_twiddles);
            }
        }
        columns
    }
}

impl TailFree for PrivateAir {
    /// The rows of the table, and one more: the constraints of the last row also speak of the next.
    fn needed_rows(&self) -> usize {
        self.schedule.rows() + 1
    }
}
