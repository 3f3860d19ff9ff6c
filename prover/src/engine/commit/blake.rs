//! Commitments under winter-crypto's BLAKE3 hashers: rows and tree levels hashed many at once.
//!
//! Nothing here has a type parameter of the caller's, so that it is compiled once, in this crate.

use core::any::TypeId;

use rayon::prelude::*;
use winter_crypto::MerkleTree;
use winter_crypto::hashers::{Blake3_192, Blake3_256};
use winter_math::fields::f64::BaseElement;
use winter_utils::{Deserializable, Serializable};
use winterlane_field_simd::Matrix;
use winterlane_field_simd::hashing::{self, BlakeHasher, HashError, Rows};

use super::{digest, failed};
use crate::engine::{Phase, ProverError, fri};

type Blake256 = Blake3_256<BaseElement>;
type Blake192 = Blake3_192<BaseElement>;

/// Digests computed by one task.
const TASK_LEAVES: usize = 512;

/// A hash function that is recognised by the identity of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blake {
    /// `Blake3_256`.
    Bits256,
    /// `Blake3_192`.
    Bits192,
}

impl Blake {
    /// Which of them `H` is.
    ///
    /// `typeid` gives the identity of a type up to lifetimes, of which the recognised types have none:
    /// equal identities mean equal types.
    pub(super) fn of<H>() -> Option<Self> {
        let id = typeid::of::<H>();
        if id == TypeId::of::<Blake256>() {
            Some(Self::Bits256)
        } else if id == TypeId::of::<Blake192>() {
            Some(Self::Bits192)
        } else {
            None
        }
    }

    /// Whether `V` is the Merkle tree of this hash function.
    pub(super) fn is_hash_of_tree<V>(self) -> bool {
        typeid::of::<V>()
            == match self {
                Self::Bits256 => TypeId::of::<MerkleTree<Blake256>>(),
                Self::Bits192 => TypeId::of::<MerkleTree<Blake192>>(),
            }
    }

    /// The digests of the rows of a matrix, hashed in parts of `part` base elements.
    pub(super) fn hash_rows(
        self,
        matrix: &Matrix,
        part: usize,
        phase: Phase,
    ) -> Result<Leaves, ProverError> {
        Ok(match self {
            Self::Bits256 => Leaves::Bits256(hash_rows(matrix, part, phase)?),
            Self::Bits192 => Leaves::Bits192(hash_rows(matrix, part, phase)?),
        })
    }

    /// The digests of the leaves of a FRI layer, of `factor` points each.
    pub(super) fn hash_layer(self, layer: &Matrix, factor: usize) -> Result<Leaves, ProverError> {
        Ok(match self {
            Self::Bits256 => Leaves::Bits256(hash_layer(layer, factor)?),
            Self::Bits192 => Leaves::Bits192(hash_layer(layer, factor)?),
        })
    }
}

/// Digests of leaves, as their bytes.
pub(super) enum Leaves {
    Bits256(Vec<[u8; 32]>),
    Bits192(Vec<[u8; 24]>),
}

impl Leaves {
    /// The Merkle tree above the leaves.
    pub(super) fn into_tree(self, phase: Phase) -> Result<Tree, ProverError> {
        Ok(match self {
            Self::Bits256(leaves) => Tree::Bits256(tree::<Blake256, 32>(leaves, phase)?),
            Self::Bits192(leaves) => Tree::Bits192(tree::<Blake192, 24>(leaves, phase)?),
        })
    }

    /// The digests, for a vector commitment of the caller's.
    pub(super) fn into_digests<D: Deserializable>(self) -> Result<Vec<D>, ProverError> {
        match self {
            Self::Bits256(leaves) => leaves.iter().map(|bytes| digest(bytes)).collect(),
            Self::Bits192(leaves) => leaves.iter().map(|bytes| digest(bytes)).collect(),
        }
    }
}

/// A Merkle tree.
pub(super) enum Tree {
    Bits256(MerkleTree<Blake256>),
    Bits192(MerkleTree<Blake192>),
}

impl Tree {
    /// The bytes of the root.
    pub(super) fn root(&self) -> Vec<u8> {
        match self {
            Self::Bits256(tree) => tree.root().to_bytes(),
            Self::Bits192(tree) => tree.root().to_bytes(),
        }
    }

    /// The serialized opening of `positions` (distinct, at least one).
    pub(super) fn open(&self, positions: &[usize]) -> Result<Vec<u8>, ProverError> {
        let opening = match self {
            Self::Bits256(tree) => tree
                .prove_batch(positions)
                .map(|(_, proof)| proof.to_bytes()),
            Self::Bits192(tree) => tree
                .prove_batch(positions)
                .map(|(_, proof)| proof.to_bytes()),
        };
        opening.map_err(|error| failed(Phase::Open, &error))
    }
}

fn mismatch(phase: Phase) -> impl Fn(HashError) -> ProverError {
    move |error| failed(phase, &error)
}

fn tree<B, const N: usize>(leaves: Vec<[u8; N]>, phase: Phase) -> Result<MerkleTree<B>, ProverError>
where
    B: BlakeHasher<Bytes = [u8; N]>,
{
    let nodes = hashing::par_merkle_nodes(&leaves).map_err(mismatch(phase))?;
    MerkleTree::from_raw_parts(
        hashing::to_digests::<B>(nodes),
        hashing::to_digests::<B>(leaves),
    )
    .map_err(|error| failed(phase, &error))
}

/// The digests of rows, in parts of `part` base elements unless that is a whole row. A part that is
/// longer than a row is a part all the same: winterfell hashes its digest once more.
fn hash_rows<const N: usize>(
    matrix: &Matrix,
    part: usize,
    phase: Phase,
) -> Result<Vec<[u8; N]>, ProverError> {
    if part != matrix.width() {
        return hash_parts(matrix, part, phase);
    }
    let rows = Rows::new(matrix.elements(), matrix.width(), matrix.stride());
    let rows = rows.map_err(mismatch(phase))?;
    let mut digests = vec![[0; N]; matrix.rows()];
    hashing::par_hash_rows(rows, &mut digests).map_err(mismatch(phase))?;
    Ok(digests)
}

/// The digests of rows that are hashed in parts of `part` base elements, and these digests once
/// more.
fn hash_parts<const N: usize>(
    matrix: &Matrix,
    part: usize,
    phase: Phase,
) -> Result<Vec<[u8; N]>, ProverError> {
    let (width, stride) = (matrix.width(), matrix.stride());
    let parts = width.div_ceil(part);
    let words = N / 8;
    let mut digests = vec![[0; N]; matrix.rows()];
    digests
        .par_chunks_mut(TASK_LEAVES)
        .zip(matrix.elements().par_chunks(TASK_LEAVES * stride))
        .try_for_each(|(digests, elements)| {
            let rows = Rows::new(elements, width, stride)?;
            let mut message = vec![0_u64; digests.len() * parts * words];
            for i in 0..parts {
                let columns = rows.columns(i * part, width.min((i + 1) * part))?;
                hashing::hash_rows(columns, digests)?;
                for (row, digest) in message.chunks_exact_mut(parts * words).zip(&*digests) {
                    for (word, bytes) in row[i * words..].iter_mut().zip(digest.as_chunks().0) {
                        *word = u64::from_le_bytes(*bytes);
                    }
                }
            }
            let rows = Rows::from_canonical(&message, parts * words, parts * words)?;
            hashing::hash_rows(rows, digests)
        })
        .map_err(mismatch(phase))?;
    Ok(digests)
}

/// The digests of the leaves of a FRI layer.
fn hash_layer<const N: usize>(layer: &Matrix, factor: usize) -> Result<Vec<[u8; N]>, ProverError> {
    let size = factor * layer.width();
    let mut digests = vec![[0; N]; layer.rows() / factor];
    digests
        .par_chunks_mut(TASK_LEAVES)
        .enumerate()
        .try_for_each_init(Vec::new, |buffer, (task, digests)| {
            buffer.resize(digests.len() * size, BaseElement::new(0));
            for (i, leaf) in buffer.chunks_exact_mut(size).enumerate() {
                fri::gather(layer, task * TASK_LEAVES + i, leaf);
            }
            hashing::hash_rows(Rows::new(buffer, size, size)?, digests)
        })
        .map_err(mismatch(Phase::Fri))?;
    Ok(digests)
}
