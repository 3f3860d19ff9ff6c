//! The account tree: sparse, binary, of depth 32. An account's id is the index of its leaf.
//!
//! Only nodes that are not empty are kept: 2 N of them for N accounts side by side, at most
//! (33 - log N) N for accounts spread over the whole range.

mod build;
#[cfg(test)]
mod tests;
mod update;

use alloc::{collections::BTreeMap, vec, vec::Vec};
use core::convert::Infallible;

pub use build::{BuildError, TreeBuilder};
pub use update::{Node, TreeUpdate, update};

use crate::{
    Digest, Root,
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
pub fn root_of_path(index: u32, leaf: &Digest, siblings: &Siblings) -> Root {
    let levels = siblings.iter().enumerate();
    let root = levels.fold(*leaf, |node, (height, sibling)| {
        hash::compress_input(&parent_input(index, height, &node, sibling))
    });
    Root(root)
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
/// use winterlane_ledger::{Account, Amount, ScalarCompressor, tree::{AccountTree, root_of_path}};
/// let leaf = Account::default().leaf_digest();
/// let mut tree = AccountTree::from_leaves([(3, leaf), (9, leaf)], &ScalarCompressor);
/// assert_eq!(root_of_path(9, &leaf, &tree.siblings(9)), tree.root());
///
/// let other = Account { balance: Amount::new(5), ..Account::default() }.leaf_digest();
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
    #[must_use]
    pub fn from_leaves<C: Compressor + ?Sized>(
        leaves: impl IntoIterator<Item = (u32, Digest)>,
        compressor: &C,
    ) -> Self {
        let mut tree = Self::default();
        let leaves: BTreeMap<u32, Digest> = leaves.into_iter().collect();
        let builder = TreeBuilder::over(leaves.into_iter().collect(), compressor);
        let Ok(_) = builder.finish(|height, nodes| {
            tree.levels[height] = nodes.iter().copied().collect();
            Ok::<(), Infallible>(())
        });
        tree
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Root {
        Root(self.node(TREE_DEPTH, 0))
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
    /// that open the old leaf and close the new one ([`update`]).
    pub fn update_many<C: Compressor + ?Sized>(
        &mut self,
        updates: &[(u32, Digest)],
        compressor: &C,
    ) -> Vec<Siblings> {
        let siblings = |ids: &[u32], out: &mut [Siblings]| {
            for (id, out) in ids.iter().zip(out) {
                *out = self.siblings(*id);
            }
            Ok::<(), Infallible>(())
        };
        let Ok(TreeUpdate { paths, nodes }) = update(updates, siblings, compressor);
        for node in &nodes {
            self.set(node);
        }
        paths
    }

    /// The node at a height, by its index there; the digest of an empty subtree when it has no leaves.
    pub(crate) fn node(&self, height: usize, index: u32) -> Digest {
        self.levels[height]
            .get(&index)
            .copied()
            .unwrap_or(self.empty[height])
    }

    /// Replaces a node, and returns it as it was.
    pub(crate) fn set(&mut self, node: &Node) -> Node {
        let height = usize::from(node.height);
        let (level, empty) = (&mut self.levels[height], self.empty[height]);
        let old = if node.digest == empty {
            level.remove(&node.index)
        } else {
            level.insert(node.index, node.digest)
        };
        Node {
            digest: old.unwrap_or(empty),
            ..*node
        }
    }
}
