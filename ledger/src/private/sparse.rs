//! Sparse trees: a mark at some indices, nothing at the others, and a path that proves either.
//!
//! | kind | levels | index | mark |
//! |---|---|---|---|
//! | association set | 32 | a note's position | [`MARK`] |
//! | revoked credentials | 32 | a credential's number | [`MARK`] |
//! | set of values | 4, 8, 12 or 16 | place in the set, from 0 | the value's digest |

use alloc::{collections::BTreeMap, vec::Vec};

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{inputs::ValueSet, note::value_lanes};
use crate::{
    Digest,
    hash::{compress, tag},
};

/// The leaf of a marked index. An index without a mark has the empty leaf, zeros.
pub const MARK: Digest = Digest([
    BaseElement::ONE,
    BaseElement::ZERO,
    BaseElement::ZERO,
    BaseElement::ZERO,
]);

/// Levels that the tree of a set of values may have, of which the least that has room is taken: 65,536 values at
/// most. A proof has a row for each level.
pub const SET_LEVELS: [u8; 4] = [4, 8, 12, 16];

/// What a sparse tree is of: each has nodes with a tag of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SparseKind {
    /// Notes by position: approved ones, or refused ones.
    Association,
    /// Credentials by number: the revoked ones.
    Revocation,
    /// Values, from place 0 on, in a tree of so many levels.
    Set(u8),
}

impl SparseKind {
    /// Levels of the tree.
    #[must_use]
    pub const fn height(self) -> usize {
        match self {
            Self::Association | Self::Revocation => 32,
            // a place is a number of 32 bits
            Self::Set(levels) if levels < 32 => levels as usize,
            Self::Set(_) => 32,
        }
    }

    /// The tag of the tree's nodes.
    #[must_use]
    pub const fn tag(self) -> BaseElement {
        match self {
            Self::Association => tag::ASSOCIATION,
            Self::Revocation => tag::REVOCATION,
            Self::Set(_) => tag::SET_NODE,
        }
    }
}

/// A sparse tree, in memory: only nodes that are not empty are kept.
///
/// ```
/// use winterlane_ledger::{Digest, private::{SparseKind, SparseTree, sparse::{MARK, climb}}};
/// let mut revoked = SparseTree::new(SparseKind::Revocation);
/// assert!(revoked.mark(77));
/// let siblings = revoked.siblings(78);
/// let kind = SparseKind::Revocation;
/// assert_eq!(climb(kind.tag(), 78, Digest::ZERO, &siblings), revoked.root());
/// assert_ne!(climb(kind.tag(), 78, MARK, &siblings), revoked.root());
/// ```
#[derive(Clone, Debug)]
pub struct SparseTree {
    kind: SparseKind,
    empty: [Digest; 33],
    levels: Vec<BTreeMap<u32, Digest>>,
}

impl SparseTree {
    /// A tree without a mark.
    #[must_use]
    pub fn new(kind: SparseKind) -> Self {
        Self {
            kind,
            empty: super::tree::empty_digests(kind.tag()),
            levels: alloc::vec![BTreeMap::new(); kind.height() + 1],
        }
    }

    /// The set of `values`, in this order; `None` when there are more than 65,536.
    ///
    /// ```
    /// use winterlane_ledger::private::SparseTree;
    /// let levels = |count| Some(SparseTree::set((0..count).map(u128::from))?.value_set()?.levels);
    /// assert_eq!([1_u32, 16, 17, 256].map(levels), [4, 4, 8, 8].map(Some));
    /// assert_eq!(levels(65_537), None);
    /// ```
    #[must_use]
    pub fn set<I>(values: I) -> Option<Self>
    where
        I: IntoIterator<Item = u128, IntoIter: ExactSizeIterator>,
    {
        let values = values.into_iter();
        let mut levels = SET_LEVELS.into_iter();
        let levels = levels.find(|&levels| values.len() <= 1 << levels)?;
        let mut set = Self::new(SparseKind::Set(levels));
        for (place, value) in (0_u32..).zip(values) {
            // there is room for all of them
            let _ = set.put(place, member(value));
        }
        Some(set)
    }

    /// The set as a predicate names it; `None` for a tree of something else.
    #[must_use]
    pub fn value_set(&self) -> Option<ValueSet> {
        match self.kind {
            SparseKind::Set(levels) => Some(ValueSet {
                root: self.root(),
                levels,
            }),
            _ => None,
        }
    }

    /// What it is a tree of.
    #[must_use]
    pub const fn kind(&self) -> SparseKind {
        self.kind
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.node(self.kind.height(), 0)
    }

    /// Marks an index. `false` when the tree has no such index.
    #[must_use]
    pub fn mark(&mut self, index: u32) -> bool {
        self.put(index, MARK)
    }

    /// Takes the mark of an index away. `false` when the tree has no such index.
    #[must_use]
    pub fn clear(&mut self, index: u32) -> bool {
        self.put(index, Digest::ZERO)
    }

    /// Whether something is at this index.
    #[must_use]
    pub fn is_marked(&self, index: u32) -> bool {
        self.levels[0].contains_key(&index)
    }

    /// The leaf at an index: zeros when nothing is there.
    #[must_use]
    pub fn leaf(&self, index: u32) -> Digest {
        self.node(0, index)
    }

    /// The siblings of an index on its way to the root, leaf level first.
    #[must_use]
    pub fn siblings(&self, index: u32) -> Vec<Digest> {
        (0..self.kind.height())
            .map(|height| self.node(height, index >> height ^ 1))
            .collect()
    }

    fn put(&mut self, index: u32, leaf: Digest) -> bool {
        let height = self.kind.height();
        if u64::from(index) >> height != 0 {
            return false;
        }
        let mut node = leaf;
        for height in 0..height {
            let place = index >> height;
            let sibling = self.node(height, place ^ 1);
            self.keep(height, place, node);
            node = parent(self.kind.tag(), place & 1 == 1, &node, &sibling);
        }
        self.keep(height, 0, node);
        true
    }

    fn node(&self, height: usize, index: u32) -> Digest {
        let node = self.levels[height].get(&index);
        node.copied().unwrap_or(self.empty[height])
    }

    fn keep(&mut self, height: usize, index: u32, node: Digest) {
        if node == self.empty[height] {
            self.levels[height].remove(&index);
        } else {
            self.levels[height].insert(index, node);
        }
    }
}

/// The leaf of `value` in a set.
#[must_use]
pub fn member(value: u128) -> Digest {
    compress(tag::MEMBER, &Digest::ZERO, &Digest(value_lanes(0, value)))
}

/// The root that `leaf` and its siblings lead to, in a tree whose nodes have `tag`.
#[must_use]
pub fn climb(tag: BaseElement, index: u32, leaf: Digest, siblings: &[Digest]) -> Digest {
    let levels = siblings.iter().enumerate();
    levels.fold(leaf, |node, (height, sibling)| {
        let is_right = u64::from(index) >> height & 1 == 1;
        parent(tag, is_right, &node, sibling)
    })
}

fn parent(tag: BaseElement, is_right: bool, node: &Digest, sibling: &Digest) -> Digest {
    let [left, right] = if is_right {
        [sibling, node]
    } else {
        [node, sibling]
    };
    compress(tag, left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_their_absence_lead_to_the_root() {
        for kind in [SparseKind::Association, SparseKind::Revocation] {
            let mut tree = SparseTree::new(kind);
            let empty = tree.root();
            for index in [0, 1, 77, u32::MAX] {
                assert!(tree.mark(index) && tree.is_marked(index));
            }
            for index in [0, 1, 2, 77, 78, 1 << 31, u32::MAX - 1, u32::MAX] {
                let (siblings, root) = (tree.siblings(index), tree.root());
                let (here, other) = if tree.is_marked(index) {
                    (MARK, Digest::ZERO)
                } else {
                    (Digest::ZERO, MARK)
                };
                assert_eq!(tree.leaf(index), here);
                assert_eq!(climb(kind.tag(), index, here, &siblings), root);
                assert_ne!(climb(kind.tag(), index, other, &siblings), root);
                if tree.is_marked(index) {
                    assert_ne!(climb(kind.tag(), index ^ 2, here, &siblings), root);
                }
            }
            for index in [u32::MAX, 1, 0, 77] {
                assert!(tree.clear(index));
            }
            assert_eq!(tree.root(), empty);
            assert!(tree.levels.iter().all(BTreeMap::is_empty));
        }
    }

    #[test]
    fn a_set_has_its_values_in_order_and_an_end() {
        let set = SparseTree::set([5, u128::MAX, 7]).unwrap();
        for (place, value) in [5, u128::MAX, 7].into_iter().enumerate() {
            let place = place as u32;
            let root = climb(tag::SET_NODE, place, member(value), &set.siblings(place));
            assert_eq!(root, set.root());
        }
        assert_ne!(
            set.root(),
            SparseTree::set([7, u128::MAX, 5]).unwrap().root()
        );
        let mut set = set;
        assert!(!set.mark(1 << 4));
        // the same values in a tree of another height are another set
        let mut higher = SparseTree::new(SparseKind::Set(8));
        for (place, value) in (0..).zip([5, u128::MAX, 7]) {
            assert!(higher.put(place, member(value)));
        }
        assert_ne!(higher.root(), set.root());
    }
}
