//! AIRs that winterfell proves and that are unlike others: with large local arrays, with functions that
//! take elements apart, with a column that is constant.

use core::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterfell::{
    AcceptableOptions, Air, AirContext, Assertion, AuxRandElements, BatchingMethod,
    EvaluationFrame, FieldExtension, Proof, ProofOptions, Prover, TraceInfo,
};
use winterlane_field_simd::Backend;
use winterlane_prover::engine::{EngineOptions, prove, prove_inlined};
use winterlane_tests::airs::{Chain, Inputs, TestAir, TestProver, TestTrace};
use winterlane_tests::erased;

type Blake = Blake3_256<BaseElement>;

/// Takes an element apart, puts it together again and gives it back: in each way that there is.
const APART: u8 = 1;
/// Every row is like the one before.
const CONSTANT: u8 = 2;

/// [`Chain`], with `N` elements on the stack of its constraint functions, in one of these ways.
struct Peculiar<const N: usize, const KIND: u8>(Chain);

/// An element from `N` on the stack.
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

impl<const N: usize, const KIND: u8> Air for Peculiar<N, KIND> {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, inputs: Inputs, options: ProofOptions) -> Self {
        Self(Chain::new(info, inputs, options))
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
        let (current, next) = (frame.current()[0], frame.next()[0]);
        match KIND {
            CONSTANT => result[0] = next - current,
            APART => {
                let frame = EvaluationFrame::from_rows(vec![apart(current)], vec![next]);
                self.0.evaluate_transition(&frame, periodic, result);
            }
            _ => {
                let row = vec![through_array::<E, N>(current)];
                let frame = EvaluationFrame::from_rows(row, vec![next]);
                self.0.evaluate_transition(&frame, periodic, result);
            }
        }
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
        let current = aux.current()[0];
        let current = if KIND == APART {
            apart(current)
        } else {
            through_array::<E, N>(current)
        };
        let aux = EvaluationFrame::from_rows(vec![current], vec![aux.next()[0]]);
        self.0
            .evaluate_aux_transition(main, &aux, periodic, rand, result);
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
}

impl<const N: usize, const KIND: u8> TestAir for Peculiar<N, KIND> {
    fn trace(width: usize, rows: usize, seed: u64) -> TestTrace {
        Chain::trace(width, rows, seed)
    }

    fn public_inputs(trace: &TestTrace) -> Inputs {
        Chain::public_inputs(trace)
    }

    fn aux_columns<E: FieldElement<BaseField = BaseElement>>(
        trace: &TestTrace,
        rand: &[E],
    ) -> Vec<Vec<E>> {
        Chain::aux_columns(trace, rand)
    }
}

type Peculiars<const N: usize, const KIND: u8> = TestProver<Peculiar<N, KIND>, Blake>;

fn prover<const N: usize, const KIND: u8>(extension: FieldExtension) -> Peculiars<N, KIND> {
    let linear = BatchingMethod::Linear;
    TestProver::new(ProofOptions::new(8, 2, 0, extension, 4, 7, linear, linear))
}

/// Both ways of ours against winterfell's, which has the stack of a main thread.
fn same_as_winterfell<const N: usize, const KIND: u8>() {
    for (extension, aux) in [
        (FieldExtension::None, false),
        (FieldExtension::Quadratic, true),
        (FieldExtension::Cubic, true),
    ] {
        let trace = if aux {
            Chain::with_aux(64, 3)
        } else {
            Chain::trace(1, 64, 3)
        };
        let stock = {
            let trace = trace.clone();
            let prove = move || erased::prove(&prover::<N, KIND>(extension), trace);
            // One thread, so that winterfell takes the smallest nonce with its feature `concurrent` too.
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .stack_size(8 << 20);
            let proof = pool.build().expect("a thread").install(prove);
            proof.expect("a proof").to_bytes()
        };
        let prover = prover::<N, KIND>(extension);
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
    same_as_winterfell::<4096, 0>();
}

#[test]
fn arrays_of_16384_elements() {
    same_as_winterfell::<16384, 0>();
}

#[test]
fn elements_taken_apart() {
    same_as_winterfell::<1, APART>();
}

fn verify<const N: usize, const KIND: u8>(
    prover: &Peculiars<N, KIND>,
    inputs: Inputs,
    proof: Proof,
) {
    let acceptable = AcceptableOptions::OptionSet(vec![prover.options().clone()]);
    erased::verify::<Peculiar<N, KIND>, Blake, DefaultRandomCoin<Blake>, MerkleTree<Blake>>(
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
        let prover = prover::<1, CONSTANT>(extension);
        let stock = catch_unwind(AssertUnwindSafe(|| erased::prove(&prover, trace.clone())));
        assert!(
            stock.is_err(),
            "winterfell has learnt it: compare the bytes"
        );
        let proof = prove(&prover, trace.clone()).expect("a proof");
        verify(&prover, Chain::public_inputs(&trace), proof);
    }
}
