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
    Digest, Root,
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
/// assert_eq!(climb(kind.tag(), 78, Digest::ZERO, &siblings), revoked.root().0);
/// assert_ne!(climb(kind.tag(), 78, MARK, &siblings), revoked.root().0);
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
    /// let levels = |count: u32| Some(SparseTree::set((0..count).map(u128::from))?.value_set()?.levels);
    /// assert_eq!([1, 16, 17, 256].map(levels), [4, 4, 8, 8].map(Some));
    /// assert_eq!(levels(65_537), None);
    /// ```
    #[must_use]
    pub fn set(values: impl IntoIterator<Item = u128>) -> Option<Self> {
        let (levels, leaves) = set_leaves(values)?;
        Some(Self::of(SparseKind::Set(levels), leaves))
    }

    /// A tree with marks at these indices; those that the tree does not have are left out.
    ///
    /// ```
    /// use winterlane_ledger::private::{SparseKind, SparseTree};
    /// let revoked = SparseTree::marked(SparseKind::Revocation, [77, 3]);
    /// assert!(revoked.is_marked(3) && revoked.is_marked(77) && !revoked.is_marked(4));
    /// let root = SparseTree::root_of_marks(SparseKind::Revocation, [77, 3]);
    /// assert_eq!(root, revoked.root());
    /// ```
    #[must_use]
    pub fn marked(kind: SparseKind, indices: impl IntoIterator<Item = u32>) -> Self {
        Self::of(kind, marked_leaves(kind, indices))
    }

    /// The [set](Self::set) of `values` as a predicate names it, in the memory of one level instead of all.
    #[must_use]
    pub fn root_of_set(values: impl IntoIterator<Item = u128>) -> Option<ValueSet> {
        let (levels, leaves) = set_leaves(values)?;
        Some(ValueSet {
            root: root_over(SparseKind::Set(levels), leaves),
            levels,
        })
    }

    /// The root of the tree that is [`marked`](Self::marked) at these indices, in the memory of one level.
    #[must_use]
    pub fn root_of_marks(kind: SparseKind, indices: impl IntoIterator<Item = u32>) -> Root {
        root_over(kind, marked_leaves(kind, indices))
    }

    /// The tree over leaves, level by level: each node is computed once, where putting one leaf after another
    /// computes the upper ones again and again.
    fn of(kind: SparseKind, leaves: Vec<(u32, Digest)>) -> Self {
        let mut tree = Self::new(kind);
        let mut nodes = leaves;
        for height in 0..=kind.height() {
            let next = level_above(kind, &tree.empty[height], &nodes);
            tree.levels[height] = nodes.into_iter().collect();
            nodes = next;
        }
        tree
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
    pub fn root(&self) -> Root {
        Root(self.node(self.kind.height(), 0))
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

/// The levels of a set's tree, the least that has room, and the leaves by place; `None` for more values than any has.
fn set_leaves(values: impl IntoIterator<Item = u128>) -> Option<(u8, Vec<(u32, Digest)>)> {
    let most = 1 << SET_LEVELS[SET_LEVELS.len() - 1];
    // One more than fits is enough to know.
    let leaves: Vec<_> = (0..)
        .zip(values.into_iter().take(most + 1).map(member))
        .collect();
    let levels = SET_LEVELS
        .into_iter()
        .find(|levels| leaves.len() <= 1 << levels)?;
    Some((levels, leaves))
}

/// Marks by rising index, each once.
fn marked_leaves(kind: SparseKind, indices: impl IntoIterator<Item = u32>) -> Vec<(u32, Digest)> {
    let inside = |index: &u32| u64::from(*index) >> kind.height() == 0;
    let mut indices: Vec<_> = indices.into_iter().filter(inside).collect();
    indices.sort_unstable();
    indices.dedup();
    indices.into_iter().map(|index| (index, MARK)).collect()
}

/// The nodes above those of a level, which rise by index; what is not there is empty.
fn level_above(kind: SparseKind, empty: &Digest, nodes: &[(u32, Digest)]) -> Vec<(u32, Digest)> {
    let pairs = nodes.chunk_by(|(left, _), (right, _)| left >> 1 == right >> 1);
    let above = pairs.filter_map(|pair| {
        let (index, _) = pair.first()?;
        let [left, right] = [0, 1].map(|side| {
            let child = pair.iter().find(|(index, _)| index & 1 == side);
            child.map_or(empty, |(_, node)| node)
        });
        Some((index >> 1, compress(kind.tag(), left, right)))
    });
    above.collect()
}

/// The root over leaves that rise by index.
fn root_over(kind: SparseKind, leaves: Vec<(u32, Digest)>) -> Root {
    let empty = super::tree::empty_digests(kind.tag());
    let levels = empty.iter().take(kind.height());
    let top = levels.fold(leaves, |nodes, empty| level_above(kind, empty, &nodes));
    Root(top.first().map_or(empty[kind.height()], |(_, root)| *root))
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
                assert_eq!(climb(kind.tag(), index, here, &siblings), root.0);
                assert_ne!(climb(kind.tag(), index, other, &siblings), root.0);
                if tree.is_marked(index) {
                    assert_ne!(climb(kind.tag(), index ^ 2, here, &siblings), root.0);
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
    fn a_tree_made_at_once_is_the_tree_made_mark_by_mark() {
        let indices = [5, 0, 4, u32::MAX, 1 << 31, 5];
        for kind in [
            SparseKind::Association,
            SparseKind::Revocation,
            SparseKind::Set(16),
        ] {
            let at_once = SparseTree::marked(kind, indices);
            let mut one_by_one = SparseTree::new(kind);
            let fit = indices.map(|index| one_by_one.mark(index));
            assert_eq!(fit.contains(&false), kind == SparseKind::Set(16));
            assert_eq!(at_once.levels, one_by_one.levels);
            assert_eq!(SparseTree::root_of_marks(kind, indices), at_once.root());
            let none = SparseTree::marked(kind, []);
            assert_eq!(none.root(), SparseTree::new(kind).root());
        }
        let values = || [7, 5, u128::MAX];
        let set = SparseTree::set(values()).and_then(|set| set.value_set());
        assert!(set.is_some());
        assert_eq!(SparseTree::root_of_set(values()), set);
        assert!(SparseTree::set(0..=1 << 16).is_none());
        assert!(SparseTree::root_of_set(0..).is_none());
    }

    #[test]
    fn a_set_has_its_values_in_order_and_an_end() {
        let set = SparseTree::set([5, u128::MAX, 7]).unwrap();
        for (place, value) in [5, u128::MAX, 7].into_iter().enumerate() {
            let place = place as u32;
            let root = climb(tag::SET_NODE, place, member(value), &set.siblings(place));
            assert_eq!(Root(root), set.root());
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
