//! Hiding proofs in which one random cell is one more than it was: what the randomness does to a proof.

use std::sync::Arc;

use rayon::prelude::*;
use winterfell::crypto::MerkleTree;
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::matrix::ColMatrix;
use winterfell::{Air, AuxRandElements, Proof, ProofOptions, Prover, Trace};
use winterlane_air::hiding::{Hiding, HidingParameters, Mode};
use winterlane_prover::ProverError;
use winterlane_prover::hiding::{HidingProver, HidingRng, HidingTrace, hide};

use crate::airs::{AnyAir, Inputs, TestTrace};
use crate::erased;
use crate::linear::Span;
use crate::opened::{Challenges, Opened, fri_opened, point, points};
use crate::scripted::{Blake, ScriptedCoin, ScriptedProver};

/// A random cell of a hiding trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Of the main segment.
    Main {
        /// Its column.
        column: usize,
        /// Its row.
        row: usize,
    },
    /// One coordinate of a cell of the veil. A cell of a column A_t takes that of N with it.
    Veil {
        /// Its column: N, A_1 .., M.
        column: usize,
        /// Its row.
        row: usize,
        /// The coordinate.
        part: usize,
    },
}

/// A statement of [`AnyAir`], ready to be proven with fixed randomness.
pub struct Hidden<'p, M: Mode<AnyAir>> {
    prover: HidingProver<'p, ScriptedProver, M>,
    table: HidingTrace<TestTrace>,
    /// The hiding AIR.
    pub air: Hiding<AnyAir, M>,
    /// Its numbers.
    pub parameters: HidingParameters,
    /// The public inputs.
    pub inputs: Inputs,
}

impl<'p, M: Mode<AnyAir>> Hidden<'p, M> {
    /// The statement of a trace, with randomness from a seed.
    ///
    /// # Panics
    /// When it cannot be hidden.
    #[must_use]
    pub fn new(prover: &'p ScriptedProver, trace: TestTrace, seed: u8) -> Self {
        let inputs = AnyAir::public_inputs(&trace);
        let mut rng = HidingRng::from_seed([seed; 32]);
        let (hiding, table) = hide::<_, M>(prover, Arc::new(trace), &mut rng).expect("it hides");
        let info = table.info().clone();
        let air = Hiding::<AnyAir, M>::new(info, inputs.clone(), prover.options().clone());
        let parameters = air.parameters().expect("it hides").clone();
        Self {
            prover: hiding,
            table,
            air,
            parameters,
            inputs,
        }
    }

    /// The main segment.
    #[must_use]
    pub fn main(&self) -> &ColMatrix<BaseElement> {
        self.table.main_segment()
    }

    /// The auxiliary segment for some random elements.
    #[must_use]
    pub fn aux<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        self.prover.build_aux_trace(&self.table, rand)
    }

    /// The main segment as a trace, with one cell changed.
    #[must_use]
    pub fn main_trace(&self, cell: Option<Cell>) -> TestTrace {
        let mut columns: Vec<_> = self.main().columns().map(<[_]>::to_vec).collect();
        if let Some(Cell::Main { column, row }) = cell {
            columns[column][row] += BaseElement::ONE;
        }
        TestTrace::new(columns).with_info(self.table.info().clone())
    }

    /// The prover and trace with one cell changed.
    fn changed(&self, cell: Option<Cell>) -> (Changed<'_, 'p, M>, TestTrace) {
        (Changed { hidden: self, cell }, self.main_trace(cell))
    }

    /// The cells of the main segment in which this statement differs from itself with other randomness.
    #[must_use]
    pub fn random_main_cells(&self, other: &Self) -> Vec<Cell> {
        let (width, rows) = (self.parameters.main_width(), self.parameters.rows());
        let cells = (0..width).flat_map(|column| (0..rows).map(move |row| (column, row)));
        cells
            .filter(|&(column, row)| self.main().get(column, row) != other.main().get(column, row))
            .map(|(column, row)| Cell::Main { column, row })
            .collect()
    }

    /// The engine's proof with one cell changed.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn prove(&self, cell: Option<Cell>) -> Proof {
        self.try_prove(cell).expect("a proof")
    }

    /// As [`prove`](Self::prove), for cells that may break a constraint.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn try_prove(&self, cell: Option<Cell>) -> Result<Proof, ProverError> {
        let (prover, trace) = self.changed(cell);
        winterlane_prover::prove(&prover, trace)
    }

    /// Stock winterfell's proof.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn prove_with_stock(&self) -> Proof {
        let (prover, trace) = self.changed(None);
        winterlane_prover::plain::single_threaded(|| erased::prove(&prover, trace))
            .expect("a thread")
            .expect("a proof")
    }

    /// Every random cell of the veil, as the construction says.
    #[must_use]
    pub fn veil_cells(&self, degree: usize) -> Vec<Cell> {
        let parameters = &self.parameters;
        let asserted = parameters.asserted_column() - parameters.inner_aux_width();
        let bound = parameters.veil_bound_rows();
        let is_free = |column: usize, row: usize| match column {
            0 => !bound.contains(&row),
            column => column != asserted || row > 0,
        };
        let mut cells = Vec::new();
        for column in 0..parameters.veil_width() {
            for row in (0..parameters.rows()).filter(|&row| is_free(column, row)) {
                cells.extend((0..degree).map(|part| Cell::Veil { column, row, part }));
            }
        }
        cells
    }

    /// What the proof of each of these cells, one more than it was, shows beyond the proof as it was.
    #[must_use]
    pub fn differences<E: FieldElement<BaseField = BaseElement>>(
        &self,
        cells: &[Cell],
        show: impl Fn(&Opened) -> Vec<BaseElement> + Sync,
    ) -> Vec<Vec<BaseElement>> {
        differences::<E, _>(&self.air, cells, &|cell| self.prove(cell), show)
    }

    /// The challenges of all proofs of this statement.
    #[must_use]
    pub fn challenges<E: FieldElement<BaseField = BaseElement>>(&self) -> Challenges<E> {
        Challenges::answered(&self.air, &self.prove(None), &self.inputs)
    }
}

/// What the proof of each of these cells, one more than it was, shows beyond the proof as it was.
fn differences<E, A>(
    air: &A,
    cells: &[Cell],
    prove: &(dyn Fn(Option<Cell>) -> Proof + Sync),
    show: impl Fn(&Opened) -> Vec<BaseElement> + Sync,
) -> Vec<Vec<BaseElement>>
where
    E: FieldElement<BaseField = BaseElement>,
    A: Air<BaseField = BaseElement>,
{
    let shown = |cell| show(&Opened::of::<_, E>(air, &prove(cell)));
    let base = shown(None);
    let difference = |&cell: &Cell| {
        let changed = shown(Some(cell)).into_iter().zip(&base);
        changed.map(|(changed, &base)| changed - base).collect()
    };
    cells.par_iter().map(difference).collect()
}

/// The prover of a statement with one cell changed.
struct Changed<'a, 'p, M: Mode<AnyAir>> {
    hidden: &'a Hidden<'p, M>,
    cell: Option<Cell>,
}

impl<M: Mode<AnyAir>> Prover for Changed<'_, '_, M> {
    type BaseField = BaseElement;
    type Air = Hiding<AnyAir, M>;
    type Trace = TestTrace;
    type HashFn = Blake;
    type VC = MerkleTree<Blake>;
    type RandomCoin = ScriptedCoin;

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
        let mut columns = self.hidden.aux(rand).into_columns();
        if let Some(Cell::Veil { column, row, part }) = self.cell {
            let parameters = &self.hidden.parameters;
            let first = parameters.inner_aux_width();
            let unit = unit::<E>(part);
            columns[first + column][row] += unit;
            let constrained = 1..parameters.veil_width() - 1;
            if constrained.contains(&column) && parameters.veil_bound_rows().contains(&row) {
                columns[first][row] -= unit;
            }
        }
        ColMatrix::new(columns)
    }
}

/// One coordinate of an extension's element set to one.
#[must_use]
pub fn unit<E: FieldElement<BaseField = BaseElement>>(part: usize) -> E {
    let mut coordinates = vec![BaseElement::ZERO; E::EXTENSION_DEGREE];
    coordinates[part] = BaseElement::ONE;
    E::slice_from_base_elements(&coordinates)[0]
}

/// The rank of what a proof shows beyond the trace's own columns: counted, and as the lemma has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Coordinates shown.
    pub coordinates: usize,
    /// Random coordinates.
    pub cells: usize,
    /// Degree of the extension.
    pub degree: usize,
    /// Distinct queries.
    pub queries: usize,
    /// Pairs of queries `x`, `x w`.
    pub pairs: usize,
    /// The rank.
    pub rank: usize,
    /// Relations of FRI alone: among what it shows of *any* polynomial.
    pub fri: usize,
}

impl Rank {
    /// Relations among what is shown that are not of FRI alone.
    #[must_use]
    pub const fn corank(&self) -> usize {
        self.coordinates - self.rank - self.fri
    }

    /// What the lemma says it is: one equation over the extension for each query and for z w, which tie the
    /// DEEP polynomial to what is opened, the verifier's own at z, and one for each pair.
    #[must_use]
    pub const fn expected(&self) -> usize {
        self.degree * (self.queries + 2 + self.pairs)
    }
}

impl core::fmt::Display for Rank {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            coordinates,
            cells,
            degree,
            queries,
            pairs,
            rank,
            fri,
        } = self;
        let (corank, expected) = (self.corank(), self.expected());
        write!(
            f,
            "corank {corank}, {degree} ({queries} + 2 + {pairs}) = {expected}: rank {rank} of {coordinates} \
             coordinates, {cells} cells, {fri} relations of FRI alone"
        )
    }
}

/// Relations of FRI alone: among what a polynomial shows at the opened points and in FRI, without the ones
/// that tie both.
fn fri_relations<A, E>(air: &A, challenges: &Challenges<E>) -> usize
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let points = points(air, challenges);
    let [z, zw] = [points[points.len() - 2], points[points.len() - 1]];
    let domain: Vec<_> = (0..air.lde_domain_size())
        .map(|p| E::from(point(air, p)))
        .collect();
    let mut span = None;
    let mut width = 0;
    for part in 0..E::EXTENSION_DEGREE {
        // The values of a unit times x^i.
        let mut at_points = vec![unit::<E>(part); points.len()];
        let mut on_domain = vec![unit::<E>(part); domain.len()];
        for _ in 0..air.trace_length() {
            let [at_z, at_zw] = [at_points[points.len() - 2], at_points[points.len() - 1]];
            let deep = on_domain
                .iter()
                .zip(&domain)
                .map(|(&y, &x)| (y - at_z) / (x - z) + (y - at_zw) / (x - zw));
            let mut shown = E::slice_as_base_elements(&at_points).to_vec();
            shown.extend(fri_opened(air, challenges, deep.collect()));
            width = shown.len();
            span.get_or_insert_with(|| Span::new(width)).insert(shown);
            let step = |(y, &x): (&mut E, &E)| *y *= x;
            at_points.iter_mut().zip(&points).for_each(step);
            on_domain.iter_mut().zip(&domain).for_each(step);
        }
    }
    let rank = span.map_or(0, |span| span.rank());
    // The values at queries and z w follow from the DEEP polynomial, but for a constant.
    let tied = E::EXTENSION_DEGREE * (points.len() - 1);
    width - rank - tied
}

/// What a proof shows of the veil: its columns, the quotient and FRI.
#[must_use]
pub fn shown(parameters: &HidingParameters, opened: &Opened, degree: usize) -> Vec<BaseElement> {
    let veil = parameters.inner_aux_width()..parameters.aux_width();
    let mut shown = opened.aux.columns(veil, degree, degree);
    let quotients = 0..parameters.quotients();
    shown.extend(opened.quotient.columns(quotients, degree, degree));
    shown.extend(&opened.fri);
    shown
}

/// Counts the rank of what the proofs of a statement show, when some cells of the veil are random.
#[must_use]
pub fn rank<E, M>(hidden: &Hidden<'_, M>, cells: &[Cell]) -> Rank
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    let (air, parameters) = (&hidden.air, &hidden.parameters);
    let challenges = hidden.challenges::<E>();
    rank_of(air, parameters, &challenges, cells, &|cell| {
        hidden.prove(cell)
    })
}

/// [`rank`], of an AIR with the trace of a hiding one and any prover for it.
#[must_use]
pub fn rank_of<E, A>(
    air: &A,
    parameters: &HidingParameters,
    challenges: &Challenges<E>,
    cells: &[Cell],
    prove: &(dyn Fn(Option<Cell>) -> Proof + Sync),
) -> Rank
where
    E: FieldElement<BaseField = BaseElement>,
    A: Air<BaseField = BaseElement>,
{
    let degree = E::EXTENSION_DEGREE;
    let show = |opened: &Opened| shown(parameters, opened, degree);
    let differences = differences::<E, A>(air, cells, prove, show);
    let coordinates = differences[0].len();
    let (blowup, domain) = (air.options().blowup_factor(), air.lde_domain_size());
    Rank {
        coordinates,
        cells: cells.len(),
        degree,
        queries: challenges.positions.len(),
        pairs: challenges.pairs(blowup, domain),
        rank: Span::of(coordinates, differences).rank(),
        fri: fri_relations(air, challenges),
    }
}
