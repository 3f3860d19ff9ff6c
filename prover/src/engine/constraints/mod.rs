//! Evaluation of all constraints over the constraint evaluation domain.
//!
//! At each point the engine adds up
//! - the transition constraints, each times its coefficient, over the exempted divisor
//!   `(x^n - 1) / e(x)`, and
//! - for each boundary divisor `x^a - b`, the assertions that share it, each times its coefficient,
//!   over that divisor.
//!
//! The transition constraints are computed by the AIR's own functions, on packs of rows; everything
//! around that call is vectorised here. Nothing but the auxiliary segment depends on the field of
//! the coefficients, so that an AIR's function is compiled once for each instruction set. What does not
//! call the AIR is not generic over it: it is compiled once, in this crate, and not for each AIR.

mod auxiliary;
mod boundary;
mod composition;
mod exempted;
mod frame;
mod main;
mod periodic;
mod rows;

use rayon::prelude::*;
use winter_air::{Air, AuxRandElements, BoundaryConstraints, TransitionConstraints};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::{Backend, dispatch, packed_element::Weight};

use self::auxiliary::AuxTask;
use self::boundary::{Boundary, Inverses};
pub(super) use self::boundary::{FEW_GROUPS, SMALL_POLY, tabulated_columns};
use self::composition::Points;
use self::exempted::Exempted;
pub(super) use self::exempted::tabulates;
use self::main::MainTask;
use self::periodic::PeriodicTable;
pub(super) use self::periodic::cycle as periodic_cycle;
pub(super) use self::rows::STACK;
use super::domain::{Domain, task_rows};
use super::kernels::Columns;
use super::ood::basis;
use super::segment::Extended;

/// The fewest and the most trace rows that one task evaluates, in every coset; fewer if threads would have none.
const TASK_ROWS: (usize, usize) = (128, 4096);

/// The rows of each base column of each constraint coset that one task fills.
type Block<'a> = Vec<&'a mut [BaseElement]>;

/// All constraints of one proof, with their composition coefficients: everything that is known of them
/// but how the transition constraints are computed.
pub(super) struct Constraints<'a> {
    domain: &'a Domain,
    /// Coordinates of a coefficient.
    degree: usize,
    /// Points exempt from the transition constraints.
    exempted: Exempted,
    /// Coefficients of the main transition constraints, by coordinate.
    main_weights: Vec<Vec<Weight>>,
    /// Coefficients of each base column of the auxiliary transition constraints, by coordinate.
    aux_weights: Vec<Vec<Weight>>,
    num_main: usize,
    num_aux: usize,
    /// Coordinates of the random elements of the auxiliary segment.
    rand_elements: Vec<BaseElement>,
    /// Whether the auxiliary constraints read no cell of the main segment.
    aux_alone: bool,
    main_boundary: Boundary,
    aux_boundary: Boundary,
    /// The inverse divisors of both.
    inverses: Inverses,
    periodic: PeriodicTable,
}

/// The constraints of an AIR as it states them.
pub(super) struct Stated<'a, E: FieldElement> {
    /// Degrees, divisor and coefficients of the transition constraints.
    pub(super) transition: TransitionConstraints<E>,
    /// The boundary constraints with their coefficients.
    pub(super) boundary: BoundaryConstraints<E>,
    /// The periodic columns, as coefficients of polynomials in ascending order.
    pub(super) periodic: Vec<Vec<BaseElement>>,
    /// The random elements of the auxiliary segment, if there is one.
    pub(super) rand_elements: Option<&'a AuxRandElements<E>>,
    /// Whether the auxiliary transition constraints are known to read no cell of the main segment.
    pub(super) aux_alone: bool,
}

impl<'a> Constraints<'a> {
    /// Prepares the constraints of an AIR for evaluation over `domain`.
    pub(super) fn new<E>(stated: &Stated<'_, E>, domain: &'a Domain) -> Self
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let transition = &stated.transition;
        let aux_coefficients: Vec<E> = transition
            .aux_constraint_coef()
            .into_iter()
            .flat_map(|c| (0..E::EXTENSION_DEGREE).map(move |d| c * basis::<E>(d)))
            .collect();
        let (main_boundary, aux_boundary, inverses) = Boundary::of(&stated.boundary, domain);
        Self {
            domain,
            degree: E::EXTENSION_DEGREE,
            exempted: Exempted::new(transition.divisor().exemptions(), domain),
            main_weights: Weight::planes(&transition.main_constraint_coef()),
            aux_weights: Weight::planes(&aux_coefficients),
            num_main: transition.num_main_constraints(),
            num_aux: transition.num_aux_constraints(),
            rand_elements: stated
                .rand_elements
                .map(|rand| E::slice_as_base_elements(rand.rand_elements()).to_vec())
                .unwrap_or_default(),
            aux_alone: stated.aux_alone,
            main_boundary,
            aux_boundary,
            inverses,
            periodic: PeriodicTable::new(&stated.periodic, domain),
        }
    }

    /// Evaluates the composition over the constraint evaluation domain: the base columns of its
    /// values on each constraint coset, one coset after the other, as far as they are
    /// [evaluated](Domain::evaluated_rows).
    ///
    /// The transition constraints are those of `air`; `INLINE` says that its functions inline, so that
    /// packs may be single vectors.
    pub(super) fn evaluate<A, const INLINE: bool>(
        &self,
        air: &A,
        main: &Extended,
        aux: Option<&Extended>,
    ) -> Columns
    where
        A: Air<BaseField = BaseElement>,
    {
        rows::row_by_row_if_need_be(Backend::current(), |backend| {
            self.evaluate_on::<A, INLINE>(backend, air, main, aux)
        })
    }

    /// [`evaluate`](Self::evaluate) on one backend.
    fn evaluate_on<A, const INLINE: bool>(
        &self,
        backend: Backend,
        air: &A,
        main: &Extended,
        aux: Option<&Extended>,
    ) -> Columns
    where
        A: Air<BaseField = BaseElement>,
    {
        let columns = self.domain.evaluated_cosets() * self.degree;
        let mut composition = Columns::unspecified(columns, self.domain.rows());
        self.for_each_block(&mut composition, &|start, mut block| {
            let task = MainTask::<A, INLINE> {
                air,
                constraints: self,
                main,
                start,
                block: block.iter_mut().map(|column| &mut **column).collect(),
            };
            dispatch(backend, task);
            match (aux, self.degree) {
                (None, _) => {}
                (Some(aux), 1) => {
                    self.add_aux::<A, 1, INLINE>(backend, (air, main, aux), start, block);
                }
                (Some(aux), 2) => {
                    self.add_aux::<A, 2, INLINE>(backend, (air, main, aux), start, block);
                }
                (Some(aux), _) => {
                    self.add_aux::<A, 3, INLINE>(backend, (air, main, aux), start, block);
                }
            }
        });
        composition
    }

    /// Adds the composition of the constraints on the auxiliary segment, of elements of degree `D`, in one block.
    fn add_aux<A, const D: usize, const INLINE: bool>(
        &self,
        backend: Backend,
        (air, main, aux): (&A, &Extended, &Extended),
        start: usize,
        block: Block<'_>,
    ) where
        A: Air<BaseField = BaseElement>,
    {
        let task = AuxTask::<A, D, INLINE> {
            air,
            constraints: self,
            main,
            aux,
            start,
            block,
        };
        dispatch(backend, task);
    }

    /// Cuts the columns into blocks of rows and works on these in parallel.
    fn for_each_block(&self, columns: &mut Columns, work: &(dyn Fn(usize, Block<'_>) + Sync)) {
        let tasks = 8 * rayon::current_num_threads();
        let rows = self.domain.rows();
        let least = task_rows(rows, TASK_ROWS.0);
        let size = (rows / tasks.next_power_of_two()).clamp(least, TASK_ROWS.1);
        let blocks = columns.blocks(size).into_par_iter().enumerate();
        blocks.for_each(|(task, block)| rows::with_stack(|| work(task * size, block)));
    }

    /// The points of rows `start..start + rows` of constraint coset `k`.
    fn points(&self, k: usize, start: usize, rows: usize) -> Points {
        let root = self.domain.trace_root();
        let first = self.domain.coset_offset(self.domain.ce_coset(k)) * root.exp(start as u64);
        Points {
            coset: k,
            start,
            x: winter_math::get_power_series_with_offset(root, first, rows),
        }
    }

    /// `1/(x^n - 1)`, the same at all points of constraint coset `k`.
    fn inverse_zerofier(&self, k: usize) -> BaseElement {
        let offset = self.domain.coset_offset(self.domain.ce_coset(k));
        (offset.exp(self.domain.rows() as u64) - BaseElement::ONE).inv()
    }
}
