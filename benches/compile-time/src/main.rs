//! A user's program: a small AIR, or ten of them, and winterfell's prover of them, proven by winterfell or by
//! Winterlane.

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, BatchingMethod, CompositionPoly,
    CompositionPolyTrace, ConstraintCompositionCoefficients, DefaultConstraintCommitment,
    DefaultConstraintEvaluator, DefaultTraceLde, EvaluationFrame, FieldExtension, PartitionOptions,
    ProofOptions, Prover, StarkDomain, Trace, TraceInfo, TracePolyTable, TraceTable,
    TransitionConstraintDegree,
};

/// Columns of the trace.
const WIDTH: usize = 16;

/// A toy sponge: every cell is raised to the seventh power and mixed with its neighbours. Each number is another AIR.
struct SpongeAir<const N: u32> {
    context: AirContext<BaseElement>,
    result: BaseElement,
}

/// The next row, from the current one.
fn round<E: FieldElement, const N: u32>(state: &[E]) -> [E; WIDTH] {
    let powers: [E; WIDTH] = core::array::from_fn(|i| {
        let cube = state[i].cube();
        cube.square() * state[i]
    });
    core::array::from_fn(|i| {
        let (near, far) = (powers[(i + 1) % WIDTH], powers[(i + 5) % WIDTH]);
        // Not `far.double()`: see SECURITY.md on winterfell's doublings.
        powers[i] + near + far + far + E::from(i as u32 + 1 + N)
    })
}

impl<const N: u32> Air for SpongeAir<N> {
    type BaseField = BaseElement;
    type PublicInputs = BaseElement;

    fn new(info: TraceInfo, result: BaseElement, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(7); WIDTH];
        Self {
            context: AirContext::new(info, degrees, 1 + WIDTH, options),
            result,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _periodic: &[E],
        result: &mut [E],
    ) {
        let expected = round::<E, N>(frame.current());
        for ((result, &next), expected) in result.iter_mut().zip(frame.next()).zip(expected) {
            *result = next - expected;
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let mut assertions: Vec<_> = (0..WIDTH)
            .map(|i| Assertion::single(i, 0, BaseElement::ZERO))
            .collect();
        assertions.push(Assertion::single(0, self.trace_length() - 1, self.result));
        assertions
    }
}

struct SpongeProver<const N: u32>(ProofOptions);

type Hash = Blake3_256<BaseElement>;
type Commitment = MerkleTree<Hash>;
type Coin = DefaultRandomCoin<Hash>;

impl<const N: u32> Prover for SpongeProver<N> {
    type BaseField = BaseElement;
    type Air = SpongeAir<N>;
    type Trace = TraceTable<BaseElement>;
    type HashFn = Hash;
    type VC = Commitment;
    type RandomCoin = Coin;
    type TraceLde<E: FieldElement<BaseField = BaseElement>> = DefaultTraceLde<E, Hash, Commitment>;
    type ConstraintEvaluator<'a, E: FieldElement<BaseField = BaseElement>> =
        DefaultConstraintEvaluator<'a, SpongeAir<N>, E>;
    type ConstraintCommitment<E: FieldElement<BaseField = BaseElement>> =
        DefaultConstraintCommitment<E, Hash, Commitment>;

    fn get_pub_inputs(&self, trace: &Self::Trace) -> BaseElement {
        trace.get(0, trace.length() - 1)
    }

    fn options(&self) -> &ProofOptions {
        &self.0
    }

    fn new_trace_lde<E: FieldElement<BaseField = BaseElement>>(
        &self,
        info: &TraceInfo,
        main: &ColMatrix<BaseElement>,
        domain: &StarkDomain<BaseElement>,
        partitions: PartitionOptions,
    ) -> (Self::TraceLde<E>, TracePolyTable<E>) {
        DefaultTraceLde::new(info, main, domain, partitions)
    }

    fn new_evaluator<'a, E: FieldElement<BaseField = BaseElement>>(
        &self,
        air: &'a SpongeAir<N>,
        aux_rand_elements: Option<AuxRandElements<E>>,
        coefficients: ConstraintCompositionCoefficients<E>,
    ) -> Self::ConstraintEvaluator<'a, E> {
        DefaultConstraintEvaluator::new(air, aux_rand_elements, coefficients)
    }

    fn build_constraint_commitment<E: FieldElement<BaseField = BaseElement>>(
        &self,
        composition: CompositionPolyTrace<E>,
        columns: usize,
        domain: &StarkDomain<BaseElement>,
        partitions: PartitionOptions,
    ) -> (Self::ConstraintCommitment<E>, CompositionPoly<E>) {
        DefaultConstraintCommitment::new(composition, columns, domain, partitions)
    }
}

type Failure = Box<dyn std::error::Error>;

/// Proves the AIR of this number.
fn prove<const N: u32>() -> Result<(), Failure> {
    let mut trace = TraceTable::new(WIDTH, 1 << 12);
    trace.fill(
        |state| state.fill(BaseElement::ZERO),
        |_, state| state.copy_from_slice(&round::<_, N>(state)),
    );
    let linear = BatchingMethod::Linear;
    let options = ProofOptions::new(42, 8, 16, FieldExtension::Quadratic, 8, 127, linear, linear);
    let prover = SpongeProver::<N>(options);
    #[cfg(not(feature = "winterlane"))]
    let proof = prover.prove(trace)?;
    #[cfg(feature = "winterlane")]
    let proof = winterlane_prover::prove(&prover, trace)?;
    println!("{}", proof.to_bytes().len());
    Ok(())
}

fn main() -> Result<(), Failure> {
    prove::<0>()?;
    #[cfg(feature = "ten")]
    for prove in [
        prove::<1>, prove::<2>, prove::<3>, prove::<4>, prove::<5>, prove::<6>, prove::<7>,
        prove::<8>, prove::<9>,
    ] {
        prove()?;
    }
    Ok(())
}
