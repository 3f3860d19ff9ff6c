//! Programs as other people have them: assertions by the hundred, and hash functions of their own.
//!
//! Stock winterfell is compiled for one AIR and one hash function (`docs/compile-time.md`).

use std::sync::Arc;

use winter_utils::{ByteReader, ByteWriter, Deserializable, DeserializationError, Serializable};
use winterfell::crypto::hashers::{Blake3_192, Blake3_256, Rp64_256, RpJive64_256};
use winterfell::crypto::{DefaultRandomCoin, Digest, ElementHasher, Hasher, MerkleTree};
use winterfell::math::fields::f64::BaseElement;
use winterfell::math::{ExtensionOf, FieldElement, ToElements};
use winterfell::matrix::ColMatrix;
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, BatchingMethod::Linear, EvaluationFrame,
    FieldExtension, Proof, ProofOptions, Prover, Trace, TraceInfo, TransitionConstraintDegree,
};
use winterlane_field_simd::Backend;
use winterlane_prover::engine::prove_with;
use winterlane_prover::hashing::{Blake3, BulkHasher, DigestOf, HashRows};
use winterlane_prover::{EngineOptions, ProverError, plain::single_threaded};

/// A column, a first row, a stride (0 for a single row) and a number of values: what is asserted of a trace.
type Shape = [usize; 4];

/// Columns of the main segment.
const MAIN: usize = 4;
/// Columns of the auxiliary segment.
const AUX: usize = 2;
/// Rows after which the last main column repeats.
const PERIOD: usize = 8;

/// A trace, and what is asserted of it.
#[derive(Clone)]
struct Statement {
    main: Arc<Vec<Vec<BaseElement>>>,
    on_main: Vec<Shape>,
    on_aux: Vec<Shape>,
}

impl ToElements<BaseElement> for Statement {
    fn to_elements(&self) -> Vec<BaseElement> {
        self.main.iter().map(|column| column[0]).collect()
    }
}

fn root() -> BaseElement {
    use winterfell::math::StarkField;
    BaseElement::get_root_of_unity(PERIOD.ilog2())
}

impl Statement {
    fn new(rows: usize, on_main: Vec<Shape>, on_aux: Vec<Shape>) -> Self {
        let mut state = [3, 5, 7, 1].map(BaseElement::new);
        let mut main = vec![Vec::new(); MAIN];
        for row in 0..rows {
            for (column, cell) in main.iter_mut().zip(state) {
                column.push(cell);
            }
            let [a, b, c, d] = state;
            state = [a * a + b + periodic(row), b * a + c, c + a, d * root()];
        }
        Self {
            main: Arc::new(main),
            on_main,
            on_aux,
        }
    }

    /// The auxiliary columns: a product, and a sum.
    fn aux<E: FieldElement<BaseField = BaseElement>>(&self, rand: E) -> Vec<Vec<E>> {
        let (mut product, mut sum) = (E::ONE, E::ZERO);
        let mut aux = vec![Vec::new(); AUX];
        for (&a, &b) in self.main[0].iter().zip(&self.main[1]) {
            aux[0].push(product);
            aux[1].push(sum);
            product *= rand + a.into();
            sum += rand * b.into();
        }
        aux
    }
}

/// The periodic column.
fn periodic(row: usize) -> BaseElement {
    BaseElement::new(11 + row as u64 % 4)
}

/// What a shape says of these columns.
fn assertion<E: FieldElement>(shape: Shape, columns: &[Vec<E>]) -> Assertion<E> {
    let [column, first, stride, values] = shape;
    let cells = &columns[column];
    match (stride, values) {
        (0, _) => Assertion::single(column, first, cells[first]),
        (_, 1) => Assertion::periodic(column, first, stride, cells[first]),
        _ => {
            let values = cells.iter().skip(first).step_by(stride).copied();
            Assertion::sequence(column, first, stride, values.collect())
        }
    }
}

struct Program {
    context: AirContext<BaseElement>,
    statement: Statement,
}

impl Air for Program {
    type BaseField = BaseElement;
    type PublicInputs = Statement;

    fn new(info: TraceInfo, statement: Statement, options: ProofOptions) -> Self {
        let degree = TransitionConstraintDegree::new;
        let main = vec![degree(2), degree(2), degree(1), degree(1)];
        let on_main = statement.on_main.len();
        let context = if info.is_multi_segment() {
            let aux = vec![degree(2), degree(1)];
            let on_aux = statement.on_aux.len();
            AirContext::new_multi_segment(info, main, aux, on_main, on_aux, options)
        } else {
            AirContext::new(info, main, on_main, options)
        };
        Self { context, statement }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| frame.current()[i]);
        let next = [a * a + b + periodic[0], b * a + c, c + a, d * root().into()];
        for ((result, &found), next) in result.iter_mut().zip(frame.next()).zip(next) {
            *result = found - next;
        }
    }

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
        let rand = rand.rand_elements()[0];
        let (now, next) = (aux.current(), aux.next());
        result[0] = next[0] - now[0] * (rand + main.current()[0].into());
        result[1] = next[1] - now[1] - rand.mul_base(main.current()[1]);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let shapes = self.statement.on_main.iter();
        shapes
            .map(|&shape| assertion(shape, &self.statement.main))
            .collect()
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        let columns = self.statement.aux(rand.rand_elements()[0]);
        let shapes = self.statement.on_aux.iter();
        shapes.map(|&shape| assertion(shape, &columns)).collect()
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        vec![(0..4).map(periodic).collect()]
    }
}

/// A trace with or without an auxiliary segment to come.
#[derive(Clone)]
struct Table {
    info: TraceInfo,
    main: ColMatrix<BaseElement>,
}

impl Table {
    fn of(statement: &Statement) -> Self {
        let rows = statement.main[0].len();
        let info = if statement.on_aux.is_empty() {
            TraceInfo::new(MAIN, rows)
        } else {
            TraceInfo::new_multi_segment(MAIN, AUX, 1, rows, vec![])
        };
        let main = ColMatrix::new(statement.main.to_vec());
        Self { info, main }
    }
}

impl Trace for Table {
    type BaseField = BaseElement;

    fn info(&self) -> &TraceInfo {
        &self.info
    }

    fn main_segment(&self) -> &ColMatrix<BaseElement> {
        &self.main
    }

    fn read_main_frame(&self, row: usize, frame: &mut EvaluationFrame<BaseElement>) {
        let next = (row + 1) % self.main.num_rows();
        self.main.read_row_into(row, frame.current_mut());
        self.main.read_row_into(next, frame.next_mut());
    }
}

struct ProgramProver<H> {
    statement: Statement,
    options: ProofOptions,
    _hasher: core::marker::PhantomData<fn() -> H>,
}

impl<H: ElementHasher<BaseField = BaseElement> + Sync> Prover for ProgramProver<H> {
    type BaseField = BaseElement;
    type Air = Program;
    type Trace = Table;
    type HashFn = H;
    type VC = MerkleTree<H>;
    type RandomCoin = DefaultRandomCoin<H>;
    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, _: &Table) -> Statement {
        self.statement.clone()
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _: &Table,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        ColMatrix::new(self.statement.aux(rand.rand_elements()[0]))
    }
}

fn prover<H>(statement: &Statement, extension: FieldExtension, grinding: u32) -> ProgramProver<H> {
    ProgramProver {
        statement: statement.clone(),
        options: ProofOptions::new(12, 4, grinding, extension, 4, 7, Linear, Linear),
        _hasher: core::marker::PhantomData,
    }
}

type Blake = Blake3_256<BaseElement>;

fn stock(statement: &Statement, extension: FieldExtension, grinding: u32) -> Vec<u8> {
    let prover = prover::<Blake>(statement, extension, grinding);
    let proof = single_threaded(|| prover.prove(Table::of(statement)));
    proof.expect("a thread").expect("a proof").to_bytes()
}

fn ours<H>(prover: &ProgramProver<H>, options: &EngineOptions<'_>) -> Result<Proof, ProverError>
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
{
    prove_with(prover, Table::of(&prover.statement), options)
}

/// Compares with stock on every backend.
fn same_bytes(statement: &Statement, extension: FieldExtension) {
    let expected = stock(statement, extension, 4);
    let prover = prover::<Blake>(statement, extension, 4);
    for backend in Backend::available() {
        let proof = backend.with(|| ours(&prover, &EngineOptions::default()));
        let proof = proof.expect("available").expect("a proof");
        assert!(proof.to_bytes() == expected, "{backend}, {extension:?}");
    }
}

fn singles(column: usize, rows: impl Iterator<Item = usize>) -> Vec<Shape> {
    rows.map(|row| [column, row, 0, 1]).collect()
}

#[test]
fn five_hundred_and_twelve_rows_of_one_column() {
    let main = singles(0, (0..512).map(|i| (5 * i) % 1024));
    same_bytes(
        &Statement::new(1024, main, vec![]),
        FieldExtension::Quadratic,
    );
}

#[test]
fn five_hundred_and_twelve_rows_of_all_columns_and_of_the_auxiliary_ones() {
    let main = (0..512).map(|i| [i % MAIN, (3 * i) % 1024, 0, 1]).collect();
    let aux = (0..512).map(|i| [i % AUX, i + 100, 0, 1]).collect();
    same_bytes(&Statement::new(1024, main, aux), FieldExtension::Cubic);
}

#[test]
fn single_rows_among_sequences_and_periodic_ones() {
    let rows = 256;
    let mut main = singles(1, (0..rows).filter(|row| row % 16 != 3));
    main.extend([[1, 3, 16, 16], [0, 2, 8, 32], [0, 0, 4, 64], [2, 9, 64, 4]]);
    main.extend((0..PERIOD).map(|first| [3, first, PERIOD, 1]));
    let mut aux = singles(0, (0..40).map(|i| 6 * i));
    aux.extend([[1, 5, 32, 8], [1, 0, 2, 128], [0, 1, 256, 1]]);
    for extension in [FieldExtension::None, FieldExtension::Quadratic] {
        same_bytes(&Statement::new(rows, main.clone(), aux.clone()), extension);
        same_bytes(&Statement::new(rows, main.clone(), vec![]), extension);
    }
}

#[test]
fn every_cell_of_a_short_trace() {
    let main = (0..MAIN).flat_map(|column| singles(column, 0..8)).collect();
    let aux = (0..AUX).flat_map(|column| singles(column, 0..8)).collect();
    let statement = Statement::new(8, main, aux);
    // A remainder that fits so short a trace.
    let options = ProofOptions::new(3, 4, 0, FieldExtension::Quadratic, 2, 1, Linear, Linear);
    let prover = |statement: &Statement| ProgramProver::<Blake> {
        options: options.clone(),
        ..prover(statement, FieldExtension::Quadratic, 0)
    };
    let expected = single_threaded(|| prover(&statement).prove(Table::of(&statement)));
    let proof = ours(&prover(&statement), &EngineOptions::default()).expect("a proof");
    assert!(proof.to_bytes() == expected.expect("a thread").expect("a proof").to_bytes());
}

/// BLAKE3 in another crate's clothes, digests included.
struct Foreign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ForeignDigest([u8; 32]);

impl Digest for ForeignDigest {
    fn as_bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl Serializable for ForeignDigest {
    fn write_into<W: ByteWriter>(&self, target: &mut W) {
        target.write_bytes(&self.0);
    }
}

impl Deserializable for ForeignDigest {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        source.read_array().map(Self)
    }
}

fn foreign(digest: DigestOf<Blake>) -> ForeignDigest {
    ForeignDigest(digest.as_bytes())
}

fn blake(digest: &ForeignDigest) -> DigestOf<Blake> {
    DigestOf::<Blake>::new(digest.0)
}

impl Hasher for Foreign {
    type Digest = ForeignDigest;
    const COLLISION_RESISTANCE: u32 = Blake::COLLISION_RESISTANCE;

    fn hash(bytes: &[u8]) -> ForeignDigest {
        foreign(Blake::hash(bytes))
    }

    fn merge(values: &[ForeignDigest; 2]) -> ForeignDigest {
        foreign(Blake::merge(&values.each_ref().map(blake)))
    }

    fn merge_many(values: &[ForeignDigest]) -> ForeignDigest {
        let values: Vec<_> = values.iter().map(blake).collect();
        foreign(Blake::merge_many(&values))
    }

    fn merge_with_int(seed: ForeignDigest, value: u64) -> ForeignDigest {
        foreign(Blake::merge_with_int(blake(&seed), value))
    }
}

impl ElementHasher for Foreign {
    type BaseField = BaseElement;

    fn hash_elements<E: FieldElement<BaseField = BaseElement>>(elements: &[E]) -> ForeignDigest {
        foreign(Blake::hash_elements(elements))
    }
}

/// Somebody's own code for it, of which a part is wrong, or nothing.
#[derive(Default)]
struct Own {
    wrong_rows: bool,
    wrong_pairs: bool,
    wrong_nonces: bool,
}

impl BulkHasher for Own {
    type Hasher = Foreign;

    fn task(&self) -> usize {
        5
    }

    fn hash_rows(&self, rows: HashRows<'_>, digests: &mut [ForeignDigest]) {
        assert!(rows.len() == digests.len() && rows.len() <= 5);
        for (row, digest) in rows.iter().zip(digests) {
            *digest = Foreign::hash_elements(&row[usize::from(self.wrong_rows)..]);
        }
    }

    fn merge_pairs(&self, children: &[ForeignDigest], parents: &mut [ForeignDigest]) {
        for (pair, parent) in children.chunks_exact(2).zip(parents) {
            let swapped = usize::from(self.wrong_pairs);
            *parent = Foreign::merge(&[pair[swapped], pair[1 - swapped]]);
        }
    }

    fn first_nonce(
        &self,
        seed: ForeignDigest,
        zeros: u32,
        mut nonces: core::ops::Range<u64>,
    ) -> Option<u64> {
        let good = |nonce| {
            let head = Foreign::merge_with_int(seed, nonce).0[..8].try_into();
            u64::from_le_bytes(head.expect("eight bytes")).trailing_zeros() >= zeros
        };
        nonces.find(|&nonce| good(nonce) != self.wrong_nonces)
    }
}

#[test]
fn a_hash_function_that_the_engine_has_never_seen() {
    let statement = Statement::new(256, singles(0, 0..3), singles(1, 4..6));
    let extension = FieldExtension::Quadratic;
    let expected = stock(&statement, extension, 9);
    let prover = prover::<Foreign>(&statement, extension, 9);
    let (blake, own) = (Blake3::<Foreign>::new(), Own::default());
    // A nonce that the coin refuses is looked for again.
    let wrong_nonces = Own {
        wrong_nonces: true,
        ..Own::default()
    };
    let plain = EngineOptions::default();
    for options in [
        plain,
        plain.with_hashing(&blake),
        plain.with_hashing(&own),
        plain.with_hashing(&wrong_nonces),
    ] {
        for backend in Backend::available() {
            let proof = backend.with(|| ours(&prover, &options)).expect("available");
            assert!(proof.expect("a proof").to_bytes() == expected, "{backend}");
        }
    }
}

#[test]
fn digests_of_another_hash_function_are_refused() {
    let statement = Statement::new(64, singles(0, 0..3), vec![]);
    let prover = prover::<Foreign>(&statement, FieldExtension::None, 0);
    let refused = |options: EngineOptions<'_>| ours(&prover, &options).expect_err("refused");
    let plain = EngineOptions::default();
    let wrong = Own {
        wrong_rows: true,
        ..Own::default()
    };
    let error = refused(plain.with_hashing(&wrong));
    assert!(
        matches!(error, ProverError::BulkDigests { of: "rows", .. }),
        "{error}"
    );
    let wrong = Own {
        wrong_pairs: true,
        ..Own::default()
    };
    let error = refused(plain.with_hashing(&wrong));
    assert!(
        matches!(error, ProverError::BulkDigests { of: "pairs", .. }),
        "{error}"
    );
    let other = Blake3::<Blake3_192<BaseElement>, 24>::new();
    let error = refused(plain.with_hashing(&other));
    assert!(matches!(error, ProverError::OtherHasher { .. }), "{error}");
}

#[test]
fn blake3_by_name_and_by_option() {
    let statement = Statement::new(64, singles(0, 0..3), vec![]);
    let prover = prover::<Blake3_192<BaseElement>>(&statement, FieldExtension::Cubic, 3);
    let short = Blake3::<Blake3_192<BaseElement>, 24>::new();
    let plain = EngineOptions::default();
    let [by_name, by_option] = [plain, plain.with_hashing(&short)]
        .map(|options| ours(&prover, &options).expect("a proof").to_bytes());
    assert!(by_name == by_option);
}

/// A hash function under another name, which the engine does not recognise.
struct Renamed<H>(core::marker::PhantomData<fn() -> H>);

impl<H: Hasher> Hasher for Renamed<H> {
    type Digest = H::Digest;
    const COLLISION_RESISTANCE: u32 = H::COLLISION_RESISTANCE;

    fn hash(bytes: &[u8]) -> H::Digest {
        H::hash(bytes)
    }

    fn merge(values: &[H::Digest; 2]) -> H::Digest {
        H::merge(values)
    }

    fn merge_many(values: &[H::Digest]) -> H::Digest {
        H::merge_many(values)
    }

    fn merge_with_int(seed: H::Digest, value: u64) -> H::Digest {
        H::merge_with_int(seed, value)
    }
}

impl<H: ElementHasher> ElementHasher for Renamed<H> {
    type BaseField = H::BaseField;

    fn hash_elements<E: FieldElement<BaseField = H::BaseField>>(elements: &[E]) -> H::Digest {
        H::hash_elements(elements)
    }
}

/// Compares the proofs of a hash function that the engine recognises with those of the same under another
/// name, whose messages are hashed one by one, by winter-crypto's code.
fn recognised<H>()
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
{
    let statement = Statement::new(128, singles(0, 0..3), singles(1, 4..6));
    for (extension, partitions) in [
        (FieldExtension::None, 1),
        (FieldExtension::Quadratic, 2),
        (FieldExtension::Cubic, 1),
    ] {
        let named = prover::<H>(&statement, extension, 7);
        let renamed = prover::<Renamed<H>>(&statement, extension, 7);
        let partitioned = |options: &ProofOptions| options.clone().with_partitions(partitions, 2);
        let (named, renamed) = (
            ProgramProver {
                options: partitioned(&named.options),
                ..named
            },
            ProgramProver {
                options: partitioned(&renamed.options),
                ..renamed
            },
        );
        let plain = EngineOptions::default();
        let expected = ours(&renamed, &plain).expect("a proof").to_bytes();
        for backend in Backend::available() {
            let proof = backend.with(|| ours(&named, &plain)).expect("available");
            assert!(proof.expect("a proof").to_bytes() == expected, "{backend}");
        }
    }
}

#[test]
fn rescue_is_recognised() {
    recognised::<Rp64_256>();
    recognised::<RpJive64_256>();
}

/// The options go where the proof is made.
#[test]
fn options_can_be_sent() {
    fn sent<T: Send + Sync>(_: &T) {}
    sent(&EngineOptions::default());
}
