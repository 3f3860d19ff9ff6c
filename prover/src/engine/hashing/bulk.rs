//! Commitments by a [`BulkHasher`]: under its types, and behind a trait object without them.

use core::any::{TypeId, type_name};
use core::marker::PhantomData;

use winter_crypto::{ElementHasher, Hasher, MerkleTree};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_utils::{Deserializable, Serializable};
use winterlane_field_simd::{Backend, Matrix};

use super::tasks::fill;
use super::{BulkHasher, DigestOf, HashRows, hash_elements};
use crate::engine::commit::failed;
use crate::engine::{Phase, ProverError, fri, grind};

/// A [`BulkHasher`] without its types, for commitments of any prover that has its hash function.
///
/// Digests cross it as their bytes: few do, since trees stay on its other side.
pub(in crate::engine) trait Bulk: Sync {
    /// The identity of the hash function, up to lifetimes.
    fn hasher(&self) -> TypeId;

    /// The name of the hash function's type.
    fn name(&self) -> &'static str;

    /// The digests of the rows of a matrix of elements of degree `degree`, hashed in parts of `part` base
    /// elements.
    fn row_leaves<'a>(
        &'a self,
        matrix: &Matrix,
        degree: usize,
        part: usize,
        phase: Phase,
    ) -> Result<Box<dyn Leaves + 'a>, ProverError>;

    /// The digests of the leaves of a FRI layer, of `factor` points each.
    fn layer_leaves<'a>(
        &'a self,
        layer: &Matrix,
        factor: usize,
    ) -> Result<Box<dyn Leaves + 'a>, ProverError>;

    /// The smallest nonce from 1 on that winter-crypto's coin with this seed, given by its bytes, takes.
    fn smallest_nonce(&self, seed: &[u8], zeros: u32) -> Option<u64>;
}

/// Digests of the leaves of a tree.
pub(in crate::engine) trait Leaves {
    /// Gives the bytes of each digest in turn.
    fn for_each(&self, take: &mut dyn FnMut(&[u8]));

    /// The Merkle tree above them, which is winter-crypto's or opens as it does.
    fn into_tree(self: Box<Self>, phase: Phase) -> Result<Box<dyn Tree>, ProverError>;
}

/// A Merkle tree of winter-crypto's, or one that opens as it does.
pub(in crate::engine) trait Tree {
    /// The bytes of the root.
    fn root(&self) -> Vec<u8>;

    /// The serialized opening of `positions` (distinct, at least one).
    fn open(&self, positions: &[usize]) -> Result<Vec<u8>, ProverError>;
}

/// Hashes one message after the other, by a hash function that nothing more is known of.
pub(in crate::engine) struct OneByOne<H>(PhantomData<fn() -> H>);

impl<H> OneByOne<H> {
    pub(in crate::engine) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<H: ElementHasher<BaseField = BaseElement>> BulkHasher for OneByOne<H> {
    type Hasher = H;
}

/// The digests of the rows of a matrix of elements of degree `degree`, hashed in parts of `part` base
/// elements: by parts and once more unless that is a whole row. A part that is longer than a row is a part all
/// the same: winterfell hashes its digest once more.
pub(in crate::engine) fn row_digests<S: BulkHasher>(
    bulk: &S,
    matrix: &Matrix,
    degree: usize,
    part: usize,
) -> Vec<DigestOf<S::Hasher>> {
    let width = matrix.width();
    let mut digests = vec![DigestOf::<S::Hasher>::default(); matrix.rows()];
    fill(&mut digests, bulk.task(), &|first, digests| {
        let count = digests.len();
        let rows = HashRows::of(matrix, degree, first, count);
        if part == width {
            bulk.hash_rows(rows, digests);
            return;
        }
        let parts = width.div_ceil(part);
        let mut of_parts = vec![DigestOf::<S::Hasher>::default(); parts * count];
        for (i, digests) in of_parts.chunks_exact_mut(count).enumerate() {
            let columns = rows.columns(i * part, width.min((i + 1) * part));
            bulk.hash_rows(columns, digests);
        }
        for (row, digest) in digests.iter_mut().enumerate() {
            let message: Vec<_> = of_parts.iter().skip(row).step_by(count).copied().collect();
            *digest = S::Hasher::merge_many(&message);
        }
    });
    digests
}

/// The digests of the leaves of a FRI layer, of `factor` points each.
pub(in crate::engine) fn layer_digests<S: BulkHasher>(
    bulk: &S,
    layer: &Matrix,
    factor: usize,
) -> Vec<DigestOf<S::Hasher>> {
    let (degree, size) = (layer.width(), factor * layer.width());
    let mut digests = vec![DigestOf::<S::Hasher>::default(); layer.rows() / factor];
    fill(&mut digests, bulk.task(), &|first, digests| {
        let leaves = gathered(layer, first, digests.len(), size);
        bulk.hash_rows(HashRows::packed(&leaves, size, degree), digests);
    });
    digests
}

/// Leaves `first..first + count` of a layer, of `size` base elements each.
fn gathered(layer: &Matrix, first: usize, count: usize, size: usize) -> Vec<BaseElement> {
    let mut leaves = vec![BaseElement::ZERO; count * size];
    for (i, leaf) in leaves.chunks_exact_mut(size).enumerate() {
        fri::gather(layer, first + i, leaf);
    }
    leaves
}

/// winter-crypto's Merkle tree above `leaves`, level by level.
pub(in crate::engine) fn merkle_tree<S: BulkHasher>(
    bulk: &S,
    leaves: Vec<DigestOf<S::Hasher>>,
    phase: Phase,
) -> Result<MerkleTree<S::Hasher>, ProverError> {
    let count = leaves.len();
    let mut nodes = vec![DigestOf::<S::Hasher>::default(); count];
    // Otherwise winter-crypto says what is wrong.
    if count.is_power_of_two() && count >= 2 {
        merge_level(bulk, &leaves, &mut nodes[count / 2..]);
        let mut size = count / 2;
        while size > 1 {
            let (above, level) = nodes.split_at_mut(size);
            merge_level(bulk, &level[..size], &mut above[size / 2..]);
            size /= 2;
        }
    }
    MerkleTree::from_raw_parts(nodes, leaves).map_err(|error| failed(phase, &error))
}

/// Hashes pairs of children to their parents, on all threads.
fn merge_level<S: BulkHasher>(
    bulk: &S,
    children: &[DigestOf<S::Hasher>],
    parents: &mut [DigestOf<S::Hasher>],
) {
    fill(parents, bulk.task(), &|first, parents| {
        bulk.merge_pairs(&children[2 * first..][..2 * parents.len()], parents);
    });
}

impl<H: Hasher> Tree for MerkleTree<H> {
    fn root(&self) -> Vec<u8> {
        MerkleTree::root(self).to_bytes()
    }

    fn open(&self, positions: &[usize]) -> Result<Vec<u8>, ProverError> {
        match self.prove_batch(positions) {
            Ok((_, proof)) => Ok(proof.to_bytes()),
            Err(error) => Err(failed(Phase::Open, &error)),
        }
    }
}

/// Leaves by a [`BulkHasher`], under its types.
struct TypedLeaves<'a, S: BulkHasher> {
    bulk: &'a S,
    digests: Vec<DigestOf<S::Hasher>>,
}

impl<'a, S: BulkHasher<Hasher: 'static>> TypedLeaves<'a, S> {
    /// Refuses digests of which the first or the last is not the hash function's, which `expected` asks.
    fn checked(
        self,
        expected: impl Fn(usize) -> DigestOf<S::Hasher>,
    ) -> Result<Box<dyn Leaves + 'a>, ProverError> {
        for i in [0, self.digests.len().saturating_sub(1)] {
            if self
                .digests
                .get(i)
                .is_some_and(|&digest| digest != expected(i))
            {
                return Err(other_digests::<S>("rows"));
            }
        }
        Ok(Box::new(self))
    }
}

impl<S: BulkHasher<Hasher: 'static>> Leaves for TypedLeaves<'_, S> {
    fn for_each(&self, take: &mut dyn FnMut(&[u8])) {
        for digest in &self.digests {
            take(&digest.to_bytes());
        }
    }

    fn into_tree(self: Box<Self>, phase: Phase) -> Result<Box<dyn Tree>, ProverError> {
        let tree = merkle_tree(self.bulk, self.digests, phase)?;
        // Along the outer paths, which meet in the root.
        for i in [0, tree.leaves().len() - 1] {
            let (leaf, path) = tree.prove(i).map_err(|error| failed(phase, &error))?;
            if MerkleTree::<S::Hasher>::verify(*tree.root(), i, leaf, &path).is_err() {
                return Err(other_digests::<S>("pairs"));
            }
        }
        Ok(Box::new(tree))
    }
}

fn other_digests<S: BulkHasher>(of: &'static str) -> ProverError {
    ProverError::BulkDigests {
        hasher: type_name::<S::Hasher>(),
        of,
    }
}

/// The digest of a row, hashed in parts of `part` base elements as [`row_digests`] does.
pub(in crate::engine) fn row_digest<H>(
    row: &[BaseElement],
    degree: usize,
    part: usize,
) -> DigestOf<H>
where
    H: ElementHasher<BaseField = BaseElement>,
{
    if part == row.len() {
        return hash_elements::<H>(row, degree);
    }
    let parts = row.chunks(part);
    let parts: Vec<_> = parts.map(|part| hash_elements::<H>(part, degree)).collect();
    H::merge_many(&parts)
}

impl<S: BulkHasher<Hasher: 'static>> Bulk for S {
    fn hasher(&self) -> TypeId {
        TypeId::of::<S::Hasher>()
    }

    fn name(&self) -> &'static str {
        type_name::<S::Hasher>()
    }

    fn row_leaves<'a>(
        &'a self,
        matrix: &Matrix,
        degree: usize,
        part: usize,
        _phase: Phase,
    ) -> Result<Box<dyn Leaves + 'a>, ProverError> {
        let digests = row_digests(self, matrix, degree, part);
        TypedLeaves {
            bulk: self,
            digests,
        }
        .checked(|i| row_digest::<S::Hasher>(matrix.row(i), degree, part))
    }

    fn layer_leaves<'a>(
        &'a self,
        layer: &Matrix,
        factor: usize,
    ) -> Result<Box<dyn Leaves + 'a>, ProverError> {
        let (degree, size) = (layer.width(), factor * layer.width());
        let digests = layer_digests(self, layer, factor);
        TypedLeaves {
            bulk: self,
            digests,
        }
        .checked(|i| hash_elements::<S::Hasher>(&gathered(layer, i, 1, size), degree))
    }

    fn smallest_nonce(&self, seed: &[u8], zeros: u32) -> Option<u64> {
        let seed = DigestOf::<S::Hasher>::read_from_bytes(seed).ok()?;
        let backend = Backend::current();
        grind::search(zeros, &|nonces| {
            let found = backend.with(|| self.first_nonce(seed, zeros, nonces));
            found.unwrap_or_default()
        })
    }
}
