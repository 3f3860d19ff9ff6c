//! Hiding proofs by the calls that users make: stock's bytes, another attempt, refusals.

use std::cell::Cell;
use std::sync::Arc;

use winterfell::crypto::{
    DefaultRandomCoin, Hasher, MerkleTree, RandomCoin, RandomCoinError, hashers::Blake3_256,
};
use winterfell::math::{
    ExtensionOf, FieldElement, StarkField, ToElements, fields::f64::BaseElement,
};
use winterfell::matrix::ColMatrix;
use winterfell::{
    AcceptableOptions, Air, AirContext, Assertion, AuxRandElements, BatchingMethod::Linear,
    EvaluationFrame, FieldExtension, Proof, ProofOptions, Prover, Trace, TraceInfo, TraceTable,
    TransitionConstraintDegree,
};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, Mode, TailFree};
use winterlane_prover::engine::{self, EngineOptions, MemoryEstimate, ProverError};
use winterlane_prover::hiding::{
    HidingRng, hide, prove_hiding_in_place, prove_hiding_inlined, prove_hiding_with,
};
use winterlane_prover::plain::single_threaded;
use winterlane_tests::erased;

type Blake = Blake3_256<BaseElement>;
type Tree = MerkleTree<Blake>;

/// Rows of the statement's own trace.
const ROWS: usize = 64;

/// `x` in the middle of the trace.
#[derive(Clone, Copy)]
struct Image(BaseElement);

impl ToElements<BaseElement> for Image {
    fn to_elements(&self) -> Vec<BaseElement> {
        vec![self.0]
    }
}

/// `x' = x^3 + y`, `y' = x + 1`; and, if `AUX`, a column of the products of `r + x`.
struct Cubes<const AUX: bool> {
    context: AirContext<BaseElement>,
    image: Image,
}

impl<const AUX: bool> Air for Cubes<AUX> {
    type BaseField = BaseElement;
    type PublicInputs = Image;

    fn new(info: TraceInfo, image: Image, options: ProofOptions) -> Self {
        let degrees = [3, 1].map(TransitionConstraintDegree::new).to_vec();
        let context = if AUX {
            let aux = vec![TransitionConstraintDegree::new(2)];
            AirContext::new_multi_segment(info, degrees, aux, 1, 1, options)
        } else {
            AirContext::new(info, degrees, 1, options)
        };
        Self { context, image }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        let (current, next) = (frame.current(), frame.next());
        result[0] = next[0] - current[0] * current[0] * current[0] - current[1];
        result[1] = next[1] - current[0] - E::ONE;
    }

    #[inline(always)]
    fn evaluate_aux_transition<F, E>(
        &self,
        main: &EvaluationFrame<F>,
        aux: &EvaluationFrame<E>,
        _: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let factor = rand.rand_elements()[0] + main.current()[0].into();
        result[0] = aux.next()[0] - aux.current()[0] * factor;
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let middle = self.trace_length() / 2 - 1;
        vec![Assertion::single(0, middle, self.image.0)]
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        vec![Assertion::single(0, 0, E::ONE)]
    }
}

impl TailFree for Cubes<false> {
    fn needed_rows(&self) -> usize {
        self.trace_length() / 2
    }
}

/// A trace whose info may tell of an auxiliary segment.
#[derive(Clone)]
struct Table(TraceInfo, TraceTable<BaseElement>);

impl Trace for Table {
    type BaseField = BaseElement;

    fn info(&self) -> &TraceInfo {
        &self.0
    }

    fn main_segment(&self) -> &ColMatrix<BaseElement> {
        self.1.main_segment()
    }

    fn read_main_frame(&self, row: usize, frame: &mut EvaluationFrame<BaseElement>) {
        self.1.read_main_frame(row, frame);
    }
}

fn table(aux: bool, rows: usize) -> Table {
    let (mut x, mut y) = (BaseElement::new(3), BaseElement::new(4));
    let mut columns = vec![Vec::new(), Vec::new()];
    for _ in 0..rows {
        columns[0].push(x);
        columns[1].push(y);
        (x, y) = (x * x * x + y, x + BaseElement::ONE);
    }
    let info = if aux {
        TraceInfo::new_multi_segment(2, 1, 1, rows, vec![7])
    } else {
        TraceInfo::new(2, rows)
    };
    Table(info, TraceTable::init(columns))
}

thread_local! {
    /// Coins that this thread has made.
    static COINS: Cell<usize> = const { Cell::new(0) };
    /// As many of them are bad.
    static BAD: Cell<usize> = const { Cell::new(0) };
}

/// The default coin, but for the first [`BAD`] proofs of a thread, in which it draws elements that winterfell
/// cannot square: a product of two coordinates is one whose double winter-math leaves unreduced.
struct Coin {
    coin: DefaultRandomCoin<Blake>,
    bad: bool,
}

/// Counts this thread's coins from now on, and makes the first `bad` of them bad.
fn count_coins(bad: usize) {
    COINS.set(0);
    BAD.set(bad);
}

impl RandomCoin for Coin {
    type BaseField = BaseElement;
    type Hasher = Blake;

    fn new(seed: &[BaseElement]) -> Self {
        Self {
            coin: DefaultRandomCoin::new(seed),
            bad: COINS.replace(COINS.get() + 1) < BAD.get(),
        }
    }

    fn reseed(&mut self, data: <Blake as Hasher>::Digest) {
        self.coin.reseed(data);
    }

    fn check_leading_zeros(&self, value: u64) -> u32 {
        self.coin.check_leading_zeros(value)
    }

    fn draw<E: FieldElement<BaseField = BaseElement>>(&mut self) -> Result<E, RandomCoinError> {
        let drawn = self.coin.draw()?;
        if !self.bad {
            return Ok(drawn);
        }
        let unreduced = BaseElement::from_mont((1 << 63) - 1);
        assert!(unreduced.inner() < BaseElement::MODULUS);
        let coordinates = [BaseElement::new(5), BaseElement::ONE, unreduced];
        Ok(E::slice_from_base_elements(&coordinates)[0])
    }

    fn draw_integers(
        &mut self,
        count: usize,
        domain: usize,
        nonce: u64,
    ) -> Result<Vec<usize>, RandomCoinError> {
        self.coin.draw_integers(count, domain, nonce)
    }
}

/// A prover; if it is `careless`, its auxiliary segment lacks half of its rows.
struct CubesProver<const AUX: bool> {
    options: ProofOptions,
    careless: bool,
}

impl<const AUX: bool> Prover for CubesProver<AUX> {
    type BaseField = BaseElement;
    type Air = Cubes<AUX>;
    type Trace = Table;
    type HashFn = Blake;
    type VC = Tree;
    type RandomCoin = Coin;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, trace: &Table) -> Image {
        Image(trace.1.get(0, trace.info().length() / 2 - 1))
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        trace: &Table,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let mut product = E::ONE;
        let mut column = Vec::new();
        for &x in trace.main_segment().get_column(0) {
            column.push(product);
            product *= rand.rand_elements()[0] + E::from(x);
        }
        if self.careless {
            column.truncate(column.len() / 2);
        }
        ColMatrix::new(vec![column])
    }
}

fn options(extension: FieldExtension, queries: usize) -> ProofOptions {
    ProofOptions::new(queries, 4, 4, extension, 4, 7, Linear, Linear)
}

fn prover<const AUX: bool>(options: ProofOptions) -> CubesProver<AUX> {
    CubesProver {
        options,
        careless: false,
    }
}

fn verdict<const AUX: bool, M: Mode<Cubes<AUX>>>(
    trace: &Table,
    proof: &Proof,
) -> Result<(), winterfell::VerifierError> {
    let acceptable = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    let inputs = Image(trace.1.get(0, trace.info().length() / 2 - 1));
    let proof = Proof::from_bytes(&proof.to_bytes()).expect("a proof");
    erased::verify::<Hiding<Cubes<AUX>, M>, Blake, Coin, Tree>(proof, inputs, &acceptable)
}

/// Stock winterfell's proof of the same randomness has the same bytes, and its verifier takes them.
fn same<const AUX: bool, M: Mode<Cubes<AUX>>>(options: ProofOptions) {
    let prover = prover::<AUX>(options);
    let trace = table(AUX, ROWS);
    let rng = || HidingRng::from_seed([9; 32]);
    let stock = single_threaded(|| {
        let (hiding, table) = hide::<_, M>(&prover, Arc::new(trace.clone()), &mut rng()).unwrap();
        erased::prove(&hiding, table).unwrap().to_bytes()
    })
    .unwrap();
    let run = EngineOptions::default();
    let ours = prove_hiding_with::<_, M>(&prover, trace.clone(), &mut rng(), &run).unwrap();
    assert!(ours.to_bytes() == stock);
    verdict::<AUX, M>(&trace, &ours).unwrap();
    let inlined = prove_hiding_inlined::<_, M>(&prover, trace.clone(), &mut rng(), &run).unwrap();
    assert!(inlined.to_bytes() == stock);
    // Other randomness, other bytes.
    let mut rng = HidingRng::from_system().unwrap();
    let other = prove_hiding_with::<_, M>(&prover, trace.clone(), &mut rng, &run).unwrap();
    assert!(other.to_bytes() != stock);
    verdict::<AUX, M>(&trace, &other).unwrap();
}

#[test]
fn stock_gives_the_same_bytes() {
    for extension in [FieldExtension::Quadratic, FieldExtension::Cubic] {
        same::<false, Doubling>(options(extension, 20));
        same::<false, InPlace>(options(extension, 12));
        same::<true, Doubling>(options(extension, 20));
    }
}

/// At a point that our verifier refuses, the proof is made again, with other randomness.
#[test]
fn a_refused_point_costs_another_attempt() {
    let trace = table(false, ROWS);
    let options = options(FieldExtension::Cubic, 12);
    let mut rng = HidingRng::from_system().unwrap();
    let prover = prover::<false>(options);
    count_coins(1);
    let proof = prove_hiding_in_place(&prover, trace.clone(), &mut rng).unwrap();
    assert_eq!(COINS.get(), 2, "two attempts");
    verdict::<false, InPlace>(&trace, &proof).unwrap();

    // A coin that has nothing else to give: the attempts have an end.
    count_coins(usize::MAX);
    let refused = prove_hiding_in_place(&prover, trace.clone(), &mut rng);
    assert_eq!(refused.err(), Some(ProverError::OutOfDomainPoint));
    assert_eq!(COINS.get(), 8);
    // A plain proof has no other challenges: it is stock's, whatever its point is.
    let (hiding, table) = hide::<_, InPlace>(&prover, Arc::new(trace), &mut rng).unwrap();
    assert!(engine::prove(&hiding, table).is_ok());
}

/// What is not there is not made up, and least of all from memory that was something else.
#[test]
fn traces_of_another_shape_are_refused() {
    let options = options(FieldExtension::Cubic, 20);
    let mut rng = HidingRng::from_system().unwrap();
    let mut careless = prover::<true>(options.clone());
    careless.careless = true;
    let run = EngineOptions::default();
    let refused =
        prove_hiding_with::<_, Doubling>(&careless, table(true, ROWS), &mut rng, &run).err();
    let expected = ProverError::TraceShape {
        segment: engine::Segment::Auxiliary,
        expected_columns: 1,
        expected_rows: ROWS,
        columns: 1,
        rows: ROWS / 2,
    };
    assert_eq!(refused, Some(expected));

    let prover = prover::<false>(options);
    let half = Table(table(false, ROWS).0, table(false, ROWS / 2).1);
    let refused = prove_hiding_with::<_, Doubling>(&prover, half, &mut rng, &run).err();
    let expected = ProverError::TraceShape {
        segment: engine::Segment::Main,
        expected_columns: 2,
        expected_rows: ROWS,
        columns: 2,
        rows: ROWS / 2,
    };
    assert_eq!(refused, Some(expected));
}

/// A limit is held to what `of_hiding` says, which does not count a copy of the trace.
#[test]
fn memory_is_estimated_before_anything_is_computed() {
    let prover = prover::<false>(options(FieldExtension::Cubic, 20));
    let trace = table(false, ROWS);
    let inputs = prover.get_pub_inputs(&trace);
    let options = prover.options().clone();
    let info =
        Hiding::<Cubes<false>>::trace_info(trace.info(), inputs, &options).expect("it hides");
    let air = Hiding::<Cubes<false>>::new(info, inputs, options);
    let estimate = MemoryEstimate::of_hiding(&air);
    assert_eq!(estimate.trace, 8 * 2 * ROWS as u64);
    let mut rng = HidingRng::from_system().unwrap();
    let limit = EngineOptions::default().with_memory_limit(estimate.peak - 1);
    let refused = prove_hiding_with::<_, Doubling>(&prover, trace.clone(), &mut rng, &limit).err();
    let (needed, available) = (estimate.peak, estimate.peak - 1);
    assert_eq!(refused, Some(ProverError::Memory { needed, available }));
    let limit = EngineOptions::default().with_memory_limit(estimate.peak);
    assert!(prove_hiding_with::<_, Doubling>(&prover, trace, &mut rng, &limit).is_ok());
}
