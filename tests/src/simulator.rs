//! Proofs by somebody who knows no witness but the challenges.
//!
//! If such proofs look like real ones, a real one tells nothing that its reader could not have written down:
//! that is what zero knowledge means. [`simulate`] is given public inputs and nothing else.

use winter_air::proof::{Commitments, Context, OodFrame, Queries, QuotientOodFrame, TraceOodFrame};
use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, Hasher, MerkleTree, RandomCoin, VectorCommitment,
};
use winterfell::math::{FieldElement, ToElements, fields::f64::BaseElement, polynom};
use winterfell::{Air, EvaluationFrame, Proof};

use crate::opened::{Challenges, fri, point, points};
use crate::scripted::Blake;

type Tree = MerkleTree<Blake>;
type Digest = <Blake as Hasher>::Digest;

/// What the verifier computes of the constraints at a point: the value of the quotient there.
fn evaluate<A, E>(air: &A, challenges: &Challenges<E>, rows: [&[E]; 2], x: E) -> E
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let width = air.trace_info().main_trace_width();
    let frame = |rows: [&[E]; 2]| EvaluationFrame::from_rows(rows[0].to_vec(), rows[1].to_vec());
    let main = frame(rows.map(|row| &row[..width]));
    let periodic = air.get_periodic_column_polys().into_iter().map(|poly| {
        let cycles = air.trace_length() / poly.len();
        polynom::eval(&poly, x.exp_vartime((cycles as u32).into()))
    });
    let periodic: Vec<E> = periodic.collect();
    let weights = &challenges.constraints;
    let constraints = air.get_transition_constraints(&weights.transition);
    let mut of_main = vec![E::ZERO; constraints.num_main_constraints()];
    air.evaluate_transition(&main, &periodic, &mut of_main);
    let mut of_aux = vec![E::ZERO; constraints.num_aux_constraints()];
    let aux = air.trace_info().is_multi_segment();
    let aux = aux.then(|| frame(rows.map(|row| &row[width..])));
    if let Some(aux) = &aux {
        air.evaluate_aux_transition(&main, aux, &periodic, &challenges.aux, &mut of_aux);
    }
    let mut value = constraints.combine_evaluations::<E>(&of_main, &of_aux, x);
    let boundary = air.get_boundary_constraints(Some(&challenges.aux), &weights.boundary);
    for group in boundary.main_constraints() {
        value += group.evaluate_at(main.current(), x);
    }
    if let Some(aux) = &aux {
        for group in boundary.aux_constraints() {
            value += group.evaluate_at(aux.current(), x);
        }
    }
    value
}

/// Rows of all columns at the opened points: of the trace, and of the quotient.
struct Invented<E> {
    trace: Vec<Vec<E>>,
    quotient: Vec<Vec<E>>,
}

/// Uniform values, but for what the constraints say where a row and the next one are both opened: at z, and
/// at each pair of queries.
fn invent<A, E>(
    air: &A,
    challenges: &Challenges<E>,
    coin: &mut DefaultRandomCoin<Blake>,
) -> Invented<E>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let info = air.trace_info();
    let queries = challenges.positions.len();
    let quotients = air.context().num_constraint_composition_columns();
    let (main, aux) = (info.main_trace_width(), info.aux_segment_width());
    let draw = |coin: &mut DefaultRandomCoin<Blake>| coin.draw::<E>().expect("an element");
    let mut trace = Vec::new();
    let mut quotient: Vec<Vec<E>> = Vec::new();
    for i in 0..queries + 2 {
        let row = (0..main + aux).map(|column| {
            if i < queries && column < main {
                E::from(coin.draw::<BaseElement>().expect("an element"))
            } else {
                draw(coin)
            }
        });
        trace.push(row.collect::<Vec<E>>());
        quotient.push((0..quotients).map(|_| draw(coin)).collect());
    }
    let domain = air.lde_domain_size();
    let next = |i: usize| {
        let after = (*challenges.positions.get(i)? + air.options().blowup_factor()) % domain;
        challenges.positions.iter().position(|&p| p == after)
    };
    let points = points(air, challenges);
    for (i, &x) in points.iter().enumerate() {
        let next = if i == queries { Some(i + 1) } else { next(i) };
        let Some(next) = next else { continue };
        let whole = evaluate(air, challenges, [&trace[i], &trace[next]], x);
        let step = x.exp_vartime((air.trace_length() as u32).into());
        let others = quotient[i][1..].iter().rev();
        let others = others.fold(E::ZERO, |sum, &value| (sum + value) * step);
        quotient[i][0] = whole - others;
    }
    Invented { trace, quotient }
}

/// The values on the extended domain of the DEEP polynomial of a uniform sum of all columns that has the
/// invented values where they are opened.
fn deep_values<A, E>(
    air: &A,
    challenges: &Challenges<E>,
    invented: &Invented<E>,
    coin: &mut DefaultRandomCoin<Blake>,
) -> Vec<E>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let mut xs = points(air, challenges);
    let sum = |(trace, quotient): (&Vec<E>, &Vec<E>)| {
        let trace = trace.iter().zip(&challenges.deep.trace);
        let quotient = quotient.iter().zip(&challenges.deep.constraints);
        let products = trace
            .chain(quotient)
            .map(|(&value, &weight)| value * weight);
        products.fold(E::ZERO, |sum, product| sum + product)
    };
    let mut ys: Vec<E> = invented
        .trace
        .iter()
        .zip(&invented.quotient)
        .map(sum)
        .collect();
    let opened = xs.len();
    let [z, zw] = [xs[opened - 2], xs[opened - 1]];
    let [at_z, at_zw] = [ys[opened - 2], ys[opened - 1]];
    // Uniform elsewhere: on as many points of the trace domain as leave the degree below its length.
    let w = air.trace_domain_generator();
    for power in opened..air.trace_length() {
        xs.push(E::from(w.exp_vartime(power as u64)));
        ys.push(coin.draw().expect("an element"));
    }
    let poly = polynom::interpolate(&xs, &ys, false);
    let value = |position| {
        let x = E::from(point(air, position));
        let y = polynom::eval(&poly, x);
        (y - at_z) / (x - z) + (y - at_zw) / (x - zw)
    };
    (0..air.lde_domain_size()).map(value).collect()
}

/// A tree of random digests, but for the leaves of rows at some positions; and those rows with their
/// openings.
fn commit<F>(rows: Vec<Vec<F>>, positions: &[usize], domain: usize, salt: u64) -> (Digest, Queries)
where
    F: FieldElement<BaseField = BaseElement>,
{
    let digest =
        |position: usize| Blake::merge_with_int(Blake::hash(b"leaf"), salt + position as u64);
    let mut leaves: Vec<_> = (0..domain).map(digest).collect();
    for (&position, row) in positions.iter().zip(&rows) {
        leaves[position] = Blake::hash_elements(row);
    }
    let tree = <Tree as VectorCommitment<Blake>>::new(leaves).expect("a tree");
    let opened = <Tree as VectorCommitment<Blake>>::open_many(&tree, positions).expect("leaves");
    let root = <Tree as VectorCommitment<Blake>>::commitment(&tree);
    (root, Queries::new::<Blake, F, Tree>(opened.1, rows))
}

/// A proof that the verifier accepts under the scripted coin, for public inputs alone.
///
/// # Panics
/// When the AIR is none that can be verified.
pub fn simulate<A, E>(air: &A, inputs: &A::PublicInputs, salt: u64) -> Proof
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let constraints = air.context().num_assertions() + air.context().num_transition_constraints();
    let info = air.trace_info();
    let context = Context::new::<BaseElement>(info.clone(), air.options().clone(), constraints);
    let mut seed = context.to_elements();
    seed.extend(inputs.to_elements());
    let challenges = Challenges::<E>::of(air, &seed);
    let mut coin = DefaultRandomCoin::<Blake>::new(&[BaseElement::new(salt)]);
    let invented = invent(air, &challenges, &mut coin);
    let values = deep_values(air, &challenges, &invented, &mut coin);
    let (fri_proof, fri_roots) = fri(air, &challenges, values);

    let (positions, domain) = (&challenges.positions, air.lde_domain_size());
    let queries = positions.len();
    let main = info.main_trace_width();
    let main_rows = invented.trace[..queries].iter();
    let main_rows = main_rows.map(|row| row[..main].iter().map(|e| e.base_element(0)).collect());
    let aux_rows = invented.trace[..queries].iter();
    let aux_rows: Vec<_> = aux_rows.map(|row| row[main..].to_vec()).collect();
    let mut trees = vec![commit::<BaseElement>(
        main_rows.collect(),
        positions,
        domain,
        salt << 40,
    )];
    if info.is_multi_segment() {
        trees.push(commit(aux_rows, positions, domain, salt << 40 | 1 << 32));
    }
    let quotient = invented.quotient[..queries].to_vec();
    let (root, constraint_queries) = commit(quotient, positions, domain, salt << 40 | 1 << 33);
    let (roots, trace_queries) = trees.into_iter().unzip();
    let mut ood_frame = OodFrame::default();
    let [z, zw] = [queries, queries + 1];
    ood_frame.set_trace_states(&TraceOodFrame::new(
        invented.trace[z].clone(),
        invented.trace[zw].clone(),
        main,
    ));
    ood_frame.set_quotient_states(&QuotientOodFrame::new(
        invented.quotient[z].clone(),
        invented.quotient[zw].clone(),
    ));
    Proof {
        context,
        num_unique_queries: queries as u8,
        commitments: Commitments::new::<Blake>(roots, root, fri_roots),
        trace_queries,
        constraint_queries,
        ood_frame,
        fri_proof,
        pow_nonce: 1,
    }
}
