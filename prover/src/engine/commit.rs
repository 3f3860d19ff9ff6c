//! Commitments to the rows of extended matrices and to the leaves of FRI layers.
//!
//! Any hash function and vector commitment works. winter-crypto's BLAKE3 hashers and Merkle trees
//! are recognised by the identity of their types, and then rows and tree levels are hashed many at
//! once; digests, tree and openings are the same.

use core::any::TypeId;

use rayon::prelude::*;
use winter_air::PartitionOptions;
use winter_crypto::hashers::{Blake3_192, Blake3_256};
use winter_crypto::{ElementHasher, MerkleTree, VectorCommitment};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_utils::{Deserializable, Serializable};
use winterlane_field_simd::Matrix;
use winterlane_field_simd::hashing::{self, BlakeHasher, HashError, Rows};

use super::channel::DigestOf;
use super::{Phase, ProverError};

type Blake256 = Blake3_256<BaseElement>;
type Blake192 = Blake3_192<BaseElement>;

/// Digests computed by one task.
const TASK_LEAVES: usize = 512;

/// Which of the recognised hash functions `H` is, by the bytes of its digest.
///
/// `typeid` gives the identity of a type up to lifetimes, of which the recognised types have none:
/// equal identities mean equal types.
pub(super) fn blake_digest_bytes<H>() -> Option<usize> {
    let id = typeid::of::<H>();
    if id == TypeId::of::<Blake256>() {
        Some(32)
    } else if id == TypeId::of::<Blake192>() {
        Some(24)
    } else {
        None
    }
}

/// A commitment to a vector of row digests, which can be opened at many positions.
pub(super) struct Commitment<H: ElementHasher, V> {
    root: DigestOf<H>,
    vector: Vector<V>,
}

enum Vector<V> {
    Blake256(MerkleTree<Blake256>),
    Blake192(MerkleTree<Blake192>),
    Other(V),
}

impl<H, V> Commitment<H, V>
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    /// Commits to the rows of a matrix of `F` elements; wide rows are hashed in the partitions that
    /// the options ask for.
    pub(super) fn to_rows<F>(
        matrix: &Matrix,
        partitions: PartitionOptions,
        phase: Phase,
    ) -> Result<Self, ProverError>
    where
        F: FieldElement<BaseField = BaseElement>,
    {
        let columns = matrix.width() / F::EXTENSION_DEGREE;
        let part = partitions.partition_size::<F>(columns);
        let whole = part == columns;
        let part_width = part * F::EXTENSION_DEGREE;
        match blake_digest_bytes::<H>() {
            Some(32) if whole => Self::from_blake256(hash_rows(matrix, phase)?, phase),
            Some(32) => Self::from_blake256(hash_parts(matrix, part_width, phase)?, phase),
            Some(24) if whole => Self::from_blake192(hash_rows(matrix, phase)?, phase),
            Some(24) => Self::from_blake192(hash_parts(matrix, part_width, phase)?, phase),
            _ => {
                let row = |i: usize| F::slice_from_base_elements(matrix.row(i));
                Self::from_digests(
                    digests::<H>(matrix.rows(), |i| {
                        if whole {
                            return H::hash_elements(row(i));
                        }
                        let parts: Vec<_> = row(i).chunks(part).map(H::hash_elements).collect();
                        H::merge_many(&parts)
                    }),
                    phase,
                )
            }
        }
    }

    /// Commits to `leaves` leaves of `size` elements each, which `gather` writes.
    pub(super) fn to_leaves<E>(
        leaves: usize,
        size: usize,
        phase: Phase,
        gather: impl Fn(usize, &mut [E]) + Sync,
    ) -> Result<Self, ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        match blake_digest_bytes::<H>() {
            Some(32) => Self::from_blake256(hash_leaves(leaves, size, phase, gather)?, phase),
            Some(24) => Self::from_blake192(hash_leaves(leaves, size, phase, gather)?, phase),
            _ => Self::from_digests(
                digests::<H>(leaves, |p| {
                    let mut leaf = vec![E::ZERO; size];
                    gather(p, &mut leaf);
                    H::hash_elements(&leaf)
                }),
                phase,
            ),
        }
    }

    fn from_blake256(leaves: Vec<[u8; 32]>, phase: Phase) -> Result<Self, ProverError> {
        if typeid::of::<V>() != TypeId::of::<MerkleTree<Blake256>>() {
            return Self::from_bytes(&leaves, phase);
        }
        let tree = tree::<Blake256, 32>(leaves, phase)?;
        let root = digest(&tree.root().to_bytes())?;
        Ok(Self {
            root,
            vector: Vector::Blake256(tree),
        })
    }

    fn from_blake192(leaves: Vec<[u8; 24]>, phase: Phase) -> Result<Self, ProverError> {
        if typeid::of::<V>() != TypeId::of::<MerkleTree<Blake192>>() {
            return Self::from_bytes(&leaves, phase);
        }
        let tree = tree::<Blake192, 24>(leaves, phase)?;
        let root = digest(&tree.root().to_bytes())?;
        Ok(Self {
            root,
            vector: Vector::Blake192(tree),
        })
    }

    /// Commits to digests given as their bytes.
    fn from_bytes<const N: usize>(leaves: &[[u8; N]], phase: Phase) -> Result<Self, ProverError> {
        let digests = leaves
            .iter()
            .map(|bytes| digest(bytes))
            .collect::<Result<_, _>>()?;
        Self::from_digests(digests, phase)
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
        let phase = Phase::Open;
        Ok(match &self.vector {
            Vector::Blake256(tree) => tree
                .prove_batch(positions)
                .map_err(|error| failed(phase, &error))?
                .1
                .to_bytes(),
            Vector::Blake192(tree) => tree
                .prove_batch(positions)
                .map_err(|error| failed(phase, &error))?
                .1
                .to_bytes(),
            Vector::Other(vector) => vector
                .open_many(positions)
                .map_err(|error| failed(phase, &error))?
                .1
                .to_bytes(),
        })
    }
}

fn failed(phase: Phase, error: &impl core::fmt::Debug) -> ProverError {
    ProverError::Commitment {
        phase,
        reason: format!("{error:?}"),
    }
}

fn mismatch(phase: Phase) -> impl Fn(HashError) -> ProverError {
    move |error| failed(phase, &error)
}

/// A digest from its serialized form.
fn digest<D: Deserializable>(bytes: &[u8]) -> Result<D, ProverError> {
    D::read_from_bytes(bytes).map_err(|_| ProverError::Encoding { part: "digest" })
}

/// Digests of any hash function, one leaf at a time.
fn digests<H: ElementHasher>(
    leaves: usize,
    leaf: impl Fn(usize) -> DigestOf<H> + Sync + Send,
) -> Vec<DigestOf<H>> {
    (0..leaves)
        .into_par_iter()
        .with_min_len(16)
        .map(leaf)
        .collect()
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

/// The digests of whole rows.
fn hash_rows<const N: usize>(matrix: &Matrix, phase: Phase) -> Result<Vec<[u8; N]>, ProverError> {
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

/// The digests of gathered leaves.
fn hash_leaves<E, const N: usize>(
    leaves: usize,
    size: usize,
    phase: Phase,
    gather: impl Fn(usize, &mut [E]) + Sync,
) -> Result<Vec<[u8; N]>, ProverError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    let mut digests = vec![[0; N]; leaves];
    digests
        .par_chunks_mut(TASK_LEAVES)
        .enumerate()
        .try_for_each_init(Vec::new, |buffer, (task, digests)| {
            buffer.resize(digests.len() * size, E::ZERO);
            for (i, leaf) in buffer.chunks_exact_mut(size).enumerate() {
                gather(task * TASK_LEAVES + i, leaf);
            }
            hashing::hash_rows(Rows::from_extension(buffer, size, size)?, digests)
        })
        .map_err(mismatch(phase))?;
    Ok(digests)
}
