//! Plain winterfell provers for the AIRs here.

use core::marker::PhantomData;

use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, MerkleTree, RandomCoin, VectorCommitment,
};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{AuxRandElements, ProofOptions, Prover};

use super::{AnyAir, Inputs, TestAir, TestTrace};

/// Remembers the parameters of a prover that holds none of them.
type Types<A, H, V> = PhantomData<fn() -> (A, H, V)>;

/// A plain winterfell prover for a [`TestAir`].
#[derive(Clone, Debug)]
pub struct TestProver<A, H, V = MerkleTree<H>> {
    options: ProofOptions,
    _types: Types<A, H, V>,
}

impl<A, H, V> TestProver<A, H, V> {
    /// A prover with the given options.
    #[must_use]
    pub const fn new(options: ProofOptions) -> Self {
        Self {
            options,
            _types: PhantomData,
        }
    }
}

impl<A, H, V> Prover for TestProver<A, H, V>
where
    A: TestAir,
    H: ElementHasher<BaseField = BaseElement> + Sync,
    V: VectorCommitment<H> + Sync,
{
    type BaseField = BaseElement;
    type Air = A;
    type Trace = TestTrace;
    type HashFn = H;
    type VC = V;
    type RandomCoin = DefaultRandomCoin<H>;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, trace: &TestTrace) -> Inputs {
        A::public_inputs(trace)
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        main_trace: &TestTrace,
        aux_rand_elements: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        ColMatrix::new(A::aux_columns(
            main_trace,
            aux_rand_elements.rand_elements(),
        ))
    }
}

/// A plain winterfell prover for [`AnyAir`].
#[derive(Clone, Debug)]
pub struct AnyProver<H, V = MerkleTree<H>, R = DefaultRandomCoin<H>> {
    options: ProofOptions,
    _types: Types<H, V, R>,
}

impl<H, V, R> AnyProver<H, V, R> {
    /// A prover with the given options.
    #[must_use]
    pub const fn new(options: ProofOptions) -> Self {
        Self {
            options,
            _types: PhantomData,
        }
    }
}

impl<H, V, R> Prover for AnyProver<H, V, R>
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
    V: VectorCommitment<H> + Sync,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
{
    type BaseField = BaseElement;
    type Air = AnyAir;
    type Trace = TestTrace;
    type HashFn = H;
    type VC = V;
    type RandomCoin = R;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, trace: &TestTrace) -> Inputs {
        AnyAir::public_inputs(trace)
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        main_trace: &TestTrace,
        aux_rand_elements: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let rand = aux_rand_elements.rand_elements();
        ColMatrix::new(AnyAir::aux_columns(main_trace, rand))
    }
}
