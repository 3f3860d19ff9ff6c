//! Evaluation of all constraints over the constraint evaluation domain.
//!
//! At each point the engine adds up
//! - the transition constraints, each times its coefficient, over the exempted divisor
//!   `(x^n - 1) / e(x)`, and
//! - for each boundary divisor `x^a - b`, the assertions that share it, each times its coefficient,
//!   over that divisor.
//!
//! The transition constraints are computed by the AIR's own `evaluate_transition`, on packs of rows;
//! everything around that call is vectorised here.

mod boundary;
mod packs;
mod periodic;

use rayon::prelude::*;
use winter_air::{Air, AuxRandElements, ConstraintCompositionCoefficients, TransitionConstraints};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::{Backend, dispatch};

use self::boundary::BoundaryGroup;
use self::packs::Task;
use self::periodic::PeriodicTable;
use super::domain::Domain;
use super::kernels::Column;
use super::ood::basis;
use super::segment::Extended;

/// The fewest and the most trace rows that one task evaluates, in every coset.
const TASK_ROWS: (usize, usize) = (128, 4096);

/// All constraints of one proof, with their composition coefficients.
pub(super) struct Constraints<'a, A, E: FieldElement<BaseField = BaseElement>> {
    air: &'a A,
    domain: &'a Domain,
    aux_rand_elements: Option<AuxRandElements<E>>,
    transition: TransitionConstraints<E>,
    /// Coefficient of each main transition constraint.
    main_coefficients: Vec<E>,
    /// Coefficient of each base column of the auxiliary transition constraints.
    aux_coefficients: Vec<E>,
    boundary: Vec<BoundaryGroup<E>>,
    periodic: PeriodicTable,
}

impl<'a, A, E> Constraints<'a, A, E>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    /// Collects the constraints of `air`.
    pub(super) fn new(
        air: &'a A,
        domain: &'a Domain,
        aux_rand_elements: Option<AuxRandElements<E>>,
        coefficients: &ConstraintCompositionCoefficients<E>,
    ) -> Self {
        let transition = air.get_transition_constraints(&coefficients.transition);
        let main_coefficients = transition.main_constraint_coef();
        let aux_coefficients = transition
            .aux_constraint_coef()
            .into_iter()
            .flat_map(|c| (0..E::EXTENSION_DEGREE).map(move |d| c * basis::<E>(d)))
            .collect();
        let boundary = boundary::groups(
            air,
            aux_rand_elements.as_ref(),
            &coefficients.boundary,
            domain,
        );
        let periodic = PeriodicTable::new(air, domain);
        Self {
            air,
            domain,
            aux_rand_elements,
            transition,
            main_coefficients,
            aux_coefficients,
            boundary,
            periodic,
        }
    }

    /// Evaluates the composition over the constraint evaluation domain: the base columns of its
    /// values on each constraint coset, one coset after the other.
    ///
    /// `INLINE` says that the AIR's functions inline, so that packs may be single vectors.
    pub(super) fn evaluate<const INLINE: bool>(
        &self,
        main: &Extended<BaseElement>,
        aux: Option<&Extended<E>>,
    ) -> Vec<Column> {
        let tasks = 8 * rayon::current_num_threads();
        let rows = (self.domain.rows() / tasks.next_power_of_two()).clamp(TASK_ROWS.0, TASK_ROWS.1);
        let backend = Backend::current();
        let columns = self.domain.ce_blowup() * E::EXTENSION_DEGREE;
        let mut composition = vec![vec![BaseElement::ZERO; self.domain.rows()]; columns];
        let mut parts: Vec<_> = composition
            .iter_mut()
            .map(|column| column.chunks_mut(rows))
            .collect();
        let blocks: Vec<Vec<_>> =
            core::iter::from_fn(|| parts.iter_mut().map(Iterator::next).collect()).collect();
        blocks
            .into_par_iter()
            .enumerate()
            .for_each(|(task, block)| {
                let start = task * rows;
                let task = Task::<A, E, INLINE> {
                    constraints: self,
                    main,
                    aux,
                    start,
                    block,
                };
                dispatch(backend, task);
            });
        composition
    }

    /// For each boundary group, `1/(x^a - b)` at the given points, which are consecutive rows of one
    /// coset.
    fn inverse_divisors(&self, points: &[BaseElement]) -> Vec<Vec<BaseElement>> {
        self.boundary
            .iter()
            .map(|group| {
                let (a, b) = group.divisor;
                // On a coset of n points x^a takes n / a values, again and again.
                let period = (self.domain.rows() / a).clamp(1, points.len());
                let denominators: Vec<_> = points[..period]
                    .iter()
                    .map(|x| x.exp_vartime(a as u64) - b)
                    .collect();
                let inverses = winter_math::batch_inversion(&denominators);
                inverses
                    .iter()
                    .copied()
                    .cycle()
                    .take(points.len())
                    .collect()
            })
            .collect()
    }
}
