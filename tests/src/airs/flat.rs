//! A vector commitment that is no Merkle tree.

use core::marker::PhantomData;

use winterfell::crypto::{Hasher, VectorCommitment};

/// Commits to a vector by one hash over all of it; an opening is the whole vector.
pub struct FlatCommitment<H: Hasher> {
    items: Vec<H::Digest>,
    _hasher: PhantomData<fn() -> H>,
}

/// What [`FlatCommitment`] refuses.
#[derive(Debug)]
pub enum FlatError {
    /// An index beyond the vector.
    OutOfBounds,
    /// The opening does not belong to the commitment.
    Mismatch,
}

impl<H: Hasher> VectorCommitment<H> for FlatCommitment<H> {
    type Options = ();
    type Proof = Vec<H::Digest>;
    type MultiProof = Vec<H::Digest>;
    type Error = FlatError;

    fn with_options(items: Vec<H::Digest>, _options: ()) -> Result<Self, FlatError> {
        Ok(Self {
            items,
            _hasher: PhantomData,
        })
    }

    fn commitment(&self) -> H::Digest {
        H::merge_many(&self.items)
    }

    fn domain_len(&self) -> usize {
        self.items.len()
    }

    fn get_proof_domain_len(proof: &Self::Proof) -> usize {
        proof.len()
    }

    fn get_multiproof_domain_len(proof: &Self::MultiProof) -> usize {
        proof.len()
    }

    fn open(&self, index: usize) -> Result<(H::Digest, Self::Proof), FlatError> {
        let item = *self.items.get(index).ok_or(FlatError::OutOfBounds)?;
        Ok((item, self.items.clone()))
    }

    fn open_many(&self, indexes: &[usize]) -> Result<(Vec<H::Digest>, Vec<H::Digest>), FlatError> {
        let items = indexes
            .iter()
            .map(|&i| self.items.get(i).copied().ok_or(FlatError::OutOfBounds))
            .collect::<Result<_, _>>()?;
        Ok((items, self.items.clone()))
    }

    fn verify(
        commitment: H::Digest,
        index: usize,
        item: H::Digest,
        proof: &Self::Proof,
    ) -> Result<(), FlatError> {
        Self::verify_many(commitment, &[index], &[item], proof)
    }

    fn verify_many(
        commitment: H::Digest,
        indexes: &[usize],
        items: &[H::Digest],
        proof: &Self::MultiProof,
    ) -> Result<(), FlatError> {
        let opened = indexes
            .iter()
            .zip(items)
            .all(|(&i, item)| proof.get(i) == Some(item));
        if opened && H::merge_many(proof) == commitment {
            Ok(())
        } else {
            Err(FlatError::Mismatch)
        }
    }
}
