//! What a proof shows, as field elements, and the challenges that it answers.

use winter_fri::{FriProver, ProverChannel};
use winterfell::crypto::{MerkleTree, RandomCoin};
use winterfell::math::{FieldElement, StarkField, ToElements, fields::f64::BaseElement};
use winterfell::{
    Air, AuxRandElements, ConstraintCompositionCoefficients, DeepCompositionCoefficients, Proof,
};

use crate::scripted::{Blake, ScriptedCoin};

type Tree = MerkleTree<Blake>;
type Digest = <Blake as winterfell::crypto::Hasher>::Digest;

/// All that the verifier of a proof chooses.
#[derive(Clone, Debug)]
pub struct Challenges<E: FieldElement> {
    /// Random elements of the auxiliary segment.
    pub aux: AuxRandElements<E>,
    /// Weights of the constraints.
    pub constraints: ConstraintCompositionCoefficients<E>,
    /// The out-of-domain point.
    pub z: E,
    /// Weights of the columns in the DEEP polynomial.
    pub deep: DeepCompositionCoefficients<E>,
    /// The points at which FRI folds.
    pub alphas: Vec<E>,
    /// Query positions, sorted, without repetition.
    pub positions: Vec<usize>,
}

impl<E: FieldElement<BaseField = BaseElement>> Challenges<E> {
    /// The challenges of a scripted proof with this seed: its context and public inputs.
    ///
    /// # Panics
    /// When the coin has nothing to give.
    pub fn of<A>(air: &A, seed: &[BaseElement]) -> Self
    where
        A: Air<BaseField = BaseElement>,
    {
        let mut coin = ScriptedCoin::<Blake>::new(seed);
        let coin = &mut coin;
        let aux = air.get_aux_rand_elements(coin).expect("elements");
        let constraints = air.get_constraint_composition_coefficients(coin);
        let z = coin.draw().expect("a point");
        let deep = air
            .get_deep_composition_coefficients(coin)
            .expect("weights");
        let domain = air.lde_domain_size();
        let layers = air.options().to_fri_options().num_fri_layers(domain);
        let alphas = (0..layers).map(|_| coin.draw().expect("a point"));
        let alphas = alphas.collect();
        let queries = air.options().num_queries();
        let mut positions = coin.draw_integers(queries, domain, 0).expect("positions");
        positions.sort_unstable();
        positions.dedup();
        Self {
            aux,
            constraints: constraints.expect("weights"),
            z,
            deep,
            alphas,
            positions,
        }
    }

    /// The challenges that a scripted proof answers.
    pub fn answered<A>(air: &A, proof: &Proof, inputs: &A::PublicInputs) -> Self
    where
        A: Air<BaseField = BaseElement>,
    {
        let mut seed = proof.context.to_elements();
        seed.extend(inputs.to_elements());
        Self::of(air, &seed)
    }

    /// Positions whose next row, `blowup` positions on, is opened too.
    #[must_use]
    pub fn pairs(&self, blowup: usize, domain: usize) -> usize {
        let next = |position: &&usize| self.positions.contains(&((**position + blowup) % domain));
        self.positions.iter().filter(next).count()
    }
}

/// The points that a proof opens its columns at: the queries', then z and z w.
#[must_use]
pub fn points<A, E>(air: &A, challenges: &Challenges<E>) -> Vec<E>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let queries = challenges.positions.iter().map(|&p| E::from(point(air, p)));
    let w = E::from(air.trace_domain_generator());
    queries.chain([challenges.z, challenges.z * w]).collect()
}

/// The point of a position in the extended domain.
pub fn point<A: Air<BaseField = BaseElement>>(air: &A, position: usize) -> BaseElement {
    let power = air.lde_domain_generator().exp_vartime(position as u64);
    BaseElement::GENERATOR * power
}

/// The rows of one segment that a proof shows: at each query, at z, and at z w.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// One row a query.
    pub queries: Vec<Vec<BaseElement>>,
    /// Both out-of-domain rows, all coordinates of them.
    pub ood: [Vec<BaseElement>; 2],
}

impl Rows {
    /// The coordinates of some columns, `degree` coordinates each at a query, `ood_degree` at z and z w.
    #[must_use]
    pub fn columns(
        &self,
        columns: core::ops::Range<usize>,
        degree: usize,
        ood_degree: usize,
    ) -> Vec<BaseElement> {
        let at = |d: usize| columns.start * d..columns.end * d;
        let queries = self.queries.iter().flat_map(|row| &row[at(degree)]);
        let ood = self.ood.iter().flat_map(|row| &row[at(ood_degree)]);
        queries.chain(ood).copied().collect()
    }
}

/// What a proof shows.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// The main segment.
    pub main: Rows,
    /// The auxiliary segment.
    pub aux: Rows,
    /// The columns of the quotient.
    pub quotient: Rows,
    /// Values of FRI's layers, and its remainder.
    pub fri: Vec<BaseElement>,
}

/// The coordinates of elements.
fn flat<E: FieldElement<BaseField = BaseElement>>(elements: &[E]) -> Vec<BaseElement> {
    E::slice_as_base_elements(elements).to_vec()
}

/// The FRI layers and remainder of a proof.
fn fri_values<E>(proof: winter_fri::FriProof, domain: usize, folding: usize) -> Vec<BaseElement>
where
    E: FieldElement<BaseField = BaseElement>,
{
    let remainder: Vec<E> = proof.parse_remainder().expect("a remainder");
    let layers = proof.parse_layers::<E, Blake, Tree>(domain, folding);
    let (layers, _) = layers.expect("layers");
    layers
        .iter()
        .chain([&remainder])
        .flat_map(|values| flat(values))
        .collect()
}

impl Opened {
    /// Takes a proof apart.
    ///
    /// # Panics
    /// When the proof does not have the shape of the AIR.
    pub fn of<A, E>(air: &A, proof: &Proof) -> Self
    where
        A: Air<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement>,
    {
        let proof = proof.clone();
        let domain = air.lde_domain_size();
        let queries = proof.num_unique_queries as usize;
        let info = air.trace_info();
        let (main, aux) = (info.main_trace_width(), info.aux_segment_width());
        let quotients = air.context().num_constraint_composition_columns();
        let frame = proof.ood_frame.parse::<E>(main, aux, quotients);
        let (trace, quotient) = frame.expect("out-of-domain rows");
        let ood = [trace.current_row(), trace.next_row()];
        let mut segments = proof.trace_queries.into_iter();
        let mut next = || segments.next().expect("a segment");
        let table = next().parse::<BaseElement, Blake, Tree>(domain, queries, main);
        let (_, table) = table.expect("rows");
        let main_rows = Rows {
            queries: table.rows().map(<[_]>::to_vec).collect(),
            ood: ood.map(|row| flat(&row[..main])),
        };
        let aux_rows = if aux == 0 {
            Rows::default()
        } else {
            let table = next().parse::<E, Blake, Tree>(domain, queries, aux);
            let (_, table) = table.expect("rows");
            Rows {
                queries: table.rows().map(flat).collect(),
                ood: ood.map(|row| flat(&row[main..])),
            }
        };
        let table = proof.constraint_queries;
        let table = table.parse::<E, Blake, Tree>(domain, queries, quotients);
        let (_, table) = table.expect("rows");
        Self {
            main: main_rows,
            aux: aux_rows,
            quotient: Rows {
                queries: table.rows().map(flat).collect(),
                ood: [quotient.current_row(), quotient.next_row()].map(flat),
            },
            fri: fri_values::<E>(
                proof.fri_proof,
                domain,
                air.options().to_fri_options().folding_factor(),
            ),
        }
    }
}

/// A channel that answers with points fixed beforehand, and keeps the commitments.
pub struct ScriptedChannel<E> {
    alphas: std::vec::IntoIter<E>,
    /// Commitments to the layers and the remainder.
    pub commitments: Vec<Digest>,
}

impl<E: FieldElement<BaseField = BaseElement>> ProverChannel<E> for ScriptedChannel<E> {
    type Hasher = Blake;

    fn commit_fri_layer(&mut self, layer_root: Digest) {
        self.commitments.push(layer_root);
    }

    fn draw_fri_alpha(&mut self) -> E {
        self.alphas.next().expect("one a layer")
    }
}

/// Winterfell's FRI proof of a polynomial's values on the extended domain, and its commitments.
pub fn fri<A, E>(
    air: &A,
    challenges: &Challenges<E>,
    values: Vec<E>,
) -> (winter_fri::FriProof, Vec<Digest>)
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let mut channel = ScriptedChannel {
        alphas: challenges.alphas.clone().into_iter(),
        commitments: Vec::new(),
    };
    let options = air.options().to_fri_options();
    let mut prover = FriProver::<E, _, Blake, Tree>::new(options);
    prover.build_layers(&mut channel, values);
    let proof = prover.build_proof(&challenges.positions);
    (proof, channel.commitments)
}

/// What FRI shows of a polynomial, given by its values on the extended domain.
pub fn fri_opened<A, E>(air: &A, challenges: &Challenges<E>, values: Vec<E>) -> Vec<BaseElement>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let folding = air.options().to_fri_options().folding_factor();
    let (proof, _) = fri(air, challenges, values);
    fri_values::<E>(proof, air.lde_domain_size(), folding)
}
