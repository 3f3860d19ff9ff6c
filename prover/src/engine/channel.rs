//! The transcript: what the prover commits to and what the public coin answers.

use winter_air::proof::{
    Commitments, Context, OodFrame, Proof, Queries, QuotientOodFrame, TraceOodFrame,
    merge_ood_evaluations,
};
use winter_air::{
    Air, AuxRandElements, ConstraintCompositionCoefficients, DeepCompositionCoefficients,
};
use winter_crypto::{ElementHasher, Hasher, RandomCoin, RandomCoinError};
use winter_fri::FriProof;
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};

use super::ProverError;
use super::coin::TrackedCoin;

/// The most distinct positions that winterfell's verifier can read.
const MAX_POSITIONS: usize = 254;

/// The prover's side of the Fiat-Shamir transcript. Every message is absorbed, and every challenge
/// drawn, in the order that winterfell's verifier replays.
pub(super) struct Channel<'a, A, H, R: RandomCoin> {
    air: &'a A,
    coin: TrackedCoin<R>,
    context: Context,
    commitments: Commitments,
    ood_frame: OodFrame,
    nonce: u64,
    _hasher: core::marker::PhantomData<fn() -> H>,
}

impl<'a, A, H, R> Channel<'a, A, H, R>
where
    A: Air<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
{
    /// Seeds the coin with the proof context and the public inputs.
    pub(super) fn new(air: &'a A, mut public_inputs: Vec<BaseElement>) -> Self {
        let num_constraints =
            air.context().num_assertions() + air.context().num_transition_constraints();
        let context = Context::new::<BaseElement>(
            air.trace_info().clone(),
            air.options().clone(),
            num_constraints,
        );
        let mut seed = context.to_elements();
        seed.append(&mut public_inputs);
        Self {
            air,
            coin: TrackedCoin::new(&seed),
            context,
            commitments: Commitments::default(),
            ood_frame: OodFrame::default(),
            nonce: 0,
            _hasher: core::marker::PhantomData,
        }
    }

    /// Sends a commitment (trace, quotient, FRI layer or remainder).
    pub(super) fn commit(&mut self, root: H::Digest) {
        self.commitments.add::<H>(&root);
        self.coin.reseed(root);
    }

    /// Draws the elements from which the auxiliary segment is built.
    pub(super) fn aux_rand_elements<E>(&mut self) -> Result<AuxRandElements<E>, ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.air
            .get_aux_rand_elements(&mut self.coin)
            .map_err(drawing("auxiliary random elements"))
    }

    /// Draws the coefficients that combine all constraints.
    pub(super) fn constraint_coefficients<E>(
        &mut self,
    ) -> Result<ConstraintCompositionCoefficients<E>, ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.air
            .get_constraint_composition_coefficients(&mut self.coin)
            .map_err(drawing("constraint composition coefficients"))
    }

    /// Draws the out-of-domain point.
    pub(super) fn ood_point<E>(&mut self) -> Result<E, ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.coin.draw().map_err(drawing("out-of-domain point"))
    }

    /// Sends the out-of-domain evaluations.
    pub(super) fn send_ood_frames<E>(
        &mut self,
        trace: &TraceOodFrame<E>,
        quotient: &QuotientOodFrame<E>,
    ) where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.ood_frame.set_trace_states(trace);
        self.ood_frame.set_quotient_states(quotient);
        self.coin
            .reseed(H::hash_elements(&merge_ood_evaluations(trace, quotient)));
    }

    /// Draws the coefficients of the DEEP composition.
    pub(super) fn deep_coefficients<E>(
        &mut self,
    ) -> Result<DeepCompositionCoefficients<E>, ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.air
            .get_deep_composition_coefficients(&mut self.coin)
            .map_err(drawing("DEEP composition coefficients"))
    }

    /// Draws the folding challenge of a FRI layer.
    pub(super) fn fri_alpha<E>(&mut self) -> Result<E, ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.coin.draw().map_err(drawing("FRI folding challenge"))
    }

    /// The public coin, for the proof-of-work search.
    pub(super) const fn coin(&self) -> &TrackedCoin<R> {
        &self.coin
    }

    /// Absorbs the proof-of-work nonce and draws the query positions, sorted and distinct.
    pub(super) fn query_positions(&mut self, nonce: u64) -> Result<Vec<usize>, ProverError> {
        self.nonce = nonce;
        let mut positions = self
            .coin
            .draw_integers(
                self.context.options().num_queries(),
                self.context.lde_domain_size(),
                nonce,
            )
            .map_err(drawing("query positions"))?;
        positions.sort_unstable();
        positions.dedup();
        if positions.len() > MAX_POSITIONS {
            return Err(ProverError::TooManyPositions {
                positions: positions.len(),
                max: MAX_POSITIONS,
            });
        }
        Ok(positions)
    }

    /// Puts the proof together.
    pub(super) fn into_proof(
        self,
        num_positions: usize,
        trace_queries: Vec<Queries>,
        constraint_queries: Queries,
        fri_proof: FriProof,
    ) -> Proof {
        Proof {
            context: self.context,
            num_unique_queries: num_positions as u8,
            commitments: self.commitments,
            trace_queries,
            constraint_queries,
            ood_frame: self.ood_frame,
            fri_proof,
            pow_nonce: self.nonce,
        }
    }
}

fn drawing(what: &'static str) -> impl Fn(RandomCoinError) -> ProverError {
    move |source| ProverError::PublicCoin { what, source }
}

/// The digest type of a hasher.
pub(super) type DigestOf<H> = <H as Hasher>::Digest;
