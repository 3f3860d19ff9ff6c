//! A proof of anything, for verifiers that do not compare the FRI remainder with its commitment.
//!
//! The last message of FRI is a polynomial, the *remainder*, to which the prover commits before the
//! query positions are drawn. Winterfell 0.13.1 mixes the commitment into the transcript and never
//! compares it with the remainder in the proof. A forger can therefore wait for the query
//! positions and send the polynomial that fits the last layer there. When the remainder has at least
//! as many coefficients as there are queries, one always exists: no trace is needed at all.
//!
//! [`forge`] does just that, with a trace of zeros and out-of-domain values made up to satisfy the
//! constraints.

use winter_air::proof::{
    Commitments, Context, OodFrame, Proof, Queries, QuotientOodFrame, TraceOodFrame,
    merge_ood_evaluations,
};
use winter_fri::folding::{apply_drp, fold_positions};
use winter_utils::{ByteWriter, Deserializable, Serializable};
use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, Hasher, MerkleTree, RandomCoin, hashers::Blake3_256,
};
use winterfell::math::{
    FieldElement, StarkField, ToElements,
    fields::{CubeExtension, f64::BaseElement},
    polynom,
};
use winterfell::{Air, ProofOptions, TraceInfo};

type B = BaseElement;
type E = CubeExtension<B>;
type H = Blake3_256<B>;
type Digest = <H as Hasher>::Digest;

/// Makes a proof of `inputs` out of nothing, or `None` when there are more distinct queries in the
/// last FRI layer than coefficients in the remainder. For AIRs of one trace segment, with cubic
/// extension and rows hashed whole.
///
/// # Panics
/// When the options or the AIR are of another kind.
#[must_use]
pub fn forge<A>(
    info: &TraceInfo,
    inputs: A::PublicInputs,
    options: &ProofOptions,
) -> Option<Vec<u8>>
where
    A: Air<BaseField = B>,
{
    let mut seed_inputs = inputs.to_elements();
    let air = A::new(info.clone(), inputs, options.clone());
    let num_constraints =
        air.context().num_transition_constraints() + air.context().num_assertions();
    let context = Context::new::<B>(info.clone(), options.clone(), num_constraints);
    let mut seed: Vec<B> = context.to_elements();
    seed.append(&mut seed_inputs);
    let mut coin = DefaultRandomCoin::<H>::new(&seed);

    // A trace of zeros and quotients of zeros: every row has the same hash.
    let lde_size = air.lde_domain_size();
    let (width, quotients) = (
        info.width(),
        air.context().num_constraint_composition_columns(),
    );
    let trace_tree = constant_tree(H::hash_elements(&vec![B::ZERO; width]), lde_size);
    coin.reseed(*trace_tree.root());
    let coefficients = air
        .get_constraint_composition_coefficients::<E, _>(&mut coin)
        .ok()?;
    let quotient_tree = constant_tree(H::hash_elements(&vec![E::ZERO; quotients]), lde_size);
    coin.reseed(*quotient_tree.root());
    let z: E = coin.draw().ok()?;

    // Out of the domain the trace is zero too, and the quotient is what the constraints say.
    let trace_frame = TraceOodFrame::new(vec![E::ZERO; width], vec![E::ZERO; width], width);
    let mut current = vec![E::ZERO; quotients];
    current[0] = evaluate_constraints(&air, &coefficients, &trace_frame, z);
    let quotient_frame = QuotientOodFrame::new(current.clone(), vec![E::ZERO; quotients]);
    coin.reseed(H::hash_elements(&merge_ood_evaluations(
        &trace_frame,
        &quotient_frame,
    )));

    // The DEEP composition of these lies is no low-degree polynomial. Fold it honestly.
    let deep = air
        .get_deep_composition_coefficients::<E, _>(&mut coin)
        .ok()?;
    let lie = current[0] * deep.constraints[0];
    let generator = air.lde_domain_generator();
    let points = powers(B::GENERATOR, generator, lde_size);
    let codeword = points
        .iter()
        .map(|&x| -lie * (E::from(x) - z).inv())
        .collect();
    let mut fri = match options.to_fri_options().folding_factor() {
        2 => commit_layers::<2>(codeword, &mut coin, options),
        4 => commit_layers::<4>(codeword, &mut coin, options),
        8 => commit_layers::<8>(codeword, &mut coin, options),
        _ => commit_layers::<16>(codeword, &mut coin, options),
    };

    // Promise some remainder, see the positions, and send another.
    let promise = H::hash(b"whatever");
    fri.roots.push(promise);
    coin.reseed(promise);
    coin.draw::<E>().ok()?;
    let pow_nonce =
        (1..).find(|&nonce| coin.check_leading_zeros(nonce) >= options.grinding_factor())?;
    let mut positions = coin
        .draw_integers(options.num_queries(), lde_size, pow_nonce)
        .ok()?;
    positions.sort_unstable();
    positions.dedup();
    let fri_bytes = fri.open(&positions, options)?;

    let queries = |tree: &MerkleTree<H>| tree.prove_batch(&positions).map(|(_, proof)| proof).ok();
    let mut ood_frame = OodFrame::default();
    ood_frame.set_trace_states(&trace_frame);
    ood_frame.set_quotient_states(&quotient_frame);
    let proof = Proof {
        context,
        num_unique_queries: positions.len() as u8,
        commitments: Commitments::new::<H>(
            vec![*trace_tree.root()],
            *quotient_tree.root(),
            fri.roots,
        ),
        trace_queries: vec![Queries::new::<H, B, MerkleTree<H>>(
            queries(&trace_tree)?,
            vec![vec![B::ZERO; width]; positions.len()],
        )],
        constraint_queries: Queries::new::<H, E, MerkleTree<H>>(
            queries(&quotient_tree)?,
            vec![vec![E::ZERO; quotients]; positions.len()],
        ),
        ood_frame,
        fri_proof: Deserializable::read_from_bytes(&fri_bytes).ok()?,
        pow_nonce,
    };
    Some(proof.to_bytes())
}

fn constant_tree(leaf: Digest, size: usize) -> MerkleTree<H> {
    MerkleTree::new(vec![leaf; size]).expect("a power of two")
}

fn powers(first: B, ratio: B, count: usize) -> Vec<B> {
    std::iter::successors(Some(first), |&power| Some(power * ratio))
        .take(count)
        .collect()
}

/// What the verifier computes from the out-of-domain frame of the trace.
fn evaluate_constraints<A: Air<BaseField = B>>(
    air: &A,
    coefficients: &winterfell::ConstraintCompositionCoefficients<E>,
    frame: &TraceOodFrame<E>,
    z: E,
) -> E {
    let frame = frame.main_frame();
    let transition = air.get_transition_constraints(&coefficients.transition);
    let periodic: Vec<E> = air
        .get_periodic_column_polys()
        .iter()
        .map(|poly| {
            let cycles = (air.trace_length() / poly.len()) as u64;
            polynom::eval(poly, z.exp_vartime(cycles))
        })
        .collect();
    let mut values = vec![E::ZERO; transition.num_main_constraints()];
    air.evaluate_transition(&frame, &periodic, &mut values);
    let boundary = air.get_boundary_constraints(None, &coefficients.boundary);
    boundary.main_constraints().iter().fold(
        transition.combine_evaluations::<E>(&values, &[], z),
        |sum, group| sum + group.evaluate_at(frame.current(), z),
    )
}

/// FRI layers and what is left of the codeword after them.
struct Fri {
    roots: Vec<Digest>,
    layers: Vec<(MerkleTree<H>, Vec<Vec<E>>)>,
    last: Vec<E>,
}

fn commit_layers<const N: usize>(
    mut codeword: Vec<E>,
    coin: &mut DefaultRandomCoin<H>,
    options: &ProofOptions,
) -> Fri {
    let mut fri = Fri {
        roots: Vec::new(),
        layers: Vec::new(),
        last: Vec::new(),
    };
    for _ in 0..options.to_fri_options().num_fri_layers(codeword.len()) {
        let rows = codeword.len() / N;
        let values: Vec<[E; N]> = (0..rows)
            .map(|i| std::array::from_fn(|j| codeword[i + j * rows]))
            .collect();
        let leaves = values.iter().map(|row| H::hash_elements(row)).collect();
        let tree = MerkleTree::<H>::new(leaves).expect("a power of two");
        coin.reseed(*tree.root());
        let alpha: E = coin.draw().expect("a challenge");
        codeword = apply_drp(&values, B::GENERATOR, alpha);
        fri.roots.push(*tree.root());
        fri.layers
            .push((tree, values.iter().map(|row| row.to_vec()).collect()));
    }
    fri.last = codeword;
    fri
}

impl Fri {
    /// The FRI proof, as winterfell encodes it, with the remainder that fits the positions.
    fn open(&self, positions: &[usize], options: &ProofOptions) -> Option<Vec<u8>> {
        let folding = options.to_fri_options().folding_factor();
        let mut positions = positions.to_vec();
        let mut size = self.last.len() * folding.pow(self.layers.len() as u32);
        let mut bytes = Vec::new();
        bytes.write_u8(self.layers.len() as u8);
        for (tree, rows) in &self.layers {
            positions = fold_positions(&positions, size, folding);
            size /= folding;
            let values: Vec<u8> = positions
                .iter()
                .flat_map(|&position| rows[position].iter().flat_map(Serializable::to_bytes))
                .collect();
            let opening = tree.prove_batch(&positions).ok()?.1.to_bytes();
            for part in [values, opening] {
                bytes.write_u32(part.len() as u32);
                bytes.write_bytes(&part);
            }
        }

        let length = size / options.blowup_factor();
        if positions.len() > length {
            return None;
        }
        let generator = B::get_root_of_unity(size.ilog2());
        let x = |position: usize| E::from(B::GENERATOR * generator.exp_vartime(position as u64));
        let xs: Vec<E> = positions.iter().map(|&position| x(position)).collect();
        let ys: Vec<E> = positions
            .iter()
            .map(|&position| self.last[position])
            .collect();
        let mut remainder = polynom::interpolate(&xs, &ys, false);
        remainder.resize(length, E::ZERO);
        remainder.reverse();
        bytes.write_u16((length * E::ELEMENT_BYTES) as u16);
        bytes.write_many(&remainder);
        bytes.write_u8(0);
        Some(bytes)
    }
}
