//! Commitments to the rows of extended matrices.

use core::marker::PhantomData;

use rayon::prelude::*;
use winter_air::PartitionOptions;
use winter_crypto::{ElementHasher, VectorCommitment};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_utils::Serializable;

use super::channel::DigestOf;
use super::domain::Domain;
use super::{Phase, ProverError};

/// Digests computed by one task.
const TASK_LEAVES: usize = 128;

/// A commitment to a vector of row digests, which can be opened at many positions.
pub(super) struct Commitment<H, V> {
    vector: V,
    _hasher: PhantomData<fn() -> H>,
}

impl<H, V> Commitment<H, V>
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    /// Commits to `leaves` row digests; `leaf(i)` computes the one of domain index `i`.
    pub(super) fn new(
        leaves: usize,
        phase: Phase,
        leaf: impl Fn(usize) -> DigestOf<H> + Sync,
    ) -> Result<Self, ProverError> {
        let mut digests = vec![DigestOf::<H>::default(); leaves];
        digests
            .par_chunks_mut(TASK_LEAVES)
            .enumerate()
            .for_each(|(task, chunk)| {
                for (i, digest) in chunk.iter_mut().enumerate() {
                    *digest = leaf(task * TASK_LEAVES + i);
                }
            });
        let vector = V::new(digests).map_err(failed::<H, V>(phase))?;
        Ok(Self {
            vector,
            _hasher: PhantomData,
        })
    }

    /// Commits to the rows of an extended segment of `F` elements, stored coset by coset; wide rows
    /// are hashed in the partitions that the options ask for.
    pub(super) fn to_rows<F>(
        matrix: &[BaseElement],
        columns: usize,
        domain: &Domain,
        partitions: PartitionOptions,
        phase: Phase,
    ) -> Result<Self, ProverError>
    where
        F: FieldElement<BaseField = BaseElement>,
    {
        let width = columns * F::EXTENSION_DEGREE;
        let row = |index: usize| {
            let start = domain.storage_row(index) * width;
            F::slice_from_base_elements(&matrix[start..start + width])
        };
        let partition_size = partitions.partition_size::<F>(columns);
        if partition_size == columns {
            return Self::new(domain.lde_size(), phase, |i| H::hash_elements(row(i)));
        }
        Self::new(domain.lde_size(), phase, |i| {
            let parts: Vec<_> = row(i)
                .chunks(partition_size)
                .map(H::hash_elements)
                .collect();
            H::merge_many(&parts)
        })
    }

    /// The commitment string.
    pub(super) fn root(&self) -> DigestOf<H> {
        self.vector.commitment()
    }

    /// The serialized opening of `positions` (sorted, distinct, at least one).
    pub(super) fn open(&self, positions: &[usize]) -> Result<Vec<u8>, ProverError> {
        let (_, proof) = self
            .vector
            .open_many(positions)
            .map_err(failed::<H, V>(Phase::Open))?;
        Ok(proof.to_bytes())
    }
}

fn failed<H, V>(phase: Phase) -> impl Fn(V::Error) -> ProverError
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    move |error| ProverError::Commitment {
        phase,
        reason: format!("{error:?}"),
    }
}
