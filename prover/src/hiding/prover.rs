//! A `winterfell::Prover` of the hiding AIR, around the prover of the AIR inside.

use core::marker::PhantomData;
use std::sync::Arc;

use rayon::prelude::*;
use winter_air::{
    Air, AuxRandElements, ConstraintCompositionCoefficients, PartitionOptions, ProofOptions,
    TraceInfo,
};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};
use winter_prover::{
    CompositionPoly, CompositionPolyTrace, DefaultConstraintEvaluator, Prover, StarkDomain, Trace,
    TracePolyTable, matrix::ColMatrix,
};
use winter_utils::Serializable;
use winterlane_air::hiding::{Hiding, Mode};

use super::HidingAir;
use super::randomness::{HidingRng, ProofKey, Purpose};
use super::trace::{HidingTrace, assert_tail};
use super::veil;
use crate::engine::ProverError;

/// Proves [`Hiding`] statements: what stock winterfell proves with it has the bytes of the engine's proof.
///
/// It belongs to one trace: with another one the same randomness would be used twice.
pub struct HidingProver<'p, P: Prover, M> {
    inner: &'p P,
    air: HidingAir<P, M>,
    key: ProofKey,
    _mode: PhantomData<fn() -> M>,
}

/// What [`hide`] gives: a prover, and the trace that it belongs to.
pub type Hidden<'p, P, M> = (HidingProver<'p, P, M>, HidingTrace<<P as Prover>::Trace>);

/// The prover and the trace of a hiding proof, with randomness from `rng`.
///
/// # Errors
/// [`ProverError::Hiding`] if the proof would not hide, [`ProverError::Randomness`] if the system has no
/// randomness to give.
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
    let options = prover.options();
    let inputs = || prover.get_pub_inputs(&trace);
    let info = HidingAir::<P, M>::trace_info(trace.info(), inputs(), options)?;
    let air = Hiding::new(info.clone(), inputs(), options.clone());
    let (main_assertions, _) = air.tail_assertions::<BaseElement>(None);
    let key = rng.proof_key(&hash(&*trace, &info, options, &inputs().to_elements()))?;
    let parameters = air.parameters().map_err(Clone::clone)?;
    let table = HidingTrace::new(trace, info, parameters, &main_assertions, &key);
    let prover = HidingProver {
        inner: prover,
        air,
        key,
        _mode: PhantomData,
    };
    Ok((prover, table))
}

/// The hash of witness and statement that hedges the randomness.
fn hash<T: Trace<BaseField = BaseElement>>(
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

    fn new_trace_lde<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace_info: &TraceInfo,
        main_trace: &ColMatrix<BaseElement>,
        domain: &StarkDomain<BaseElement>,
        partition_options: PartitionOptions,
    ) -> (Self::TraceLde<E>, TracePolyTable<E>) {
        self.inner
            .new_trace_lde(trace_info, main_trace, domain, partition_options)
    }

    fn new_evaluator<'a, E: FieldElement<BaseField = BaseElement>>(
        &self,
        air: &'a Self::Air,
        aux_rand_elements: Option<AuxRandElements<E>>,
        coefficients: ConstraintCompositionCoefficients<E>,
    ) -> Self::ConstraintEvaluator<'a, E> {
        DefaultConstraintEvaluator::new(air, aux_rand_elements, coefficients)
    }

    fn build_constraint_commitment<E: FieldElement<BaseField = BaseElement>>(
        &self,
        composition: CompositionPolyTrace<E>,
        num_columns: usize,
        domain: &StarkDomain<BaseElement>,
        partition_options: PartitionOptions,
    ) -> (Self::ConstraintCommitment<E>, CompositionPoly<E>) {
        self.inner
            .build_constraint_commitment(composition, num_columns, domain, partition_options)
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: &Self::Trace,
        aux_rand_elements: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let Ok(parameters) = self.air.parameters() else {
            // `hide` gives no prover of such an AIR.
            return ColMatrix::new(vec![vec![E::ZERO; trace.length()]]);
        };
        let mut columns = Vec::with_capacity(parameters.aux_width());
        if parameters.inner_aux_width() > 0 {
            let (_, assertions) = self.air.tail_assertions(Some(aux_rand_elements));
            let inner = self.inner.build_aux_trace(&trace.inner, aux_rand_elements);
            let known = parameters.statement_rows();
            for (c, inner) in inner.columns().enumerate() {
                let mut stream = self.key.stream(Purpose::Auxiliary, c);
                let mut column: Vec<E> = inner.iter().copied().take(known).collect();
                column.extend(stream.elements::<E>(parameters.rows() - column.len()));
                assert_tail(&mut column, c, &assertions, known);
                columns.push(column);
            }
        }
        columns.extend(veil::columns(parameters, &self.key));
        ColMatrix::new(columns)
    }
}
