//! Plain winterfell provers: the parts of a `winterfell::Prover` that nearly all of them share.
//!
//! [`PlainProver`] is a prover for an AIR whose trace and public inputs are at hand;
//! [`default_parts!`](crate::default_parts) are the same parts for an `impl Prover` of your own.
//! Both are winterfell's defaults and nothing else: stock `Prover::prove` runs them as they are, and
//! [`prove`](crate::prove) gives the same bytes.

use core::marker::PhantomData;

use rayon::ThreadPoolBuildError;
use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, MerkleTree, RandomCoin, VectorCommitment, hashers::Blake3_256,
};
use winterfell::math::fields::f64::BaseElement;
use winterfell::{Air, ProofOptions, Prover, TraceTable};

/// What stands in every plain `impl winterfell::Prover` word for word: the types `TraceLde`,
/// `ConstraintEvaluator` and `ConstraintCommitment`, winterfell's defaults, and the three functions
/// that make them.
///
/// The `impl` still says `BaseField`, `Air`, `Trace`, `HashFn`, `VC`, `RandomCoin`,
/// `get_pub_inputs` and `options`, and `build_aux_trace` for an AIR with an auxiliary segment. The
/// crate that uses the macro needs no further dependency.
///
/// ```
/// use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
/// use winterfell::math::{FieldElement, fields::f64::BaseElement};
/// use winterfell::{
///     Air, AirContext, Assertion, BatchingMethod::Linear, EvaluationFrame, FieldExtension,
///     ProofOptions, Prover, TraceInfo, TraceTable, TransitionConstraintDegree,
/// };
///
/// /// Counts up from zero.
/// struct Counter(AirContext<BaseElement>);
///
/// impl Air for Counter {
///     type BaseField = BaseElement;
///     type PublicInputs = ();
///     fn new(info: TraceInfo, _: (), options: ProofOptions) -> Self {
///         let degrees = vec![TransitionConstraintDegree::new(1)];
///         Self(AirContext::new(info, degrees, 1, options))
///     }
///     fn context(&self) -> &AirContext<BaseElement> {
///         &self.0
///     }
///     fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
///         &self,
///         frame: &EvaluationFrame<E>,
///         _: &[E],
///         result: &mut [E],
///     ) {
///         result[0] = frame.next()[0] - frame.current()[0] - E::ONE;
///     }
///     fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
///         vec![Assertion::single(0, 0, BaseElement::ZERO)]
///     }
/// }
///
/// struct CounterProver(ProofOptions);
///
/// impl Prover for CounterProver {
///     type BaseField = BaseElement;
///     type Air = Counter;
///     type Trace = TraceTable<BaseElement>;
///     type HashFn = Blake3_256<BaseElement>;
///     type VC = MerkleTree<Self::HashFn>;
///     type RandomCoin = DefaultRandomCoin<Self::HashFn>;
///     winterlane_prover::default_parts!();
///     fn get_pub_inputs(&self, _: &Self::Trace) {}
///     fn options(&self) -> &ProofOptions {
///         &self.0
///     }
/// }
///
/// let trace = TraceTable::init(vec![(0..16).map(BaseElement::new).collect()]);
/// let options = ProofOptions::new(8, 4, 0, FieldExtension::Cubic, 2, 3, Linear, Linear);
/// let proof = winterlane_prover::prove(&CounterProver(options), trace.clone())?;
///
/// // For an AIR like this one, with public inputs that are known beforehand, that is:
/// # let options = proof.options().clone();
/// let prover = winterlane_prover::PlainProver::<Counter>::new(options, ());
/// let stock = winterlane_prover::plain::single_threaded(|| prover.prove(trace))??;
/// assert_eq!(proof.to_bytes(), stock.to_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! default_parts {
    () => {
        type TraceLde<
            E: $crate::plain::winterfell::math::FieldElement<BaseField = Self::BaseField>,
        > = $crate::plain::winterfell::DefaultTraceLde<E, Self::HashFn, Self::VC>;
        type ConstraintEvaluator<
            'a,
            E: $crate::plain::winterfell::math::FieldElement<BaseField = Self::BaseField>,
        > = $crate::plain::winterfell::DefaultConstraintEvaluator<'a, Self::Air, E>;
        type ConstraintCommitment<
            E: $crate::plain::winterfell::math::FieldElement<BaseField = Self::BaseField>,
        > = $crate::plain::winterfell::DefaultConstraintCommitment<E, Self::HashFn, Self::VC>;

        #[$crate::plain::maybe_async]
        fn new_trace_lde<E>(
            &self,
            trace_info: &$crate::plain::winterfell::TraceInfo,
            main_trace: &$crate::plain::winterfell::matrix::ColMatrix<Self::BaseField>,
            domain: &$crate::plain::winterfell::StarkDomain<Self::BaseField>,
            partition_options: $crate::plain::winterfell::PartitionOptions,
        ) -> (
            Self::TraceLde<E>,
            $crate::plain::winterfell::TracePolyTable<E>,
        )
        where
            E: $crate::plain::winterfell::math::FieldElement<BaseField = Self::BaseField>,
        {
            $crate::plain::winterfell::DefaultTraceLde::new(
                trace_info,
                main_trace,
                domain,
                partition_options,
            )
        }

        #[$crate::plain::maybe_async]
        fn new_evaluator<'a, E>(
            &self,
            air: &'a Self::Air,
            aux_rand_elements: Option<$crate::plain::winterfell::AuxRandElements<E>>,
            coefficients: $crate::plain::winterfell::ConstraintCompositionCoefficients<E>,
        ) -> Self::ConstraintEvaluator<'a, E>
        where
            E: $crate::plain::winterfell::math::FieldElement<BaseField = Self::BaseField>,
        {
            $crate::plain::winterfell::DefaultConstraintEvaluator::new(
                air,
                aux_rand_elements,
                coefficients,
            )
        }

        #[$crate::plain::maybe_async]
        fn build_constraint_commitment<E>(
            &self,
            composition: $crate::plain::winterfell::CompositionPolyTrace<E>,
            num_columns: usize,
            domain: &$crate::plain::winterfell::StarkDomain<Self::BaseField>,
            partition_options: $crate::plain::winterfell::PartitionOptions,
        ) -> (
            Self::ConstraintCommitment<E>,
            $crate::plain::winterfell::CompositionPoly<E>,
        )
        where
            E: $crate::plain::winterfell::math::FieldElement<BaseField = Self::BaseField>,
        {
            $crate::plain::winterfell::DefaultConstraintCommitment::new(
                composition,
                num_columns,
                domain,
                partition_options,
            )
        }
    };
}

/// The winterfell that the provers here are of, for [`default_parts!`](crate::default_parts).
#[doc(hidden)]
pub use winterfell;

/// The functions of a `Prover` are `async` with winterfell's feature of that name, for
/// [`default_parts!`](crate::default_parts).
#[doc(hidden)]
pub use winter_maybe_async::maybe_async;

/// Remembers the parameters of a prover that holds none of them.
type Types<A, H, V, R> = PhantomData<fn() -> (A, H, V, R)>;

/// A winterfell prover of an AIR with a main segment only, whose public inputs are known.
///
/// `H` hashes rows, the transcript and, unless `V` says otherwise, Merkle trees; `R` is the public coin. An
/// example is at [`default_parts!`](crate::default_parts).
pub struct PlainProver<
    A: Air,
    H = Blake3_256<BaseElement>,
    V = MerkleTree<H>,
    R = DefaultRandomCoin<H>,
> {
    options: ProofOptions,
    inputs: A::PublicInputs,
    _types: Types<A, H, V, R>,
}

impl<A: Air, H, V, R> PlainProver<A, H, V, R> {
    /// A prover of the statement with these public inputs.
    #[must_use]
    pub const fn new(options: ProofOptions, inputs: A::PublicInputs) -> Self {
        Self {
            options,
            inputs,
            _types: PhantomData,
        }
    }

    /// The public inputs.
    #[must_use]
    pub const fn public_inputs(&self) -> &A::PublicInputs {
        &self.inputs
    }
}

impl<A: Air, H, V, R> Clone for PlainProver<A, H, V, R>
where
    A::PublicInputs: Clone,
{
    fn clone(&self) -> Self {
        Self::new(self.options.clone(), self.inputs.clone())
    }
}

impl<A: Air, H, V, R> core::fmt::Debug for PlainProver<A, H, V, R>
where
    A::PublicInputs: core::fmt::Debug,
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PlainProver")
            .field("options", &self.options)
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

impl<A, H, V, R> Prover for PlainProver<A, H, V, R>
where
    A: Air + 'static,
    A::PublicInputs: Clone,
    H: ElementHasher<BaseField = A::BaseField> + Sync,
    V: VectorCommitment<H> + Sync,
    R: RandomCoin<BaseField = A::BaseField, Hasher = H>,
{
    type BaseField = A::BaseField;
    type Air = A;
    type Trace = TraceTable<A::BaseField>;
    type HashFn = H;
    type VC = V;
    type RandomCoin = R;

    crate::default_parts!();

    fn get_pub_inputs(&self, _trace: &Self::Trace) -> A::PublicInputs {
        self.inputs.clone()
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }
}

/// Runs `work` on one thread of its own, and gives what it returns.
///
/// With winterfell's feature `concurrent` (the feature of the same name here) stock `Prover::prove`
/// takes whichever proof-of-work nonce a thread finds first, so that its bytes differ from run to
/// run. On one thread it takes the smallest, as it does without the feature, and as
/// [`prove`](crate::prove) always does.
///
/// # Errors
/// When the system gives no thread.
pub fn single_threaded<T: Send>(
    work: impl FnOnce() -> T + Send,
) -> Result<T, ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    Ok(pool.install(work))
}
