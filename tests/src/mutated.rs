//! The hiding AIR with another veil, which does not hide: what a count of ranks must see.

use core::marker::PhantomData;

use winterfell::crypto::{MerkleTree, RandomCoin, RandomCoinError};
use winterfell::math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, Proof, ProofOptions, Prover,
    TraceInfo,
};
use winterlane_air::hiding::{Hiding, Mode};

use crate::airs::{Inputs, TestAir, TestTrace};
use crate::opened::Challenges;
use crate::scripted::{Blake, Script, ScriptedCoin};
use crate::veil::{Cell, Hidden, Rank, rank_of, unit};

/// Another veil.
pub trait Mutation: Send + Sync + 'static {
    /// The powers of `p` that the columns `A_1 ..` have in the constraint.
    const POWERS: &'static [u32];
    /// Whether the constraint is on the next row.
    const NEXT: bool;
}

/// The hiding AIR with the constraint of another veil.
pub struct Mutated<A, M, V> {
    air: Hiding<A, M>,
    _mutation: PhantomData<fn() -> V>,
}

impl<A: TestAir, M: Mode<A>, V: Mutation> Air for Mutated<A, M, V> {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(info: TraceInfo, inputs: Inputs, options: ProofOptions) -> Self {
        Self {
            air: Hiding::new(info, inputs, options),
            _mutation: PhantomData,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        self.air.context()
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        self.air.evaluate_transition(frame, periodic, result);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.air.get_assertions()
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
        self.air
            .evaluate_aux_transition(main, aux, periodic, rand, result);
        let p = periodic[periodic.len() - 1];
        let row = if V::NEXT { aux.next() } else { aux.current() };
        let columns = &row[self.air.parameters().expect("it hides").veil_constrained()];
        let mut sum = columns[0];
        for (&column, &power) in columns[1..].iter().zip(V::POWERS) {
            sum += column.mul_base(p.exp_vartime(power.into()));
        }
        let last = result.len() - 1;
        result[last] = sum;
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        self.air.get_aux_assertions(rand)
    }

    fn get_aux_rand_elements<E, R>(
        &self,
        coin: &mut R,
    ) -> Result<AuxRandElements<E>, RandomCoinError>
    where
        E: FieldElement<BaseField = BaseElement>,
        R: RandomCoin<BaseField = BaseElement>,
    {
        self.air.get_aux_rand_elements(coin)
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        self.air.get_periodic_column_values()
    }
}

/// The prover of a statement with another veil and one cell changed.
struct MutatedProver<'a, 'p, A: TestAir, S: Script, M: Mode<A>, V> {
    hidden: &'a Hidden<'p, A, S, M>,
    cell: Option<Cell>,
    _mutation: PhantomData<fn() -> V>,
}

impl<A: TestAir, S: Script, M: Mode<A>, V: Mutation> Prover for MutatedProver<'_, '_, A, S, M, V> {
    type BaseField = BaseElement;
    type Air = Mutated<A, M, V>;
    type Trace = TestTrace;
    type HashFn = Blake;
    type VC = MerkleTree<Blake>;
    type RandomCoin = ScriptedCoin<Blake, S>;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, _trace: &TestTrace) -> Inputs {
        self.hidden.inputs.clone()
    }

    fn options(&self) -> &ProofOptions {
        self.hidden.air.options()
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _trace: &TestTrace,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let parameters = &self.hidden.parameters;
        let first = parameters.inner_aux_width();
        let mut columns = self.hidden.aux(rand).into_columns();
        if let Some(Cell::Veil { column, row, part }) = self.cell {
            columns[first + column][row] += unit::<E>(part);
        }
        // What the columns A_t leave N to be.
        for current in 0..parameters.statement_rows() - 1 {
            let row = current + usize::from(V::NEXT);
            let mut sum = E::ZERO;
            for (t, power) in V::POWERS.iter().enumerate() {
                let cell = columns[first + 1 + t][row];
                let negative = current % 2 == 1 && power % 2 == 1;
                sum += if negative { -cell } else { cell };
            }
            columns[first][row] = -sum;
        }
        ColMatrix::new(columns)
    }
}

/// Counts the rank of what the proofs with another veil show.
///
/// # Panics
/// When there is no proof.
#[must_use]
pub fn mutated_rank<E, A, S, M, V>(hidden: &Hidden<'_, A, S, M>) -> Rank
where
    E: FieldElement<BaseField = BaseElement>,
    A: TestAir,
    S: Script,
    M: Mode<A>,
    V: Mutation,
{
    let prove = |cell: Option<Cell>| -> Proof {
        let prover = MutatedProver::<A, S, M, V> {
            hidden,
            cell,
            _mutation: PhantomData,
        };
        winterlane_prover::prove(&prover, hidden.main_trace(None)).expect("a proof")
    };
    let degree = E::EXTENSION_DEGREE;
    let mut cells = hidden.veil_cells(degree);
    if !V::NEXT {
        // N is bound one row earlier.
        let (bound, free) = (0, hidden.parameters.statement_rows() - 1);
        cells.retain(|&cell| !matches!(cell, Cell::Veil { column: 0, row, .. } if row == bound));
        let row = free;
        cells.extend((0..degree).map(|part| Cell::Veil {
            column: 0,
            row,
            part,
        }));
    }
    let air = Mutated::<A, M, V>::new(
        hidden.air.trace_info().clone(),
        hidden.inputs.clone(),
        hidden.air.options().clone(),
    );
    let challenges = Challenges::<E>::answered::<_, S>(&air, &prove(None), &hidden.inputs);
    rank_of(&air, &hidden.parameters, &challenges, &cells, &prove)
}
