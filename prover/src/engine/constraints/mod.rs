//! Evaluation of all constraints over the constraint evaluation domain.
//!
//! At each point the engine forms
//! \\[ \frac{e(x)}{x^n - 1} \sum_i \gamma_i C_i(x) + \sum_g \frac{1}{x^{a_g} - b_g}
//! \sum_{j \in g} \gamma_j (T_j(x) - v_j(x)) \\]
//! with the constraint functions of the caller's AIR: transition constraints over their exempted
//! divisor, and one combined boundary constraint per divisor.

mod boundary;
mod periodic;

use rayon::prelude::*;
use winter_air::{
    Air, AuxRandElements, ConstraintCompositionCoefficients, EvaluationFrame, TransitionConstraints,
};
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};

use self::boundary::BoundaryGroup;
use self::periodic::PeriodicTable;
use super::domain::Domain;
use super::segment::Extended;

/// Trace rows evaluated by one task, in every coset.
const TASK_ROWS: usize = 128;

/// All constraints of one proof, with their composition coefficients.
pub(super) struct Constraints<'a, A, E: FieldElement<BaseField = BaseElement>> {
    air: &'a A,
    domain: &'a Domain,
    aux_rand_elements: Option<AuxRandElements<E>>,
    transition: TransitionConstraints<E>,
    main_coefficients: Vec<E>,
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
        let aux_coefficients = transition.aux_constraint_coef();
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

    /// Evaluates the composition over the constraint evaluation domain, in domain order: a matrix
    /// whose row \\(t\\) holds the values at row \\(t\\) of each constraint coset in turn.
    pub(super) fn evaluate(
        &self,
        main: &Extended<BaseElement>,
        aux: Option<&Extended<E>>,
    ) -> Vec<BaseElement> {
        let width = self.domain.ce_blowup() * E::EXTENSION_DEGREE;
        let mut composition = vec![BaseElement::ZERO; self.domain.rows() * width];
        composition
            .par_chunks_mut(TASK_ROWS * width)
            .enumerate()
            .for_each(|(task, block)| {
                for k in 0..self.domain.ce_blowup() {
                    self.evaluate_block(main, aux, k, task * TASK_ROWS, block);
                }
            });
        composition
    }

    /// Evaluates rows `start..` of constraint coset `k` into their places in `block`.
    fn evaluate_block(
        &self,
        main: &Extended<BaseElement>,
        aux: Option<&Extended<E>>,
        k: usize,
        start: usize,
        block: &mut [BaseElement],
    ) {
        let domain = self.domain;
        let degree = E::EXTENSION_DEGREE;
        let width = domain.ce_blowup() * degree;
        let rows = block.len() / width;
        let coset = domain.ce_coset(k);
        let coset_offset = domain.coset_offset(coset);
        let points = {
            let first = coset_offset * domain.trace_root().exp(start as u64);
            winter_math::get_power_series_with_offset(domain.trace_root(), first, rows)
        };
        let inverses = self.inverse_divisors(k, &points);
        let transition_inverse = (coset_offset.exp(domain.rows() as u64) - BaseElement::ONE).inv();

        let mut frames = Frames::new(self, main, aux);
        for (i, &x) in points.iter().enumerate() {
            let t = start + i;
            let next = (t + 1) % domain.rows();
            frames
                .main
                .current_mut()
                .copy_from_slice(main.row(coset, t, domain));
            frames
                .main
                .next_mut()
                .copy_from_slice(main.row(coset, next, domain));
            if let (Some(frame), Some(aux)) = (&mut frames.aux, aux) {
                frame
                    .current_mut()
                    .copy_from_slice(aux.row(coset, t, domain));
                frame
                    .next_mut()
                    .copy_from_slice(aux.row(coset, next, domain));
            }
            self.periodic.read_row(k, t, &mut frames.periodic);

            let exemptions = self.transition.divisor().evaluate_exemptions_at(x);
            let mut value = self
                .transitions(&mut frames)
                .mul_base(transition_inverse * exemptions);
            for (group, inverses) in self.boundary.iter().zip(&inverses) {
                let mut sum = -group.values.at(x, k + domain.ce_blowup() * t);
                for &(column, coefficient) in &group.main {
                    sum += coefficient.mul_base(frames.main.current()[column]);
                }
                if let Some(frame) = &frames.aux {
                    for &(column, coefficient) in &group.aux {
                        sum += coefficient * frame.current()[column];
                    }
                }
                value += sum.mul_base(inverses[i % inverses.len()]);
            }
            let cell = i * width + k * degree;
            block[cell..cell + degree].copy_from_slice(E::slice_as_base_elements(&[value]));
        }
    }

    /// The combined transition constraints at one point.
    fn transitions(&self, frames: &mut Frames<E>) -> E {
        frames.main_results.fill(BaseElement::ZERO);
        self.air
            .evaluate_transition(&frames.main, &frames.periodic, &mut frames.main_results);
        let mut value = combine::<BaseElement, E>(&self.main_coefficients, &frames.main_results);
        if let (Some(frame), Some(rand)) = (&frames.aux, &self.aux_rand_elements) {
            frames.aux_results.fill(E::ZERO);
            self.air.evaluate_aux_transition(
                &frames.main,
                frame,
                &frames.periodic,
                rand,
                &mut frames.aux_results,
            );
            value += combine::<E, E>(&self.aux_coefficients, &frames.aux_results);
        }
        value
    }

    /// For each boundary group, \\(1/(x^a - b)\\) at the given points of constraint coset `k`, which
    /// are consecutive rows; cut to one period where the period is shorter.
    fn inverse_divisors(&self, k: usize, points: &[BaseElement]) -> Vec<Vec<BaseElement>> {
        self.boundary
            .iter()
            .map(|group| {
                let (a, b) = group.divisor;
                // On a coset of n points x^a takes n / a values.
                let period = (self.domain.rows() / a).clamp(1, points.len());
                let denominators: Vec<_> = points[..period]
                    .iter()
                    .map(|x| x.exp_vartime(a as u64) - b)
                    .collect();
                debug_assert!(
                    denominators.iter().all(|&d| d != BaseElement::ZERO),
                    "coset {k}"
                );
                winter_math::batch_inversion(&denominators)
            })
            .collect()
    }
}

/// Buffers of one task.
struct Frames<E: FieldElement> {
    main: EvaluationFrame<BaseElement>,
    aux: Option<EvaluationFrame<E>>,
    periodic: Vec<BaseElement>,
    main_results: Vec<BaseElement>,
    aux_results: Vec<E>,
}

impl<E: FieldElement<BaseField = BaseElement>> Frames<E> {
    fn new<A: Air<BaseField = BaseElement>>(
        constraints: &Constraints<'_, A, E>,
        main: &Extended<BaseElement>,
        aux: Option<&Extended<E>>,
    ) -> Self {
        Self {
            main: EvaluationFrame::new(main.columns()),
            aux: aux.map(|aux| EvaluationFrame::new(aux.columns())),
            periodic: vec![BaseElement::ZERO; constraints.periodic.columns()],
            main_results: vec![BaseElement::ZERO; constraints.main_coefficients.len()],
            aux_results: vec![E::ZERO; constraints.aux_coefficients.len()],
        }
    }
}

/// Linear combination of `values`.
fn combine<F, E>(coefficients: &[E], values: &[F]) -> E
where
    F: FieldElement,
    E: FieldElement + ExtensionOf<F>,
{
    coefficients
        .iter()
        .zip(values)
        .fold(E::ZERO, |acc, (c, &v)| acc + c.mul_base(v))
}
