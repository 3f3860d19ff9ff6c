//! Commitments to the rows of extended matrices and to the leaves of FRI layers.
//!
//! Any hash function and vector commitment works. Where it is known how to hash many messages at once
//! ([`hashing`](super::hashing)), rows are hashed so, and Merkle trees of winter-crypto's, which are
//! recognised by the identity of their types, level by level; digests, tree and openings are the same. Trees of BLAKE3's
//! digests are in the memory that the process keeps; those of other hash functions are winter-crypto's own, which come
//! from the allocator.
//!
//! What has the caller's types as parameters is compiled in the caller's crate: little is done in it.

mod blake;
mod pooled;

use winter_crypto::{ElementHasher, Hasher, MerkleTree, VectorCommitment};
use winter_math::fields::f64::BaseElement;
use winter_utils::{Deserializable, Serializable};
use winterlane_field_simd::Matrix;

pub(super) use self::blake::Blake;
use super::hashing::{
    Bulk, DigestOf, Leaves, OneByOne, Tree, layer_digests, merkle_tree, row_digests,
};
use super::{Phase, ProverError};

/// A commitment to a vector of row digests, which can be opened at many positions.
pub(super) struct Commitment<H: Hasher, V> {
    root: DigestOf<H>,
    vector: Vector<H, V>,
}

enum Vector<H: Hasher, V> {
    /// A Merkle tree on the other side of [`Bulk`].
    Bulk(Box<dyn Tree>),
    /// A Merkle tree of the caller's hash function, which `V` is.
    Merkle(MerkleTree<H>),
    Other(V),
}

/// Whether `V` is winter-crypto's Merkle tree of `H`.
fn is_merkle_tree<H: Hasher, V>() -> bool {
    // Equal but for lifetimes, which change nothing of what a tree computes.
    typeid::of::<V>() == typeid::of::<MerkleTree<H>>()
}

impl<H, V> Commitment<H, V>
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    /// Commits to the rows of a matrix of elements of degree `degree`, hashed in parts of `part` base
    /// elements.
    pub(super) fn to_rows(
        bulk: Option<&dyn Bulk>,
        matrix: &Matrix,
        degree: usize,
        part: usize,
        phase: Phase,
    ) -> Result<Self, ProverError> {
        match bulk {
            Some(bulk) => Self::from_leaves(bulk.row_leaves(matrix, degree, part, phase)?, phase),
            None => {
                let digests = row_digests(&OneByOne::<H>::new(), matrix, degree, part);
                Self::from_digests(digests, phase)
            }
        }
    }

    /// Commits to the leaves of a FRI layer, given as a row of base elements for each point: `factor`
    /// points in a leaf.
    pub(super) fn to_layer(
        bulk: Option<&dyn Bulk>,
        layer: &Matrix,
        factor: usize,
    ) -> Result<Self, ProverError> {
        match bulk {
            Some(bulk) => Self::from_leaves(bulk.layer_leaves(layer, factor)?, Phase::Fri),
            None => {
                let digests = layer_digests(&OneByOne::<H>::new(), layer, factor);
                Self::from_digests(digests, Phase::Fri)
            }
        }
    }

    fn from_leaves(leaves: Box<dyn Leaves + '_>, phase: Phase) -> Result<Self, ProverError> {
        if is_merkle_tree::<H, V>() {
            let tree = leaves.into_tree(phase)?;
            return Ok(Self {
                root: digest(&tree.root())?,
                vector: Vector::Bulk(tree),
            });
        }
        let mut digests = Vec::new();
        leaves.for_each(&mut |bytes| digests.push(digest(bytes)));
        let digests = digests.into_iter().collect::<Result<_, _>>()?;
        Self::from_digests(digests, phase)
    }

    fn from_digests(digests: Vec<DigestOf<H>>, phase: Phase) -> Result<Self, ProverError> {
        if is_merkle_tree::<H, V>() {
            let tree = merkle_tree(&OneByOne::<H>::new(), digests, phase)?;
            return Ok(Self {
                root: *MerkleTree::root(&tree),
                vector: Vector::Merkle(tree),
            });
        }
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
            Vector::Bulk(tree) => tree.open(positions),
            Vector::Merkle(tree) => Tree::open(tree, positions),
            Vector::Other(vector) => match vector.open_many(positions) {
                Ok((_, proof)) => Ok(proof.to_bytes()),
                Err(error) => Err(failed(Phase::Open, &error)),
            },
        }
    }
}

pub(super) fn failed(phase: Phase, error: &dyn core::fmt::Debug) -> ProverError {
    ProverError::Commitment {
        phase,
        reason: format!("{error:?}"),
    }
}

/// A digest from its serialized form.
fn digest<D: Deserializable>(bytes: &[u8]) -> Result<D, ProverError> {
    D::read_from_bytes(bytes).map_err(|_| ProverError::Encoding { part: "digest" })
}
