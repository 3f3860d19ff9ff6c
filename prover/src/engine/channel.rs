//! The transcript under the caller's types: what the prover commits to and what the public coin
//! answers.

use winter_air::proof::Commitments;
use winter_air::{
    Air, AuxRandElements, ConstraintCompositionCoefficients, DeepCompositionCoefficients,
};
use winter_crypto::{ElementHasher, RandomCoin, RandomCoinError, VectorCommitment};
use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winter_math::{ExtensionOf, FieldElement};
use winter_utils::Serializable;
use winterlane_field_simd::Matrix;

use super::coin::TrackedCoin;
use super::commit::Commitment;
use super::hashing::{Bulk, DigestOf, hash_elements};
use super::planes::MAX_DEGREE;
use super::transcript::{CommitmentId, Transcript};
use super::{Phase, ProverError, grind};

/// A [`Transcript`] with the caller's hash function `H`, vector commitment `V` and coin `R`. Every
/// message is absorbed, and every challenge drawn, in the order that winterfell's verifier replays.
pub(super) struct Channel<'a, H, V, R>
where
    H: ElementHasher,
    R: RandomCoin,
{
    coin: TrackedCoin<R>,
    /// What hashes many messages at once, if somebody knows how.
    bulk: Option<&'a dyn Bulk>,
    commitments: Commitments,
    /// What was committed to, for the openings.
    vectors: Vec<Commitment<H, V>>,
}

impl<'a, H, V, R> Channel<'a, H, V, R>
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
{
    /// Seeds the coin with the proof context and the public inputs.
    pub(super) fn new(seed: &[BaseElement], bulk: Option<&'a dyn Bulk>) -> Self {
        Self {
            coin: TrackedCoin::new(seed),
            bulk,
            commitments: Commitments::default(),
            vectors: Vec::new(),
        }
    }

    /// Draws the elements from which the auxiliary segment is built.
    pub(super) fn aux_rand_elements<A, E>(
        &mut self,
        air: &A,
    ) -> Result<AuxRandElements<E>, ProverError>
    where
        A: Air<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement>,
    {
        air.get_aux_rand_elements(&mut self.coin)
            .map_err(drawing("auxiliary random elements"))
    }

    /// Draws the coefficients that combine all constraints.
    pub(super) fn constraint_coefficients<A, E>(
        &mut self,
        air: &A,
    ) -> Result<ConstraintCompositionCoefficients<E>, ProverError>
    where
        A: Air<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement>,
    {
        air.get_constraint_composition_coefficients(&mut self.coin)
            .map_err(drawing("constraint composition coefficients"))
    }

    /// Draws the coefficients of the DEEP composition.
    pub(super) fn deep_coefficients<A, E>(
        &mut self,
        air: &A,
    ) -> Result<DeepCompositionCoefficients<E>, ProverError>
    where
        A: Air<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement>,
    {
        air.get_deep_composition_coefficients(&mut self.coin)
            .map_err(drawing("DEEP composition coefficients"))
    }

    fn send(&mut self, root: DigestOf<H>) {
        self.commitments.add::<H>(&root);
        self.coin.reseed(root);
    }

    fn send_and_keep(&mut self, commitment: Commitment<H, V>) -> CommitmentId {
        self.send(commitment.root());
        self.vectors.push(commitment);
        CommitmentId(self.vectors.len() - 1)
    }
}

impl<H, V, R> Transcript for Channel<'_, H, V, R>
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
{
    fn commit_rows(
        &mut self,
        matrix: &Matrix,
        degree: usize,
        part: usize,
        phase: Phase,
    ) -> Result<CommitmentId, ProverError> {
        let commitment = Commitment::to_rows(self.bulk, matrix, degree, part, phase)?;
        Ok(self.send_and_keep(commitment))
    }

    fn commit_layer(&mut self, layer: &Matrix, factor: usize) -> Result<CommitmentId, ProverError> {
        let commitment = Commitment::to_layer(self.bulk, layer, factor)?;
        Ok(self.send_and_keep(commitment))
    }

    fn commit_remainder(&mut self, coefficients: &[BaseElement], degree: usize) {
        self.send(hash_elements::<H>(coefficients, degree));
    }

    fn send_evaluations(&mut self, evaluations: &[BaseElement], degree: usize) {
        self.coin.reseed(hash_elements::<H>(evaluations, degree));
    }

    fn draw(
        &mut self,
        degree: usize,
        what: &'static str,
    ) -> Result<[BaseElement; MAX_DEGREE], ProverError> {
        match degree {
            1 => self.coin.draw::<BaseElement>().map(coordinates),
            2 => self.coin.draw::<QuadExtension<_>>().map(coordinates),
            _ => self.coin.draw::<CubeExtension<_>>().map(coordinates),
        }
        .map_err(drawing(what))
    }

    fn smallest_nonce(&self, grinding_factor: u32) -> Result<u64, ProverError> {
        let coin = &self.coin;
        let found = self.bulk.zip(coin.seed());
        let found =
            found.and_then(|(bulk, seed)| bulk.smallest_nonce(&seed.to_bytes(), grinding_factor));
        grind::smallest_nonce(found, grinding_factor, &|mut nonces| {
            nonces.find(|&nonce| coin.check_leading_zeros(nonce) >= grinding_factor)
        })
    }

    fn draw_positions(
        &mut self,
        queries: usize,
        domain_size: usize,
        nonce: u64,
    ) -> Result<Vec<usize>, ProverError> {
        self.coin
            .draw_integers(queries, domain_size, nonce)
            .map_err(drawing("query positions"))
    }

    fn open(&self, commitment: CommitmentId, positions: &[usize]) -> Result<Vec<u8>, ProverError> {
        self.vectors[commitment.0].open(positions)
    }

    fn commitments(&self) -> Commitments {
        self.commitments.clone()
    }
}

fn drawing(what: &'static str) -> impl Fn(RandomCoinError) -> ProverError {
    move |source| ProverError::PublicCoin { what, source }
}

fn coordinates<E>(element: E) -> [BaseElement; MAX_DEGREE]
where
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<BaseElement>,
{
    let mut coordinates = [BaseElement::ZERO; MAX_DEGREE];
    let element = [element];
    coordinates[..E::EXTENSION_DEGREE].copy_from_slice(E::slice_as_base_elements(&element));
    coordinates
}
