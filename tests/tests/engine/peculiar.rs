//! AIRs that winterfell proves and that are unlike others: with large local arrays, with functions that
//! take elements apart, with a column that is constant.

use core::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{
    AcceptableOptions, Air, AirContext, Assertion, AuxRandElements, BatchingMethod,
    EvaluationFrame, FieldExtension, Proof, ProofOptions, Prover, TraceInfo,
};
use winterlane_field_simd::Backend;
use winterlane_prover::engine::{EngineOptions, prove, prove_inlined};
use winterlane_tests::airs::{Chain, Inputs, TestAir, TestTrace};
use winterlane_tests::erased;

type Blake = Blake3_256<BaseElement>;

/// What is peculiar. The metadata of a trace say which of these it is, so that there is one type of AIR.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The constraint functions have 4,096 elements on the stack.
    Small = 1,
    /// The same with 16,384.
    Large,
    /// They take an element apart, put it together again and give it back: in each way that there is.
    Apart,
    /// Every row is like the one before.
    Constant,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Small, Self::Large, Self::Apart, Self::Constant];

    /// The trace as one of this kind.
    fn mark(self, trace: TestTrace) -> TestTrace {
        trace.with_meta(vec![self as u8])
    }

    /// An element after a way around.
    fn around<E: FieldElement<BaseField = BaseElement>>(self, x: E) -> E {
        match self {
            Self::Small => through_array::<E, 4096>(x),
            Self::Large => through_array::<E, 16384>(x),
            Self::Apart => apart(x),
            Self::Constant => x,
        }
    }
}

/// [`Chain`], peculiar in one of these ways.
struct Peculiar {
    chain: Chain,
    kind: Kind,
}

/// An element from `N` on the stack: its own, so that the other kinds have none of it.
#[inline(never)]
fn through_array<E: FieldElement, const N: usize>(x: E) -> E {
    let mut cells = [x; N];
    for (i, cell) in cells.iter_mut().enumerate() {
        *cell += E::from(i as u32);
    }
    let cells = black_box(&mut cells);
    cells[N / 2] - E::from((N / 2) as u32)
}

/// An element taken apart and put together.
fn apart<E: FieldElement<BaseField = BaseElement>>(x: E) -> E {
    let bytes = x.to_bytes();
    let again = E::read_from_bytes(&bytes).expect("an element");
    let of_bytes = E::try_from(bytes.as_slice()).ok().expect("an element");
    let bases = E::slice_as_base_elements(core::slice::from_ref(&x));
    let of_bases = E::slice_from_base_elements(bases)[0];
    let same = E::elements_as_bytes(&[x]) == x.as_bytes() && bases[0] == x.base_element(0);
    if same && again == x && of_bytes == x && bases.len() == E::EXTENSION_DEGREE {
        of_bases
    } else {
        x + E::ONE
    }
}

impl Air for Peculiar {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, inputs: Inputs, options: ProofOptions) -> Self {
        let kinds = Kind::ALL.into_iter();
        let mut kinds = kinds.filter(|&kind| info.meta() == [kind as u8]);
        let kind = kinds.next().expect("a kind");
        let chain = Chain::new(info, inputs, options);
        Self { chain, kind }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        self.chain.context()
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        let (current, next) = (frame.current()[0], frame.next()[0]);
        if matches!(self.kind, Kind::Constant) {
            result[0] = next - current;
            return;
        }
        let frame = EvaluationFrame::from_rows(vec![self.kind.around(current)], vec![next]);
        self.chain.evaluate_transition(&frame, periodic, result);
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
        let current = self.kind.around(aux.current()[0]);
        let aux = EvaluationFrame::from_rows(vec![current], vec![aux.next()[0]]);
        self.chain
            .evaluate_aux_transition(main, &aux, periodic, rand, result);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.chain.get_assertions()
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        self.chain.get_aux_assertions(rand)
    }
}

struct PeculiarProver(ProofOptions);

impl Prover for PeculiarProver {
    type BaseField = BaseElement;
    type Air = Peculiar;
    type Trace = TestTrace;
    type HashFn = Blake;
    type VC = MerkleTree<Blake>;
    type RandomCoin = DefaultRandomCoin<Blake>;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, trace: &TestTrace) -> Inputs {
        Chain::public_inputs(trace)
    }

    fn options(&self) -> &ProofOptions {
        &self.0
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: &TestTrace,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        ColMatrix::new(Chain::aux_columns(trace, rand.rand_elements()))
    }
}

fn prover(extension: FieldExtension) -> PeculiarProver {
    let linear = BatchingMethod::Linear;
    PeculiarProver(ProofOptions::new(8, 2, 0, extension, 4, 7, linear, linear))
}

/// Both ways of ours against winterfell's, which has the stack of a main thread.
fn same_as_winterfell(kind: Kind) {
    for (extension, aux) in [
        (FieldExtension::None, false),
        (FieldExtension::Quadratic, true),
        (FieldExtension::Cubic, true),
    ] {
        let trace = kind.mark(if aux {
            Chain::with_aux(64, 3)
        } else {
            Chain::trace(1, 64, 3)
        });
        let stock = {
            let trace = trace.clone();
            let prove = move || erased::prove(&prover(extension), trace);
            // One thread, so that winterfell takes the smallest nonce with its feature `concurrent` too.
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .stack_size(8 << 20);
            let proof = pool.build().expect("a thread").install(prove);
            proof.expect("a proof").to_bytes()
        };
        let prover = prover(extension);
        for backend in Backend::available() {
            let proofs = backend.with(|| {
                let options = EngineOptions::default();
                let inlined = prove_inlined(&prover, trace.clone(), &options);
                [prove(&prover, trace.clone()), inlined]
            });
            for proof in proofs.expect("available") {
                let proof = proof.expect("a proof");
                assert_eq!(proof.to_bytes(), stock, "{backend}, {extension:?}");
            }
        }
    }
}

#[test]
fn arrays_of_4096_elements() {
    same_as_winterfell(Kind::Small);
}

#[test]
fn arrays_of_16384_elements() {
    same_as_winterfell(Kind::Large);
}

#[test]
fn elements_taken_apart() {
    same_as_winterfell(Kind::Apart);
}

fn verify(prover: &PeculiarProver, inputs: Inputs, proof: Proof) {
    let acceptable = AcceptableOptions::OptionSet(vec![prover.options().clone()]);
    erased::verify::<Peculiar, Blake, DefaultRandomCoin<Blake>, MerkleTree<Blake>>(
        proof,
        inputs,
        &acceptable,
    )
    .expect("a valid proof");
}

/// Stock winterfell asserts a degree that a trace of constant columns does not have; the proof is
/// meant to be made.
#[test]
fn a_constant_column() {
    for extension in [FieldExtension::None, FieldExtension::Cubic] {
        let trace = TestTrace::new(vec![vec![BaseElement::new(5); 64]]);
        let trace = Kind::Constant.mark(trace);
        let prover = prover(extension);
        let stock = catch_unwind(AssertUnwindSafe(|| erased::prove(&prover, trace.clone())));
        assert!(
            stock.is_err(),
            "winterfell has learnt it: compare the bytes"
        );
        let proof = prove(&prover, trace.clone()).expect("a proof");
        verify(&prover, Chain::public_inputs(&trace), proof);
    }
}
