//! Commitments to the rows of extended matrices and to the leaves of FRI layers.
//!
//! Any hash function and vector commitment works. winter-crypto's BLAKE3 hashers and Merkle trees
//! are recognised by the identity of their types, and then rows and tree levels are hashed many at
//! once; digests, tree and openings are the same.
//!
//! What has the caller's types as parameters is compiled in the caller's crate: little is done in it.

mod blake;

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use winter_crypto::{ElementHasher, Hasher, VectorCommitment};
use winter_math::FieldElement;
use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winter_utils::{Deserializable, Serializable};
use winterlane_field_simd::Matrix;

use self::blake::{Blake, Leaves, Tree};
use super::{Phase, ProverError, fri};

/// The digest type of a hasher.
pub(super) type DigestOf<H> = <H as Hasher>::Digest;

/// Digests of a hash function of the caller's that one task computes: few, since such a function may
/// be slow.
const TASK_DIGESTS: usize = 64;

/// A commitment to a vector of row digests, which can be opened at many positions.
pub(super) struct Commitment<H: Hasher, V> {
    root: DigestOf<H>,
    vector: Vector<V>,
}

enum Vector<V> {
    Blake(Tree),
    Other(V),
}

impl<H, V> Commitment<H, V>
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    /// Commits to the rows of a matrix of elements of degree `degree`, hashed in parts of `part` base
    /// elements.
    pub(super) fn to_rows(
        matrix: &Matrix,
        degree: usize,
        part: usize,
        phase: Phase,
    ) -> Result<Self, ProverError> {
        if let Some(blake) = Blake::of::<H>() {
            return Self::from_blake(blake, blake.hash_rows(matrix, part, phase)?, phase);
        }
        let digests = digests::<H>(matrix.rows(), &|i| {
            let row = matrix.row(i);
            if part == row.len() {
                return hash_elements::<H>(row, degree);
            }
            let parts = row.chunks(part);
            let parts: Vec<_> = parts.map(|part| hash_elements::<H>(part, degree)).collect();
            H::merge_many(&parts)
        });
        Self::from_digests(digests, phase)
    }

    /// Commits to the leaves of a FRI layer, given as a row of base elements for each point: `factor`
    /// points in a leaf.
    pub(super) fn to_layer(layer: &Matrix, factor: usize) -> Result<Self, ProverError> {
        if let Some(blake) = Blake::of::<H>() {
            return Self::from_blake(blake, blake.hash_layer(layer, factor)?, Phase::Fri);
        }
        let degree = layer.width();
        let digests = digests::<H>(layer.rows() / factor, &|p| {
            let mut leaf = vec![BaseElement::ZERO; factor * degree];
            fri::gather(layer, p, &mut leaf);
            hash_elements::<H>(&leaf, degree)
        });
        Self::from_digests(digests, Phase::Fri)
    }

    fn from_blake(blake: Blake, leaves: Leaves, phase: Phase) -> Result<Self, ProverError> {
        if !blake.is_hash_of_tree::<V>() {
            return Self::from_digests(leaves.into_digests()?, phase);
        }
        let tree = leaves.into_tree(phase)?;
        Ok(Self {
            root: digest(&tree.root())?,
            vector: Vector::Blake(tree),
        })
    }

    fn from_digests(digests: Vec<DigestOf<H>>, phase: Phase) -> Result<Self, ProverError> {
        let vector = V::new(digests).map_err(|error| failed(phase, &error))?;
        Ok(Self {
            root: vector.commitment(),
            vector: Vector::Other(vector),
        })
    }

    /// The commitment string.
    pub(super) const fn root(&self) -> DigestOf<H> {
        self.root
    }

    /// The serialized opening of `positions` (distinct, at least one).
    pub(super) fn open(&self, positions: &[usize]) -> Result<Vec<u8>, ProverError> {
        match &self.vector {
            Vector::Blake(tree) => tree.open(positions),
            Vector::Other(vector) => match vector.open_many(positions) {
                Ok((_, proof)) => Ok(proof.to_bytes()),
                Err(error) => Err(failed(Phase::Open, &error)),
            },
        }
    }
}

/// The digest of elements of degree `degree`, given as their base elements.
pub(super) fn hash_elements<H>(elements: &[BaseElement], degree: usize) -> DigestOf<H>
where
    H: ElementHasher<BaseField = BaseElement>,
{
    match degree {
        1 => H::hash_elements(elements),
        2 => H::hash_elements(QuadExtension::slice_from_base_elements(elements)),
        _ => H::hash_elements(CubeExtension::slice_from_base_elements(elements)),
    }
}

fn failed(phase: Phase, error: &dyn core::fmt::Debug) -> ProverError {
    ProverError::Commitment {
        phase,
        reason: format!("{error:?}"),
    }
}

/// A digest from its serialized form.
fn digest<D: Deserializable>(bytes: &[u8]) -> Result<D, ProverError> {
    D::read_from_bytes(bytes).map_err(|_| ProverError::Encoding { part: "digest" })
}

/// Digests of any hash function, one leaf at a time.
fn digests<H: Hasher>(
    leaves: usize,
    leaf: &(dyn Fn(usize) -> DigestOf<H> + Sync),
) -> Vec<DigestOf<H>> {
    let mut digests = vec![DigestOf::<H>::default(); leaves];
    // Each task writes to its own digests; the locks, never waited for, say so without a parallel
    // iterator over the caller's type.
    let parts: Vec<_> = digests.chunks_mut(TASK_DIGESTS).map(Mutex::new).collect();
    for_each_task(parts.len(), &|task| {
        let mut part = parts[task].lock().unwrap_or_else(PoisonError::into_inner);
        for (i, digest) in part.iter_mut().enumerate() {
            *digest = leaf(task * TASK_DIGESTS + i);
        }
    });
    drop(parts);
    digests
}

/// Does tasks `0..tasks` on all threads.
fn for_each_task(tasks: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..tasks).into_par_iter().for_each(work);
}
