//! Merkle trees in the memory that the process keeps.
//!
//! winter-crypto's `MerkleTree` owns two vectors, and gives them to nobody: the allocator returns large ones to the system
//! when a proof ends, and the next proof touches fresh pages again. This tree has winter-crypto's order of nodes, in the
//! pool's buffers, and opens with the same bytes.

use core::marker::PhantomData;

use winter_crypto::{BatchMerkleProof, Hasher};
use winter_utils::Serializable;
use winterlane_field_simd::hashing::{BlakeHasher, Digests, HashError, par_merkle_nodes_into};

use super::failed;
use crate::engine::hashing::Tree;
use crate::engine::{Phase, ProverError};

/// A Merkle tree of digests of `N` bytes that are `B`'s.
pub(super) struct PooledTree<B, const N: usize> {
    leaves: Digests<N>,
    /// As many as leaves: the root at 1, the children of node i at 2i and 2i + 1, those of the last half the leaves.
    nodes: Digests<N>,
    _hasher: PhantomData<fn() -> B>,
}

impl<B, const N: usize> PooledTree<B, N>
where
    B: BlakeHasher<Bytes = [u8; N]>,
{
    /// Hashes `leaves`, a power of two of them and two at least, up to the root.
    pub(super) fn new(leaves: Digests<N>) -> Result<Self, HashError> {
        let mut nodes = Digests::unspecified(leaves.len());
        par_merkle_nodes_into(&leaves, &mut nodes)?;
        Ok(Self {
            leaves,
            nodes,
            _hasher: PhantomData,
        })
    }

    /// What is missing for the root of the leaves at `positions`: for each pair of leaves of which one is opened at
    /// least, the other one, and then its nodes on the way up, until the way meets that of a pair to the left.
    fn missing(&self, positions: &[usize]) -> Vec<Vec<<B as Hasher>::Digest>> {
        let mut opened = positions.to_vec();
        opened.sort_unstable();
        let is_opened = |leaf: &usize| opened.binary_search(leaf).is_ok();
        let mut pairs: Vec<usize> = opened.iter().map(|leaf| leaf / 2).collect();
        pairs.dedup();

        let mut missing: Vec<Vec<_>> = pairs
            .iter()
            .map(|pair| {
                let leaves = [2 * pair, 2 * pair + 1].into_iter();
                let others = leaves.filter(|leaf| !is_opened(leaf));
                others.map(|leaf| B::digest(self.leaves[leaf])).collect()
            })
            .collect();

        // Nodes that are known, from left to right. What the k-th of them lacks goes to the k-th pair: so winter-crypto
        // counts, at each level anew, and its verifier likewise.
        let first_above_leaves = self.leaves.len() / 2;
        let mut known: Vec<usize> = pairs.iter().map(|pair| first_above_leaves + pair).collect();
        while known.first().is_some_and(|&node| node > 1) {
            let mut above = Vec::with_capacity(known.len());
            let mut i = 0;
            while i < known.len() {
                let sibling = known[i] ^ 1;
                if known.get(i + 1) == Some(&sibling) {
                    i += 1;
                } else {
                    missing[i].push(B::digest(self.nodes[sibling]));
                }
                above.push(sibling / 2);
                i += 1;
            }
            known = above;
        }
        missing
    }
}

impl<B, const N: usize> Tree for PooledTree<B, N>
where
    B: BlakeHasher<Bytes = [u8; N]>,
{
    fn root(&self) -> Vec<u8> {
        self.nodes[1].to_vec()
    }

    fn open(&self, positions: &[usize]) -> Result<Vec<u8>, ProverError> {
        let leaves = self.leaves.len();
        let mut sorted = positions.to_vec();
        sorted.sort_unstable();
        let twice = sorted.windows(2).any(|pair| pair[0] == pair[1]);
        if twice || sorted.last().is_none_or(|&last| last >= leaves) {
            let reason = format!("{positions:?} of {leaves} leaves");
            return Err(failed(Phase::Open, &reason));
        }
        let proof = BatchMerkleProof::<B> {
            nodes: self.missing(positions),
            depth: leaves.ilog2() as u8,
        };
        Ok(proof.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use winter_crypto::hashers::{Blake3_192, Blake3_256};
    use winter_crypto::{Digest, MerkleTree};
    use winter_math::fields::f64::BaseElement;

    use super::*;

    /// Roots and openings of trees of `B`'s, of many sizes and at many positions, beside winter-crypto's.
    fn as_winter_crypto<B, const N: usize>()
    where
        B: BlakeHasher<Bytes = [u8; N]>,
    {
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for log_leaves in 1..=11 {
            let count = 1 << log_leaves;
            let mut leaves = Digests::<N>::unspecified(count);
            for (i, leaf) in leaves.iter_mut().enumerate() {
                let digest = B::hash(&[i as u8, (i >> 8) as u8, log_leaves]);
                leaf.copy_from_slice(&digest.as_bytes()[..N]);
            }
            let stock = leaves.iter().map(|&leaf| B::digest(leaf)).collect();
            let stock = MerkleTree::<B>::new(stock).expect("a power of two");
            let ours = PooledTree::<B, N>::new(leaves).expect("a power of two");
            assert_eq!(Tree::root(&ours), stock.root().to_bytes());

            let all: Vec<usize> = (0..count).collect();
            let backwards = all.iter().rev().copied().collect();
            let mut sets = vec![vec![0], vec![count - 1], all, backwards];
            for size in [1, 2, 3, 5, 31, 100] {
                for _ in 0..8 {
                    let mut positions = Vec::new();
                    for _ in 0..size {
                        let position = random(count);
                        if !positions.contains(&position) {
                            positions.push(position);
                        }
                    }
                    sets.push(positions);
                }
            }
            for positions in sets {
                let (_, expected) = stock.prove_batch(&positions).expect("an opening");
                let opened = ours.open(&positions).expect("an opening");
                assert_eq!(opened, expected.to_bytes(), "{positions:?} of {count}");
            }
            assert!(ours.open(&[]).is_err());
            assert!(ours.open(&[0, count]).is_err());
            assert!(ours.open(&[1, 0, 1]).is_err());
        }
    }

    #[test]
    fn pooled_trees_open_as_winter_cryptos() {
        as_winter_crypto::<Blake3_256<BaseElement>, 32>();
        as_winter_crypto::<Blake3_192<BaseElement>, 24>();
    }

    #[test]
    fn no_tree_over_one_leaf_or_three() {
        for count in [0, 1, 3] {
            let leaves = Digests::unspecified(count);
            let tree = PooledTree::<Blake3_256<BaseElement>, 32>::new(leaves);
            assert_eq!(tree.err(), Some(HashError::Leaves { got: count }));
        }
    }
}
