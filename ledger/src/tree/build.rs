//! Building a tree from all its leaves, in memory that does not grow with them.

use alloc::{vec, vec::Vec};
use core::mem;

use thiserror::Error;

use super::{TREE_DEPTH, empty_digests};
use crate::{
    Digest, Root,
    hash::{self, Compressor, tag},
};

/// Why a tree cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError<E> {
    /// Leaves come by ascending index, each once.
    #[error("leaf {index} comes after leaf {last}; leaves are given by ascending index, each once")]
    Order {
        /// The leaf before.
        last: u32,
        /// The leaf that should not come now.
        index: u32,
    },
    /// Whoever takes the nodes has failed.
    #[error("a node could not be kept")]
    Sink(#[source] E),
}

/// Builds an account tree from leaves that come by ascending index, a chunk at a time: for states that
/// are larger than memory.
///
/// Nodes leave it as soon as no leaf can change them any more, in runs of one height and ascending index;
/// between two chunks it holds one node a height at most. Empty leaves and empty subtrees are left out.
///
/// ```
/// use winterlane_ledger::{Account, ScalarCompressor, tree::{AccountTree, TreeBuilder}};
/// let leaf = Account::default().leaf_digest();
/// let mut kept = Vec::new();
/// let mut keep = |height: usize, nodes: &[_]| {
///     kept.extend(nodes.iter().map(|node| (height, *node)));
///     Ok::<(), std::convert::Infallible>(())
/// };
/// let mut builder = TreeBuilder::new(&ScalarCompressor);
/// builder.push(&[(3, leaf)], &mut keep)?;
/// builder.push(&[(9, leaf), (u32::MAX, leaf)], &mut keep)?;
/// let root = builder.finish(&mut keep)?;
/// let tree = AccountTree::from_leaves([(3, leaf), (9, leaf), (u32::MAX, leaf)], &ScalarCompressor);
/// assert_eq!(root, tree.root());
/// assert_eq!(kept.last(), Some(&(32, (0, root.0))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TreeBuilder<'c, C: ?Sized> {
    compressor: &'c C,
    empty: [Digest; TREE_DEPTH + 1],
    /// By height, the nodes that wait for a sibling or for the end, by ascending index.
    waiting: Vec<Vec<(u32, Digest)>>,
    last: Option<u32>,
}

impl<'c, C: Compressor + ?Sized> TreeBuilder<'c, C> {
    /// A builder without leaves.
    #[must_use]
    pub fn new(compressor: &'c C) -> Self {
        Self::over(Vec::new(), compressor)
    }

    /// A builder of these leaves, which are in order.
    pub(super) fn over(mut leaves: Vec<(u32, Digest)>, compressor: &'c C) -> Self {
        leaves.retain(|(_, leaf)| *leaf != Digest::ZERO);
        let mut waiting = vec![Vec::new(); TREE_DEPTH];
        let last = leaves.last().map(|(index, _)| *index);
        waiting[0] = leaves;
        Self {
            compressor,
            empty: empty_digests(),
            waiting,
            last,
        }
    }

    /// Takes more leaves, and gives the nodes that they complete to `keep`: a height, and nodes of it by
    /// their index.
    ///
    /// # Errors
    /// [`BuildError`] when a leaf comes out of order, or `keep` fails. The builder is of no use then.
    pub fn push<E>(
        &mut self,
        leaves: &[(u32, Digest)],
        keep: impl FnMut(usize, &[(u32, Digest)]) -> Result<(), E>,
    ) -> Result<(), BuildError<E>> {
        for &(index, leaf) in leaves {
            if let Some(last) = self.last.filter(|last| index <= *last) {
                return Err(BuildError::Order { last, index });
            }
            self.last = Some(index);
            if leaf != Digest::ZERO {
                self.waiting[0].push((index, leaf));
            }
        }
        self.climb(self.last, keep)
            .map(|_| ())
            .map_err(BuildError::Sink)
    }

    /// Ends the tree: gives the nodes that are left to `keep`, the root last, and returns the root.
    ///
    /// # Errors
    /// Those of `keep`.
    pub fn finish<E>(
        mut self,
        mut keep: impl FnMut(usize, &[(u32, Digest)]) -> Result<(), E>,
    ) -> Result<Root, E> {
        let Some(root) = self.climb(None, &mut keep)? else {
            return Ok(Root(self.empty[TREE_DEPTH]));
        };
        keep(TREE_DEPTH, &[(0, root)])?;
        Ok(Root(root))
    }

    /// Hashes what is complete: everything at the end, before it what has no parent in common with `last`.
    /// The root, at the end, unless the tree is empty.
    fn climb<E>(
        &mut self,
        last: Option<u32>,
        mut keep: impl FnMut(usize, &[(u32, Digest)]) -> Result<(), E>,
    ) -> Result<Option<Digest>, E> {
        let mut root = None;
        let (mut inputs, mut digests) = (Vec::new(), Vec::new());
        for height in 0..TREE_DEPTH {
            let mut nodes = mem::take(&mut self.waiting[height]);
            let complete = match last {
                None => nodes.len(),
                Some(last) => {
                    let open = u64::from(last) >> (height + 1);
                    nodes.partition_point(|(index, _)| u64::from(index >> 1) < open)
                }
            };
            self.waiting[height] = nodes.split_off(complete);
            if nodes.is_empty() {
                continue;
            }
            keep(height, &nodes)?;
            let empty = &self.empty[height];
            let families = || nodes.chunk_by(|a, b| a.0 >> 1 == b.0 >> 1);
            inputs.clear();
            inputs.extend(families().map(|family| {
                let [left, right] = match *family {
                    [(_, left), (_, right), ..] => [left, right],
                    [(index, node)] if index & 1 == 0 => [node, *empty],
                    [(_, node)] => [*empty, node],
                    [] => [*empty; 2],
                };
                hash::input(tag::NODE, &left.0, &right.0)
            }));
            digests.clear();
            digests.resize(inputs.len(), Digest::ZERO);
            self.compressor.compress_many(&inputs, &mut digests);
            if let Some(above) = self.waiting.get_mut(height + 1) {
                let parents = families().map(|family| family[0].0 >> 1);
                above.extend(parents.zip(digests.iter().copied()));
            } else {
                root = digests.last().copied();
            }
        }
        Ok(root)
    }
}
