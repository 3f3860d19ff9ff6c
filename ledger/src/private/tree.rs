//! The note tree: append-only, of 32 levels.
//!
//! A node keeps its *frontier*, the digests from which the next root follows: 32 of them, however many
//! notes there are. A wallet keeps the whole tree, which gives the path of any note at the present root.

use alloc::{vec, vec::Vec};

use thiserror::Error;

use crate::{
    Anchor, Digest,
    hash::{self, Compressor, Input, tag},
    private::{Commitment, sparse::climb},
};

/// Levels of the note tree: a position is a `u32`.
pub const NOTE_TREE_DEPTH: usize = 32;

/// All 2^32 positions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the note tree has no position left")]
pub struct NoteTreeFull;

/// The digests of empty subtrees by height.
pub(crate) fn empty_digests(tag: winter_math::fields::f64::BaseElement) -> [Digest; 33] {
    let mut digests = [Digest::ZERO; NOTE_TREE_DEPTH + 1];
    for height in 0..NOTE_TREE_DEPTH {
        digests[height + 1] = hash::compress(tag, &digests[height], &digests[height]);
    }
    digests
}

/// Where a note is, and the siblings from it to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotePath {
    /// The position: the index of the leaf.
    pub position: u32,
    /// The siblings, leaf level first.
    pub siblings: [Digest; NOTE_TREE_DEPTH],
}

impl NotePath {
    /// The root that this path leads to from `commitment`.
    #[must_use]
    pub fn root(&self, commitment: &Commitment) -> Anchor {
        let leaf = commitment.0;
        Anchor(climb(tag::NOTE_NODE, self.position, leaf, &self.siblings))
    }
}

/// What a node keeps of the note tree: enough to append and to know the root.
///
/// ```
/// use winterlane_ledger::{Amount, AssetId, Digest, private::{Commitment, NoteFrontier, NoteTree}};
/// let (mut frontier, mut tree) = (NoteFrontier::default(), NoteTree::default());
/// let note = Commitment::new(&Digest::ZERO, AssetId::ZERO, Amount::new(5));
/// let position = frontier.append(note)?;
/// tree.append(note)?;
/// assert_eq!((position, frontier.root()), (0, tree.root()));
/// assert_eq!(tree.path(0).expect("it is there").root(&note), frontier.root());
/// # Ok::<(), winterlane_ledger::private::NoteTreeFull>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteFrontier {
    count: u64,
    /// By height, the left sibling of the path of the next leaf; what is here for a height at which that
    /// path turns left counts for nothing.
    left: [Digest; NOTE_TREE_DEPTH],
}

impl Default for NoteFrontier {
    fn default() -> Self {
        Self {
            count: 0,
            left: [Digest::ZERO; NOTE_TREE_DEPTH],
        }
    }
}

impl NoteFrontier {
    /// How many notes there are: the position of the next one.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The left siblings of the next leaf, those at heights where its path turns right. For storing.
    #[must_use]
    pub fn digests(&self) -> Vec<Digest> {
        let turns = |&(height, _): &(usize, &Digest)| self.count >> height & 1 == 1;
        let kept = self.left.iter().enumerate().filter(turns);
        kept.map(|(_, digest)| *digest).collect()
    }

    /// The frontier of `count` notes with these [`digests`](Self::digests); `None` when their number is
    /// not the one that `count` asks for.
    #[must_use]
    pub fn from_digests(count: u64, digests: &[Digest]) -> Option<Self> {
        if count > 1 << NOTE_TREE_DEPTH {
            return None;
        }
        let mut frontier = Self {
            count,
            ..Self::default()
        };
        let mut digests = digests.iter();
        for (height, left) in frontier.left.iter_mut().enumerate() {
            if count >> height & 1 == 1 {
                *left = *digests.next()?;
            }
        }
        // A full tree has its root nowhere in here; it takes no further note and has no further root.
        digests.next().is_none().then_some(frontier)
    }

    /// Appends a note, and gives its position: 32 compressions at most.
    ///
    /// # Errors
    /// [`NoteTreeFull`] when no position is left. The last position stays empty, so that the frontier
    /// always knows the root.
    pub fn append(&mut self, note: Commitment) -> Result<u32, NoteTreeFull> {
        let position = next_position(self.count)?;
        let mut node = note.0;
        for (height, left) in self.left.iter_mut().enumerate() {
            if self.count >> height & 1 == 0 {
                *left = node;
                break;
            }
            node = hash::compress(tag::NOTE_NODE, left, &node);
        }
        self.count += 1;
        Ok(position)
    }

    /// The root: 32 compressions, and 32 for the empty subtrees.
    #[must_use]
    pub fn root(&self) -> Anchor {
        let empty = empty_digests(tag::NOTE_NODE);
        let levels = self.left.iter().zip(&empty).enumerate();
        let root = levels.fold(Digest::ZERO, |node, (height, (left, empty))| {
            if self.count >> height & 1 == 1 {
                hash::compress(tag::NOTE_NODE, left, &node)
            } else {
                hash::compress(tag::NOTE_NODE, &node, empty)
            }
        });
        Anchor(root)
    }
}

fn next_position(count: u64) -> Result<u32, NoteTreeFull> {
    u32::try_from(count)
        .ok()
        .filter(|&position| position < u32::MAX)
        .ok_or(NoteTreeFull)
}

/// The whole note tree: what a wallet keeps to make the path of any of its notes at the present root.
///
/// 64 bytes a note.
#[derive(Clone, Debug)]
pub struct NoteTree {
    empty: [Digest; NOTE_TREE_DEPTH + 1],
    /// By height, the nodes that are not empty, from the left.
    levels: Vec<Vec<Digest>>,
}

impl Default for NoteTree {
    fn default() -> Self {
        Self {
            empty: empty_digests(tag::NOTE_NODE),
            levels: vec![Vec::new(); NOTE_TREE_DEPTH + 1],
        }
    }
}

impl NoteTree {
    /// How many notes there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// The commitments, in order.
    #[must_use]
    pub fn leaves(&self) -> &[Digest] {
        &self.levels[0]
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Anchor {
        Anchor(self.node(NOTE_TREE_DEPTH, 0))
    }

    /// Appends a note, and gives its position.
    ///
    /// # Errors
    /// [`NoteTreeFull`] when no position is left.
    pub fn append(&mut self, note: Commitment) -> Result<u32, NoteTreeFull> {
        let first = self.append_many(&[note], &crate::ScalarCompressor)?;
        Ok(first)
    }

    /// Appends notes and gives the position of the first: two compressions a note when there are many,
    /// a level at a time.
    ///
    /// # Errors
    /// [`NoteTreeFull`] when there are not positions enough; then none is appended.
    pub fn append_many<C: Compressor + ?Sized>(
        &mut self,
        notes: &[Commitment],
        compressor: &C,
    ) -> Result<u32, NoteTreeFull> {
        let count = self.count();
        let first = next_position(count)?;
        if let Some(more) = (notes.len() as u64).checked_sub(1) {
            next_position(count.saturating_add(more))?;
        }
        self.levels[0].extend(notes.iter().map(|note| note.0));
        let mut from = count as usize;
        let mut inputs: Vec<Input> = Vec::new();
        for height in 0..NOTE_TREE_DEPTH {
            from /= 2;
            let below = &self.levels[height];
            let to = below.len().div_ceil(2);
            inputs.clear();
            for index in from..to {
                let right = below.get(2 * index + 1).unwrap_or(&self.empty[height]);
                inputs.push(hash::input(tag::NOTE_NODE, &below[2 * index].0, &right.0));
            }
            let level = &mut self.levels[height + 1];
            level.resize(to, Digest::ZERO);
            compressor.compress_many(&inputs, &mut level[from..]);
        }
        Ok(first)
    }

    /// The path of the note at `position`; `None` when there is none.
    #[must_use]
    pub fn path(&self, position: u32) -> Option<NotePath> {
        (u64::from(position) < self.count()).then(|| NotePath {
            position,
            siblings: core::array::from_fn(|height| {
                self.node(height, position as usize >> height ^ 1)
            }),
        })
    }

    fn node(&self, height: usize, index: usize) -> Digest {
        let node = self.levels[height].get(index);
        node.copied().unwrap_or(self.empty[height])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BaseElement, ScalarCompressor};

    fn note(n: u64) -> Commitment {
        Commitment(Digest([n, 1, 2, 3].map(BaseElement::new)))
    }

    #[test]
    fn frontier_and_tree_agree_and_paths_lead_to_the_root() {
        let (mut frontier, mut tree) = (NoteFrontier::default(), NoteTree::default());
        assert_eq!(frontier.root(), tree.root());
        assert_eq!(tree.root().0, empty_digests(tag::NOTE_NODE)[32]);
        for n in 0..9 {
            assert_eq!(frontier.append(note(n)), Ok(n as u32));
            assert_eq!(tree.append(note(n)), Ok(n as u32));
            assert_eq!(frontier.root(), tree.root());
            for position in 0..=n {
                let path = tree.path(position as u32).unwrap();
                assert_eq!(path.root(&note(position)), tree.root());
                assert_ne!(path.root(&note(position + 1)), tree.root());
            }
            assert_eq!(tree.path(n as u32 + 1), None);
            let stored = NoteFrontier::from_digests(frontier.count(), &frontier.digests());
            assert_eq!(stored.unwrap().root(), tree.root());
        }
        assert_eq!(NoteFrontier::from_digests(9, &[]), None);
        assert_eq!(NoteFrontier::from_digests(0, &[Digest::ZERO]), None);
    }

    #[test]
    fn many_at_once_are_one_after_another() {
        for first in [0, 1, 6] {
            for more in [0, 1, 7] {
                let mut tree = NoteTree::default();
                let notes: Vec<_> = (0..first + more).map(note).collect();
                let (a, b) = notes.split_at(first as usize);
                tree.append_many(a, &ScalarCompressor).unwrap();
                assert_eq!(tree.append_many(b, &ScalarCompressor), Ok(first as u32));
                let mut one_by_one = NoteTree::default();
                for &note in &notes {
                    one_by_one.append(note).unwrap();
                }
                assert_eq!(tree.levels, one_by_one.levels);
            }
        }
    }

    #[test]
    fn a_full_tree_takes_no_note() {
        let digests = vec![Digest::ZERO; 32];
        let last = (1_u64 << 32) - 1;
        let mut frontier = NoteFrontier::from_digests(last, &digests).unwrap();
        assert_eq!(frontier.append(note(1)), Err(NoteTreeFull));
        assert_eq!(frontier.count(), last);
        assert_eq!(NoteFrontier::from_digests((1 << 32) + 1, &digests), None);
    }
}
