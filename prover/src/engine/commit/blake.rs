//! Commitments under winter-crypto's BLAKE3 hashers: rows and tree levels hashed many at once.
//!
//! Nothing here has a type parameter of the caller's, so that it is compiled once, in this crate.

use core::any::{TypeId, type_name};
use core::marker::PhantomData;

use rayon::prelude::*;
use winter_crypto::hashers::{Blake3_192, Blake3_256};
use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::Matrix;
use winterlane_field_simd::hashing::{self, BlakeHasher, Digests, HashError, Rows};

use super::failed;
use super::pooled::PooledTree;
use crate::engine::hashing::{Bulk, Leaves, Tree};
use crate::engine::{Phase, ProverError, fri};

type Blake256 = Blake3_256<BaseElement>;
type Blake192 = Blake3_192<BaseElement>;

/// Digests computed by one task.
const TASK_LEAVES: usize = 512;

/// A hash function that is recognised by the identity of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Blake {
    /// `Blake3_256`.
    Bits256,
    /// `Blake3_192`.
    Bits192,
}

impl Bulk for Blake {
    fn hasher(&self) -> TypeId {
        match self {
            Self::Bits256 => TypeId::of::<Blake256>(),
            Self::Bits192 => TypeId::of::<Blake192>(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Bits256 => type_name::<Blake256>(),
            Self::Bits192 => type_name::<Blake192>(),
        }
    }

    fn row_leaves<'a>(
        &'a self,
        matrix: &Matrix,
        _degree: usize,
        part: usize,
        phase: Phase,
    ) -> Result<Box<dyn Leaves + 'a>, ProverError> {
        Ok(match self {
            Self::Bits256 => Box::new(Of::<Blake256, 32>::new(hash_rows(matrix, part, phase)?)),
            Self::Bits192 => Box::new(Of::<Blake192, 24>::new(hash_rows(matrix, part, phase)?)),
        })
    }

    fn layer_leaves<'a>(
        &'a self,
        layer: &Matrix,
        factor: usize,
    ) -> Result<Box<dyn Leaves + 'a>, ProverError> {
        Ok(match self {
            Self::Bits256 => Box::new(Of::<Blake256, 32>::new(hash_layer(layer, factor)?)),
            Self::Bits192 => Box::new(Of::<Blake192, 24>::new(hash_layer(layer, factor)?)),
        })
    }

    fn smallest_nonce(&self, seed: &[u8], zeros: u32) -> Option<u64> {
        match self {
            Self::Bits256 => hashing::par_grind::<32>(seed.try_into().ok()?, zeros, 1),
            Self::Bits192 => hashing::par_grind::<24>(seed.try_into().ok()?, zeros, 1),
        }
    }
}

/// Digests of leaves, as their bytes.
struct Of<B, const N: usize> {
    leaves: Digests<N>,
    _hasher: PhantomData<fn() -> B>,
}

impl<B, const N: usize> Of<B, N> {
    const fn new(leaves: Digests<N>) -> Self {
        Self {
            leaves,
            _hasher: PhantomData,
        }
    }
}

impl<B, const N: usize> Leaves for Of<B, N>
where
    B: BlakeHasher<Bytes = [u8; N]> + 'static,
{
    fn for_each(&self, take: &mut dyn FnMut(&[u8])) {
        for bytes in self.leaves.iter() {
            take(bytes);
        }
    }

    fn into_tree(self: Box<Self>, phase: Phase) -> Result<Box<dyn Tree>, ProverError> {
        let tree = PooledTree::<B, N>::new(self.leaves).map_err(mismatch(phase))?;
        Ok(Box::new(tree))
    }
}

fn mismatch(phase: Phase) -> impl Fn(HashError) -> ProverError {
    move |error| failed(phase, &error)
}

/// The digests of rows, in parts of `part` base elements unless that is a whole row. A part that is
/// longer than a row is a part all the same: winterfell hashes its digest once more.
fn hash_rows<const N: usize>(
    matrix: &Matrix,
    part: usize,
    phase: Phase,
) -> Result<Digests<N>, ProverError> {
    if part != matrix.width() {
        return hash_parts(matrix, part, phase);
    }
    let rows = Rows::new(matrix.elements(), matrix.width(), matrix.stride());
    let rows = rows.map_err(mismatch(phase))?;
    let mut digests = Digests::unspecified(matrix.rows());
    hashing::par_hash_rows(rows, &mut digests).map_err(mismatch(phase))?;
    Ok(digests)
}

/// The digests of rows that are hashed in parts of `part` base elements, and these digests once
/// more.
fn hash_parts<const N: usize>(
    matrix: &Matrix,
    part: usize,
    phase: Phase,
) -> Result<Digests<N>, ProverError> {
    let (width, stride) = (matrix.width(), matrix.stride());
    let parts = width.div_ceil(part);
    let words = N / 8;
    let mut digests = Digests::unspecified(matrix.rows());
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
fn hash_layer<const N: usize>(layer: &Matrix, factor: usize) -> Result<Digests<N>, ProverError> {
    let size = factor * layer.width();
    let mut digests = Digests::unspecified(layer.rows() / factor);
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
