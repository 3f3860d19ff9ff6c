//! A `winterfell::Prover` of the hiding AIR, around the prover of the AIR inside.

use core::marker::PhantomData;
use std::sync::Arc;

use rayon::prelude::*;
use winter_air::{
    Air, AuxRandElements, ConstraintCompositionCoefficients, PartitionOptions, ProofOptions,
    TraceInfo,
};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};
use winter_maybe_async::{maybe_async, maybe_await};
use winter_prover::{
    CompositionPoly, CompositionPolyTrace, DefaultConstraintEvaluator, Prover, StarkDomain, Trace,
    TracePolyTable, matrix::ColMatrix,
};
use winter_utils::Serializable;
use winterlane_air::hiding::{Hiding, HidingParameters, Mode};

use super::HidingAir;
use super::randomness::{HidingRng, ProofKey, Purpose};
use super::trace::{HidingTrace, assert_tail};
use super::veil;
use crate::engine::{Held, Made, MemoryEstimate, ProverError, Segment, TraceMaker, wait};

/// Proves [`Hiding`] statements: what stock winterfell proves with it has the bytes of the engine's proof.
///
/// It belongs to one trace: with another one the same randomness would be used twice.
pub struct HidingProver<'p, P: Prover, M> {
    inner: &'p P,
    air: Arc<HidingAir<P, M>>,
    key: Arc<ProofKey>,
    _mode: PhantomData<fn() -> M>,
}

/// What `hide_with` gives: a prover, and the trace that it belongs to.
pub type Hidden<'p, P, M> = (HidingProver<'p, P, M>, HidingTrace<<P as Prover>::Trace>);

/// The prover and the trace of a hiding proof, with randomness from `rng`: for tests of hiding.
///
/// # Errors
/// [`ProverError::Hiding`] if the proof would not hide, [`ProverError::TraceShape`] if the trace is not one of
/// the AIR, [`ProverError::Randomness`] if the system has no randomness to give.
#[cfg(feature = "test-randomness")]
pub fn hide<'p, P, M>(
    prover: &'p P,
    trace: Arc<P::Trace>,
    rng: &mut HidingRng,
) -> Result<Hidden<'p, P, M>, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    P::Air: 'static,
    M: Mode<P::Air>,
{
    let air = air_of::<P, M>(prover, &trace)?;
    hide_with(prover, air, trace, rng)
}

/// The hiding AIR of a trace, which [`hide_with`] takes.
pub(super) fn air_of<P, M>(
    prover: &P,
    trace: &P::Trace,
) -> Result<Arc<HidingAir<P, M>>, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    M: Mode<P::Air>,
{
    let (inputs, options) = (prover.get_pub_inputs(trace), prover.options().clone());
    Ok(Arc::new(Hiding::of(trace.info(), inputs, options)?))
}

/// The prover and the trace of a hiding proof, with randomness from `rng`. `air` must be the one of prover and trace:
/// another one's proof would not verify.
pub(crate) fn hide_with<'p, P, M>(
    prover: &'p P,
    air: Arc<HidingAir<P, M>>,
    trace: Arc<P::Trace>,
    rng: &mut HidingRng,
) -> Result<Hidden<'p, P, M>, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    P::Air: 'static,
    M: Mode<P::Air>,
{
    let info = air.trace_info().clone();
    let parameters = air.parameters().map_err(Clone::clone)?.clone();
    let main = trace.main_segment();
    let expected = (parameters.inner_main_width(), parameters.inner_rows());
    check_shape(Segment::Main, expected, (main.num_cols(), main.num_rows()))?;
    let (main_assertions, _) = air.tail_assertions::<BaseElement>(None);
    let kind = core::any::type_name::<(P, M)>();
    let inputs = prover.get_pub_inputs(&trace).to_elements();
    let key = rng.proof_key(&hash(kind, &*trace, &info, prover.options(), &inputs))?;
    let key = Arc::new(key);
    let table = HidingTrace::new(trace, info, parameters, main_assertions, Arc::clone(&key));
    let prover = HidingProver {
        inner: prover,
        air,
        key,
        _mode: PhantomData,
    };
    Ok((prover, table))
}

/// The hash of witness and statement that hedges the randomness; `kind` names AIR, hash function, coin and mode, by
/// the prover's type.
fn hash<T: Trace<BaseField = BaseElement>>(
    kind: &str,
    trace: &T,
    info: &TraceInfo,
    options: &ProofOptions,
    inputs: &[BaseElement],
) -> [u8; 32] {
    let main = trace.main_segment();
    let columns = (0..main.num_cols()).into_par_iter();
    let hash_column =
        |c| *blake3::hash(BaseElement::elements_as_bytes(main.get_column(c))).as_bytes();
    let columns: Vec<[u8; 32]> = columns.map(hash_column).collect();
    let mut hasher = blake3::Hasher::new();
    for part in [
        kind.as_bytes(),
        info.to_bytes().as_slice(),
        &options.to_bytes(),
        BaseElement::elements_as_bytes(inputs),
        columns.as_flattened(),
    ] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

impl<P, M> HidingProver<'_, P, M>
where
    P: Prover<BaseField = BaseElement>,
    P::Air: 'static,
    M: Mode<P::Air>,
{
    /// The AIR of its proofs.
    pub(super) fn air(&self) -> &HidingAir<P, M> {
        &self.air
    }

    /// Writes the auxiliary segment: the inner AIR's columns with a random tail, and the veil. Each column
    /// is given by its coordinates.
    fn fill_auxiliary<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: &P::Trace,
        aux_rand_elements: &AuxRandElements<E>,
        coordinates: &mut [&mut [BaseElement]],
    ) -> Result<(), ProverError> {
        let parameters = self.air.parameters().map_err(Clone::clone)?;
        let degree = E::EXTENSION_DEGREE;
        let width = parameters.inner_aux_width();
        let (of_inner, of_veil) = coordinates.split_at_mut(width * degree);
        if width > 0 {
            let (_, assertions) = self.air.tail_assertions(Some(aux_rand_elements));
            let inner =
                wait(async { maybe_await!(self.inner.build_aux_trace(trace, aux_rand_elements)) });
            let found = (inner.num_cols(), inner.num_rows());
            check_shape(Segment::Auxiliary, (width, parameters.inner_rows()), found)?;
            let (key, known) = (&self.key, parameters.statement_rows());
            let columns = of_inner.par_chunks_mut(degree).enumerate();
            columns.for_each(|(c, column)| {
                for (d, cells) in column.iter_mut().enumerate() {
                    for (cell, element) in cells[..known].iter_mut().zip(inner.get_column(c)) {
                        *cell = element.base_element(d);
                    }
                }
                let mut stream = key.stream(Purpose::Auxiliary, c);
                stream.fill_coordinates(column, known);
                assert_tail(column, c, &assertions, known);
            });
        }
        veil::fill(parameters, &self.key, degree, of_veil);
        Ok(())
    }
}

/// Refuses a segment of other columns and rows than expected: what is not there cannot be copied.
const fn check_shape(
    segment: Segment,
    expected: (usize, usize),
    found: (usize, usize),
) -> Result<(), ProverError> {
    if expected.0 == found.0 && expected.1 == found.1 {
        return Ok(());
    }
    Err(ProverError::TraceShape {
        segment,
        expected_columns: expected.0,
        expected_rows: expected.1,
        columns: found.0,
        rows: found.1,
    })
}

/// A hiding trace as the engine has it made.
pub(super) struct Maker<'a, 'p, P: Prover, M> {
    prover: &'a HidingProver<'p, P, M>,
    trace: HidingTrace<P::Trace>,
}

impl<'a, 'p, P: Prover, M> Maker<'a, 'p, P, M> {
    /// Of what [`hide_with`] gave.
    pub(super) const fn new(
        prover: &'a HidingProver<'p, P, M>,
        trace: HidingTrace<P::Trace>,
    ) -> Self {
        Self { prover, trace }
    }
}

impl<P, M> TraceMaker for Maker<'_, '_, P, M>
where
    P: Prover<BaseField = BaseElement>,
    P::Air: 'static,
    M: Mode<P::Air>,
{
    fn held(&self) -> Made {
        made(self.prover.air()).unwrap_or(Made {
            trace: 0,
            auxiliary: 0,
        })
    }

    /// The veil's constraint is about its own columns.
    fn aux_alone(&self) -> bool {
        let parameters = self.prover.air.parameters();
        parameters.is_ok_and(|parameters| parameters.inner_aux_width() == 0)
    }

    /// Of an AIR that does not hide no trace satisfies the constraints.
    fn quotient_degree(&self) -> usize {
        let parameters = self.prover.air.parameters();
        parameters.map_or(0, HidingParameters::quotient_degree)
    }

    fn main(&self) -> impl Fn(usize, &mut [BaseElement]) + Sync {
        self.trace.columns()
    }

    fn auxiliary<E>(
        &self,
        rand_elements: &AuxRandElements<E>,
        columns: &mut [&mut [BaseElement]],
    ) -> Result<(), ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.prover
            .fill_auxiliary(&self.trace.inner, rand_elements, columns)
    }
}

/// The memory of a hiding trace beside the engine's: the trace that is hidden, and the auxiliary segment that
/// the inner AIR's prover builds.
fn made<A, M>(air: &Hiding<A, M>) -> Option<Made>
where
    A: Air<BaseField = BaseElement>,
    M: Mode<A>,
{
    let parameters = air.parameters().ok()?;
    let column = (parameters.inner_rows() * size_of::<BaseElement>()) as u64;
    let degree = u64::from(air.options().field_extension().degree());
    Some(Made {
        trace: column * parameters.inner_main_width() as u64,
        auxiliary: column * degree * parameters.inner_aux_width() as u64,
    })
}

impl MemoryEstimate {
    /// As [`new`](Self::new), of a proof by [`prove_hiding`](crate::prove_hiding): the trace that is hidden
    /// stays to the end, and the columns of the hiding trace are made while they are extended.
    #[must_use]
    pub fn of_hiding<A, M>(air: &Hiding<A, M>) -> Self
    where
        A: Air<BaseField = BaseElement>,
        M: Mode<A>,
    {
        let held = made(air).map_or(Held::Trace, Held::Made);
        Self::of_air(air, held)
    }
}

impl<P, M> Prover for HidingProver<'_, P, M>
where
    P: Prover<BaseField = BaseElement>,
    P::Air: 'static,
    M: Mode<P::Air>,
{
    type BaseField = BaseElement;
    type Air = HidingAir<P, M>;
    type Trace = HidingTrace<P::Trace>;
    type HashFn = P::HashFn;
    type VC = P::VC;
    type RandomCoin = P::RandomCoin;
    type TraceLde<E: FieldElement<BaseField = BaseElement>> = P::TraceLde<E>;
    type ConstraintEvaluator<'a, E: FieldElement<BaseField = BaseElement>> =
        DefaultConstraintEvaluator<'a, Self::Air, E>;
    type ConstraintCommitment<E: FieldElement<BaseField = BaseElement>> =
        P::ConstraintCommitment<E>;

    fn get_pub_inputs(&self, trace: &Self::Trace) -> <P::Air as Air>::PublicInputs {
        self.inner.get_pub_inputs(&trace.inner)
    }

    fn options(&self) -> &ProofOptions {
        self.inner.options()
    }

    #[maybe_async]
    fn new_trace_lde<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace_info: &TraceInfo,
        main_trace: &ColMatrix<BaseElement>,
        domain: &StarkDomain<BaseElement>,
        partition_options: PartitionOptions,
    ) -> (Self::TraceLde<E>, TracePolyTable<E>) {
        maybe_await!(
            self.inner
                .new_trace_lde(trace_info, main_trace, domain, partition_options)
        )
    }

    #[maybe_async]
    fn new_evaluator<'a, E: FieldElement<BaseField = BaseElement>>(
        &self,
        air: &'a Self::Air,
        aux_rand_elements: Option<AuxRandElements<E>>,
        coefficients: ConstraintCompositionCoefficients<E>,
    ) -> Self::ConstraintEvaluator<'a, E> {
        DefaultConstraintEvaluator::new(air, aux_rand_elements, coefficients)
    }

    #[maybe_async]
    fn build_constraint_commitment<E: FieldElement<BaseField = BaseElement>>(
        &self,
        composition: CompositionPolyTrace<E>,
        num_columns: usize,
        domain: &StarkDomain<BaseElement>,
        partition_options: PartitionOptions,
    ) -> (Self::ConstraintCommitment<E>, CompositionPoly<E>) {
        maybe_await!(self.inner.build_constraint_commitment(
            composition,
            num_columns,
            domain,
            partition_options
        ))
    }

    #[maybe_async]
    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: &Self::Trace,
        aux_rand_elements: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let (degree, rows) = (E::EXTENSION_DEGREE, trace.length());
        let width = self.air.trace_info().aux_segment_width();
        let mut coordinates = vec![vec![BaseElement::ZERO; rows]; width * degree];
        let mut slices: Vec<_> = coordinates.iter_mut().map(|cells| &mut cells[..]).collect();
        // Winterfell asks for a segment, not whether there is one; it refuses a wrong shape by a panic, too.
        self.fill_auxiliary(&trace.inner, aux_rand_elements, &mut slices)
            .expect("an auxiliary segment of the AIR's shape");
        let columns = coordinates.chunks(degree).map(|column| {
            let cells = (0..rows).flat_map(|row| column.iter().map(move |cells| cells[row]));
            let cells: Vec<BaseElement> = cells.collect();
            E::slice_from_base_elements(&cells).to_vec()
        });
        ColMatrix::new(columns.collect())
    }
}
