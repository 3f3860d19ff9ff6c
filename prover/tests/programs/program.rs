//! One AIR for all tests, its prover, and stock's proofs of it.

use std::sync::Arc;

use winterfell::crypto::hashers::Blake3_256;
use winterfell::crypto::{DefaultRandomCoin, ElementHasher, MerkleTree};
use winterfell::math::fields::f64::BaseElement;
use winterfell::math::{ExtensionOf, FieldElement, ToElements};
use winterfell::matrix::ColMatrix;
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, BatchingMethod::Linear, EvaluationFrame,
    FieldExtension, Proof, ProofOptions, Prover, Trace, TraceInfo, TransitionConstraintDegree,
};
use winterlane_field_simd::Backend;
use winterlane_prover::engine::prove_with;
use winterlane_prover::{EngineOptions, ProverError, plain::single_threaded};

use crate::habits::Habits;

/// A column, a first row, a stride (0 for a single row) and a number of values: what is asserted of a trace.
pub(crate) type Shape = [usize; 4];

/// Columns of the main segment.
pub(crate) const MAIN: usize = 4;
/// Columns of the auxiliary segment.
pub(crate) const AUX: usize = 2;
/// Rows after which the last main column repeats.
pub(crate) const PERIOD: usize = 8;

/// A trace, and what is asserted of it.
#[derive(Clone)]
pub(crate) struct Statement {
    main: Arc<Vec<Vec<BaseElement>>>,
    on_main: Vec<Shape>,
    on_aux: Vec<Shape>,
    habits: Habits,
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
    pub(crate) fn new(rows: usize, on_main: Vec<Shape>, on_aux: Vec<Shape>) -> Self {
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
            habits: Habits::default(),
        }
    }

    /// The same, by constraint functions with these habits.
    pub(crate) fn with_habits(self, habits: Habits) -> Self {
        Self { habits, ..self }
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

pub(crate) struct Program {
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
        let a = self.statement.habits.main.through(a);
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
        let product = self.statement.habits.aux.through(now[0]);
        result[0] = next[0] - product * (rand + main.current()[0].into());
        result[1] = next[1] - now[1] - rand.mul_base(main.current()[1]);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.statement.habits.tables::<BaseElement>();
        let shapes = self.statement.on_main.iter();
        shapes
            .map(|&shape| assertion(shape, &self.statement.main))
            .collect()
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        self.statement.habits.tables::<E>();
        let columns = self.statement.aux(rand.rand_elements()[0]);
        let shapes = self.statement.on_aux.iter();
        shapes.map(|&shape| assertion(shape, &columns)).collect()
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        self.statement.habits.tables::<BaseElement>();
        vec![(0..4).map(periodic).collect()]
    }
}

/// A trace with or without an auxiliary segment to come.
#[derive(Clone)]
pub(crate) struct Table {
    info: TraceInfo,
    main: ColMatrix<BaseElement>,
}

impl Table {
    pub(crate) fn of(statement: &Statement) -> Self {
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

pub(crate) struct ProgramProver<H> {
    pub(crate) statement: Statement,
    pub(crate) options: ProofOptions,
    pub(crate) _hasher: core::marker::PhantomData<fn() -> H>,
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

pub(crate) fn prover<H>(
    statement: &Statement,
    extension: FieldExtension,
    grinding: u32,
) -> ProgramProver<H> {
    ProgramProver {
        statement: statement.clone(),
        options: ProofOptions::new(12, 4, grinding, extension, 4, 7, Linear, Linear),
        _hasher: core::marker::PhantomData,
    }
}

pub(crate) type Blake = Blake3_256<BaseElement>;

pub(crate) fn stock(statement: &Statement, extension: FieldExtension, grinding: u32) -> Vec<u8> {
    let prover = prover::<Blake>(statement, extension, grinding);
    let proof = single_threaded(|| prover.prove(Table::of(statement)));
    proof.expect("a thread").expect("a proof").to_bytes()
}

pub(crate) fn ours<H>(
    prover: &ProgramProver<H>,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
{
    prove_with(prover, Table::of(&prover.statement), options)
}

/// Compares with stock on every backend.
pub(crate) fn same_bytes(statement: &Statement, extension: FieldExtension) {
    let expected = stock(statement, extension, 4);
    let prover = prover::<Blake>(statement, extension, 4);
    for backend in Backend::available() {
        let proof = backend.with(|| ours(&prover, &EngineOptions::default()));
        let proof = proof.expect("available").expect("a proof");
        assert!(proof.to_bytes() == expected, "{backend}, {extension:?}");
    }
}

pub(crate) fn singles(column: usize, rows: impl Iterator<Item = usize>) -> Vec<Shape> {
    rows.map(|row| [column, row, 0, 1]).collect()
}
