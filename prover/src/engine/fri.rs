//! FRI: commit to a layer, draw a challenge, fold, repeat; then send the remainder.
//!
//! A layer of `M F` evaluations over `s w^i` is committed to in `M` leaves; leaf `p` holds the `F`
//! values at `i = p` modulo `M`. They interpolate to a polynomial of degree below `F` in `x / x_p`,
//! whose value at the challenge is evaluation `p` of the next layer. Every layer uses the same offset
//! `s`, as winterfell's verifier does.

use rayon::prelude::*;
use winter_air::ProofOptions;
use winter_fri::FriOptions;
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};
use winter_utils::ByteWriter;
use winterlane_field_simd::packed_element::PackedElement;
use winterlane_field_simd::vector::MAX_LANES;
use winterlane_field_simd::{Backend, Matrix, Vector, dispatch};

use super::openings::{self, LayerOpening};
use super::planes::{ExtensionKernel, MAX_DEGREE, OfDegree, Planes};
use super::transcript::{self, CommitmentId, Transcript};
use super::{
    ProverError,
    kernels::{self, Columns},
};

/// Leaves folded by one task.
const TASK_LEAVES: usize = 256;

/// The largest folding factor.
const MAX_FACTOR: usize = 16;

/// Checks, before any work, that folding ends on a remainder polynomial.
pub(super) fn check(options: &ProofOptions, domain_size: usize) -> Result<(), ProverError> {
    let fri = options.to_fri_options();
    let layers = fri.num_fri_layers(domain_size);
    let last = (0..layers).fold(domain_size, |size, _| size / fri.folding_factor());
    if last < fri.blowup_factor() {
        return Err(ProverError::FriFolding {
            domain_size,
            folding_factor: fri.folding_factor(),
            remainder_max_degree: fri.remainder_max_degree(),
            blowup: fri.blowup_factor(),
        });
    }
    Ok(())
}

/// A committed layer: its evaluations, a row of base elements for each point.
struct Layer {
    evaluations: Matrix,
    commitment: CommitmentId,
}

/// The committed layers and the remainder.
pub(super) struct Fri {
    layers: Vec<Layer>,
    folding_factor: usize,
    /// Base elements of the coefficients.
    remainder: Vec<BaseElement>,
}

impl Fri {
    /// Runs the commit phase on `evaluations`, a row of base elements for each point, with challenges
    /// from `E`.
    pub(super) fn commit<E>(
        options: &FriOptions,
        mut evaluations: Matrix,
        transcript: &mut dyn Transcript,
    ) -> Result<Self, ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let factor = options.folding_factor();
        let offset: BaseElement = options.domain_offset();
        let points = evaluations.rows();
        let mut layers = Vec::new();
        for _ in 0..options.num_fri_layers(points) {
            let commitment = transcript.commit_layer(&evaluations, factor)?;
            let alpha: E = transcript::draw(transcript, "FRI folding challenge")?;
            let values = E::slice_from_base_elements(evaluations.elements());
            let next = fold(values, factor, offset, alpha);
            layers.push(Layer {
                evaluations,
                commitment,
            });
            evaluations = next;
        }
        let remainder = remainder(&evaluations, options.blowup_factor(), offset);
        transcript.commit_remainder(&remainder, E::EXTENSION_DEGREE);
        Ok(Self {
            layers,
            folding_factor: factor,
            remainder,
        })
    }

    /// Opens every layer at the folded images of `positions`.
    pub(super) fn open(
        &self,
        positions: &[usize],
        transcript: &dyn Transcript,
    ) -> Result<winter_fri::FriProof, ProverError> {
        let mut positions = positions.to_vec();
        let mut openings = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let evaluations = &layer.evaluations;
            positions = fold_positions(&positions, evaluations.rows() / self.folding_factor);
            let mut bytes = Vec::new();
            let mut leaf = vec![BaseElement::ZERO; self.folding_factor * evaluations.width()];
            for &p in &positions {
                gather(evaluations, p, &mut leaf);
                bytes.write_many(&leaf);
            }
            openings.push(LayerOpening {
                values: bytes,
                opening: transcript.open(layer.commitment, &positions)?,
            });
        }
        openings::fri_proof(&openings, &self.remainder)
    }
}

/// The base elements of leaf `p` of a layer, which is given as a row of base elements for each point.
pub(super) fn gather(layer: &Matrix, p: usize, leaf: &mut [BaseElement]) {
    match layer.width() {
        1 => gather_of::<1>(layer, p, leaf),
        2 => gather_of::<2>(layer, p, leaf),
        _ => gather_of::<3>(layer, p, leaf),
    }
}

/// [`gather`] for elements of degree `D`.
fn gather_of<const D: usize>(layer: &Matrix, p: usize, leaf: &mut [BaseElement]) {
    let (values, _) = layer.elements().as_chunks::<D>();
    let (leaf, _) = leaf.as_chunks_mut::<D>();
    let leaves = values.len() / leaf.len();
    for (j, value) in leaf.iter_mut().enumerate() {
        *value = values[p + j * leaves];
    }
}

/// Positions modulo the number of leaves, first occurrences only, in order.
fn fold_positions(positions: &[usize], leaves: usize) -> Vec<usize> {
    let mut folded = Vec::with_capacity(positions.len());
    for position in positions {
        let position = position % leaves;
        if !folded.contains(&position) {
            folded.push(position);
        }
    }
    folded
}

/// One degree-respecting projection.
fn fold<E>(values: &[E], factor: usize, offset: BaseElement, alpha: E) -> Matrix
where
    E: FieldElement<BaseField = BaseElement>,
{
    let degree = E::EXTENSION_DEGREE;
    let leaves = values.len() / factor;
    let root_inv = BaseElement::get_root_of_unity(values.len().ilog2()).inv();
    let root_of_leaf = root_inv.exp(leaves as u64);
    // A leaf is folded in two again and again, each time with the square of the challenge: two
    // values at x and -x become their even part plus the challenge times their odd part over x.
    let challenges: Vec<Vec<E>> = (0..factor.ilog2())
        .map(|level| {
            let challenge = (0..level).fold(alpha, |c, _| c.square());
            let root = root_of_leaf.exp(1 << level);
            let pairs = factor >> (level + 1);
            (0..pairs)
                .map(|j| challenge.mul_base(root.exp(j as u64)))
                .collect()
        })
        .collect();
    let fold = Fold {
        values,
        challenges: &challenges,
        scale: kernels::inverse_of(factor),
        root_inv,
        x_inv: offset.inv(),
        start: 0,
        next: &mut [],
    };
    let backend = Backend::current();
    let mut next = Matrix::unspecified(leaves, degree);
    next.elements_mut()
        .par_chunks_mut(TASK_LEAVES * degree)
        .enumerate()
        .for_each(|(task, next)| {
            let start = task * TASK_LEAVES;
            let x_inv = fold.x_inv * root_inv.exp(start as u64);
            let fold = Fold {
                x_inv,
                start,
                next,
                ..fold
            };
            dispatch(backend, OfDegree(degree, fold));
        });
    next
}

/// Folds the leaves from `start` on.
struct Fold<'a, E> {
    values: &'a [E],
    /// For each level, the challenge over each point of the leaf but for the leaf's own factor.
    challenges: &'a [Vec<E>],
    /// The inverse of the folding factor.
    scale: BaseElement,
    root_inv: BaseElement,
    /// Inverse of the first leaf's first point.
    x_inv: BaseElement,
    start: usize,
    next: &'a mut [BaseElement],
}

impl<E: FieldElement<BaseField = BaseElement>> ExtensionKernel for Fold<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, X: Planes<PackedElement<V>>>(self) {
        let degree = X::DEGREE;
        let bases = E::slice_as_base_elements(self.values);
        let factor = 1 << self.challenges.len();
        let stride = bases.len() / factor;
        let mut points = [BaseElement::ZERO; MAX_LANES];
        let mut point = self.x_inv;
        for lane in &mut points[..V::LANES] {
            *lane = point;
            point *= self.root_inv;
        }
        let mut x_inv = PackedElement::<V>::load(&points);
        let step = PackedElement::splat(self.root_inv.exp_vartime(V::LANES as u64));

        let mut leaf = [X::ZERO; MAX_FACTOR];
        for (i, next) in self.next.chunks_mut(V::LANES * degree).enumerate() {
            let first = (self.start + i * V::LANES) * degree;
            for (j, value) in leaf[..factor].iter_mut().enumerate() {
                let cells = &bases[first + j * stride..][..next.len()];
                let mut planes = [PackedElement::<V>::ZERO; MAX_DEGREE];
                for (d, plane) in planes[..degree].iter_mut().enumerate() {
                    let mut lanes = [BaseElement::ZERO; MAX_LANES];
                    for (lane, cell) in lanes.iter_mut().zip(cells.chunks_exact(degree)) {
                        *lane = cell[d];
                    }
                    *plane = PackedElement::load(&lanes);
                }
                *value = X::from_planes(&planes);
            }
            let mut power = x_inv;
            for challenges in self.challenges {
                let pairs = challenges.len();
                for (j, &challenge) in challenges.iter().enumerate() {
                    let (a, b) = (leaf[j], leaf[j + pairs]);
                    let odd = (a - b).mul_base(power);
                    leaf[j] = a + b + odd * X::splat(challenge);
                }
                power = power.square();
            }
            let folded = leaf[0].mul_base(self.scale);
            for d in 0..degree {
                let mut lanes = [BaseElement::ZERO; MAX_LANES];
                folded.plane(d).store(&mut lanes);
                for (cell, &lane) in next.chunks_exact_mut(degree).zip(&lanes) {
                    cell[d] = lane;
                }
            }
            x_inv *= step;
        }
    }
}

/// The base elements of the remainder polynomial's coefficients, highest degree first.
///
/// Its degree is below a `blowup`-th of the number of points: so many of the points, evenly spaced, fix it.
fn remainder(evaluations: &Matrix, blowup: usize, offset: BaseElement) -> Vec<BaseElement> {
    let (degree, count) = (evaluations.width(), evaluations.rows() / blowup);
    let mut columns = Columns::unspecified(degree, count);
    for (d, column) in columns.iter_mut().enumerate() {
        for (i, cell) in column.iter_mut().enumerate() {
            *cell = evaluations.row(i * blowup)[d];
        }
    }
    columns.interpolate(0..degree, offset);
    let columns: Vec<_> = columns.iter().collect();
    let coefficients = (0..count).rev();
    let coefficients = coefficients.flat_map(|i| columns.iter().map(move |column| column[i]));
    coefficients.collect()
}
