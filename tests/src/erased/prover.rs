//! Winterfell's prover of an erased AIR, and the instances that are compiled with this crate.

use core::marker::PhantomData;
use std::sync::Mutex;

use winterfell::crypto::{
    ElementHasher, MerkleTree, VectorCommitment,
    hashers::{Blake3_192, Blake3_256, Rp64_256, RpJive64_256, Sha3_256},
};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{
    AcceptableOptions, Air, AuxRandElements, Proof, ProofOptions, Prover, ProverError, Trace,
    VerifierError,
};

use super::{Cube, Erased, ErasedCoin, ErasedInputs, Quad, SuiteCoin, cast, cast_rand, in_field};
use crate::airs::{FlatCommitment, TestTrace};

/// A prover's auxiliary segment over one field.
trait AuxOver<E: FieldElement<BaseField = BaseElement>> {
    fn aux(&self, rand: &AuxRandElements<E>) -> ColMatrix<E>;
}

/// A prover's auxiliary segment.
trait Builder: AuxOver<BaseElement> + AuxOver<Quad> + AuxOver<Cube> {}

/// A prover, and the trace that it builds upon.
struct Built<'a, P: Prover> {
    prover: &'a P,
    trace: &'a P::Trace,
}

impl<P, E> AuxOver<E> for Built<'_, P>
where
    P: Prover<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    fn aux(&self, rand: &AuxRandElements<E>) -> ColMatrix<E> {
        self.prover.build_aux_trace(self.trace, rand)
    }
}

impl<P: Prover<BaseField = BaseElement>> Builder for Built<'_, P> {}

fn aux<E, C>(builder: &dyn Builder, rand: &AuxRandElements<E>) -> ColMatrix<E>
where
    E: FieldElement<BaseField = BaseElement>,
    C: FieldElement<BaseField = BaseElement>,
    for<'a> dyn Builder + 'a: AuxOver<C>,
{
    let built: ColMatrix<C> = builder.aux(&cast_rand::<E, C>(rand));
    ColMatrix::new(
        built
            .columns()
            .map(|column| cast(column).to_vec())
            .collect(),
    )
}

/// Remembers the parameters of a prover that holds none of them.
type Types<H, V> = PhantomData<fn() -> (H, V)>;

/// A plain winterfell prover of [`Erased`].
struct Stock<'a, H, V> {
    options: ProofOptions,
    /// Taken by the one proof that is made.
    inputs: Mutex<Option<ErasedInputs>>,
    builder: &'a dyn Builder,
    _types: Types<H, V>,
}

impl<H, V> Prover for Stock<'_, H, V>
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
    V: VectorCommitment<H> + Sync,
{
    type BaseField = BaseElement;
    type Air = Erased;
    type Trace = TestTrace;
    type HashFn = H;
    type VC = V;
    type RandomCoin = ErasedCoin<H>;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, _: &TestTrace) -> ErasedInputs {
        let inputs = self.inputs.lock().ok().and_then(|mut inputs| inputs.take());
        inputs.expect("winterfell asks once")
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _: &TestTrace,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        in_field!(E, aux(self.builder, rand))
    }
}

fn prove_erased<H, V>(
    options: ProofOptions,
    inputs: ErasedInputs,
    trace: TestTrace,
    builder: &dyn Builder,
) -> Result<Proof, ProverError>
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
    V: VectorCommitment<H> + Sync,
{
    let stock = Stock::<H, V> {
        options,
        inputs: Mutex::new(Some(inputs)),
        builder,
        _types: PhantomData,
    };
    stock.prove(trace)
}

/// What stock winterfell's `prover.prove(trace)` gives.
///
/// # Errors
/// Those of winterfell.
pub fn prove<P>(prover: &P, trace: P::Trace) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    P::Air: 'static,
    <P::Air as Air>::PublicInputs: Send + 'static,
    P::HashFn: Sync,
    P::VC: Sync,
    P::RandomCoin: SuiteCoin,
{
    let inputs = ErasedInputs::of::<P::Air, P::RandomCoin>(prover.get_pub_inputs(&trace));
    let main = trace.main_segment().clone();
    let copy = TestTrace::of_matrix(trace.info().clone(), main);
    let builder = Built {
        prover,
        trace: &trace,
    };
    let options = prover.options().clone();
    prove_erased::<P::HashFn, P::VC>(options, inputs, copy, &builder)
}

/// What proves, without the AIR.
type ProveErased =
    fn(ProofOptions, ErasedInputs, TestTrace, &dyn Builder) -> Result<Proof, ProverError>;

/// What verifies, without the AIR.
type VerifyErased = fn(Proof, ErasedInputs, &AcceptableOptions) -> Result<(), VerifierError>;

/// Both for one hash function and commitment.
pub struct Instance(
    #[expect(dead_code, reason = "instantiated, not called")] ProveErased,
    #[expect(dead_code, reason = "instantiated, not called")] VerifyErased,
);

impl Instance {
    const fn of<H, V>() -> Self
    where
        H: ElementHasher<BaseField = BaseElement> + Sync,
        V: VectorCommitment<H> + Sync,
    {
        Self(
            prove_erased::<H, V>,
            winterfell::verify::<Erased, H, ErasedCoin<H>, V>,
        )
    }

    const fn of_tree<H>() -> Self
    where
        H: ElementHasher<BaseField = BaseElement> + Sync,
    {
        Self::of::<H, MerkleTree<H>>()
    }

    const fn of_flat<H>() -> Self
    where
        H: ElementHasher<BaseField = BaseElement> + Sync,
    {
        Self::of::<H, FlatCommitment<H>>()
    }
}

type Blake = Blake3_256<BaseElement>;

/// The instances that the suites use: named here, they are compiled with this crate, and the suites'
/// binaries link them. One that is missing is compiled where it is used.
pub static INSTANCES: [Instance; 7] = [
    Instance::of_tree::<Blake>(),
    Instance::of_tree::<Blake3_192<BaseElement>>(),
    Instance::of_tree::<Sha3_256<BaseElement>>(),
    Instance::of_tree::<Rp64_256>(),
    Instance::of_tree::<RpJive64_256>(),
    Instance::of_flat::<Blake>(),
    Instance::of_flat::<RpJive64_256>(),
];
