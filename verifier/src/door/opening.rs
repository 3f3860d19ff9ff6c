//! Openings of vector commitments, checked for their one shape.

use alloc::vec::Vec;

use winter_crypto::{Hasher, MerkleTree, VectorCommitment};

use super::{
    cursor::{Cursor, Span},
    digest,
    layout::{Dimensions, ELEMENT_BYTES, Layout},
    rows::{Opened, Positions},
};
use crate::{Reason, VerifyError};

/// A vector commitment whose batch openings have one encoding for given positions.
///
/// Winterfell deserialises an opening with the counts that the opening itself claims, and its
/// Merkle trees do not mind nodes that nobody needs. An implementation of this trait knows how
/// many nodes there must be and refuses every other encoding before that happens.
pub trait BoundedOpening<H: Hasher>: VectorCommitment<H> {
    /// Checks that `opening` is how the opening of `positions` (distinct, each below
    /// 2^`log2_size`, in any order) of a vector of 2^`log2_size` items is encoded.
    ///
    /// After `Ok`, [`Deserializable`](winter_utils::Deserializable) must read the opening and use
    /// all of its bytes without a panic and with memory proportional to their number, and
    /// [`VectorCommitment::verify_many`] must not panic on it. Whether the opening is true is not
    /// asked here.
    ///
    /// # Errors
    /// Where `opening` differs from that encoding, and how.
    fn check_opening(
        opening: &[u8],
        positions: &[usize],
        log2_size: u32,
    ) -> Result<(), OpeningError>;
}

/// A difference between an opening and its one encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningError {
    /// The offset from the start of the opening.
    pub offset: usize,
    /// What differs.
    pub reason: Reason,
}

impl<H: Hasher> BoundedOpening<H> for MerkleTree<H> {
    fn check_opening(
        opening: &[u8],
        positions: &[usize],
        log2_size: u32,
    ) -> Result<(), OpeningError> {
        let mut cursor = Cursor::new(opening);
        check_batch_proof::<H>(&mut cursor, positions, log2_size).map_err(|error| match error {
            VerifyError::Refused { offset, reason, .. } => OpeningError { offset, reason },
            // A cursor raises nothing else.
            _ => OpeningError {
                offset: cursor.offset(),
                reason: Reason::NonCanonicalDigest,
            },
        })
    }
}

/// A depth, a number of vectors, and vectors of digests, each behind its length.
fn check_batch_proof<H: Hasher>(
    cursor: &mut Cursor<'_>,
    positions: &[usize],
    log2_size: u32,
) -> Result<(), VerifyError> {
    let digest_bytes = digest::size::<H>();
    cursor.expect_u8("depth of a Merkle tree", log2_size as usize)?;
    let counts = node_counts(positions, log2_size);
    cursor.expect_varint("number of node vectors", counts.len())?;
    for count in counts {
        cursor.expect_varint("number of nodes", count)?;
        for _ in 0..count {
            digest::read::<H>(cursor, digest_bytes)?;
        }
    }
    cursor.finish()
}

/// How many nodes each vector of a batch Merkle proof holds.
///
/// A vector is kept for each pair of leaves of which one is opened. It first takes the leaf that
/// is not. On each level above, the remaining subtrees are numbered from the left, and a subtree
/// whose sibling is not among them takes the sibling's root into the vector of its number, so a
/// vector may go on with the nodes of another subtree after its own has been merged with its
/// left neighbour.
fn node_counts(positions: &[usize], log2_size: u32) -> Vec<usize> {
    let mut opened = positions.to_vec();
    opened.sort_unstable();
    opened.dedup();
    // Of each pair the leaves that are not opened: none or one.
    let (mut nodes, mut counts): (Vec<usize>, Vec<usize>) = opened
        .chunk_by(|left, right| left >> 1 == right >> 1)
        .filter_map(|pair| Some((pair.first()? >> 1, 2_usize.saturating_sub(pair.len()))))
        .unzip();

    for _ in 1..log2_size {
        let mut parents = Vec::with_capacity(nodes.len());
        let mut rest = nodes.as_slice();
        let mut number = 0_usize;
        while let Some((node, after)) = rest.split_first() {
            rest = after;
            if rest.first() == Some(&(node ^ 1)) {
                rest = rest.get(1..).unwrap_or_default();
                number = number.saturating_add(1);
            } else if let Some(count) = counts.get_mut(number) {
                *count = count.saturating_add(1);
            }
            number = number.saturating_add(1);
            parents.push(node >> 1);
        }
        nodes = parents;
    }
    counts
}

/// Checks every opening of a proof against the positions that are to be opened.
pub(super) fn check<H: Hasher, V: BoundedOpening<H>>(
    layout: &Layout<'_>,
    dims: &Dimensions,
    positions: &Positions,
) -> Result<(), VerifyError> {
    let check = |opening: Span<'_>, opened: &Opened| {
        // `size` is a power of two above 1.
        let log2_size = opened.size.checked_ilog2().unwrap_or(0);
        let Span {
            bytes,
            offset,
            section,
        } = opening;
        V::check_opening(bytes, &opened.positions, log2_size).map_err(|error| {
            VerifyError::Refused {
                section,
                offset: offset.saturating_add(error.offset),
                reason: error.reason,
            }
        })
    };
    check(layout.main_queries.opening, &positions.domain)?;
    if let Some(aux_queries) = &layout.aux_queries {
        check(aux_queries.opening, &positions.domain)?;
    }
    check(layout.constraint_queries.opening, &positions.domain)?;

    let row = dims.folding_factor.saturating_mul(dims.extended_bytes());
    for (layer, opened) in layout.fri_layers.iter().zip(&positions.layers) {
        let expected = opened.positions.len().saturating_mul(row);
        check_len(layer.values, expected)?;
        check(layer.opening, opened)?;
    }
    Ok(())
}

fn check_len(values: Span<'_>, expected: usize) -> Result<(), VerifyError> {
    let found = values.bytes.len();
    if found == expected {
        return Ok(());
    }
    let reason = Reason::Value {
        what: "bytes of values",
        expected: expected as u64,
        found: found as u64,
    };
    // The length stands in the four bytes before the values.
    let offset = values.offset.saturating_sub(ELEMENT_BYTES / 2);
    Err(VerifyError::Refused {
        section: values.section,
        offset,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use winter_crypto::{Hasher, MerkleTree, hashers::Blake3_256};
    use winter_math::fields::f64::BaseElement;
    use winter_utils::Serializable;

    use super::{super::cursor::Span, BoundedOpening, check_len, node_counts};
    use crate::{Reason, Section, VerifyError};

    type H = Blake3_256<BaseElement>;

    fn tree(log2_size: u32) -> MerkleTree<H> {
        MerkleTree::new(
            (0..1_u64 << log2_size)
                .map(|i| H::hash(&i.to_le_bytes()))
                .collect(),
        )
        .unwrap()
    }

    fn check(bytes: &[u8], positions: &[usize], log2_size: u32) -> bool {
        <MerkleTree<H> as BoundedOpening<H>>::check_opening(bytes, positions, log2_size).is_ok()
    }

    /// The shapes agree with winterfell's for every set of leaves of small trees.
    #[test]
    fn shapes_of_all_openings_of_small_trees() {
        for log2_size in 1..=4_u32 {
            let tree = tree(log2_size);
            for set in 1..1_u32 << (1 << log2_size) {
                let positions: Vec<usize> = (0..1_usize << log2_size)
                    .filter(|i| (set >> i) & 1 == 1)
                    .collect();
                let (_, proof) = tree.prove_batch(&positions).unwrap();
                let expected: Vec<usize> = proof.nodes.iter().map(Vec::len).collect();
                assert_eq!(
                    node_counts(&positions, log2_size),
                    expected,
                    "{positions:?}"
                );
            }
        }
    }

    /// Scattered leaves of a deep tree, in an order that is not ascending.
    #[test]
    fn shapes_of_scattered_openings() {
        let log2_size = 12;
        let tree = tree(log2_size);
        let mut state = 1_u64;
        for count in [1, 2, 3, 10, 80, 254] {
            let mut positions = Vec::new();
            while positions.len() < count {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let position = (state >> 40) as usize & 0xfff;
                if !positions.contains(&position) {
                    positions.push(position);
                }
            }
            let bytes = tree.prove_batch(&positions).unwrap().1.to_bytes();
            assert!(check(&bytes, &positions, log2_size));
            assert!(!check(&bytes[..bytes.len() - 1], &positions, log2_size));
            assert!(!check(&bytes, &positions, log2_size + 1));
        }
    }

    /// One node more at the end of any vector is a proof that winterfell takes and the door does
    /// not.
    #[test]
    fn surplus_nodes_are_refused() {
        let log2_size = 5;
        let tree = tree(log2_size);
        let positions = [3, 4, 17, 30];
        let (leaves, mut proof) = tree.prove_batch(&positions).unwrap();
        assert!(check(&proof.to_bytes(), &positions, log2_size));
        for i in 0..proof.nodes.len() {
            proof.nodes[i].push(*tree.root());
            MerkleTree::verify_batch(tree.root(), &positions, &leaves, &proof).unwrap();
            assert!(!check(&proof.to_bytes(), &positions, log2_size));
            proof.nodes[i].pop();
        }
    }

    /// What differs from the one encoding is named, and where.
    #[test]
    fn the_first_difference_is_named() {
        let log2_size = 5;
        let positions = [3, 17];
        let bytes = tree(log2_size)
            .prove_batch(&positions)
            .unwrap()
            .1
            .to_bytes();
        let refused = |bytes: &[u8]| {
            let refused =
                <MerkleTree<H> as BoundedOpening<H>>::check_opening(bytes, &positions, log2_size);
            let error = refused.unwrap_err();
            (error.offset, error.reason)
        };
        let mut deeper = bytes.clone();
        deeper[0] += 1;
        let depth = Reason::Value {
            what: "depth of a Merkle tree",
            expected: 5,
            found: 6,
        };
        assert_eq!(refused(&deeper), (0, depth));
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(refused(&longer), (bytes.len(), Reason::TrailingBytes(1)));
    }

    /// Values of another length are refused where their length stands.
    #[test]
    fn values_of_another_length_are_refused() {
        let section = Section::FriRemainder;
        let values = Span {
            bytes: &[0; 48],
            offset: 104,
            section,
        };
        assert_eq!(check_len(values, 48), Ok(()));
        for expected in [0, 24, 47, 49, 96] {
            let reason = Reason::Value {
                what: "bytes of values",
                expected: expected as u64,
                found: 48,
            };
            let offset = 100;
            let refused = VerifyError::Refused {
                section,
                offset,
                reason,
            };
            assert_eq!(check_len(values, expected), Err(refused));
        }
    }
}
