//! Checks that stand behind another one: with an AIR, or a vector commitment, that is honest but for what one
//! check asks of it.

use winter_air::{
    Air, AirContext, Assertion, AuxRandElements, DeepCompositionCoefficients, EvaluationFrame,
    ProofOptions, TraceInfo,
    proof::{Proof, Queries},
};
use winter_crypto::{Hasher, RandomCoin, RandomCoinError, VectorCommitment};
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winter_utils::{Deserializable, Serializable, SliceReader};
use winterlane_verifier::{
    BoundedOpening, Mismatch, OpeningError, Section, Verified, VerifyError, verify,
};

use crate::common::{Case, Claim, Coin, Hash, Squares, Tree};

/// [`Squares`], which draws so many coefficients more for the columns and the quotients in the DEEP polynomial.
struct Draws<const COLUMNS: i8, const QUOTIENTS: i8>(Squares);

/// The first of them, or as many more of the last.
fn resized<E: FieldElement>(mut coefficients: Vec<E>, by: i8) -> Vec<E> {
    let length = coefficients.len().saturating_add_signed(by.into());
    coefficients.resize(length, E::ONE);
    coefficients
}

impl<const COLUMNS: i8, const QUOTIENTS: i8> Air for Draws<COLUMNS, QUOTIENTS> {
    type BaseField = BaseElement;
    type PublicInputs = Claim;

    fn new(info: TraceInfo, claim: Claim, options: ProofOptions) -> Self {
        Self(Squares::new(info, claim, options))
    }

    fn context(&self) -> &AirContext<BaseElement> {
        self.0.context()
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        self.0.evaluate_transition(frame, periodic, result);
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main: &EvaluationFrame<F>,
        aux: &EvaluationFrame<E>,
        periodic: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        self.0
            .evaluate_aux_transition(main, aux, periodic, rand, result);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.0.get_assertions()
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        self.0.get_aux_assertions(rand)
    }

    fn get_deep_composition_coefficients<E, R>(
        &self,
        coin: &mut R,
    ) -> Result<DeepCompositionCoefficients<E>, RandomCoinError>
    where
        E: FieldElement<BaseField = BaseElement>,
        R: RandomCoin<BaseField = BaseElement>,
    {
        let drawn = self.0.get_deep_composition_coefficients::<E, R>(coin)?;
        Ok(DeepCompositionCoefficients {
            trace: resized(drawn.trace, COLUMNS),
            constraints: resized(drawn.constraints, QUOTIENTS),
        })
    }
}

fn drawn<const COLUMNS: i8, const QUOTIENTS: i8>(case: &Case) -> Result<Verified, VerifyError> {
    verify::<Draws<COLUMNS, QUOTIENTS>, Hash, Coin, Tree>(
        &case.proof,
        case.claim.clone(),
        &case.policy,
    )
}

/// A column without a coefficient would be opened and never looked at.
#[test]
fn every_column_has_a_deep_coefficient() {
    for case in Case::all() {
        assert!(drawn::<0, 0>(&case).is_ok());
        let columns = 1 + usize::from(case.metadata > 0);
        let mismatch = |what, declared: usize, by: isize| {
            Err(VerifyError::AirMismatch {
                what,
                declared,
                actual: declared.saturating_add_signed(by),
            })
        };
        let what = "DEEP coefficients of columns";
        assert_eq!(drawn::<-1, 0>(&case), mismatch(what, columns, -1));
        assert_eq!(drawn::<1, 0>(&case), mismatch(what, columns, 1));
        // As many as there are columns and quotients, but of the wrong ones.
        assert_eq!(drawn::<1, -1>(&case), mismatch(what, columns, 1));
        // The composition of these AIRs is of degree below the trace's length: one quotient.
        let what = "DEEP coefficients of quotients";
        assert_eq!(drawn::<0, -1>(&case), mismatch(what, 1, -1));
        assert_eq!(drawn::<0, 1>(&case), mismatch(what, 1, 1));
    }
}

/// Winterfell's Merkle tree, of which openings of any shape pass the door's first check, and which says that
/// an opening is of `TIMES` as many leaves as it is of.
struct Loose<const TIMES: usize>(Tree);

impl<const TIMES: usize> VectorCommitment<Hash> for Loose<TIMES> {
    type Options = ();
    type Proof = <Tree as VectorCommitment<Hash>>::Proof;
    type MultiProof = <Tree as VectorCommitment<Hash>>::MultiProof;
    type Error = <Tree as VectorCommitment<Hash>>::Error;

    fn with_options(
        items: Vec<<Hash as Hasher>::Digest>,
        _options: (),
    ) -> Result<Self, Self::Error> {
        <Tree as VectorCommitment<Hash>>::new(items).map(Self)
    }

    fn commitment(&self) -> <Hash as Hasher>::Digest {
        self.0.commitment()
    }

    fn domain_len(&self) -> usize {
        self.0.domain_len()
    }

    fn get_proof_domain_len(proof: &Self::Proof) -> usize {
        <Tree as VectorCommitment<Hash>>::get_proof_domain_len(proof)
    }

    fn get_multiproof_domain_len(proof: &Self::MultiProof) -> usize {
        TIMES * <Tree as VectorCommitment<Hash>>::get_multiproof_domain_len(proof)
    }

    fn open(&self, index: usize) -> Result<(<Hash as Hasher>::Digest, Self::Proof), Self::Error> {
        self.0.open(index)
    }

    fn open_many(
        &self,
        indexes: &[usize],
    ) -> Result<(Vec<<Hash as Hasher>::Digest>, Self::MultiProof), Self::Error> {
        self.0.open_many(indexes)
    }

    fn verify(
        commitment: <Hash as Hasher>::Digest,
        index: usize,
        item: <Hash as Hasher>::Digest,
        proof: &Self::Proof,
    ) -> Result<(), Self::Error> {
        <Tree as VectorCommitment<Hash>>::verify(commitment, index, item, proof)
    }

    fn verify_many(
        commitment: <Hash as Hasher>::Digest,
        indexes: &[usize],
        items: &[<Hash as Hasher>::Digest],
        proof: &Self::MultiProof,
    ) -> Result<(), Self::Error> {
        <Tree as VectorCommitment<Hash>>::verify_many(commitment, indexes, items, proof)
    }
}

impl<const TIMES: usize> BoundedOpening<Hash> for Loose<TIMES> {
    fn check_opening(_: &[u8], _: &[usize], _: u32) -> Result<(), OpeningError> {
        Ok(())
    }
}

fn opened<const TIMES: usize>(case: &Case, proof: &[u8]) -> Result<Verified, VerifyError> {
    verify::<Squares, Hash, Coin, Loose<TIMES>>(proof, case.claim.clone(), &case.policy)
}

/// The same opened rows, their opening with these bytes at the end.
fn with_surplus(queries: &Queries, surplus: &[u8]) -> Queries {
    let bytes = queries.to_bytes();
    let mut reader = SliceReader::new(&bytes);
    let values = Vec::<u8>::read_from(&mut reader).unwrap();
    let mut opening = Vec::<u8>::read_from(&mut reader).unwrap();
    opening.extend(surplus);
    let bytes = [values.to_bytes(), opening.to_bytes()].concat();
    Queries::read_from_bytes(&bytes).unwrap()
}

#[test]
fn an_opening_with_bytes_that_nobody_reads_is_refused() {
    for case in Case::all() {
        assert!(opened::<1>(&case, &case.proof).is_ok());
        for surplus in [&[0][..], &[1, 2, 3]] {
            for part in 0..=1 {
                let mut proof = Proof::from_bytes(&case.proof).unwrap();
                let (queries, section) = match part {
                    0 => (&mut proof.trace_queries[0], Section::TraceQueries(0)),
                    _ => (&mut proof.constraint_queries, Section::ConstraintQueries),
                };
                *queries = with_surplus(queries, surplus);
                assert_eq!(
                    opened::<1>(&case, &proof.to_bytes()),
                    Err(Mismatch::NotCommitted(section).into())
                );
            }
        }
    }
}

#[test]
fn an_opening_of_another_number_of_leaves_is_refused() {
    for case in Case::all() {
        let refused = Err(Mismatch::NotCommitted(Section::TraceQueries(0)).into());
        assert_eq!(opened::<2>(&case, &case.proof), refused);
    }
}
