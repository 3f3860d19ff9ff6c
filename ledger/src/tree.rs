//! The account tree: sparse, binary, of depth 32. An account's id is the index of its leaf.
//!
//! Only nodes that are not empty are kept: 2 N of them for N accounts side by side, at most
//! (33 - log N) N for accounts spread over the whole range.

use alloc::{collections::BTreeMap, vec, vec::Vec};

use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    Digest,
    hash::{self, Compressor, Input, tag},
};

/// Depth of the account tree: an account id is a `u32`.
pub const TREE_DEPTH: usize = 32;

/// The siblings of a leaf on its way to the root, leaf level first.
pub type Siblings = [Digest; TREE_DEPTH];

/// The digests of empty subtrees by height: zeros for a leaf, at 32 the root of an empty tree.
///
/// ```
/// use winterlane_ledger::{Digest, hash::{compress, tag}, tree::empty_digests};
/// let empty = empty_digests();
/// assert_eq!(empty[0], Digest::ZERO);
/// assert_eq!(empty[1], compress(tag::NODE, &empty[0], &empty[0]));
/// ```
#[must_use]
pub fn empty_digests() -> [Digest; TREE_DEPTH + 1] {
    let mut digests = [Digest::ZERO; TREE_DEPTH + 1];
    for height in 0..TREE_DEPTH {
        digests[height + 1] = hash::compress(tag::NODE, &digests[height], &digests[height]);
    }
    digests
}

/// The root that a leaf and its siblings lead to.
#[must_use]
pub fn root_of_path(index: u32, leaf: &Digest, siblings: &Siblings) -> Digest {
    siblings
        .iter()
        .enumerate()
        .fold(*leaf, |node, (height, sibling)| {
            hash::compress_input(&parent_input(index, height, &node, sibling))
        })
}

/// The input of the parent of the node at `height` above leaf `index`.
fn parent_input(index: u32, height: usize, node: &Digest, sibling: &Digest) -> Input {
    let is_right = index >> height & 1 == 1;
    let [left, right] = if is_right {
        [sibling, node]
    } else {
        [node, sibling]
    };
    hash::input(tag::NODE, &left.0, &right.0)
}

/// The sparse account tree, in memory.
///
/// ```
/// use winterlane_ledger::{Account, ScalarCompressor, tree::{AccountTree, root_of_path}};
/// let leaf = Account::default().leaf_digest();
/// let mut tree = AccountTree::from_leaves([(3, leaf), (9, leaf)], &ScalarCompressor);
/// assert_eq!(root_of_path(9, &leaf, &tree.siblings(9)), tree.root());
///
/// let other = Account { balance: 5, ..Account::default() }.leaf_digest();
/// let siblings = tree.update_many(&[(9, other)], &ScalarCompressor)[0];
/// assert_eq!(root_of_path(9, &other, &siblings), tree.root());
/// ```
#[derive(Clone, Debug)]
pub struct AccountTree {
    empty: [Digest; TREE_DEPTH + 1],
    /// By height, the nodes that are not empty, keyed by leaf index shifted right by the height.
    levels: Vec<BTreeMap<u32, Digest>>,
}

impl Default for AccountTree {
    fn default() -> Self {
        Self {
            empty: empty_digests(),
            levels: vec![BTreeMap::new(); TREE_DEPTH + 1],
        }
    }
}

impl AccountTree {
    /// Builds the tree over these leaves, level by level: about N compressions for the levels
    /// where N accounts have company, and N for each level where they have none.
    ///
    /// When an index occurs twice the later leaf counts.
    pub fn from_leaves<C: Compressor + ?Sized>(
        leaves: impl IntoIterator<Item = (u32, Digest)>,
        compressor: &C,
    ) -> Self {
        let mut tree = Self::default();
        tree.levels[0] = leaves.into_iter().collect();
        tree.levels[0].retain(|_, leaf| *leaf != Digest::ZERO);
        let mut inputs: Vec<Input> = Vec::new();
        let mut parents: Vec<u32> = Vec::new();
        for height in 0..TREE_DEPTH {
            inputs.clear();
            parents.clear();
            let empty = &tree.empty[height].0;
            for (&index, node) in &tree.levels[height] {
                // Indices ascend, so a right child finds its left sibling's parent just made.
                if parents.last() == Some(&(index >> 1)) {
                    if let Some(last) = inputs.last_mut() {
                        *last = with_right(last, node);
                    }
                } else {
                    let is_right = index & 1 == 1;
                    let [left, right] = if is_right {
                        [empty, &node.0]
                    } else {
                        [&node.0, empty]
                    };
                    inputs.push(hash::input(tag::NODE, left, right));
                    parents.push(index >> 1);
                }
            }
            let mut digests = vec![Digest::ZERO; inputs.len()];
            compressor.compress_many(&inputs, &mut digests);
            tree.levels[height + 1] = parents.iter().copied().zip(digests).collect();
        }
        tree
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.node(TREE_DEPTH, 0)
    }

    /// A leaf; zeros when it is empty.
    #[must_use]
    pub fn leaf(&self, index: u32) -> Digest {
        self.node(0, index)
    }

    /// The siblings of a leaf on its way to the root.
    #[must_use]
    pub fn siblings(&self, index: u32) -> Siblings {
        core::array::from_fn(|height| self.node(height, index >> height ^ 1))
    }

    /// Replaces leaves one after another and returns, for each, the siblings at its time: those
    /// that open the old leaf and close the new one.
    ///
    /// All updates climb a level together, so that each level is one call of the compressor:
    /// what a node is after update i depends on the updates before i at the levels below only.
    pub fn update_many<C: Compressor + ?Sized>(
        &mut self,
        updates: &[(u32, Digest)],
        compressor: &C,
    ) -> Vec<Siblings> {
        let mut paths = vec![[Digest::ZERO; TREE_DEPTH]; updates.len()];
        let mut nodes: Vec<Digest> = updates.iter().map(|(_, leaf)| *leaf).collect();
        let mut inputs = vec![[BaseElement::ZERO; 8]; updates.len()];
        for height in 0..TREE_DEPTH {
            let places = paths.iter_mut().zip(&mut inputs).zip(&nodes);
            for (&(index, _), ((path, input), node)) in updates.iter().zip(places) {
                let sibling = self.node(height, index >> height ^ 1);
                self.set(height, index >> height, *node);
                path[height] = sibling;
                *input = parent_input(index, height, node, &sibling);
            }
            compressor.compress_many(&inputs, &mut nodes);
        }
        if let Some(root) = nodes.last() {
            self.set(TREE_DEPTH, 0, *root);
        }
        paths
    }

    fn node(&self, height: usize, index: u32) -> Digest {
        self.levels[height]
            .get(&index)
            .copied()
            .unwrap_or(self.empty[height])
    }

    fn set(&mut self, height: usize, index: u32, digest: Digest) {
        if digest == self.empty[height] {
            self.levels[height].remove(&index);
        } else {
            self.levels[height].insert(index, digest);
        }
    }
}

/// A node's input with its right half replaced.
fn with_right(input: &Input, right: &Digest) -> Input {
    let left = [input[0], input[1], input[2], input[3]];
    hash::input(tag::NODE, &left, &right.0)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::ScalarCompressor;

    fn leaf(n: u64) -> Digest {
        Digest([n, 1, 2, 3].map(BaseElement::new))
    }

    /// The root by recursion over the definition, skipping subtrees without leaves.
    fn naive_root(leaves: &BTreeMap<u32, Digest>, height: usize, first: u64) -> Digest {
        let last = first + (1u64 << height) - 1;
        let mut inside = leaves.range(first as u32..=last as u32);
        if inside.next().is_none() {
            return empty_digests()[height];
        }
        if height == 0 {
            return leaves[&(first as u32)];
        }
        let left = naive_root(leaves, height - 1, first);
        let right = naive_root(leaves, height - 1, first + (1 << (height - 1)));
        hash::compress(tag::NODE, &left, &right)
    }

    #[test]
    fn the_empty_tree() {
        let tree = AccountTree::default();
        assert_eq!(tree.root(), empty_digests()[32]);
        assert_eq!(
            root_of_path(77, &Digest::ZERO, &tree.siblings(77)),
            tree.root()
        );
        assert_eq!(
            AccountTree::from_leaves([], &ScalarCompressor).root(),
            tree.root()
        );
    }

    #[test]
    fn the_corners_of_the_tree() {
        for index in [0, 1, u32::MAX - 1, u32::MAX, 1 << 31] {
            let mut tree = AccountTree::default();
            let siblings = tree.update_many(&[(index, leaf(1))], &ScalarCompressor);
            assert_eq!(siblings[0], AccountTree::default().siblings(index));
            let leaves = BTreeMap::from([(index, leaf(1))]);
            assert_eq!(tree.root(), naive_root(&leaves, 32, 0));
            assert_eq!(tree.leaf(index), leaf(1));
            assert_eq!(tree.leaf(index ^ 1), Digest::ZERO);
        }
    }

    #[test]
    fn an_emptied_tree_is_the_empty_tree() {
        let mut tree = AccountTree::from_leaves([(5, leaf(1)), (6, leaf(2))], &ScalarCompressor);
        tree.update_many(&[(6, Digest::ZERO), (5, Digest::ZERO)], &ScalarCompressor);
        assert_eq!(tree.root(), empty_digests()[32]);
        assert!(tree.levels.iter().all(BTreeMap::is_empty));
    }

    #[test]
    fn no_update_changes_nothing() {
        let mut tree = AccountTree::from_leaves([(5, leaf(1))], &ScalarCompressor);
        let root = tree.root();
        assert!(tree.update_many(&[], &ScalarCompressor).is_empty());
        assert_eq!(tree.root(), root);
    }

    /// Few distinct indices, so that updates meet, at both ends of the range.
    fn index() -> impl Strategy<Value = u32> {
        prop_oneof![0..8u32, (0..8u32).prop_map(|i| u32::MAX - i), any::<u32>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn equals_the_naive_tree(
            genesis in vec((index(), 0..4u64), 0..12),
            updates in vec((index(), 0..4u64), 0..12),
        ) {
            // Leaf 0 stands for an emptied leaf.
            let digest = |n| if n == 0 { Digest::ZERO } else { leaf(n) };
            let genesis: Vec<_> = genesis.into_iter().map(|(i, n)| (i, digest(n))).collect();
            let updates: Vec<_> = updates.into_iter().map(|(i, n)| (i, digest(n))).collect();
            let mut leaves: BTreeMap<u32, Digest> = genesis.iter().copied().collect();
            leaves.retain(|_, leaf| *leaf != Digest::ZERO);
            let mut tree = AccountTree::from_leaves(genesis, &ScalarCompressor);
            prop_assert_eq!(tree.root(), naive_root(&leaves, 32, 0));

            let mut stepwise = tree.clone();
            let all = tree.update_many(&updates, &ScalarCompressor);
            for ((index, new), siblings) in updates.iter().zip(all) {
                let old = stepwise.leaf(*index);
                prop_assert_eq!(siblings, stepwise.siblings(*index));
                prop_assert_eq!(root_of_path(*index, &old, &siblings), stepwise.root());
                stepwise.update_many(&[(*index, *new)], &ScalarCompressor);
                prop_assert_eq!(root_of_path(*index, new, &siblings), stepwise.root());
                if *new == Digest::ZERO { leaves.remove(index); } else { leaves.insert(*index, *new); }
                prop_assert_eq!(stepwise.root(), naive_root(&leaves, 32, 0));
            }
            prop_assert_eq!(tree.root(), stepwise.root());
        }
    }
}
