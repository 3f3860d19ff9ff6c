//! The hiding AIR with another veil, which does not hide: what a count of ranks must see.

use winterfell::crypto::{MerkleTree, RandomCoin, RandomCoinError};
use winterfell::math::{ExtensionOf, FieldElement, ToElements, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, Proof, ProofOptions, Prover,
    TraceInfo,
};
use winterlane_air::hiding::{Hiding, Mode};

use crate::airs::{AnyAir, Inputs, TestTrace};
use crate::opened::Challenges;
use crate::scripted::{Blake, ScriptedCoin};
use crate::veil::{Cell, Hidden, Rank, rank_of, unit};

/// Another veil.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// The powers of `p` that the columns `A_1 ..` have in the constraint.
    pub powers: &'static [u32],
    /// Whether the constraint is on the next row.
    pub next: bool,
}

/// The public inputs of a statement, and the veil that its proofs have.
#[derive(Clone, Debug)]
pub struct MutatedInputs {
    inputs: Inputs,
    mutation: Mutation,
}

impl ToElements<BaseElement> for MutatedInputs {
    fn to_elements(&self) -> Vec<BaseElement> {
        self.inputs.to_elements()
    }
}

/// The hiding AIR with the constraint of another veil.
pub struct Mutated<M> {
    air: Hiding<AnyAir, M>,
    mutation: Mutation,
}

impl<M: Mode<AnyAir>> Air for Mutated<M> {
    type BaseField = BaseElement;
    type PublicInputs = MutatedInputs;

    fn new(info: TraceInfo, inputs: MutatedInputs, options: ProofOptions) -> Self {
        let MutatedInputs { inputs, mutation } = inputs;
        Self {
            air: Hiding::new(info, inputs, options),
            mutation,
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
        let Mutation { powers, next } = self.mutation;
        let row = if next { aux.next() } else { aux.current() };
        let columns = &row[self.air.parameters().expect("it hides").veil_constrained()];
        let mut sum = columns[0];
        for (&column, &power) in columns[1..].iter().zip(powers) {
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
struct MutatedProver<'a, 'p, M: Mode<AnyAir>> {
    hidden: &'a Hidden<'p, M>,
    cell: Option<Cell>,
    mutation: Mutation,
}

impl<M: Mode<AnyAir>> MutatedProver<'_, '_, M> {
    fn inputs(&self) -> MutatedInputs {
        MutatedInputs {
            inputs: self.hidden.inputs.clone(),
            mutation: self.mutation,
        }
    }
}

impl<M: Mode<AnyAir>> Prover for MutatedProver<'_, '_, M> {
    type BaseField = BaseElement;
    type Air = Mutated<M>;
    type Trace = TestTrace;
    type HashFn = Blake;
    type VC = MerkleTree<Blake>;
    type RandomCoin = ScriptedCoin;

    winterlane_prover::default_parts!();

    fn get_pub_inputs(&self, _trace: &TestTrace) -> MutatedInputs {
        self.inputs()
    }

    fn options(&self) -> &ProofOptions {
        self.hidden.air.options()
    }

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        _trace: &TestTrace,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let Mutation { powers, next } = self.mutation;
        let parameters = &self.hidden.parameters;
        let first = parameters.inner_aux_width();
        let mut columns = self.hidden.aux(rand).into_columns();
        if let Some(Cell::Veil { column, row, part }) = self.cell {
            columns[first + column][row] += unit::<E>(part);
        }
        // What the columns A_t leave N to be.
        for current in 0..parameters.statement_rows() - 1 {
            let row = current + usize::from(next);
            let mut sum = E::ZERO;
            for (t, power) in powers.iter().enumerate() {
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
pub fn mutated_rank<E, M>(hidden: &Hidden<'_, M>, mutation: Mutation) -> Rank
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    let prover = |cell: Option<Cell>| MutatedProver {
        hidden,
        cell,
        mutation,
    };
    let prove = |cell: Option<Cell>| -> Proof {
        let trace = hidden.main_trace(None);
        winterlane_prover::prove(&prover(cell), trace).expect("a proof")
    };
    let degree = E::EXTENSION_DEGREE;
    let mut cells = hidden.veil_cells(degree);
    if !mutation.next {
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
    let inputs = prover(None).inputs();
    let air = Mutated::<M>::new(
        hidden.air.trace_info().clone(),
        inputs.clone(),
        hidden.air.options().clone(),
    );
    let challenges = Challenges::<E>::answered(&air, &prove(None), &inputs);
    rank_of(&air, &hidden.parameters, &challenges, &cells, &prove)
}
